"""Weights of points and classes, prototypes that are counted by class or given."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import sklearn
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import robust_metric as rm

RNG = np.random.default_rng(0)
X = np.r_[RNG.normal(size=(90, 2)), RNG.normal(size=(20, 2)) + 1.5]
Y = np.r_[np.zeros(90, dtype=int), np.ones(20, dtype=int)]
NAMES = np.array(["many", "few"])[Y]


def prototypes(**parameters: Any) -> rm.CertifiedPrototypeClassifier:
    return rm.CertifiedPrototypeClassifier(
        **{"n_prototypes": 3, "max_iter": 60, "n_jobs": 1} | parameters
    )


def state(learner: Any) -> np.ndarray:
    return learner.components_ if isinstance(learner, rm.ARML) else learner.prototypes_


LEARNERS = {
    "prototypes": prototypes,
    "arml": lambda **parameters: rm.ARML(**{"max_iter": 40, "n_jobs": 1} | parameters),
}


@pytest.mark.parametrize("make", LEARNERS.values(), ids=LEARNERS)
def test_equal_weights_change_nothing(make: Any) -> None:
    plain = state(make().fit(X, NAMES))
    assert np.array_equal(plain, state(make().fit(X, NAMES, sample_weight=np.full(110, 2.5))))
    assert np.array_equal(plain, state(make(class_weight={"many": 3, "few": 3}).fit(X, NAMES)))
    assert not np.array_equal(plain, state(make(class_weight="balanced").fit(X, NAMES)))


@pytest.mark.parametrize("make", LEARNERS.values(), ids=LEARNERS)
def test_weights_of_classes_are_weights_of_their_points(make: Any) -> None:
    balanced = np.where(Y == 1, 110 / 40, 110 / 180)
    by_class = make(class_weight="balanced").fit(X, NAMES)
    assert np.allclose(state(by_class), state(make().fit(X, NAMES, balanced)), rtol=1e-6)
    again = make(class_weight="balanced").fit(X, NAMES)
    assert np.array_equal(state(by_class), state(again))


def test_points_without_weight_are_left_out() -> None:
    weights = RNG.integers(0, 2, 110).astype(float)
    kept = weights > 0
    part = prototypes().fit(X, NAMES, weights)
    # outliers of no weight cannot matter
    moved = np.where(kept[:, None], X, 1e6)
    assert np.array_equal(part.prototypes_, prototypes().fit(moved, NAMES, weights).prototypes_)


def test_a_heavy_class_is_certified_better() -> None:
    errors = []
    for weight in (0.05, 1.0, 20.0):
        clf = prototypes(n_prototypes=2, class_weight={"few": weight}, max_iter=200)
        clf.fit(X, NAMES)
        errors.append(clf.certify(X[Y == 1], NAMES[Y == 1]).robust_error([0.2])[0])
    assert errors[0] > errors[1] >= errors[2] or errors[0] >= errors[1] > errors[2], errors


def test_weights_with_early_stopping_and_a_learned_metric() -> None:
    weights = RNG.random(110) + 0.1
    clf = prototypes(early_stopping=True, metric="learn", batch_size=16).fit(X, NAMES, weights)
    assert len(clf.validation_curve_) > 0
    rm.ARML(max_iter=30, early_stopping=True, n_jobs=1).fit(X, NAMES, weights)


def test_counts_by_class() -> None:
    clf = prototypes(n_prototypes={"many": 5, "few": 2}).fit(X, NAMES)
    labels, counts = np.unique(clf.prototype_labels_, return_counts=True)
    assert dict(zip(labels.tolist(), counts.tolist(), strict=True)) == {"few": 2, "many": 5}
    online = prototypes(n_prototypes={"many": 4, "few": 1})
    online.partial_fit(X, NAMES, classes=["many", "few"])
    assert np.unique(online.prototype_labels_, return_counts=True)[1].tolist() == [1, 4]


def test_given_prototypes() -> None:
    given = np.array([[0.0, 0.0], [1.5, 1.5], [2.0, 1.0]]), ["many", "few", "few"]
    seen: list[np.ndarray] = []

    def first(state: Any) -> bool:
        seen.append(state.prototypes)
        return True

    clf = prototypes(n_prototypes=2, initial_prototypes=given, callback=first, learning_rate=1e-9)
    clf.fit(X, NAMES)
    assert np.allclose(seen[0][:3], given[0], atol=1e-6) and len(seen[0]) == 4
    assert clf.prototype_labels_.tolist() == ["many", "few", "few", "many"]
    assert np.array_equal(given[0], [[0.0, 0.0], [1.5, 1.5], [2.0, 1.0]])
    online = prototypes(n_prototypes=1, initial_prototypes=given)
    assert len(online.partial_fit(X, NAMES, classes=["many", "few"]).prototypes_) == 3
    warm = prototypes(n_prototypes=2, initial_prototypes=given, warm_start=True).fit(X, NAMES)
    assert len(warm.fit(X, NAMES).prototypes_) == 4  # from those of the fit before


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"n_prototypes": {"many": 1}}, "n_prototypes must have a number for each of the classes"),
        ({"n_prototypes": {"many": 1, "few": 0}}, "n_prototypes of 'few' must be an integer of at"),
        ({"n_prototypes": {"many": 1, "few": 1, "no": 1}}, "n_prototypes must have a number for"),
        ({"initial_prototypes": X}, "initial_prototypes must be a pair of"),
        ({"initial_prototypes": (X[:, :1], NAMES)}, r"must have finite points of shape \(k, 2\)"),
        (
            {"initial_prototypes": (X, NAMES[:3])},
            "initial_prototypes: y must have one label per row",
        ),
        ({"initial_prototypes": (X[:1], ["no"])}, "must have labels among the classes"),
        ({"class_weight": {"few": -1.0}}, "class_weight must have finite numbers of at least 0"),
        ({"class_weight": "equal"}, "class_weight"),
    ],
)
def test_wrong_parameters(parameters: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        prototypes(**parameters).fit(X, NAMES)


@pytest.mark.parametrize("make", LEARNERS.values(), ids=LEARNERS)
@pytest.mark.parametrize(
    ("weights", "message"),
    [
        (np.ones(3), r"sample_weight must have one weight for each of 110 points, got \(3,\)"),
        (np.full(110, -1.0), "sample_weight must be finite numbers of at least 0, not all zero"),
        (np.full(110, np.nan), "sample_weight must be finite numbers of at least 0"),
        (np.zeros(110), "sample_weight must be finite numbers of at least 0, not all zero"),
    ],
)
def test_wrong_weights(make: Any, weights: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make().fit(X, NAMES, weights)


def test_weights_are_routed_through_pipelines() -> None:
    weights = RNG.random(110) + 0.1
    with sklearn.config_context(enable_metadata_routing=True):
        last = prototypes().set_fit_request(sample_weight=True)
        scaler = StandardScaler().set_fit_request(sample_weight=False)
        pipeline = make_pipeline(scaler, last).fit(X, NAMES, sample_weight=weights)
    scaled = StandardScaler().fit_transform(X)
    assert np.array_equal(
        pipeline[-1].prototypes_, prototypes().fit(scaled, NAMES, weights).prototypes_
    )


def test_each_class_keeps_a_point() -> None:
    with pytest.raises(
        ValueError, match="sample_weight must leave each class a point, got none of"
    ):
        prototypes().fit(X, NAMES, np.where(Y == 1, 0.0, 1.0))
