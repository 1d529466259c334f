"""What may be asked of single queries: a class to reach, and a box that each may not leave."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._base.arrays import Floats, Labels
from .._base.feature_values import FeatureValues, called, feature_number
from .._base.validation import encode_labels
from ..data_changes import DataChanges
from ..fitted import Box


def encoded_targets(target: Any, classes: NDArray[Any], count: int) -> Labels | None:
    """Return the classes to reach as positions in the sorted classes, (count,); None for any other class.

    Raises
    ------
    ValueError
        If a target is none of the classes, or they are not one for all queries, or one for each.
    """
    if target is None:
        return None
    given: NDArray[Any] = np.asarray(target)
    wanted = np.repeat(given[np.newaxis], count) if given.ndim == 0 else target
    if given.ndim > 1 or len(wanted) != count:
        raise ValueError(
            f"target must be a class, or one for each of {count} rows of X, got shape {given.shape}"
        )
    try:
        targets = encode_labels(wanted, classes, count)
    except ValueError as error:
        raise ValueError(str(error).replace("y must", "target must", 1)) from error
    assert targets is not None
    if (targets < 0).any():
        unknown = np.asarray(wanted)[targets < 0].tolist()[0]
        known = ", ".join(map(repr, classes[:5].tolist())) + ", ..." * (len(classes) > 5)
        raise ValueError(f"target must be one of the classes, {known}, got {unknown!r}")
    return targets


def query_box(bounds: Any, X: Floats, names: Sequence[str] | None) -> Box | None:
    """Return the (m, d) lower and upper ends of what each row of X may become.

    Parameters
    ----------
    bounds : pair, or dict of feature to pair
        Of None, numbers, (d,) or (m, d) arrays; in a dict of None, numbers or (m,) arrays.
    X : (m, d) float64
    names : sequence of str, optional

    Raises
    ------
    ValueError
        If they have another form, lower bounds exceed upper ones, or a row of X is outside its own.
    """
    if bounds is None:
        return None
    named = FeatureValues.of(bounds)
    lower, upper = np.full(X.shape, -np.inf), np.full(X.shape, np.inf)
    if named is None:
        low, high = _pair(bounds, bounds)
        for side in (low, high):
            _check_columns(side, names)
        lower, upper = _side(low, lower), _side(high, upper)
    else:
        seen: set[int] = set()
        for feature, pair in named.items():
            j = feature_number(feature, X.shape[1], names, "bounds")
            if j in seen:
                raise ValueError(f"bounds must mention a feature once, got {feature!r} again")
            seen.add(j)
            low, high = _pair(pair, bounds)
            lower[:, j], upper[:, j] = _side(low, lower[:, j]), _side(high, upper[:, j])
    check_box(lower, upper, X, names)
    return lower, upper


def check_box(lower: Floats, upper: Floats, X: Floats, names: Sequence[str] | None = None) -> None:
    """Raise ValueError where a row of X is outside its box, or that holds nothing."""
    empty = ~(lower <= upper)  # NaN is no bound, too
    if empty.any():
        i, j = (int(k) for k in np.argwhere(empty)[0])
        raise ValueError(
            f"bounds must have lower <= upper everywhere, got [{lower[i, j]}, {upper[i, j]}] for "
            f"{called(j, names)} in row {i}"
        )
    wrong = ~((lower <= X) & (X <= upper))
    if wrong.any():
        i, j = (int(k) for k in np.argwhere(wrong)[0])
        raise ValueError(
            f"X must lie within bounds, [{lower[i, j]}, {upper[i, j]}] for {called(j, names)}, got {X[i, j]} "
            f"in row {i}"
        )


def check_data_changes(changes: Any, k: int, n_points: int) -> None:
    """Raise TypeError or ValueError unless these are changes that leave K of the training points."""
    if not isinstance(changes, DataChanges):
        raise TypeError(f"data_changes must be a DataChanges or None, got {changes!r}")
    if changes.delete > n_points - k:
        raise ValueError(
            f"data_changes must leave n_neighbors={k} of {n_points} training points, "
            f"got delete={changes.delete}"
        )


def _pair(pair: Any, bounds: Any) -> tuple[Any, Any]:
    try:
        low, high = pair
    except (TypeError, ValueError) as error:
        raise ValueError(
            "bounds must be a pair (lower, upper), or a dict with one for each of some features, "
            f"got {bounds!r}"
        ) from error
    return low, high


def _check_columns(side: Any, names: Sequence[str] | None) -> None:
    """Raise ValueError where frames, or series over features, have other names than X or another order."""
    labels = getattr(side, "columns", getattr(side, "index", None))
    if names is None or labels is None or callable(labels):
        return
    given = list(labels)
    if all(isinstance(label, str) for label in given) and given != list(names):
        raise ValueError(
            f"bounds must have the columns of X in the same order, {list(names)[:5]}, got {given[:5]}"
        )


def _side(given: ArrayLike | None, unlimited: Floats) -> Floats:
    """Return one side for every query, of the shape of what is unlimited."""
    if given is None:
        return unlimited
    try:
        values = np.asarray(given, dtype=np.float64)
        return np.array(np.broadcast_to(values, unlimited.shape))
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"bounds must be numbers, None, or arrays that fit X, {unlimited.shape}, got {given!r}"
        ) from error
