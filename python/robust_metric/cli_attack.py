"""The subcommand ``robust-metric attack``: empirical robust error beside the certified one."""

from __future__ import annotations

import argparse
import json
import math
import os
import time
from typing import Any

import numpy as np

from . import cli, persistence, report
from .atomic_files import check_target
from .threat import ThreatModel

ATTACKS = ("region", "boundary", "gradient")


def run(args: argparse.Namespace) -> None:
    """Attack the test part of the data under a saved model and print the table."""
    if args.out is not None:
        check_target(args.out)
    clf = persistence.load_model(args.model)
    scaling = persistence.load_scaling(args.model)
    X, y = cli.test_part(args.data, args.label, clf.n_features_in_)
    cli.check_labels(y, clf.classes_, args.data)
    X = X[: args.limit] if scaling is None else scaling.apply(X[: args.limit])
    y = y[: args.limit]
    clf.set_params(n_jobs=args.n_jobs, threat=_threat(args, clf.n_features_in_))
    start = time.perf_counter()
    result = _attack(args)(clf, X, y)
    seconds = time.perf_counter() - start
    if args.out is not None:
        header = {"kind": "attack", "attack": args.attack, "norm": str(args.norm)}
        names = ("perturbations", "costs", "success", "label", "adversarial_label")
        persistence.write_npz(args.out, header, {name: getattr(result, name) for name in names})
    method = "Euclidean" if clf.components_ is None else "learned"
    clean = float(np.mean(result.label != y))
    proved, broken = (
        report.RobustErrorCurve(method, clf.n_neighbors, kind, values, clean)
        for kind, values in (("bound", clf.certify(X, y).radius), ("attack", result.costs))
    )
    curves = [proved, broken]
    radii = report.round_radii(curves) if args.radii is None else np.array(args.radii)
    gap = report.robustness_gap(proved, broken, radii)
    units = "the features' own units" if scaling is None else "scaled units"
    if args.json:
        summary = _summary(args, proved, broken, radii, units) | {"gap": gap.tolist()}
        print(json.dumps(summary, allow_nan=False, indent=2))
        return
    print(
        f"Attacked {len(X)} points of {args.data} with the {args.attack} attack in {seconds:.2f} s.\n"
    )
    print(report.format_table(curves, radii))
    print(
        f"\nErrors are shares of points with radius <= r, or broken at a cost of at most r, in {units}."
    )
    shares = " ".join(f"{share:.3f}" for share in gap)
    print(f"Gap, neither proved robust nor broken: {shares}.")
    if args.out is not None:
        print(f"Wrote {args.out}.")


def _threat(args: argparse.Namespace, n_features: int) -> ThreatModel:
    cost = None
    if args.freeze is not None:
        outside = [column for column in args.freeze if column >= n_features]
        if outside:
            raise ValueError(f"--freeze must name columns below {n_features}, got {outside[0]}")
        cost = np.ones(n_features)
        cost[args.freeze] = math.inf
    return ThreatModel(args.norm, args.bounds, cost)


def _attack(args: argparse.Namespace) -> Any:
    from .attacks import BoundaryAttack, GradientAttack, RegionAttack

    if args.attack == "boundary":
        return BoundaryAttack(random_state=args.seed)
    return RegionAttack() if args.attack == "region" else GradientAttack()


def _summary(
    args: argparse.Namespace,
    proved: report.RobustErrorCurve,
    costs: report.RobustErrorCurve,
    radii: Any,
    units: str,
) -> dict[str, Any]:
    """Return what ``--json`` prints; infinity, which JSON lacks, becomes null."""
    median = costs.median_radius
    return {
        "model": os.fspath(args.model),
        "data": os.fspath(args.data),
        "attack": args.attack,
        "n_points": len(costs.radius),
        "n_neighbors": costs.n_neighbors,
        "metric": costs.method,
        "units": units,
        "clean_error": costs.clean_error,
        "success_rate": float(np.isfinite(costs.radius).mean()),
        "median_cost": median if math.isfinite(median) else None,
        "radii": radii.tolist(),
        "empirical_robust_error": costs.errors(radii).tolist(),
        "certified_robust_error": proved.errors(radii).tolist(),
    }


def _norm(text: str) -> float:
    if text not in ("1", "2", "inf"):
        raise argparse.ArgumentTypeError(f"wanted 1, 2 or inf, got {text!r}")
    return float(text) if text == "inf" else int(text)


def _pair(text: str) -> tuple[float, float]:
    try:
        lower, upper = (float(part) for part in text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(f"wanted two numbers like 0,1, got {text!r}") from None
    return lower, upper


def _columns(text: str) -> list[int]:
    parts = text.split(",")
    if not all(part.isdecimal() for part in parts):
        raise argparse.ArgumentTypeError(f"wanted column numbers like 0,3, got {text!r}")
    return [int(part) for part in parts]


def add_to(commands: Any) -> None:
    """Add the subcommand to a parser's commands."""
    command = cli.add_command(
        commands,
        "attack",
        run,
        "attack the test part of DATA (all rows, where it has none) under a saved model",
        "robust-metric attack model.npz test.csv --label species --out adversarial.npz",
    )
    command.add_argument("model", metavar="MODEL", help="a file that 'robust-metric fit' wrote")
    command.add_argument("data", metavar="DATA", help=cli.DATA_HELP)
    command.add_argument(
        "--out", metavar="FILE", help="write perturbations and costs to a .npz file"
    )
    command.add_argument(
        "--attack", choices=ATTACKS, default=ATTACKS[0], help="default: %(default)s"
    )
    command.add_argument(
        "--norm", type=_norm, default=2, metavar="P", help="cost: 1, 2 or inf (default: 2)"
    )
    command.add_argument(
        "--bounds", type=_pair, metavar="LO,HI", help="range that perturbed features keep"
    )
    command.add_argument(
        "--freeze", type=_columns, metavar="I,I,...", help="features that cannot move, from 0"
    )
    command.add_argument(
        "--limit", type=cli.positive, metavar="N", help="attack the first N points only"
    )
    command.add_argument(
        "--radii",
        type=cli.radius_list,
        metavar="R,R,...",
        help="radii of the table, in scaled units",
    )
    command.add_argument("--seed", type=int, default=0, help="seed (default: %(default)s)")
    command.add_argument("--json", action="store_true", help="print JSON instead of the table")
    cli.add_label(command)
    cli.add_n_jobs(command)
