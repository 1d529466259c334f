"""Pages that a program writes say what the package does now; prose of formulas is typeset."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).resolve().parents[1] / "docs"
sys.path.insert(0, str(DOCS))


def ours(page: str) -> list[str]:
    """The lines of which no word is another library's, whose messages change with its version."""
    theirs = (
        "HistGradientBoosting",
        "feature names should match",
        "Complex data not supported",
        "Sparse data was passed",
    )
    return [line for line in page.splitlines() if not any(text in line for text in theirs)]


def test_tables_that_were_tried() -> None:
    pytest.importorskip("pandas")
    import make_tried_tables

    written = (DOCS / "tried_tables.md").read_text(encoding="utf-8")
    assert ours(written) == ours(make_tried_tables.page())


CODE_OR_MATH = re.compile(
    r"^(`{3,}).*?^\1`*$|`+[^`]*`+|\$\$.*?\$\$|\$[^$]+\$|\]\([^)]*\)", re.M | re.S
)
IDENTIFIER = re.compile(r"[(\[\"]*[A-Za-z]+(_[A-Za-z0-9]+)+[\])\".,:;]*(\]|$)")
GENERATED = {"bad_input.md", "tried_tables.md", "results.md", "performance.md", "protocol.md"}


@pytest.mark.parametrize(
    "page", [path for path in sorted(DOCS.glob("*.md")) if path.name not in GENERATED]
)
def test_subscripts_are_typeset(page: Path) -> None:
    """An underscore of a formula in prose would begin italics, which end at the next one."""
    prose = CODE_OR_MATH.sub(" ", page.read_text(encoding="utf-8"))
    eaten = [word for word in prose.split() if "_" in word and not IDENTIFIER.match(word)]
    assert not eaten


@pytest.mark.parametrize("page", sorted(DOCS.glob("*.md")), ids=lambda path: path.name)
def test_formulas_have_matching_braces(page: Path) -> None:
    text = re.sub(r"^(`{3,}).*?^\1`*$|`+[^`\n]*`+", "", page.read_text("utf-8"), flags=re.M | re.S)
    assert text.count("$$") % 2 == 0
    for display, inline in re.findall(r"\$\$(.*?)\$\$|\$([^$]+)\$", text, re.S):
        formula = display or inline
        assert formula.count("{") == formula.count("}"), formula
        assert inline == inline.strip() and "\n\n" not in formula, formula
