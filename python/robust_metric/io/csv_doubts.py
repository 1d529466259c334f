"""What is in doubt in a table that could be read: told as a warning, or found to be lost."""

from __future__ import annotations

import re
import unicodedata
import warnings
from collections.abc import Iterable, Sequence
from decimal import Decimal

from .._base.exact_input import LARGEST_INTEGER
from .csv_header import is_integer

# Digits in groups of three: thousands where a comma is the decimal mark.
_GROUPED = re.compile(r"[+-]?[1-9]\d{0,2}\.\d{3}", re.A)

# Digits that every float64 keeps.
_DIGITS_KEPT = 15


def is_lost_integer(cell: str) -> bool:
    """Whether a number is an integer that float64 takes for its neighbours, however it is written."""
    if is_integer(cell):
        return abs(int(cell)) > LARGEST_INTEGER
    if abs(float(cell)) < LARGEST_INTEGER:
        return False
    written = Decimal(cell.strip())
    digits = len("".join(map(str, written.as_tuple().digits)).strip("0"))
    return digits > _DIGITS_KEPT and written == written.to_integral_value()


def warn_of_thousands(rows: Sequence[Sequence[str]], path: object) -> None:
    """Warn of a column, of the first lines, whose points may separate thousands: 1.000 is read as 1."""
    widths = {len(row) for row in rows}
    if len(widths) != 1:
        return
    for j in range(widths.pop()):
        pointed = [row[j].strip() for row in rows if "." in row[j]]
        if len(pointed) < 2 or not all(_GROUPED.fullmatch(cell) for cell in pointed):
            continue
        warnings.warn(
            f"column {j} of {path} has {pointed[0]!r} between semicolons, which is read as "
            f"{float(pointed[0]):g}: if the point separates thousands, write the numbers without it",
            UserWarning,
            stacklevel=3,
        )
        return


def twins(labels: Iterable[str]) -> tuple[str, str] | None:
    """Return two labels that look alike: of another case or coding, with spaces or marks unseen."""
    seen: dict[str, str] = {}
    for label in labels:
        other = seen.setdefault(_as_seen(label), label)
        if other != label:
            return other, label
    return None


def _as_seen(label: str) -> str:
    shown = "".join(
        c for c in unicodedata.normalize("NFKC", label) if unicodedata.category(c) != "Cf"
    )
    return " ".join(shown.casefold().split())
