"""The progress bar: silent unless someone watches."""

from __future__ import annotations

import io

import numpy as np
import pytest

import robust_metric as rm
from robust_metric import attacks, baselines
from robust_metric._base import progress
from robust_metric._base.progress import Progress, progress_of_call


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


Told = list[tuple[str, int, int]]


@pytest.mark.parametrize(
    "learner", ["ARML", "LMNN", "NCA", "ITML_Supervised", "CAP", "AML", "Prototypes"]
)
def test_every_fit_is_told(learner: str, capfd: pytest.CaptureFixture[str]) -> None:
    X, _, y, _ = rm.datasets.load("iris")
    made = {
        "ARML": lambda: rm.ARML(max_iter=5, random_state=0),
        "NCA": lambda: baselines.NCA(max_iter=50, random_state=0),
        "Prototypes": lambda: rm.CertifiedPrototypeClassifier(max_iter=5, random_state=0),
    }
    told: Told = []
    estimator = made.get(learner, lambda: getattr(baselines, learner)())()
    with rm.report_progress(lambda *what: told.append(what)):
        estimator.fit(X, y)
    titles, dones, totals = zip(*told, strict=True)
    assert {learner.removesuffix("_Supervised")} == set(titles) and len(set(totals)) == 1
    assert list(dones) == sorted(dones) and 0 < dones[-1] <= totals[0]
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("learner", ["LMNN", "NCA", "ITML_Supervised", "CAP", "AML"])
def test_verbose_writes_to_standard_error(learner: str, capfd: pytest.CaptureFixture[str]) -> None:
    X, _, y, _ = rm.datasets.load("iris")
    getattr(baselines, learner)(verbose=1).fit(X, y)
    out, err = capfd.readouterr()
    assert out == "" and learner.removesuffix("_Supervised") in err


def test_calls_are_told_when_they_end() -> None:
    X, Z, y, _ = rm.datasets.load("iris")
    clf = rm.CertifiedKNeighborsClassifier(3).fit(X, y)
    told: Told = []
    with rm.report_progress(lambda *what: told.append(what)):
        clf.certify(Z)
        clf.minimal_perturbation(Z)
        rm.CertifiedNearestNeighbors(3).fit(X).certify_neighbors(Z)
        attacks.RegionAttack()(clf, Z)
    m = len(Z)
    titles = ["certify", "minimal perturbations", "certify neighbours", "region attack"]
    assert [what for what in told if what[1] == m] == [(title, m, m) for title in titles]
    clf.certify(Z)
    assert told[-1][0] == "region attack"  # nobody is told afterwards


def test_a_callback_can_stop_what_runs() -> None:
    X = np.random.default_rng(0).normal(size=(20, 2))

    def stop(title: str, done: int, total: int) -> None:
        raise RuntimeError(f"{title} stopped after {done}")

    with rm.report_progress(stop), pytest.raises(RuntimeError, match="ARML stopped after 1"):
        rm.ARML().fit(X, X[:, 0] > 0.0)


def test_what_cannot_be_called() -> None:
    with pytest.raises(TypeError, match="to must be a function of title, done and total, got 3"):
        rm.report_progress(3).__enter__()  # type: ignore[arg-type]


def test_long_calls_draw_a_bar_short_ones_do_not(monkeypatch: pytest.MonkeyPatch) -> None:
    for patience, drawn in ((1e6, False), (0.0, True)):
        stream = Terminal()
        monkeypatch.setattr("sys.stderr", stream)
        monkeypatch.setattr(progress, "_PATIENCE", patience)
        with Progress(1, "outer", enabled=False), progress_of_call(4, "certify") as told:
            assert told is not None
            told(2)
        assert ("certify" in stream.getvalue()) is drawn


def test_one_bar_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = Terminal()
    monkeypatch.setattr("sys.stderr", stream)
    monkeypatch.setattr(progress, "_PATIENCE", 0.0)
    with Progress(1, "outer") as bar, progress_of_call(4, "certify") as told:
        assert told is None
        bar.update(1)
    assert "outer" in stream.getvalue() and "certify" not in stream.getvalue()
