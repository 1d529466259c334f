"""Columns of a mixed table: which are numbers and which categories, and where a classifier has them."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.compose import ColumnTransformer

from .._base.arrays import Floats
from .._base.exact_input import check_exact
from .._base.feature_values import FeatureValues, feature_number
from ..metrics.column_parts import Part, parts_of, spread
from ..metrics.folding import composed
from ..threat import ThreatModel
from .category_choices import Columns, Encoding


class TableLayout:
    """Which columns are numbers and which categories, and where the base classifier has them."""

    def __init__(self, columns: ColumnTransformer) -> None:
        self._columns = columns
        self.width = int(columns.n_features_in_)
        names = getattr(columns, "feature_names_in_", None)
        self.names = None if names is None else [str(name) for name in names]
        self._parts = list(parts_of(columns))
        coded = [part for part in self._parts if part.encoder is not None]
        taken = [j for part in coded for j in part.columns]
        self.numbers = sorted({j for p in self._parts if p.encoder is None for j in p.columns})
        both = set(taken) & set(self.numbers) or {j for j in taken if taken.count(j) > 1}
        if both:
            raise ValueError(
                "a column must be taken by affine parts or by one encoder, got column "
                f"{self.called(min(both))} twice"
            )
        self.encoding = Encoding(coded, self.names)

    def called(self, column: int) -> str:
        """What a column is called in messages."""
        return repr(column if self.names is None else self.names[column])

    def linear(self) -> Floats:
        """Components of the ColumnTransformer on numbers and codes, (r, p + e)."""
        rows, done = [], 0
        for part in self._parts:
            if part.encoder is None:
                own = spread(part, lambda step: composed(None, step), self.width)[:, self.numbers]
                rows.append(np.pad(own, ((0, 0), (0, self.encoding.width))))
                continue
            size = self._output_size(part)
            own = np.zeros((size, len(self.numbers) + self.encoding.width))
            own[:, len(self.numbers) + done : len(self.numbers) + done + size] = np.eye(size)
            rows.append(own)
            done += size
        return np.concatenate(rows)

    def _output_size(self, part: Part) -> int:
        place = self._columns.output_indices_[part.name]
        return int(place.stop - place.start)

    def columns_of(self, X: Any) -> Columns:
        """Return the columns of a table, checked."""
        if hasattr(X, "iloc"):
            if self.names is not None:
                missing = [name for name in self.names if name not in X.columns]
                if missing:
                    raise ValueError(f"X must have the columns {self.names}, got no {missing[0]!r}")
                return [X[name].to_numpy() for name in self.names]
            X = X.to_numpy()
        elif self.names is not None:
            raise ValueError("X must be a data frame, as the pipeline was fitted on one")
        table = np.asarray(X)
        if table.ndim != 2 or table.shape[1] != self.width:
            raise ValueError(f"X must have shape (m, {self.width}), got {table.shape}")
        return [table[:, j] for j in range(self.width)]

    def points(self, table: Columns) -> Floats:
        """Return numbers and codes, (m, p + e) float64."""
        numbers = [self._number(table[j], j) for j in self.numbers]
        codes = self.encoding(table, self.names)
        if numbers:
            codes = np.concatenate([np.stack(numbers, axis=1), codes], axis=1)
        return np.ascontiguousarray(codes)

    def _number(self, column: NDArray[Any], j: int) -> Floats:
        check_exact(column, f"column {self.called(j)}")
        try:
            values = column.astype(np.float64)
        except (TypeError, ValueError) as error:
            raise ValueError(f"X must have numbers in column {self.called(j)}: {error}") from error
        if not np.isfinite(values).all():
            raise ValueError(
                f"X must be finite in column {self.called(j)}, got NaN or infinity in row "
                f"{int(np.argmin(np.isfinite(values)))}"
            )
        return np.asarray(values)

    def choices(
        self, point: Floats, values: Sequence[Any], groups: tuple[int, ...]
    ) -> Iterator[tuple[tuple[Any, ...], Floats]]:
        """Yield values of these groups other than a row's own, and the point that has them."""
        offset = len(self.numbers)
        own = [self.encoding.groups[g] for g in groups]
        others = [
            [k for k, v in enumerate(group.values) if v != values[g]]
            for g, group in zip(groups, own, strict=True)
        ]
        for chosen in itertools.product(*others):
            moved = point.copy()
            for group, k in zip(own, chosen, strict=True):
                moved[offset + group.places] = group.codes[k]
            yield tuple(group.values[k] for group, k in zip(own, chosen, strict=True)), moved

    def threat(self, given: ThreatModel) -> ThreatModel:
        """Return the threat model of numbers and frozen codes that one of the columns amounts to."""
        for said in (given.feature_cost, given.bounds):
            for feature in said if isinstance(said, FeatureValues) else ():
                j = feature_number(feature, self.width, self.names, "threat")
                if j not in self.numbers:
                    raise ValueError(
                        f"threat must speak of columns of numbers, got {self.called(j)}; see category_cost"
                    )
        whole = given.for_features(self.width, self.names)
        box, weights = whole.box(self.width), whole.weights(self.width)
        codes = self.encoding.width
        if codes == 0 and not self.numbers:
            raise ValueError("pipeline must use a column, got none")
        cost = np.concatenate([weights[self.numbers], np.full(codes, math.inf)])
        bounds = None
        if box is not None:
            bounds = tuple(
                np.concatenate([side[self.numbers], np.full(codes, free)])
                for side, free in zip(box, (-math.inf, math.inf), strict=True)
            )
        return ThreatModel(whole.norm, bounds, cost, whole.clip_queries)
