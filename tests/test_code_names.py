"""Names of code that the pages put in backticks: each is a file, a folder or a word of the sources."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SOURCES = (
    *("cpp", "src", "python", "proofs", "tests", "bench", "docs"),
    *("examples", "tools", ".ci", ".github"),
)
BUILT = {"_build", "generated", "gallery", "__pycache__"}
CODE = {
    ".py",
    ".pyx",
    ".pxd",
    ".pyi",
    ".cpp",
    ".hpp",
    ".inl",
    ".h",
    ".v",
    ".ml",
    ".txt",
    ".toml",
    ".json",
    ".yml",
}
FILE = re.compile(r"[\w./-]+\.(py|pyx|pxd|pyi|cpp|hpp|inl|h|v|ml|md|rst|toml|yml|csv|json|svg|npz)")
FOLDER = re.compile(r"[\w./-]+/")
NAME = re.compile(r"([A-Za-z_][\w.]*)(\(.*\))?")

# what programs make, and files that readers of an example have
MADE = {"build/", "cells/", "robust-metric-demo/", "all.csv", "new.csv", "test.csv", "train.csv"}
MADE |= {"BUILD_SHARED_LIBS", "librobust_metric.so.0.1", "librobust_metric.so.1"}  # by CMake

PAGES = [
    path
    for path in [*ROOT.glob("*.md"), *ROOT.glob("tests/*.md"), *ROOT.glob("docs/**/*.md")]
    if path.name != "CHANGELOG.md" and not BUILT & set(path.parts)
]


@cache
def files() -> list[str]:
    """Paths of the repository, with a slash before the first name."""
    beneath = [path for folder in SOURCES for path in (ROOT / folder).rglob("*")]
    found = [path for path in [*ROOT.iterdir(), *beneath] if not BUILT & set(path.parts)]
    return [f"/{path.relative_to(ROOT).as_posix()}{'/' * path.is_dir()}" for path in found]


@cache
def words() -> set[str]:
    """All identifiers of the sources, of builds and of settings."""
    found: set[str] = set()
    for name in files():
        path = ROOT / name[1:]
        if path.is_file() and (path.suffix in CODE or path.name == "run"):
            found |= set(re.findall(r"[A-Za-z_]\w*", path.read_text(encoding="utf-8")))
    return found


def unknown(span: str) -> bool:
    if span in MADE or "NAME" in span:
        return False
    if FILE.fullmatch(span) or FOLDER.fullmatch(span):
        return not any(name.endswith(f"/{span}") for name in files())
    if name := NAME.fullmatch(span):
        # arrays of search trees have a prefix in files, benchmarks another in their modules
        meant = [{word, f"test_{word}", word.removeprefix("tree_")} for word in name[1].split(".")]
        return not all(each & words() for each in meant)
    return False  # a command, a formula, a message


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_code_names_exist(page: Path) -> None:
    prose = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.S | re.M)
    spans = set(re.findall(r"`([^`\n]+)`", prose))
    assert not sorted(filter(unknown, spans))


def test_what_is_not_there_is_found() -> None:
    assert not unknown("certified_radii(X_train, y_train, X)") and not unknown("estimators/")
    assert unknown("_".join(["radius", "of", "yesterday"])) and unknown("yesterday.cpp")
