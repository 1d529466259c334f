"""The subcommand ``robust-metric demo``: what a learned metric buys, on handwritten digits."""

from __future__ import annotations

import argparse
import sys
from contextlib import nullcontext, redirect_stdout
from typing import Any

from ..results.robust_error import round_radii
from .options import add_command, add_json, add_n_jobs
from .output import curve_values, print_json


def run(args: argparse.Namespace) -> None:
    """Run the demonstration."""
    from .digits import run_demo

    # the text goes to standard error, so that standard output holds JSON alone
    with redirect_stdout(sys.stderr) if args.json else nullcontext():
        curves = run_demo(args.out, seed=args.seed, n_jobs=args.n_jobs)
    if args.json:
        radii = round_radii(curves)
        print_json(
            {
                "folder": args.out,
                "radii": radii.tolist(),
                "curves": [
                    {"metric": curve.method, **curve_values(curve, "certified_robust_error", radii)}
                    for curve in curves
                ],
            }
        )


def add_to(commands: Any) -> None:
    """Add the subcommand to a parser's commands."""
    command = add_command(
        commands,
        "demo",
        run,
        "learn a metric on handwritten digits, certify, and draw what was gained",
        "robust-metric demo --out digits-demo",
    )
    command.add_argument(
        "--out",
        default="robust-metric-demo",
        metavar="DIR",
        help="folder for pictures, table, models and certificates (default: %(default)s)",
    )
    command.add_argument("--seed", type=int, default=0, help="seed (default: %(default)s)")
    add_json(command)
    add_n_jobs(command)
