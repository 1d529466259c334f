"""The subcommand ``robust-metric report``: a page for a model on one's own data, or for many methods."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..io import csv_options, threat_options
from ..paper.methods import METHODS
from ..paper.protocol import N_TEST, RADII
from .options import (
    DATA_HELP,
    add_command,
    add_json,
    add_n_jobs,
    add_no_label,
    add_radii,
    positive,
    seconds,
)
from .output import check_outputs, curve_values, print_json
from .saved_model import SavedModel, inputs

if TYPE_CHECKING:
    from ..paper.runs import Plan, SetResult

QUICK_TEST, QUICK_TRAIN = 100, 1000


PAPER = "paper"


def run(args: argparse.Namespace) -> int:
    """Make the report that is asked for."""
    if args.model == PAPER:
        if args.data is not None:
            raise ValueError(
                f"report paper takes no DATA, got {args.data}; a model file of that name is ./paper"
            )
        if args.folder is None:
            raise ValueError("report paper needs a folder of data files, see --data")
        return run_paper(args)
    if args.data is None:
        raise ValueError(f"DATA is missing: the rows that {args.model} is to be reported on")
    if args.folder is not None:
        raise ValueError("--data is an option of 'report paper'; give DATA behind MODEL")
    run_model(args)
    return 0


def run_model(args: argparse.Namespace) -> None:
    """Write the page of a saved model on rows of one's own."""
    from ..paper.own_data import Described, write_report

    check_outputs({"--out": args.out}, inputs(args))
    model = SavedModel.load(args)
    rows = model.rows_of(args)
    write_report(
        args.out,
        model.clf,
        rows.X,
        rows.y,
        n_rows=args.rows,
        time_limit=args.time_limit,
        radii=args.radii,
        described=Described(
            f"{args.model} on {args.data}",
            model.feature_names,
            None if rows.ids is None else rows.ids.values,
            model.scaling,
        ),
    )
    if args.json:
        print_json({"page": args.out, "n_points": len(rows.X)})
    else:
        print(f"Wrote {args.out}: {len(rows.X)} rows of {args.data}.")


def run_paper(args: argparse.Namespace) -> int:
    """Run the methods over the data sets and write the report."""
    from .. import plotting
    from ..paper.cells import CellStore
    from ..paper.page import templates
    from ..paper.runs import run
    from ..paper.writer import write_report

    plotting.check_matplotlib()
    templates()
    paths = _data_files(args.folder, args.sets)
    methods = [METHODS[name] for name in _known("--methods", args.methods, METHODS)]
    plan = _plan(args)
    out = Path(args.out)
    out.mkdir(parents=True, exist_ok=True)
    start = time.perf_counter()

    def log(line: str) -> None:
        print(f"{time.perf_counter() - start:7.1f} s  {line}", file=sys.stderr, flush=True)

    try:
        found = run(paths, methods, CellStore(out / "cells"), plan, log)
    except KeyboardInterrupt:
        log("stopped; the same command goes on where this ended")
        raise
    written = write_report(found, plan, out)
    if args.json:
        print_json({"folder": args.out, "sets": [_summary(part) for part in found]})
    else:
        print(f"Wrote to {out}: {', '.join(written)}.")
    return int(any(result.failure for part in found for result in part.results))


def _plan(args: argparse.Namespace) -> Plan:
    """Return what the options ask for; ValueError where they name what is not there."""
    from ..paper.runs import Plan

    sets = [path.stem for path in _data_files(args.folder, None)]
    (fit_at_most, fit_limits), (attack_at_most, attack_limits) = (
        args.fit_at_most,
        args.attack_at_most,
    )
    _known("--fit-at-most", [name for name, _ in fit_limits], [*METHODS, *sets])
    _known("--attack-at-most", [name for name, _ in attack_limits], sets)
    return Plan(
        neighbors=tuple(args.k),
        n_test=QUICK_TEST if args.quick else args.n_test,
        n_train=QUICK_TRAIN if args.quick else None,
        fit_at_most=fit_at_most,
        limits=fit_limits,
        attack=not args.no_attack,
        attack_at_most=attack_at_most,
        attack_limits=attack_limits,
        n_jobs=args.n_jobs,
        redo=frozenset(_known("--redo", args.redo, METHODS) if args.redo else ()),
        compute=not args.only_render,
    )


def _summary(part: SetResult) -> dict[str, Any]:
    """Return what ``--json`` prints of a data set; errors of kind "attack" are empirical ones."""
    from ..paper.tables import radii_of

    radii = radii_of(part)
    return {
        "data": part.problem.name,
        "radii": radii.tolist(),
        "methods": [
            {
                "method": result.method.title,
                "failure": result.failure,
                "curves": [
                    curve_values(curve, "robust_error", radii) for curve in result.curves.values()
                ],
            }
            for result in part.results
        ],
    }


def _data_files(folder: str, wanted: list[str] | None) -> list[Path]:
    """Return the data files to run on: those of the paper first, in its order."""
    found = {path.stem: path for path in sorted(Path(folder).glob("*.npz"))}
    if not found:
        raise FileNotFoundError(f"--data must name a folder with .npz files, got {folder}")
    names = _known("--sets", wanted, found)
    order = {name: i for i, name in enumerate(RADII)}
    return [found[name] for name in sorted(names, key=lambda name: order.get(name, len(order)))]


def _known(option: str, wanted: list[str] | None, known: Iterable[str]) -> list[str]:
    """Return the names asked for, by default all of them."""
    names = list(known)
    for name in wanted or ():
        if name not in names:
            raise ValueError(f"{option} must name some of {', '.join(names)}, got {name!r}")
    return names if wanted is None else [name for name in names if name in wanted]


def _names(text: str) -> list[str]:
    return [part for part in text.split(",") if part]


def _neighbors(text: str) -> list[int]:
    parts = text.split(",")
    if not all(part.isdecimal() and int(part) > 0 for part in parts):
        raise argparse.ArgumentTypeError(f"wanted positive whole numbers like 1,11, got {text!r}")
    return sorted({int(part) for part in parts})


_Limits = tuple[int | None, tuple[tuple[str, int], ...]]


def _limits(text: str) -> _Limits:
    """Return the limit for all and those for single names."""
    general, single = None, []
    for part in text.split(","):
        name, _, number = part.rpartition("=")
        if not number.isdecimal() or int(number) < 1:
            raise argparse.ArgumentTypeError(f"wanted numbers like 1000 or NAME=100, got {text!r}")
        if name:
            single.append((name, int(number)))
        else:
            general = int(number)
    return general, tuple(single)


def add_to(commands: Any) -> None:
    """Add the subcommand to a parser's commands."""
    command = add_command(
        commands,
        "report",
        run,
        "write a page about a saved model on one's own data, or compare methods by the protocol of the paper",
        "robust-metric report model.npz test.csv --label species --out report.html\n"
        "  robust-metric report paper --data DIR --out DIR",
    )
    command.add_argument(
        "model", metavar="MODEL", help="a file that 'robust-metric fit' wrote, or the word paper"
    )
    command.add_argument("data", nargs="?", metavar="DATA", help=f"for a model: {DATA_HELP}")
    command.add_argument(
        "--out",
        required=True,
        metavar="PATH",
        help="for a model the page; for the paper a folder, in which a second run goes on",
    )
    _add_model(command)
    paper = command.add_argument_group("options of 'report paper'")
    paper.add_argument(
        "--data", dest="folder", metavar="DIR", help="folder of .npz files, one a data set"
    )
    _add_choice(paper)
    _add_limits(paper)
    paper.add_argument(
        "--redo", type=_names, metavar="A,B", help="methods whose stored results are not used"
    )
    paper.add_argument(
        "--only-render",
        action="store_true",
        help="write the report from what is stored, without computing anything",
    )
    add_json(command)
    add_n_jobs(command)


def _add_model(command: Any) -> None:
    """Add the options of a report on a model."""
    add_no_label(command, "reported on")
    add_radii(command)
    command.add_argument(
        "--rows",
        type=positive,
        default=10,
        metavar="N",
        help="least stable rows that are shown (default: %(default)s)",
    )
    command.add_argument(
        "--time-limit",
        type=seconds,
        default=5.0,
        metavar="SECONDS",
        help="for the counterfactual of each of them (default: %(default)g)",
    )
    threat_options.add_to(command)
    csv_options.add_to(command)


def _add_choice(command: Any) -> None:
    """Add the options that say what is compared."""
    command.add_argument(
        "--sets", type=_names, metavar="A,B", help="data sets (default: all files found)"
    )
    command.add_argument(
        "--methods", type=_names, metavar="A,B", help=f"some of {', '.join(METHODS)} (default: all)"
    )
    command.add_argument(
        "--k", type=_neighbors, default=[1, 11], metavar="K,K", help="default: 1,11"
    )


def _add_limits(command: Any) -> None:
    """Add the options that bound how much is computed."""
    command.add_argument(
        "--n-test", type=positive, default=N_TEST, metavar="N", help="default: %(default)s"
    )
    command.add_argument(
        "--fit-at-most",
        type=_limits,
        default=(None, ()),
        metavar="N,NAME=N",
        help="training points that slow learners are fitted on, in all or on single data sets, or "
        "single methods: a stratified sample (default: 4000 for NCA, 10000 for LMNN, ITML, LFDA, "
        "CAP and arml-published)",
    )
    command.add_argument(
        "--attack-at-most",
        type=_limits,
        default=(None, ()),
        metavar="N,SET=N",
        help="test points that are attacked, the first ones, in all or in single data sets "
        "(default: all)",
    )
    command.add_argument(
        "--no-attack", action="store_true", help="certified errors only; attacks take longest"
    )
    command.add_argument(
        "--quick",
        action="store_true",
        help=f"{QUICK_TEST} test points, {QUICK_TRAIN} training points: to see how it works",
    )
