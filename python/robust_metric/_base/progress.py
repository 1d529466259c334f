"""A progress bar on standard error, for people who watch, and what compiled calls tell it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from types import TracebackType
from typing import Any, TextIO

_SECONDS_BETWEEN_DRAWINGS = 0.1
_SECONDS_BETWEEN_LINES = 5.0

Watcher = Callable[[int], object]
_watcher: ContextVar[Watcher | None] = ContextVar("watcher", default=None)


class Progress:
    """Show how far a loop has come: a bar of tqdm, with numbers beside it.

    On a terminal one line is redrawn in place, in a notebook a widget where there are widgets; elsewhere
    (a log file) a plain line is written now and then. Drawing costs the loop no more than a clock
    reading a step.

    Parameters
    ----------
    total : int
        Number of steps.
    title : str
        What is running.
    enabled : bool or int, optional
        None shows the bar only where somebody watches: on a terminal and in a notebook; true always,
        false never.
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
        self._enabled = _watched(self._stream) if enabled is None else bool(enabled)
        self._bar: Any = None

    def __enter__(self) -> Progress:
        if self._enabled:
            self._bar = _bar(self._total, self._title, self._stream)
        return self

    def update(self, done: int, **values: float) -> None:
        """Say that ``done`` of ``total`` steps are finished, with numbers to show beside them."""
        if self._bar is not None:
            self._bar.values = values
            self._bar.update(min(done, self._total) - self._bar.n)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # the last state is always shown, and an interrupted bar shows how far it came
        if self._bar is not None:
            self._bar.close()


def _bar(total: int, title: str, stream: TextIO) -> Any:
    from tqdm.auto import tqdm  # here, for a quick import

    class Bar(tqdm):
        monitor_interval = 0  # no thread that looks after bars
        values: dict[str, float] = {}  # noqa: RUF012  replaced, never changed

        @property
        def format_dict(self) -> dict[str, Any]:
            """What is drawn: numbers are made text only where they are."""
            numbers = ", ".join(f"{name} {value:.4g}" for name, value in self.values.items())
            return {**super().format_dict, "postfix": numbers}

    watched = _watched(stream)
    return Bar(
        total=total,
        desc=title,
        file=stream if watched else _Lines(stream),
        mininterval=_SECONDS_BETWEEN_DRAWINGS if watched else _SECONDS_BETWEEN_LINES,
        miniters=1,
        dynamic_ncols=watched,
        # in a log file the first line comes once something is done
        delay=0.0 if watched else 1e-9,
    )


def _watched(stream: TextIO) -> bool:
    """Whether a stream leads to somebody who watches: a terminal, or a notebook, which is none."""
    return stream.isatty() or type(stream).__module__.startswith("ipykernel.")


class _Lines:
    """A log file, in which what tqdm draws in place gets a line each time."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.encoding = getattr(stream, "encoding", None)

    def write(self, text: str) -> None:
        if line := text.strip():
            self._stream.write(line + "\n")

    def flush(self) -> None:
        self._stream.flush()


@contextmanager
def shown(total: int, title: str) -> Iterator[None]:
    """Context in which compiled calls show how far they are, where somebody watches.

    Parameters
    ----------
    total : int
        Number of queries that the calls inside get.
    title : str
        What is running.
    """
    if not _watched(sys.stderr):
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
