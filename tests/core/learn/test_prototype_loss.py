"""The prototype loss against its definition, its slow twin and finite differences."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from robust_metric import _core
from robust_metric._base import runtime

LOSSES = [
    (_core.BoundLoss.linear, 0.0),
    (_core.BoundLoss.hinge, 0.3),
    (_core.BoundLoss.ramp, 0.3),
]
NORMS = [_core.Norm.one, _core.Norm.two, _core.Norm.infinity]
ORDER = dict(zip(NORMS, (1, 2, np.inf), strict=True))


Problem = tuple[Any, Any, Any, Any, Any]


def problem(
    seed: int, m: int = 60, n: int = 14, d: int = 6, r: int | None = 4, classes: int = 3
) -> Problem:
    """Points and prototypes with labels, and components or None."""
    random = np.random.default_rng(seed)
    labels = random.integers(classes, size=m).astype(np.int32)
    prototype_labels = np.r_[np.arange(classes), random.integers(classes, size=n - classes)]
    return (
        random.normal(size=(m, d)),
        labels,
        random.normal(size=(n, d)),
        prototype_labels.astype(np.int32),
        None if r is None else random.normal(size=(r, d)),
    )


def definition(args: Problem, q: Any, cost: np.ndarray, t: int, u: int) -> np.ndarray:
    """t-th smallest over x⁻ of the u-th largest over x⁺ of the signed bound, all prototypes."""
    Z, y, P, labels, L = args
    L = np.eye(Z.shape[1]) if L is None else L
    distance = np.sum(((Z[:, None] - P[None]) @ L.T) ** 2, axis=2)
    bounds = []
    for row, label in zip(distance, y, strict=True):
        own, other = np.flatnonzero(labels == label), np.flatnonzero(labels != label)
        normals = (P[own][:, None] - P[other][None]) @ L.T @ L * cost
        length = np.linalg.norm(normals, ORDER[q], axis=2)
        pairs = (row[other][None] - row[own][:, None]) / (2.0 * length)
        best = np.sort(pairs, axis=0)[max(-u, -len(own))]
        bounds.append(np.sort(best)[min(t, len(other)) - 1])
    return np.array(bounds)


@pytest.mark.parametrize("q", NORMS)
@pytest.mark.parametrize("r", [None, 4])
@pytest.mark.parametrize("ranks", [(0, 0), (1, 1), (2, 0)])
def test_bounds_are_the_definition(q: Any, r: int | None, ranks: tuple[int, int]) -> None:
    args = problem(0, r=r)
    cost = np.linspace(0.0, 2.0, 6)
    loss, _, _, bounds = _core.prototype_loss(
        *args, dual_norm=q, inverse_cost=cost, candidates=(99, 99), ranks=ranks
    )
    wanted = definition(args, q, cost, t=ranks[1] + 1, u=ranks[0] + 1)
    np.testing.assert_allclose(bounds, wanted, rtol=1e-9)
    assert loss == pytest.approx(-bounds.mean(), rel=1e-12)


def test_bounds_of_one_neighbour_are_those_certified() -> None:
    from robust_metric import CertifiedKNeighborsClassifier

    Z, y, P, labels, L = problem(1, classes=2)
    certified = CertifiedKNeighborsClassifier(1, L).fit(P, labels).certify(Z, y).radius
    bounds = _core.prototype_loss(Z, y, P, labels, L, candidates=(99, 99))[3]
    np.testing.assert_allclose(np.maximum(bounds, 0.0), certified, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(("kind", "target"), LOSSES)
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_equals_the_slow_twin(kind: Any, target: float, data: st.DataObject) -> None:
    d = data.draw(st.integers(1, 20))
    r = data.draw(st.none() | st.integers(1, 9))
    args = problem(data.draw(st.integers(0, 2**32 - 1)), m=data.draw(st.integers(1, 300)), d=d, r=r)
    settings = {
        "kind": kind,
        "target": target,
        "dual_norm": data.draw(st.sampled_from(NORMS)),
        "inverse_cost": data.draw(st.sampled_from([None, np.linspace(0.5, 1.0, d)])),
        "candidates": data.draw(st.sampled_from([(1, 1), (2, 3), (5, 20)])),
        "ranks": data.draw(st.sampled_from([(0, 0), (1, 1), (3, 0)])),
        "with_components_gradient": r is not None,
    }
    fast = _core.prototype_loss(*args, **settings)
    slow = _core.prototype_loss_reference(*args, **settings)
    assert fast[0] == pytest.approx(slow[0], rel=1e-7, abs=1e-9)
    np.testing.assert_allclose(fast[3], slow[3], rtol=1e-7, atol=1e-8)
    for ours, twin in zip(fast[1:3], slow[1:3], strict=True):
        assert (ours is None) == (twin is None)
        if twin is not None:
            scale = max(1.0, float(np.abs(twin).max()))
            np.testing.assert_allclose(ours / scale, twin / scale, atol=1e-7)


@pytest.mark.parametrize(("kind", "target"), LOSSES)
@pytest.mark.parametrize("q", NORMS)
@pytest.mark.parametrize("r", [None, 3, 6, 8])
def test_gradients_are_derivatives(kind: Any, target: float, q: Any, r: int | None) -> None:
    args = problem(3, r=r)
    settings: dict[str, Any] = {"kind": kind, "target": target, "dual_norm": q, "ranks": (1, 1)}
    settings["inverse_cost"] = np.linspace(0.5, 1.5, 6)
    found = _core.prototype_loss(*args, **settings, with_components_gradient=r is not None)
    for position, gradient in ((2, found[1]), (4, found[2])):
        if gradient is None:
            continue
        numeric, step = np.empty_like(gradient), 1e-6
        for index in np.ndindex(*gradient.shape):
            values = []
            for side in (step, -step):
                moved = list(args)
                moved[position] = args[position].copy()
                moved[position][index] += side
                values.append(_core.prototype_loss(*moved, **settings)[0])
            numeric[index] = (values[0] - values[1]) / (2.0 * step)
        np.testing.assert_allclose(gradient, numeric, rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize("r", [None, 8])
def test_threads_do_not_show(r: int | None) -> None:
    args = problem(5, m=1500, n=40, d=11, r=r)
    with runtime.single_threaded_blas():
        results = [
            _core.prototype_loss(*args, with_components_gradient=r is not None, num_threads=threads)
            for threads in (1, 2, 3, 7)
        ]
    for other in results[1:]:
        for a, b in zip(results[0], other, strict=True):
            np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("q", NORMS)
def test_coinciding_prototypes_are_passed_over(q: Any) -> None:
    Z, y = np.array([[0.2, 0.0]]), np.array([0], dtype=np.int32)
    P, labels = np.array([[0.0, 0.0], [0.0, 0.0]]), np.array([0, 1], dtype=np.int32)
    loss, gradient, _, bounds = _core.prototype_loss(Z, y, P, labels, dual_norm=q)
    assert (loss, bounds[0]) == (0.0, 0.0)
    np.testing.assert_array_equal(gradient, 0.0)
    P, labels = np.vstack([P, [[1.0, 0.0]]]), np.array([0, 1, 1], dtype=np.int32)
    assert _core.prototype_loss(Z, y, P, labels, dual_norm=q)[3][0] == pytest.approx(0.3)


def test_malformed_arguments() -> None:
    Z, y, P, labels, _ = problem(7)
    call = _core.prototype_loss
    with pytest.raises(
        ValueError, match="prototypes must have as many columns as points, 6, got 5"
    ):
        call(Z, y, np.ones((14, 5)), labels)
    with pytest.raises(
        ValueError, match="components must have as many columns as points, 6, got 5"
    ):
        call(Z, y, P, labels, np.ones((4, 5)))
    with pytest.raises(ValueError, match="points_labels must be one-dimensional of length 60"):
        call(Z, y[:-1], P, labels)
    with pytest.raises(ValueError, match="points must not be empty"):
        call(Z[:0], y[:0], P, labels)
    with pytest.raises(ValueError, match="inverse_cost must be one-dimensional of length 6"):
        call(Z, y, P, labels, inverse_cost=np.ones(5))
    with pytest.raises(ValueError, match="prototypes must be of class 9 and of another, got 0"):
        call(Z, y + np.int32(9) * (y == 0), P, labels)
    with pytest.raises(ValueError, match="own_candidates and other_candidates must be at least 1"):
        call(Z, y, P, labels, candidates=(0, 1))
    with pytest.raises(ValueError, match="components must be given"):
        call(Z, y, P, labels, with_components_gradient=True)
