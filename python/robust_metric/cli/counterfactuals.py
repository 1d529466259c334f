"""The subcommand ``robust-metric counterfactuals``: what would have had to be different, row by row."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ..io import csv_options, threat_options
from ..io.inputs import few
from ..results.counterfactuals import Counterfactuals
from .data import Rows
from .options import (
    add_command,
    add_json,
    add_model_and_data,
    add_n_jobs,
    add_no_label,
    positive,
    seconds,
    whole_numbers,
)
from .output import STANDARD_OUTPUT, check_outputs, finite, print_json, write_csv
from .saved_model import SavedModel, inputs


def run(args: argparse.Namespace) -> None:
    """Search for the counterfactuals of the rows asked for, and print or write what differs."""
    from ..estimators.counterfactuals import counterfactuals

    check_outputs({"--out": args.out}, inputs(args))
    model = SavedModel.load(args)
    rows = model.rows_of(args, scaled=False)
    chosen = _chosen_rows(args, len(rows.X))
    places = _Places(model)
    found = counterfactuals(
        model.clf,
        rows.X[chosen],
        None if args.target is None else _class_of(args.target, model.clf.classes_),
        count=args.count,
        up=places.of(args.up, "--up"),
        down=places.of(args.down, "--down"),
        integer=places.of(args.integer, "--integer"),
        grid=places.steps(args.grid),
        precision="float32" if args.float32 else args.decimals,
        scaling=model.scaling,
        time_limit=args.time_limit,
    )
    names = model.feature_names
    found = replace(found, feature_names=None if names is None else tuple(names))
    if args.out is not None:
        _write(args.out, found, rows, chosen)
    if args.out == STANDARD_OUTPUT:
        return
    if args.json:
        print_json(_summary(args, model, found, chosen))
        return
    for i, row in enumerate(chosen):
        print(f"Row {_called(rows, row)}. {found.table(i)}\n")
    print(f"Costs are in {model.units}; old and new values in those of the columns.")
    if args.out is not None:
        print(f"Wrote {args.out}.")


class _Places:
    """Features of a model by the names and numbers that options give."""

    def __init__(self, model: SavedModel) -> None:
        self._width, self._names = model.clf.n_features_in_, model.feature_names

    def of(self, features: Sequence[str] | None, option: str) -> list[int]:
        return [
            threat_options.place(feature, self._width, self._names, option)
            for feature in features or ()
        ]

    def steps(self, grid: Any) -> dict[int, float]:
        if grid is None:
            return {}
        if not grid.by_feature:
            raise ValueError("--grid must give steps of features, like age=1,income=100")
        places = self.of(list(grid.values), "--grid")
        return dict(zip(places, grid.values.values(), strict=True))


def _class_of(text: str, classes: Any) -> Any:
    for label in classes.tolist():
        if str(label) == text:
            return label
    raise ValueError(f"--target must be one of the classes, {few(classes.tolist())}, got {text!r}")


def _chosen_rows(args: argparse.Namespace, count: int) -> list[int]:
    if args.rows is None:
        return list(range(count if args.limit is None else min(count, args.limit)))
    for row in args.rows:
        if row >= count:
            raise ValueError(f"--rows must be below the number of rows, {count}, got {row}")
    return list(args.rows)


def _called(rows: Rows, row: int) -> str:
    return str(row) if rows.ids is None else f"{row} ({rows.ids.values[row]})"


def _write(path: str, found: Counterfactuals, rows: Rows, chosen: list[int]) -> None:
    """Write a CSV file of one line a change."""
    ids = [] if rows.ids is None else ["id"]
    header = [
        "row",
        *ids,
        "number",
        "feature",
        "old",
        "new",
        "label",
        "counterfactual_label",
        "cost",
    ]
    lines = []
    for change in found.changes():
        row = chosen[change.row]
        name = [] if rows.ids is None else [rows.ids.values[row]]
        lines.append([row, *name, *change[1:]])
    write_csv(path, header, lines)


def _summary(
    args: argparse.Namespace, model: SavedModel, found: Counterfactuals, chosen: list[int]
) -> dict[str, Any]:
    """Return what ``--json`` prints."""
    return {
        "model": args.model,
        "data": args.data,
        "units": model.units,
        "threat": str(model.threat),
        "rows": [_as_json(found, i, row) for i, row in enumerate(chosen)],
    }


def _as_json(found: Counterfactuals, i: int, row: int) -> dict[str, Any]:
    changes = found.changes(i)
    entries = [
        {
            "lower": finite(float(found.lower[i, number])),
            "cost": finite(float(found.upper[i, number])),
            "status": str(found.status[i, number]),
            "label": found.counterfactual_label[i : i + 1, number].tolist()[0],
            "changes": [
                {"feature": c.feature, "old": c.old, "new": c.new}
                for c in changes
                if c.number == number
            ],
        }
        for number in np.flatnonzero(found.status[i] != "none").tolist()
    ]
    return {"row": row, "label": found.label[i : i + 1].tolist()[0], "counterfactuals": entries}


def add_to(commands: Any) -> None:
    """Add the subcommand to a parser's commands."""
    command = add_command(
        commands,
        "counterfactuals",
        run,
        "say what would have had to be different for another prediction, row by row",
        "robust-metric counterfactuals model.npz people.csv --no-label --target granted \\\n"
        "    --freeze age,sex --up savings --integer children --grid income=100 --decimals 2",
    )
    add_model_and_data(command)
    add_no_label(command, "asked about")
    command.add_argument("--target", metavar="CLASS", help="the class wanted (default: any other)")
    command.add_argument(
        "--count", type=positive, default=1, metavar="N", help="how many for each row (default: 1)"
    )
    for option, text in (
        ("--up", "features that can only grow"),
        ("--down", "features that can only shrink"),
        ("--integer", "features that take whole numbers only"),
    ):
        command.add_argument(option, type=threat_options.features, metavar="FEATURE,...", help=text)
    command.add_argument(
        "--grid",
        type=threat_options.numbers,
        metavar="FEATURE=STEP,...",
        help="features that take multiples of a step only, in the units of their columns",
    )
    digits = command.add_mutually_exclusive_group()
    digits.add_argument(
        "--decimals", type=int, metavar="N", help="decimal places of all other new values"
    )
    digits.add_argument("--float32", action="store_true", help="new values are numbers of float32")
    which = command.add_mutually_exclusive_group()
    which.add_argument(
        "--rows", type=whole_numbers, metavar="I,J,...", help="these rows alone, from 0"
    )
    which.add_argument("--limit", type=positive, metavar="N", help="the first N rows alone")
    command.add_argument(
        "--out", metavar="CSV", help="write what differs to a CSV file; - prints it"
    )
    command.add_argument(
        "--time-limit",
        type=seconds,
        default=10.0,
        metavar="SECONDS",
        help="for each search (default: %(default)g)",
    )
    threat_options.add_to(command)
    csv_options.add_to(command)
    add_json(command)
    add_n_jobs(command)
