"""The demonstration ``robust-metric demo``: what a learned metric buys on handwritten digits.

From data to pictures, in steps that could be those of a program of one's own.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .. import plotting
from .._base.arrays import Floats
from .._base.progress import Progress
from ..estimators.classifier import CertifiedKNeighborsClassifier
from ..estimators.saving import save_model
from ..io import datasets
from ..learners.arml.learner import ARML
from ..results.certificates import Certificates
from ..results.perturbations import MinimalPerturbations
from ..results.robust_error import (
    RobustErrorCurve,
    format_table,
    round_radii,
    typical_points,
    write_csv,
)

IMAGE_SHAPE = (8, 8)
EXACT_NEIGHBORS = 1
BOUND_NEIGHBORS = 11
UNIT = "pixels scaled to [0, 1]"


class Digits(NamedTuple):
    """Images of digits as points, and what they show."""

    X_train: Floats
    X_test: Floats
    y_train: NDArray[Any]
    y_test: NDArray[Any]


def run_demo(
    out: str | os.PathLike[str], *, seed: int = 0, n_jobs: int | None = None
) -> list[RobustErrorCurve]:
    """Learn a metric on scikit-learn's digits, certify the test images, print and draw the result.

    Parameters
    ----------
    out : path-like
        Folder for pictures, table, models and certificates; made where it is missing.
    seed : int
        Seeds the split and the learner.
    n_jobs : int, optional
        Threads; by default all cores.

    Returns
    -------
    list of RobustErrorCurve
        Euclidean and ARML, each for K = 1 (exact radii) and K = 11 (lower bounds).

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    OSError
        If the folder cannot be made or written to.
    """
    plotting.check_matplotlib()
    folder = Path(out)
    folder.mkdir(parents=True, exist_ok=True)
    start = time.perf_counter()
    digits = Digits(*datasets.load("digits", random_state=seed))
    print(
        f"Handwritten digits: {len(digits.X_train)} training and {len(digits.X_test)} test images "
        f"of 8 x 8 pixels, each pixel scaled to [0, 1] on the training images."
    )
    arml = ARML(random_state=seed, n_jobs=n_jobs, verbose=int(sys.stderr.isatty()))
    arml.fit(digits.X_train, digits.y_train)
    print(f"Learned the ARML metric in {time.perf_counter() - start:.1f} s.\n")
    curves: list[RobustErrorCurve] = []
    with Progress(4, "certify") as bar:
        for method, metric in (("Euclidean", None), ("ARML", arml)):
            exact = CertifiedKNeighborsClassifier(EXACT_NEIGHBORS, metric, n_jobs=n_jobs)
            exact.fit(digits.X_train, digits.y_train)
            minimal = exact.minimal_perturbation(digits.X_test, digits.y_test, evidence=True)
            curves.append(_saved(digits, exact, minimal.certificates(), method, "exact", folder))
            bar.update(len(curves))
            voted = CertifiedKNeighborsClassifier(BOUND_NEIGHBORS, metric, n_jobs=n_jobs)
            voted.fit(digits.X_train, digits.y_train)
            certificates = voted.certify(digits.X_test, digits.y_test, evidence=True)
            curves.append(_saved(digits, voted, certificates, method, "bound", folder))
            bar.update(len(curves))
    _show_errors(curves, folder)
    # the loop ended with ARML; its exact witnesses are the ones worth seeing
    _draw_witnesses(digits, minimal, folder)
    _print_what_was_written(folder)
    print(f"Done in {time.perf_counter() - start:.1f} s.")
    return curves


def _saved(
    digits: Digits,
    clf: CertifiedKNeighborsClassifier,
    certificates: Certificates,
    method: str,
    kind: str,
    folder: Path,
) -> RobustErrorCurve:
    """Save a model and its certificates; return the curve of their radii."""
    name = f"{method.lower()}_k{clf.n_neighbors}.npz"
    save_model(clf, folder / f"model_{name}")
    certificates.save(folder / f"certificates_{name}")
    clean = float(np.mean(certificates.label != digits.y_test))
    return RobustErrorCurve(method, clf.n_neighbors, kind, certificates.radius, clean)


def _show_errors(curves: list[RobustErrorCurve], folder: Path) -> None:
    """Print the table of errors, and write it and its picture."""
    radii = round_radii(curves)
    print("Certified robust error: the share of test images with radius <= r.\n")
    print(format_table(curves, radii))
    write_csv(folder / "robust_error.csv", curves, radii)
    axes = plotting.plot_robust_error(
        curves, title="Certified robust error on handwritten digits", unit=UNIT
    )
    plotting.save_figure(axes, folder / "robust_error.png")


def _draw_witnesses(digits: Digits, minimal: MinimalPerturbations, folder: Path) -> None:
    """Draw the typical image of each digit beside the nearest image of another class."""
    shown = typical_points(minimal.lower, digits.y_test)
    witnesses = plotting.plot_witnesses(
        digits.X_test[shown],
        digits.X_test[shown] + minimal.perturbation[shown],
        digits.y_test[shown],
        minimal.adversarial_label[shown],
        IMAGE_SHAPE,
        sizes=minimal.upper[shown],
        title="The smallest change that alters the class (ARML, K = 1)",
    )
    plotting.save_figure(witnesses, folder / "witnesses.png")


def _print_what_was_written(folder: Path) -> None:
    print(f"\nRadii are Euclidean lengths ({UNIT}).")
    print(f"Wrote to {folder}: robust_error.png, robust_error.csv, witnesses.png, and for each row")
    print(
        "of the table model_<metric>_k<K>.npz and certificates_<metric>_k<K>.npz. To prove one anew:"
    )
    print(f"  robust-metric check {folder}/certificates_arml_k1.npz {folder}/model_arml_k1.npz")
