"""The subcommand ``robust-metric certify``: predictions with radii, as a table and as files."""

from __future__ import annotations

import argparse
import csv
import io
import sys
import time
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._base.arrays import Floats
from .._base.progress import shown
from ..io.atomic import atomic_write, check_target
from ..io.data_files import read_points
from ..io.model_files import load_feature_names, load_scaling
from ..io.scaling import Scaling
from ..results.certificates import Certificates
from ..results.perturbations import SearchInterrupted
from ..results.robust_error import RobustErrorCurve, format_table, round_radii
from ..threat import ThreatModel
from . import threat_options
from .data import as_in_model, check_labels, test_part
from .options import DATA_HELP, add_command, add_json, add_label, add_n_jobs, radius_list
from .output import finite, print_json

TO_STANDARD_OUTPUT = "-"


def run(args: argparse.Namespace) -> None:
    """Certify the rows asked for, write what is to be written, and print the table."""
    from ..estimators.saving import load_model

    if args.evidence and args.out is None:
        raise ValueError("--evidence needs a file to be written to, see --out")
    for path in (args.out, args.predictions):
        if path not in (None, TO_STANDARD_OUTPUT):
            check_target(path)
    clf = load_model(args.model)
    scaling = load_scaling(args.model)
    X, y = _rows(args, clf)
    threat = threat_options.chosen(args, clf.fitted_view().threat, clf.n_features_in_)
    clf.set_params(n_jobs=args.n_jobs, threat=threat)
    points = X if scaling is None else scaling.apply(X)
    start = time.perf_counter()
    with shown(len(X), "certify"):
        try:
            certificates = (
                clf.minimal_perturbation(points, y, evidence=args.evidence).certificates()
                if args.exact
                else clf.certify(points, y, evidence=args.evidence)
            )
        except SearchInterrupted as stopped:
            _keep_predictions(args.predictions, stopped, y)
            raise
    seconds = time.perf_counter() - start
    if args.out is not None:
        certificates.save(args.out)
    if args.predictions is not None:
        _write_predictions(args.predictions, certificates, y, range(len(X)))
    if args.predictions == TO_STANDARD_OUTPUT:
        return
    curve = _curve(args, clf, certificates, y)
    radii = round_radii([curve]) if args.radii is None else np.array(args.radii)
    if args.json:
        print_json(_summary(args, curve, radii, scaling) | {"threat": str(threat)})
        return
    print(f"Certified {len(X)} points of {args.data} in {seconds:.2f} s.\n")
    if y is None:
        print(f"{certificates}\n")
    else:
        print(format_table([curve], radii))
        print("\nErrors are shares of points with radius <= r. ", end="")
    _print_units(scaling)
    if threat != ThreatModel():
        print(f"Threat model: {threat}.")
    for path in (args.out, args.predictions):
        if path is not None:
            print(f"Wrote {path}.")


def _rows(args: argparse.Namespace, clf: Any) -> tuple[Floats, NDArray[Any] | None]:
    """Return the points to certify, with their classes where these are known."""
    names = load_feature_names(args.model)
    if args.no_label:
        X, given = read_points(args.data)
        return as_in_model(X, given, clf.n_features_in_, names), None
    X, y = test_part(args.data, args.label, clf.n_features_in_, names)
    check_labels(y, clf.classes_, args.data)
    return X, y


def _curve(
    args: argparse.Namespace, clf: Any, certificates: Certificates, y: NDArray[Any] | None
) -> RobustErrorCurve:
    return RobustErrorCurve(
        "Euclidean" if clf.components_ is None else "learned",
        clf.n_neighbors,
        "exact" if args.exact else "bound",
        certificates.radius,
        clean_error=0.0 if y is None else float(np.mean(certificates.label != y)),
    )


def _print_units(scaling: Scaling | None) -> None:
    units = "the features' own units" if scaling is None else "scaled units"
    print(f"Radii are in {units}", end="")
    print("." if scaling is None else ": features as (x - offset) / scale of the training data.")


def _keep_predictions(path: str | None, stopped: SearchInterrupted, y: NDArray[Any] | None) -> None:
    """Write the predictions of the points that the search had come to, where they are asked for."""
    known = f"{len(stopped.rows)} of {stopped.n_queries} points were searched"
    if path is None:
        print(f"robust-metric: {known}; --predictions CSV would keep them", file=sys.stderr)
        return
    truth = None if y is None else y[stopped.rows]
    _write_predictions(path, stopped.found.certificates(), truth, stopped.rows.tolist())
    print(f"robust-metric: {known} and written to {path}", file=sys.stderr)


def _write_predictions(
    path: str, certificates: Certificates, y: NDArray[Any] | None, numbers: Iterable[int]
) -> None:
    """Write a CSV file of one line a point: its number, class and radius, and what was right."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["row", "label", "radius", *([] if y is None else ["true_label"])])
    columns = [numbers, certificates.label.tolist(), certificates.radius.tolist()]
    writer.writerows(zip(*columns, *([] if y is None else [y.tolist()]), strict=True))
    if path == TO_STANDARD_OUTPUT:
        sys.stdout.write(text.getvalue())
        return
    with atomic_write(path) as stream:
        stream.write(text.getvalue().encode())


def _summary(
    args: argparse.Namespace,
    curve: RobustErrorCurve,
    radii: Floats,
    scaling: Scaling | None,
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
        "units": "the features' own units" if scaling is None else "scaled units",
        "clean_error": None if args.no_label else curve.clean_error,
        "median_radius": finite(curve.median_radius),
        "radii": radii.tolist(),
        "certified_robust_error": curve.errors(radii).tolist(),
    }


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
    command.add_argument("model", metavar="MODEL", help="a file that 'robust-metric fit' wrote")
    command.add_argument("data", metavar="DATA", help=DATA_HELP)
    command.add_argument("--out", metavar="CERTS", help="write certificates to a .npz file")
    command.add_argument(
        "--predictions",
        metavar="CSV",
        help="write class and radius of every row to a CSV file; - prints them instead of the table",
    )
    command.add_argument(
        "--no-label",
        action="store_true",
        help="DATA is a CSV file without classes: the predictions themselves are certified",
    )
    command.add_argument(
        "--radii",
        type=radius_list,
        metavar="R,R,...",
        help="radii of the table, in scaled units (default: round numbers that span the data)",
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
    threat_options.add_to(command)
    add_label(command)
    add_json(command)
    add_n_jobs(command)
