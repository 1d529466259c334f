"""The way of a query in docs/architecture.md: its functions are where it says."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
FOLDERS = (ROOT, ROOT / "cpp" / "core", ROOT / "python" / "robust_metric")


def found(name: str) -> Path | None:
    """Return the file or folder that the page calls so."""
    return next((folder / name for folder in FOLDERS if (folder / name).exists()), None)


def test_a_query_passes_at_most_12_functions_which_are_there() -> None:
    hops = re.findall(r"^\| (\d+) \| `([^`]+)` \| `(\w+)` \|", PAGE, re.MULTILINE)
    assert [int(number) for number, _, _ in hops] == list(range(1, len(hops) + 1))
    assert 10 <= len(hops) <= 12
    for _, file, function in hops:
        path = found(file)
        assert path, file
        assert re.search(rf"\b{function}\b", path.read_text(encoding="utf-8")), (file, function)
