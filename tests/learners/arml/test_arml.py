"""ARML as a scikit-learn transformer, and what it is for: larger certified radii."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.datasets import load_iris
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import parametrize_with_checks

import robust_metric as rm
from robust_metric.learners.arml import training


@parametrize_with_checks(
    [
        rm.ARML(max_iter=5),
        rm.ARML(n_components=1, max_iter=5, early_stopping=True),
    ],
    # steps draw triplets at random, by the weights of their points
    expected_failed_checks=lambda estimator: {
        "check_sample_weight_equivalence_on_dense_data": "steps draw points by their weights",
    },
)
def test_scikit_learn_conventions(estimator, check) -> None:
    check(estimator)


def noisy_problem(seed: int = 0, n: int = 400) -> tuple[np.ndarray, ...]:
    """Two informative features among ten of noise: the Euclidean metric does badly."""
    random = np.random.default_rng(seed)
    X = random.uniform(size=(n, 12))
    y = (X[:, 0] + X[:, 1] > 1.0).astype(int)
    half = n // 2
    return X[:half], X[half:], y[:half], y[half:]


@pytest.mark.parametrize("n_neighbors", [1, 11])
def test_certified_radii_grow(n_neighbors: int) -> None:
    X_train, X, y_train, y = noisy_problem()
    arml = rm.ARML(max_iter=100).fit(X_train, y_train)
    euclidean, learned = (
        rm.certified_radii(X_train, y_train, X, y, n_neighbors=n_neighbors, components=L)
        for L in (None, arml.components_)
    )
    assert learned.mean() > 1.5 * euclidean.mean()
    assert np.mean(learned == 0.0) < np.mean(euclidean == 0.0)
    # the informative features carry the metric
    M = arml.get_mahalanobis_matrix()
    assert np.diag(M)[:2].min() > 2.0 * np.diag(M)[2:].max()


def test_attributes() -> None:
    X, y = load_iris(return_X_y=True)
    arml = rm.ARML(n_components=2, max_iter=23).fit(X, y)
    assert arml.components_.shape == (2, 4)
    assert arml.n_features_in_ == 4
    assert arml.n_iter_ == len(arml.loss_curve_) == 23
    assert np.sum(arml.components_**2) == pytest.approx(2.0)
    assert list(arml.get_feature_names_out()) == ["arml0", "arml1"]
    np.testing.assert_allclose(arml.transform(X), X @ arml.components_.T)
    np.testing.assert_allclose(arml.get_mahalanobis_matrix(), arml.components_.T @ arml.components_)


def test_pair_distance_is_the_distance_of_transformed_points() -> None:
    X, y = load_iris(return_X_y=True)
    arml = rm.ARML(max_iter=5).fit(X, y)
    embedded = arml.transform(X)
    expected = np.linalg.norm(embedded[:75] - embedded[75:], axis=1)
    pairs = np.stack([X[:75], X[75:]], axis=1)
    np.testing.assert_allclose(arml.pair_distance(pairs), expected, rtol=1e-12)
    with pytest.raises(ValueError, match=r"pairs must have shape \(n, 2, 4\), got \(75, 4\)"):
        arml.pair_distance(X[:75])


def test_loss_falls() -> None:
    X, _, y, _ = noisy_problem(1)
    curve = rm.ARML(max_iter=100).fit(X, y).loss_curve_
    assert np.mean(curve[-20:]) < np.mean(curve[:20])


@pytest.mark.parametrize("n_components", [None, 3])
def test_runs_repeat_bit_for_bit(n_components: int | None) -> None:
    X, _, y, _ = noisy_problem(2, n=800)
    fits = [
        rm.ARML(n_components, max_iter=25, batch_size=300, n_jobs=n_jobs).fit(X, y)
        for n_jobs in (1, 1, 2, 3)
    ]
    for other in fits[1:]:
        np.testing.assert_array_equal(other.components_, fits[0].components_)
        assert other.loss_curve_ == fits[0].loss_curve_


@pytest.fixture
def long_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take every L for one of many entries: float32, candidates by the leading directions."""
    monkeypatch.setattr(training, "_SINGLE", 1)
    monkeypatch.setattr(training, "_LEADING", 1)


@pytest.mark.usefixtures("long_rows")
def test_long_rows_repeat_bit_for_bit() -> None:
    test_runs_repeat_bit_for_bit(3)


def test_long_rows_are_learned_from_alike(request: pytest.FixtureRequest) -> None:
    X, _, y, _ = noisy_problem(2, n=800)
    double = rm.ARML(max_iter=12).fit(X, y)
    request.getfixturevalue("long_rows")
    single = rm.ARML(max_iter=12).fit(X, y)
    assert not np.array_equal(single.components_, double.components_)
    np.testing.assert_allclose(single.loss_curve_[:3], double.loss_curve_[:3], rtol=1e-4)
    np.testing.assert_allclose(single.loss_curve_, double.loss_curve_, rtol=0.05)


@pytest.mark.usefixtures("long_rows")
@pytest.mark.parametrize("factor", [1e-200, 1e200])
def test_long_rows_in_any_unit(factor: float) -> None:
    test_units_do_not_matter(factor)


def test_random_state_matters() -> None:
    X, _, y, _ = noisy_problem(3)
    a, b = (rm.ARML(max_iter=10, random_state=seed).fit(X, y).components_ for seed in (0, 1))
    assert not np.array_equal(a, b)


@pytest.mark.parametrize("factor", [1e-200, 1e-30, 1e200])
def test_units_do_not_matter(factor: float) -> None:
    X, _, y, _ = noisy_problem(4)
    plain, scaled = (rm.ARML(max_iter=20).fit(Z, y) for Z in (X, X * factor))
    np.testing.assert_allclose(scaled.components_, plain.components_, rtol=1e-3, atol=1e-3)
    np.testing.assert_allclose(
        scaled.loss_curve_, np.multiply(plain.loss_curve_, factor), rtol=1e-3
    )


def test_large_offset_does_not_matter() -> None:
    X, _, y, _ = noisy_problem(5)
    plain, moved = (rm.ARML(max_iter=20).fit(Z, y) for Z in (X, X + 1024.0))
    np.testing.assert_allclose(moved.components_, plain.components_, rtol=1e-2, atol=1e-2)


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    n=st.integers(3, 30),
    d=st.integers(1, 5),
    classes=st.integers(2, 4),
    n_candidates=st.integers(1, 20),
    batch_size=st.integers(1, 40),
)
def test_awkward_data(
    seed: int, n: int, d: int, classes: int, n_candidates: int, batch_size: int
) -> None:
    """Duplicates, also across classes, constant features, tiny classes, many candidates."""
    random = np.random.default_rng(seed)
    X = random.integers(2, size=(n, d)).astype(float)
    X[:, 0] = 1.0
    y = random.integers(classes, size=n)
    y[:3] = 0, 0, 1
    r = int(random.integers(1, d + 1))
    arml = rm.ARML(r, n_candidates, max_iter=12, batch_size=batch_size).fit(X, y)
    assert arml.components_.shape == (r, d)
    assert np.isfinite(arml.components_).all()
    assert np.isfinite(arml.loss_curve_).all()


def test_nothing_to_tell_apart() -> None:
    arml = rm.ARML(max_iter=3).fit(np.zeros((6, 2)), [0, 0, 0, 1, 1, 1])
    np.testing.assert_array_equal(arml.components_, np.eye(2))
    assert arml.loss_curve_ == [0.0, 0.0, 0.0]


@pytest.mark.parametrize("labels", [["b", "a"], [7.0, -1.0], [True, False]])
def test_any_labels(labels: list) -> None:
    X, _, y, _ = noisy_problem(6)
    plain = rm.ARML(max_iter=5).fit(X, 1 - y).components_
    named = rm.ARML(max_iter=5).fit(X, np.array(labels)[y]).components_
    np.testing.assert_array_equal(named, plain)


def test_fits_into_scikit_learn() -> None:
    X_train, X, y_train, y = noisy_problem(7)
    pipeline = make_pipeline(rm.ARML(max_iter=50), KNeighborsClassifier(5))
    search = GridSearchCV(pipeline, {"arml__n_components": [1, 2, None]}, cv=2)
    assert search.fit(X_train, y_train).score(X, y) > 0.9
    again = pickle.loads(pickle.dumps(search.best_estimator_))
    np.testing.assert_array_equal(again.predict(X), search.predict(X))


def test_verbose_shows_progress(capsys: pytest.CaptureFixture[str]) -> None:
    X, y = load_iris(return_X_y=True)
    rm.ARML(max_iter=3).fit(X, y)
    assert capsys.readouterr().err == ""
    rm.ARML(max_iter=3, verbose=1).fit(X, y)
    assert "ARML" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("X", "y", "message"),
    [
        (np.eye(4), [1, 1, 1, 1], "y must have at least two classes .* got one class: 1"),
        (np.eye(3), [0, 1, 2], "at least two points in some class, got 3 classes of one point"),
        (np.array([[np.nan, 1.0], [0.0, 1.0], [1.0, 1.0]]), [0, 0, 1], "NaN"),
        (np.array([[np.inf, 1.0], [0.0, 1.0], [1.0, 1.0]]), [0, 0, 1], "infinity"),
        (np.array([[1e300, 1.0], [0.0, 1.0], [1.0, 1.0]]), [0, 0, 1], "X must not exceed 1e\\+290"),
        (np.eye(4), [0, 0, 1], "inconsistent numbers of samples"),
        (np.empty((0, 2)), [], "0 sample"),
        (np.eye(4), [0.1, 0.2, 0.3, 0.4], "Unknown label type: continuous"),
    ],
)
def test_bad_data(X: np.ndarray, y: list, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        rm.ARML().fit(X, y)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"n_components": 0}, "n_components must be an integer of at least 1, got 0"),
        ({"n_components": 5}, "n_components must be at most the number of features, 4, got 5"),
        ({"n_components": 2.0}, "n_components must be an integer of at least 1, got 2.0"),
        ({"n_candidates": 0}, "n_candidates must be an integer of at least 1, got 0"),
        ({"max_iter": -1}, "max_iter must be an integer of at least 1, got -1"),
        ({"target_radius": 0.0}, "target_radius must be a positive number or None, got 0.0"),
        ({"shape": "round"}, "shape must be one of \\('full', 'diagonal'\\), got 'round'"),
        ({"shape": "diagonal", "n_components": 2}, 'None or 4 with shape="diagonal", got 2'),
        ({"triplets": "all"}, "triplets must be one of .* got 'all'"),
        ({"schedule": None}, "schedule must be one of .* got None"),
        ({"norm": 3}, "norm must be 1, 2 or inf, got 3"),
        ({"callback": 1}, "callback must be callable or None, got 1"),
        ({"validation_fraction": 1.0}, "validation_fraction must lie between 0 and 1, got 1.0"),
        ({"n_iter_no_change": 0}, "n_iter_no_change must be an integer of at least 1, got 0"),
        ({"batch_size": True}, "batch_size must be an integer of at least 1, got True"),
        ({"batch_size": "all"}, "batch_size must be an integer, \"auto\" or None, got 'all'"),
        ({"batch_size": 0}, "batch_size must be an integer of at least 1, got 0"),
        ({"learning_rate": 0.0}, "learning_rate must be a positive number or None, got 0.0"),
        ({"learning_rate": np.nan}, "learning_rate must be a positive number or None, got nan"),
        ({"learning_rate": "fast"}, "learning_rate must be a positive number or None, got 'fast'"),
        ({"n_jobs": 0}, "n_jobs must not be 0"),
    ],
)
def test_bad_parameters(parameters: dict, message: str) -> None:
    X, y = load_iris(return_X_y=True)
    with pytest.raises(ValueError, match=message):
        rm.ARML(**parameters).fit(X, y)


def test_wrong_width() -> None:
    X, y = load_iris(return_X_y=True)
    arml = rm.ARML(max_iter=2).fit(X, y)
    with pytest.raises(ValueError, match="X has 3 features, but ARML is expecting 4"):
        arml.transform(X[:, :3])


def test_metric_and_scores_agree_with_pair_distance() -> None:
    X, y = load_iris(return_X_y=True)
    arml = rm.ARML(max_iter=5).fit(X, y)
    pairs = np.stack([X[:4], X[75:79]], axis=1)
    distance = arml.get_metric()
    expected = arml.pair_distance(pairs)
    np.testing.assert_allclose([distance(u, v) for u, v in pairs], expected, rtol=1e-12)
    np.testing.assert_array_equal(arml.pair_score(pairs), -expected)
