"""The pair that decides a bound, against sorting every pair's bound."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from robust_metric import _core
from robust_metric._base import runtime


def problem(
    seed: int, n: int, d: int, r: int, classes: int, k: int, draws: int
) -> tuple[Any, Any, Any, Any, Any, Any, Any]:
    random = np.random.default_rng(seed)
    X = random.normal(size=(n, d))
    L = random.normal(size=(r, d))
    y = random.integers(classes, size=n).astype(np.int32)
    Z = np.ascontiguousarray(X @ L.T)
    anchors = np.arange(n)
    own, other = _core.find_candidates(Z, y, anchors, k)
    ranks = random.integers(k + 2, size=(2, n, draws))
    return Z, np.ascontiguousarray(Z @ L), anchors, own, other, ranks[0], ranks[1]


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    n=st.integers(1, 40),
    d=st.integers(2, 6),
    r=st.integers(2, 6),
    classes=st.integers(1, 3),
    k=st.integers(1, 8),
    draws=st.integers(1, 3),
    dual=st.sampled_from([_core.Norm.one, _core.Norm.two, _core.Norm.infinity]),
)
def test_equals_the_slow_twin(
    seed: int, n: int, d: int, r: int, classes: int, k: int, draws: int, dual: _core.Norm
) -> None:
    arguments = problem(seed, n, d, r, classes, k, draws)
    for fast, slow in zip(
        _core.deciding_pairs(*arguments, dual),
        _core.deciding_pairs_reference(*arguments, dual),
        strict=True,
    ):
        assert fast.shape == (n, draws)
        np.testing.assert_array_equal(fast, slow)


def test_in_float32() -> None:
    Z, normals, *tables = problem(4, 200, 5, 5, 3, 9, 4)
    single = _core.deciding_pairs(Z.astype(np.float32), normals.astype(np.float32), *tables)
    double = _core.deciding_pairs(Z, normals, *tables)
    for found, expected in zip(single, double, strict=True):  # but for near-ties
        assert np.mean(found == expected) > 0.99


def test_duplicates_across_classes_come_last() -> None:
    # point 1 (own) and point 2 (other) coincide: that pair bounds nothing
    Z = np.array([[0.0], [1.0], [1.0], [4.0]])
    first = np.array([[0]])
    own, other = np.array([[1]]), np.array([[2]])
    near, far = _core.deciding_pairs(Z, Z, np.array([0]), own, other, first, first)
    assert (near.item(), far.item()) == (1, 2)  # there is no other choice
    own, other = np.array([[1, -1]]), np.array([[2, 3]])
    near, far = _core.deciding_pairs(Z, Z, np.array([0]), own, other, first, first)
    assert (near.item(), far.item()) == (1, 3)


def test_threads_do_not_show() -> None:
    arguments = problem(1, 300, 5, 4, 3, 9, 4)
    with runtime.single_threaded_blas():
        found = [_core.deciding_pairs(*arguments, num_threads=threads) for threads in (1, 2, 5)]
    for near, far in found[1:]:
        np.testing.assert_array_equal(near, found[0][0])
        np.testing.assert_array_equal(far, found[0][1])


def test_anchors_without_candidates_are_marked() -> None:
    Z = np.array([[0.0], [1.0], [3.0]])
    anchors, first = np.arange(3), np.zeros((3, 1), np.int64)
    own, other = _core.find_candidates(Z, np.array([0, 0, 1], np.int32), anchors, 2)
    near, far = _core.deciding_pairs(Z, Z, anchors, own, other, first, first)
    np.testing.assert_array_equal(near.ravel(), [1, 0, -1])
    np.testing.assert_array_equal(far.ravel(), [2, 2, -1])


def test_malformed_arguments() -> None:
    Z, normals, anchors, own, other, near, far = problem(0, 12, 3, 2, 2, 4, 2)

    def call(**changes):
        names = ("embedded", "normals", "anchors", "own", "other", "near_rank", "far_rank")
        arguments = dict(zip(names, (Z, normals, anchors, own, other, near, far), strict=True))
        return _core.deciding_pairs(**{**arguments, **changes})

    with pytest.raises(ValueError, match="embedded and normals must have as many rows, got 11"):
        call(embedded=Z[:-1].copy())
    with pytest.raises(ValueError, match="as many columns"):
        call(own=own[:, :-1].copy())
    with pytest.raises(ValueError, match="own and other must hold k candidates for each anchor"):
        call(own=own[:-1].copy())
    with pytest.raises(ValueError, match="ranks must have one entry for each anchor and draw, 24"):
        call(near_rank=near[:-1].copy())
    with pytest.raises(ValueError, match="ranks must not be negative"):
        call(far_rank=-1 - far)
    with pytest.raises(ValueError, match="must be rows of the 12 points"):
        call(other=other + 12)
