"""Files of this package: ``.npz`` archives with a JSON header, never a pickle.

A file is an ordinary NumPy archive. Its entry ``header`` is a JSON text that says what the file is;
the other entries are plain numeric or unicode arrays. Files are read with ``allow_pickle=False``
and everything in them is checked, so a file from a stranger can be wrong but cannot run code.
"""

from __future__ import annotations

import json
import zipfile
import zlib
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, TypeGuard

import numpy as np
from numpy.typing import NDArray

from .atomic import PathLike, atomic_write

FORMAT = "robust_metric"
VERSION = 1

# The header itself, and what np.savez would take for its own arguments.
_RESERVED_NAMES = ("header", "file", "allow_pickle")

Arrays = dict[str, NDArray[Any]]

# What numpy and zipfile raise on damaged archives, found by flipping and cutting bytes.
_DAMAGE = (
    ValueError,
    OSError,
    EOFError,
    KeyError,
    MemoryError,
    NotImplementedError,
    RuntimeError,
    SyntaxError,
    TypeError,
    OverflowError,
    zipfile.BadZipFile,
    zlib.error,
)


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
        If an array would need a pickle (object dtype).
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
        if array.dtype.hasobject:
            raise TypeError(
                f"arrays[{name!r}] must be numeric or unicode, got dtype {array.dtype}, "
                "which could only be stored as a pickle"
            )
    text = json.dumps({"format": FORMAT, "version": VERSION, **header}, allow_nan=False)
    with atomic_write(path) as stream:
        np.savez(stream, header=np.array(text), **plain)


def read_arrays(path: PathLike, only: Collection[str] | None = None) -> Arrays:
    """Read the arrays of any ``.npz`` file, this package's or another's, without unpickling.

    Parameters
    ----------
    path : path-like
    only : collection of str, optional
        Read only entries of these names, as far as the file has them; by default all.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is not a ``.npz`` archive, is damaged, or holds pickled objects.
    """
    if not Path(path).is_file():
        raise FileNotFoundError(f"path must name an existing .npz file, got {path}")
    try:
        with open(path, "rb") as stream:
            # np.load would guess at other formats; this package has only the one.
            if stream.read(4) not in (b"PK\x03\x04", b"PK\x05\x06"):
                raise ValueError("it is not a .npz archive")
            stream.seek(0)
            with np.load(stream, allow_pickle=False) as archive:
                names = [name for name in archive.files if only is None or name in only]
                arrays = {name: archive[name] for name in names}
    except _DAMAGE as error:
        raise ValueError(f"path must name an intact .npz file, got {path}: {error}") from error
    for name, array in arrays.items():
        if not isinstance(array, np.ndarray):
            raise ValueError(
                f"path must name a .npz file of arrays, got {path} with entry {name!r}"
            )
    return arrays


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
    ValueError
        If the file is damaged, has no header of this package, is of another kind, or was written
        by a later version of the package.
    """
    arrays = read_arrays(path, None if only is None else {"header", *only})
    wanted = f"path must name a {kind!r} file of {FORMAT}"
    entry = arrays.pop("header", None)
    if entry is None or entry.dtype.kind != "U" or entry.ndim != 0:
        raise ValueError(f"{wanted}, got {path} without a JSON header")
    try:
        header = json.loads(str(entry))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{wanted}, got {path} with a malformed header: {error}") from error
    if not isinstance(header, dict) or header.get("format") != FORMAT:
        raise ValueError(f"{wanted}, got {path}, which another program wrote")
    if header.get("kind") != kind:
        raise ValueError(f"{wanted}, got {path}, a {header.get('kind')!r} file")
    version = header.get("version")
    if not is_int(version) or not 1 <= version <= VERSION:
        raise ValueError(
            f"{wanted} of version 1 to {VERSION}, got {path} of version {version!r}; "
            "a later release of the package may read it"
        )
    return header, arrays


def is_int(value: object) -> TypeGuard[int]:
    """Whether a value of a header is a whole number, which True is not."""
    return isinstance(value, int) and not isinstance(value, bool)
