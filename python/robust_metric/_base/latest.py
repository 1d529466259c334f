"""Values that are made when they are first asked for."""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Callable
from typing import Any, Generic, TypeVar

K = TypeVar("K")
T = TypeVar("T")


class Latest(Generic[K, T]):
    """Holds what was made last, and what for; callers that come meanwhile wait for it.

    Copies by pickle and by deepcopy start empty: what is held may not pickle, and can be made again.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held: tuple[K, T] | None = None
        _all.add(self)

    def get(self, key: K, make: Callable[[], T]) -> T:
        """Return the value for a key, made by ``make`` where another one, or none, is held."""
        held = self._held
        if held is None or held[0] != key:
            with self._lock:
                held = self._held
                if held is None or held[0] != key:
                    self._held = held = (key, make())
        return held[1]

    def __reduce__(self) -> tuple[type[Latest[K, T]], tuple[()]]:
        return type(self), ()


_all: weakref.WeakSet[Latest[Any, Any]] = weakref.WeakSet()


def _start_child() -> None:
    # another thread of the parent may have been making a value; nobody makes it here
    for latest in _all:
        latest._lock = threading.Lock()


if hasattr(os, "register_at_fork"):  # not on Windows, which does not fork
    os.register_at_fork(after_in_child=_start_child)
