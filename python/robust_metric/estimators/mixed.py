"""Mixed tables: classifiers of numbers and categories, certified over both."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from .._base.arrays import Floats
from .._base.validation import check_positive, encode_labels
from ..metrics.folding import composed
from ..results.mixed import MixedCertificates, MixedPerturbations
from ..threat import ThreatModel
from .category_choices import choices_by_cost, combined, group_costs
from .classifier import CertifiedKNeighborsClassifier
from .table_layout import TableLayout

_ROWS_AT_ONCE = 4096
_MOST_CHOICES = 100_000


def fold_mixed(
    pipeline: Pipeline,
    X: Any,
    y: ArrayLike,
    *,
    category_cost: Any,
    threat: ThreatModel | None = None,
) -> MixedClassifier:
    """Return a certified classifier of a pipeline's input, of which some columns are categories.

    Parameters
    ----------
    pipeline : Pipeline
        Fitted: a ColumnTransformer, affine steps (see `fold_components`), and last a
        `CertifiedKNeighborsClassifier`. Parts of the ColumnTransformer are affine, or end with a
        OneHotEncoder or OrdinalEncoder.
    X : (n, c) data frame or array
        The rows that the pipeline was fitted on, before its first step.
    y : (n,) array
        Their classes.
    category_cost : float, or dict of column to float
        What changing a category costs, of every column of categories or of each; inf freezes it.
    threat : ThreatModel, optional
        What changing the columns of numbers costs, by name or number of the column, and their bounds;
        by default the Euclidean norm. Its norm is that of all costs together, categories included.

    Returns
    -------
    MixedClassifier

    Raises
    ------
    ValueError
        If a step is not of these kinds, X are not the rows that the pipeline was fitted on, a cost or
        a column is not known, or a column is taken by an affine part and by an encoder.

    Examples
    --------
    >>> import pandas as pd
    >>> import robust_metric as rm
    >>> from sklearn.compose import ColumnTransformer
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import OneHotEncoder, StandardScaler
    >>> X = pd.DataFrame({"age": [20, 30, 40, 50], "job": ["cook", "cook", "nurse", "nurse"]})
    >>> parts = ColumnTransformer(
    ...     [("numbers", StandardScaler(), ["age"]), ("job", OneHotEncoder(), ["job"])]
    ... )
    >>> pipeline = make_pipeline(parts, rm.CertifiedKNeighborsClassifier(1)).fit(X, [0, 0, 1, 1])
    >>> clf = rm.fold_mixed(pipeline, X, [0, 0, 1, 1], category_cost=5.0)
    >>> bool((clf.certify(X).radius > 0.0).all())
    True
    """
    steps = [step for _, step in pipeline.steps] if isinstance(pipeline, Pipeline) else []
    if len(steps) < 2 or not isinstance(steps[0], ColumnTransformer):
        raise ValueError(
            f"pipeline must be a Pipeline that begins with a ColumnTransformer, got {pipeline!r}"
        )
    if type(steps[-1]) is not CertifiedKNeighborsClassifier:
        raise ValueError(
            f"pipeline must end with a CertifiedKNeighborsClassifier, got {steps[-1]!r}"
        )
    columns, last = steps[0], steps[-1]
    check_is_fitted(columns)
    view = last.fitted_view()
    layout = TableLayout(columns)
    components = view.components
    if len(steps) > 2:
        components = composed(components, Pipeline(pipeline.steps[1:-1]))
    linear = layout.linear()
    components = linear if components is None else components @ linear
    table = layout.columns_of(X)
    points = layout.points(table)
    _check_same(pipeline, X, points @ linear.T, view.points, len(steps) > 2)
    if layout.encoding.groups:
        layout.encoding.check(table, layout.names)
    costs = group_costs(category_cost, layout.encoding.groups, columns.n_features_in_, layout.names)
    given = ThreatModel() if threat is None else threat
    base = CertifiedKNeighborsClassifier(
        last.n_neighbors, components, layout.threat(given), last.n_jobs
    )
    return MixedClassifier(base.fit(points, y), layout, costs)


class MixedClassifier:
    """A K-nearest-neighbour classifier of rows of numbers and categories; `fold_mixed` makes it.

    Attributes
    ----------
    base_ : CertifiedKNeighborsClassifier
        Of the columns of numbers, in their own units, and the encoded categories, which are frozen.
    classes_ : (c,) array
    category_columns_ : tuple of str or int
        Columns of categories, as ``category_cost`` calls them.

    Notes
    -----
    Categories have finitely many choices. For each choice a of which the cost κ(a) could matter, the
    numbers are certified with these categories: ρ(a) is 0 where the prediction is another, else the
    certified radius over the numbers. The radius is the smallest ‖(κ(a), ρ(a))‖_p; see
    ``docs/mixed_tables.md``.
    """

    def __init__(
        self, base: CertifiedKNeighborsClassifier, layout: TableLayout, costs: list[float]
    ) -> None:
        self.base_ = base
        self._layout, self._costs = layout, costs

    @property
    def classes_(self) -> NDArray[Any]:
        """(c,) class labels, sorted."""
        return self.base_.classes_

    @property
    def category_columns_(self) -> tuple[str | int, ...]:
        """Columns of categories, by name where they have names."""
        names = self._layout.names
        columns = [group.column for group in self._layout.encoding.groups]
        return tuple(c if names is None else names[c] for c in columns)

    def predict(self, X: Any) -> NDArray[Any]:
        """Return the (m,) classes of rows."""
        return self.base_.predict(self._layout.points(self._layout.columns_of(X)))

    def score(self, X: Any, y: ArrayLike) -> float:
        """Share of rows that are predicted as y says."""
        return float(np.mean(self.predict(X) == np.asarray(y)))

    def certify(self, X: Any, y: ArrayLike | None = None) -> MixedCertificates:
        """Certify rows against changes of their numbers and of their categories.

        Parameters
        ----------
        X : (m, c) data frame or array
        y : (m,) array, optional
            True classes; a row whose prediction differs has radius 0.

        Raises
        ------
        ValueError
            If X is not a table of the pipeline's columns, numbers are outside the bounds, or more
            than 100 000 choices of categories might matter for a row.
        """
        search = _Choices(self.base_, self._layout, self._costs, X)
        wrong = self._wrong(y, search.points)

        def certified(points: Floats) -> tuple[Floats, Floats, Floats]:
            found = self.base_.certify(points)
            return found.radius, found.radius, points

        search.run(self.base_.predict(search.points), wrong, certified)
        return MixedCertificates(
            search.lower, search.numeric, search.label, search.counts, self.base_.n_neighbors
        )

    def minimal_perturbation(
        self, X: Any, y: ArrayLike | None = None, time_limit: float | None = None
    ) -> MixedPerturbations:
        """Minimal changes of numbers and categories that change the prediction, with witnesses.

        Parameters
        ----------
        X : (m, c) data frame or array
        y : (m,) array, optional
            True classes; a row whose prediction differs has a minimal change of 0.
        time_limit : float, optional
            Seconds of each search; there is one for each choice of categories that matters.

        Raises
        ------
        ValueError
            As `certify`, or if time_limit is not positive.
        """
        check_positive("time_limit", time_limit, optional=True)
        search = _Choices(self.base_, self._layout, self._costs, X)
        wrong = self._wrong(y, search.points)

        def searched(points: Floats) -> tuple[Floats, Floats, Floats]:
            found = self.base_.minimal_perturbation(points, time_limit=time_limit)
            return found.lower, found.upper, points + found.perturbation

        search.run(self.base_.predict(search.points), wrong, searched)
        there = np.isfinite(search.upper)
        names = self._layout.names
        return MixedPerturbations(
            search.lower,
            search.upper,
            search.witnesses(),
            search.label,
            np.where(there, self.base_.predict(search.witness_points), search.label),
            search.counts,
            None if names is None else tuple(names),
        )

    def robust_error(self, X: Any, y: ArrayLike, radii: ArrayLike) -> Floats:
        """Certified robust error at each radius: the share of rows with radius <= r, (k,) float64."""
        return self.certify(X, y).robust_error(radii)

    def _wrong(self, y: ArrayLike | None, points: Floats) -> NDArray[np.bool_]:
        truth = encode_labels(y, self.classes_, len(points))
        if truth is None:
            return np.zeros(len(points), dtype=np.bool_)
        return np.asarray((truth < 0) | (self.classes_[truth] != self.base_.predict(points)))


# points to: lower and upper ends over the numbers, and points where the latter are attained
Certify = Callable[[Floats], tuple[Floats, Floats, Floats]]


class _Choices:
    """The choices of categories of some rows, the cheapest first, as long as they may matter."""

    def __init__(
        self,
        base: CertifiedKNeighborsClassifier,
        layout: TableLayout,
        costs: list[float],
        X: Any,
    ) -> None:
        self._base, self._layout, self._costs = base, layout, costs
        self._norm = base.fitted_view().threat.norm
        self._table = layout.columns_of(X)
        self.points = layout.points(self._table)
        self._values = [
            [self._table[group.column][i] for group in layout.encoding.groups]
            for i in range(len(self.points))
        ]

    def run(self, label: NDArray[Any], wrong: NDArray[np.bool_], certify: Certify) -> None:
        """Leave in lower and upper the ends of the smallest cost that changes each row's label."""
        self.label, m = label, len(self.points)
        lower, upper, points = certify(self.points)
        self.lower, self.upper = np.where(wrong, 0.0, lower), np.where(wrong, 0.0, upper)
        self.numeric = self.lower.copy()
        self.witness_points = np.where(wrong[:, np.newaxis], self.points, points)
        self._witness_values = [list(values) for values in self._values]
        self.counts = np.ones(m, dtype=np.int64)
        for cost, groups in choices_by_cost(self._costs, self._norm):
            rows = np.flatnonzero((cost < self.lower) | (cost < self.upper))
            if len(rows) == 0:
                break
            self._try(rows.tolist(), groups, certify)

    def _try(self, rows: list[int], groups: tuple[int, ...], certify: Certify) -> None:
        """Certify rows with all other categories in these groups, some at a time."""
        self._count(rows, groups)
        owners: list[int] = []
        points: list[Floats] = []
        values: list[tuple[Any, ...]] = []
        for i in rows:
            for chosen, point in self._layout.choices(self.points[i], self._values[i], groups):
                owners.append(i)
                points.append(point)
                values.append(chosen)
            if len(points) >= _ROWS_AT_ONCE or (i == rows[-1] and points):
                self._take(owners, np.array(points), values, groups, certify)
                owners, points, values = [], [], []

    def _count(self, rows: list[int], groups: tuple[int, ...]) -> None:
        """Count the choices that are to come, and refuse them where they are too many."""
        sizes = [len(self._layout.encoding.groups[g].values) for g in groups]
        for i in rows:
            known = [self._values[i][g] in self._layout.encoding.groups[g].values for g in groups]
            self.counts[i] += math.prod(n - k for n, k in zip(sizes, known, strict=True))
        if self.counts.max() > _MOST_CHOICES:
            raise ValueError(
                f"category_cost must leave at most {_MOST_CHOICES} choices of categories to certify "
                f"for a row, got {int(self.counts.max())}; raise costs, or freeze columns by inf"
            )

    def _take(
        self,
        owners: list[int],
        points: Floats,
        values: list[tuple[Any, ...]],
        groups: tuple[int, ...],
        certify: Certify,
    ) -> None:
        changed = self._base.predict(points) != self.label[owners]
        for k in np.flatnonzero(changed).tolist():
            self._note(owners[k], 0.0, 0.0, points[k], values[k], groups)
        # where categories alone change the class, no other choice of the same columns costs less
        done = {owners[k] for k in np.flatnonzero(changed).tolist()}
        left = [k for k, i in enumerate(owners) if i not in done]
        if left:
            lower, upper, witnesses = certify(points[left])
            for n, k in enumerate(left):
                ends = float(lower[n]), float(upper[n])
                self._note(owners[k], *ends, witnesses[n], values[k], groups)

    def _note(
        self,
        row: int,
        lower: float,
        upper: float,
        point: Floats,
        values: tuple[Any, ...],
        groups: tuple[int, ...],
    ) -> None:
        """Take in what one choice allows, given what the numbers have to change by then."""
        costs = [self._costs[g] for g in groups]
        self.lower[row] = min(self.lower[row], combined(costs, lower, self._norm)[0])
        cost = combined(costs, upper, self._norm)[1]
        if cost < self.upper[row]:
            self.upper[row] = cost
            self.witness_points[row] = point
            self._witness_values[row] = list(self._values[row])
            for g, value in zip(groups, values, strict=True):
                self._witness_values[row][g] = value

    def witnesses(self) -> NDArray[Any]:
        """Return the witnesses as rows of the input, (m, c)."""
        rows = np.empty((len(self.points), len(self._table)), dtype=object)
        for j, column in enumerate(self._table):
            rows[:, j] = column
        for k, j in enumerate(self._layout.numbers):
            rows[:, j] = self.witness_points[:, k]
        for g, group in enumerate(self._layout.encoding.groups):
            for i in range(len(rows)):
                rows[i, group.column] = self._witness_values[i][g]
        return rows


def _check_same(
    pipeline: Pipeline, X: Any, mapped: Floats, stored: NDArray[Any], further: bool
) -> None:
    """Raise ValueError where X are not the rows that the pipeline's classifier was fitted on."""
    same = len(mapped) == len(stored)
    if same:
        seen = pipeline[:-1].transform(X)
        seen = seen.toarray() if hasattr(seen, "toarray") else np.asarray(seen, dtype=np.float64)
        tolerance = 1e-9 * float(np.abs(stored).max())
        same = seen.shape == stored.shape and np.allclose(seen, stored, rtol=1e-9, atol=tolerance)
        # offsets cancel: differences of rows are what the components map
        if same and not further:
            moved = mapped - mapped[0]
            scale = 1e-7 * float(np.abs(moved).max())
            same = np.allclose(moved, seen - seen[0], rtol=1e-7, atol=scale)
    if not same:
        raise ValueError(
            f"X must be the {len(stored)} rows that the pipeline was fitted on, in their order, got "
            f"{len(mapped)} rows" + " that its steps map elsewhere" * (len(mapped) == len(stored))
        )
