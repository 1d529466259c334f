"""The subcommand ``robust-metric attack``: empirical robust error beside the certified one."""

from __future__ import annotations

import argparse
import os
import time
from typing import Any

import numpy as np

from . import cli, cli_threat, persistence, report
from .atomic_files import check_target
from .threat import ThreatModel, pack_threat

ATTACKS = ("region", "boundary", "gradient")


def run(args: argparse.Namespace) -> None:
    """Attack the test part of the data under a saved model and print the table."""
    if args.out is not None:
        check_target(args.out)
    clf = persistence.load_model(args.model)
    scaling = persistence.load_scaling(args.model)
    features = persistence.load_feature_names(args.model)
    X, y = cli.test_part(args.data, args.label, clf.n_features_in_, features)
    cli.check_labels(y, clf.classes_, args.data)
    X = X[: args.limit] if scaling is None else scaling.apply(X[: args.limit])
    y = y[: args.limit]
    threat = cli_threat.chosen(args, clf._threat(), clf.n_features_in_)
    clf.set_params(n_jobs=args.n_jobs, threat=threat)
    start = time.perf_counter()
    result = _attack(args)(clf, X, y)
    seconds = time.perf_counter() - start
    if args.out is not None:
        packed, arrays = pack_threat(threat)
        header = {"kind": "attack", "attack": args.attack, "threat": packed}
        names = ("perturbations", "costs", "success", "label", "adversarial_label")
        arrays |= {name: getattr(result, name) for name in names}
        persistence.write_npz(args.out, header, arrays)
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
        summary = _summary(args, proved, broken, radii, units)
        cli.print_json(summary | {"threat": str(threat), "gap": gap.tolist()})
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
    if threat != ThreatModel():
        print(f"Threat model: {threat}.")
    if args.out is not None:
        print(f"Wrote {args.out}.")


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
    """Return what ``--json`` prints."""
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
        "median_cost": cli.finite(costs.median_radius),
        "radii": radii.tolist(),
        "empirical_robust_error": costs.errors(radii).tolist(),
        "certified_robust_error": proved.errors(radii).tolist(),
    }


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
        "--limit", type=cli.positive, metavar="N", help="attack the first N points only"
    )
    command.add_argument(
        "--radii",
        type=cli.radius_list,
        metavar="R,R,...",
        help="radii of the table, in scaled units",
    )
    command.add_argument("--seed", type=int, default=0, help="seed (default: %(default)s)")
    cli_threat.add_to(command)
    cli.add_json(command)
    cli.add_label(command)
    cli.add_n_jobs(command)
