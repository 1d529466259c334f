"""Archives made by hand, with claims that their bytes do not keep, and mutations of real ones."""

from __future__ import annotations

import io
import json
import struct
import tracemalloc
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

MEBIBYTE = 2**20


def npy(
    payload: bytes = b"",
    descr: str = "'<f8'",
    shape: str = "(0,)",
    order: str = "False",
    *,
    version: int = 1,
    text: str | None = None,
) -> bytes:
    """A ``.npy`` file that claims what it is told to."""
    if text is None:
        text = f"{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}, }}"
    length = struct.pack("<H" if version == 1 else "<I", len(text) + 1)
    return b"\x93NUMPY" + bytes([version, 0]) + length + text.encode() + b"\n" + payload


def archive(
    path: Path,
    members: Mapping[str, bytes] | list[tuple[str, bytes]],
    method: int = zipfile.ZIP_STORED,
) -> Path:
    """Write a ZIP archive of these members."""
    pairs = members.items() if isinstance(members, Mapping) else members
    with zipfile.ZipFile(path, "w", method) as stream:
        for name, content in pairs:
            stream.writestr(name, content)
    return path


def entries(path: Path) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Header and arrays of a file of the package, read by NumPy."""
    with np.load(path, allow_pickle=False) as stream:
        arrays = {name: stream[name] for name in stream.files}
    return json.loads(str(arrays.pop("header"))), arrays


def write_entries(path: Path, header: Any, arrays: Mapping[str, Any]) -> Path:
    """Write header and arrays as they are, unchecked; a str is the header's text."""
    text = header if isinstance(header, str) else json.dumps(header)
    with open(path, "wb") as stream:
        np.savez(stream, header=np.array(text), **arrays)
    return path


def mutated_bytes(rng: np.random.Generator, good: bytes) -> bytes:
    """The bytes of a file: cut off, some overwritten, taken out, doubled, or put in another place."""
    data = bytearray(good)
    for _ in range(rng.integers(1, 4)):
        at, length = int(rng.integers(len(data))), int(rng.integers(1, 60))
        match rng.integers(6):
            case 0:
                data[at] = rng.integers(256)
            case 1:
                del data[at : at + length]
            case 2:
                data[at:at] = data[at : at + length]
            case 3:
                data[at : at + length] = bytes(rng.integers(256, size=length, dtype=np.uint8))
            case 4:  # a number of the archive's own headers, or of a member's
                width = int(rng.choice([2, 4, 8]))
                data[at : at + width] = b"\xff" * width
            case _:
                data = data[: at + 1]
    return bytes(data)


def mutated_members(rng: np.random.Generator, good: bytes, path: Path) -> Path:
    """The archive with a member's bytes mutated, its sums right again."""
    with zipfile.ZipFile(io.BytesIO(good)) as stream:
        members = [(name, stream.read(name)) for name in stream.namelist()]
    chosen = int(rng.integers(len(members)))
    name, content = members[chosen]
    members[chosen] = name, mutated_bytes(rng, content)
    return archive(path, members)


EXTREMES: tuple[Any, ...] = (
    *(0, -1, 1, 2**31, 2**63 - 1, -(2**63), 10**400, -0.5, 1e308, 5e-324),
    *(None, True, "", "inf", "nan", "x" * 100, [], {}, [[]], ["a", 1]),
)


def mutated_values(
    rng: np.random.Generator, header: Any, arrays: Mapping[str, Any]
) -> tuple[Any, Any]:
    """A header and arrays of which some entry is another: its values, its type, its shape, or missing."""
    header, arrays = json.loads(json.dumps(header)), dict(arrays)
    if rng.random() < 0.4:
        place = header if rng.random() < 0.6 else header.get("params") or header
        key = str(rng.choice(list(place)))
        place[key] = EXTREMES[rng.integers(len(EXTREMES))]
        return header, arrays
    name = str(rng.choice(list(arrays)))
    array = arrays[name]
    match rng.integers(6):
        case 0:
            del arrays[name]
        case 1:
            arrays[name] = array.reshape(-1)[: array.size // 2]
        case 2:
            arrays[name] = array[None]
        case 3:
            kinds = ["<f4", "<i8", "<f8", "<U5", "|b1", "<u8"]
            with np.errstate(invalid="ignore"):
                arrays[name] = (array == array.flat[:1]).astype(rng.choice(kinds))
        case _:
            arrays[name] = _with_extremes(rng, array)
    return header, arrays


def _with_extremes(rng: np.random.Generator, array: np.ndarray) -> np.ndarray:
    changed = array.copy().reshape(-1)
    if changed.size == 0:
        return np.zeros((2, *array.shape[1:]), array.dtype)
    values: dict[str, list[Any]] = {
        "i": [-1, 0, 1, 2**63 - 1, -(2**63), 10**6],
        "f": [np.nan, np.inf, -np.inf, 0.0, -1.0, 1e308, 5e-324, 1e-300],
        "U": ["", "zzz", "0"],
    }
    for at in rng.integers(changed.size, size=rng.integers(1, 4)):
        changed[at] = rng.choice(values.get(array.dtype.kind, [0, 1]))
    return changed.reshape(array.shape)


@contextmanager
def peak_memory() -> Iterator[list[int]]:
    """Bytes that were allocated at most inside the context, NumPy's among them."""
    found: list[int] = []
    tracemalloc.start()
    try:
        yield found
    finally:
        found.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
