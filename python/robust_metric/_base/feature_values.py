"""Values of some features, by the features' names or numbers, until it is known which features there are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from numbers import Integral
from typing import Any

import numpy as np

from .arrays import Floats


class FeatureValues(Mapping[str | int, Any]):
    """A mapping of features, by name or by number from 0, that nobody can change."""

    def __init__(self, values: Mapping[Any, Any]) -> None:
        for feature in values:
            named = isinstance(feature, str) or (
                isinstance(feature, Integral) and not isinstance(feature, bool | np.bool_)
            )
            if not named:
                raise ValueError(f"features must be called by name or number, got {feature!r}")
        self._values = {k if isinstance(k, str) else int(k): v for k, v in values.items()}

    @classmethod
    def of(cls, values: Any) -> FeatureValues | None:
        """Return what a mapping says, or a pandas Series whose index holds names; None for all else."""
        if isinstance(values, FeatureValues):
            return values
        if hasattr(values, "index") and hasattr(values, "to_dict"):
            values = values.to_dict() if any(isinstance(k, str) for k in values.index) else None
        return cls(values) if isinstance(values, Mapping) else None

    @classmethod
    def of_pair(cls, pair: Any, what: str) -> FeatureValues | None:
        """Return the pairs of two pandas Series whose indices hold names; None where neither does.

        Raises
        ------
        ValueError
            If only one of them has names and the other is not None, or they have others.
        """
        if not (isinstance(pair, tuple | list) and len(pair) == 2):
            return None
        sides = [None if isinstance(side, Mapping) else cls.of(side) for side in pair]
        if sides == [None, None]:
            return None
        given = [side for side in sides if side is not None]
        unnamed = [end for end, side in zip(pair, sides, strict=True) if side is None]
        if any(end is not None for end in unnamed) or set(given[0]) != set(given[-1]):
            raise ValueError(
                f"{what} must have the same names on both sides, or None on one, got {pair!r}"
            )
        ends = [dict.fromkeys(given[0]) if side is None else side for side in sides]
        return cls({name: (ends[0][name], ends[1][name]) for name in given[0]})

    def __getitem__(self, feature: str | int) -> Any:
        return self._values[feature]

    def __iter__(self) -> Iterator[str | int]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        """Return it as the dict that it was made of."""
        return repr(self._values)

    def __copy__(self) -> FeatureValues:
        return self

    def __deepcopy__(self, memo: object) -> FeatureValues:
        return self

    def spread(
        self, default: float, n_features: int, names: Sequence[str] | None, what: str
    ) -> Floats:
        """Return one value for each of the features, (n_features,) float64.

        Parameters
        ----------
        default : float
            Of those that are not mentioned.
        n_features : int
        names : sequence of str, optional
            What the features are called, where they have names.
        what : str
            What the values are called in errors.

        Raises
        ------
        ValueError
            If there is no such feature, or one is mentioned twice, by name and by number.
        """
        spread = np.full(n_features, default)
        known = None if names is None else list(names)
        seen: dict[int, str | int] = {}
        for feature, value in self._values.items():
            place = feature_number(feature, n_features, known, what)
            if place in seen:
                raise ValueError(
                    f"{what} must mention a feature once, got {seen[place]!r} and {feature!r}, "
                    "which are one"
                )
            seen[place] = feature
            spread[place] = value
        return spread


def called(number: int, names: Sequence[str] | None) -> str:
    """Return what errors call a feature: its number, and its name where it has one."""
    return f"feature {number}" + ("" if names is None else f" ({str(names[number])!r})")


def feature_number(
    feature: str | int, n_features: int, names: Sequence[str] | None, what: str
) -> int:
    """Return the number of a feature that is called by its name or number, or raise ValueError."""
    if isinstance(feature, int):
        if not 0 <= feature < n_features:
            raise ValueError(
                f"{what} must name features by number from 0 to {n_features - 1}, got {feature}"
            )
        return feature
    if names is None:
        raise ValueError(
            f"{what} must name features by number where these have no names, got {feature!r}; names "
            "come from the columns of a data frame, or the header of a CSV file"
        )
    if feature not in names:
        near = get_close_matches(feature, names, 1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        known = ", ".join(map(repr, names[:5])) + ", ..." * (len(names) > 5)
        raise ValueError(f"{what} must name features, {known}, got {feature!r}{hint}")
    return list(names).index(feature)
