"""Pages show what their programs print: every block is run, numbers are compared."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tools"))

import page_outputs  # noqa: E402

PAGES = [
    "README.md",
    "docs/index.md",
    "docs/tutorial.md",
    "docs/counterfactuals.md",
    "docs/mixed_tables.md",
    "docs/from_scikit_learn.md",
    "docs/choosing.md",
    "docs/data_changes.md",
    "docs/troubleshooting.md",
]


@pytest.mark.skipif(shutil.which("bash") is None, reason="pages are written for a POSIX shell")
@pytest.mark.parametrize("page", PAGES)
def test_programs_print_what_the_page_shows(page: str, tmp_path: Path) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    _, wrong = page_outputs.run(text, tmp_path)
    assert not wrong, "\n".join(wrong)


def test_the_notebook(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    pytest.importorskip("jinja2")
    text = (ROOT / "examples/from_csv_to_report.ipynb").read_text(encoding="utf-8")
    _, wrong = page_outputs.run_notebook(text, tmp_path)
    assert not wrong, "\n".join(wrong)
    assert (tmp_path / "report.html").is_file() and (tmp_path / "radii.svg").is_file()


def test_a_wrong_number_is_found(tmp_path: Path) -> None:
    page = "```python\nprint('radius', 0.0252)\n```\n\nprints\n\n```\nradius 0.001975\n```\n\nand goes on\n"
    found, wrong = page_outputs.run(page, tmp_path, write=True)
    assert len(wrong) == 1
    assert found == page.replace("0.001975", "0.0252")
    assert page_outputs.run(found, tmp_path) == (found, [])


@pytest.mark.parametrize(
    ("shown", "printed", "same"),
    [
        ("in 1.8 s.", "in 0.1 s.", True),
        ("1.00 of 20", "1.03 of 20", True),
        ("1.00 of 20", "1.2 of 20", False),
        ("a 1", "b 1", False),
        ("a\nb 3\n...", "a\nb 3\nc 4", True),
        ("a\nb 3", "a\nb 3\nc 4", False),
        ("--------- 1", "------- 1", True),
    ],
)
def test_what_is_alike(shown: str, printed: str, same: bool) -> None:
    assert page_outputs.alike(shown, printed) == same
