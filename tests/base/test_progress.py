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
    assert len(drawn) == 6  # at the start, four updates, at the end
    assert "[........................]    0%" in drawn[0]
    assert "[############............]   50%  loss 0.25" in drawn[2]
    assert "[########################]  100%  loss 0.125  0 s" in drawn[-1]


def test_log_file_gets_a_last_line() -> None:
    text = run(io.StringIO(), True)
    assert text.count("\n") == 1 and "\r" not in text
    assert text.startswith("ARML  [########################]  100%")


def test_log_file_gets_a_line_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "_SECONDS_BETWEEN_LINES", 0.0)
    assert run(io.StringIO(), 1).count("\n") == 5


def test_shorter_line_covers_the_longer_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "_SECONDS_BETWEEN_DRAWINGS", 0.0)
    stream = Terminal()
    with Progress(2, "fit", stream=stream) as bar:
        bar.update(1, loss=0.123456, error=0.25)
        bar.update(2, loss=1)
    _, _, longer, shorter, *_ = stream.getvalue().split("\r")
    assert len(shorter) == len(longer)


def test_interrupted_bar_leaves_a_clean_line() -> None:
    stream = Terminal()
    with pytest.raises(RuntimeError), Progress(4, "fit", stream=stream) as bar:
        bar.update(1)
        raise RuntimeError
    assert " 25%" in stream.getvalue() and stream.getvalue().endswith("\n")


@pytest.mark.parametrize(
    ("total", "done", "shown"), [(0, 0, "100%"), (4, 9, "100%"), (3, 1, "33%")]
)
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
