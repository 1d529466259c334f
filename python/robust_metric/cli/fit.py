"""The subcommand ``robust-metric fit``: a classifier of one's own data, saved to a file."""

from __future__ import annotations

import argparse
import time
from typing import Any

from ..io import csv_options, threat_options
from ..io.datasets import holds_images
from ..io.scaling import Scaling
from ..threat import ThreatModel
from . import methods
from .data import training_part
from .options import DATA_HELP, add_command, add_json, add_n_jobs
from .output import check_outputs, print_json


def run(args: argparse.Namespace) -> None:
    """Fit to the training part of the data, save the model, and say so."""
    from ..estimators.saving import save_model

    methods.check(args)
    check_outputs({"--out": args.out}, [("DATA", args.data), *threat_options.files(args)])
    parts = training_part(args.data, csv_options.chosen(args))
    X, y = parts.X_train, parts.y_train
    scaling = None
    if not args.no_scale:
        scaling = Scaling.fit(X, image=holds_images(args.data, X, args.image))
    start = time.perf_counter()
    threat = threat_options.chosen(args, ThreatModel(), X.shape[1], parts.feature_names, scaling)
    clf = methods.classifier(args, threat)
    clf = methods.fitted(args, clf, X if scaling is None else scaling.apply(X), y)
    seconds = time.perf_counter() - start
    save_model(
        clf,
        args.out,
        scaling=scaling,
        feature_names=parts.feature_names,
        label_column=parts.label,
    )
    if args.json:
        print_json(
            {
                "model": args.out,
                "data": args.data,
                "metric": args.metric,
                "n_neighbors": clf.n_neighbors,
                "n_points": len(X),
                "n_stored": clf.n_samples_fit_,
                "n_features": X.shape[1],
                "classes": clf.classes_.tolist(),
                "scaled": scaling is not None,
                "threat": str(threat),
                "seconds": seconds,
            }
        )
        return
    print(
        f"Fitted K = {clf.n_neighbors} under the {args.metric} metric to {len(X)} points of "
        f"{X.shape[1]} features in {len(clf.classes_)} classes, in {seconds:.1f} s."
    )
    if args.prototypes is not None:
        print(f"Learned {clf.n_samples_fit_} prototypes.")
    if args.prune is not None:
        print(f"Pruned to {clf.n_samples_fit_} points.")
    print(f"Wrote {args.out}.")


def add_to(commands: Any) -> None:
    """Add the subcommand to a parser's commands."""
    command = add_command(
        commands,
        "fit",
        run,
        "fit a certified classifier to the training part of DATA and save it",
        "robust-metric fit train.csv --label species --out model.npz\n"
        "  robust-metric fit train.csv --prototypes 3 --metric learn --out small.npz\n"
        "  robust-metric fit train.csv --metric lmnn --freeze age,sex --out model.npz",
    )
    command.add_argument("data", metavar="DATA", help=DATA_HELP)
    command.add_argument("--out", required=True, metavar="MODEL", help="the .npz file to write")
    methods.add_to(command)
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
