"""Results compare by value, as one bool."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest
from public_results import LABELS, RESULTS, X

import robust_metric as rm
from robust_metric.io.scaling import Scaling
from robust_metric.results import Certificates


@pytest.mark.parametrize("kind", ["int", "str", "object", "pandas string"])
@pytest.mark.parametrize("result", [name for name in RESULTS if name != "view"])
def test_equal_and_unequal_results(result: str, kind: str) -> None:
    clf = rm.CertifiedKNeighborsClassifier(3).fit(X, LABELS[kind])
    first, again, other, fewer = (
        RESULTS[result](clf, rows) for rows in (X[:6], X[:6], X[6:12], X[:5])
    )
    for same in (first, again, copy.deepcopy(first), pickle.loads(pickle.dumps(first))):
        assert (first == same) is True
        assert (first != same) is False
    for different in (other, fewer, None, "text", 3, tuple(range(3)), X):
        assert (first == different) is False
        assert (first != different) is True
    assert first in [other, again] and first not in [other, fewer]


def test_nan_is_equal_to_itself_and_numbers_to_numbers() -> None:
    radius = np.array([np.nan, np.inf])
    assert Certificates(radius, np.array([0, 1]), 1) == Certificates(radius.copy(), [0, 1], 1)
    assert Certificates(radius, np.array([0, 1]), 1) != Certificates(
        radius, np.array(["0", "1"]), 1
    )
    assert Certificates(radius, [0, 1], 1) != Certificates(radius, [0, 1], 3)
    assert Scaling(np.zeros(2), np.ones(2)) == Scaling(np.zeros(2), np.ones(2))
    assert Scaling(np.zeros(2), np.ones(2)) != Scaling(np.zeros(3), np.ones(3))


def test_lazy_results() -> None:
    da = pytest.importorskip("dask.array")
    clf = rm.CertifiedKNeighborsClassifier(3).fit(X, LABELS["int"])
    rows = da.from_array(X, chunks=(5, 2))
    lazy = clf.certify(rows)
    assert (lazy == lazy) is True and (lazy == copy.deepcopy(lazy)) is True
    assert (lazy == clf.certify(X)) is False  # nothing is computed to compare
