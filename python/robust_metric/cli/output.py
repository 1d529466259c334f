"""What subcommands print for ``--json``, and the files that they may write to."""

from __future__ import annotations

import csv
import io
import json
import math
import os
import sys
from collections.abc import Iterable, Mapping
from typing import Any

from .._base.arrays import Floats
from ..io.atomic import atomic_write, check_target, is_stream
from ..io.csv_text import STANDARD_INPUT
from ..results.robust_error import RobustErrorCurve

STANDARD_OUTPUT = "-"


def curve_values(curve: RobustErrorCurve, error: str, radii: Floats) -> dict[str, Any]:
    """Return what ``--json`` prints of a curve, its errors at the radii under a name."""
    return {
        "n_neighbors": curve.n_neighbors,
        "radius": curve.kind,
        "clean_error": curve.clean_error,
        "median_radius": finite(curve.median_radius),
        error: curve.errors(radii).tolist(),
    }


def print_json(values: dict[str, Any]) -> None:
    """Print what ``--json`` promises: one object; infinity, which JSON lacks, is null in it."""
    print(json.dumps(values, allow_nan=False, indent=2))


def finite(value: float) -> float | None:
    """Return the number, or None for infinity."""
    return value if math.isfinite(value) else None


def write_csv(path: str, header: Iterable[str], rows: Iterable[Iterable[Any]]) -> None:
    """Write a CSV file atomically, or print it where the path is ``-``."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    if path == STANDARD_OUTPUT:
        sys.stdout.write(text.getvalue())
        return
    with atomic_write(path) as stream:
        stream.write(text.getvalue().encode())


def check_outputs(
    outputs: Mapping[str, str | None], inputs: Iterable[tuple[str, str | None]]
) -> None:
    """Refuse files to write that cannot be written, or that are read: before any work is done.

    Parameters
    ----------
    outputs : dict of option to path
        Those that are None or ``-`` are none.
    inputs : pairs of argument and path
        Files, names of data sets, or ``-``; None is none.

    Raises
    ------
    OSError
        As `check_target`.
    ValueError
        If an output is an input, under whatever name, or another output.
    """
    written: dict[str, str] = {}
    read = [(argument, source) for argument, source in inputs if source is not None]
    for option, path in outputs.items():
        if path is None or path == STANDARD_OUTPUT:
            continue
        if is_stream(path):  # written through, whatever else is
            continue
        target = os.fspath(check_target(path, option))
        for argument, source in read:
            if _is_file(source, target):
                raise ValueError(
                    f"{option} must be another file than {argument}, which it would overwrite, got {path}"
                )
        if target in written:
            raise ValueError(f"{option} must be another file than {written[target]}, got {path}")
        written[target] = option


def _is_file(source: str, target: str) -> bool:
    """Whether what is read is the file of a path: by another path, a link, or redirected."""
    if not os.path.exists(target):
        return False
    if source != STANDARD_INPUT:
        return os.path.exists(source) and os.path.samefile(source, target)
    try:
        return os.path.samestat(os.fstat(sys.stdin.fileno()), os.stat(target))
    except (OSError, ValueError, AttributeError):  # no file at all
        return False
