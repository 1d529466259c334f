"""Categories of a mixed table: what each column may become, what that costs, and how it is encoded."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from numbers import Real
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .._base.arrays import Floats
from .._base.feature_values import FeatureValues, feature_number
from ..metrics.column_parts import Part

Columns = Sequence[NDArray[Any]]  # of a table, by number


class Group(NamedTuple):
    """One column of categories.

    Parameters
    ----------
    column : int
        Of the input.
    values : list
        What it may become.
    places : (k,) int64
        Of the encoded features that depend on it.
    codes : (len(values), k) float64
        What these are for each value.
    """

    column: int
    values: list[Any]
    places: NDArray[np.int64]
    codes: Floats


class Encoding:
    """The encoders of all parts that have categories, as one map from columns to features."""

    def __init__(self, parts: Sequence[Part], table: Any) -> None:
        self._parts = parts
        self.groups: list[Group] = []
        self.width = 0
        for part in parts:
            self._add(part, table)

    def _add(self, part: Part, table: Any) -> None:
        """Learn what each category of a part is encoded as, from rows that differ in one column."""
        values = [list(categories) for categories in part.encoder.categories_]
        if len(values) != len(part.columns):
            raise ValueError(f"part {part.name!r} must encode every one of its columns")
        first = [category[0] for category in values]
        rows, begins = [], [0]
        for k, categories in enumerate(values):
            rows += [[*first[:k], value, *first[k + 1 :]] for value in categories]
            begins.append(len(rows))
        codes = _encoded(part, table, rows)
        for k, column in enumerate(part.columns):
            own = codes[begins[k] : begins[k + 1]]
            places = np.flatnonzero((own != own[0]).any(axis=0))
            self.groups.append(Group(column, values[k], places + self.width, own[:, places]))
        self.width += codes.shape[1]

    def __call__(self, columns: Columns, table: Any) -> Floats:
        """Return the (m, width) features of rows as they are."""
        blocks = [
            _encoded(part, table, list(zip(*(columns[j] for j in part.columns), strict=True)))
            for part in self._parts
        ]
        m = len(columns[0])
        return np.concatenate(blocks, axis=1) if blocks else np.empty((m, 0))

    def check(self, columns: Columns, table: Any) -> None:
        """Raise ValueError where columns are not encoded one by one, so that choices would be wrong."""
        whole, assembled = self(columns, table), np.zeros((len(columns[0]), self.width))
        for group in self.groups:
            where = [_position(group.values, value) for value in columns[group.column].tolist()]
            assembled[:, group.places] = group.codes[where]
        varies = np.concatenate([group.places for group in self.groups])
        if not np.array_equal(whole[:, varies], assembled[:, varies]):
            raise ValueError("encoders must encode every column by itself, got one that mixes them")


def _encoded(part: Part, table: Any, rows: Sequence[Any]) -> Floats:
    """Run a part's transformer on rows of its columns, in the kind of table that it was fitted on."""
    names = None if table is None else [table[j] for j in part.columns]
    cells: Any
    if names is None:
        cells = np.array(rows, dtype=object).reshape(len(rows), len(part.columns))
    else:
        import pandas as pd

        cells = pd.DataFrame(list(map(list, rows)), columns=names)
    coded = part.transformer.transform(cells)
    coded = coded.toarray() if hasattr(coded, "toarray") else coded
    return np.asarray(coded, dtype=np.float64) * part.weight


def _position(values: list[Any], value: Any) -> int:
    for i, known in enumerate(values):
        if known == value or (known != known and value != value):
            return i
    raise ValueError(f"X must have categories that the encoder was fitted on, got {value!r}")


def group_costs(
    category_cost: Any, groups: Sequence[Group], n_columns: int, names: Sequence[str] | None
) -> list[float]:
    """Return what it costs to change each group's category; infinite where it is frozen.

    Raises
    ------
    ValueError
        If a cost is not positive, a column is no category, or one has no cost.
    """
    columns = [group.column for group in groups]
    if isinstance(category_cost, Real) and not isinstance(category_cost, bool):
        costs = dict.fromkeys(columns, category_cost)
    else:
        named = FeatureValues.of(category_cost)
        if named is None:
            raise ValueError(
                f"category_cost must be a number, or a dict of column to number, got {category_cost!r}"
            )
        costs = {feature_number(c, n_columns, names, "category_cost"): v for c, v in named.items()}
    for column, cost in costs.items():
        called = repr(column if names is None else names[column])
        if column not in columns:
            raise ValueError(f"category_cost must name columns of categories, got {called}")
        if not isinstance(cost, Real) or not float(cost) > 0.0:
            raise ValueError(f"category_cost must be positive, got {cost!r} for {called}")
    missing = [column for column in columns if column not in costs]
    if missing:
        called = ", ".join(repr(c if names is None else names[c]) for c in missing)
        raise ValueError(f"category_cost must have a cost for each column, got none for {called}")
    return [float(costs[column]) for column in columns]


def choices_by_cost(costs: Sequence[float], norm: float) -> Iterator[tuple[float, tuple[int, ...]]]:
    """Yield sets of groups to change, the cheapest first, with a lower bound of their cost."""
    movable = [g for g, cost in enumerate(costs) if cost < math.inf]
    if len(movable) > MOST_GROUPS:
        raise ValueError(
            f"category_cost must freeze all but {MOST_GROUPS} columns of categories (inf), got "
            f"{len(movable)} that may change"
        )
    sets = itertools.chain.from_iterable(
        itertools.combinations(movable, count) for count in range(1, len(movable) + 1)
    )
    ranked = [(combined([costs[g] for g in chosen], 0.0, norm)[0], chosen) for chosen in sets]
    yield from sorted(ranked)


MOST_GROUPS = 16  # sets of more than these would be too many to list


def combined(costs: Sequence[float], length: float, norm: float) -> tuple[float, float]:
    """Return bounds of the p-norm of the costs of categories and the cost of numbers: below, above."""
    terms = [*costs, length]
    if math.inf in terms:
        return math.inf, math.inf
    if norm == math.inf or not costs:
        return max(terms), max(terms)
    # math.fsum rounds once; math.hypot is off by less than one unit in the last place
    value = math.fsum(terms) if norm == 1 else math.hypot(*terms)
    below = math.nextafter(math.nextafter(value, 0.0), 0.0)
    return max(below, max(terms)), math.nextafter(math.nextafter(value, math.inf), math.inf)
