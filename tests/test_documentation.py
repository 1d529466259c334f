"""The reference lists what is public, and only what there is."""

from __future__ import annotations

import re
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
