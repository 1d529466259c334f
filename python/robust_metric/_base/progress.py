"""How far long operations are: a bar on standard error for people who watch, or a function that is told."""

from __future__ import annotations

import multiprocessing
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar, Token
from types import TracebackType
from typing import Any, TextIO

_SECONDS_BETWEEN_DRAWINGS = 0.1
_SECONDS_BETWEEN_LINES = 5.0
# calls that take less show no bar, if nobody has asked for one
_PATIENCE = 2.0

Receiver = Callable[[str, int, int], object]
_receiver: ContextVar[Receiver | None] = ContextVar("receiver", default=None)
_drawing: ContextVar[bool] = ContextVar("drawing", default=False)


@contextmanager
def report_progress(to: Receiver) -> Iterator[None]:
    """Context in which every long operation says how far it is to a function, in place of bars.

    Fits of all learners, `certify`, `minimal_perturbation`, `certify_neighbors`, attacks by
    `attacks.RegionAttack` and reports, called in the same thread or task. Without it, calls of more than
    two seconds on queries draw a bar where somebody watches, on a terminal and in a notebook; fits do so
    with ``verbose=1``.

    Parameters
    ----------
    to : callable
        Called as ``to(title, done, total)`` from the thread that runs the operation, at most about ten
        times a second by compiled calls and once a step by fits. ``done`` of ``total`` queries or steps are
        finished; ``total`` is 0 where that many are not known. What it raises stops the operation, and
        comes out of it.

    Raises
    ------
    TypeError
        If ``to`` cannot be called.

    Examples
    --------
    >>> import robust_metric as rm
    >>> X_train, X_test, y_train, y_test = rm.datasets.load("iris")
    >>> seen = []
    >>> with rm.report_progress(lambda title, done, total: seen.append((title, done, total))):
    ...     arml = rm.ARML(max_iter=3, random_state=0).fit(X_train, y_train)
    >>> seen[-1]
    ('ARML', 3, 3)
    """
    if not callable(to):
        raise TypeError(f"to must be a function of title, done and total, got {to!r}")
    token = _receiver.set(to)
    try:
        yield
    finally:
        _receiver.reset(token)


class Progress:
    """Show how far a loop has come: a bar of tqdm, with numbers beside it; or tell it (`report_progress`).

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
    patience : float, default 0.0
        Seconds before the bar is drawn.

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
        patience: float = 0.0,
    ) -> None:
        if total < 0:
            raise ValueError(f"total must be at least 0, got {total}")
        self._total = total
        self._title = title
        self._stream = sys.stderr if stream is None else stream
        self._patience = patience
        self._receiver = _receiver.get()
        wanted = _watched(self._stream) if enabled is None else bool(enabled)
        self._enabled = wanted and self._receiver is None and not _drawing.get()
        self._bar: Any = None
        self._token: Token[bool] | None = None

    @property
    def listened(self) -> bool:
        """Whether anybody looks or listens."""
        return self._enabled or self._receiver is not None

    def __enter__(self) -> Progress:
        if self._enabled:
            self._token = _drawing.set(True)
            self._bar = _bar(self._total, self._title, self._stream, self._patience)
        return self

    def update(self, done: int, **values: float) -> None:
        """Say that ``done`` of ``total`` steps are finished, with numbers to show beside them."""
        if self._receiver is not None:
            self._receiver(self._title, done, self._total)
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
        if self._token is not None:
            _drawing.reset(self._token)


def _bar(total: int, title: str, stream: TextIO, patience: float) -> Any:
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
        delay=patience if watched else max(patience, 1e-9),
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
def progress_of_call(total: int, title: str) -> Iterator[Callable[[int], object] | None]:
    """Context of a compiled call, in which it is shown or told how far it is.

    Parameters
    ----------
    total : int
        Number of queries.
    title : str
        What is running.

    Yields
    ------
    callable or None
        What the call is to tell the number of finished queries; None where nobody looks.
    """
    # one bar at a time: none of workers, which run side by side
    alone = threading.current_thread() is threading.main_thread() and (
        multiprocessing.current_process().name == "MainProcess"
    )
    with Progress(total, title, enabled=None if alone else False, patience=_PATIENCE) as bar:
        yield bar.update if bar.listened else None
        bar.update(total)
