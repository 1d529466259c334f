"""The training loop of ARML."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import check_random_state

from ... import _core
from ..._base.arrays import Floats, Indices, Labels
from ..._base.progress import Progress
from ..._base.runtime import execution_threads
from ...metrics.mahalanobis import with_signs
from ..adam import Adam, cosine, default_learning_rate
from ..dual_norm import dual_norm
from .held_out import Validation
from .settings import MetricState, Settings

# How training is cut up; measured in docs/arml.md.
_MOVEMENT_PER_ROUND = 3.0  # how far L may go before triplets are chosen anew, in default steps
_POOL = 2  # pairs are ranked among this many times as many points of each side as ranks are drawn
_MOST_RATIO = 2.0  # of the numbers of own-class and other-class ranks
_AT_RANDOM = 0.5  # with more than two classes: share of draws with a random near own-class point
_AVERAGED = 0.6  # share of the steps, the last ones, whose L are averaged
_SHARE_OF_ANCHORS = 0.1  # of all anchors that a round looks at, as far as the draws allow
_MIN_DRAWS, _MAX_DRAWS = 4, 8  # triplets drawn for an anchor in a round
_BATCH, _MOST_BATCHES = 2048, 5  # triplets of a step: 2048, or more for 5 steps to show all points
_SEARCHED = 0.25  # share of a round's anchors whose candidates are searched anew, the oldest
_SINGLE = (
    1 << 17
)  # entries of L from which points are mapped, searched and differentiated in float32
_MOST_TURNED = 4000  # points that tell the directions in which points vary
_LEADING = 96  # directions of the mapped points that leave out most candidates then


class _Tables(NamedTuple):
    """Anchors and their candidates, the longest known first; -1 fills up."""

    anchors: Indices  # (m,)
    own: Indices  # (m, k)
    other: Indices


class Stream:
    """What one partial fit hands on to the next: units, optimiser, random numbers."""

    def __init__(self, settings: Settings, X: Floats) -> None:
        self.random = check_random_state(settings.random_state)
        self.extent = _extent(X - X.mean(axis=0))
        self.adam = Adam(_first_step(settings, X.shape[1]), None)


class Trainer:
    """State of a fit, advanced round by round, in centred and scaled features.

    A round picks anchors, finds their candidates and deciding pairs under the metric as it stands,
    and makes a few gradient steps on those triplets.
    """

    def __init__(
        self,
        settings: Settings,
        X: Floats,
        labels: Labels,
        random: np.random.RandomState,
        components: Floats | None = None,
        stream: Stream | None = None,
        weights: Floats | None = None,
    ) -> None:
        # The bound ignores an offset and has the units of X: this is for precision and range only.
        points = X - X.mean(axis=0)
        self._extent = stream.extent if stream else _extent(points)
        points /= self._extent
        if components is None:
            components = _initial_components(points, settings.n_components or points.shape[1])
        self.components = components
        self.losses: list[float] = []  # in the caller's units
        self.validation: Validation | None = None
        self._settings = settings
        self._random = random
        self._threads = execution_threads(settings.n_jobs)
        self._dual_norm = dual_norm(settings.norm)
        by_class = np.argsort(labels, kind="stable")  # the order that is searched fastest
        if settings.early_stopping and stream is None:
            self.validation = Validation(settings, points, labels, self._extent, random)
            by_class = by_class[~self.validation.held_out[by_class]]
        self._dtype = np.float32 if components.size >= _SINGLE else np.float64
        self._points = points[by_class].astype(self._dtype)
        turned = self._dtype == np.float32 and len(components) > 2 * _LEADING
        self._leading = _LEADING if turned else 0
        self._labels = labels = labels[by_class]
        # a point that is alone in its class has no own-class neighbour and cannot be an anchor
        can = np.bincount(labels)[labels] > 1
        self._weights = None if weights is None else weights[by_class]
        if self._weights is not None:
            can &= self._weights > 0.0
        self._anchors = random.permutation(np.flatnonzero(can))
        self._next_anchor = 0
        self._tables: _Tables | None = None
        self._batch = _batch_size(settings.batch_size, len(self._anchors), stream is not None)
        self._n_classes = len(np.unique(labels))
        self._ranks = _rank_counts(settings.n_candidates, self._n_classes)
        self._movement = _first_step(settings, X.shape[1]) / _default_step(settings, X.shape[1])
        self._sum = np.zeros_like(components)  # of L over the last steps
        # what the cosine stretches over: it never falls if that is infinite
        self._decay = settings.max_iter if settings.schedule == "cosine" else math.inf
        self._adam = stream.adam if stream else Adam(_first_step(settings, X.shape[1]), self._decay)

    def run(self) -> None:
        """Make the gradient steps of a fit, or as many as validation and callback let pass."""
        settings = self._settings
        with Progress(settings.max_iter, "ARML", enabled=bool(settings.verbose)) as bar:
            for steps in self._round_lengths():
                stop = self._run_round(steps, bar)
                if self.validation:
                    stop |= self.validation.stale(self.components, len(self.losses))
                if stop:
                    break
        if self.validation:
            self.components = self.validation.best
        elif np.any(self._sum):
            self.components = _normalized(self._sum)

    def run_once(self) -> None:
        """Make as many steps as show every point once, on triplets chosen together."""
        if len(self._anchors) == 0 or self._labels[0] == self._labels[-1]:
            return  # no point has both an own-class and an other-class neighbour
        with Progress(0, "ARML", enabled=False) as bar:
            self._run_round(-(-len(self._anchors) // self._batch), bar)

    def _round_lengths(self) -> list[int]:
        """Steps of every round: an entry moves by a step length at most; rounds have equal sums of these."""
        total = self._settings.max_iter
        lengths = cosine(np.arange(total), self._decay)
        movement = (np.cumsum(lengths) - 0.5) * self._movement
        # a step longer than what a round allows makes a round of its own
        rounds = np.unique((movement / _MOVEMENT_PER_ROUND).astype(int), return_counts=True)[1]
        return [int(steps) for steps in rounds]

    def _run_round(self, steps: int, bar: Progress) -> bool:
        """Return whether the callback wants to stop."""
        settings = self._settings
        kind = _core.BoundLoss.linear if settings.target_radius is None else _core.BoundLoss.hinge
        triplets = self._draw_triplets(steps * self._batch)
        for batch in np.array_split(triplets, steps, axis=1):
            anchor, near, far = np.ascontiguousarray(batch)
            loss, gradient, _ = _core.triplet_loss(
                self._points,
                self._metric(),
                anchor,
                near,
                far,
                kind,
                (settings.target_radius or 0.0) / self._extent,
                self._dual_norm,
                num_threads=self._threads,
            )
            self._move(gradient)
            self.losses.append(loss * self._extent)
            bar.update(len(self.losses), loss=self.losses[-1])
            if settings.callback is not None and settings.callback(
                MetricState(len(self.losses), loss * self._extent, self.components.copy())
            ):
                return True
        return False

    def _metric(self) -> NDArray[Any]:
        """L in the precision of the points."""
        return self.components.astype(self._dtype, copy=False)

    def _turned_metric(self) -> NDArray[Any]:
        """The same, turned so that what it maps varies most in the first directions, if these are of use."""
        metric = self._metric()
        if not self._leading:
            return metric
        some = self._points[:: math.ceil(len(self._points) / _MOST_TURNED)] @ metric.T
        directions = np.linalg.eigh(np.cov(some, rowvar=False, dtype=some.dtype))[1][:, ::-1]
        return np.ascontiguousarray(directions.T @ metric)

    def _move(self, gradient: Floats) -> None:
        if self._settings.shape == "diagonal":
            gradient = np.diag(np.diag(gradient))
        self.components = _normalized(self.components + self._adam.step(gradient))
        if (
            len(self.losses) >= (1.0 - _AVERAGED) * self._decay
        ):  # never with steps of constant length
            self._sum += self.components

    def _draw_triplets(self, count: int) -> Indices:
        """Return (3, count) rows of the points: anchors, own-class and other-class points."""
        wanted = int(_SHARE_OF_ANCHORS * len(self._anchors))
        wanted = min(max(wanted, -(-count // _MAX_DRAWS)), -(-count // _MIN_DRAWS))
        metric = self._turned_metric()
        embedded = _core.embed(self._points, metric, num_threads=self._threads)
        tables = self._refresh_tables(embedded, min(len(self._anchors), wanted))
        draws = -(-count // len(tables.anchors))
        if self._settings.triplets == "deciding":
            near, far = self._choose_pairs(embedded, metric, tables, draws)
        else:
            near, far = (self._choose_uniformly(table, draws) for table in tables[1:])
        triplets = np.stack([np.repeat(tables.anchors, draws), near.ravel(), far.ravel()])
        if self._weights is None:
            return triplets[:, self._random.permutation(triplets.shape[1])[:count]]
        share = self._weights[triplets[0]]
        return triplets[:, self._random.choice(len(share), count, p=share / share.sum())]

    def _refresh_tables(self, embedded: NDArray[Any], wanted: int) -> _Tables:
        """Search for the candidates of the anchors next in turn, and forget the oldest."""
        known = self._tables
        fresh = wanted if known is None else math.ceil(_SEARCHED * wanted)
        turn = np.arange(self._next_anchor, self._next_anchor + fresh) % len(self._anchors)
        self._next_anchor = (turn[-1] + 1) % len(self._anchors)
        anchors = self._anchors[turn]
        deciding = self._settings.triplets == "deciding"
        k = _POOL * max(self._ranks) if deciding else self._settings.n_candidates
        own, other = _core.find_candidates(
            embedded,
            self._labels,
            anchors,
            min(k, len(self._points)),
            num_threads=self._threads,
            leading=self._leading,
        )
        found = _Tables(anchors, own, other)
        if known is not None:
            pairs = zip(known, found, strict=True)
            found = _Tables(*(np.concatenate(pair)[-wanted:] for pair in pairs))
        self._tables = found
        return found

    def _choose_pairs(
        self, embedded: NDArray[Any], metric: NDArray[Any], tables: _Tables, draws: int
    ) -> tuple[Indices, Indices]:
        """Own-class and other-class points of each anchor, (anchors, draws)."""
        needed = np.zeros(len(embedded) + 1, dtype=bool)
        for table in tables:
            needed[table] = True
        needed[-1] = False  # the entry that -1 marks
        rows = np.append(np.flatnonzero(needed), -1)
        place = np.full(len(needed), -1, dtype=np.int64)
        place[rows[:-1]] = np.arange(len(rows) - 1)
        shown = embedded[rows[:-1]]
        near_rank, far_rank = (
            self._random.randint(n, size=(len(tables.anchors), draws), dtype=np.int64)
            for n in self._ranks
        )
        near, far = _core.deciding_pairs(
            shown,
            _core.embed(shown, np.ascontiguousarray(metric.T), num_threads=self._threads),
            place[tables.anchors],
            place[tables.own],
            place[tables.other],
            near_rank,
            far_rank,
            self._dual_norm,
            num_threads=self._threads,
        )
        near, far = rows[near], rows[far]
        if self._n_classes > 2:
            any_near = self._choose_uniformly(tables.own[:, : self._settings.n_candidates], draws)
            near = np.where(self._random.uniform(size=near.shape) < _AT_RANDOM, any_near, near)
        return near, far

    def _choose_uniformly(self, table: Indices, draws: int) -> Indices:
        """Random entries of each row, never the -1 that fill it up."""
        share = self._random.uniform(size=(len(table), draws))
        column = (share * np.sum(table >= 0, axis=1, keepdims=True)).astype(np.intp)
        return np.take_along_axis(table, column, axis=1)


def _extent(centred: Floats) -> float:
    return float(np.abs(centred).max()) or 1.0


def _default_step(settings: Settings, d: int) -> float:
    return default_learning_rate(
        d if settings.shape == "diagonal" else (settings.n_components or d) * d
    )


def _first_step(settings: Settings, d: int) -> float:
    return settings.learning_rate or _default_step(settings, d)


def _batch_size(wanted: int | str | None, n_anchors: int, streaming: bool) -> int:
    if isinstance(wanted, str):  # "auto"
        wanted = _BATCH if streaming else max(_BATCH, n_anchors // _MOST_BATCHES)
    return min(wanted or n_anchors, n_anchors)


def _normalized(components: Floats) -> Floats:
    # The bound ignores the scale of L, but steps have a length only relative to it.
    scaled: Floats = components * math.sqrt(len(components) / np.vdot(components, components))
    return scaled


def _rank_counts(n_candidates: int, n_classes: int) -> tuple[int, int]:
    """How many own-class and how many other-class ranks are drawn from.

    Their geometric mean is n_candidates. Near a point there are n_classes - 1 times as many points
    of other classes as of its own, so with more classes less of the own and more of the others.
    """
    ratio = min(max((n_classes - 1) / 2.0, 1.0 / _MOST_RATIO), _MOST_RATIO)
    return max(1, round(n_candidates / math.sqrt(ratio))), max(
        1, round(n_candidates * math.sqrt(ratio))
    )


def _initial_components(X: Floats, r: int) -> Floats:
    """Return the unit matrix, or the first r principal directions of X, (r, d)."""
    if r == X.shape[1]:
        return np.eye(r)
    return with_signs(np.linalg.eigh(np.cov(X, rowvar=False))[1][:, : -r - 1 : -1].T)
