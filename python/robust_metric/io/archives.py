"""Archives of arrays that strangers wrote: nothing is unpickled, and no memory is taken on their word.

A ``.npz`` file is a ZIP archive of ``.npy`` members. Each says three times how large it is: in the
archive, by the type and shape in its own header, and by its bytes. Here the first two are compared,
and both with the size of the file, before anything is allocated; types are those of a list.
"""

from __future__ import annotations

import math
import os
import re
import zipfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .atomic import PathLike

Arrays = dict[str, NDArray[Any]]

# What arrays in files may hold: bytes of an item by the kind of the type; strings are beside them.
_WHOLE = (1, 2, 4, 8)
_ITEM_SIZES = {"b": (1,), "i": _WHOLE, "u": _WHOLE, "f": (2, 4, 8), "c": (8, 16)}
_LONGEST_STRING = 2**16  # characters of an array's strings
_LONGEST_TEXT = 2**28  # characters of a single string, which is an array without dimensions
_MOST_DIMENSIONS = 8
_MOST_MEMBERS = 1000
_LONGEST_HEADER = 10_000
_CHUNK = 2**18

# Arrays may be so large together, in bytes, or so many times as large as their file.
_ALWAYS_ALLOWED = 2**24
_MOST_EXPANSION = 100

_HEADER_ENTRY = re.compile(
    r"\s*'(descr|fortran_order|shape)'\s*:\s*"
    r"(?:'([<>|=][A-Za-z]\d{0,9})'|(True|False)|\(([\d\s,L]*)\))\s*(?:,|$)"
)


class DamagedFile(ValueError):
    """A file whose parts are not what they must be: cut off, changed, or made to do harm."""


class _Form(NamedTuple):
    """What the header of a member says."""

    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    fortran_order: bool

    @property
    def size(self) -> int:
        """Bytes of the array."""
        return math.prod(self.shape) * self.dtype.itemsize


def is_storable(dtype: np.dtype[Any], ndim: int) -> bool:
    """Whether files may hold arrays of this type."""
    if dtype.kind in "US":
        characters = dtype.itemsize // (4 if dtype.kind == "U" else 1)
        return 0 < characters <= (_LONGEST_STRING if ndim else _LONGEST_TEXT)
    return dtype.itemsize in _ITEM_SIZES.get(dtype.kind, ())


def read_archive(path: PathLike, only: Collection[str] | None = None) -> Arrays:
    """Read the arrays of any ``.npz`` file, this package's or another's, without unpickling.

    Parameters
    ----------
    path : path-like
    only : collection of str, optional
        Read just the entries of these names that the file has; by default all.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    DamagedFile
        If the file is not a ``.npz`` archive, is damaged, holds other than arrays of numbers,
        booleans and strings, or claims to be larger than a file of its size may.
    """
    if not Path(path).is_file():
        raise FileNotFoundError(f"path must name an existing .npz file, got {path}")
    with open(path, "rb") as stream, _damage(path, ".npz"):
        return _read(stream, only)


def read_array(path: PathLike) -> NDArray[Any]:
    """Read the array of a ``.npy`` file; otherwise as `read_archive`."""
    if not Path(path).is_file():
        raise FileNotFoundError(f"path must name an existing .npy file, got {path}")
    with open(path, "rb") as stream, _damage(path, ".npy"):
        return _array(stream, os.path.basename(path), os.fstat(stream.fileno()).st_size)


@contextmanager
def _damage(path: PathLike, kind: str) -> Iterator[None]:
    """Turn whatever is raised by a damaged file into one error that names it."""
    try:
        yield
    except MemoryError:  # of what the file may ask for
        raise
    except Exception as error:  # zipfile and zlib have many
        reason = str(error) or type(error).__name__
        raise DamagedFile(f"path must name an intact {kind} file, got {path}: {reason}") from error


def _read(stream: IO[bytes], only: Collection[str] | None) -> Arrays:
    size = os.fstat(stream.fileno()).st_size
    if stream.read(4) not in (b"PK\x03\x04", b"PK\x05\x06"):
        raise ValueError("it is not a .npz archive")
    allowed = max(_ALWAYS_ALLOWED, _MOST_EXPANSION * size)
    arrays: Arrays = {}
    with zipfile.ZipFile(stream) as archive:
        if len(archive.infolist()) > _MOST_MEMBERS:
            raise ValueError(f"it has more than {_MOST_MEMBERS} members")
        for member in archive.infolist():
            name = member.filename.removesuffix(".npy")
            if only is not None and name not in only:
                continue
            if not name.isidentifier():
                raise ValueError(f"it has a member {member.filename[:80]!r}, not an array by name")
            if name in arrays:
                raise ValueError(f"it has two members {name[:80]!r}")
            allowed -= _claimed(member, size)
            if allowed < 0:
                raise ValueError(
                    f"its arrays would be more than {_MOST_EXPANSION} times as large as the file; "
                    "store such ones uncompressed"
                )
            with archive.open(member) as content:
                arrays[name] = _array(content, member.filename, member.file_size)
    return arrays


def _claimed(member: zipfile.ZipInfo, size: int) -> int:
    """Bytes that a member claims to have, where its claims agree with each other and with the file's size."""
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise ValueError(f"member {member.filename!r} is compressed by a method other than deflate")
    stored = member.compress_type == zipfile.ZIP_STORED
    if member.compress_size > size or (stored and member.compress_size != member.file_size):
        raise ValueError(f"member {member.filename!r} claims more bytes than the file has")
    return member.file_size


def _array(content: IO[bytes], name: str, size: int) -> NDArray[Any]:
    """Read a member whose size is known to be allowed."""
    form, header_size = _form(content)
    if header_size + form.size != size:
        raise ValueError(
            f"member {name!r} claims {size} bytes, "
            f"its type {form.dtype.str} and shape {form.shape} are {header_size + form.size}"
        )
    array = np.empty(form.shape, form.dtype, order="F" if form.fortran_order else "C")
    flat = array.reshape(-1, order="A").view(np.uint8)
    for first in range(0, len(flat), _CHUNK):
        part = flat[first : first + _CHUNK]
        part[:] = np.frombuffer(_exactly(content, len(part)), np.uint8)
    if content.read(1):
        raise ValueError(f"member {name!r} is longer than it claims")
    _check_values(array, flat, name)
    return array if form.dtype.isnative else array.astype(form.dtype.newbyteorder("="))


def _form(content: IO[bytes]) -> tuple[_Form, int]:
    """Parse the header of a ``.npy`` file; return what it says, and how long it is."""
    start = _exactly(content, 8)
    if start[:6] != b"\x93NUMPY" or start[6] not in (1, 2, 3):
        raise ValueError("a member is not an array")
    width = 2 if start[6] == 1 else 4
    length = int.from_bytes(_exactly(content, width), "little")
    if length > _LONGEST_HEADER:
        raise ValueError("a member has too long a header")
    entries = _header_entries(_exactly(content, length).decode("ascii").strip())
    if entries.keys() != {"descr", "fortran_order", "shape"}:
        raise ValueError("a member has a header that is not of a plain array")
    return _checked_form(**entries), 8 + width + length


def _header_entries(text: str) -> dict[str, str]:
    """What a header of the usual form says, by name; empty where it is none."""
    entries: dict[str, str] = {}
    rest = text[1:-1].strip() if text[:1] == "{" and text[-1:] == "}" else text
    while rest:
        found = _HEADER_ENTRY.match(rest)
        if found is None or found[1] in entries:
            return {}
        entries[found[1]] = next(part for part in found.groups()[1:] if part is not None)
        rest = rest[found.end() :].strip()
    return entries


def _checked_form(descr: str, fortran_order: str, shape: str) -> _Form:
    sizes = [part.strip().removesuffix("L") for part in shape.split(",") if part.strip()]
    if len(sizes) > _MOST_DIMENSIONS or not all(s.isdecimal() and len(s) < 19 for s in sizes):
        raise ValueError(f"a member has the shape ({shape[:80]})")
    if descr[1] == "O":
        raise ValueError("a member has pickled objects; files are read with allow_pickle=False")
    if fortran_order not in ("True", "False") or not descr[2:].isdecimal():
        raise ValueError("a member has a header that is not of a plain array")
    kind, width = descr[1], int(descr[2:])
    known = width in _ITEM_SIZES.get(kind, ()) or (kind in "US" and 0 < width <= _LONGEST_TEXT)
    # asked for before NumPy is: it would make room for any width
    if not known or not is_storable(np.dtype(descr), len(sizes)):
        raise ValueError(f"a member has the type {descr!r}, not numbers, booleans or short strings")
    form = _Form(np.dtype(descr), tuple(map(int, sizes)), fortran_order == "True")
    if math.prod(filter(None, form.shape)) * form.dtype.itemsize >= 2**62:
        raise ValueError(f"a member has the shape {form.shape}")
    return form


def _exactly(content: IO[bytes], count: int) -> bytes:
    data = b""
    while len(data) < count:
        part = content.read(count - len(data))
        if not part:
            raise ValueError("a member is shorter than it claims")
        data += part
    return data


def _check_values(array: NDArray[Any], flat: NDArray[np.uint8], name: str) -> None:
    """Refuse bytes that are no values of the type: NumPy takes them as they come."""
    if array.dtype.kind == "b" and (flat > 1).any():
        raise ValueError(f"member {name!r} holds bytes other than 0 and 1 as booleans")
    if array.dtype.kind == "U":
        codes = flat.view(np.dtype(np.uint32).newbyteorder(array.dtype.byteorder))
        if ((codes > 0x10FFFF) | ((codes >= 0xD800) & (codes < 0xE000))).any():
            raise ValueError(f"member {name!r} holds strings that are not Unicode")
