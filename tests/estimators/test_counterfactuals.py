"""Counterfactuals: of the wanted class, within their limits, on their grids, no cheaper than proved."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import robust_metric as rm
from robust_metric.io.scaling import Scaling

pd = pytest.importorskip("pandas")

SETTINGS = settings(max_examples=25, deadline=None)
NAMES = ["age", "pay", "hours", "debt"]


def people(seed: int = 0, n: int = 60) -> tuple[Any, Any]:
    rng = np.random.default_rng(seed)
    age, pay = rng.integers(18, 70, n), np.round(rng.gamma(3.0, 900.0, n), 2)
    hours, debt = rng.integers(0, 60, n), 100.0 * rng.integers(0, 60, n)
    X = pd.DataFrame(dict(zip(NAMES, (age, pay, hours, debt), strict=True)))
    y = np.where(pay - 0.4 * debt > 1500, "granted", np.where(debt > 3000, "refused", "asked"))
    return X, y


def fitted(seed: int = 0, k: int = 3, **threat: Any) -> tuple[Any, Any]:
    X, y = people(seed)
    scale = 1.0 / X.to_numpy(np.float64).std(axis=0)
    threat.setdefault("feature_cost", dict(zip(NAMES, scale, strict=True)))
    clf = rm.CertifiedKNeighborsClassifier(k, np.diag(scale), rm.ThreatModel(**threat), n_jobs=1)
    return clf.fit(X, y), X


def check_points(clf: Any, found: Any, X: Any, target: Any = None) -> None:
    """All that holds of counterfactuals whatever was asked for."""
    raw = np.asarray(X, dtype=np.float64)
    assert np.array_equal(found.queries, raw)
    label = clf.predict(X)
    assert (found.label == label).all()
    for number in range(found.points.shape[1]):
        there = found.found[:, number]
        points = pd.DataFrame(found.points[there, number], columns=NAMES)
        if not there.any():
            continue
        reached = clf.predict(points)
        assert (found.counterfactual_label[there, number] == reached).all()
        if target is None:
            assert (reached != label[there]).all()
        else:
            assert (reached == target).all()
        cost = clf.fitted_view().threat.cost(points.to_numpy() - raw[there])
        assert (cost <= found.upper[there, number] * (1.0 + 1e-12)).all()
        assert (found.lower[there, number] <= found.upper[there, number]).all()
        assert np.isnan(found.points[~there, number]).all()


@pytest.mark.parametrize("norm", [1, 2, np.inf])
@pytest.mark.parametrize("target", [None, "granted"])
def test_limits_grids_and_digits(norm: float, target: str | None) -> None:
    clf, X = fitted(norm=norm)
    Z = X[:12]
    found = rm.counterfactuals(
        clf, Z, target, up="age", down=["debt"], freeze="hours", integer=["age"], grid={"debt": 250},
        precision=2, bounds={"pay": (0, 9000)}, count=3,
    )  # fmt: skip
    check_points(clf, found, Z, target)
    assert found.found[:, 0].sum() >= 10
    raw = Z.to_numpy(np.float64)[:, np.newaxis]
    points = np.where(found.found[:, :, np.newaxis], found.points, raw)
    age, pay, hours, debt = np.moveaxis(points, 2, 0)
    assert (age >= raw[:, :, 0]).all() and (hours == raw[:, :, 2]).all()
    assert (debt <= raw[:, :, 3]).all() and (pay <= 9000).all() and (pay >= 0).all()
    assert (age == np.rint(age)).all()
    assert ((debt % 250 == 0) | (debt == raw[:, :, 3])).all()
    assert (np.round(pay, 2) == pay).all()


def best_on_the_grid(clf: Any, z: Any, values: list[Any], wanted: Any) -> float:
    """The cheapest point of a small grid, by looking at all of them."""
    points = np.array(list(itertools.product(*values)), dtype=np.float64)
    labels = clf.predict(points)
    right = labels == wanted if wanted is not None else labels != clf.predict(z[None])[0]
    cost = clf.fitted_view().threat.cost(points - z)
    return float(cost[right].min()) if right.any() else np.inf


@SETTINGS
@given(
    st.integers(0, 10**6),
    st.sampled_from([1, 2, np.inf]),
    st.sampled_from([1, 3, 4]),
    st.booleans(),
)
def test_grids_against_all_of_their_points(seed: int, norm: float, k: int, aimed: bool) -> None:
    rng = np.random.default_rng(seed)
    X, y = rng.integers(-4, 5, (30, 3)).astype(np.float64), np.r_[0, 1, 2, rng.integers(0, 3, 27)]
    clf = rm.CertifiedKNeighborsClassifier(k, None, rm.ThreatModel(norm), n_jobs=1).fit(X, y)
    Z = rng.integers(-4, 5, (3, 3)).astype(np.float64)
    target = 1 if aimed else None
    found = rm.counterfactuals(clf, Z, target, integer=[0, 1, 2], bounds=(-6, 6), time_limit=2.0)
    values = [np.arange(-6, 7)] * 3
    for i, z in enumerate(Z):
        best = best_on_the_grid(clf, z, values, target)
        if target is not None and found.label[i] == target:
            assert best == found.upper[i, 0] == 0.0
            continue
        assert found.lower[i, 0] <= best <= found.upper[i, 0] * (1.0 + 1e-12)


def test_the_best_of_a_grid_is_mostly_found() -> None:
    best, got = [], []
    for seed in range(15):
        rng = np.random.default_rng(seed)
        X, y = rng.normal(size=(40, 3)) * 3, rng.integers(0, 3, 40)
        clf = rm.CertifiedKNeighborsClassifier(3, n_jobs=1).fit(X, y)
        Z = np.round(rng.normal(size=(4, 3)))
        found = rm.counterfactuals(clf, Z, integer=[0, 1, 2], bounds=(-8, 8))
        best += [best_on_the_grid(clf, z, [np.arange(-8, 9)] * 3, None) for z in Z]
        got += found.upper[:, 0].tolist()
    ratio = np.array(got) / np.array(best)
    assert np.isfinite(got).all()
    assert (ratio <= 1.0 + 1e-9).mean() >= 0.9 and ratio.max() <= 1.5, ratio


@pytest.mark.parametrize("precision", ["float32", 0, 2, -1])
def test_what_is_written_down_keeps_its_class(precision: Any) -> None:
    clf, X = fitted()
    Z = X[:15] + np.array([0.123, 0.004567, 0.3, 1 / 3])
    found = rm.counterfactuals(clf, Z, freeze="age", precision=precision)
    check_points(clf, found, Z)
    there = found.found[:, 0]
    assert there.sum() >= 12
    points = found.points[there, 0]
    written = (
        points.astype(np.float32).astype(np.float64)
        if precision == "float32"
        else np.round(points, precision)
    )
    moved = points != Z.to_numpy()[there]
    assert np.array_equal(written[moved], points[moved])
    assert (points[:, 0] == Z["age"].to_numpy()[there]).all()
    reached = clf.predict(pd.DataFrame(written, columns=NAMES))
    assert (reached == found.counterfactual_label[there, 0]).all()


def test_further_ones_leave_alone_what_the_first_relied_on() -> None:
    clf, X = fitted(norm=1)
    found = rm.counterfactuals(clf, X[:10], count=3)
    check_points(clf, found, X[:10])
    both = found.found[:, 0] & found.found[:, 1]
    assert both.sum() >= 5
    weight = clf.fitted_view().threat.weights(4)
    for i in np.flatnonzero(both):
        size = np.abs(found.points[i, 0] - found.queries[i]) * weight
        assert found.points[i, 1, size.argmax()] == found.queries[i, size.argmax()]
        assert found.lower[i, 0] <= found.lower[i, 1] * (1.0 + 1e-9)


def test_scaled_models_answer_in_the_units_of_the_columns() -> None:
    X, y = people()
    raw = X.to_numpy(np.float64)
    scaling = Scaling.fit(raw)
    clf = rm.CertifiedKNeighborsClassifier(3, n_jobs=1).fit(scaling.apply(raw), y)
    found = rm.counterfactuals(
        clf, raw[:10], "granted", scaling=scaling, integer=[0, 2], grid={3: 100}, precision=2, up=0,
        bounds={1: (0, 12000)},
    )  # fmt: skip
    there = found.found[:, 0]
    points = found.points[there, 0]
    assert there.sum() >= 8
    assert (clf.predict(scaling.apply(points)) == "granted").all()
    assert (points[:, 0] == np.rint(points[:, 0])).all() and (points[:, 3] % 100 == 0).all()
    assert (np.round(points[:, 1], 2) == points[:, 1]).all()
    moved = scaling.apply(points) - scaling.apply(raw[:10][there])
    assert (clf.fitted_view().threat.cost(moved) <= found.upper[there, 0] * (1.0 + 1e-12)).all()
    # without grids and digits as well
    free = rm.counterfactuals(clf, raw[:10], "granted", scaling=scaling)
    assert free.found.all() and (free.lower <= free.upper).all()
    assert (clf.predict(scaling.apply(free.points[:, 0])) == "granted").all()
    assert (free.upper <= free.lower * (1.0 + 1e-3) + 1e-12).mean() >= 0.8


def test_as_a_table() -> None:
    clf, X = fitted()
    Z = X[:4]
    found = rm.counterfactuals(clf, Z, "granted", integer="age", precision=2)
    frame = found.to_frame(index=["a", "b", "c", "d"])
    assert list(frame.columns) == [
        "row", "number", "feature", "old", "new", "label", "counterfactual_label", "cost"
    ]  # fmt: skip
    assert set(frame["feature"]) <= set(NAMES) and set(frame["row"]) <= set("abcd")
    for change in found.changes():
        assert change.old == Z[change.feature].iloc[change.row] != change.new
    assert [c.row for c in found.changes(-1)] == [3] * len(found.changes(3))
    for row in range(4):
        text = found.table(row)
        assert f"Predicted {found.label[row]}." in text
        assert ("nothing has to change" in text) == (found.label[row] == "granted")
    assert "Counterfactuals of 4 predictions" in repr(found) and "<table>" in found._repr_html_()
    assert found == rm.counterfactuals(clf, Z, "granted", integer="age", precision=2)


def test_where_there_is_none() -> None:
    clf, X = fitted()
    found = rm.counterfactuals(clf, X[:3], freeze=NAMES, count=2)
    assert not found.found.any() and np.isinf(found.lower[:, 0]).all()
    assert (found.status == [["out_of_reach", "none"]] * 3).all()
    assert "None was found (out_of_reach" in found.table(0)
    assert found.changes() == [] and len(found.to_frame()) == 0


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"count": 0}, "count must be an integer of at least 1"),
        ({"up": "wage"}, "up must name features, 'age'"),
        ({"down": ["age", 9]}, "down must name features by number from 0 to 3, got 9"),
        ({"integer": "age", "grid": {"age": 2}}, "integer and grid must mention a feature once"),
        ({"grid": {"age": 0}}, "grid must have positive steps, got 0 for 'age'"),
        ({"grid": {"age": float("nan")}}, "grid must have positive steps"),
        ({"grid": [1]}, "grid must be a dict of feature to step"),
        ({"precision": "float16"}, 'precision must be "float32", a number of decimal places'),
        ({"time_limit": 0}, "time_limit must be a positive number or None"),
        ({"target": "gone"}, "target must be one of the classes, 'asked', 'granted', 'refused'"),
        ({"bounds": {"age": (90, None)}}, r"X must lie within bounds, \[90.0, inf\] for feature 0"),
        ({"bounds": (None, 3)}, "X must lie within bounds"),
    ],
)
def test_wrong_wishes(asked: Any, message: str) -> None:
    clf, X = fitted()
    with pytest.raises(ValueError, match=message):
        rm.counterfactuals(clf, X[:2], **asked)


def test_prototypes_have_counterfactuals_too() -> None:
    X_train, X_test, y_train, _ = rm.datasets.load("iris", scale=False)
    clf = rm.CertifiedPrototypeClassifier(2, max_iter=30, n_jobs=1).fit(X_train, y_train)
    found = rm.counterfactuals(clf, X_test[:6], precision=1, grid={0: 0.5})
    there = found.found[:, 0]
    assert there.all()
    assert (clf.predict(found.points[:, 0]) != found.label).all()
    assert np.array_equal(np.round(found.points[:, 0], 1)[:, 1:], found.points[:, 0, 1:])
