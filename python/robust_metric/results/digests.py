"""What certificates call their model and their queries by: SHA-256 sums of what a radius speaks of."""

from __future__ import annotations

import hashlib
import json
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from .._base.arrays import Floats, Indices
from ..io.scaling import Scaling

# What the points of a classifier went through before ``fit``: None is nothing. One that no file was
# loaded into does not know.
KnownScaling = Scaling | None | Literal["unknown"]

# A digest names each part of a model by itself, so that a failure can say what differs.
_VERSION = "2"
_PARTS = {
    "data": "training data are not those that were certified: points, labels or components differ",
    "classes": "class names are not those that were certified",
    "k": "n_neighbors is not that of the digest of the certificates",
    "scaling": "scaling is not that of the model that was certified",
}


def data_digest(X: NDArray[Any], y: Indices, components: Floats | None) -> str:
    """Sum over the training points, encoded labels and components of a classifier.

    This was the whole digest of a model in files of the first version.
    """
    return _arrays_sum(X, y, np.empty((0, 0)) if components is None else components)


def model_digest(data: str, classes: NDArray[Any], n_neighbors: int, scaling: KnownScaling) -> str:
    """Name of a model in certificates.

    Parameters
    ----------
    data : str
        `data_digest` of the model.
    classes : (c,) array
        Class labels.
    n_neighbors : int
        K.
    scaling : Scaling, None or "unknown"
    """
    # as a file has them, whatever the dtype of the array
    names = json.dumps(classes.tolist(), default=repr)
    if isinstance(scaling, Scaling):
        scaled = _arrays_sum(scaling.offset, scaling.scale)
    else:
        scaled = scaling or "none"
    values = (data, _sum(names.encode()), str(n_neighbors), scaled)
    parts = (f"{part}={value}" for part, value in zip(_PARTS, values, strict=True))
    return f"{_VERSION}:{','.join(parts)}"


def differences(certified: str, model: str) -> list[str]:
    """What of a model is not as in the digest of some certificates; empty where all is alike."""
    have = _parts(model)
    if ":" not in certified:  # of the first version
        return [] if certified == have["data"] else [_PARTS["data"]]
    version, want = certified.partition(":")[0], _parts(certified)
    if version != _VERSION or want.keys() != _PARTS.keys():
        return [f"digest cannot be compared with one of version {version[:20]!r}"]
    if want["scaling"] == "unknown":
        want["scaling"] = have["scaling"]
    return [text for part, text in _PARTS.items() if want[part] != have[part]]


def left_open(certified: str, scaled: bool) -> str | None:
    """What the digest of some certificates does not say of a model, scaled or not; None where it says all."""
    if ":" not in certified:
        return "class names" + " and scaling" * scaled
    return "scaling" if scaled and _parts(certified).get("scaling") == "unknown" else None


def queries_digest(queries: Floats) -> str:
    """Sum over the bytes of (m, d) queries: float64, little endian, row by row."""
    return _sum(np.ascontiguousarray(queries, dtype="<f8").tobytes())


def _parts(digest: str) -> dict[str, str]:
    fields = digest.partition(":")[2].split(",")
    return {name: value for name, _, value in (field.partition("=") for field in fields)}


def _arrays_sum(*arrays: NDArray[Any]) -> str:
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(str((array.dtype.str, array.shape)).encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def _sum(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
