"""What proves certified radii, as plain arrays that a file can hold; see docs/evidence.md."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

Indices = NDArray[np.int64]


@dataclass(frozen=True)
class Evidence:
    """Proofs of m certificates, flattened; ``x_offsets[i]:x_offsets[i + 1]`` is what belongs to i.

    For query i the points ``near_own`` prove by their pair bounds every other-class point that has
    no row, or no sufficient row. Row j is about the other-class point ``row_other[j]`` and the
    own-class points ``own`` of its slice: each pair is an inequality of its own or, with
    ``multipliers``, their weighted sum is one.

    Parameters
    ----------
    near_offsets : (m + 1,) int64
    near_own : int64, indices of training points
    row_offsets : (m + 1,) int64
    row_other : (rows,) int64, indices of training points
    own_offsets : (rows + 1,) int64
    own : int64, indices of training points
    multipliers : float64, as long as ``own``, non-negative; or empty
    queries : (m, d) float64
        The inputs that were certified.
    model_digest : str
        `model_digest` of the classifier.
    """

    near_offsets: Indices
    near_own: Indices
    row_offsets: Indices
    row_other: Indices
    own_offsets: Indices
    own: Indices
    multipliers: NDArray[np.float64]
    queries: NDArray[np.float64]
    model_digest: str

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The arrays by the names they have in a file."""
        names = [field.name for field in fields(self) if field.name != "model_digest"]
        return {f"evidence_{name}": getattr(self, name) for name in names}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]], digest: str) -> Evidence | None:
        """Rebuild from a file's arrays; None where they hold no evidence.

        Raises
        ------
        ValueError
            If the arrays have wrong types or do not fit together.
        """
        prefix = "evidence_"
        found = {n.removeprefix(prefix): a for n, a in arrays.items() if n.startswith(prefix)}
        if not found:
            return None
        wanted = {field.name for field in fields(cls)} - {"model_digest"}
        if set(found) != wanted or not isinstance(digest, str):
            raise ValueError(f"evidence must have the arrays {sorted(wanted)}, got {sorted(found)}")
        evidence = cls(**found, model_digest=digest)
        evidence._check()
        return evidence

    def _check(self) -> None:
        for name in ("near_offsets", "near_own", "row_offsets", "row_other", "own_offsets", "own"):
            array = getattr(self, name)
            if array.dtype != np.int64 or array.ndim != 1:
                raise ValueError(f"evidence {name} must be a vector of int64, got {array.dtype}")
        m = len(self.queries)
        for offsets, count, target in (
            ("near_offsets", m, self.near_own),
            ("row_offsets", m, self.row_other),
            ("own_offsets", len(self.row_other), self.own),
        ):
            array = getattr(self, offsets)
            if (
                len(array) != count + 1
                or array[0] != 0
                or array[-1] != len(target)
                or (np.diff(array) < 0).any()
            ):
                raise ValueError(f"evidence {offsets} must cut {len(target)} entries into {count}")
        if self.multipliers.dtype != np.float64 or self.multipliers.shape not in (
            (0,),
            self.own.shape,
        ):
            raise ValueError("evidence multipliers must be float64, one for each entry of own")
        if self.queries.dtype != np.float64 or self.queries.ndim != 2:
            raise ValueError("evidence queries must be a matrix of float64")


def model_digest(
    X: NDArray[np.float64], y: NDArray[np.int64], components: NDArray[np.float64] | None
) -> str:
    """SHA-256 over the training points, encoded labels and components of a classifier."""
    digest = hashlib.sha256()
    for array in (X, y, np.empty((0, 0)) if components is None else components):
        digest.update(str((array.dtype.str, array.shape)).encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()
