"""The subcommand ``robust-metric export-evidence``: certificates as text for the proved checker."""

from __future__ import annotations

import argparse
from typing import Any

from ..checker.export import export_evidence
from ..io import threat_options
from ..io.model_files import read_model
from ..results.certificates import Certificates
from .options import add_command
from .output import check_outputs


def _run(args: argparse.Namespace) -> None:
    read = [("CERTS", args.certificates), ("MODEL", args.model), *threat_options.files(args)]
    check_outputs({"--out": args.out}, read)
    model = read_model(args.model)
    width, names = model.X.shape[1], model.feature_names
    threat = threat_options.stated(args, model.threat, width, names, model.scaling)
    count = export_evidence(Certificates.load(args.certificates), model, args.out, threat=threat)
    print(f"Wrote {count} certificates with their evidence and model to {args.out}")


def add_to(commands: Any) -> None:
    """Add the subcommand to a parser's commands."""
    command = add_command(
        commands,
        "export-evidence",
        _run,
        "write certificates, evidence and model as text for the checker of proofs/",
        "robust-metric export-evidence certificates.npz model.npz --out evidence.txt",
    )
    command.add_argument(
        "certificates", metavar="CERTS", help="a file that 'robust-metric certify --evidence' wrote"
    )
    command.add_argument("model", metavar="MODEL", help="the model it was certified with")
    command.add_argument("--out", metavar="FILE", required=True, help="the text file to write")
    threat_options.add_to(
        command,
        "What the certificates are to be about, where it is not the model's threat model.",
    )
