"""Every public result is printed, whatever the labels are and whatever array they lie in."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from public_results import LABELS, NAMES, RESULTS, X

import robust_metric as rm
from robust_metric.results.summaries import Described

pd = pytest.importorskip("pandas")


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
