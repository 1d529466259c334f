"""The subcommand ``robust-metric attack``: empirical robust error beside the certified one."""

from __future__ import annotations

import argparse
import os
import time
from typing import Any

import numpy as np

from ..io.atomic import check_target
from ..io.model_files import load_feature_names, load_scaling
from ..io.npz import write_npz
from ..io.threat_arrays import pack_threat
from ..results.robust_error import RobustErrorCurve, format_table, robustness_gap, round_radii
from ..threat import ThreatModel
from . import threat_options
from .data import check_labels, test_part
from .options import DATA_HELP, add_command, add_json, add_label, add_n_jobs, positive, radius_list
from .output import finite, print_json

ATTACKS = ("region", "boundary", "gradient")


def run(args: argparse.Namespace) -> None:
    """Attack the test part of the data under a saved model and print the table."""
    from ..estimators.saving import load_model

    if args.out is not None:
        check_target(args.out)
    clf = load_model(args.model)
    scaling = load_scaling(args.model)
    features = load_feature_names(args.model)
    X, y = test_part(args.data, args.label, clf.n_features_in_, features)
    check_labels(y, clf.classes_, args.data)
    X = X[: args.limit] if scaling is None else scaling.apply(X[: args.limit])
    y = y[: args.limit]
    threat = threat_options.chosen(args, clf.fitted_view().threat, clf.n_features_in_)
    clf.set_params(n_jobs=args.n_jobs, threat=threat)
    start = time.perf_counter()
    result = _attack(args)(clf, X, y)
    seconds = time.perf_counter() - start
    if args.out is not None:
        packed, arrays = pack_threat(threat)
        header = {"kind": "attack", "attack": args.attack, "threat": packed}
        names = ("perturbations", "costs", "success", "label", "adversarial_label")
        arrays |= {name: getattr(result, name) for name in names}
        write_npz(args.out, header, arrays)
    method = "Euclidean" if clf.components_ is None else "learned"
    clean = float(np.mean(result.label != y))
    proved, broken = (
        RobustErrorCurve(method, clf.n_neighbors, kind, values, clean)
        for kind, values in (("bound", clf.certify(X, y).radius), ("attack", result.costs))
    )
    curves = [proved, broken]
    radii = round_radii(curves) if args.radii is None else np.array(args.radii)
    gap = robustness_gap(proved, broken, radii)
    units = "the features' own units" if scaling is None else "scaled units"
    if args.json:
        summary = _summary(args, proved, broken, radii, units)
        print_json(summary | {"threat": str(threat), "gap": gap.tolist()})
        return
    print(
        f"Attacked {len(X)} points of {args.data} with the {args.attack} attack in {seconds:.2f} s.\n"
    )
    print(format_table(curves, radii))
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
    from ..attacks import BoundaryAttack, GradientAttack, RegionAttack

    if args.attack == "boundary":
        return BoundaryAttack(random_state=args.seed)
    return RegionAttack() if args.attack == "region" else GradientAttack()


def _summary(
    args: argparse.Namespace,
    proved: RobustErrorCurve,
    costs: RobustErrorCurve,
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
        "median_cost": finite(costs.median_radius),
        "radii": radii.tolist(),
        "empirical_robust_error": costs.errors(radii).tolist(),
        "certified_robust_error": proved.errors(radii).tolist(),
    }


def add_to(commands: Any) -> None:
    """Add the subcommand to a parser's commands."""
    command = add_command(
        commands,
        "attack",
        run,
        "attack the test part of DATA (all rows, where it has none) under a saved model",
        "robust-metric attack model.npz test.csv --label species --out adversarial.npz",
    )
    command.add_argument("model", metavar="MODEL", help="a file that 'robust-metric fit' wrote")
    command.add_argument("data", metavar="DATA", help=DATA_HELP)
    command.add_argument(
        "--out", metavar="FILE", help="write perturbations and costs to a .npz file"
    )
    command.add_argument(
        "--attack", choices=ATTACKS, default=ATTACKS[0], help="default: %(default)s"
    )
    command.add_argument(
        "--limit", type=positive, metavar="N", help="attack the first N points only"
    )
    command.add_argument(
        "--radii",
        type=radius_list,
        metavar="R,R,...",
        help="radii of the table, in scaled units",
    )
    command.add_argument("--seed", type=int, default=0, help="seed (default: %(default)s)")
    threat_options.add_to(command)
    add_json(command)
    add_label(command)
    add_n_jobs(command)
