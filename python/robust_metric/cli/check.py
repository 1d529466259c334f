"""The subcommand ``robust-metric check``: the independent checker."""

from __future__ import annotations

import argparse
from typing import Any

from ..checker import program, proofs
from .options import add_command, add_json
from .output import print_json


def run(args: argparse.Namespace) -> int:
    """Check the certificates and say what was proved."""
    if not args.json:
        return program.main([args.certificates, args.model])
    found = proofs.check(args.certificates, args.model)
    print_json(
        {
            "proved": found.proved,
            "radius_0": found.trivial,
            "failures": found.failures,
            "ok": found.ok,
        }
    )
    return int(not found.ok)


def add_to(commands: Any) -> None:
    """Add the subcommand to a parser's commands."""
    command = add_command(
        commands,
        "check",
        run,
        "prove certificates anew in rational arithmetic, without the compiled code",
        "robust-metric check certificates.npz model.npz",
    )
    command.add_argument(
        "certificates", metavar="CERTS", help="a file that 'robust-metric certify --evidence' wrote"
    )
    command.add_argument("model", metavar="MODEL", help="the model it was certified with")
    add_json(command)
