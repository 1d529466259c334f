"""A value that is made at its first use, once."""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Callable
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Once(Generic[T]):
    """Holds what the first caller makes; callers that come meanwhile wait for it.

    Copies by pickle and by deepcopy start empty: what is held may not pickle, and can be made again.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._value: T | None = None
        _all.add(self)

    def get(self, make: Callable[[], T]) -> T:
        """Return the value, made by ``make`` where there is none yet."""
        if self._value is None:
            with self._lock:
                if self._value is None:
                    self._value = make()
        return self._value

    def __reduce__(self) -> tuple[type[Once[T]], tuple[()]]:
        return type(self), ()


_all: weakref.WeakSet[Once[Any]] = weakref.WeakSet()


def _start_child() -> None:
    # another thread of the parent may have been making a value; nobody makes it here
    for once in _all:
        once._lock = threading.Lock()


if hasattr(os, "register_at_fork"):  # not on Windows, which does not fork
    os.register_at_fork(after_in_child=_start_child)
