"""Ctrl-C during a search for minimal perturbations keeps what was found."""

from __future__ import annotations

import csv
import pickle
from pathlib import Path

import numpy as np
import pytest
from cli_helpers import fit

import robust_metric as rm
from robust_metric import cli
from robust_metric.check import check

# of 12 queries: work of seconds, so that it is under way after a tenth of one on any machine
COPIES = 6000


def press_ctrl_c(title: str, done: int, total: int) -> None:
    """When a compiled search first asks, that is after a tenth of a second."""
    raise KeyboardInterrupt


def problem(k: int, jobs: int) -> tuple[rm.CertifiedKNeighborsClassifier, np.ndarray]:
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(3000, 30)), np.array(["a", "b", "c"])[rng.integers(0, 3, 3000)]
    queries = rng.normal(size=(12, 30))
    return rm.CertifiedKNeighborsClassifier(k, n_jobs=jobs).fit(X, y), np.tile(queries, (COPIES, 1))


@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.parametrize("k", [1, 5])
def test_what_was_found_is_kept(k: int, jobs: int, tmp_path: Path) -> None:
    clf, X = problem(k, jobs)
    whole = clf.minimal_perturbation(X[:12])
    truth = np.tile(whole.label, COPIES)
    truth[5] = "c" if truth[5] != "c" else "a"
    with rm.report_progress(press_ctrl_c), pytest.raises(KeyboardInterrupt) as caught:
        clf.minimal_perturbation(X, truth, evidence=True)
    stopped = caught.value
    assert isinstance(stopped, rm.SearchInterrupted)
    assert isinstance(stopped.__cause__, KeyboardInterrupt)
    found, rows = stopped.found, stopped.rows
    assert 0 < len(rows) < stopped.n_queries == len(X) and np.all(np.diff(rows) > 0)
    assert str(stopped).startswith(f"stopped with {len(rows)} of {len(X)} queries")

    # a search that is cut short may close all the same, by another path
    names = ("lower", "upper", "status")
    same = [getattr(found, name) == getattr(whole, name)[rows % 12] for name in names]
    cut_short = ~np.all(same, axis=0) & (rows != 5)
    assert cut_short.sum() <= jobs
    assert set(found.status[cut_short]) <= {"interrupted", "exact"}
    assert np.array_equal(found.label, whole.label[rows % 12])
    assert np.all(found.status[rows == 5] == "misclassified")
    assert np.all(found.lower <= whole.upper[rows % 12])
    assert np.all(found.upper[rows != 5] >= whole.lower[rows[rows != 5] % 12])
    moved = rows != 5
    witnesses = clf.predict(X[rows] + found.perturbation)
    assert np.array_equal(witnesses[moved], found.adversarial_label[moved])
    assert np.all(witnesses[moved] != found.label[moved])

    # the evidence is of the rows that were reached; a few of them are proved again
    assert found.evidence is not None and np.array_equal(found.evidence.queries, X[rows])
    model, certificates = tmp_path / "model.npz", tmp_path / "certificates.npz"
    rm.save_model(clf, model)
    found.certificates().save(certificates)
    assert check(certificates, model, only=[0, 1, *np.flatnonzero(cut_short)]).failures == []


def test_it_goes_through_pickle() -> None:
    clf, X = problem(5, 1)
    with rm.report_progress(press_ctrl_c), pytest.raises(rm.SearchInterrupted) as caught:
        clf.minimal_perturbation(X)
    copy = pickle.loads(pickle.dumps(caught.value))
    assert np.array_equal(copy.rows, caught.value.rows) and str(copy) == str(caught.value)


def test_other_exceptions_of_the_callback_stay_what_they_are() -> None:
    def fail(title: str, done: int, total: int) -> None:
        raise RuntimeError("enough")

    clf, X = problem(5, 1)
    with rm.report_progress(fail), pytest.raises(RuntimeError, match="enough"):
        clf.minimal_perturbation(X)


def test_the_command_line_writes_the_rows_that_were_searched(
    files: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    model = fit(files)
    clf = rm.load_model(model)
    found, rows = clf.minimal_perturbation(np.zeros((2, clf.n_features_in_))), np.array([3, 7])

    def stop(*_: object, **__: object) -> None:
        raise rm.SearchInterrupted(found, rows, 30)

    monkeypatch.setattr(rm.CertifiedKNeighborsClassifier, "minimal_perturbation", stop)
    arguments = ["certify", str(model), str(files / "test.csv"), "--label", "tree", "--exact"]
    capsys.readouterr()
    assert cli.main(arguments) == cli.INTERRUPTED
    assert "2 of 30 points were searched; --predictions CSV" in capsys.readouterr().err
    out = files / "kept.csv"
    certificates = files / "kept.npz"
    arguments += ["--predictions", str(out), "--out", str(certificates)]
    assert cli.main(arguments) == cli.INTERRUPTED
    assert f"2 of 30 points were searched and written to {out}" in capsys.readouterr().err
    written = list(csv.DictReader(out.open()))
    assert [int(row["row"]) for row in written] == [3, 7]
    assert [float(row["radius"]) for row in written] == found.lower.tolist()
    assert not certificates.exists()
