"""Candidate search against sorting all distances."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from robust_metric import _core
from robust_metric._base import runtime


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    n=st.integers(1, 60),
    d=st.integers(1, 5),
    k=st.integers(1, 70),
    classes=st.integers(1, 4),
)
def test_equals_the_slow_twin_ties_and_all(seed: int, n: int, d: int, k: int, classes: int) -> None:
    random = np.random.default_rng(seed)
    # small integers: distances are exact, duplicates and ties abound
    Z = random.integers(-2, 3, size=(n, d)).astype(np.float64)
    y = random.integers(classes, size=n).astype(np.int32)
    anchors = random.permutation(n)[: random.integers(1, n + 1)]
    fast = _core.find_candidates(Z, y, anchors, k)
    slow = _core.find_candidates_reference(Z, y, anchors, k)
    np.testing.assert_array_equal(fast[0], slow[0])
    np.testing.assert_array_equal(fast[1], slow[1])


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    n=st.integers(1, 60),
    d=st.integers(1, 5),
    k=st.integers(1, 20),
    leading=st.integers(0, 6),
    single=st.booleans(),
)
def test_leading_coordinates_and_precision_do_not_show(
    seed: int, n: int, d: int, k: int, leading: int, single: bool
) -> None:
    random = np.random.default_rng(seed)
    Z = random.integers(-2, 3, size=(n, d)).astype(np.float64)
    y = random.integers(3, size=n).astype(np.int32)
    given_points = Z.astype(np.float32) if single else Z
    fast = _core.find_candidates(given_points, y, np.arange(n), k, leading=leading)
    slow = _core.find_candidates_reference(Z, y, np.arange(n), k)
    np.testing.assert_array_equal(fast[0], slow[0])
    np.testing.assert_array_equal(fast[1], slow[1])


def test_leading_coordinates_of_many_points() -> None:
    random = np.random.default_rng(3)
    Z = random.normal(size=(1700, 40)) * 0.8 ** np.arange(40)
    y = np.sort(random.integers(3, size=1700)).astype(np.int32)
    anchors = random.permutation(1700)[:300]
    for found, all_of_it in zip(
        _core.find_candidates(Z, y, anchors, 12, num_threads=2, leading=8),
        _core.find_candidates(Z, y, anchors, 12),
        strict=True,
    ):
        np.testing.assert_array_equal(found, all_of_it)


def test_many_tiles() -> None:
    random = np.random.default_rng(0)
    Z = random.normal(size=(1700, 20))
    y = random.integers(3, size=1700).astype(np.int32)
    anchors = random.permutation(1700)[:300]
    for fast, slow in zip(
        _core.find_candidates(Z, y, anchors, 12),
        _core.find_candidates_reference(Z, y, anchors, 12),
        strict=True,
    ):
        np.testing.assert_array_equal(fast, slow)


def test_threads_do_not_show() -> None:
    random = np.random.default_rng(1)
    Z = random.normal(size=(900, 8))
    y = random.integers(4, size=900).astype(np.int32)
    with runtime.single_threaded_blas():
        found = [
            _core.find_candidates(Z, y, np.arange(900), 10, num_threads=threads)
            for threads in (1, 2, 5)
        ]
    for own, other in found[1:]:
        np.testing.assert_array_equal(own, found[0][0])
        np.testing.assert_array_equal(other, found[0][1])


def test_missing_candidates_are_marked() -> None:
    Z = np.array([[0.0], [1.0], [3.0]])
    own, other = _core.find_candidates(Z, np.array([0, 0, 1], np.int32), np.arange(3), 2)
    np.testing.assert_array_equal(own, [[1, -1], [0, -1], [-1, -1]])
    np.testing.assert_array_equal(other, [[2, -1], [2, -1], [1, 0]])


def test_no_anchors() -> None:
    none = np.arange(0)
    own, other = _core.find_candidates(np.ones((3, 2)), np.zeros(3, np.int32), none, 4)
    assert own.shape == other.shape == (0, 4)


def test_malformed_arguments() -> None:
    Z, y, anchors = np.ones((3, 2)), np.zeros(3, np.int32), np.arange(3)
    with pytest.raises(ValueError, match="labels must be one-dimensional of length 3, got 2"):
        _core.find_candidates(Z, y[:2], anchors, 1)
    with pytest.raises(ValueError, match="k must be at least 1, got 0"):
        _core.find_candidates(Z, y, anchors, 0)
    with pytest.raises(ValueError, match="anchors must be rows of the 3 points, got 3"):
        _core.find_candidates(Z, y, anchors + 1, 1)
    with pytest.raises(ValueError, match="embedded must have 2 dimensions, got 1"):
        _core.find_candidates(Z[0], y, anchors, 1)


def test_interrupt_reaches_the_caller() -> None:
    def stop(done: int) -> None:
        raise KeyboardInterrupt

    random = np.random.default_rng(2)
    Z = random.normal(size=(12000, 64))
    y = random.integers(2, size=12000).astype(np.int32)
    with pytest.raises(KeyboardInterrupt):
        _core.find_candidates(Z, y, np.arange(12000), 5, num_threads=2, progress=stop)
