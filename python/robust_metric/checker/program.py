"""The checker as a program: ``python -m robust_metric.check CERTIFICATES MODEL``."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from ..threat import ThreatModel
from .proofs import check


def main(argv: Sequence[str] | None = None) -> int:
    """Run the checker: 0 where every certificate was proved, 1 where one was not."""
    arguments = sys.argv[1:] if argv is None else list(argv)
    if len(arguments) != 2:
        print("usage: python -m robust_metric.check CERTIFICATES MODEL", file=sys.stderr)
        return 2
    try:
        report = check(arguments[0], arguments[1])
    except (ValueError, OSError) as error:
        print(f"check: error: {error}", file=sys.stderr)
        return 2
    for line in report.failures:
        print(line)
    if report.threat != ThreatModel():
        print(f"Threat model: {report.threat}.")
    print(f"{report.proved} proved, {len(report.failures)} failed, {report.trivial} of radius 0")
    return 0 if report.ok else 1
