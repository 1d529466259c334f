"""What proves a certificate, in rational arithmetic.

The checker reads two files and proves, or fails to prove, each radius in them. A yes is a proof of the
following statement about the classifier in the model's file (the K-nearest-neighbour vote over the
real numbers that its stored float64 arrays denote, ties of distance to the smaller index, ties of
votes to the smaller class): whatever input differs from the query at a cost of less than the radius
gets the certified class. The cost is that of the threat model stored with the certificates, which has
to be the model's or the one that is asked for; where it has bounds, only inputs within them count.

The argument (docs/halfspace_bounds.md has the proofs). Let c be the certified class and x⁻ a point
of another class. While d(z', x⁺) < d(z', x⁻) holds for m points x⁺ of class c, x⁻ can be among the
K nearest only if m of them are too. The set of z' where the inequality holds is a half-space, whose
boundary is at distance N / (2 ‖M(x⁻ - x⁺)‖) from z, N = d(z, x⁻) - d(z, x⁺); the same with a
weighted sum over several x⁺ excludes that x⁻ is nearer than all of them. For other costs
`reach` decides whether the half-space reaches as near as the radius. To lose the vote while v
votes for c remain, K - v other-class points must be among the K nearest, enough of them of one
class, and each must be nearer than all but v points of c.

Every float64 is an integer times a power of two, so everything here is integer arithmetic.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._base.arrays import Floats, Indices
from ..io.model_files import StoredModel
from ..results.evidence import Evidence
from ..threat import ThreatModel
from .reach import Costs, Reach
from .votes import TreeProof, losses


class Checker:
    """A model and evidence in integers; lengths in units of 2^exponent of the input space."""

    def __init__(self, model: StoredModel, evidence: Evidence, threat: ThreatModel) -> None:
        X, self.y, self.k = model.X.astype(np.float64), model.y, model.n_neighbors
        self.classes, self.evidence = model.classes.tolist(), evidence
        self.threat, self.costs = threat, Costs(threat, X.shape[1])
        self.box = threat.box(X.shape[1])
        bounds = [] if self.box is None else [np.where(np.isfinite(b), b, 0.0) for b in self.box]
        points, self.exponent = _integers(np.vstack([X, evidence.queries, *bounds]))
        L = model.components
        self.L = None if L is None else _integers(L.astype(np.float64))[0]
        mapped, twice = self._map(points)
        n, m = len(X), len(X) + len(evidence.queries)
        self.V, self.queries_V = mapped[:n], mapped[n:m]
        self.G, self.queries_G = twice[:n], twice[n:m]
        self.queries, self.bounds = points[n:m], points[m:]
        self.counts = [int((self.y == c).sum()) for c in range(len(self.classes))]
        seen: dict[tuple[int, ...], list[int]] = {}
        # equal points of smaller index, where there are any
        self.earlier: dict[int, list[int]] = {}
        for i, row in enumerate(points[:n]):
            equal = seen.setdefault(tuple(row), [])
            if equal:
                self.earlier[i] = equal.copy()
            equal.append(i)

    def _map(self, points: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
        if self.L is None:
            return points, points
        mapped = points.dot(self.L.T)
        return mapped, mapped.dot(self.L)

    def reach(self, i: int, radius: float) -> Reach:
        """Perturbations of query i that cost less than the radius."""
        if self.box is None:
            return Reach(self.costs, radius, self.exponent)
        z = self.queries[i]
        below = np.where(np.isinf(self.box[0]), -1, z - self.bounds[0])
        above = np.where(np.isinf(self.box[1]), -1, self.bounds[1] - z)
        return Reach(self.costs, radius, self.exponent, below, above)

    def problem(self, i: int, radius: float, label: Any) -> str | None:
        """Return what is wrong with certificate i, or None where it is proved."""
        if not radius > 0.0:
            return f"radius {radius!r} is negative or not a number"
        if label not in self.classes:
            return f"label {label!r} is not a class of the model"
        if not self.threat.holds(self.evidence.queries[i : i + 1])[0]:
            return "its query is outside the bounds of the threat model"
        c = self.classes.index(label)
        votes = _losing_votes(self.counts, c, self.k)
        if not votes:
            return None  # no perturbation of any size takes the vote away
        depth = votes[0][0] + 1
        near = self._slice(self.evidence.near_offsets, self.evidence.near_own, i)
        rows: dict[int, list[slice]] = {}
        for j in range(*self.evidence.row_offsets[i : i + 2]):
            own = slice(*self.evidence.own_offsets[j : j + 2])
            rows.setdefault(int(self.evidence.row_other[j]), []).append(own)
        listed = [*near, *(w for own in rows.values() for s in own for w in self.evidence.own[s])]
        if any(not 0 <= w < len(self.y) or self.y[w] != c for w in listed):
            return f"evidence names a point that is not of class {label!r}"
        pairs = _Pairs(self, i, radius)
        beaten = {
            o: self._points_ahead(pairs, o, near, rows.get(o, []), depth)
            for o in np.flatnonzero(self.y != c).tolist()
            if not (self.k == 1 and o in self.earlier)
        }
        tree = self._tree(i, c, pairs)
        for order, loss in enumerate(losses(votes)):
            free = [o for o, ahead in beaten.items() if ahead <= loss.kept]
            able = [o for o in free if self.y[o] == loss.rival]
            if len(free) < loss.entering or len(able) < loss.least:
                continue
            missing: str | None = (
                f"no inequality keeps the training points {able[:4]} out to radius {radius!r}"
            )
            if tree is not None:
                missing = tree.problem(loss, order, frozenset(free))
            if missing:
                rival = self.classes[loss.rival]
                return f"class {rival!r} may win while {loss.kept} votes remain: {missing}"
        return None

    def _tree(self, i: int, c: int, pairs: _Pairs) -> TreeProof | None:
        trees = self.evidence.trees
        if trees is None or trees.offsets[i] == trees.offsets[i + 1]:
            return None
        return TreeProof(trees, i, self.y, c, self.earlier, pairs)

    def _points_ahead(
        self, pairs: _Pairs, other: int, near: Sequence[int], rows: list[slice], depth: int
    ) -> int:
        """Count own-class points proved to stay nearer than ``other`` within the radius, up to depth."""
        proved: set[int] = set()
        separate = [w for own in rows for w in self.evidence.own[own].tolist()]
        combined = len(self.evidence.multipliers) > 0
        for w in [*near, *([] if combined else separate)]:
            if w not in proved and pairs.proves(other, [w], [1]):
                proved.add(w)
                if len(proved) == depth:
                    return depth
        if combined and not proved:
            for own in rows:
                weights = self.evidence.multipliers[own]
                if (weights >= 0.0).all() and np.isfinite(weights).all():
                    if pairs.proves(
                        other, self.evidence.own[own].tolist(), _integers(weights)[0].tolist()
                    ):
                        return 1  # not all of these points can be farther than other
        return len(proved)

    @staticmethod
    def _slice(offsets: Indices, values: Indices, i: int) -> list[int]:
        part: list[int] = values[offsets[i] : offsets[i + 1]].tolist()
        return part


class _Pairs:
    """Inequalities around one query."""

    def __init__(self, checker: Checker, i: int, radius: float) -> None:
        V, G = checker.V - checker.queries_V[i], checker.G - checker.queries_G[i]
        self.distances = (V * V).sum(axis=1)
        self.lengths = checker.costs.dual_size(G)
        self.G = G
        self.reach = checker.reach(i, radius)

    def proves(self, other: int, own: Sequence[int], weights: Sequence[int]) -> bool:
        """Decide whether no perturbation brings ``other`` before all of ``own``."""
        gap = sum(
            weight * (self.distances[other] - self.distances[w])
            for w, weight in zip(own, weights, strict=True)
        )
        # a tie goes to the smaller index
        strict = any(weight > 0 and other > w for w, weight in zip(own, weights, strict=True))
        if gap < 0 or (gap == 0 and not strict):
            return False
        if (
            gap > 0 and len(own) == 1 and weights[0] == 1
        ):  # the triangle inequality may do, which needs no new norm
            if self.reach.within_length(gap, self.lengths[other] + self.lengths[own[0]]):
                return True
        direction = sum(
            weight * (self.G[other] - self.G[w]) for w, weight in zip(own, weights, strict=True)
        )
        if gap > 0 and self.reach.stays_below(gap, direction):
            return True
        return strict and self.reach.never_beyond(gap, direction)


def _losing_votes(counts: Sequence[int], c: int, k: int) -> list[tuple[int, int, dict[int, int]]]:
    """(v, K - v, points needed by class) for each way to lose with v votes left, largest v first."""
    rivals = [r for r, count in enumerate(counts) if r != c and count > 0]
    others = sum(counts[r] for r in rivals)
    votes = []
    for kept in range(min(k // 2, counts[c]), -1, -1):
        entering = k - kept
        if entering > others:
            continue
        needed = {}
        for r in rivals:
            # more votes than c, or as many for a smaller class; and no fewer than an equal share
            count = max(kept + (r > c), -(-entering // len(rivals)))
            if count <= min(entering, counts[r]):
                needed[r] = count
        if needed:
            votes.append((kept, entering, needed))
    return votes


def _integers(values: Floats) -> tuple[NDArray[Any], int]:
    """Integers n and an exponent e with values == n * 2^e, exactly."""
    if not np.isfinite(values).all():
        raise ValueError("certificates and model must hold finite numbers only")
    mantissas, exponents = np.frexp(values)
    whole = (mantissas * 2.0**53).astype(np.int64)  # exact: mantissas have 53 bits
    exponents = exponents.astype(np.int64) - 53
    # drop common trailing zeros, so that simple data give small integers
    zeros = np.array([((n & -n).bit_length() - 1) if n else 0 for n in whole.ravel().tolist()])
    zeros = zeros.reshape(whole.shape)
    used = whole != 0
    exponent = int((exponents + zeros)[used].min()) if used.any() else 0
    shifts = np.where(used, exponents + zeros - exponent, 0)
    odd = (whole >> zeros).astype(object)
    return np.array(odd * (2 ** shifts.astype(object)), dtype=object), exponent
