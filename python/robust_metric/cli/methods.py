"""What ``robust-metric fit`` can fit: metrics, prototypes, and a training set that is pruned."""

from __future__ import annotations

import argparse
import sys
from importlib import import_module
from typing import Any, NamedTuple

from ..threat import ThreatModel
from .options import positive, radius


class Method(NamedTuple):
    """Where a learner lies, and what help says of it."""

    home: str
    name: str
    text: str


# Learners by the names that --metric takes.
_LEARNERS = {
    "arml": Method("arml.learner", "ARML", "robust metric learning"),
    "lmnn": Method("baselines.lmnn", "LMNN", "large margin nearest neighbours"),
    "itml": Method("baselines.itml", "ITML_Supervised", "information-theoretic"),
    "lfda": Method("baselines.lfda", "LFDA", "local Fisher discriminant analysis"),
    "nca": Method("baselines.nca", "NCA", "neighbourhood components analysis"),
    "cap": Method("baselines.cap", "CAP", "adversarial pairs"),
    "aml": Method("baselines.aml", "AML", "adversarial metric learning"),
}
EUCLIDEAN, JOINT = "euclidean", "learn"
_DEFAULT_NEIGHBORS, _NEIGHBORS_OF_PROTOTYPES = 11, 1


def add_to(command: Any) -> None:
    """Add the options that say what is fitted."""
    command.add_argument(
        "--n-neighbors",
        type=positive,
        metavar="K",
        help=f"default: {_DEFAULT_NEIGHBORS}, and {_NEIGHBORS_OF_PROTOTYPES} with --prototypes",
    )
    learners = ", ".join(f"{name} ({method.text})" for name, method in _LEARNERS.items())
    command.add_argument(
        "--metric",
        choices=(*_LEARNERS, EUCLIDEAN, JOINT),
        default="arml",
        metavar="NAME",
        help=f"learn a metric by {learners}; take the {EUCLIDEAN} one; or, with --prototypes, "
        f"{JOINT} it together with them (default: %(default)s)",
    )
    command.add_argument(
        "--prototypes",
        type=positive,
        metavar="N",
        help="learn N prototypes for each class, which take the place of the training points",
    )
    command.add_argument(
        "--prune",
        type=radius,
        metavar="R",
        help="leave out the fewest training points so that classes are 2 R apart, in the units of radii",
    )


def check(args: argparse.Namespace) -> None:
    """Raise ValueError where the options do not go together."""
    if args.metric == JOINT and args.prototypes is None:
        raise ValueError(f"--metric {JOINT} is for prototypes; see --prototypes")
    if args.prune is not None and args.prototypes is not None:
        raise ValueError("--prune is for training points, got --prototypes as well")


def classifier(args: argparse.Namespace, threat: ThreatModel) -> Any:
    """Return what the options ask for, not yet fitted."""
    from ..estimators.classifier import CertifiedKNeighborsClassifier
    from ..estimators.prototypes import CertifiedPrototypeClassifier

    if args.prototypes is not None:
        return CertifiedPrototypeClassifier(
            args.prototypes,
            JOINT if args.metric == JOINT else _learner(args),
            threat,
            args.n_neighbors or _NEIGHBORS_OF_PROTOTYPES,
            random_state=args.seed,
            n_jobs=args.n_jobs,
            verbose=int(sys.stderr.isatty()),
        )
    k = args.n_neighbors or _DEFAULT_NEIGHBORS
    return CertifiedKNeighborsClassifier(k, _learner(args), threat, args.n_jobs)


def fitted(args: argparse.Namespace, clf: Any, X: Any, y: Any) -> Any:
    """Fit a classifier to the points, or to those that pruning leaves."""
    if args.prune is None:
        return clf.fit(X, y)
    from ..learners.baselines.pruning import AdversarialPruning

    return AdversarialPruning(clf, args.prune, n_jobs=args.n_jobs).fit(X, y).estimator_


def _learner(args: argparse.Namespace) -> Any:
    if args.metric == EUCLIDEAN:
        return None
    method = _LEARNERS[args.metric]
    learner = getattr(import_module(f"..learners.{method.home}", __package__), method.name)()
    settings = {
        "random_state": args.seed,
        "n_jobs": args.n_jobs,
        "verbose": int(sys.stderr.isatty()),
    }
    known = learner.get_params(deep=False)
    return learner.set_params(**{name: v for name, v in settings.items() if name in known})
