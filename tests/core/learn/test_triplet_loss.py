"""The triplet loss against its definition, its slow twin and finite differences."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from robust_metric import _core
from robust_metric._base import runtime

KINDS = [
    (_core.BoundLoss.linear, 0.0),
    (_core.BoundLoss.hinge, 0.2),
    (_core.BoundLoss.ramp, 0.2),
]
NORMS = {
    1: _core.Norm.one,
    2: _core.Norm.two,
    np.inf: _core.Norm.infinity,
}


Triplets = tuple[np.ndarray, np.ndarray, np.ndarray]


def problem(
    seed: int, n: int = 40, d: int = 6, r: int = 4, count: int = 300
) -> tuple[np.ndarray, np.ndarray, Triplets]:
    random = np.random.default_rng(seed)
    X = random.normal(size=(n, d))
    L = random.normal(size=(r, d))
    anchor, near, far = (np.ascontiguousarray(t) for t in random.integers(n, size=(3, count)))
    return X, L, (anchor, near, far)


def definition(X: np.ndarray, L: np.ndarray, triplets: Triplets, dual: float = 2) -> np.ndarray:
    x, near, far = (X[t] for t in triplets)
    margin = np.sum(((x - far) @ L.T) ** 2, axis=1) - np.sum(((x - near) @ L.T) ** 2, axis=1)
    return margin / (2.0 * np.linalg.norm((near - far) @ L.T @ L, dual, axis=1))


@pytest.mark.parametrize("dual", NORMS)
def test_bounds_are_the_definition(dual: float) -> None:
    X, L, (anchor, near, far) = problem(0)
    far = np.where(far == near, (far + 1) % len(X), far)
    loss, _, bounds = _core.triplet_loss(X, L, anchor, near, far, dual_norm=NORMS[dual])
    np.testing.assert_allclose(bounds, definition(X, L, (anchor, near, far), dual), rtol=1e-10)
    assert loss == pytest.approx(-bounds.mean(), rel=1e-12)


@pytest.mark.parametrize(("kind", "target"), KINDS)
@settings(max_examples=30, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    d=st.integers(1, 9),
    r=st.integers(1, 9),
    count=st.integers(1, 700),
    dual=st.sampled_from(list(NORMS.values())),
)
def test_equals_the_slow_twin(
    kind, target, seed: int, d: int, r: int, count: int, dual: _core.Norm
) -> None:
    # in a hyperplane that L maps to 0, and with duplicates: no half-space, no direction
    X, L, triplets = problem(seed, d=d, r=r, count=count)
    X[5] = X[6]
    fast = _core.triplet_loss(X, L, *triplets, kind, target, dual)
    slow = _core.triplet_loss_reference(X, L, *triplets, kind, target, dual)
    # far below 1 the bound's denominator amplifies rounding: compare where it is well conditioned
    assert fast[0] == pytest.approx(slow[0], rel=1e-6, abs=1e-9)
    scale = max(1.0, float(np.abs(slow[1]).max()))
    np.testing.assert_allclose(fast[1] / scale, slow[1] / scale, atol=1e-6)
    np.testing.assert_allclose(fast[2], slow[2], rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize(("kind", "target"), KINDS)
@pytest.mark.parametrize("dual", NORMS.values())
@pytest.mark.parametrize(("r", "count"), [(2, 700), (20, 3000)])
def test_in_float32(kind, target, dual: _core.Norm, r: int, count: int) -> None:
    X, L, (anchor, near, far) = problem(8, n=300, d=20, r=r, count=count)
    far = np.where(far == near, (far + 1) % len(X), far)
    triplets = (anchor, near, far)
    single = _core.triplet_loss(
        X.astype(np.float32), L.astype(np.float32), *triplets, kind, target, dual, num_threads=2
    )
    double = _core.triplet_loss(X, L, *triplets, kind, target, dual)
    assert single[1].dtype == single[2].dtype == np.float64
    assert single[0] == pytest.approx(double[0], rel=1e-4)
    # a bound at the kink of a loss, and the largest entry for the norm infinity, may change sides
    np.testing.assert_allclose(single[1], double[1], atol=3e-3 * np.abs(double[1]).max())
    np.testing.assert_allclose(single[2], double[2], atol=1e-4 * np.abs(double[2]).max())


def test_in_float32_what_rounding_leaves_of_nothing_has_no_direction() -> None:
    points, components, (anchor, near, far) = problem(9, r=3)
    X, L = points.astype(np.float32), components.astype(np.float32)
    L[:, 0] = 0.0
    X[far[0]] = X[near[0]]
    X[far[0], 0] += 1.0  # a difference that L maps to 0
    loss, gradient, bounds = _core.triplet_loss(X, L, anchor[:1], near[:1], far[:1])
    assert loss == 0.0 and bounds[0] == 0.0
    np.testing.assert_array_equal(gradient, 0.0)


@pytest.mark.parametrize(("kind", "target"), KINDS)
@pytest.mark.parametrize("r", [1, 3, 6, 8])
@pytest.mark.parametrize("dual", NORMS.values())
def test_gradient_is_the_derivative(kind, target, r: int, dual: _core.Norm) -> None:
    X, L, triplets = problem(3, r=r, count=50)
    _, gradient, _ = _core.triplet_loss(X, L, *triplets, kind, target, dual)
    step = 1e-6
    numeric = np.empty_like(L)
    for index in np.ndindex(*L.shape):
        moved = [L.copy(), L.copy()]
        moved[0][index] += step
        moved[1][index] -= step
        up, down = (_core.triplet_loss(X, at, *triplets, kind, target, dual)[0] for at in moved)
        numeric[index] = (up - down) / (2.0 * step)
    np.testing.assert_allclose(gradient, numeric, rtol=1e-4, atol=1e-7)


def test_scale_of_the_metric_does_not_matter() -> None:
    X, L, triplets = problem(4)
    loss, gradient, bounds = _core.triplet_loss(X, L, *triplets)
    scaled = _core.triplet_loss(X, 8.0 * L, *triplets)
    assert scaled[0] == pytest.approx(loss, rel=1e-12)
    np.testing.assert_allclose(scaled[2], bounds, rtol=1e-12)
    # so the gradient has no part along L
    assert abs(np.sum(gradient * L)) < 1e-12


@pytest.mark.parametrize(("kind", "target"), KINDS)
@pytest.mark.parametrize("count", [1, 128, 1500, 200_000])
def test_threads_do_not_show(kind, target, count: int) -> None:
    X, L, triplets = problem(5, count=count)
    with runtime.single_threaded_blas():
        results = [
            _core.triplet_loss(X, L, *triplets, kind, target, num_threads=threads)
            for threads in (1, 2, 3, 7)
        ]
    for other in results[1:]:
        for a, b in zip(results[0], other, strict=True):
            np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("r", [3, 140])  # few rows, and a sum of d x d entries
def test_gradients_of_several_bands(r: int) -> None:
    X, L, triplets = problem(8, d=150, r=r, count=200)
    with runtime.single_threaded_blas():
        one, two = (_core.triplet_loss(X, L, *triplets, num_threads=n) for n in (1, 2))
    np.testing.assert_array_equal(one[1], two[1])
    slow = _core.triplet_loss_reference(X, L, *triplets)
    np.testing.assert_allclose(one[1], slow[1], atol=1e-10 * np.abs(slow[1]).max())


def test_degenerate_triplets_count_as_zero() -> None:
    X = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 5.0], [1.0, 0.0]])
    L = np.array([[1.0, 0.0]])  # maps the difference of points 1 and 2 to 0
    anchor = np.array([0, 0])
    for near, far in ([1, 1], [3, 3]), ([2, 2], [1, 3]), ([1, 3], [3, 1]):
        loss, gradient, bounds = _core.triplet_loss(X, L, anchor, np.array(near), np.array(far))
        assert loss == 0.0
        np.testing.assert_array_equal(bounds, 0.0)
        np.testing.assert_array_equal(gradient, 0.0)


def test_zero_components() -> None:
    X, L, triplets = problem(6)
    loss, gradient, _ = _core.triplet_loss(X, 0.0 * L, *triplets)
    assert loss == 0.0
    assert not gradient.any()


def test_ramp_lets_hopeless_triplets_go() -> None:
    X = np.array([[0.0], [2.0], [1.0]])
    args = (X, np.ones((1, 1)), np.array([0]), np.array([1]), np.array([2]))
    assert _core.triplet_loss(*args, _core.BoundLoss.hinge, 0.5)[0] == 2.0  # ε = -1.5
    loss, gradient, bounds = _core.triplet_loss(*args, _core.BoundLoss.ramp, 0.5)
    assert (loss, bounds[0]) == (0.5, -1.5)
    assert not gradient.any()


def test_malformed_arguments() -> None:
    X, L, (anchor, near, far) = problem(7)
    with pytest.raises(ValueError, match="components must have as many columns as points, 6"):
        _core.triplet_loss(X, np.ones((4, 5)), anchor, near, far)
    with pytest.raises(ValueError, match="triplets must not be empty"):
        _core.triplet_loss(X, L, anchor[:0], near[:0], far[:0])
    with pytest.raises(ValueError, match="near must be one-dimensional of length 300"):
        _core.triplet_loss(X, L, anchor, near[:-1], far)
    with pytest.raises(ValueError, match="triplets must hold rows of the 40 points, got 40"):
        _core.triplet_loss(X, L, anchor + 1 - anchor + 39, near, far)
    with pytest.raises(ValueError, match="got -1"):
        _core.triplet_loss(X, L, anchor, near, np.full_like(far, -1))
