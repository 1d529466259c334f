"""The figures of the site: drawn from data that agree with the tables of the pages beside them."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

pytest.importorskip("matplotlib")
DOCS = Path(__file__).resolve().parents[1] / "docs"
sys.path.insert(0, str(DOCS))

import make_figures  # noqa: E402


def test_every_figure_of_a_page_is_drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for data in (DOCS / "figures").glob("*.csv"):
        (tmp_path / data.name).write_bytes(data.read_bytes())
    monkeypatch.setattr(make_figures, "FOLDER", tmp_path)
    make_figures.main()
    drawn = {path.name for path in tmp_path.glob("*.svg")}
    pages = "".join(page.read_text(encoding="utf-8") for page in DOCS.rglob("*.md"))
    assert set(re.findall(r"figures/(\w+\.svg)", pages)) == drawn


def test_curves_of_the_network_comparison_are_those_of_its_tables() -> None:
    page = (DOCS / "network_comparison.md").read_text(encoding="utf-8")
    tables = re.findall(r"^\| rule \| guarantee \| 0 .*?\n\n", page, re.M | re.S)
    parts = make_figures.by_data_set(make_figures.read("network_comparison"))
    for table, part in zip(tables, parts.values(), strict=True):
        head, _, *lines = (line.strip("|").split("|") for line in table.strip().splitlines())
        radii = [cell.strip() for cell in head[2:]]
        shown = [[cell.strip() for cell in line] for line in lines]
        assert shown == [[row["rule"], row["guarantee"], *(row[r] for r in radii)] for row in part]


def test_trade_off_has_the_means_of_its_errors() -> None:
    for row in make_figures.read("prototypes_tradeoff"):
        errors = [float(error) for error in row["errors"].split()]
        assert float(row["clean"]) == errors[0]
        assert float(row["mean"]) == pytest.approx(sum(errors) / len(errors), abs=6e-4)
