"""Linear maps that prototypes share: through each of them every learned point is copied."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from ..._base.arrays import Floats
from .frame import Frame

IMAGE_WARPS = "image-warps"

# Degrees by which images are turned, and shares of their height by which they are sheared, both ways.
_TURN, _SHEAR = 8.0, 0.08


class SharedMaps(NamedTuple):
    """Affine maps u → B u + b of a frame's coordinates; the copies stand behind the points themselves."""

    matrices: tuple[Any, ...]  # B: (r, r) arrays, or sparse ones
    shifts: tuple[Floats, ...]  # b: (1, r)

    @staticmethod
    def of(transformations: Any, frame: Frame) -> SharedMaps:
        """What `linear_maps` of the caller's features are in the frame's coordinates."""
        maps = linear_maps(transformations, len(frame.centre))
        shifts = tuple(frame.scaled((A @ frame.centre)[None]) for A in maps)
        D = frame.directions
        return SharedMaps(tuple(A if D is None else D @ (A @ D.T) for A in maps), shifts)

    def spread(self, points: Floats) -> Floats:
        """The (n, r) points, and behind them their copies, map by map."""
        if not self.matrices:
            return points
        copies = [points @ B.T + b for B, b in zip(self.matrices, self.shifts, strict=True)]
        return np.vstack([points, *copies])

    def spread_labels(self, labels: NDArray[Any]) -> NDArray[Any]:
        """The labels of what `spread` returns."""
        return np.tile(labels, 1 + len(self.matrices))

    def gather(self, gradient: Floats) -> Floats:
        """Gradient by the points, of that by what `spread` returns: each copy's goes back through Bᵀ."""
        own, *copies = np.split(gradient, 1 + len(self.matrices))
        for of_copy, B in zip(copies, self.matrices, strict=True):
            own = own + of_copy @ B
        return own


def linear_maps(transformations: Any, d: int) -> tuple[Any, ...]:
    """Return the (d, d) matrices, dense or sparse, that ``transformations`` stands for.

    Raises
    ------
    ValueError
        If it is none of what `CertifiedPrototypeClassifier` says, or does not fit d features.
    """
    if transformations is None:
        return ()
    if isinstance(transformations, str):
        if transformations != IMAGE_WARPS:
            raise ValueError(
                f'transformations must be None, "{IMAGE_WARPS}", an (m, d, d) array or a sequence of '
                f"matrices and callables, got {transformations!r}"
            )
        return _image_warps(d)
    if not isinstance(transformations, np.ndarray | Sequence):
        raise ValueError(
            f"transformations must be a sequence of ({d}, {d}) matrices and callables, got "
            f"{type(transformations).__name__}"
        )
    return tuple(_matrix(entry, number, d) for number, entry in enumerate(transformations))


def _matrix(entry: Any, number: int, d: int) -> Any:
    name = f"transformations[{number}]"
    if callable(entry):
        return _matrix_of_callable(entry, name, d)
    try:
        matrix = (
            sparse.csr_array(entry, dtype=np.float64)
            if sparse.issparse(entry)
            else np.array(entry, dtype=np.float64)
        )
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} must be a ({d}, {d}) matrix of numbers, got {entry!r}") from error
    values = matrix.data if sparse.issparse(matrix) else matrix
    if matrix.shape != (d, d) or not np.isfinite(values).all():
        raise ValueError(f"{name} must be a finite ({d}, {d}) matrix, got shape {matrix.shape}")
    return matrix


def _matrix_of_callable(function: Any, name: str, d: int) -> Any:
    """The matrix of a linear function of (m, d) rows; ValueError where a try shows that it is not linear."""
    images = np.asarray(function(np.eye(d)), dtype=np.float64)
    if images.shape != (d, d) or not np.isfinite(images).all():
        raise ValueError(f"{name} must map (m, {d}) finite rows to as many, got {images.shape}")
    row = np.random.RandomState(0).standard_normal((1, d))
    linear = row @ images
    scale = np.abs(row) @ np.abs(images) + np.abs(images).max(initial=1.0)
    if np.any(np.abs(np.asarray(function(row.copy())) - linear) > 1e-6 * scale):
        raise ValueError(f"{name} must be linear in the rows, got a callable that is not")
    return images.T.copy()


def _image_warps(d: int) -> tuple[Any, ...]:
    side = math.isqrt(d)
    if side * side != d or side < 2:
        raise ValueError(
            f'transformations="{IMAGE_WARPS}" needs square images, row by row, got {d} features'
        )
    turn = math.radians(_TURN)
    turned = [[[math.cos(a), -math.sin(a)], [math.sin(a), math.cos(a)]] for a in (turn, -turn)]
    sheared = [[[1.0, s], [0.0, 1.0]] for s in (_SHEAR, -_SHEAR)]
    return tuple(_sampling(side, np.array(place)) for place in turned + sheared)


def _sampling(side: int, place: Floats) -> Any:
    """The matrix by which a (right, down) pixel of the new image is read, bilinearly, at place @ pixel.

    Places are relative to the image's centre; beyond its edge it is 0.
    """
    down, right = (np.indices((side, side)) - (side - 1) / 2).reshape(2, -1)
    x, y = place @ np.stack([right, down]) + (side - 1) / 2
    left, top = np.floor(x).astype(np.intp), np.floor(y).astype(np.intp)
    matrix = sparse.csr_array((side * side, side * side))
    for column, row, share in (
        (left, top, (1 - (x - left)) * (1 - (y - top))),
        (left + 1, top, (x - left) * (1 - (y - top))),
        (left, top + 1, (1 - (x - left)) * (y - top)),
        (left + 1, top + 1, (x - left) * (y - top)),
    ):
        inside = (column >= 0) & (column < side) & (row >= 0) & (row < side) & (share > 0)
        pixels = np.flatnonzero(inside)
        at = (pixels, row[pixels] * side + column[pixels])
        matrix = matrix + sparse.csr_array((share[pixels], at), shape=matrix.shape)
    return matrix
