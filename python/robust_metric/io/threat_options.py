"""Options of the command line that say what a perturbation costs and where it may lead."""

from __future__ import annotations

import argparse
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from .._base.arrays import Floats
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
        help="range that perturbed features keep: numbers, 'none', or files of one number a feature",
    )
    group.add_argument(
        "--feature-cost",
        type=_numbers,
        metavar="COSTS",
        help="what moving each feature by 1 costs: numbers like 1,0.5,inf, or a file of them; "
        "an infinite cost freezes a feature",
    )
    group.add_argument(
        "--freeze", type=_columns, metavar="I,I,...", help="features that cannot move, from 0"
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


def chosen(args: argparse.Namespace, model: ThreatModel, n_features: int) -> ThreatModel:
    """Return the model's threat model, changed as the options say.

    Raises
    ------
    ValueError
        If an option does not fit the number of features, or another one.
    """
    changes: dict[str, Any] = {}
    if args.norm is not None:
        changes["norm"] = args.norm
    if args.bounds is not None:
        lower, upper = args.bounds
        changes["bounds"] = (
            -math.inf if lower is None else lower,
            math.inf if upper is None else upper,
        )
    if args.clip:
        changes["clip_queries"] = True
    cost = args.feature_cost
    if cost is not None and len(cost) == 1:
        cost = np.full(n_features, cost[0])
    if args.freeze is not None:
        outside = [column for column in args.freeze if column >= n_features]
        if outside:
            raise ValueError(f"--freeze must name columns below {n_features}, got {outside[0]}")
        cost = (model.weights(n_features) if cost is None else cost).copy()
        if len(cost) == n_features:
            cost[args.freeze] = math.inf
    if cost is not None:
        changes["feature_cost"] = cost
    threat = replace(model, **changes)
    threat.weights(n_features)  # before any work is done for values that do not fit
    threat.box(n_features)
    return threat


def _norm(text: str) -> float:
    if text not in ("1", "2", "inf"):
        raise argparse.ArgumentTypeError(f"wanted 1, 2 or inf, got {text!r}")
    return math.inf if text == "inf" else int(text)


def _bound(text: str) -> float | Floats | None:
    if text == "none":
        return None
    values = _numbers(text)
    return float(values[0]) if len(values) == 1 else values


def _numbers(text: str) -> Floats:
    """Numbers between commas, or those in a file, between commas or white space."""
    try:
        try:
            return _parsed(text)
        except ValueError:
            return _parsed(Path(text).read_text(encoding="utf-8"))
    except (ValueError, OSError):
        raise argparse.ArgumentTypeError(
            f"wanted numbers like 0.5,1 or a file of them, got {text!r}"
        ) from None


def _parsed(text: str) -> Floats:
    values = [float(part) for part in text.replace(",", " ").split()]
    if not values:
        raise ValueError("no numbers")
    return np.array(values)


def _columns(text: str) -> list[int]:
    parts = text.split(",")
    if not all(part.isdecimal() for part in parts):
        raise argparse.ArgumentTypeError(f"wanted column numbers like 0,3, got {text!r}")
    return [int(part) for part in parts]
