"""The subcommand ``robust-metric fit``: a classifier of one's own data, saved to a file."""

from __future__ import annotations

import argparse
import sys
import time
from typing import Any

from ..io import csv_options, threat_options
from ..io.datasets import holds_images
from ..io.scaling import Scaling
from ..threat import ThreatModel
from .data import training_part
from .options import DATA_HELP, add_command, add_json, add_n_jobs, positive
from .output import check_outputs, print_json


def run(args: argparse.Namespace) -> None:
    """Fit to the training part of the data, save the model, and say so."""
    from ..estimators.classifier import CertifiedKNeighborsClassifier
    from ..estimators.saving import save_model
    from ..learners.arml.learner import ARML

    check_outputs({"--out": args.out}, {"DATA": args.data})
    parts = training_part(args.data, csv_options.chosen(args))
    X, y = parts.X_train, parts.y_train
    scaling = None
    if not args.no_scale:
        scaling = Scaling.fit(X, image=holds_images(args.data, X, args.image))
    learner = None
    if args.metric == "arml":
        learner = ARML(random_state=args.seed, n_jobs=args.n_jobs, verbose=int(sys.stderr.isatty()))
    start = time.perf_counter()
    threat = threat_options.chosen(args, ThreatModel(), X.shape[1], parts.feature_names)
    clf = CertifiedKNeighborsClassifier(args.n_neighbors, learner, threat, args.n_jobs)
    clf.fit(X if scaling is None else scaling.apply(X), y)
    seconds = time.perf_counter() - start
    save_model(clf, args.out, scaling=scaling, feature_names=parts.feature_names)
    if args.json:
        print_json(
            {
                "model": args.out,
                "data": args.data,
                "metric": args.metric,
                "n_neighbors": args.n_neighbors,
                "n_points": len(X),
                "n_features": X.shape[1],
                "classes": clf.classes_.tolist(),
                "scaled": scaling is not None,
                "threat": str(threat),
                "seconds": seconds,
            }
        )
        return
    print(
        f"Fitted K = {args.n_neighbors} under the {args.metric} metric to {len(X)} points of "
        f"{X.shape[1]} features in {len(clf.classes_)} classes, in {seconds:.1f} s."
    )
    print(f"Wrote {args.out}.")


def add_to(commands: Any) -> None:
    """Add the subcommand to a parser's commands."""
    command = add_command(
        commands,
        "fit",
        run,
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
    command.add_argument(
        "--image",
        action=argparse.BooleanOptionalAction,
        help="whether the features are bytes of images, which are divided by 255 (default: MNIST "
        "and Fashion-MNIST are); otherwise each is scaled by its range",
    )
    command.add_argument("--seed", type=int, default=0, help="seed (default: %(default)s)")
    threat_options.add_to(command)
    csv_options.add_to(command)
    add_json(command)
    add_n_jobs(command)
