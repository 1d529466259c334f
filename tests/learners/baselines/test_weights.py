"""Weights of points: in LFDA as repeated rows; the other baselines have none, for the reasons in the docs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from robust_metric.baselines import AML, CAP, ITML, LFDA, LMNN, NCA, ITML_Supervised


def metric(learner: Any) -> Any:
    return learner.components_.T @ learner.components_


@settings(max_examples=40, deadline=None)
@given(
    st.integers(0, 10**6),
    st.sampled_from([1, 3, 7]),
    st.sampled_from(["weighted", "plain", "orthonormalized"]),
)
def test_whole_weights_are_repeated_rows(seed: int, k: int, embedding: str) -> None:
    rng = np.random.default_rng(seed)
    y = np.repeat(np.arange(3), 12)
    X = rng.normal(size=(36, 3)) + y[:, None]
    weights = rng.integers(0, 4, 36)
    weights[[0, 1, 12, 13, 24, 25]] = 1
    whole = LFDA(k=k, embedding_type=embedding)
    whole.fit(np.repeat(X, weights, axis=0), np.repeat(y, weights))
    found = LFDA(k=k, embedding_type=embedding).fit(X, y, sample_weight=weights)
    assert np.allclose(
        metric(found), metric(whole), rtol=1e-6, atol=1e-9 * np.abs(metric(whole)).max()
    )


def test_ones_are_no_weights_and_classes_multiply() -> None:
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(60, 4)), rng.integers(0, 3, 60)
    plain = LFDA().fit(X, y)
    assert np.allclose(metric(LFDA().fit(X, y, np.ones(60))), metric(plain), rtol=1e-8)
    doubled = LFDA(class_weight={0: 2, 1: 1, 2: 1}).fit(X, y)
    by_point = LFDA().fit(X, y, np.where(y == 0, 2.0, 1.0))
    assert np.allclose(metric(doubled), metric(by_point)) and not np.allclose(
        metric(doubled), metric(plain)
    )
    fractions = LFDA(class_weight="balanced").fit(X, y, rng.uniform(0.1, 2.0, 60))
    assert np.isfinite(fractions.components_).all()


@pytest.mark.parametrize("weights", [[1.0], np.full(6, -1.0), np.full(6, np.nan), np.zeros(6)])
def test_what_is_no_weight(weights: Any) -> None:
    X, y = np.arange(12.0).reshape(6, 2), [0, 1] * 3
    with pytest.raises(ValueError, match="sample_weight must"):
        LFDA().fit(X, y, weights)


def test_a_class_without_weight_is_none() -> None:
    X, y = np.arange(12.0).reshape(6, 2), [0, 1] * 3
    with pytest.raises(ValueError, match="y must have at least two classes"):
        LFDA().fit(X, y, [1, 0] * 3)


@pytest.mark.parametrize("learner", [LMNN, NCA, CAP, AML, ITML, ITML_Supervised])
def test_the_others_refuse_weights_by_name(learner: Any) -> None:
    with pytest.raises(TypeError, match="sample_weight"):
        learner().fit(np.eye(4), [0, 1, 0, 1], sample_weight=np.ones(4))
    with pytest.raises(TypeError, match="class_weight"):
        learner(class_weight="balanced")
