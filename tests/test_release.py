"""What a release rests on: one version everywhere, headers for every compiler, wheels as claimed."""

from __future__ import annotations

import importlib.metadata
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
HEADERS = sorted((ROOT / "cpp/include/robust_metric").iterdir())
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def read(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


def the_only(pattern: str, text: str) -> str:
    (found,) = re.findall(pattern, text, re.MULTILINE)
    return str(found)


def test_one_version() -> None:
    header = read("cpp/include/robust_metric/version.h")
    version = the_only(r'define ROBUST_METRIC_VERSION "(.+)"', header)
    parts = [
        the_only(rf"define ROBUST_METRIC_VERSION_{part} (\d+)", header)
        for part in ("MAJOR", "MINOR", "PATCH")
    ]
    assert ".".join(parts) == version
    assert "version" not in PROJECT["project"], "the header has the version"
    setting = PROJECT["tool"]["scikit-build"]["metadata"]["version"]
    assert the_only(setting["regex"].replace("?P<value>", ""), read(setting["input"])) == version
    assert importlib.metadata.version("robust-metric") == version
    assert the_only(r"^version: (.+)$", read("CITATION.cff")) == version
    assert the_only(r'^  version: "(.+)"$', read("packaging/conda/recipe.yaml")) == version
    assert re.search(rf"^## {re.escape(version)} \(", read("CHANGELOG.md"), re.MULTILINE)


def test_conda_recipe_asks_for_what_the_package_does() -> None:
    recipe = read("packaging/conda/recipe.yaml").replace(" >=", ">=")
    for requirement in PROJECT["project"]["dependencies"] + PROJECT["build-system"]["requires"]:
        assert f"- {requirement}\n" in recipe


@pytest.mark.parametrize("path", HEADERS, ids=lambda path: path.name)
def test_public_headers_hold_nothing_of_one_compiler(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    if path.name in ("export.hpp", "robust_metric.h"):  # within #if, for either kind of compiler
        text = text.replace('__attribute__((visibility("default")))', "")
    words = [r"__builtin\w*", r"\w*intrin\.h", r"\b_mm\w*", r"\b__m\d+\w*", "__attribute__"]
    words += [r"__restrict\w*", r"#pragma (?!once)\w+", r"\b__int128\b"]
    assert not re.findall("|".join(words), text)


def test_every_platform_that_has_wheels_is_named_and_tried() -> None:
    workflow = read(".github/workflows/wheels.yml")
    systems = re.findall(r"[\w.-]+", the_only(r"^        os: \[(.+)\]$", workflow))
    kinds = {"ubuntu": "POSIX :: Linux", "macos": "MacOS", "windows": "Microsoft :: Windows"}
    wanted = {f"Operating System :: {kinds[system.split('-')[0]]}" for system in systems}
    named = {each for each in PROJECT["project"]["classifiers"] if each.startswith("Operating")}
    assert named == wanted
    # cibuildwheel runs it on every wheel that it builds
    assert PROJECT["tool"]["cibuildwheel"]["test-command"] == "python {project}/tests/smoke.py"
    assert not PROJECT["tool"]["cibuildwheel"].get("test-skip")
