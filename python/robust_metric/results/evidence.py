"""What proves certified radii, as plain arrays that a file can hold; see docs/evidence.md."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._base.arrays import Floats, Indices
from .._base.frozen import FrozenArrays


@dataclass(frozen=True, eq=False)
class SearchTrees(FrozenArrays):
    """What the search for minimal perturbations with K > 1 decided, for m certificates.

    A certificate has one tree for each way to lose the vote, largest number of kept votes first, then
    by class; ``offsets[i]:offsets[i + 1]`` are the nodes of all of them in preorder. The children of
    a node either beat own-class points or let other-class points enter: the label of ``point`` says which.

    Parameters
    ----------
    offsets : (m + 1,) int64
    point : (nodes,) int64, indices of training points
        What is beaten, or enters, in this node and in none of its earlier siblings; -1 at a root.
    children : (nodes,) int64
        Their number.
    pair_offsets : (nodes + 1,) int64
    entering, beaten : int64, indices of training points
        Pairs whose weighted sum bounds the perturbations of a node.
    multipliers : float64, non-negative
        The weights.
    own_offsets : (nodes + 1,) int64
    own : int64, indices of training points
        Own-class points that, together with the weighted sum, keep further points from entering.
    """

    offsets: Indices
    point: Indices
    children: Indices
    pair_offsets: Indices
    entering: Indices
    beaten: Indices
    multipliers: Floats
    own_offsets: Indices
    own: Indices

    def own_of(self, node: int) -> list[int]:
        """Own-class points of a node."""
        points: list[int] = self.own[slice(*self.own_offsets[node : node + 2])].tolist()
        return points

    def pairs_of(self, node: int) -> tuple[list[int], list[int], list[float]]:
        """Entering points, beaten points and multipliers of a node."""
        part = slice(*self.pair_offsets[node : node + 2])
        return (
            self.entering[part].tolist(),
            self.beaten[part].tolist(),
            self.multipliers[part].tolist(),
        )

    def check(self, m: int) -> None:
        """Raise ValueError where the arrays have wrong types or are not those of m certificates."""
        for field in fields(self):
            _check_vector(
                field.name, getattr(self, field.name), float if field.name == "multipliers" else int
            )
        nodes = len(self.point)
        _check_offsets("offsets", self.offsets, m, nodes)
        _check_offsets("pair_offsets", self.pair_offsets, nodes, len(self.entering))
        _check_offsets("own_offsets", self.own_offsets, nodes, len(self.own))
        if len(self.children) != nodes or not (
            len(self.entering) == len(self.beaten) == len(self.multipliers)
        ):
            raise ValueError(
                "evidence of trees must have one number of children for each node, and "
                "one multiplier for each pair"
            )


def _check_vector(name: str, array: NDArray[Any], kind: type) -> None:
    if array.dtype != np.dtype(kind) or array.ndim != 1:
        raise ValueError(f"evidence {name} must be a vector of {np.dtype(kind)}, got {array.dtype}")


def _check_offsets(name: str, offsets: Indices, count: int, entries: int) -> None:
    if (
        len(offsets) != count + 1
        or offsets[0] != 0
        or offsets[-1] != entries
        or (offsets[1:] < offsets[:-1]).any()  # compared, as differences may wrap around
    ):
        raise ValueError(f"evidence {name} must cut {entries} entries into {count}")


@dataclass(frozen=True, eq=False)
class Evidence(FrozenArrays):
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
        What `digests.model_digest` calls the classifier.
    trees : SearchTrees, optional
        (minimal perturbations, K > 1) what proves more than the bounds of single points do.
    """

    near_offsets: Indices
    near_own: Indices
    row_offsets: Indices
    row_other: Indices
    own_offsets: Indices
    own: Indices
    multipliers: Floats
    queries: Floats
    model_digest: str
    trees: SearchTrees | None = None

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The arrays by the names they have in a file."""
        arrays = {f"evidence_{name}": getattr(self, name) for name in _arrays_of(Evidence)}
        if self.trees is not None:
            arrays |= {
                f"tree_{name}": getattr(self.trees, name) for name in _arrays_of(SearchTrees)
            }
        return arrays

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]], digest: str) -> Evidence | None:
        """Rebuild from a file's arrays; None where they hold no evidence.

        Raises
        ------
        ValueError
            If the arrays have wrong types or do not fit together.
        """
        found = _with_prefix(arrays, "evidence_", cls)
        if not found:
            return None
        if not isinstance(digest, str):
            raise ValueError(f"evidence must name its model by a digest, got {digest!r}")
        trees = _with_prefix(arrays, "tree_", SearchTrees)
        evidence = cls(**found, model_digest=digest, trees=SearchTrees(**trees) if trees else None)
        evidence._check()
        return evidence

    def _check(self) -> None:
        for name in ("near_offsets", "near_own", "row_offsets", "row_other", "own_offsets", "own"):
            _check_vector(name, getattr(self, name), int)
        m = len(self.queries)
        for offsets, count, target in (
            ("near_offsets", m, self.near_own),
            ("row_offsets", m, self.row_other),
            ("own_offsets", len(self.row_other), self.own),
        ):
            _check_offsets(offsets, getattr(self, offsets), count, len(target))
        if self.multipliers.dtype != np.float64 or self.multipliers.shape not in (
            (0,),
            self.own.shape,
        ):
            raise ValueError("evidence multipliers must be float64, one for each entry of own")
        if len(self.multipliers) and (self.own_offsets[1:] == self.own_offsets[:-1]).any():
            raise ValueError(
                "evidence own must have a point in each row that is combined by multipliers"
            )
        if self.queries.dtype != np.float64 or self.queries.ndim != 2:
            raise ValueError("evidence queries must be a matrix of float64")
        if not np.isfinite(self.queries).all():
            raise ValueError("evidence queries must be finite numbers only")
        if self.trees is not None:
            self.trees.check(m)


def _arrays_of(kind: type[Evidence] | type[SearchTrees]) -> list[str]:
    return [field.name for field in fields(kind) if field.name not in ("model_digest", "trees")]


def _with_prefix(
    arrays: Mapping[str, NDArray[Any]], prefix: str, kind: type[Evidence] | type[SearchTrees]
) -> dict[str, NDArray[Any]]:
    """Return all arrays of a kind, or none of them."""
    found = {n.removeprefix(prefix): a for n, a in arrays.items() if n.startswith(prefix)}
    wanted = _arrays_of(kind)
    if found and set(found) != set(wanted):
        raise ValueError(f"evidence must have the arrays {sorted(wanted)}, got {sorted(found)}")
    return found
