"""Options of the command line that say what a perturbation costs and where it may lead."""

from __future__ import annotations

import argparse
import csv
import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from .._base.arrays import Floats
from .._base.feature_values import FeatureValues, feature_number
from ..threat import ThreatModel

_WHEN = "Saved by fit; certify and attack take the model's unless they are told otherwise."


def add_to(command: Any, when: str = _WHEN) -> None:
    """Add the options to a subcommand; those that are not given leave the model's threat model."""
    group = command.add_argument_group(
        "threat model",
        "What a perturbation costs and where it may lead, in the units of the radii: scaled ones, "
        "where the model scales (0 and 1 are then the least and the largest value in the "
        f"training data). {when}",
    )
    group.add_argument("--norm", type=_norm, metavar="P", help="cost: 1, 2 or inf (default: 2)")
    group.add_argument(
        "--bounds",
        type=_bound,
        nargs=2,
        metavar=("LO", "HI"),
        help="range that perturbed features keep: numbers, 'none', files of one number a feature, "
        "or numbers of some features, by name or by number from 0, like income=0,age=0.2",
    )
    group.add_argument(
        "--feature-cost",
        type=_values,
        metavar="COSTS",
        help="what moving each feature by 1 costs: numbers like 1,0.5,inf, a file of them, or those "
        "of some features, like age=inf,income=0.5; an infinite cost freezes a feature",
    )
    group.add_argument(
        "--freeze",
        type=_features,
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


def stated(
    args: argparse.Namespace,
    model: ThreatModel | None,
    n_features: int,
    names: Sequence[str] | None = None,
) -> ThreatModel | None:
    """Return the threat model that the options state, or None where there are none."""
    return chosen(args, model or ThreatModel(), n_features, names) if given(args) else None


def chosen(
    args: argparse.Namespace,
    model: ThreatModel,
    n_features: int,
    names: Sequence[str] | None = None,
) -> ThreatModel:
    """Return the model's threat model, changed as the options say.

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
            _spread(side, unlimited, n_features, names, "--bounds")
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
        places = [_place(feature, n_features, names, "--freeze") for feature in args.freeze]
        cost = (model.weights(n_features) if cost is None else cost).copy()
        if len(cost) == n_features:
            cost[places] = math.inf
    if cost is not None:
        changes["feature_cost"] = cost
    threat = replace(model, **changes)
    threat.weights(n_features)  # before any work is done for values that do not fit
    threat.box(n_features)
    return threat


def _spread(
    values: Any, default: float, n_features: int, names: Sequence[str] | None, option: str
) -> Any:
    """Return what an option says, one value for each feature where it says something of some."""
    if values is None:
        return default
    if not isinstance(values, dict):
        return values
    places: dict[Any, float] = {}
    for feature, value in values.items():
        place = _place(feature, n_features, names, option)
        if place in places:
            raise ValueError(f"{option} must mention a feature once, got {feature!r} again")
        places[place] = value
    return FeatureValues(places).spread(default, n_features, None, option)


def _place(feature: str, n_features: int, names: Sequence[str] | None, option: str) -> int:
    """Return the number of a feature; what could be a number is one, unless it is a name alone."""
    number = int(feature) if feature.isdecimal() else n_features
    if number < n_features or (feature.isdecimal() and feature not in (names or ())):
        return feature_number(number, n_features, names, option)
    return feature_number(feature, n_features, names, option)


def _norm(text: str) -> float:
    if text not in ("1", "2", "inf"):
        raise argparse.ArgumentTypeError(f"wanted 1, 2 or inf, got {text!r}")
    return math.inf if text == "inf" else int(text)


def _bound(text: str) -> float | Floats | dict[str, float] | None:
    if text == "none":
        return None
    values = _values(text)
    return float(values[0]) if not isinstance(values, dict) and len(values) == 1 else values


def _values(text: str) -> Floats | dict[str, float]:
    """Numbers between commas or in a file, or those of some features, like age=1,income=2."""
    try:
        try:
            return _parsed(text)
        except ValueError:
            return _parsed(Path(text).read_text(encoding="utf-8-sig"))
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


def _features(text: str) -> list[str]:
    features = _cells(text)
    if not features or "" in features:
        raise argparse.ArgumentTypeError(f"wanted features like age,sex or 0,3, got {text!r}")
    return features


def _cells(text: str) -> list[str]:
    """Return what stands between commas; quotes as in CSV hold names that have a comma."""
    return [cell.strip() for row in csv.reader(text.splitlines()) for cell in row]
