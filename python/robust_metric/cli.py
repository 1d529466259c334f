"""The command ``robust-metric``: a demonstration, and fitting and certifying on one's own data."""

from __future__ import annotations

import argparse
import json
import math
import os
import sys
import time
from collections.abc import Sequence
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from . import __version__, cli_threat, datasets, persistence, report
from .atomic_files import check_target
from .scaling import Scaling
from .threat import ThreatModel

DATA_HELP = (
    "a .npz file (arrays X_train, y_train, X_test, y_test, or X, y), a LIBSVM file "
    "(.libsvm, .svm, .txt), a .csv file, one of digits, iris, wine, breast_cancer, "
    "or a name on OpenML"
)


class _Parser(argparse.ArgumentParser):
    """argparse's parser, with errors of one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: error: {message} (see {self.prog} --help)\n")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    argv : sequence of str, optional
        The arguments; by default those of the process.

    Returns
    -------
    int
        0 on success, 1 where ``check`` finds a certificate it cannot prove, 2 after an error that
        the user can mend (one line on standard error), 130 after Ctrl-C. Wrong usage and ``--help``
        leave through SystemExit, as argparse does.
    """
    args = _parser().parse_args(argv)
    try:
        return args.run(args) or 0
    except KeyboardInterrupt:
        print("robust-metric: interrupted", file=sys.stderr)
        return 130
    except (ValueError, OSError, ImportError, NotImplementedError, MemoryError) as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        print(f"robust-metric {args.command}: error: {reason}", file=sys.stderr)
        return 2


def _demo(args: argparse.Namespace) -> None:
    from .demo import run_demo

    run_demo(args.out, seed=args.seed, n_jobs=args.n_jobs)


def _fit(args: argparse.Namespace) -> None:
    from .arml import ARML
    from .classifier import CertifiedKNeighborsClassifier

    check_target(args.out)
    X, y = _training_part(args.data, args.label)
    scaling = None if args.no_scale else Scaling.fit(X)
    learner = None
    if args.metric == "arml":
        learner = ARML(random_state=args.seed, n_jobs=args.n_jobs, verbose=int(sys.stderr.isatty()))
    start = time.perf_counter()
    threat = cli_threat.chosen(args, ThreatModel(), X.shape[1])
    clf = CertifiedKNeighborsClassifier(args.n_neighbors, learner, threat, args.n_jobs)
    clf.fit(X if scaling is None else scaling.apply(X), y)
    seconds = time.perf_counter() - start
    persistence.save_model(clf, args.out, scaling=scaling)
    print(
        f"Fitted K = {args.n_neighbors} under the {args.metric} metric to {len(X)} points of "
        f"{X.shape[1]} features in {len(clf.classes_)} classes, in {seconds:.1f} s."
    )
    print(f"Wrote {args.out}.")


def _certify(args: argparse.Namespace) -> None:
    check_target(args.out)
    clf = persistence.load_model(args.model)
    scaling = persistence.load_scaling(args.model)
    X, y = test_part(args.data, args.label, clf.n_features_in_)
    check_labels(y, clf.classes_, args.data)
    if scaling is not None:
        X = scaling.apply(X)
    threat = cli_threat.chosen(args, clf._threat(), clf.n_features_in_)
    clf.set_params(n_jobs=args.n_jobs, threat=threat)
    start = time.perf_counter()
    certificates = (
        clf.minimal_perturbation(X, y, evidence=args.evidence).certificates()
        if args.exact
        else clf.certify(X, y, evidence=args.evidence)
    )
    seconds = time.perf_counter() - start
    certificates.save(args.out)
    curve = report.RobustErrorCurve(
        "Euclidean" if clf.components_ is None else "learned",
        clf.n_neighbors,
        "exact" if args.exact else "bound",
        certificates.radius,
        clean_error=float(np.mean(certificates.label != y)),
    )
    radii = report.round_radii([curve]) if args.radii is None else np.array(args.radii)
    units = "the features' own units" if scaling is None else "scaled units"
    if args.json:
        summary = _summary(args, curve, radii, units) | {"threat": str(threat)}
        print(json.dumps(summary, allow_nan=False, indent=2))
        return
    print(f"Certified {len(X)} points of {args.data} in {seconds:.2f} s.\n")
    print(report.format_table([curve], radii))
    print(f"\nErrors are shares of points with radius <= r. Radii are in {units}", end="")
    print("." if scaling is None else ": features as (x - offset) / scale of the training data.")
    if threat != ThreatModel():
        print(f"Threat model: {threat}.")
    print(f"Wrote {args.out}.")


def _check(args: argparse.Namespace) -> int:
    from . import check

    return check.main([args.certificates, args.model])


def _summary(
    args: argparse.Namespace,
    curve: report.RobustErrorCurve,
    radii: NDArray[np.float64],
    units: str,
) -> dict[str, Any]:
    """Return what ``certify --json`` prints; infinity, which JSON lacks, becomes null."""
    median = curve.median_radius
    return {
        "model": os.fspath(args.model),
        "data": os.fspath(args.data),
        "certificates": os.fspath(args.out),
        "n_points": len(curve.radius),
        "n_neighbors": curve.n_neighbors,
        "metric": curve.method,
        "radius": curve.kind,
        "units": units,
        "clean_error": curve.clean_error,
        "median_radius": median if math.isfinite(median) else None,
        "radii": radii.tolist(),
        "certified_robust_error": curve.errors(radii).tolist(),
    }


def _training_part(data: str, label: int | str) -> tuple[NDArray[np.float64], NDArray[Any]]:
    """Return the rows to fit on: all of a file without a test part, else the training part."""
    parts = datasets.read(data, label=label)
    if datasets.is_file(data):
        return parts.X_train, parts.y_train
    X_train, _, y_train, _ = datasets.split(parts)
    return X_train, y_train


def test_part(
    data: str, label: int | str, n_features: int
) -> tuple[NDArray[np.float64], NDArray[Any]]:
    """Return the rows to certify: the test part where there is one, else all rows of the file."""
    parts = datasets.read(data, label=label, n_features=n_features)
    if parts.X_test is not None and parts.y_test is not None:
        X, y = parts.X_test, parts.y_test
    elif datasets.is_file(data):
        X, y = parts.X_train, parts.y_train
    else:
        _, X, _, y = datasets.split(parts)
    if X.shape[1] != n_features:
        raise ValueError(f"DATA must have the model's {n_features} features, got {X.shape[1]}")
    return X, y


def check_labels(y: NDArray[Any], classes: NDArray[Any], data: str) -> None:
    """Refuse labels of which none is the model's: every point would count as misclassified."""
    if (y.dtype.kind == "U") != (classes.dtype.kind == "U") or not np.isin(y, classes).any():
        raise ValueError(
            f"DATA must be labelled with the model's classes {_few(classes)}, "
            f"got {_few(np.unique(y))} in {data}"
        )


def _few(labels: NDArray[Any]) -> str:
    return ", ".join(repr(label) for label in labels[:5].tolist()) + ", ..." * (len(labels) > 5)


def _label(text: str) -> int | str:
    try:
        return int(text)
    except ValueError:
        return text


def radius_list(text: str) -> list[float]:
    """Parse the value of ``--radii``."""
    try:
        radii = [float(part) for part in text.split(",")]
    except ValueError:
        radii = []
    if not radii or not all(0.0 <= r < math.inf for r in radii):
        raise argparse.ArgumentTypeError(f"wanted numbers like 0,0.1,0.2, got {text!r}")
    return radii


def positive(text: str) -> int:
    """Parse a positive whole number."""
    value = int(text) if text.isdecimal() else 0
    if value < 1:
        raise argparse.ArgumentTypeError(f"wanted a positive whole number, got {text!r}")
    return value


def _parser() -> argparse.ArgumentParser:
    from . import cli_attack, cli_report

    parser = _Parser(
        prog="robust-metric",
        description="Nearest-neighbour classification with certified radii under a learned metric.",
    )
    parser.add_argument("--version", action="version", version=f"robust-metric {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_demo(commands)
    _add_fit(commands)
    _add_certify(commands)
    cli_attack.add_to(commands)
    _add_check(commands)
    cli_report.add_to(commands)
    return parser


def add_command(commands: Any, name: str, run: Any, text: str, example: str) -> Any:
    """Add a subcommand with its help."""
    command = commands.add_parser(
        name,
        help=text,
        description=text[0].upper() + text[1:] + ".",
        epilog=f"example:\n  {example}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.set_defaults(run=run)
    return command


def add_n_jobs(command: Any) -> None:
    """Add the option ``--n-jobs``."""
    command.add_argument(
        "--n-jobs", type=positive, metavar="N", help="threads (default: all cores)"
    )


def _add_demo(commands: Any) -> None:
    command = add_command(
        commands,
        "demo",
        _demo,
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
    add_n_jobs(command)


def _add_fit(commands: Any) -> None:
    command = add_command(
        commands,
        "fit",
        _fit,
        "fit a certified classifier to the training part of DATA and save it",
        "robust-metric fit train.csv --label species --out model.npz",
    )
    command.add_argument("data", metavar="DATA", help=DATA_HELP)
    command.add_argument("--out", required=True, metavar="MODEL", help="the .npz file to write")
    command.add_argument(
        "--n-neighbors", type=positive, default=11, metavar="K", help="default: %(default)s"
    )
    command.add_argument(
        "--metric",
        choices=("arml", "euclidean"),
        default="arml",
        help="learn a metric with ARML, or take the Euclidean one (default: %(default)s)",
    )
    command.add_argument(
        "--no-scale",
        action="store_true",
        help="take the features as they are; by default they are scaled to [0, 1] on the "
        "training part, and the model remembers how",
    )
    command.add_argument("--seed", type=int, default=0, help="seed (default: %(default)s)")
    cli_threat.add_to(command)
    add_label(command)
    add_n_jobs(command)


def _add_certify(commands: Any) -> None:
    command = add_command(
        commands,
        "certify",
        _certify,
        "certify the test part of DATA (all rows, where it has none) under a saved model",
        "robust-metric certify model.npz test.csv --label species --out certificates.npz",
    )
    command.add_argument("model", metavar="MODEL", help="a file that 'robust-metric fit' wrote")
    command.add_argument("data", metavar="DATA", help=DATA_HELP)
    command.add_argument("--out", required=True, metavar="CERTS", help="the .npz file to write")
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
    command.add_argument("--json", action="store_true", help="print JSON instead of the table")
    cli_threat.add_to(command)
    add_label(command)
    add_n_jobs(command)


def _add_check(commands: Any) -> None:
    command = add_command(
        commands,
        "check",
        _check,
        "prove certificates anew in rational arithmetic, without the compiled code",
        "robust-metric check certificates.npz model.npz",
    )
    command.add_argument(
        "certificates", metavar="CERTS", help="a file that 'robust-metric certify --evidence' wrote"
    )
    command.add_argument("model", metavar="MODEL", help="the model it was certified with")


def add_label(command: Any) -> None:
    """Add the option ``--label``."""
    command.add_argument(
        "--label",
        type=_label,
        default=-1,
        metavar="COLUMN",
        help="label column of a CSV file, by number or name (default: the last)",
    )


if __name__ == "__main__":
    sys.exit(main())
