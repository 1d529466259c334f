"""The parts of a fitted ColumnTransformer: which columns each takes, and which of them encode categories."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder

from .._base.arrays import Floats


class Part(NamedTuple):
    """One transformer, the columns of the input that it takes, and what its output is multiplied by."""

    name: str
    transformer: Any
    columns: list[int]
    weight: float

    @property
    def encoder(self) -> Any:
        """What encodes categories, column by column, as the last of the part's steps; else None."""
        last = self.transformer
        while isinstance(last, Pipeline) and last.steps:
            last = last.steps[-1][1]
        return last if isinstance(last, OneHotEncoder | OrdinalEncoder) else None


def parts_of(columns: ColumnTransformer) -> Iterator[Part]:
    """Yield the parts that have an output, in its order."""
    places = columns._transformer_to_input_indices
    weights = columns.transformer_weights or {}
    for name, transformer, _ in columns.transformers_:
        taken = [int(j) for j in places[name]]
        if taken and not (isinstance(transformer, str) and transformer == "drop"):
            yield Part(name, transformer, taken, float(weights.get(name, 1.0)))


def affine_columns(columns: ColumnTransformer, linear: Callable[[Any], Floats]) -> Floats:
    """Return the linear part of a ColumnTransformer of affine parts, (r, d).

    Parameters
    ----------
    columns : ColumnTransformer
        Fitted.
    linear : callable
        Linear part of a transformer, (r, d) or the (d,) diagonal of it.

    Raises
    ------
    ValueError
        If a part encodes categories.
    """
    rows = []
    for part in parts_of(columns):
        if part.encoder is not None:
            raise ValueError(
                f"every part must be affine, got {part.name!r}, which encodes categories; fold_mixed "
                "takes these"
            )
        rows.append(spread(part, linear, columns.n_features_in_))
    if not rows:
        raise ValueError("a ColumnTransformer must have a part with an output, got none")
    return np.concatenate(rows)


def spread(part: Part, linear: Callable[[Any], Floats], n_columns: int) -> Floats:
    """Return the linear part of an affine part as one of all columns, (r, n_columns)."""
    if isinstance(part.transformer, str):  # passthrough
        own: Floats = np.eye(len(part.columns))
    else:
        given = linear(part.transformer)
        own = np.diag(given) if given.ndim == 1 else given
    rows = np.zeros((len(own), n_columns))
    for k, j in enumerate(part.columns):  # a column may be taken twice
        rows[:, j] += part.weight * own[:, k]
    return rows
