"""The subcommand ``robust-metric attack``: empirical robust error beside the certified one."""

from __future__ import annotations

import argparse
import os
import time
from typing import TYPE_CHECKING, Any

import numpy as np

from .._base.arrays import Floats
from ..io import csv_options, threat_options
from ..io.npz import write_npz
from ..io.threat_arrays import pack_threat
from ..results.robust_error import RobustErrorCurve, format_table, robustness_gap, round_radii
from ..threat import ThreatModel
from .options import (
    add_command,
    add_json,
    add_model_and_data,
    add_n_jobs,
    add_no_label,
    add_radii,
    positive,
)
from .output import check_outputs, finite, print_json
from .saved_model import SavedModel, inputs

if TYPE_CHECKING:
    from ..attacks import AttackResult

ATTACKS = ("region", "boundary", "gradient")


def run(args: argparse.Namespace) -> None:
    """Attack the test part of the data under a saved model and print the table."""
    check_outputs({"--out": args.out}, inputs(args))
    model = SavedModel.load(args)
    X, y, _ = model.rows_of(args)
    X, y = X[: args.limit], None if y is None else y[: args.limit]
    start = time.perf_counter()
    result = _attack(args)(model.clf, X, y)
    seconds = time.perf_counter() - start
    if args.out is not None:
        _save(args, result, model.threat)
    clean = 0.0 if y is None else float(np.mean(result.label != y))
    proved, broken = (
        RobustErrorCurve(model.metric, model.clf.n_neighbors, kind, values, clean)
        for kind, values in (("bound", model.clf.certify(X, y).radius), ("attack", result.costs))
    )
    radii = round_radii([proved, broken]) if args.radii is None else np.array(args.radii)
    if args.json:
        print_json(_summary(args, model, proved, broken, radii))
        return
    print(
        f"Attacked {len(X)} points of {args.data} with the {args.attack} attack in {seconds:.2f} s.\n"
    )
    if y is None:
        print("Without classes: what is attacked, and proved, are the predictions.\n")
    _print_table(model, proved, broken, radii)
    if args.out is not None:
        print(f"Wrote {args.out}.")


def _attack(args: argparse.Namespace) -> Any:
    from ..attacks import BoundaryAttack, GradientAttack, RegionAttack

    if args.attack == "boundary":
        return BoundaryAttack(random_state=args.seed)
    return RegionAttack() if args.attack == "region" else GradientAttack()


def _save(args: argparse.Namespace, result: AttackResult, threat: ThreatModel) -> None:
    packed, arrays = pack_threat(threat)
    header = {"kind": "attack", "attack": args.attack, "threat": packed}
    names = ("perturbations", "costs", "success", "label", "adversarial_label")
    write_npz(args.out, header, arrays | {name: getattr(result, name) for name in names})


def _print_table(
    model: SavedModel, proved: RobustErrorCurve, broken: RobustErrorCurve, radii: Floats
) -> None:
    print(format_table([proved, broken], radii))
    print(
        "\nErrors are shares of points with radius <= r, or broken at a cost of at most r, "
        f"in {model.units}."
    )
    shares = " ".join(f"{share:.3f}" for share in robustness_gap(proved, broken, radii))
    print(f"Gap, neither proved robust nor broken: {shares}.")
    if model.threat != ThreatModel():
        print(f"Threat model: {model.threat}.")


def _summary(
    args: argparse.Namespace,
    model: SavedModel,
    proved: RobustErrorCurve,
    broken: RobustErrorCurve,
    radii: Floats,
) -> dict[str, Any]:
    """Return what ``--json`` prints."""
    return {
        "model": os.fspath(args.model),
        "data": os.fspath(args.data),
        "attack": args.attack,
        "n_points": len(broken.radius),
        "n_neighbors": broken.n_neighbors,
        "metric": broken.method,
        "units": model.units,
        "clean_error": None if args.no_label else broken.clean_error,
        "success_rate": float(np.isfinite(broken.radius).mean()),
        "median_cost": finite(broken.median_radius),
        "radii": radii.tolist(),
        "empirical_robust_error": broken.errors(radii).tolist(),
        "certified_robust_error": proved.errors(radii).tolist(),
        "threat": str(model.threat),
        "gap": robustness_gap(proved, broken, radii).tolist(),
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
    add_model_and_data(command)
    add_no_label(command, "attacked")
    command.add_argument(
        "--out", metavar="FILE", help="write perturbations and costs to a .npz file"
    )
    command.add_argument(
        "--attack", choices=ATTACKS, default=ATTACKS[0], help="default: %(default)s"
    )
    command.add_argument(
        "--limit", type=positive, metavar="N", help="attack the first N points only"
    )
    add_radii(command)
    command.add_argument("--seed", type=int, default=0, help="seed (default: %(default)s)")
    threat_options.add_to(command)
    add_json(command)
    csv_options.add_to(command)
    add_n_jobs(command)
