"""Every public result is printed, whatever the labels are and whatever array they lie in."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import robust_metric as rm
from robust_metric import attacks, results
from robust_metric.results.summaries import Described

pd = pytest.importorskip("pandas")

X = np.random.default_rng(0).normal(size=(24, 2))
CLASSES = np.arange(24) % 3
NAMES = np.array(["ash", "oak", "elm\nor so"])

LABELS: dict[str, Any] = {
    "int": CLASSES,
    "uint8": CLASSES.astype(np.uint8),
    "float": CLASSES * 2.0,
    "bool": CLASSES > 0,
    "str": NAMES[CLASSES],
    "object": NAMES.astype(object)[CLASSES],
    "list": NAMES[CLASSES].tolist(),
    "dates": np.array(["2020-01-01", "2020-01-02", "2020-02-01"], "datetime64[D]")[CLASSES],
    "pandas str": pd.Series(NAMES[CLASSES]),
    "pandas string": pd.Series(NAMES[CLASSES], dtype="string"),
    "pandas category": pd.Series(NAMES[CLASSES]).astype("category"),
    "pandas Int64": pd.Series(CLASSES, dtype="Int64"),
    "pandas boolean": pd.Series(CLASSES > 0, dtype="boolean"),
}


def curve(clf: rm.CertifiedKNeighborsClassifier, X: Any) -> results.RobustErrorCurve:
    return results.RobustErrorCurve("Euclidean", 3, "bound", clf.certify(X).radius, 0.25)


RESULTS: dict[str, Callable[[Any, Any], Any]] = {
    "certificates": lambda clf, X: clf.certify(X),
    "with evidence": lambda clf, X: clf.certify(X, evidence=True),
    "evidence": lambda clf, X: clf.certify(X, evidence=True).evidence,
    "of true classes": lambda clf, X: clf.certify(X, clf.predict(X)),
    "minimal": lambda clf, X: clf.minimal_perturbation(X),
    "neighbours": lambda clf, X: clf.certify_neighbors(X),
    "predictions": lambda clf, X: clf.predict_with_certificate(X, 0.1),
    "deciding points": rm.deciding_points,
    "attack": lambda clf, X: attacks.GradientAttack()(clf, X),
    "curve": curve,
    "view": lambda clf, X: clf.fitted_view(),
}


def assert_html_says_the_same(printed: Described) -> None:
    html = printed._repr_html_()
    title, *lines = repr(printed).split("\n")
    assert title in html and html.count("<tr>") == len(lines)


@pytest.mark.parametrize("kind", LABELS)
@pytest.mark.parametrize("result", RESULTS)
def test_every_result_of_every_kind_of_label(result: str, kind: str) -> None:
    clf = rm.CertifiedKNeighborsClassifier(3).fit(X, LABELS[kind])
    printed = RESULTS[result](clf, X[:6])
    assert repr(printed) and str(printed)
    if issubclass(type(printed), Described):
        assert_html_says_the_same(printed)


@pytest.mark.parametrize("kind", LABELS)
def test_results_that_are_made_by_hand(kind: str) -> None:
    labels = LABELS[kind]
    for radius in (np.ones(24), [1.0] * 24, pd.Series(np.ones(24))):
        assert "ash: 8" in repr(rm.Certificates(radius, labels, 1)) or NAMES[0] not in str(labels)
    assert "none" in repr(rm.Certificates(np.empty(0), np.asarray(labels)[:0], 1))


def test_long_labels_are_cut_and_stay_on_their_line() -> None:
    names = np.array(["a long\tname " * 9, "b"], dtype=object)
    text = repr(rm.Certificates(np.ones(2), names, 1))
    assert "a long name a long name a long name a lo...: 1, b: 1" in text


@pytest.mark.parametrize("kind", ["int", "str", "object", "pandas string"])
@pytest.mark.parametrize("known", [True, False], ids=["known sizes", "unknown sizes"])
def test_dask_arrays_are_printed_without_being_computed(kind: str, known: bool) -> None:
    dask = pytest.importorskip("dask")
    da = pytest.importorskip("dask.array")
    clf = rm.CertifiedKNeighborsClassifier(3).fit(X, LABELS[kind])
    lazy = da.from_array(X, chunks=(8, 2))
    if not known:
        lazy = lazy[lazy[:, 0] > -math.inf]

    def never(*args: Any, **kwargs: Any) -> None:
        raise AssertionError("computed")

    with dask.config.set(scheduler=never):
        made: list[Described] = [clf.certify(lazy), clf.minimal_perturbation(lazy)]
        text = [repr(answer) + answer._repr_html_() for answer in made]
        predictions = clf.predict_with_certificate(lazy, 0.1)
        assert repr(predictions)
    for answer in text:
        assert ("24 predictions" in answer) == known and "computed when it is asked for" in answer
    np.testing.assert_array_equal(
        np.asarray(predictions.abstain), clf.predict_with_certificate(X, 0.1).abstain
    )
