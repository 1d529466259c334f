"""What all learners of `robust_metric.baselines` have in common."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.datasets import load_iris, make_blobs
from sklearn.utils.estimator_checks import parametrize_with_checks

import robust_metric as rm
from robust_metric.baselines import AML, CAP, ITML, LFDA, LMNN, NCA, ITML_Supervised

LEARNERS = [
    LFDA(),
    LMNN(max_iter=60, learn_rate=1e-4, random_state=0),
    ITML_Supervised(max_iter=20, random_state=0),
    NCA(max_iter=5, random_state=0),
    CAP(max_iter=30),
    AML(),
]
IDS = [type(learner).__name__ for learner in LEARNERS]


@parametrize_with_checks([*LEARNERS, ITML()])
def test_scikit_learn_conventions(estimator: Any, check: Any) -> None:
    check(estimator)


def noisy_problem(seed: int = 0, n: int = 300) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Two informative features among eight of noise."""
    random = np.random.default_rng(seed)
    X = random.uniform(size=(n, 10))
    return X, (X[:, 0] + X[:, 1] > 1.0).astype(int)


def hard_data() -> dict[str, tuple[NDArray[np.float64], NDArray[np.int64]]]:
    X, y = noisy_problem(1, 60)
    random = np.random.default_rng(2)
    constant = np.c_[X, np.full(len(X), 3.0)]
    wide = random.normal(size=(12, 40))
    return {
        "collinear": (np.c_[X, X[:, :3] @ random.normal(size=(3, 2)), X[:, 0]], y),
        "constant feature": (constant, y),
        "more features than points": (wide, np.arange(12) % 3),
        "duplicates": (np.repeat(X[:15], 4, axis=0), np.repeat(y[:15], 4)),
        "one point a class": (X[:20], np.r_[np.zeros(19, int), 1]),
        "far from the origin": (X + 1e6, y),
        "no variance": (np.zeros((10, 2)), np.arange(10) % 2),
    }


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("kind", list(hard_data()))
@pytest.mark.parametrize("learner", LEARNERS, ids=IDS)
def test_deficient_data_give_finite_metrics(learner: Any, kind: str) -> None:
    X, y = hard_data()[kind]
    L = clone(learner).fit(X, y).components_
    assert L.shape == (X.shape[1], X.shape[1])
    assert np.isfinite(L).all()


@pytest.mark.parametrize("learner", LEARNERS, ids=IDS)
def test_learners_help_where_the_euclidean_metric_does_badly(learner: Any) -> None:
    X, y = noisy_problem()
    if isinstance(learner, ITML_Supervised):
        learner = ITML_Supervised(n_constraints=1000, random_state=0)
    euclidean, learned = (
        rm.CertifiedKNeighborsClassifier(5, metric and clone(metric), n_jobs=1).fit(
            X[:150], y[:150]
        )
        for metric in (None, learner)
    )
    assert learned.score(X[150:], y[150:]) > euclidean.score(X[150:], y[150:])


@pytest.mark.parametrize("learner", LEARNERS, ids=IDS)
def test_runs_repeat_and_pickle(learner: Any) -> None:
    X, y = noisy_problem(3, 100)
    first = clone(learner).fit(X, y)
    L = first.components_
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(first)).transform(X), X @ L.T)
    np.testing.assert_array_equal(clone(learner).fit(X, y).components_, L)


@pytest.mark.parametrize("learner", [LFDA, LMNN])
def test_threads_change_nothing(learner: Any) -> None:
    X, y = make_blobs(300, 5, centers=4, cluster_std=4.0, random_state=0)
    one, many = (learner(n_jobs=jobs).fit(X / 5, y).components_ for jobs in (1, 3))
    np.testing.assert_array_equal(one, many)


@pytest.mark.parametrize("learner", LEARNERS, ids=IDS)
def test_one_class_is_refused(learner: Any) -> None:
    with pytest.raises(ValueError, match=r"at least two classes .* got one class: 7"):
        learner.fit(np.eye(4), np.full(4, 7))


@pytest.mark.parametrize(
    ("learner", "message"),
    [
        (LFDA(n_components=9), "n_components must be at most the number of features, 4, got 9"),
        (LFDA(embedding_type="x"), "embedding_type must be one of 'weighted', .* got 'x'"),
        (LFDA(k=0), "k must be an integer of at least 1, got 0"),
        (LFDA(regularization=-1), "regularization must be between 0 and 1, got -1"),
        (LMNN(init="x"), "init must be one of 'auto', .* got 'x'"),
        (LMNN(init=np.eye(3)), r"init must have shape \(4, 4\), got \(3, 3\)"),
        (LMNN(learn_rate=0), "learn_rate must be between .* got 0"),
        (LMNN(n_neighbors=1.5), "n_neighbors must be an integer of at least 1, got 1.5"),
        (LMNN(max_samples=0), "max_samples must be an integer of at least 1, got 0"),
        (ITML_Supervised(gamma=0), "gamma must be between .* got 0"),
        (ITML_Supervised(prior=np.ones((4, 4))), "prior must be positive definite, got"),
        (ITML_Supervised(prior=np.eye(3)), r"prior must have shape \(4, 4\), got \(3, 3\)"),
        (ITML_Supervised(prior=np.tri(4)), "prior must be symmetric"),
        (ITML_Supervised(n_constraints=0), "n_constraints must be an integer"),
        (NCA(n_components=9), "n_components must be at most the number of features, 4, got 9"),
    ],
    ids=str,
)
def test_parameters_out_of_range(learner: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        learner.fit(*load_iris(return_X_y=True))


def test_lmnn_needs_a_class_of_two() -> None:
    with pytest.raises(ValueError, match="at least two points in some class, got 4 classes of one"):
        LMNN().fit(np.eye(4), np.arange(4))


def test_lmnn_refuses_scales_beyond_its_margin() -> None:
    X, y = noisy_problem(0, 30)
    with pytest.raises(ValueError, match=r"X is too large for a margin of 1: .* scale it"):
        LMNN().fit(X * 1e200, y)


def test_lmnn_lowers_its_objective() -> None:
    X, y = noisy_problem(4)
    ends = [LMNN(learn_rate=1e-4, max_iter=steps).fit(X, y).objective_ for steps in (3, 30, 90)]
    assert ends[0] > ends[1] > ends[2]


def test_lmnn_of_a_part_of_the_points() -> None:
    X, y = noisy_problem(5)
    lmnn = LMNN(learn_rate=1e-4, max_iter=40, max_samples=100, random_state=0).fit(X, y)
    assert np.isfinite(lmnn.components_).all()
    assert not np.array_equal(lmnn.components_, np.eye(10))


def test_itml_on_pairs() -> None:
    X, y = noisy_problem(6)
    rows = np.random.default_rng(0).integers(len(X), size=(400, 2))
    kinds = np.where(y[rows[:, 0]] == y[rows[:, 1]], 1, -1)
    itml = ITML().fit(X[rows], kinds, bounds=[0.1, 1.0])
    assert np.mean(itml.predict(X[rows]) == kinds) > max(np.mean(kinds == 1), np.mean(kinds == -1))
    np.testing.assert_array_equal(itml.decision_function(X[rows]), -itml.pair_distance(X[rows]))
    assert itml.transform(X).shape == X.shape


@pytest.mark.parametrize(
    ("pairs", "y", "bounds", "message"),
    [
        (np.zeros((2, 4)), [1, -1], None, r"pairs must have shape \(n, 2, d\), got \(2, 4\)"),
        (np.zeros((2, 2, 4)), [1, 0], None, "y must hold 1 or -1 for each of the 2 pairs, got"),
        (np.eye(4).reshape(2, 2, 4), [1, -1], [0, 1], "bounds must be two positive numbers"),
    ],
)
def test_itml_refuses_malformed_pairs(pairs: Any, y: Any, bounds: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ITML().fit(pairs, y, bounds=bounds)


def test_itml_draws_the_pairs_it_says() -> None:
    from robust_metric.learners.baselines.shared import random_pairs

    labels = np.repeat([0, 1, 2], [3, 1, 40]).astype(np.int32)
    random = np.random.RandomState(0)
    for same in (True, False):
        pairs = random_pairs(labels, 50, same, random)
        assert len(np.unique(pairs, axis=0)) == len(pairs) == 50
        assert ((labels[pairs[:, 0]] == labels[pairs[:, 1]]) == same).all()
        assert (pairs[:, 0] != pairs[:, 1]).all()
    few = random_pairs(np.array([0, 0, 1], np.int32), 50, True, random)
    np.testing.assert_array_equal(few, [[0, 1]])
