"""What training of prototypes starts from: how many, where given ones are, and which points count."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..._base.arrays import Floats, Indices
from ..._base.validation import check_count, encode_labels
from .training import Start


def prototype_counts(n_prototypes: int | Mapping[Any, int], classes: NDArray[Any]) -> Indices:
    """Return how many prototypes each class gets; raise ValueError where a mapping has other classes."""
    if not isinstance(n_prototypes, Mapping):
        return np.full(len(classes), n_prototypes, dtype=np.int64)
    wanted = set(classes.tolist())
    if set(n_prototypes) != wanted:
        raise ValueError(
            f"n_prototypes must have a number for each of the classes {classes.tolist()}, got "
            f"{dict(n_prototypes)!r}"
        )
    for label, count in n_prototypes.items():
        check_count(f"n_prototypes of {label!r}", count)
    return np.array([n_prototypes[label] for label in classes.tolist()], dtype=np.int64)


def given_start(initial: Any, classes: NDArray[Any], d: int) -> Start | None:
    """Return ``initial_prototypes`` as points and class numbers, None for none; raise ValueError."""
    if initial is None:
        return None
    try:
        given, labels = initial
        points = np.array(given, dtype=np.float64, order="C")
    except (TypeError, ValueError) as error:
        raise ValueError(
            "initial_prototypes must be a pair of (k, d) points and (k,) class labels, got "
            f"{initial!r}"
        ) from error
    if points.ndim != 2 or points.shape[1] != d or not np.isfinite(points).all():
        raise ValueError(
            f"initial_prototypes must have finite points of shape (k, {d}), got {points.shape}"
        )
    try:
        codes = encode_labels(labels, classes, len(points))
    except ValueError as error:
        raise ValueError(f"initial_prototypes: {error}") from error
    if codes is None or (codes < 0).any():
        raise ValueError(
            f"initial_prototypes must have labels among the classes {classes.tolist()}, got "
            f"{np.unique(np.asarray(labels)).tolist()}"
        )
    return points, codes


def without_weightless(
    data: Floats, labels: NDArray[Any], targets: NDArray[Any], weights: Floats
) -> tuple[Floats, NDArray[Any], NDArray[Any], Floats]:
    """Return what is left without the points of weight 0, which must be some of each class."""
    kept = weights > 0.0
    gone = np.setdiff1d(labels, labels[kept])
    if len(gone):
        label = targets[labels == gone[0]].tolist()[0]
        raise ValueError(
            f"sample_weight must leave each class a point, got none of class {label!r}"
        )
    return data[kept], labels[kept], targets[kept], weights[kept] / weights[kept].mean()
