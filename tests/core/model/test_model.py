"""Model files from Python to C++ and back: the same parts, and certificates of equal bits."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from robust_metric import CertifiedKNeighborsClassifier, ThreatModel, _core, load_model, save_model
from robust_metric.io.csv_tables import LabelColumn
from robust_metric.io.model_files import StoredModel, read_model
from robust_metric.io.scaling import Scaling

LABELS: dict[str, list[Any]] = {
    "str": ["", "größer", "\U0001f600", 'a "quoted" \\ one'],
    "int": [-5, 0, 7, 2**62],
    "uint": [np.uint64(3), np.uint64(2**64 - 1)],
    "float": [-1.0, 0.0, 1e9],
    "float16": [np.float16(-1), np.float16(2), np.float16(65504)],
    "float32": [np.float32(0), np.float32(2), np.float32(2**30)],
    "bool": [False, True],
}


def fitted(
    labels: list[Any], dtype: type, order: Any, threat: ThreatModel | None, rank: int, seed: int
) -> CertifiedKNeighborsClassifier:
    rng = np.random.default_rng(seed)
    X = np.asarray(rng.integers(-3, 4, size=(40, 3)), dtype=dtype, order=order) / dtype(4)
    y = np.array([labels[i % len(labels)] for i in range(40)])
    metric = rng.normal(size=(rank, 3)) if rank else None
    return CertifiedKNeighborsClassifier(n_neighbors=3, metric=metric, threat=threat).fit(X, y)


def plain(model: StoredModel) -> list[Any]:
    """What a model is made of, as arrays, numbers and texts."""
    parts: list[Any] = []
    for part in model:
        if isinstance(part, Scaling):
            parts += [part.offset, part.scale]
        elif isinstance(part, ThreatModel):
            parts += [part.norm, part.clip_queries, part.weights(3), part.box(3)]
        elif isinstance(part, np.ndarray):
            parts += [part, part.dtype]
        else:
            parts.append(part)
    return parts


THREATS = [
    None,
    ThreatModel(norm=1),
    ThreatModel(norm=np.inf, feature_cost=[1, 2, np.inf]),
    ThreatModel(bounds=(-1, 1), clip_queries=True),
    ThreatModel(bounds=([-np.inf, -1, -1], 1), clip_queries=True, norm=1),
]


@pytest.mark.filterwarnings("ignore:X does not have valid feature names")
@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(sorted(LABELS)),
    st.sampled_from([np.float64, np.float32]),
    st.sampled_from("CF"),
    st.sampled_from(THREATS),
    st.integers(0, 3),
    st.integers(0, 2**31),
)
def test_there_and_back(
    tmp_path_factory: pytest.TempPathFactory,
    labels: str,
    dtype: type,
    order: str,
    threat: ThreatModel | None,
    rank: int,
    seed: int,
) -> None:
    folder = tmp_path_factory.mktemp("model")
    clf = fitted(LABELS[labels], dtype, order, threat, rank, seed)
    scaling = Scaling(np.array([0.0, 1.0, -1.0]), np.array([1.0, 0.1, 3.0]))
    names = ["x", "ÿ", "\ud800"]
    column = LabelColumn("y", -1)
    save_model(clf, folder / "a", scaling=scaling, feature_names=names, label_column=column)
    model = _core.Model.load(os.fspath(folder / "a"))
    model.save(os.fspath(folder / "b"))

    first, second = read_model(folder / "a"), read_model(folder / "b")
    for one, other in zip(plain(first), plain(second), strict=True):
        np.testing.assert_equal(one, other)

    Z = np.random.default_rng(seed).normal(size=(12, 3))
    expected = clf.certify(Z)
    radii, indices = model.certified_radii(Z)
    assert radii.tobytes() == expected.radius.tobytes()
    np.testing.assert_array_equal(clf.classes_[indices], expected.label)
    again = load_model(folder / "b").certify(Z)
    assert again.radius.tobytes() == expected.radius.tobytes()
    assert model.apply_scaling(Z).tobytes() == scaling.apply(Z).tobytes()


def test_damage_is_told(tmp_path: Path) -> None:
    clf = fitted(LABELS["str"], np.float64, "C", THREATS[3], 2, 0)
    path = os.fspath(tmp_path / "a")
    save_model(clf, path)
    whole = Path(path).read_bytes()
    rng = np.random.default_rng(0)
    refused = 0
    for _ in range(2000):
        damaged = bytearray(whole)
        for at in rng.integers(len(whole), size=int(rng.integers(1, 4))):
            damaged[at] = rng.integers(256)
        Path(path).write_bytes(
            damaged[: int(rng.integers(1, len(whole)))] if rng.random() < 0.1 else damaged
        )
        try:
            _core.Model.load(path)
        except RuntimeError as error:
            assert str(error).startswith("path must name an intact model")
            refused += 1
    assert refused > 1500


def test_compressed_files_are_refused_by_name(tmp_path: Path) -> None:
    save_model(fitted(LABELS["int"], np.float64, "C", None, 0, 0), tmp_path / "a")
    with np.load(tmp_path / "a", allow_pickle=False) as archive:
        np.savez_compressed(tmp_path / "b.npz", **archive)
    with pytest.raises(RuntimeError, match="is compressed; numpy"):
        _core.Model.load(os.fspath(tmp_path / "b.npz"))
