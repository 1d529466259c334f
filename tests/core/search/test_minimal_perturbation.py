"""Minimal perturbations of 1-NN against the slow twin, their statuses and witnesses."""

from __future__ import annotations

import numpy as np
import pytest
from helpers import (
    METRICS,
    Problem,
    assert_valid_when_stopped,
    exact_prediction,
    problem,
    problems,
)
from hypothesis import given

from robust_metric import CertifiedKNeighborsClassifier as Classifier
from robust_metric import MinimalPerturbations, _core

FAMILIES = ("normal", "grid", "pixels", "duplicates", "offset")


def twin(p: Problem) -> np.ndarray:
    y = p.y.astype(np.int32)
    return _core.minimal_perturbations_reference(p.X, y, int(p.y.max()) + 1, p.L, p.Z)


def assert_agrees(p: Problem, exactly: bool) -> MinimalPerturbations:
    m = p.classifier().minimal_perturbation(p.Z)
    expected, slack = twin(p), 1e-12 * np.abs(p.X).max()
    assert (m.lower <= expected * (1 + 1e-9) + slack).all()
    assert (m.upper >= expected * (1 - 1e-9) - slack).all()
    if exactly:
        assert np.allclose(m.lower, expected, rtol=1e-8, atol=slack)
        assert np.allclose(m.upper, expected, rtol=1e-8, atol=10 * slack)
    assert np.isin(m.status, ["exact", "interval", "no_other_class"]).all()
    exact = m.status == "exact"
    assert (m.upper[exact] <= m.lower[exact] * (1 + 1.01e-9)).all()
    return m


@given(problems(k=(1, 1), families=FAMILIES))
def test_interval_holds_the_slow_twins_value(p: Problem) -> None:
    assert_agrees(p, exactly=False)


@pytest.mark.parametrize("metric", ["euclidean", "square", "tall"])
@pytest.mark.parametrize("d", [1, 2, 3, 4])
@pytest.mark.parametrize("n_classes", [2, 4])
def test_exact_on_well_conditioned_data(d: int, metric: str, n_classes: int) -> None:
    p = problem(d, "normal", metric, n_classes, 1, d, n=22, queries=8)
    m = assert_agrees(Problem(p.X, p.y, p.Z[2:], 1, p.L), exactly=True)
    assert (m.status == "exact").all()


@pytest.mark.parametrize("metric", METRICS)
def test_grids_where_many_constraints_meet(metric: str) -> None:
    for seed in range(4):
        assert_agrees(problem(seed, "grid", metric, 2, 1, d=2, n=24, queries=8), exactly=False)


def test_cube_corners_all_active_at_once() -> None:
    """Degenerate: at the centre's cell corner every one of the 2^d - 1 bisectors meets."""
    corners = np.stack(np.meshgrid(*[[0.0, 1.0]] * 3), axis=-1).reshape(-1, 3)
    clf = Classifier(1).fit(corners, np.arange(8) == 7)
    m = clf.minimal_perturbation([[0.0, 0.0, 0.0], [0.25, 0.25, 0.25]])
    assert np.allclose(m.lower, np.sqrt(3) * np.array([0.5, 0.25]), rtol=1e-9)
    assert (m.status == "exact").all()


def test_time_limit_leaves_a_valid_interval() -> None:
    p = problem(5, "normal", "square", 3, 1, d=20, n=2000, queries=20)
    full, _ = assert_valid_when_stopped(p)
    longer = p.classifier().minimal_perturbation(p.Z, time_limit=1e9)
    assert np.array_equal(longer.lower, full.lower) and np.array_equal(longer.upper, full.upper)


def test_true_classes_given() -> None:
    p = problem(6, "normal", "euclidean", 3, 1, d=3, n=50, queries=12)
    clf = p.classifier()
    plain = clf.minimal_perturbation(p.Z)
    y = (plain.label + np.arange(12) % 2) % 3  # every second one is wrong
    m = clf.minimal_perturbation(p.Z, y)
    wrong = y != plain.label
    assert np.array_equal(m.status == "misclassified", wrong)
    for values in (m.lower, m.upper, m.perturbation):
        assert not values[wrong].any()
    assert np.array_equal(m.adversarial_label[wrong], m.label[wrong])
    assert np.array_equal(m.label, plain.label)
    for name in ("lower", "upper", "perturbation", "adversarial_label", "status"):
        assert np.array_equal(getattr(m, name)[~wrong], getattr(plain, name)[~wrong])


def test_other_class_that_hides_behind_equal_points() -> None:
    X = [[0.0], [1.0], [0.0], [1.0]]
    hidden = Classifier(1).fit(X, [0, 0, 1, 1]).minimal_perturbation([[0.2]])
    assert hidden.status[0] == "no_other_class" and hidden.lower[0] == np.inf
    assert hidden.adversarial_label[0] == 0
    half_hidden = Classifier(1).fit(X, [0, 1, 1, 1]).minimal_perturbation([[0.2]])
    assert half_hidden.lower[0] == pytest.approx(0.3, rel=1e-9)


def test_query_on_a_duplicate_with_both_classes() -> None:
    clf = Classifier(1).fit([[0.0, 0.0], [0.0, 0.0], [3.0, 0.0]], [1, 0, 0])
    m = clf.minimal_perturbation([[0.0, 0.0], [2.9, 0.0]])
    assert m.label.tolist() == [1, 0]
    assert m.lower == pytest.approx([1.5, 1.4], rel=1e-9)


@pytest.mark.parametrize("scale", [1e-160, 1e-150, 1e-8, 1e8, 1e150, 1e200])
def test_scale_does_not_matter(scale: float) -> None:
    p = problem(8, "normal", "euclidean", 2, 1, d=3, n=20, queries=6)
    scale = 2.0 ** round(np.log2(scale))
    one, other = (
        Problem(p.X * s, p.y, p.Z * s, 1).classifier().minimal_perturbation(p.Z * s)
        for s in (1.0, scale)
    )
    assert np.array_equal(one.lower * scale, other.lower)
    assert np.array_equal(one.upper * scale, other.upper)


@pytest.mark.parametrize("offset", [1e3, 1e6, 1e8])
def test_large_offsets_stay_honest(offset: float) -> None:
    p = problem(9, "normal", "square", 2, 1, d=3, n=20, queries=8)
    p = Problem(p.X + offset, p.y, p.Z + offset, 1, p.L)
    m = p.classifier().minimal_perturbation(p.Z)
    reference = twin(p)
    assert (m.lower <= reference * (1 + 1e-9) + 1e-9).all()
    assert np.allclose(m.lower, reference, rtol=1e-6, atol=1e-7)
    for z, step, label in zip(p.Z, m.perturbation, m.adversarial_label, strict=True):
        assert exact_prediction(p, z + step) == label
