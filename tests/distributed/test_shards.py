"""Radii from shards of a training set are those of the whole set, bit for bit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from helpers import Problem, problem, problems
from hypothesis import given

import robust_metric as rm
from robust_metric.distributed.shards import Rows, Rule, anchors, certify_shards, merge


def cut(p: Problem, classes: np.ndarray, parts: int, rng: np.random.Generator) -> list[Rows]:
    """The training set in parts of random length."""
    y = np.searchsorted(classes, p.y).astype(np.int32)
    inner = rng.choice(np.arange(1, len(p.X)), size=min(parts, len(p.X)) - 1, replace=False)
    return [
        Rows(rows, np.ascontiguousarray(p.X[rows]), y[rows])
        for rows in np.split(np.arange(len(p.X)), np.sort(inner))
    ]


def on(shards: list[Rows]) -> Callable[..., list[Any]]:
    return lambda function, *arguments: [function(shard, *arguments) for shard in shards]


def sharded(
    p: Problem, parts: int, truth: np.ndarray | None = None, threat: rm.ThreatModel | None = None
) -> tuple[np.ndarray, np.ndarray]:
    classes = np.unique(p.y)
    rule = Rule(p.k, len(classes), p.L, threat or rm.ThreatModel())
    shards = cut(p, classes, parts, np.random.default_rng(parts))
    radius, label = certify_shards(on(shards), rule, p.Z, truth, 3)
    return radius, classes[label]


@given(problems())
def test_shards_give_the_bits_of_the_whole(p: Problem) -> None:
    whole = p.classifier().certify(p.Z)
    for parts in (1, 2, 5):
        radius, label = sharded(p, parts)
        np.testing.assert_array_equal(label, whole.label)
        np.testing.assert_array_equal(radius, whole.radius)


@pytest.mark.parametrize("k", [1, 4, 11])
@pytest.mark.parametrize(
    "threat",
    [
        rm.ThreatModel(),
        rm.ThreatModel(norm=1, feature_cost=[1.0, 2.0, 0.5, np.inf, 1.0, 3.0]),
        rm.ThreatModel(norm=np.inf, bounds=(-4.0, 4.0), clip_queries=True),
    ],
    ids=["euclidean", "1-norm, costs", "infinity-norm, box"],
)
def test_larger_sets(k: int, threat: rm.ThreatModel) -> None:
    p = problem(7, "normal", "square", 4, k, 6, 3000, queries=40)
    Z = threat.admit(p.Z)
    p = Problem(p.X, p.y, Z, k, p.L)
    clf = rm.CertifiedKNeighborsClassifier(k, p.L, threat).fit(p.X, p.y)
    truth = np.random.default_rng(0).integers(0, 4, len(Z)).astype(np.int32)
    for y in (None, truth):
        whole = clf.certify(Z, y)
        radius, label = sharded(p, 7, y, threat)
        np.testing.assert_array_equal(label, whole.label)
        np.testing.assert_array_equal(radius, whole.radius)
        assert (radius > 0.0).any()


def test_single_precision_and_sorted_classes() -> None:
    """A shard may hold one class only, and none of the K nearest."""
    p = problem(3, "pixels", "euclidean", 3, 5, 20, 400, queries=20)
    order = np.argsort(p.y, kind="stable")
    p = Problem(p.X[order].astype(np.float32), p.y[order], p.Z, 5)
    whole = rm.CertifiedKNeighborsClassifier(5).fit(p.X, p.y).certify(p.Z)
    radius, label = sharded(p, 6)
    np.testing.assert_array_equal(label, whole.label)
    np.testing.assert_array_equal(radius, whole.radius)


def test_few_points_are_exchanged() -> None:
    """The core stays small: shards hand over the points that decide, not themselves."""
    p = problem(5, "normal", "euclidean", 2, 3, 3, 4000, queries=10)
    classes = np.unique(p.y)
    shards = cut(p, classes, 4, np.random.default_rng(0))
    sizes: list[int] = []

    def run(function: Callable[..., Any], *arguments: Any) -> list[Any]:
        sizes.extend(len(a.ids) for a in arguments if isinstance(a, Rows))
        return on(shards)(function, *arguments)

    certify_shards(run, Rule(3, 2, None, rm.ThreatModel()), p.Z, None, 100)
    assert 2 <= len(sizes) <= 6, "exchanges"
    assert max(sizes) < 600


def test_merge_keeps_the_order_of_the_whole_set() -> None:
    X = np.arange(12.0).reshape(6, 2)
    y = np.arange(6, dtype=np.int32) % 2
    whole = Rows(np.arange(6), X, y)
    both = merge(whole.take(np.array([3, 5])), whole.take(np.array([0, 3, 4])))
    np.testing.assert_array_equal(both.ids, [0, 3, 4, 5])
    np.testing.assert_array_equal(both.X, X[[0, 3, 4, 5]])
    np.testing.assert_array_equal(both.y, y[[0, 3, 4, 5]])


def test_anchors_hold_every_class_and_the_extremes() -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(50, 3))
    X[40, 1], X[41, 2] = 100.0, -100.0
    rows = Rows(np.arange(100, 150), X, (np.arange(50) % 3).astype(np.int32))
    kept = anchors(rows, Rule(2, 4, None, rm.ThreatModel()))
    np.testing.assert_array_equal(kept.ids, [100, 101, 102, 103, 104, 105, 140, 141])
