"""Prototypes that share linear maps: their copies, the gradients through them, and what files keep."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

import robust_metric as rm
from robust_metric.io.model_files import read_model, write_model
from robust_metric.learners.prototypes.frame import Frame
from robust_metric.learners.prototypes.transformations import SharedMaps, linear_maps

Prototypes = rm.CertifiedPrototypeClassifier
Data = tuple[np.ndarray, ...]


@pytest.fixture(scope="module")
def digits() -> Data:
    X, y = load_digits(return_X_y=True)
    return tuple(train_test_split(X / 16.0, y, test_size=500, random_state=0, stratify=y))


def flipped(X: np.ndarray) -> np.ndarray:
    return X.reshape(-1, 8, 8)[:, :, ::-1].reshape(-1, 64)


@pytest.mark.parametrize("n_directions", [None, 20])
def test_rule_has_the_copies_of_each_prototype(digits: Data, n_directions: int | None) -> None:
    X, _, y, _ = digits
    settings = {"max_iter": 20, "n_directions": n_directions}
    clf = Prototypes(3, transformations="image-warps", **settings).fit(X, y)
    assert clf.n_learned_ == 30 and clf.prototypes_.shape == (150, 64)
    np.testing.assert_array_equal(clf.prototype_labels_, np.tile(clf.prototype_labels_[:30], 5))
    assert clf.n_samples_fit_ == 150
    learned, *copies = np.split(clf.prototypes_, 5)
    frame = Frame.of(X, n_directions, np.random.RandomState(0))
    D = np.eye(64) if frame.directions is None else frame.directions.T @ frame.directions
    for copy, A in zip(copies, linear_maps("image-warps", 64), strict=True):
        in_span = (learned @ A.T - frame.centre) @ D + frame.centre
        np.testing.assert_allclose(copy, in_span, atol=1e-10)
        assert np.abs(copy - learned).max() > 0.01


def test_copies_lower_the_error_of_few_prototypes(digits: Data) -> None:
    X, X_test, y, y_test = digits
    target = {"target_radius": 0.6, "max_iter": 200}
    radii = np.linspace(0.0, 0.6, 4)
    few = Prototypes(2, **target).fit(X, y).robust_error(X_test, y_test, radii)
    shared = Prototypes(2, transformations="image-warps", **target).fit(X, y)
    assert shared.robust_error(X_test, y_test, radii).mean() < few.mean()


def test_matrices_sparse_ones_and_functions_are_alike(digits: Data) -> None:
    X, _, y, _ = digits
    A = flipped(np.eye(64)).T
    kinds: tuple[Any, ...] = (A[None], [A], [sparse.csr_matrix(A)], (flipped,))
    fits = [Prototypes(2, transformations=kind, max_iter=5).fit(X, y) for kind in kinds]
    for clf in fits[1:]:
        np.testing.assert_allclose(clf.prototypes_, fits[0].prototypes_, atol=1e-12)
    learned, mirrored = np.split(fits[0].prototypes_, 2)
    np.testing.assert_allclose(mirrored, flipped(learned), atol=1e-12)
    clone(fits[2])


def test_no_maps_are_no_change(digits: Data) -> None:
    X, _, y, _ = digits
    plain = Prototypes(2, max_iter=5).fit(X, y)
    nothing: tuple[Any, ...] = ([], np.empty((0, 64, 64)))
    for none in nothing:
        clf = Prototypes(2, max_iter=5, transformations=none).fit(X, y)
        np.testing.assert_array_equal(clf.prototypes_, plain.prototypes_)


@settings(max_examples=25, deadline=None)
@given(
    st.integers(1, 6), st.integers(0, 4), st.integers(1, 5), st.integers(0, 2**31), st.booleans()
)
def test_gather_is_the_transpose_of_spread(
    d: int, m: int, n: int, seed: int, sparse_: bool
) -> None:
    random = np.random.RandomState(seed)
    X = random.normal(size=(20, d))
    maps: Any = random.normal(size=(m, d, d))
    frame = Frame.of(X, 1 if d > 1 and not sparse_ else None, random)
    shared = SharedMaps.of([sparse.csr_array(A) for A in maps] if sparse_ else maps, frame)
    points, step = random.normal(size=(2, n, frame.dimension))
    gradient = random.normal(size=(n * (m + 1), frame.dimension))
    moved = shared.spread(points + step) - shared.spread(points)
    np.testing.assert_allclose(np.sum(moved * gradient), np.sum(step * shared.gather(gradient)))


def test_goes_on_from_what_was_learned(tmp_path: Path, digits: Data) -> None:
    X, X_test, y, _ = digits
    clf = Prototypes(2, transformations=[flipped], max_iter=20, warm_start=True).fit(X, y)
    before = clf.prototypes_.copy()
    clf.set_params(max_iter=1, learning_rate=1e-9).fit(X, y)
    np.testing.assert_allclose(clf.prototypes_, before, atol=1e-8)
    clf.partial_fit(X, y)
    assert clf.prototypes_.shape == before.shape and clf.n_learned_ == 20
    rm.save_model(clf, tmp_path / "m.npz")
    loaded = rm.load_model(tmp_path / "m.npz")
    np.testing.assert_array_equal(loaded.prototypes_, clf.prototypes_)
    np.testing.assert_array_equal(loaded.certify(X_test).radius, clf.certify(X_test).radius)
    loaded.set_params(n_prototypes=2).partial_fit(X, y)  # with the map that the file keeps
    assert loaded.n_learned_ == 20
    learned, mirrored = np.split(loaded.prototypes_, 2)
    np.testing.assert_allclose(mirrored, flipped(learned), atol=1e-12)
    assert np.abs(learned - clf.prototypes_[:20]).max() > 1e-6


def test_files_keep_the_maps(tmp_path: Path, digits: Data) -> None:
    X, _, y, _ = digits
    random = np.random.RandomState(0)
    maps = [random.normal(size=(64, 64)), sparse.csr_array(np.zeros((64, 64))), flipped]
    clf = Prototypes(1, transformations=maps, max_iter=2).fit(X, y)
    rm.save_model(clf, tmp_path / "own.npz")
    found = linear_maps(rm.load_model(tmp_path / "own.npz").transformations, 64)  # type: ignore[attr-defined]
    for A, B in zip(found, linear_maps(maps, 64), strict=True):
        np.testing.assert_array_equal(A.toarray(), B if isinstance(B, np.ndarray) else B.toarray())
    named = Prototypes(1, transformations="image-warps", max_iter=2).fit(X, y)
    rm.save_model(named, tmp_path / "named.npz")
    assert rm.load_model(tmp_path / "named.npz").get_params()["transformations"] == "image-warps"
    named.set_params(transformations=None)  # what the points come of is known no more
    rm.save_model(named, tmp_path / "plain.npz")
    assert rm.load_model(tmp_path / "plain.npz").get_params()["transformations"] is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"n_learned": 7},
        {"n_maps": 2},
        {"n_learned": 0},
        {"n_maps": True},
        {"name": 3},
        {"name": "image-warps"},
        {"name": "unknown"},
        {"places": np.full((64, 3), 64)},
        {"places": np.full((64, 3), -1)},
        {"places": np.zeros((64, 2), dtype=np.int64)},
        {"values": np.full(64, np.inf)},
        {"values": np.zeros(3)},
    ],
)
def test_damaged_maps_are_refused(tmp_path: Path, digits: Data, wrong: dict[str, Any]) -> None:
    X, _, y, _ = digits
    clf = Prototypes(1, transformations=[flipped], max_iter=2).fit(X, y)
    rm.save_model(clf, tmp_path / "m.npz")
    model = read_model(tmp_path / "m.npz")
    assert model.shared is not None
    write_model(model._replace(shared=model.shared._replace(**wrong)), tmp_path / "m.npz")
    with pytest.raises(ValueError, match="path must name an intact model"):
        rm.load_model(tmp_path / "m.npz")


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ("warps", "transformations must be None"),
        (3, "transformations must be a sequence"),
        ([np.eye(3)], r"transformations\[0\] must be a finite \(64, 64\)"),
        ([np.full((64, 64), np.nan)], r"transformations\[0\] must be a finite"),
        ([np.eye(64), "x"], r"transformations\[1\] must be a \(64, 64\) matrix"),
        ([np.abs, lambda X: X + 1.0], r"transformations\[0\] must be linear"),
        ([lambda X: X + 1.0], r"transformations\[0\] must be linear"),
        ([lambda X: X[:, 1:]], r"transformations\[0\] must map"),
    ],
)
def test_wrong_maps_are_named(digits: Data, bad: Any, message: str) -> None:
    X, _, y, _ = digits
    with pytest.raises(ValueError, match=message):
        Prototypes(2, transformations=bad).fit(X, y)


def test_what_does_not_go_together(digits: Data) -> None:
    X, _, y, _ = digits
    with pytest.raises(ValueError, match="prototype_bounds must be None with transformations"):
        Prototypes(2, transformations=[flipped], prototype_bounds=(0.0, 1.0)).fit(X, y)
    with pytest.raises(ValueError, match="needs square images"):
        Prototypes(2, transformations="image-warps").fit(X[:, 1:], y)
