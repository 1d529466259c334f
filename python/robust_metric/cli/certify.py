"""The subcommand ``robust-metric certify``: predictions with radii, as a table and as files."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._base.arrays import Floats
from ..data_changes import DataChanges
from ..io import csv_options, threat_options
from ..results.certificates import Certificates
from ..results.perturbations import SearchInterrupted
from ..results.robust_error import RobustErrorCurve, format_table, round_radii
from ..threat import ThreatModel
from .data import Rows
from .options import (
    add_command,
    add_json,
    add_model_and_data,
    add_n_jobs,
    add_no_label,
    add_radii,
    radius,
    seconds,
)
from .output import STANDARD_OUTPUT, check_outputs, finite, print_json, write_csv
from .saved_model import SavedModel, inputs


def run(args: argparse.Namespace) -> None:
    """Certify the rows asked for, write what is to be written, and print the table."""
    if args.evidence and args.out is None:
        raise ValueError("--evidence needs a file to be written to, see --out")
    if args.time_limit is not None and not args.exact:
        raise ValueError("--time-limit is for the searches of --exact, which is not asked for")
    if args.at is not None and (args.exact or args.evidence or args.radii is not None):
        raise ValueError(
            "--at is for lower bounds at one radius: not with --exact, --evidence, --radii"
        )
    if args.data_changes is not None and (args.exact or args.evidence):
        raise ValueError(
            "--data-changes is for lower bounds without evidence: not with --exact, --evidence"
        )
    check_outputs({"--out": args.out, "--predictions": args.predictions}, inputs(args))
    model = SavedModel.load(args)
    rows = model.rows_of(args)
    X, y = rows.X, rows.y
    start = time.perf_counter()
    certificates, stopped = _certified(args, model, rows)
    elapsed = time.perf_counter() - start
    if args.out is not None:
        certificates.save(args.out)
    if args.predictions is not None:
        _write_predictions(args.predictions, certificates, rows, range(len(X)))
    if args.predictions == STANDARD_OUTPUT:
        return
    curve = _curve(args, model, certificates, y)
    radii = _table_radii(args, curve)
    if args.json:
        print_json(_summary(args, model, curve, radii) | {"n_stopped": stopped})
        return
    print(f"Certified {len(X)} points of {args.data} in {elapsed:.2f} s.\n")
    if args.at is not None:
        reached = int(np.count_nonzero(certificates.radius))
        right = "predictions" if y is None else "points are classified correctly and"
        print(f"{reached} of {len(X)} {right} cannot be changed within {args.at:g}.\n")
    elif y is None:
        print(f"{certificates}\n")
    else:
        print(format_table([curve], radii))
        print("\nErrors are shares of points with radius <= r. ", end="")
    if stopped:
        print(f"{stopped} searches were stopped early: their radii are lower bounds. ", end="")
    _print_what_it_is(args, model)


def _certified(args: argparse.Namespace, model: SavedModel, rows: Rows) -> tuple[Certificates, int]:
    """Certify the points, and say how many searches were stopped, whose radii are lower bounds.

    What an interrupted search has found is kept where it was asked for.
    """
    X, y = rows.X, rows.y
    if not args.exact:
        options = {"evidence": args.evidence, "at": args.at, "data_changes": args.data_changes}
        return model.clf.certify(X, y, **options), 0
    try:
        found = model.clf.minimal_perturbation(X, y, args.time_limit, evidence=args.evidence)
        return found.certificates(), int((found.status == "time_limit").sum())
    except SearchInterrupted as stopped:
        _keep_predictions(args.predictions, stopped, rows)
        raise


def _table_radii(args: argparse.Namespace, curve: RobustErrorCurve) -> Floats:
    if args.at is not None:
        return np.array([args.at])
    return round_radii([curve]) if args.radii is None else np.array(args.radii)


def _curve(
    args: argparse.Namespace, model: SavedModel, certificates: Certificates, y: NDArray[Any] | None
) -> RobustErrorCurve:
    certified = certificates.radius
    if args.at is not None:  # reached is no error there
        certified = np.where(certified > 0.0, np.inf, 0.0)
    return RobustErrorCurve(
        model.metric,
        model.clf.n_neighbors,
        "exact" if args.exact else "bound",
        certified,
        clean_error=0.0 if y is None else float(np.mean(certificates.label != y)),
    )


def _print_what_it_is(args: argparse.Namespace, model: SavedModel) -> None:
    """Print the units, the threat model, and where things were written."""
    scaled = (
        "" if model.scaling is None else ": features as (x - offset) / scale of the training data"
    )
    print(f"Radii are in {model.units}{scaled}.")
    if model.threat != ThreatModel():
        print(f"Threat model: {model.threat}.")
    if args.data_changes is not None:
        print(f"They hold whatever changes of the training data are made: {args.data_changes}.")
    for path in (args.out, args.predictions):
        if path is not None:
            print(f"Wrote {path}.")


def _keep_predictions(path: str | None, stopped: SearchInterrupted, rows: Rows) -> None:
    """Write the predictions of the points that the search had come to, where they are asked for."""
    known = f"{len(stopped.rows)} of {stopped.n_queries} points were searched"
    if path is None:
        print(f"robust-metric: {known}; --predictions CSV would keep them", file=sys.stderr)
        return
    _write_predictions(path, stopped.found.certificates(), rows, stopped.rows.tolist())
    print(f"robust-metric: {known} and written to {path}", file=sys.stderr)


def _write_predictions(
    path: str, certificates: Certificates, rows: Rows, numbers: Sequence[int]
) -> None:
    """Write a CSV file of one line a point: its number, id, class and radius, and what was right."""
    columns: dict[str, Sequence[Any]] = {"row": numbers}
    if rows.ids is not None:
        # a name that is one of the table's own would be in it twice
        name = "id" if rows.ids.name in ("row", "label", "radius", "true_label") else rows.ids.name
        columns[name] = [rows.ids.values[i] for i in numbers]
    columns |= {"label": certificates.label.tolist(), "radius": certificates.radius.tolist()}
    if rows.y is not None:
        columns["true_label"] = rows.y[list(numbers)].tolist()
    write_csv(path, columns, zip(*columns.values(), strict=True))


def _summary(
    args: argparse.Namespace, model: SavedModel, curve: RobustErrorCurve, radii: Floats
) -> dict[str, Any]:
    """Return what ``--json`` prints."""
    return {
        "model": args.model,
        "data": args.data,
        "certificates": args.out,
        "predictions": args.predictions,
        "n_points": len(curve.radius),
        "n_neighbors": curve.n_neighbors,
        "metric": curve.method,
        "radius": curve.kind,
        "units": model.units,
        "clean_error": None if args.no_label else curve.clean_error,
        "median_radius": None if args.at is not None else finite(curve.median_radius),
        "radii": radii.tolist(),
        "certified_robust_error": curve.errors(radii).tolist(),
        "threat": str(model.threat),
        "data_changes": None if args.data_changes is None else args.data_changes.pack(),
    }


def _data_changes(text: str) -> DataChanges:
    try:
        pairs = [part.split("=") for part in text.split(",")]
        counts = {name.strip(): int(value) for name, value in pairs}
        if len(counts) < len(pairs):
            raise ValueError("twice the same")
        return DataChanges(**counts)
    except (TypeError, ValueError) as error:
        wanted = "wanted whole numbers like insert=1,delete=2,relabel=0"
        raise argparse.ArgumentTypeError(f"{wanted}, got {text!r}") from error


def add_to(commands: Any) -> None:
    """Add the subcommand to a parser's commands."""
    command = add_command(
        commands,
        "certify",
        run,
        "certify the test part of DATA (all rows, where it has none) under a saved model",
        "robust-metric certify model.npz test.csv --label species --out certificates.npz\n"
        "  robust-metric certify model.npz new.csv --no-label --predictions predictions.csv\n"
        "  cat new.csv | robust-metric certify model.npz - --no-label --predictions -",
    )
    add_model_and_data(command)
    command.add_argument("--out", metavar="CERTS", help="write certificates to a .npz file")
    command.add_argument(
        "--predictions",
        metavar="CSV",
        help="write class and radius of every row to a CSV file; - prints them instead of the table",
    )
    add_no_label(command, "certified")
    add_radii(command)
    command.add_argument(
        "--at",
        type=radius,
        metavar="R",
        help="only decide whether each radius reaches this one, in scaled units, which is faster: "
        "predictions get R or 0",
    )
    command.add_argument(
        "--evidence",
        action="store_true",
        help="store what proves each radius, for 'robust-metric check CERTS MODEL'",
    )
    command.add_argument(
        "--exact",
        action="store_true",
        help="minimal adversarial perturbations instead of lower bounds",
    )
    command.add_argument(
        "--time-limit",
        type=seconds,
        metavar="SECONDS",
        help="with --exact: for each point; a search that is stopped still has a valid lower bound",
    )
    command.add_argument(
        "--data-changes",
        type=_data_changes,
        metavar="insert=I,delete=D,relabel=F",
        help="radii that hold as well if so many training points are added anywhere, taken out and "
        "given other labels, whichever they are",
    )
    threat_options.add_to(command)
    csv_options.add_to(command)
    add_json(command)
    add_n_jobs(command)
