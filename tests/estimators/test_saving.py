"""Files of the package: what comes back, what is refused, and that a crash leaves no damage."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers import damaged
from sklearn.exceptions import NotFittedError

from robust_metric import CertifiedKNeighborsClassifier, load_model, save_model
from robust_metric.io.model_files import load_feature_names, load_scaling
from robust_metric.io.npz import read_npz, write_npz
from robust_metric.io.scaling import Scaling


def blobs(classes: list[Any], dtype: type = np.float64) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    y = np.array([classes[i % len(classes)] for i in range(40)])
    return (rng.normal(size=(40, 3)) + (np.arange(40) % len(classes))[:, None]).astype(dtype), y


# --- archives with a header ---


def test_npz_round_trip_and_equal_bytes(tmp_path: Path) -> None:
    arrays = {"a": np.arange(3), "b": np.array(["x", "größer"]), "c": np.zeros((0, 2))}
    for name in ("a", "b"):
        write_npz(tmp_path / name, {"kind": "test", "note": "ü", "n": 3}, arrays)
    header, back = read_npz(tmp_path / "a", "test")
    assert header == {"format": "robust_metric", "version": 1, "kind": "test", "note": "ü", "n": 3}
    assert back.keys() == arrays.keys()
    for name, array in arrays.items():
        assert back[name].dtype == array.dtype and np.array_equal(back[name], array)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_npz_is_plain_numpy(tmp_path: Path) -> None:
    write_npz(tmp_path / "a.npz", {"kind": "test"}, {"a": np.arange(3)})
    with np.load(tmp_path / "a.npz", allow_pickle=False) as archive:
        assert json.loads(str(archive["header"]))["kind"] == "test"


def test_read_only_some_arrays(tmp_path: Path) -> None:
    write_npz(tmp_path / "a", {"kind": "test"}, {"a": np.arange(3), "b": np.arange(4)})
    assert read_npz(tmp_path / "a", "test", only=("b", "c"))[1].keys() == {"b"}


@pytest.mark.parametrize(
    ("header", "arrays", "error", "message"),
    [
        ({}, {}, ValueError, "header must hold a str 'kind', got None"),
        ({"kind": "t", "x": np.inf}, {}, ValueError, "Out of range float values"),
        ({"kind": "t"}, {"header": 1}, ValueError, "arrays must not use the names .*got 'header'"),
        ({"kind": "t"}, {"file": 1}, ValueError, "arrays must not use the names .*got 'file'"),
        ({"kind": "t"}, {"a": [None]}, TypeError, r"arrays\['a'\] must be numeric or unicode"),
    ],
)
def test_write_errors(
    tmp_path: Path, header: dict, arrays: dict, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        write_npz(tmp_path / "a", header, arrays)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    ("header", "message"),
    [
        (None, "without a JSON header"),
        (np.arange(3), "without a JSON header"),
        (np.array("{"), "with a malformed header"),
        (np.array("[" * 100_000), "with a malformed header"),
        (np.array("[]"), "which another program wrote"),
        (np.array('{"format": "other"}'), "which another program wrote"),
        (np.array('{"format": "robust_metric", "kind": "model"}'), "a 'model' file"),
        (np.array('{"format": "robust_metric", "kind": "test"}'), "of version None"),
        (
            np.array('{"format": "robust_metric", "kind": "test", "version": 2}'),
            "of version 2; a later release",
        ),
        (
            np.array('{"format": "robust_metric", "kind": "test", "version": true}'),
            "of version True",
        ),
    ],
)  # fmt: skip
def test_read_errors(tmp_path: Path, header: np.ndarray | None, message: str) -> None:
    path = tmp_path / "a.npz"
    np.savez(path, **({} if header is None else {"header": header}))
    with pytest.raises(
        ValueError, match=f"path must name a 'test' file of robust_metric.*{message}"
    ):
        read_npz(path, "test")


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"path must name an existing .npz file, got"):
        load_model(tmp_path / "a.npz")


# --- models ---


@pytest.mark.parametrize("classes", [[0, 1], [-1, 1], [7, 30, 500], ["no", "yes"], ["ä", "日"]])
@pytest.mark.parametrize("learned", [False, True])
def test_model_round_trip(tmp_path: Path, classes: list[Any], learned: bool) -> None:
    X, y = blobs(classes)
    components = np.random.default_rng(1).normal(size=(2, 3)) if learned else None
    clf = CertifiedKNeighborsClassifier(3, metric=components, n_jobs=1).fit(X, y)
    path = tmp_path / "model.npz"
    save_model(clf, path)
    back = load_model(path)
    assert back.get_params()["n_neighbors"] == 3 and back.n_jobs == 1
    assert back.n_features_in_ == 3
    assert back.classes_.dtype == clf.classes_.dtype
    assert np.array_equal(back.classes_, clf.classes_)
    assert np.array_equal(back.predict(X), clf.predict(X))
    first, second = clf.certify(X + 0.1, y), back.certify(X + 0.1, y)
    assert np.array_equal(first.radius, second.radius)
    assert np.array_equal(first.label, second.label)
    assert load_scaling(path) is None
    # A loaded model can be fitted again, with the same metric.
    assert np.array_equal(back.fit(X, y).predict(X), clf.predict(X))


def test_saving_a_loaded_model_gives_the_same_file(tmp_path: Path) -> None:
    X, y = blobs(["a", "b"])
    save_model(CertifiedKNeighborsClassifier(3).fit(X, y), tmp_path / "a")
    save_model(load_model(tmp_path / "a"), tmp_path / "b")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


@pytest.mark.parametrize("dtype", [np.bool_, np.int8, np.float32, object])
def test_labels_of_other_types(tmp_path: Path, dtype: type) -> None:
    X, y = blobs([0, 1])
    y = np.where(y == 1, "yes", "no").astype(object) if dtype is object else y.astype(dtype)
    save_model(CertifiedKNeighborsClassifier(1).fit(X, y), tmp_path / "a")
    back = load_model(tmp_path / "a")
    assert np.array_equal(back.predict(X), y)
    assert back.classes_.dtype == ("<U3" if dtype is object else dtype)


def test_model_remembers_its_scaling(tmp_path: Path) -> None:
    X, y = blobs([0, 1])
    scaling = Scaling.fit(X)
    save_model(CertifiedKNeighborsClassifier(1).fit(X, y), tmp_path / "a", scaling=scaling)
    back = load_scaling(tmp_path / "a")
    assert back is not None
    assert np.array_equal(back.offset, scaling.offset) and np.array_equal(back.scale, scaling.scale)


def test_unfitted_model(tmp_path: Path) -> None:
    with pytest.raises(NotFittedError):
        save_model(CertifiedKNeighborsClassifier(), tmp_path / "a")


def overwrite(path: Path, header: dict[str, Any], arrays: dict[str, Any]) -> None:
    """Overwrite entries of a model file; None takes an entry out."""
    old_header, old_arrays = read_npz(path, "model")
    old_header.update(header)
    merged = {name: a for name, a in (old_arrays | arrays).items() if a is not None}
    write_npz(path, {k: v for k, v in old_header.items() if v is not None}, merged)


@pytest.mark.parametrize(
    ("header", "arrays", "message"),
    [
        ({"class": "Other"}, {}, "unknown class 'Other'"),
        ({"class": None}, {}, "no 'class'"),
        ({"classes": []}, {}, "classes must be a list of labels"),
        ({"classes": "ab"}, {}, "classes must be a list of labels"),
        ({"classes": ["a", 1]}, {}, "classes must all be of type int64"),
        ({"classes": [1, 0]}, {}, "classes must be sorted"),
        ({"classes": [0, 0]}, {}, "classes must be sorted"),
        ({"classes": [0.5, 1]}, {}, "classes must be sorted, without repeats, and of their stated"),
        ({"classes_dtype": "object"}, {}, "classes_dtype must be 'str' or a numeric type"),
        ({"classes_dtype": "what"}, {}, "data type 'what' not understood"),
        ({"classes_dtype": "str"}, {}, "classes must all be of type str"),
        ({"n_features": 4}, {}, r"must be floats of shape \(40, 4\), got float64 \(40, 3\)"),
        ({"n_features": "3"}, {}, "n_features must be a positive int, got '3'"),
        ({"n_features": 10**400}, {}, ""),
        ({"params": {}}, {}, "no 'n_neighbors'"),
        ({"params": []}, {}, ""),
        ({}, {"X": None}, "no 'X'"),
        ({}, {"X": np.full((40, 3), np.nan)}, "X must be finite"),
        ({}, {"X": np.ones((0, 3))}, r"X must have shape \(n, 3\) with n > 0"),
        ({}, {"X": np.ones(3)}, r"X must have shape \(n, 3\) with n > 0, got \(3,\)"),
        ({}, {"X": np.ones((40, 3), int)}, "X must be floats of shape"),
        ({}, {"y": np.zeros(39, np.int64)}, r"y must be int64 of shape \(40,\)"),
        ({}, {"y": np.zeros(40)}, "y must be int64 of shape"),
        ({}, {"y": np.full(40, 2)}, r"y must lie in 0 .. 1, got 2 .. 2"),
        ({}, {"y": np.full(40, -1)}, r"y must lie in 0 .. 1, got -1 .. -1"),
        ({}, {"components": np.ones((2, 4))}, r"components must be floats of shape \(2, 3\)"),
        ({}, {"components": np.ones(())}, ""),
        ({}, {"components": np.full((2, 3), np.inf)}, "components must be finite"),
    ],
)  # fmt: skip
def test_models_whose_parts_do_not_fit(
    tmp_path: Path, header: dict[str, Any], arrays: dict[str, Any], message: str
) -> None:
    X, y = blobs([0, 1])
    path = tmp_path / "a.npz"
    save_model(CertifiedKNeighborsClassifier(1).fit(X, y), path)
    overwrite(path, header, arrays)
    with pytest.raises(ValueError, match=f"path must name an intact model, got .*{message}"):
        load_model(path)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"scaling_scale": np.zeros(3)}, "scale must be positive"),
        ({"scaling_scale": None}, "scaling_scale"),
        ({"scaling_offset": np.ones(2)}, r"scaling_offset must be floats of shape \(3,\)"),
    ],
)
def test_damaged_scaling(tmp_path: Path, arrays: dict[str, Any], message: str) -> None:
    X, y = blobs([0, 1])
    path = tmp_path / "a.npz"
    save_model(CertifiedKNeighborsClassifier(1).fit(X, y), path, scaling=Scaling.fit(X))
    overwrite(path, {}, arrays)
    with pytest.raises(ValueError, match=f"path must name an intact model.*{message}"):
        load_scaling(path)


def test_flipped_and_missing_bytes_only_ever_raise_value_errors(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    X, y = blobs(["a", "b"])
    path = tmp_path / "a.npz"
    save_model(CertifiedKNeighborsClassifier(1).fit(X, y), path)
    good = path.read_bytes()
    refused = 0
    for _ in range(300):
        path.write_bytes(damaged(rng, good))
        try:
            load_model(path)
        except ValueError:
            refused += 1
    assert refused > 200


def test_feature_names(tmp_path: Path) -> None:
    path = tmp_path / "m.npz"
    clf = CertifiedKNeighborsClassifier(1).fit([[0.0, 1.0], [1.0, 0.0]], [0, 1])
    save_model(clf, path)
    assert load_feature_names(path) is None
    save_model(clf, path, feature_names=("width", "height"))
    assert load_feature_names(path) == ["width", "height"]
    header, arrays = read_npz(path, "model")
    write_npz(path, header | {"feature_names": ["width"]}, arrays)
    for read in (load_feature_names, load_model):
        with pytest.raises(ValueError, match=r"intact model.* feature_names do not fit"):
            read(path)
