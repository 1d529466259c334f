"""A progress bar on standard error, for people who watch."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from types import TracebackType
from typing import TextIO

_WIDTH = 24
_SECONDS_BETWEEN_DRAWINGS = 0.1
_SECONDS_BETWEEN_LINES = 5.0

Watcher = Callable[[int], object]
_watcher: ContextVar[Watcher | None] = ContextVar("watcher", default=None)


class Progress:
    """Show how far a loop has come: ``ARML  [######......]  50%  loss 0.123  4 s``.

    On a terminal one line is redrawn in place; elsewhere (a log file) a plain line is written now
    and then. Drawing never costs the loop more than a clock reading.

    Parameters
    ----------
    total : int
        Number of steps; 0 is drawn as done.
    title : str
        What is running.
    enabled : bool or int, optional
        None shows the bar only where the stream is a terminal; true always, false never.
    stream : text stream, optional
        By default ``sys.stderr``, so that a program's output stays clean.

    Raises
    ------
    ValueError
        If ``total`` is negative.

    Examples
    --------
    >>> with Progress(200, "ARML", enabled=False) as bar:
    ...     for epoch in range(200):
    ...         bar.update(epoch + 1, loss=0.5)
    """

    def __init__(
        self,
        total: int,
        title: str,
        *,
        enabled: bool | int | None = None,
        stream: TextIO | None = None,
    ) -> None:
        if total < 0:
            raise ValueError(f"total must be at least 0, got {total}")
        self._total = total
        self._title = title
        self._stream = sys.stderr if stream is None else stream
        self._terminal = self._stream.isatty()
        self._enabled = self._terminal if enabled is None else bool(enabled)
        self._pause = _SECONDS_BETWEEN_DRAWINGS if self._terminal else _SECONDS_BETWEEN_LINES
        self._done = 0
        self._values: dict[str, float] = {}
        self._drawn_length = 0
        self._start = self._last_drawn = time.monotonic()

    def __enter__(self) -> Progress:
        self._start = self._last_drawn = time.monotonic()
        if self._enabled and self._terminal:
            self._draw()
        return self

    def update(self, done: int, **values: float) -> None:
        """Say that ``done`` of ``total`` steps are finished, with numbers to show beside them."""
        self._done = done
        self._values = values
        if self._enabled and time.monotonic() - self._last_drawn >= self._pause:
            self._draw()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if not self._enabled:
            return
        # The last state is always shown, and an interrupted bar shows how far it came.
        self._draw()
        if self._terminal:
            self._stream.write("\n")
            self._stream.flush()

    def _draw(self) -> None:
        self._last_drawn = time.monotonic()
        line = self._line()
        if self._terminal:
            # A shorter line has to cover what the longer one before it left.
            self._stream.write("\r" + line.ljust(self._drawn_length))
            self._drawn_length = len(line)
        else:
            self._stream.write(line + "\n")
        self._stream.flush()

    def _line(self) -> str:
        share = min(max(self._done / self._total, 0.0), 1.0) if self._total else 1.0
        filled = int(share * _WIDTH)
        parts = [
            self._title,
            f"[{'#' * filled}{'.' * (_WIDTH - filled)}]",
            f"{int(100 * share):3d}%",
            *(f"{name} {value:.4g}" for name, value in self._values.items()),
            f"{self._last_drawn - self._start:.0f} s",
        ]
        return "  ".join(parts)


@contextmanager
def shown(total: int, title: str) -> Iterator[None]:
    """Context in which compiled calls show how far they are, where standard error is a terminal.

    Parameters
    ----------
    total : int
        Number of queries that the calls inside get.
    title : str
        What is running.
    """
    if not sys.stderr.isatty():
        yield
        return
    with Progress(total, title) as bar:
        token = _watcher.set(bar.update)
        try:
            yield
        finally:
            _watcher.reset(token)


def watcher() -> Watcher | None:
    """Return what a compiled call should tell the number of finished queries; None outside `shown`."""
    return _watcher.get()
