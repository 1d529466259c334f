"""Files of this package: ``.npz`` archives with a JSON header, never a pickle.

A file is an ordinary NumPy archive. Its entry ``header`` is a JSON text that says what the file is;
the other entries are plain numeric, boolean or string arrays. Everything in a file is checked, so one from a
stranger can be wrong but can neither run code nor ask for more memory than its size warrants.
"""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, NoReturn, TypeGuard

import numpy as np

from .archives import Arrays, DamagedFile, is_storable, read_archive
from .atomic import PathLike, atomic_write

FORMAT = "robust_metric"
VERSION = 1

# The header itself, and what np.savez would take for its own arguments.
_RESERVED_NAMES = ("header", "file", "allow_pickle")

_ALWAYS_ALLOWED = 2**16  # characters of a header, however small the file


def write_npz(path: PathLike, header: Mapping[str, Any], arrays: Mapping[str, Any]) -> None:
    """Write arrays and a JSON header to ``path``, atomically.

    Parameters
    ----------
    path : path-like
        Used as given; no suffix is added.
    header : dict of JSON values
        Must hold ``"kind"``, a str that :func:`read_npz` asks for again. The format name and
        version are added.
    arrays : dict of str to array
        Numeric, boolean or unicode arrays of any shape.

    Raises
    ------
    TypeError
        If an array would need a pickle (object dtype), or its strings are longer than 65536 characters.
    ValueError
        If the header has no kind or holds something JSON cannot (NaN and infinity included), or
        an array has a reserved name.
    """
    if not isinstance(header.get("kind"), str):
        raise ValueError(f"header must hold a str 'kind', got {header.get('kind')!r}")
    plain: dict[str, Any] = {name: np.asarray(value) for name, value in arrays.items()}
    for name, array in plain.items():
        if name in _RESERVED_NAMES:
            raise ValueError(f"arrays must not use the names {_RESERVED_NAMES}, got {name!r}")
        if not is_storable(array.dtype, array.ndim):
            raise TypeError(
                f"arrays[{name!r}] must be numeric or unicode, got dtype {array.dtype}, "
                "which files do not hold"
            )
    text = json.dumps({"format": FORMAT, "version": VERSION, **header}, allow_nan=False)
    with atomic_write(path) as stream:
        np.savez(stream, header=np.array(text), **plain)


def read_npz(
    path: PathLike, kind: str, only: Collection[str] | None = None
) -> tuple[dict[str, Any], Arrays]:
    """Read back what :func:`write_npz` wrote, and check that it is of the wanted kind.

    Returns
    -------
    header : dict
        With ``"format"``, ``"version"`` and ``"kind"`` checked.
    arrays : dict of str to array

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    DamagedFile
        If the file is damaged.
    ValueError
        If the file has no header of this package, is of another kind, or was written by a later
        version of the package.
    """
    arrays = read_archive(path, None if only is None else {"header", *only})
    wanted = f"path must name a {kind!r} file of {FORMAT}"
    entry = arrays.pop("header", None)
    if entry is None or entry.dtype.kind != "U" or entry.ndim != 0:
        raise ValueError(f"{wanted}, got {path} without a JSON header")
    try:
        if entry.nbytes > max(4 * _ALWAYS_ALLOWED, Path(path).stat().st_size):
            raise ValueError(f"its {entry.nbytes // 4} characters are more than the file holds")
        header = _parsed(str(entry))
    except (ValueError, RecursionError) as error:
        raise DamagedFile(f"{wanted}, got {path} with a malformed header: {error}") from error
    if not isinstance(header, dict) or header.get("format") != FORMAT:
        raise ValueError(f"{wanted}, got {path}, which another program wrote")
    if header.get("kind") != kind:
        raise ValueError(f"{wanted}, got {path}, a {str(header.get('kind'))[:80]!r} file")
    version = header.get("version")
    if not is_int(version) or not 1 <= version <= VERSION:
        raise ValueError(
            f"{wanted} of version 1 to {VERSION}, got {path} of version {str(version)[:80]}; "
            "a later release of the package may read it"
        )
    return header, arrays


def _parsed(text: str) -> Any:
    """Return the values of a JSON text: its numbers are finite, and no object has one name twice."""
    return json.loads(
        text,
        object_pairs_hook=_object,
        parse_float=_finite_number,
        parse_constant=_no_number,
    )


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) < len(pairs):
        raise ValueError("an object has one name twice")
    return values


def _finite_number(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise ValueError(f"the number {digits[:80]}, which is not finite")
    return value


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name}, which is no number of JSON")


def is_int(value: object) -> TypeGuard[int]:
    """Whether a value of a header is a whole number, which True is not."""
    return isinstance(value, int) and not isinstance(value, bool)
