"""Model files: training points or prototypes, labels, components and threat model, as plain data.

What is here needs no classifier: the independent checker reads models through it, and
``estimators/saving.py`` makes classifiers of what it reads.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .._base.arrays import Floats, Indices
from ..threat import ThreatModel
from .archives import Arrays, DamagedFile
from .atomic import PathLike
from .csv_tables import LabelColumn
from .npz import is_int, read_npz, write_npz
from .scaling import Scaling
from .threat_arrays import pack_threat, unpack_threat

# Classifiers that model files hold: training points, or prototypes, with labels and components.
MODEL_CLASSES = ("CertifiedKNeighborsClassifier", "CertifiedPrototypeClassifier")

# Types of class labels, as headers name them; all strings are "str".
_LABEL_TYPES = (
    *("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"),
    *("float16", "float32", "float64", "str"),
)


class SharedMaps(NamedTuple):
    """Linear maps by which learned prototypes, the first of the points, were copied."""

    n_learned: int
    n_maps: int
    name: str | None  # what they are called, in place of their entries
    places: NDArray[Any]  # (e, 3) int64: map, row and column of each entry that is not 0
    values: Floats  # (e,)


class StoredModel(NamedTuple):
    """The parts of a model file: training points (n, d), y indexing classes, L or None, and so on."""

    X: NDArray[Any]
    y: Indices
    classes: NDArray[Any]
    components: NDArray[Any] | None
    threat: ThreatModel | None
    n_neighbors: int
    n_jobs: int | None = None
    class_name: str = MODEL_CLASSES[0]
    scaling: Scaling | None = None
    feature_names: tuple[str, ...] | None = None
    label: LabelColumn | None = None
    shared: SharedMaps | None = None


def read_model(path: PathLike) -> StoredModel:
    """Read and check the parts of a model file, without the compiled code that would use them.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    DamagedFile
        If the file is damaged, or its parts do not fit together.
    ValueError
        If the file is not a model.
    """
    header, arrays = read_npz(path, "model")
    with intact_model(path):
        if header["class"] not in MODEL_CLASSES:
            raise ValueError(f"unknown class {header['class']!r}")
        params, n_features = header["params"], header["n_features"]
        if not isinstance(params, dict) or not is_int(params["n_neighbors"]):
            raise ValueError("params must hold a whole number n_neighbors")
        classes = _unpack_classes(header)
        X, y = _checked_training(arrays, n_features, len(classes))
        components = arrays.get("components")
        if components is not None:
            rank = len(components) if components.ndim else 0
            _check_floats("components", components, (max(rank, 1), n_features))
        threat = unpack_threat(params["threat"], arrays)
        if threat is not None:
            threat.weights(n_features), threat.box(n_features)  # raise where they do not fit
        k, n_jobs = params["n_neighbors"], params["n_jobs"]
        if not 1 <= k <= len(X):
            raise ValueError(f"n_neighbors must lie in 1 .. {len(X)}, got {k}")
        scaling = _unpack_scaling(arrays, n_features)
        names = _unpack_names(header)
        label = _unpack_label(header)
        shared = _unpack_shared(header, arrays, X.shape)
    return StoredModel(
        X, y, classes, components, threat, k, n_jobs, header["class"], scaling, names, label, shared
    )


def write_model(model: StoredModel, path: PathLike) -> None:
    """Write the parts of a model atomically.

    Raises
    ------
    TypeError
        If class labels are neither numbers, booleans nor strings.
    """
    classes = _plain_labels(model.classes)
    threat, arrays = pack_threat(model.threat)
    arrays |= {"X": model.X, "y": model.y}
    if model.components is not None:
        arrays["components"] = model.components
    if model.scaling is not None:
        arrays |= {
            "scaling_offset": model.scaling.offset,
            "scaling_scale": model.scaling.scale,
        }
    header = {
        "kind": "model",
        "class": model.class_name,
        "params": {"n_neighbors": model.n_neighbors, "n_jobs": model.n_jobs, "threat": threat},
        "classes": classes.tolist(),
        "classes_dtype": _label_type(classes),
        "n_features": int(model.X.shape[1]),
    }
    if model.feature_names is not None:
        header["feature_names"] = list(model.feature_names)
    if model.label is not None:
        header["label_column"] = list(model.label)
    if model.shared is not None:
        n_learned, n_maps, name, places, values = model.shared
        header["shared_maps"] = {"n_learned": n_learned, "n_maps": n_maps, "name": name}
        arrays |= {"shared_places": places, "shared_values": values}
    write_npz(path, header, arrays)


@contextmanager
def intact_model(path: PathLike) -> Iterator[None]:
    """Turn what wrong contents raise into one error that names the file."""
    try:
        yield
    except (ValueError, TypeError, KeyError, IndexError, OverflowError) as error:
        reason = f"no {error}" if isinstance(error, KeyError) else error
        raise DamagedFile(f"path must name an intact model, got {path}: {reason}") from error


def load_scaling(path: PathLike) -> Scaling | None:
    """Load the feature scaling saved with a model, or None where it was fitted on raw features.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is damaged or is not a model.
    """
    header, arrays = read_npz(path, "model", only=("scaling_offset", "scaling_scale"))
    with intact_model(path):
        return _unpack_scaling(arrays, header["n_features"])


def _unpack_scaling(arrays: Arrays, n_features: int) -> Scaling | None:
    if not arrays.keys() & {"scaling_offset", "scaling_scale"}:
        return None
    offset, scale = arrays["scaling_offset"], arrays["scaling_scale"]
    _check_floats("scaling_offset", offset, (n_features,))
    _check_floats("scaling_scale", scale, (n_features,))
    return Scaling(offset, scale)


def load_feature_names(path: PathLike) -> list[str] | None:
    """Load the names of the features saved with a model, or None where they had none.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is damaged or is not a model.
    """
    header, _ = read_npz(path, "model", only=())
    with intact_model(path):
        names = _unpack_names(header)
    return None if names is None else list(names)


def _unpack_names(header: Mapping[str, Any]) -> tuple[str, ...] | None:
    names = header.get("feature_names")
    if names is None:
        return None
    whole = isinstance(names, list) and all(isinstance(name, str) for name in names)
    if not whole or len(names) != header["n_features"]:
        raise ValueError("feature_names do not fit")
    return tuple(names)


def load_label_column(path: PathLike) -> LabelColumn | None:
    """Load where the table that a model was fitted to has its labels, or None where it was no table.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is damaged or is not a model.
    """
    header, _ = read_npz(path, "model", only=())
    with intact_model(path):
        return _unpack_label(header)


def _unpack_label(header: Mapping[str, Any]) -> LabelColumn | None:
    label = header.get("label_column")
    if label is None:
        return None
    if not isinstance(label, list) or len(label) != 2 or not is_int(label[1]):
        raise ValueError("label_column must be a name and a number")
    if label[0] is not None and not isinstance(label[0], str):
        raise ValueError("label_column must have a str or null for its name")
    return LabelColumn(*label)


def _unpack_shared(
    header: Mapping[str, Any], arrays: Arrays, shape: tuple[int, ...]
) -> SharedMaps | None:
    said = header.get("shared_maps")
    if said is None:
        return None
    n, d = shape
    n_learned, n_maps, name = said["n_learned"], said["n_maps"], said["name"]
    whole = is_int(n_learned) and is_int(n_maps) and n_learned > 0 and n_maps > 0
    if not whole or n_learned * (n_maps + 1) != n or not (name is None or isinstance(name, str)):
        raise ValueError("shared_maps do not fit the points")
    places, values = arrays["shared_places"], arrays["shared_values"]
    _check_floats("shared_values", values, (len(places),))
    if places.dtype != np.int64 or places.shape != (len(values), 3):
        raise ValueError(f"shared_places must be int64 of shape ({len(values)}, 3)")
    if (places < 0).any() or (places >= [n_maps, d, d]).any():
        raise ValueError("shared_places must lie in the maps")
    return SharedMaps(n_learned, n_maps, name, places, values)


def _plain_labels(classes: NDArray[Any]) -> NDArray[Any]:
    """Class labels as an array without Python objects."""
    if classes.dtype.kind == "O" and all(isinstance(label, str) for label in classes):
        classes = classes.astype(np.str_)
    if _label_type(classes) not in _LABEL_TYPES:
        raise TypeError(f"classes must be numbers, booleans or strings, got dtype {classes.dtype}")
    return classes


def _label_type(classes: NDArray[Any]) -> str:
    return "str" if classes.dtype.kind == "U" else classes.dtype.name


def _unpack_classes(header: Mapping[str, Any]) -> NDArray[Any]:
    labels, name = header["classes"], header["classes_dtype"]
    if not isinstance(labels, list) or not labels:
        raise ValueError("classes must be a list of labels")
    if name not in _LABEL_TYPES:
        raise ValueError(
            f"data type {str(name)[:80]!r} not understood: classes_dtype must be 'str' or a numeric type"
        )
    wanted: tuple[type, ...] = (str,) if name == "str" else (bool, int, float)
    if not all(isinstance(label, wanted) for label in labels):
        raise ValueError(f"classes must all be of type {name}")
    classes = np.array(labels, dtype=np.str_ if name == "str" else name)
    if classes.tolist() != labels or not np.array_equal(np.unique(classes), classes):
        raise ValueError("classes must be sorted, without repeats, and of their stated type")
    return classes


def _check_floats(name: str, array: NDArray[Any], shape: tuple[int, ...]) -> None:
    if array.dtype not in (np.float32, np.float64) or array.shape != shape:
        raise ValueError(f"{name} must be floats of shape {shape}, got {array.dtype} {array.shape}")
    if not np.isfinite(array).all():
        raise ValueError(f"{name} must be finite, got NaN or infinite values")


def _checked_training(
    arrays: Arrays, n_features: object, n_classes: int
) -> tuple[NDArray[Any], Indices]:
    """Training data that the compiled code can take without looking at it again."""
    if not is_int(n_features) or n_features < 1:
        raise ValueError(f"n_features must be a positive int, got {n_features!r}")
    X, y = arrays["X"], arrays["y"]
    if len(X.shape) != 2 or len(X) == 0:
        raise ValueError(f"X must have shape (n, {n_features}) with n > 0, got {X.shape}")
    _check_floats("X", X, (len(X), n_features))
    if y.dtype != np.int64 or y.shape != (len(X),):
        raise ValueError(f"y must be int64 of shape ({len(X)},), got {y.dtype} {y.shape}")
    if y.min() < 0 or y.max() >= n_classes:
        raise ValueError(f"y must lie in 0 .. {n_classes - 1}, got {y.min()} .. {y.max()}")
    return X, y
