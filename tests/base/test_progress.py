"""The progress bar: silent unless someone watches."""

from __future__ import annotations

import io

import pytest

from robust_metric._base import progress
from robust_metric._base.progress import Progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def run(stream: io.StringIO, enabled: bool | int | None, steps: int = 4) -> str:
    with Progress(4, "ARML", enabled=enabled, stream=stream) as bar:
        for i in range(steps):
            bar.update(i + 1, loss=0.5 / (i + 1))
    return stream.getvalue()


@pytest.mark.parametrize("enabled", [None, False, 0])
def test_silent_where_nobody_watches(enabled: bool | int | None) -> None:
    assert run(io.StringIO(), enabled) == ""


def test_silent_on_a_terminal_when_told_so() -> None:
    assert run(Terminal(), False) == ""


def test_terminal_redraws_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "_SECONDS_BETWEEN_DRAWINGS", 0.0)
    text = run(Terminal(), None)
    assert text.count("\n") == 1 and text.endswith("\n")
    drawn = text.rstrip("\n").split("\r")[1:]
    assert drawn[0].startswith("ARML:   0%|          | 0/4")
    assert any(" 50%" in line and "loss 0.25]" in line for line in drawn)
    assert drawn[-1].startswith("ARML: 100%|##########| 4/4") and "loss 0.125]" in drawn[-1]


def test_notebook_is_watched() -> None:
    """Its standard error is no terminal; without ipywidgets the bar is drawn there as text."""
    stream = type("OutStream", (io.StringIO,), {"__module__": "ipykernel.iostream"})()
    assert run(stream, None).startswith("\rARML:")


def test_log_file_gets_a_last_line() -> None:
    text = run(io.StringIO(), True)
    assert text.count("\n") == 1 and "\r" not in text
    assert text.startswith("ARML: 100%")


def test_log_file_gets_a_line_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "_SECONDS_BETWEEN_LINES", 0.0)
    assert run(io.StringIO(), 1).count("\n") == 5


def test_interrupted_bar_leaves_a_clean_line() -> None:
    stream = Terminal()
    with pytest.raises(RuntimeError), Progress(4, "fit", stream=stream) as bar:
        bar.update(1)
        raise RuntimeError
    assert " 25%" in stream.getvalue() and stream.getvalue().endswith("\n")


@pytest.mark.parametrize(("total", "done", "shown"), [(0, 0, "0it"), (4, 9, "100%"), (3, 1, "33%")])
def test_share(total: int, done: int, shown: str) -> None:
    stream = io.StringIO()
    with Progress(total, "fit", enabled=True, stream=stream) as bar:
        bar.update(done)
    assert shown in stream.getvalue()


def test_standard_error_by_default(capsys: pytest.CaptureFixture[str]) -> None:
    with Progress(1, "fit", enabled=True):
        pass
    out, err = capsys.readouterr()
    assert out == "" and "fit" in err


def test_negative_total() -> None:
    with pytest.raises(ValueError, match="total must be at least 0, got -1"):
        Progress(-1, "fit")
