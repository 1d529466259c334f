"""Which training points decide a certified radius."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from .._base.arrays import Floats, Indices
from .._base.frozen import frozen
from .._base.states import sees_one_state
from .._base.validation import check_certified
from ..fitted import Fitted
from ..results.certificates import DecidingPoints
from ..threat import ThreatModel
from .classifier import CertifiedKNeighborsClassifier


@sees_one_state
def deciding_points(
    clf: CertifiedKNeighborsClassifier, X: ArrayLike, y: ArrayLike | None = None
) -> DecidingPoints:
    """Name the pair of training points that decides each certified radius.

    Parameters
    ----------
    clf : CertifiedKNeighborsClassifier
        Fitted.
    X : (m, d) array
    y : (m,) array, optional
        True classes, as for ``clf.certify``.

    Returns
    -------
    DecidingPoints

    Raises
    ------
    TypeError
        If clf is not one of our classifiers.
    ValueError
        As ``clf.certify`` does.

    Notes
    -----
    A training point that decides many small radii stands among points of another class: it is worth
    a look whether its label is right. See ``docs/deciding_points.md``.
    """
    check_certified("clf", clf)
    certificates = clf.certify(X, y, evidence=True)
    proofs = certificates.evidence
    assert proofs is not None
    view = clf.fitted_view()
    own, other = (np.full(len(certificates), -1, dtype=np.int64) for _ in range(2))
    for i in np.flatnonzero((certificates.radius > 0.0) & np.isfinite(certificates.radius)):
        rows = slice(proofs.row_offsets[i], proofs.row_offsets[i + 1])
        counts = np.diff(proofs.own_offsets)[rows]
        others = np.repeat(proofs.row_other[rows], counts)
        first, last = proofs.own_offsets[proofs.row_offsets[[i, i + 1]]]
        owns = proofs.own[first:last]
        bounds = _pair_bounds(view, proofs.queries[i].astype(np.float64), owns, others)
        # the radius is one of these, rounded down
        nearest = int(np.argmin(np.abs(bounds - certificates.radius[i])))
        own[i], other[i] = owns[nearest], others[nearest]
    return DecidingPoints(frozen(own), frozen(other), certificates.radius)


def _pair_bounds(
    view: Fitted,
    z: Floats,
    own: Indices,
    other: Indices,
) -> Floats:
    """Distance from z to the half-space of each pair, plainly: (pairs,) float64, inf for equal points."""
    plus, minus = view.points[own].astype(np.float64), view.points[other].astype(np.float64)
    L = np.eye(len(z)) if view.components is None else view.components
    difference = (plus - minus) @ L.T
    # d(z, x-) - d(z, x+) = (x+ - x-) . M (2 z - x+ - x-), of which each δ takes 2 δ . M (x- - x+)
    gap = (difference * ((2.0 * z - plus - minus) @ L.T)).sum(axis=1)
    distances = halfspace_distances(view.threat, z, -difference @ L, 0.5 * gap)
    # equal points have no half-space between them, and decide nothing however small the radius is
    return np.where(difference.any(axis=1), distances, np.inf)


def halfspace_distances(threat: ThreatModel, z: Floats, normals: Floats, offsets: Floats) -> Floats:
    """Least cost of an allowed δ at z with a·δ >= b, for m half-spaces, in plain floating point.

    Parameters
    ----------
    threat : ThreatModel
    z : (d,) float64
        Within the bounds.
    normals : (m, d) float64
        The a.
    offsets : (m,) float64
        The b.

    Returns
    -------
    (m,) float64
        0 where b <= 0, inf where no allowed δ gets there. Rounding is not counted: what is
        certified does not come from here.

    Notes
    -----
    The cheapest δ moves features until they reach their bound: for p = 1 one after the other, those of
    the largest gain for their cost first; for p = inf all alike; for p = 2 in proportion to that gain. In
    the order in which they stop, sums tell with which one b is reached. See ``docs/threat_models.md``.
    """
    d = len(z)
    weight, box = threat.weights(d), threat.box(d)
    gain = np.abs(normals) / weight
    room = np.full_like(gain, np.inf)
    if box is not None:
        room = np.where(normals > 0.0, box[1] - z, z - box[0])
    room = np.where(gain > 0.0, room, 0.0) * np.where(np.isinf(weight), 1.0, weight)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        stop = room
        if threat.norm != np.inf:
            stop = -gain if threat.norm == 1 else np.where(gain > 0.0, room / gain, 0.0)
        order = np.argsort(stop, axis=1, kind="stable")
        gain, room = (np.take_along_axis(values, order, axis=1) for values in (gain, room))
        distance = _reached(threat.norm, gain, room, offsets[:, None])
    return np.where(offsets > 0.0, distance, 0.0)


def _reached(norm: float, gain: Floats, room: Floats, b: Floats) -> Floats:
    """Cost at which b is gained by features that stop in this order: (m,)."""
    gained = _before(gain * room)
    if norm == 1:
        cost = _before(room) + (b - gained) / gain
        reached = b - gained <= gain * room
    elif norm == 2:
        price = (b - gained) / _from(gain**2)
        cost = np.sqrt(_before(room**2) + price**2 * _from(gain**2))
        reached = price * gain <= room
    else:
        cost = (b - gained) / _from(gain)
        reached = cost <= room
    found = reached & (gain > 0.0)
    first = np.argmax(found, axis=1)[:, None]
    distance = np.take_along_axis(cost, first, axis=1)[:, 0]
    return np.where(found.any(axis=1), distance, np.inf)


def _before(values: Floats) -> Floats:
    """Sums over the features that have stopped."""
    return np.c_[np.zeros(len(values)), np.cumsum(values, axis=1)[:, :-1]]


def _from(values: Floats) -> Floats:
    """Sums over those that have not."""
    sums: Floats = np.cumsum(values[:, ::-1], axis=1)[:, ::-1]
    return sums
