"""Targets and bounds of single queries: what is proved about them holds, and witnesses attain it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import robust_metric as rm

SETTINGS = settings(max_examples=40, deadline=None)


def problem(seed: int, k: int, grid: bool, n: int = 24, d: int = 2, c: int = 4) -> Any:
    rng = np.random.default_rng(seed)
    X, Z = rng.normal(size=(n, d)), rng.normal(size=(5, d))
    if grid:
        X, Z = np.round(2.0 * X), np.round(2.0 * Z)
    y = np.r_[np.arange(c), rng.integers(0, c, n - c)]
    components = rng.normal(size=(d, d)) if seed % 3 == 0 else None
    return rm.CertifiedKNeighborsClassifier(k, components, n_jobs=1).fit(X, y), Z


@SETTINGS
@given(st.integers(0, 10**6), st.sampled_from([1, 2, 3, 5]), st.booleans(), st.integers(0, 3))
def test_nothing_below_lower_reaches_the_target(seed: int, k: int, grid: bool, target: int) -> None:
    clf, Z = problem(seed, k, grid)
    found = clf.minimal_perturbation(Z, target=target, time_limit=2.0)
    label = clf.predict(Z)
    assert (found.target == target).all() and (found.label == label).all()
    reached = np.isfinite(found.upper)
    witnesses = Z + found.perturbation
    assert (clf.predict(witnesses)[reached] == target).all()
    assert (found.adversarial_label[reached] == target).all()
    assert (found.upper[label == target] == 0.0).all()
    assert (np.linalg.norm(found.perturbation, axis=1) <= found.upper + 1e-300)[reached].all()
    assert (found.lower <= found.upper).all()
    # any class is no farther than this one
    assert (clf.minimal_perturbation(Z).lower <= found.lower * (1.0 + 1e-9) + 1e-300)[
        label != target
    ].all()
    rng = np.random.default_rng(seed + 1)
    for z, lower in zip(Z, found.lower, strict=True):
        if lower == 0.0:
            continue
        way = rng.normal(size=(400, 2))
        way /= np.linalg.norm(way, axis=1, keepdims=True)
        size = min(lower, 10.0) * rng.random((400, 1)) ** 0.2 * (1.0 - 1e-9)
        assert not (clf.predict(z + size * way) == target).any()


@SETTINGS
@given(st.integers(0, 10**6), st.booleans(), st.integers(0, 3))
def test_one_neighbor_is_exact(seed: int, grid: bool, target: int) -> None:
    """Whether the nearest point is of a class is a question of two classes: this one, and the rest."""
    clf, Z = problem(seed, 1, grid)
    view = clf.fitted_view()
    two = rm.CertifiedKNeighborsClassifier(1, view.components, n_jobs=1)
    two.fit(view.points, view.labels == target)
    away = clf.predict(Z) != target
    found, expected = clf.minimal_perturbation(Z, target=target), two.minimal_perturbation(Z)
    np.testing.assert_allclose(found.lower[away], expected.lower[away], rtol=2e-9, atol=1e-12)
    np.testing.assert_allclose(found.upper[away], expected.upper[away], rtol=2e-9, atol=1e-12)


def test_votes_are_mostly_closed() -> None:
    closed = total = 0
    for seed in range(20):
        clf, Z = problem(seed, 5, False, n=60)
        for target in range(4):
            found = clf.minimal_perturbation(Z, target=target, time_limit=2.0)
            total += len(Z)
            closed += int((found.upper <= found.lower * (1.0 + 1e-6)).sum())
    assert closed >= 0.8 * total, (closed, total)


@SETTINGS
@given(
    st.integers(0, 10**6),
    st.sampled_from([1, 3]),
    st.booleans(),
    st.sampled_from([1, 2, np.inf]),
    st.booleans(),
)
def test_bounds_of_queries_are_those_of_a_threat_model(
    seed: int, k: int, grid: bool, norm: float, frozen: bool
) -> None:
    clf, Z = problem(seed, k, grid)
    cost = [np.inf, 1.0] if frozen else None
    clf.set_params(threat=rm.ThreatModel(norm, (-4.0, None), cost))
    rng = np.random.default_rng(seed)
    Z = np.maximum(Z, -4.0)
    lower, upper = Z - rng.integers(0, 3, Z.shape), Z + rng.integers(0, 3, Z.shape)
    lower[:, 0], upper[:, 1] = -np.inf, np.where(rng.random(5) < 0.5, np.inf, upper[:, 1])
    found = clf.minimal_perturbation(Z, bounds=(lower, upper))
    assert found.box.shape == (2, 5, 2)
    for i in range(len(Z)):
        box = np.maximum(lower[i], -4.0), upper[i]
        one = clf.set_params(threat=rm.ThreatModel(norm, box, cost)).minimal_perturbation(
            Z[i : i + 1]
        )
        for name in ("lower", "upper", "perturbation", "status"):
            assert np.array_equal(getattr(found, name)[i : i + 1], getattr(one, name)), name


def test_forms_of_bounds() -> None:
    pd = pytest.importorskip("pandas")
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(30, 3)), columns=["age", "pay", "hours"])
    clf = rm.CertifiedKNeighborsClassifier(3).fit(X, rng.integers(0, 2, 30))
    Z = X[:4]
    low = np.array([-5.0, -np.inf, -np.inf])
    wanted = clf.minimal_perturbation(Z, bounds=(np.tile(low, (4, 1)), None))
    for bounds in (
        (low, None),
        {"age": (-5, None)},
        {0: (-5.0, None)},
        {"age": ([-5, -5, -5, -5], None), "pay": (None, None)},
        pd.Series({"age": (-5, None)}),
    ):
        assert clf.minimal_perturbation(Z, bounds=bounds) == wanted
    still = {"age": (Z["age"], Z["age"])}
    assert (clf.minimal_perturbation(Z, bounds=still).perturbation[:, 0] == 0.0).all()


@pytest.mark.parametrize(
    ("wishes", "message"),
    [
        ({"target": "3"}, "target must hold labels of the kind seen in fit"),
        ({"target": 7}, r"target must be one of the classes, 0, 1, 2, 3, got 7"),
        ({"target": [1, 2]}, "target must be a class, or one for each of 5 rows of X"),
        ({"target": [[1] * 5]}, "target must be a class, or one for each"),
        ({"bounds": (None, -50.0)}, r"X must lie within bounds, \[-inf, -50.0\] for feature 0"),
        ({"bounds": (np.nan, None)}, "bounds must have lower <= upper everywhere"),
        ({"bounds": 3}, r"bounds must be a pair \(lower, upper\), or a dict"),
        ({"bounds": (np.zeros(3), None)}, r"bounds must be numbers, None, or arrays that fit X"),
        ({"bounds": {"age": (0, 1)}}, "bounds must name features by number"),
        ({"bounds": {5: (0, 1)}}, "bounds must name features by number from 0 to 1, got 5"),
        ({"target": 1, "evidence": True}, "evidence must be False where target or bounds"),
    ],
)
def test_wishes_that_are_none(wishes: Any, message: str) -> None:
    clf, Z = problem(0, 3, False)
    with pytest.raises(ValueError, match=message):
        clf.minimal_perturbation(Z, **wishes)


def test_they_are_no_certificates_of_any_class() -> None:
    clf, Z = problem(0, 3, False)
    for wishes in ({"target": 1}, {"bounds": (-9.0, 9.0)}):
        with pytest.raises(ValueError, match="certificates must be of perturbations to any class"):
            clf.minimal_perturbation(Z, **wishes).certificates()


def test_one_target_for_each_query_and_any_number_of_threads() -> None:
    clf, Z = problem(3, 3, False, n=80)
    targets = [0, 1, 2, 3, 0]
    together = clf.minimal_perturbation(Z, target=targets)
    again = clf.set_params(n_jobs=2).minimal_perturbation(Z, target=targets)
    assert together == again
    for i, target in enumerate(targets):
        alone = clf.minimal_perturbation(Z[i : i + 1], target=target)
        assert alone.lower[0] == together.lower[i] and alone.upper[0] == together.upper[i]


def test_a_class_that_cannot_win() -> None:
    X = np.array([[0.0], [1.0], [2.0], [9.0]])
    clf = rm.CertifiedKNeighborsClassifier(3).fit(X, [0, 0, 0, 1])
    found = clf.minimal_perturbation(X[:1], target=1)
    assert found.lower[0] == found.upper[0] == np.inf and found.status[0] == "no_other_class"


@pytest.mark.parametrize("method", ["certify", "minimal_perturbation"])
def test_bounds_in_frames_have_the_order_of_the_columns(method: str) -> None:
    pd = pytest.importorskip("pandas")
    Z = pd.DataFrame(np.repeat(np.linspace(-1.0, 1.0, 6)[:, None], 3, axis=1), columns=list("abc"))
    clf = rm.CertifiedKNeighborsClassifier(1).fit(Z, [0, 0, 0, 1, 1, 1])
    width = np.array([9.0, 0.01, 0.01])
    low, high = Z - width, Z + width
    call = getattr(clf, method)
    call(Z, bounds=(low, high))
    call(Z, bounds=(low.min(), high.max()))
    for swapped in ((low[list("cba")], high), (low, high[list("cba")])):
        with pytest.raises(ValueError, match="bounds must have the columns of X in the same order"):
            call(Z, bounds=swapped)
    with pytest.raises(ValueError, match="same order"):
        call(Z, bounds=(low.min()[::-1], None))


def test_robust_error_within_bounds_and_changes() -> None:
    clf, Z = problem(3, 3, False)
    y, box, radii = clf.predict(Z), (Z - 0.25, Z + 0.25), [0.0, 0.1, 0.5]
    changes = rm.DataChanges(insert=1)
    boxed, changed = clf.certify(Z, y, bounds=box), clf.certify(Z, y, data_changes=changes)
    assert (clf.robust_error(Z, y, radii, bounds=box) == boxed.robust_error(radii)).all()
    assert (
        clf.robust_error(Z, y, radii, data_changes=changes) == changed.robust_error(radii)
    ).all()
