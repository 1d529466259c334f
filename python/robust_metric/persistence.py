"""Files of this package: ``.npz`` archives with a JSON header, never a pickle.

A file is an ordinary NumPy archive. Its entry ``header`` is a JSON text that says what the file is;
the other entries are plain numeric or unicode arrays. Files are read with ``allow_pickle=False``
and everything in them is checked, so a file from a stranger can be wrong but cannot run code.
"""

from __future__ import annotations

import json
import zipfile
import zlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeGuard

import numpy as np
from numpy.typing import NDArray

from .atomic_files import PathLike, atomic_write
from .scaling import Scaling
from .threat import pack_threat, unpack_threat

if TYPE_CHECKING:
    from .classifier import CertifiedKNeighborsClassifier

FORMAT = "robust_metric"
VERSION = 1

# The header itself, and what np.savez would take for its own arguments.
_RESERVED_NAMES = ("header", "file", "allow_pickle")

# Classifiers that model files hold: training points, or prototypes, with labels and components.
_MODEL_CLASSES = ("CertifiedKNeighborsClassifier", "CertifiedPrototypeClassifier")

Arrays = dict[str, NDArray[Any]]

# What numpy and zipfile raise on damaged archives, found by flipping and cutting bytes.
_DAMAGE = (
    ValueError,
    OSError,
    EOFError,
    KeyError,
    MemoryError,
    NotImplementedError,
    RuntimeError,
    SyntaxError,
    TypeError,
    OverflowError,
    zipfile.BadZipFile,
    zlib.error,
)


def write_npz(path: PathLike, header: Mapping[str, Any], arrays: Mapping[str, Any]) -> None:
    """Write arrays and a JSON header to ``path``, atomically.

    Parameters
    ----------
    path : path-like
        Used as given; no suffix is added.
    header : dict of JSON values
        Must hold ``"kind"``, a str that :func:`read_npz` asks for again. The format name and
        version are added.
    arrays : dict of str to array
        Numeric, boolean or unicode arrays of any shape.

    Raises
    ------
    TypeError
        If an array would need a pickle (object dtype).
    ValueError
        If the header has no kind or holds something JSON cannot (NaN and infinity included), or
        an array has a reserved name.
    """
    if not isinstance(header.get("kind"), str):
        raise ValueError(f"header must hold a str 'kind', got {header.get('kind')!r}")
    plain: dict[str, Any] = {name: np.asarray(value) for name, value in arrays.items()}
    for name, array in plain.items():
        if name in _RESERVED_NAMES:
            raise ValueError(f"arrays must not use the names {_RESERVED_NAMES}, got {name!r}")
        if array.dtype.hasobject:
            raise TypeError(
                f"arrays[{name!r}] must be numeric or unicode, got dtype {array.dtype}, "
                "which could only be stored as a pickle"
            )
    text = json.dumps({"format": FORMAT, "version": VERSION, **header}, allow_nan=False)
    with atomic_write(path) as stream:
        np.savez(stream, header=np.array(text), **plain)


def read_arrays(path: PathLike, only: Collection[str] | None = None) -> Arrays:
    """Read the arrays of any ``.npz`` file, this package's or another's, without unpickling.

    Parameters
    ----------
    path : path-like
    only : collection of str, optional
        Read just the entries of these names that the file has; by default all.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is not a ``.npz`` archive, is damaged, or holds pickled objects.
    """
    if not Path(path).is_file():
        raise FileNotFoundError(f"path must name an existing .npz file, got {path}")
    try:
        with open(path, "rb") as stream:
            # np.load would guess at other formats; this package has only the one.
            if stream.read(4) not in (b"PK\x03\x04", b"PK\x05\x06"):
                raise ValueError("it is not a .npz archive")
            stream.seek(0)
            with np.load(stream, allow_pickle=False) as archive:
                names = [name for name in archive.files if only is None or name in only]
                arrays = {name: archive[name] for name in names}
    except _DAMAGE as error:
        raise ValueError(f"path must name an intact .npz file, got {path}: {error}") from error
    for name, array in arrays.items():
        if not isinstance(array, np.ndarray):
            raise ValueError(
                f"path must name a .npz file of arrays, got {path} with entry {name!r}"
            )
    return arrays


def read_npz(
    path: PathLike, kind: str, only: Collection[str] | None = None
) -> tuple[dict[str, Any], Arrays]:
    """Read back what :func:`write_npz` wrote, and check that it is of the wanted kind.

    Returns
    -------
    header : dict
        With ``"format"``, ``"version"`` and ``"kind"`` checked.
    arrays : dict of str to array

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is damaged, has no header of this package, is of another kind, or was written
        by a later version of the package.
    """
    arrays = read_arrays(path, None if only is None else {"header", *only})
    wanted = f"path must name a {kind!r} file of {FORMAT}"
    entry = arrays.pop("header", None)
    if entry is None or entry.dtype.kind != "U" or entry.ndim != 0:
        raise ValueError(f"{wanted}, got {path} without a JSON header")
    try:
        header = json.loads(str(entry))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{wanted}, got {path} with a malformed header: {error}") from error
    if not isinstance(header, dict) or header.get("format") != FORMAT:
        raise ValueError(f"{wanted}, got {path}, which another program wrote")
    if header.get("kind") != kind:
        raise ValueError(f"{wanted}, got {path}, a {header.get('kind')!r} file")
    version = header.get("version")
    if not _is_int(version) or not 1 <= version <= VERSION:
        raise ValueError(
            f"{wanted} of version 1 to {VERSION}, got {path} of version {version!r}; "
            "a later release of the package may read it"
        )
    return header, arrays


def save_model(
    clf: CertifiedKNeighborsClassifier,
    path: PathLike,
    *,
    scaling: Scaling | None = None,
    feature_names: Sequence[str] | None = None,
) -> None:
    """Save a fitted classifier, with the feature scaling its training data went through.

    A metric learner is saved as the components it learned; the learner itself is not kept. Neither
    are the settings by which prototypes were trained.

    Parameters
    ----------
    clf : CertifiedKNeighborsClassifier
        Fitted.
    path : path-like
        Used as given; written atomically.
    scaling : Scaling, optional
        What was applied to the data before ``fit``; read back by :func:`load_scaling`.
    feature_names : sequence of str, optional
        By default those that ``fit`` saw; read back by :func:`load_feature_names`.

    Raises
    ------
    sklearn.exceptions.NotFittedError
        If the classifier is not fitted.
    TypeError
        If class labels are neither numbers, booleans nor strings.
    """
    from sklearn.utils.validation import check_is_fitted

    check_is_fitted(clf)
    classes = _plain_labels(clf.classes_)
    threat, arrays = pack_threat(clf._threat())
    arrays |= {"X": clf._X, "y": clf._y}
    if clf.components_ is not None:
        arrays["components"] = clf.components_
    if scaling is not None:
        arrays |= {"scaling_offset": scaling.offset, "scaling_scale": scaling.scale}
    header = {
        "kind": "model",
        "class": type(clf).__name__,
        "params": {
            "n_neighbors": int(clf.n_neighbors),
            "n_jobs": None if clf.n_jobs is None else int(clf.n_jobs),
            "threat": threat,
        },
        "classes": classes.tolist(),
        "classes_dtype": classes.dtype.name if classes.dtype.kind != "U" else "str",
        "n_features": int(clf.n_features_in_),
    }
    names = getattr(clf, "feature_names_in_", None) if feature_names is None else feature_names
    if names is not None:
        header["feature_names"] = [str(name) for name in names]
    write_npz(path, header, arrays)


def load_model(path: PathLike) -> CertifiedKNeighborsClassifier:
    """Load a classifier that :func:`save_model` wrote; it predicts and certifies as before.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is damaged, is not a model, or its parts do not fit together.
    """
    # Imported here because the classifier's own modules write their files through this one.
    from .classifier import CertifiedKNeighborsClassifier
    from .prototypes import CertifiedPrototypeClassifier

    model = read_model(path)
    kinds = (CertifiedKNeighborsClassifier, CertifiedPrototypeClassifier)
    kind = kinds[_MODEL_CLASSES.index(model.class_name)]
    with _intact_model(path):
        clf = kind(
            n_neighbors=model.params["n_neighbors"],
            metric=model.components,
            threat=unpack_threat(model.params["threat"], model.arrays),
            n_jobs=model.params["n_jobs"],
        )
        clf._set_training(model.X, model.y, model.classes, model.components)
    return clf


class StoredModel(NamedTuple):
    """The parts of a model file: training points (n, d), y indexing classes, L or None."""

    params: dict[str, Any]
    classes: NDArray[Any]
    X: NDArray[Any]
    y: NDArray[np.int64]
    components: NDArray[Any] | None
    arrays: Arrays
    class_name: str = _MODEL_CLASSES[0]


def read_model(path: PathLike) -> StoredModel:
    """Read and check the parts of a model file, without the compiled code that would use them.

    Raises
    ------
    FileNotFoundError, ValueError
        As `load_model`.
    """
    header, arrays = read_npz(path, "model")
    with _intact_model(path):
        if header["class"] not in _MODEL_CLASSES:
            raise ValueError(f"unknown class {header['class']!r}")
        params, n_features = header["params"], header["n_features"]
        if not isinstance(params, dict) or not _is_int(params["n_neighbors"]):
            raise ValueError("params must hold a whole number n_neighbors")
        classes = _unpack_classes(header)
        X, y = _checked_training(arrays, n_features, len(classes))
        components = arrays.get("components")
        if components is not None:
            _check_floats("components", components, (components.shape[0], n_features))
    return StoredModel(params, classes, X, y, components, arrays, header["class"])


@contextmanager
def _intact_model(path: PathLike) -> Iterator[None]:
    """Turn what wrong contents raise into one error that names the file."""
    try:
        yield
    except (ValueError, TypeError, KeyError, IndexError, OverflowError) as error:
        reason = f"no {error}" if isinstance(error, KeyError) else error
        raise ValueError(f"path must name an intact model, got {path}: {reason}") from error


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
    if not arrays:
        return None
    try:
        shape = (header["n_features"],)
        offset, scale = arrays["scaling_offset"], arrays["scaling_scale"]
        _check_floats("scaling_offset", offset, shape)
        _check_floats("scaling_scale", scale, shape)
        return Scaling(offset, scale)
    except (ValueError, KeyError) as error:
        raise ValueError(f"path must name an intact model, got {path}: {error}") from error


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
    names = header.get("feature_names")
    if names is None:
        return None
    whole = isinstance(names, list) and all(isinstance(name, str) for name in names)
    if not whole or len(names) != header.get("n_features"):
        raise ValueError(f"path must name an intact model, got {path}: feature_names do not fit")
    return list(names)


def _is_int(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


def _plain_labels(classes: NDArray[Any]) -> NDArray[Any]:
    """Class labels as an array without Python objects."""
    if classes.dtype.kind == "O" and all(isinstance(label, str) for label in classes):
        classes = classes.astype(np.str_)
    if classes.dtype.kind not in "biufU":
        raise TypeError(f"classes must be numbers, booleans or strings, got dtype {classes.dtype}")
    return classes


def _unpack_classes(header: Mapping[str, Any]) -> NDArray[Any]:
    labels, name = header["classes"], header["classes_dtype"]
    if not isinstance(labels, list) or not labels:
        raise ValueError("classes must be a list of labels")
    wanted: tuple[type, ...] = (str,) if name == "str" else (bool, int, float)
    if not all(isinstance(label, wanted) for label in labels):
        raise ValueError(f"classes must all be of type {name}")
    dtype = np.dtype(np.str_ if name == "str" else name)
    if dtype.kind not in "biufU" or not isinstance(name, str):
        raise ValueError(f"classes_dtype must be 'str' or a numeric type, got {name!r}")
    classes = np.array(labels, dtype=dtype)
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
) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Training data that the compiled code can take without looking at it again."""
    if not _is_int(n_features) or n_features < 1:
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
