"""Arrays that nobody can write to: what is kept where it lies, what is copied, and what copies are like."""

from __future__ import annotations

import copy
import mmap
import pickle
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from robust_metric._base.frozen import FrozenArrays, FrozenAttributes, frozen

Array = NDArray[Any]


def read_only(array: Array) -> Array:
    array.flags.writeable = False
    return array


def numbers() -> Array:
    return np.arange(12.0).reshape(4, 3).copy()


def on_disk(folder: Path, mode: Any) -> Array:
    numbers().tofile(folder / "numbers")
    return np.memmap(folder / "numbers", np.float64, mode, shape=(4, 3))


def mapped(folder: Path, access: int) -> Array:
    numbers().tofile(folder / "numbers")
    with open(folder / "numbers", "r+b") as stream:
        return np.frombuffer(mmap.mmap(stream.fileno(), 0, access=access)).reshape(4, 3)


KEPT: dict[str, Callable[[Path], Array]] = {
    "owner": lambda folder: read_only(numbers()),
    "view of an owner": lambda folder: read_only(numbers())[1:],
    "view of a view of an owner": lambda folder: read_only(numbers())[1:].reshape(3, 3)[:2],
    "file": lambda folder: on_disk(folder, "r"),
    "part of a file": lambda folder: np.asarray(on_disk(folder, "r"))[1:],
    "mmap": lambda folder: mapped(folder, mmap.ACCESS_READ),
    "bytes": lambda folder: np.frombuffer(numbers().tobytes()),
    "view of bytes": lambda folder: np.frombuffer(memoryview(numbers().tobytes())[8:]),
}

COPIED: dict[str, Callable[[Path], Array]] = {
    "writable": lambda folder: numbers(),
    "view of a writable one": lambda folder: read_only(numbers()[:]),
    "view of such a view": lambda folder: read_only(read_only(numbers()[:])[:2]),
    "reshaped": lambda folder: read_only(numbers().reshape(3, 4)),
    "broadcast": lambda folder: np.broadcast_to(np.arange(3.0), (4, 3)),
    "another order": lambda folder: read_only(np.asfortranarray(numbers())),
    "columns": lambda folder: read_only(numbers())[:, :2],
    "file to write": lambda folder: on_disk(folder, "r+"),
    "view of such a file": lambda folder: read_only(np.asarray(on_disk(folder, "r+"))),
    "copied on write": lambda folder: on_disk(folder, "c"),
    "view of that": lambda folder: read_only(on_disk(folder, "c")[:]),
    "mmap to write": lambda folder: read_only(mapped(folder, mmap.ACCESS_WRITE)),
    "bytearray": lambda folder: np.frombuffer(bytearray(numbers())),
    "view of bytearray": lambda folder: np.frombuffer(
        memoryview(bytearray(numbers())).toreadonly()
    ),
}


@pytest.mark.parametrize("kind", KEPT)
def test_what_nobody_writes_to_is_kept(tmp_path: Path, kind: str) -> None:
    array = KEPT[kind](tmp_path)
    kept = frozen(array)
    assert np.shares_memory(kept, array) and not kept.flags.writeable
    assert np.shares_memory(frozen(kept), array)


@pytest.mark.parametrize("kind", COPIED)
def test_what_somebody_may_write_to_is_copied(tmp_path: Path, kind: str) -> None:
    array = COPIED[kind](tmp_path)
    copied = frozen(array)
    assert not np.shares_memory(copied, array)
    assert np.array_equal(copied, array) and copied.flags.c_contiguous
    assert frozen(copied) is copied
    with pytest.raises(ValueError, match="read-only"):
        copied[...] = 0
    with pytest.raises(ValueError, match="WRITEABLE"):
        copied.flags.writeable = True


def test_lists_numbers_and_other_types() -> None:
    assert frozen([1, 2], np.float64).tolist() == [1.0, 2.0]
    assert frozen(3.0).shape == ()
    record = np.rec.array([(1.0, 2)], dtype=[("a", float), ("b", int)])
    assert type(frozen(record)) is np.ndarray


def test_fresh_arrays_are_frozen_themselves() -> None:
    array = numbers()
    assert frozen(array, fresh=True) is array and not array.flags.writeable
    part = numbers()[1:]  # somebody has the whole
    assert not np.shares_memory(frozen(part, fresh=True), part)


@dataclass(frozen=True)
class Pair(FrozenArrays):
    left: Array
    right: Any = None


@pytest.mark.parametrize(
    "again", [copy.copy, copy.deepcopy, lambda p: pickle.loads(pickle.dumps(p))]
)
def test_copies_of_frozen_arrays_are_frozen(again: Callable[[Pair], Pair]) -> None:
    given = numbers()
    pair = again(Pair(given, "x"))
    given[:] = 7
    assert pair.right == "x" and np.array_equal(pair.left, numbers())
    with pytest.raises(ValueError, match="read-only"):
        pair.left[0] = 1


class Learner(FrozenAttributes):
    components_: Array
    parameter: Array


def test_attributes_that_end_with_an_underscore_are_frozen() -> None:
    learner, given = Learner(), numbers()
    learner.components_ = learner.parameter = given
    given[:] = 7
    assert np.array_equal(learner.components_, numbers())
    assert learner.parameter is given
