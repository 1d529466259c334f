"""Loading by name, splitting, and what all file formats have in common."""

from __future__ import annotations

from pathlib import Path
from urllib.error import URLError

import numpy as np
import pytest

from robust_metric import datasets


@pytest.mark.parametrize(
    ("name", "n", "d", "n_classes"),
    [("digits", 1797, 64, 10), ("iris", 150, 4, 3), ("wine", 178, 13, 3),
     ("breast_cancer", 569, 30, 2)],
)  # fmt: skip
def test_shipped_sets(name: str, n: int, d: int, n_classes: int) -> None:
    X_train, X_test, y_train, y_test = datasets.load(name)
    assert len(X_train) + len(X_test) == n
    assert len(X_test) == pytest.approx(0.25 * n, abs=1)
    assert X_train.shape[1] == X_test.shape[1] == d
    assert X_train.dtype == X_test.dtype == np.float64
    assert y_train.dtype == y_test.dtype == np.int64
    assert len(np.unique(y_train)) == len(np.unique(y_test)) == n_classes


def test_scaling_is_fitted_on_the_training_part_and_does_not_clip() -> None:
    X_train, X_test, _, _ = datasets.load("wine")
    assert np.array_equal(X_train.min(axis=0), np.zeros(13))
    assert np.array_equal(X_train.max(axis=0), np.ones(13))
    assert X_test.min() < 0.0 or X_test.max() > 1.0


def test_split_is_stratified_and_repeats() -> None:
    first = datasets.load("iris", test_size=0.2, random_state=3)
    again = datasets.load("iris", test_size=0.2, random_state=3)
    other = datasets.load("iris", test_size=0.2, random_state=4)
    assert np.bincount(first[3]).tolist() == [10, 10, 10]
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert not np.array_equal(first[0], other[0])


def test_scale_false_leaves_the_numbers_alone() -> None:
    X_train, X_test, _, _ = datasets.load("digits", scale=False)
    assert max(X_train.max(), X_test.max()) == 16.0


def test_a_class_too_small_to_split(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("1,2,a\n2,3,a\n3,4,b\n")
    with pytest.raises(ValueError, match=r"y must have at least 2 points of each class.*got 1 of"):
        datasets.load(path)


def test_openml_is_asked_for_other_names(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    asked: dict[str, object] = {}

    def fetch(name: str, **options: object) -> tuple[np.ndarray, np.ndarray]:
        asked.update(options, name=name)
        return rng.normal(size=(40, 3)), np.array(["1", "2"] * 20, dtype=object)

    monkeypatch.setattr("sklearn.datasets.fetch_openml", fetch)
    X_train, _, y_train, y_test = datasets.load("some-set")
    assert asked["name"] == "some-set"
    assert X_train.shape == (30, 3)
    assert y_train.dtype == np.int64 and set(y_test) == {1, 2}


def test_openml_labels_that_are_not_canonical_stay_text(monkeypatch: pytest.MonkeyPatch) -> None:
    y = np.array(["01", "1"] * 4, dtype=object)
    monkeypatch.setattr("sklearn.datasets.fetch_openml", lambda *_, **__: (np.ones((8, 1)), y))
    assert set(datasets.read("some-set").y_train) == {"01", "1"}


def test_openml_out_of_reach(monkeypatch: pytest.MonkeyPatch) -> None:
    def fetch(name: str, **options: object) -> None:
        raise URLError("no network")

    monkeypatch.setattr("sklearn.datasets.fetch_openml", fetch)
    with pytest.raises(
        FileNotFoundError, match=r"name_or_path must be one of .*got 'digit'.*OpenML"
    ):
        datasets.load("digit")


def test_openml_without_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    X = np.array([["red", 1.0], ["blue", 2.0]], dtype=object)
    monkeypatch.setattr("sklearn.datasets.fetch_openml", lambda name, **_: (X, np.array([0, 1])))
    with pytest.raises(ValueError, match="X must be numeric, got dtype object in OpenML's 'cars'"):
        datasets.load("cars")


@pytest.mark.parametrize("argument", [None, 3, ["digits"]])
def test_name_of_the_wrong_type(argument: object) -> None:
    with pytest.raises(TypeError, match="name_or_path must be a str or a path, got"):
        datasets.load(argument)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["splice", "pendigits", "usps"])
def test_benchmark_files(name: str, shared: Path) -> None:
    path = shared / "data" / f"{name}.npz"
    X_train, X_test, y_train, y_test = datasets.load(path)
    assert (X_train.min(), X_train.max()) == (0.0, 1.0)
    assert len(X_test) == len(y_test) and len(X_train) == len(y_train)
    assert set(np.unique(y_test)) == set(np.unique(y_train))


@pytest.mark.filterwarnings("ignore:feature 3 of .* has another whole number")
def test_all_formats_agree(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    X, y = rng.integers(0, 256, size=(30, 4)), np.arange(30) % 3
    X[0], X[1] = 0, 255
    np.savez(tmp_path / "a.npz", X=X.astype(np.uint8), y=y)
    rows = [[*map(str, row), str(label)] for row, label in zip(X, y, strict=True)]
    (tmp_path / "a.csv").write_text("\n".join(map(",".join, rows)))
    sparse = [[row[-1], *(f"{j + 1}:{v}" for j, v in enumerate(row[:-1]))] for row in rows]
    (tmp_path / "a.svm").write_text("\n".join(map(" ".join, sparse)))
    loaded = [datasets.load(tmp_path / f"a.{suffix}") for suffix in ("npz", "csv", "svm")]
    for other in loaded[1:]:
        assert all(np.array_equal(a, b) for a, b in zip(loaded[0], other, strict=True))


def test_images_are_a_known_set_or_asked_for(tmp_path: Path) -> None:
    X = np.zeros((8, 784), dtype=np.uint8)
    X[::2, 5] = 51
    y = np.arange(8) % 2
    for name, image, largest in (
        ("mnist", None, 0.2),
        ("Fashion-MNIST", None, 0.2),
        ("mnist", False, 1.0),
        ("cells", None, 1.0),
        ("cells", True, 0.2),
    ):
        np.savez(tmp_path / f"{name}.npz", X=X, y=y)
        assert datasets.load(tmp_path / f"{name}.npz", image=image)[0].max() == largest
    np.savez(tmp_path / "mnist.npz", X=X[:, :9], y=y)  # whatever it is, it is not that set
    assert datasets.load(tmp_path / "mnist.npz")[0].max() == 1.0
