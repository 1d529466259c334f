"""Pages that a program writes say what the package does now; prose of formulas is typeset."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).resolve().parents[1] / "docs"
sys.path.insert(0, str(DOCS))


def ours(page: str) -> list[str]:
    """The lines of which no word is another library's, whose messages change with its version."""
    theirs = ("HistGradientBoosting", "feature names should match")
    return [line for line in page.splitlines() if not any(text in line for text in theirs)]


def test_tables_that_were_tried() -> None:
    pytest.importorskip("pandas")
    import make_tried_tables

    written = (DOCS / "tried_tables.md").read_text(encoding="utf-8")
    assert ours(written) == ours(make_tried_tables.page())
