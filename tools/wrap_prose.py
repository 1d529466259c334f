"""Find prose of Markdown files that is wider than 120 columns, or wrap it there.

Usage: python tools/wrap_prose.py [--write] [FILE ...]

Tables, code, headings, comments and what stands in fences (directives and $$ as well) are left alone, and so
are paragraphs and list items that fit. Exit status 1 where something is too wide and is not written.
"""

from __future__ import annotations

import argparse
import re
import sys
import unicodedata
from collections.abc import Iterator
from pathlib import Path

WIDTH = 120
ROOT = Path(__file__).resolve().parents[1]
PAGES = ("*.md", "docs/*.md", "docs/decisions/*.md", "tests/*.md")

FENCE = re.compile(r" *(`{3,}|~{3,}|\${2})")
RAW = re.compile(r" *(#|\|.*\|$|<|\[[^\]]+\]:|\(\S+\)=|%|\+{3}|>)|\s*$")
ITEM = re.compile(r"( *)([-*+]|\d+[.)]|:) +")
CODE_SPAN = re.compile(r"(`+)(?!`).+?(?<!`)\1(?!`)")
# would begin a list, a heading, a table, ... at the beginning of a line, or tear a formula or a number apart
NOT_FIRST = re.compile(r"[-+*:]$|\d+[.)]$|#{1,6}$|[=-]+$|[>|%<]|~{3}|`{3}|\+{3}|[−·×/∩∪]$|\d{3}\b")  # noqa: RUF001
NOT_LAST = re.compile(r"[-+−·×/∩∪=<>≤≥≻⪰≈≠∈⊂]$")  # noqa: RUF001


def columns(text: str) -> int:
    """Return the width of a text: marks that are set over a letter take no column."""
    return sum(not unicodedata.combining(letter) for letter in text)


def filled(text: str, first: str, rest: str) -> list[str]:
    """Return lines of a paragraph, broken at spaces outside code, after the prefixes given."""
    words: list[str] = []
    for word in CODE_SPAN.sub(lambda span: span[0].replace(" ", "\0"), text).split():
        if words and (NOT_FIRST.match(word) or NOT_LAST.match(words[-1].split(" ")[-1])):
            words[-1] += " " + word
        else:
            words.append(word)
    lines, line = [], first + words[0]
    for word in words[1:]:
        if columns(f"{line} {word}") > WIDTH:
            lines.append(line)
            line = rest + word
        else:
            line += " " + word
    return [line.replace("\0", " ") for line in [*lines, line]]


def indent(line: str) -> int:
    """Return the number of spaces a line begins with."""
    return len(line) - len(line.lstrip(" "))


def blocks(lines: list[str]) -> Iterator[tuple[bool, list[str]]]:
    """Cut a page into runs of lines; True for a paragraph, or the first one of a list item."""
    start, items = 0, [0]  # columns where the content of the enclosing list items begins
    while start < len(lines):
        line, end = lines[start], start + 1
        fence, item = FENCE.match(line), ITEM.match(line)
        if line.strip():
            items = [0, *(column for column in items[1:] if column <= indent(line))]
        prose = not (fence or RAW.match(line)) and indent(line) - items[-1] < 4
        if fence:
            mark = re.escape(fence[1])
            closing = re.compile(rf" *{mark}{re.escape(fence[1][0])}* *$")
            while end < len(lines) and not closing.match(lines[end]):
                end += 1
            end += 1
        elif prose:
            if item:
                items.append(item.end())
            while end < len(lines) and continues(lines[end - 1], lines[end]):
                end += 1
        yield prose, lines[start:end]
        start = end


def continues(before: str, line: str) -> bool:
    """Tell whether a line goes on with the paragraph of the line before."""
    hard_break = before.endswith(("  ", "\\"))
    return not (hard_break or RAW.match(line) or FENCE.match(line) or ITEM.match(line))


def wrapped(text: str) -> str:
    """Return a page with every paragraph wrapped that is too wide."""
    out = []
    for prose, lines in blocks(text.split("\n")):
        if prose and max(map(columns, lines)) > WIDTH:
            item = ITEM.match(lines[0])
            first = item[0] if item else " " * indent(lines[0])
            rest = " " * len(first)
            lines = filled(" ".join([lines[0][len(first) :], *lines[1:]]), first, rest)
        out += lines
    return "\n".join(out)


def main() -> int:
    """Check or write the pages."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE")
    parser.add_argument("--write", action="store_true", help="wrap what is too wide")
    args = parser.parse_args()
    pages = args.files or [page for pattern in PAGES for page in sorted(ROOT.glob(pattern))]
    too_wide = []
    for page in pages:
        text = page.read_text(encoding="utf-8")
        if (done := wrapped(text)) != text:
            too_wide.append(str(page))
            if args.write:
                page.write_text(done, encoding="utf-8")
    if too_wide and not args.write:
        print(f"prose wider than {WIDTH} columns in {', '.join(too_wide)}", file=sys.stderr)
        print("wrap it: python tools/wrap_prose.py --write", file=sys.stderr)
    return int(bool(too_wide) and not args.write)


if __name__ == "__main__":
    sys.exit(main())
