"""The objective of LMNN against its slow twin, along walks: what it remembers must not show."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from robust_metric import _core

Float = NDArray[np.float64]


class Problem:
    """Points of a few classes; targets are any points of the class, some are missing."""

    def __init__(self, seed: int, n: int, d: int, k: int, spread: float) -> None:
        self.random = np.random.default_rng(seed)
        # a coarse grid: pairs at the same distance abound
        X = spread * self.random.integers(-3, 4, size=(n, d)).astype(np.float64)
        y = np.sort(self.random.integers(3, size=n)).astype(np.int32)
        anchors = np.flatnonzero(self.random.random(n) < 0.8)
        targets = self.random.integers(n, size=(len(anchors), k))
        targets[y[targets] != y[anchors][:, np.newaxis]] = -1
        self.arguments = X, y, anchors, targets, 0.3

    def move(self, size: float) -> Float:
        d = self.arguments[0].shape[1]
        return size * self.random.normal(size=(d, d))


def assert_close(fast: tuple[float, Float], slow: tuple[float, Float]) -> None:
    assert fast[0] == pytest.approx(slow[0], rel=1e-10)
    np.testing.assert_allclose(fast[1], slow[1], atol=1e-10 * max(1.0, np.abs(slow[1]).max()))


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    n=st.integers(2, 50),
    d=st.integers(1, 5),
    k=st.integers(1, 4),
    spread=st.sampled_from([0.1, 0.4, 3.0]),
    sizes=st.lists(st.sampled_from([1e-6, 1e-3, 0.03, 1.0]), min_size=1, max_size=12),
)
def test_equals_the_slow_twin_along_walks(
    seed: int, n: int, d: int, k: int, spread: float, sizes: list[float]
) -> None:
    problem = Problem(seed, n, d, k, spread)
    loss, L = _core.MarginLoss(*problem.arguments), problem.move(1.0)
    for size in sizes:
        assert_close(loss.evaluate(L), _core.margin_loss_reference(*problem.arguments, L))
        L = L + problem.move(size)


@pytest.mark.usefixtures("instruction_set")
def test_every_instruction_set_agrees_and_lists_are_used() -> None:
    answers = []
    for name in _core.available_instruction_sets():
        _core.force_instruction_set(name)
        problem = Problem(7, 300, 12, 3, 0.2)
        loss, L = _core.MarginLoss(*problem.arguments), np.eye(12)
        for _ in range(5):
            answers.append(loss.evaluate(L))
            L = L + problem.move(1e-3)
        assert_close(loss.evaluate(L), _core.margin_loss_reference(*problem.arguments, L))
    for i, answer in enumerate(answers):
        assert_close(answer, answers[i % 5])


def test_the_gradient_is_that_of_the_value() -> None:
    problem = Problem(3, 80, 4, 2, 0.31)
    loss, L = _core.MarginLoss(*problem.arguments), np.eye(4) + problem.move(0.1)
    direction = problem.move(1e-6)
    ahead, behind = loss.evaluate(L + direction)[0], loss.evaluate(L - direction)[0]
    slope = np.vdot(loss.evaluate(L)[1], 2.0 * direction)
    assert ahead - behind == pytest.approx(slope, rel=1e-5)


def test_malformed_arguments() -> None:
    X, y, anchors, targets, weight = Problem(1, 20, 3, 2, 1.0).arguments
    with pytest.raises(ValueError, match="targets must have a row for each of the"):
        _core.MarginLoss(X, y, anchors, targets[1:], weight)
    with pytest.raises(ValueError, match="anchors must be rows of the 20 points, got 20"):
        _core.MarginLoss(X, y, anchors + 20 - anchors[0], targets, weight)
    with pytest.raises(ValueError, match="targets must be rows of the 20 points, got 99"):
        _core.MarginLoss(X, y, anchors, np.full_like(targets, 99), weight)
    with pytest.raises(ValueError, match=r"must have rows of 3 numbers, got 2 x 2"):
        _core.MarginLoss(X, y, anchors, targets, weight).evaluate(np.eye(2))
