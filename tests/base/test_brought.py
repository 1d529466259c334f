"""Tables and labels as people bring them: nothing is misread in silence."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from robust_metric import CertifiedKNeighborsClassifier, CertifiedPrototypeClassifier
from robust_metric.baselines import LMNN

pd = pytest.importorskip("pandas")
X = np.arange(12.0).reshape(6, 2)
Y = np.array([0, 1, 0, 1, 0, 1])
FRAME = pd.DataFrame(X, columns=["a", "b"])
NAMES = np.array(["u", "v"], dtype=object)[Y]


def estimators() -> list[Any]:
    """Each kind that is fitted to a table."""
    return [
        CertifiedKNeighborsClassifier(1),
        CertifiedPrototypeClassifier(max_iter=2),
        LMNN(max_iter=3),
    ]


@pytest.mark.parametrize(
    ("table", "error", "message"),
    [
        (
            FRAME.set_axis(pd.MultiIndex.from_product([["a"], [0, 1]]), axis=1),
            ValueError,
            "one level",
        ),
        (
            FRAME.set_axis([1, 0], axis=1),
            ValueError,
            r"0, 1, 2, \.\.\. in that order, got \[1, 0\]",
        ),
        (
            FRAME.set_axis(["a", "a"], axis=1),
            ValueError,
            "different names, got one of them again: 'a'",
        ),
        (FRAME.assign(c=pd.date_range("2024", periods=6)), TypeError, "got dates in column 'c'"),
        (FRAME.assign(c=pd.to_timedelta(range(6), unit="s")), TypeError, "got lengths of time in"),
        (
            FRAME.assign(c=["1", "2", "x", "4", "5", "6"]),
            ValueError,
            "got 'x' in row 2 of column 'c'",
        ),
        (
            FRAME.assign(c=["1", "1_0", "3", "4", "5", "6"]),
            ValueError,
            "got '1_0' in row 1 of column",
        ),
        (
            FRAME.assign(c=pd.Categorical(list("xyxyxy"))),
            ValueError,
            "got 'x' in row 0 of column 'c'",
        ),
        (X.astype(int).astype("datetime64[D]"), TypeError, "X must hold numbers, got dates"),
    ],
)
def test_tables_that_are_refused(table: Any, error: type[Exception], message: str) -> None:
    for estimator in estimators():
        with pytest.raises(error, match=message):
            estimator.fit(table, Y)
    if isinstance(table, np.ndarray):
        clf = CertifiedKNeighborsClassifier(1).fit(X, Y)
        with pytest.raises(error, match=message):
            clf.certify(table)


@pytest.mark.parametrize(
    "labels",
    [
        np.where(Y == 1, None, NAMES),
        np.where(Y == 1, np.nan, Y),
        pd.Series(Y, dtype="Int64").mask(Y == 1),
        pd.Series(NAMES, dtype="string").mask(Y == 1),
        pd.Series(NAMES, dtype="category").mask(Y == 1),
        pd.Series(Y == 0, dtype="boolean").mask(Y == 1),
        [0, None, 0, None, 0, None],
    ],
)
def test_labels_that_are_missing(labels: Any) -> None:
    message = (
        "y must be given for every row, but contains NaN or nothing in 3 of 6 rows, first in row 1"
    )
    for estimator in estimators():
        with pytest.raises(ValueError, match=message):
            estimator.fit(X, labels)
    clf = CertifiedKNeighborsClassifier(1).fit(X, Y)
    for call in (clf.certify, clf.minimal_perturbation, lambda Z, y: clf.robust_error(Z, y, [0.0])):
        with pytest.raises(ValueError, match=message):
            call(X, labels)


def test_labels_of_two_kinds_and_in_another_order() -> None:
    with pytest.raises(ValueError, match="labels of one kind, got 3 strings among 6 labels"):
        CertifiedKNeighborsClassifier(1).fit(X, [0, "a"] * 3)
    with pytest.warns(UserWarning, match="one index in different orders"):
        CertifiedKNeighborsClassifier(1).fit(FRAME, pd.Series(Y)[::-1])


@settings(max_examples=30, deadline=None)
@given(st.permutations(range(6)))
def test_a_warning_exactly_where_the_order_differs(order: list[int]) -> None:
    labels = pd.Series(Y).iloc[order]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", UserWarning)
        CertifiedKNeighborsClassifier(1).fit(FRAME, labels)
    assert bool(caught) == (list(order) != sorted(order))
