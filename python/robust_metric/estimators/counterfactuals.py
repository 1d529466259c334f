"""Counterfactuals: the smallest change of an input that reaches a wanted class, as people may make it."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._base.arrays import Floats, Labels, Mask
from .._base.states import sees_one_state
from .._base.validation import check_count, check_positive, check_precision, checked_queries
from ..fitted import Box, Fitted
from ..io.scaling import Scaling
from ..results.counterfactuals import Counterfactuals
from ..results.perturbations import WitnessPrecision
from .classifier import CertifiedKNeighborsClassifier
from .nearest_snapped import SnappedSearch
from .query_wishes import check_box, encoded_targets, query_box
from .snapping import Snap, feature_places, grid_steps

_NONE = "none"  # status of further ones that were not looked for
_EXACT = 1e-9  # relative width of intervals that count as closed


@sees_one_state
def counterfactuals(
    clf: CertifiedKNeighborsClassifier,
    X: ArrayLike,
    target: Any = None,
    *,
    count: int = 1,
    up: Any = (),
    down: Any = (),
    freeze: Any = (),
    bounds: Any = None,
    integer: Any = (),
    grid: Mapping[Any, float] | None = None,
    precision: WitnessPrecision = None,
    scaling: Scaling | None = None,
    time_limit: float | None = 10.0,
) -> Counterfactuals:
    """Counterfactuals of predictions, each with a proof of how much cheaper another could be.

    Parameters
    ----------
    clf : CertifiedKNeighborsClassifier
        Fitted; its threat model says what changes cost, which features are frozen, and the bounds of
        all inputs.
    X : (m, d) array
        Queries.
    target : class label, or (m,) array of them, optional
        The class wanted; by default any other than the one predicted.
    count : int, default 1
        How many for each query. Each further one leaves alone the features that the ones before it
        owe half of their cost to (or the one that they owe most to, where the rest does not do).
    up, down, freeze : feature or sequence of features, by name or number
        What can only grow, only shrink, or not change.
    bounds : pair, or dict of feature to pair, optional
        Lower and upper ends of what each row may become, as in ``minimal_perturbation``.
    integer : feature or sequence of features
        What takes whole numbers only.
    grid : dict of feature to float, optional
        What takes multiples of a step only. The value that a query has can stay.
    precision : "float32" or int, optional
        All other new values are numbers of float32, or have so many decimal places, and the point
        keeps its class when features that stay are rounded so as well.
    scaling : Scaling, optional
        What features went through before ``clf`` was fitted. X, bounds, grid and the answer are in the
        units before it then, costs in those of the classifier.
    time_limit : float or None, default 10.0
        Seconds of each search, of which there is one for each query and counterfactual.

    Returns
    -------
    Counterfactuals

    Raises
    ------
    ValueError
        If an argument is not of the form above, a feature is not known, or a query is outside its
        bounds.
    SearchInterrupted
        On Ctrl-C.

    Notes
    -----
    ``lower`` is that of the search over all real numbers (``docs/vote_search.md``), of which those
    on a grid are some. Points on a grid are found from its witness and from training points of the
    wanted class: rounded, then moved back step by step while their class allows it. They need not be
    the best of the grid; how far from it they can be is what ``lower`` and ``upper`` say.

    Examples
    --------
    >>> import robust_metric as rm
    >>> X_train, X_test, y_train, y_test = rm.datasets.load("iris", scale=False)
    >>> clf = rm.CertifiedKNeighborsClassifier(n_neighbors=3).fit(X_train, y_train)
    >>> found = rm.counterfactuals(clf, X_test[:1], precision=1, freeze=0)
    >>> bool((clf.predict(found.points[:, 0]) != found.label).all())
    True
    """
    check_count("count", count)
    check_precision("precision", precision)
    check_positive("time_limit", time_limit, optional=True)
    clf = copy.copy(clf)  # which no other thread can fit meanwhile
    view, names = clf.fitted_view(), getattr(clf, "feature_names_in_", None)
    names = None if names is None else [str(name) for name in names]
    raw = checked_queries(clf, X)
    d = raw.shape[1]
    box = _box(raw, query_box(bounds, raw, names), up, down, freeze, names)
    snap = Snap(grid_steps(integer, grid, d, names), precision)
    targets = encoded_targets(target, view.classes, len(raw))
    search = _Search(view, raw, box, targets, snap, scaling, time_limit, names)
    return search.run(count, names)


def _box(
    raw: Floats, given: Box | None, up: Any, down: Any, freeze: Any, names: Sequence[str] | None
) -> Box:
    lower, upper = np.full(raw.shape, -np.inf), np.full(raw.shape, np.inf)
    if given is not None:
        lower, upper = given
    d = raw.shape[1]
    grows, shrinks, stays = (
        feature_places(features, d, names, what)
        for features, what in ((up, "up"), (down, "down"), (freeze, "freeze"))
    )
    lower[:, grows + stays] = raw[:, grows + stays]
    upper[:, shrinks + stays] = raw[:, shrinks + stays]
    check_box(lower, upper, raw, names)
    return lower, upper


class _Search:
    """Counterfactuals of some queries: one search after another, each with more features left alone."""

    def __init__(
        self,
        view: Fitted,
        raw: Floats,
        box: Box,
        targets: Labels | None,
        snap: Snap,
        scaling: Scaling | None,
        time_limit: float | None,
        names: Sequence[str] | None,
    ) -> None:
        self.view, self.raw, self.box, self.targets = view, raw, box, targets
        self.snap, self.scaling, self.time_limit = snap, scaling, time_limit
        units = None if scaling is None else (scaling.offset, scaling.scale)
        self.queries = np.ascontiguousarray(view.threat.admit(self._scaled(raw), names, units))
        self.label = view.predict(self.queries)

    def run(self, count: int, names: Sequence[str] | None) -> Counterfactuals:
        m, d = self.raw.shape
        points = np.full((m, count, d), np.nan)
        lower, upper = np.zeros((m, count)), np.full((m, count), np.inf)
        labels = np.repeat(self.label[:, np.newaxis], count, axis=1)
        status = np.full((m, count), _NONE, dtype="U14")
        frozen = np.zeros((m, d), dtype=np.bool_)
        rows = np.arange(m)
        for number in range(count):
            if number > 0:
                rows, frozen = self._further(rows, points[:, number - 1], frozen)
            found = self._cheapest(rows, frozen)
            points[rows, number], lower[rows, number], upper[rows, number] = found[:3]
            labels[rows, number], status[rows, number] = found[3:]
            again = rows[~np.isfinite(upper[rows, number])] if number > 0 else rows[:0]
            if len(again):  # half of the cost was too much to leave alone
                frozen[again] = self._less_frozen[again]
                found = self._cheapest(again, frozen)
                points[again, number], lower[again, number], upper[again, number] = found[:3]
                labels[again, number], status[again, number] = found[3:]
            rows = rows[np.isfinite(upper[rows, number])]
        return Counterfactuals(
            self.raw,
            points,
            lower,
            upper,
            self.label,
            labels,
            status,
            None if names is None else tuple(names),
            self.view.threat,
            None if self.scaling is None else self.scaling.scale,
        )

    def _further(self, rows: NDArray[Any], last: Floats, frozen: Mask) -> tuple[NDArray[Any], Mask]:
        """Leave alone what the last ones owe half of their cost to; rows where nothing changed are done."""
        frozen, self._less_frozen = frozen.copy(), frozen.copy()
        threat = self.view.threat
        weight = threat.weights(self.raw.shape[1])
        weight = np.where(np.isinf(weight), 0.0, weight)
        goes_on = []
        for i in rows.tolist():
            size = np.abs(self._scaled(last[i : i + 1])[0] - self.queries[i]) * weight
            if not (size > 0.0).any():
                continue
            share = (size / size.max()) ** (2 if threat.norm == 2 else 1)
            order = np.argsort(-share, kind="stable")
            half = int(np.searchsorted(np.cumsum(share[order]), 0.5 * share.sum())) + 1
            frozen[i, order[:half]] = True
            self._less_frozen[i, order[0]] = True
            goes_on.append(i)
        return np.array(goes_on, dtype=np.int64), frozen

    def _cheapest(self, rows: NDArray[Any], frozen: Mask) -> tuple[Any, ...]:
        """Points, lower, upper, labels and status of some rows, with some features left alone."""
        if len(rows) == 0:
            return np.empty((0, self.raw.shape[1])), 0.0, np.inf, self.label[:0], _NONE
        still = frozen[rows]
        raw, (lower, upper) = self.raw[rows], (side[rows] for side in self.box)
        box = np.where(still, raw, lower), np.where(still, raw, upper)
        queries, scaled_box = self.queries[rows], self._scaled_box(box, rows)
        targets = None if self.targets is None else self.targets[rows]
        found = self.view.minimal_perturbation(
            queries,
            None,
            self.time_limit,
            witness_precision=self.snap.precision if self.scaling is None else None,
            targets=targets,
            box=scaled_box,
        )
        reached, labels = np.isfinite(found.upper), found.adversarial_label
        witnesses = queries + found.perturbation
        if self.scaling is None and not self.snap.any:
            points = np.where(reached[:, np.newaxis], witnesses, np.nan)
            return points, found.lower, found.upper, labels, found.status
        snapped = SnappedSearch(self.view, self._scaled, self.snap)
        unscaled = witnesses if self.scaling is None else self._unscaled(witnesses)
        points, upper_ends, labels = snapped.run(
            raw, queries, np.where(reached[:, np.newaxis], unscaled, np.nan), box, targets, found
        )
        status = found.status.astype("U14")
        closed = upper_ends <= found.lower * (1.0 + _EXACT)
        status[(status == "exact") & ~closed] = "interval"
        return points, found.lower, upper_ends, labels, status

    def _scaled(self, points: Floats) -> Floats:
        return points if self.scaling is None else self.scaling.apply(points)

    def _unscaled(self, points: Floats) -> Floats:
        assert self.scaling is not None
        return points * self.scaling.scale + self.scaling.offset

    def _scaled_box(self, box: Box, rows: NDArray[Any]) -> Box:
        """In the units of the classifier; what does not move stays where a clipped query is."""
        lower, upper = (self._scaled(side) for side in box)
        queries = self.queries[rows]
        return np.minimum(lower, queries), np.maximum(upper, queries)
