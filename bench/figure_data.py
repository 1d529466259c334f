"""The data files of the site's figures, docs/figures/*.csv, which docs/make_figures.py draws."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

Row = dict[str, Any]


def write(path: Path, rows: list[Row]) -> None:
    """Write rows under a header of their names."""
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def replace(path: Path, rows: list[Row], alike: tuple[str, ...]) -> None:
    """Write rows in place of those that agree with one of them in the fields alike; keep all others.

    The file is read again each time: another run may have added its rows in the meantime.
    """
    old: list[Row] = []
    if path.exists():
        with path.open(newline="", encoding="utf-8") as stream:
            old = list(csv.DictReader(stream))
    new = {tuple(row[field] for field in alike) for row in rows}
    kept = [row for row in old if tuple(row[field] for field in alike) not in new]
    write(path, kept + rows)
