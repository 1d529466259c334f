"""Tables of any format, CSV text or Parquet and Arrow: which reader a name calls for."""

from __future__ import annotations

import os
from pathlib import Path

from .csv_tables import Columns, Table, read_csv_table
from .csv_text import STANDARD_INPUT, rows_of
from .frames import FRAME_SUFFIXES, read_frame, width_of_frame

CSV_SUFFIXES = (".csv", ".tsv")
TABLE_SUFFIXES = CSV_SUFFIXES + FRAME_SUFFIXES


def suffix_of(path: str | os.PathLike[str]) -> str:
    """Return what a name says of the format, in lower case: the suffix, before that of gzip."""
    name = Path(path)
    return (name.with_suffix("") if name.suffix.lower() == ".gz" else name).suffix.lower()


def stem_of(path: str | os.PathLike[str]) -> str:
    """Return the name without what it says of the format."""
    name = Path(path)
    return (name.with_suffix("") if name.suffix.lower() == ".gz" else name).stem


def read_table(path: str | os.PathLike[str], columns: Columns) -> Table:
    """Read a table; ``-`` is CSV on standard input.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ImportError
        If a library that reads it is not installed.
    ValueError
        If it is malformed, or it is in doubt whether its first line is a header.
    """
    return (read_frame if _is_frame(path) else read_csv_table)(path, columns)


def width_of(path: str | os.PathLike[str]) -> int:
    """Number of columns, told by the first line of a CSV file; 0 where there is none."""
    return width_of_frame(path) if _is_frame(path) else len(next(rows_of(path), (0, []))[1])


def _is_frame(path: str | os.PathLike[str]) -> bool:
    return os.fspath(path) != STANDARD_INPUT and suffix_of(path) in FRAME_SUFFIXES
