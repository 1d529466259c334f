"""The checker as a program: ``python -m robust_metric.check``, or ``robust-metric check``."""

from __future__ import annotations

import argparse
import json
import sys
import textwrap
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from ..io import csv_options, threat_options
from ..io.archives import DamagedFile
from ..io.inputs import read_inputs
from ..io.model_files import read_model
from ..io.option_messages import in_options
from ..results.certificates import Certificates
from . import threats
from .claims import Report, check_claims

PROVED, NOT_PROVED, WRONG_USAGE, DAMAGED = range(4)
EXIT_CODES = f"""exit codes:
  {PROVED}  every certificate was proved
  {NOT_PROVED}  one was not, or the two files do not belong together
  {WRONG_USAGE}  wrong usage: an option, a file that is missing or of another kind
  {DAMAGED}  a file is damaged"""

_WIDTH = 110


def main(argv: Sequence[str] | None = None) -> int:
    """Run the checker on the arguments, by default those of the process; return an exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m robust_metric.check",
        description="Prove certificates anew in rational arithmetic, without the compiled code.",
        epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_arguments(parser)
    try:
        args = parser.parse_args(argv)
    except SystemExit as leave:  # the code of --help, or of an error that argparse has told
        return int(leave.code or 0)
    return run(args)


def add_arguments(parser: Any) -> None:
    """Add what the checker is told: files, and what their certificates are to be about."""
    parser.add_argument(
        "certificates", metavar="CERTS", help="a file that 'robust-metric certify --evidence' wrote"
    )
    parser.add_argument("model", metavar="MODEL", help="the model it was certified with")
    parser.add_argument(
        "--queries",
        metavar="FILE",
        help="inputs that the certificates are to be about, as 'certify' got them: a .csv file with or "
        "without labels, a .npz file (X_test, or X), or a matrix in a .npy file",
    )
    csv_options.add_to(parser)
    threat_options.add_to(
        parser,
        "What the certificates are to be about, where it is not the model's threat model: the options "
        "that 'certify' was given. Certificates of another threat model fail.",
    )
    parser.add_argument("--json", action="store_true", help="print JSON instead of text")


def run(args: argparse.Namespace, program: str = "check") -> int:
    """Check the files that the arguments name, print what was found, and return an exit code."""
    try:
        report = _report(args)
    except (ValueError, OSError) as error:
        reason = in_options(error) or type(error).__name__
        print(f"{program}: error: {reason}", file=sys.stderr)
        return DAMAGED if isinstance(error, DamagedFile) else WRONG_USAGE
    if args.json:
        print(json.dumps(_as_json(report), allow_nan=False, indent=2))
    else:
        print("\n".join(_lines(report, args)))
    return PROVED if report.ok else NOT_PROVED


def _report(args: argparse.Namespace) -> Report:
    claims, model = Certificates.load(args.certificates), read_model(args.model)
    queries, n_features = None, model.X.shape[1]
    if args.queries is not None:
        # what a model knows tells a header from a row
        known = replace(
            csv_options.chosen(args, model.label),
            names=model.feature_names,
            classes=[str(label) for label in model.classes],
        )
        queries = read_inputs(args.queries, n_features, known)
        queries = queries if model.scaling is None else model.scaling.apply(queries)
    threat = threat_options.stated(
        args, model.threat, n_features, model.feature_names, model.scaling
    )
    return check_claims(claims, model, threat=threat, queries=queries)


def _lines(report: Report, args: argparse.Namespace) -> list[str]:
    """What is printed for people: failures, the verdict, and all that it is about."""
    verdict = f"{report.proved} proved, {len(report.failures)} failed, {report.trivial} of radius 0"
    lines = [*report.failures, f"Threat model: {report.threat}.", verdict]
    for line in threats.in_full(report.threat, report.n_features):
        lines += textwrap.wrap(line, _WIDTH, subsequent_indent="  ", break_on_hyphens=False)
    if report.compared:
        lines.append(f"Queries: compared with the inputs in {args.queries}.")
    else:
        lines += [
            f"Queries: {report.n_queries}, compared with nothing; --queries FILE compares them with "
            "inputs in hand. SHA-256:",
            f"  {report.queries_digest}",
        ]
    if report.left_open is not None:
        lines.append(
            f"Not compared: {report.left_open} of the model, which the certificates do not name."
        )
    return lines


def _as_json(report: Report) -> dict[str, Any]:
    return {
        "proved": report.proved,
        "radius_0": report.trivial,
        "failures": report.failures,
        "ok": report.ok,
        "threat": threats.as_json(report.threat, report.n_features),
        "n_queries": report.n_queries,
        "queries_sha256": report.queries_digest,
        "queries_compared": report.compared,
        "not_compared": report.left_open,
    }
