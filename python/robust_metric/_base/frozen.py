"""Arrays that nobody can write to: what is stored belongs to whoever stores it.

A certificate speaks of the numbers that were there when it was made, so no array that an answer rests
on may change, whether it was handed in or is handed out. NumPy's flag alone does not say so: a
read-only view of a writable array changes with that array, and copies by pickle are writable again.
"""

from __future__ import annotations

import mmap
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .arrays import is_dask_array


def frozen(values: ArrayLike, dtype: Any = None, *, fresh: bool = False) -> NDArray[Any]:
    """Return values as an array in C order that nobody can write to, without a copy where that is so already.

    Parameters
    ----------
    values : array
        Kept where they lie if they are read-only all the way down: an array that owns its numbers, or
        a view of such a one; or a file that is mapped for reading (``numpy.memmap`` with mode "r").
        Whoever lifts the flag of such an array, writes to it by a view that was made before the flag was
        off, or changes the file, changes what was stored: NumPy cannot tell.
    dtype : dtype, optional
        To convert to.
    fresh : bool, default False
        Whether nobody else has the array: it is then frozen itself, not a copy of it.
    """
    array: NDArray[Any] = np.asarray(values, dtype=dtype)
    if array.flags.c_contiguous:
        if _nobody_writes(array):
            return array
        if fresh and array.base is None:
            array.flags.writeable = False
            return array
    owner = np.array(array, order="C")
    owner.flags.writeable = False
    return owner.view()  # whose flag cannot be lifted, as that of an owner can


def _nobody_writes(array: NDArray[Any]) -> bool:
    """Whether an array is read-only down to whatever owns its numbers."""
    owner: Any = array
    while isinstance(owner, np.ndarray):
        if owner.flags.writeable:
            return False
        if owner.base is None:
            return bool(owner.flags.owndata)
        owner = owner.base
    if isinstance(owner, memoryview):
        owner = owner.obj
    if isinstance(owner, mmap.mmap):
        with memoryview(owner) as mapped:
            return mapped.readonly
    return isinstance(owner, bytes)


@dataclass(frozen=True, repr=False, eq=False)
class FrozenArrays:
    """Base of dataclasses whose arrays nobody can write to, after pickling and copying too."""

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, np.ndarray):
                object.__setattr__(self, field.name, frozen(value))

    def __eq__(self, other: object) -> bool:
        """Whether the other is of the same class, with equal values; arrays of equal shape and numbers."""
        if type(other) is not type(self):
            return False  # not NotImplemented, with which an array would compare element by element
        return all(
            same_values(getattr(self, field.name), getattr(other, field.name))
            for field in fields(self)
            if field.compare
        )

    __hash__ = None  # type: ignore[assignment]  # as arrays have none

    def __copy__(self) -> Any:
        return self

    def __deepcopy__(self, memo: object) -> Any:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return _made_again, (type(self), *(getattr(self, f.name) for f in fields(self)))


def same_values(a: Any, b: Any) -> bool:
    """Whether two values are equal: arrays as wholes, Dask arrays by what they would compute."""
    if a is b:
        return True
    if is_dask_array(a) or is_dask_array(b):
        return is_dask_array(a) and is_dask_array(b) and bool(a.name == b.name)
    if hasattr(a, "__array__") or hasattr(b, "__array__"):
        a, b = np.asarray(a), np.asarray(b)
        both_floats = a.dtype.kind == b.dtype.kind == "f"
        return np.array_equal(a, b, equal_nan=both_floats)
    return bool(a == b)


def equal_tuples(a: tuple[Any, ...], b: object) -> bool:
    """Tuples' ``==`` where values may be arrays; for named tuples, which cannot inherit it."""
    return isinstance(b, tuple) and len(a) == len(b) and all(map(same_values, a, b))


def _made_again(kind: type[Any], *values: Any) -> Any:
    """Unpickle: the arrays come fresh from the pickle."""
    return kind(*(frozen(v, fresh=True) if isinstance(v, np.ndarray) else v for v in values))


class FrozenAttributes:
    """Base of estimators: nobody can write to the arrays that ``fit`` sets, whose names end with "_"."""

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, _kept(name, value))

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        kept = {name: _kept(name, value) for name, value in state.items()}
        super().__setstate__(kept)  # type: ignore[misc]  # scikit-learn's


def _kept(name: str, value: Any) -> Any:
    learned = name.endswith("_") and isinstance(value, np.ndarray)
    return frozen(value) if learned else value
