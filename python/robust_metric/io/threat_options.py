"""Options of the command line that say what a perturbation costs and where it may lead."""

from __future__ import annotations

import argparse
import csv
import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from .._base.arrays import Floats
from .._base.feature_values import FeatureValues, feature_number
from ..threat import ThreatModel
from .scaling import Scaling

_WHEN = "Saved by fit; certify and attack take the model's unless they are told otherwise."


def add_to(command: Any, when: str = _WHEN) -> None:
    """Add the options to a subcommand; those that are not given leave the model's threat model."""
    group = command.add_argument_group(
        "threat model",
        "What a perturbation costs and where it may lead. Costs, and bounds that are plain numbers, "
        "are in the units of the radii: scaled ones, where the model scales (0 and 1 are then the "
        "least and the largest value in the training data). Bounds of named features, like "
        f"income=0, are in the units of their column. {when}",
    )
    group.add_argument("--norm", type=_norm, metavar="P", help="cost: 1, 2 or inf (default: 2)")
    group.add_argument(
        "--bounds",
        type=_bound,
        nargs=2,
        metavar=("LO", "HI"),
        help="range that perturbed features keep: numbers, 'none', files of one number a feature, "
        "or values of some features, by name or by number from 0, in the units of their columns, "
        "like income=0,age=18",
    )
    group.add_argument(
        "--feature-cost",
        type=numbers,
        metavar="COSTS",
        help="what moving each feature by 1 costs (where the model scales, by its whole range): numbers "
        "like 1,0.5,inf, a file of them, or those of some features, like age=inf,income=0.5, the "
        "others cost 1; an infinite cost freezes a feature",
    )
    group.add_argument(
        "--freeze",
        type=features,
        metavar="FEATURE,...",
        help="features that cannot move, by name or by number from 0",
    )
    group.add_argument(
        "--clip",
        action="store_true",
        help="move points outside the bounds to the nearest one inside; else they are an error",
    )


def given(args: argparse.Namespace) -> bool:
    """Whether any of the options was given."""
    options = (args.norm, args.bounds, args.feature_cost, args.freeze)
    return args.clip or any(option is not None for option in options)


def files(args: argparse.Namespace) -> Iterator[tuple[str, str]]:
    """Yield the options that were given as a file, with its path."""
    stated = [("--bounds", side) for side in args.bounds or ()]
    for option, values in [*stated, ("--feature-cost", args.feature_cost)]:
        if isinstance(values, _Stated) and values.path is not None:
            yield option, values.path


def stated(
    args: argparse.Namespace,
    model: ThreatModel | None,
    n_features: int,
    names: Sequence[str] | None = None,
    scaling: Scaling | None = None,
) -> ThreatModel | None:
    """Return the threat model that the options state, or None where there are none."""
    return chosen(args, model or ThreatModel(), n_features, names, scaling) if given(args) else None


def chosen(
    args: argparse.Namespace,
    model: ThreatModel,
    n_features: int,
    names: Sequence[str] | None = None,
    scaling: Scaling | None = None,
) -> ThreatModel:
    """Return the model's threat model, changed as the options say, in the units of the radii.

    Bounds of named features are in the units of their columns. The scaling takes them where it takes
    the columns' values, by the same operations: a value within the bounds stays within them.

    Raises
    ------
    ValueError
        If an option does not fit the features, ``n_features`` of these names, or another option.
    """
    changes: dict[str, Any] = {}
    if args.norm is not None:
        changes["norm"] = args.norm
    if args.bounds is not None:
        changes["bounds"] = tuple(
            _side(side, unlimited, n_features, names, scaling)
            for side, unlimited in zip(args.bounds, (-math.inf, math.inf), strict=True)
        )
    if args.clip:
        changes["clip_queries"] = True
    cost = args.feature_cost
    if cost is not None:
        cost = _spread(cost, 1.0, n_features, names, "--feature-cost")
        if len(cost) == 1:
            cost = np.full(n_features, cost[0])
    if args.freeze is not None:
        places = [place(feature, n_features, names, "--freeze") for feature in args.freeze]
        cost = (model.weights(n_features) if cost is None else cost).copy()
        if len(cost) == n_features:
            cost[places] = math.inf
    if cost is not None:
        changes["feature_cost"] = cost
    threat = replace(model, **changes)
    threat.weights(n_features)  # before any work is done for values that do not fit
    threat.box(n_features)
    return threat


def _side(
    stated: _Stated | None,
    unlimited: float,
    n_features: int,
    names: Sequence[str] | None,
    scaling: Scaling | None,
) -> float | Floats:
    """Return lower or upper bounds in the units of the radii."""
    if stated is None:
        return unlimited
    bounds = _spread(stated, unlimited, n_features, names, "--bounds")
    if stated.by_feature and scaling is not None:
        return scaling.apply(bounds[np.newaxis])[0]
    return float(bounds[0]) if len(bounds) == 1 else bounds


def _spread(
    stated: _Stated, default: float, n_features: int, names: Sequence[str] | None, option: str
) -> Floats:
    """Return what an option says, one value for each feature where it says something of some."""
    values = stated.values
    if not isinstance(values, dict):
        return values
    places: dict[Any, float] = {}
    for feature, value in values.items():
        j = place(feature, n_features, names, option)
        if j in places:
            raise ValueError(f"{option} must mention a feature once, got {feature!r} again")
        places[j] = value
    return FeatureValues(places).spread(default, n_features, None, option)


def place(feature: str, n_features: int, names: Sequence[str] | None, option: str) -> int:
    """Return the number of a feature; what could be a number is one, unless it is a name alone."""
    number = int(feature) if feature.isdecimal() else n_features
    if number < n_features or (feature.isdecimal() and feature not in (names or ())):
        return feature_number(number, n_features, names, option)
    return feature_number(feature, n_features, names, option)


def _norm(text: str) -> float:
    if text not in ("1", "2", "inf"):
        raise argparse.ArgumentTypeError(f"wanted 1, 2 or inf, got {text!r}")
    return math.inf if text == "inf" else int(text)


class _Stated(NamedTuple):
    """Numbers of all features, or of some, and the file that they were read from, if there was one."""

    values: Floats | dict[str, float]
    path: str | None = None

    @property
    def by_feature(self) -> bool:
        """Whether each number is said of a feature."""
        return isinstance(self.values, dict)


def _bound(text: str) -> _Stated | None:
    return None if text == "none" else numbers(text)


def numbers(text: str) -> _Stated:
    """Numbers between commas or in a file, or those of some features, like age=1,income=2."""
    try:
        try:
            return _Stated(_parsed(text))
        except ValueError:
            return _Stated(_parsed(Path(text).read_text(encoding="utf-8-sig")), text)
    except (ValueError, OSError):
        raise argparse.ArgumentTypeError(
            f"wanted numbers like 0.5,1 or age=0.5,sex=1, or a file of them, got {text!r}"
        ) from None


def _parsed(text: str) -> Floats | dict[str, float]:
    if "=" in text:
        return _named(text)
    values = [float(part) for part in text.replace(",", " ").split()]
    if not values:
        raise ValueError("no numbers")
    return np.array(values)


def _named(text: str) -> dict[str, float]:
    """Numbers of features, from NAME=NUMBER between commas or on lines of their own."""
    values: dict[str, float] = {}
    for part in _cells(text):
        name, _, number = part.rpartition("=")
        if not name.strip() or name.strip() in values:
            raise ValueError("no name, or one twice")
        values[name.strip()] = float(number)
    return values


def features(text: str) -> list[str]:
    """Names or numbers of features between commas."""
    called = _cells(text)
    if not called or "" in called:
        raise argparse.ArgumentTypeError(f"wanted features like age,sex or 0,3, got {text!r}")
    return called


def _cells(text: str) -> list[str]:
    """Return what stands between commas; quotes as in CSV hold names that have a comma."""
    return [cell.strip() for row in csv.reader(text.splitlines()) for cell in row]
