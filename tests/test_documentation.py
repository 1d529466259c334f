"""The reference lists what is public, and only what there is; the tutorial runs as it stands there."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from importlib import import_module, util
from pathlib import Path

import pytest

import robust_metric as rm

DOCS = Path(__file__).resolve().parents[1] / "docs"
REFERENCE = DOCS / "api.md"
MODULES = ["baselines", "attacks", "results", "plotting"]


def listed() -> set[str]:
    """Names in the tables of docs/api.md, relative to the package."""
    return set(
        re.findall(r"^   ([A-Za-z_]+(?:\.[A-Za-z_]+)*)$", REFERENCE.read_text(), re.MULTILINE)
    )


def test_every_public_name_is_in_the_reference() -> None:
    modules = {name for name in rm.__all__ if util.find_spec(f"robust_metric.{name}")}
    public = {name for name in rm.__all__ if name != "__version__"} - modules
    for name in MODULES:
        module = import_module(f"robust_metric.{name}")
        # what the package itself offers is listed there
        public |= {f"{name}.{entry}" for entry in module.__all__ if entry not in public}
    assert public - listed() == set()


def test_every_name_in_the_reference_exists() -> None:
    for name in listed():
        module, _, entry = f"robust_metric.{name}".rpartition(".")
        if module == "robust_metric.dask":
            pytest.importorskip("dask.array")
        assert hasattr(import_module(module), entry), name


@pytest.mark.skipif(
    shutil.which("bash") is None, reason="the tutorial is written for a POSIX shell"
)
def test_the_tutorial(tmp_path: Path) -> None:
    """In an empty folder, one block after the other; what is printed begins as the page says."""
    blocks = re.findall(r"^```(\w*)\n(.*?)^```", (DOCS / "tutorial.md").read_text(), re.M | re.S)
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    ran, said = 0, ""
    for kind, text in blocks:
        if kind == "":  # what the block before printed: figures may differ from machine to machine
            assert re.sub(r"[\d.]+", "#", text.splitlines()[0]) in re.sub(r"[\d.]+", "#", said)
        elif "pip install" in text:
            continue
        else:
            if "all.csv" in text:
                shutil.copy(tmp_path / "train.csv", tmp_path / "all.csv")
            command = [sys.executable, "-c", text] if kind == "python" else ["bash", "-ec", text]
            done = subprocess.run(
                command,
                cwd=tmp_path,
                env={**os.environ, "PATH": path},
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode == 0, done.stderr
            ran, said = ran + 1, done.stdout
    assert ran == 7
