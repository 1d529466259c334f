"""The demonstration ``robust-metric demo``: what a learned metric buys on handwritten digits.

From data to pictures through the public names only, so it doubles as a worked example.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import numpy as np

from .. import plotting
from .._base.progress import Progress
from ..estimators.classifier import CertifiedKNeighborsClassifier
from ..estimators.saving import save_model
from ..io import datasets
from ..learners.arml.learner import ARML
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

    X_train, X_test, y_train, y_test = datasets.load("digits", random_state=seed)
    print(
        f"Handwritten digits: {len(X_train)} training and {len(X_test)} test images "
        f"of 8 x 8 pixels, each pixel scaled to [0, 1] on the training images."
    )
    arml = ARML(random_state=seed, n_jobs=n_jobs, verbose=int(sys.stderr.isatty()))
    arml.fit(X_train, y_train)
    print(f"Learned the ARML metric in {time.perf_counter() - start:.1f} s.\n")

    curves: list[RobustErrorCurve] = []
    with Progress(4, "certify") as bar:
        for method, metric in (("Euclidean", None), ("ARML", arml)):
            for n_neighbors in (EXACT_NEIGHBORS, BOUND_NEIGHBORS):
                clf = CertifiedKNeighborsClassifier(n_neighbors, metric=metric, n_jobs=n_jobs)
                clf.fit(X_train, y_train)
                if n_neighbors == EXACT_NEIGHBORS:
                    minimal = clf.minimal_perturbation(X_test, y_test, evidence=True)
                    certificates = minimal.certificates()
                else:
                    certificates = clf.certify(X_test, y_test, evidence=True)
                name = f"{method.lower()}_k{n_neighbors}.npz"
                save_model(clf, folder / f"model_{name}")
                certificates.save(folder / f"certificates_{name}")
                curves.append(
                    RobustErrorCurve(
                        method,
                        n_neighbors,
                        "exact" if n_neighbors == EXACT_NEIGHBORS else "bound",
                        certificates.radius,
                        clean_error=float(np.mean(certificates.label != y_test)),
                    )
                )
                bar.update(len(curves))

    radii = round_radii(curves)
    print("Certified robust error: the share of test images with radius <= r.\n")
    print(format_table(curves, radii))
    write_csv(folder / "robust_error.csv", curves, radii)
    axes = plotting.plot_robust_error(
        curves, title="Certified robust error on handwritten digits", unit=UNIT
    )
    plotting.save_figure(axes, folder / "robust_error.png")

    # The loop ended with ARML; its exact witnesses are the ones worth seeing.
    shown = typical_points(minimal.lower, y_test)
    witnesses = plotting.plot_witnesses(
        X_test[shown],
        X_test[shown] + minimal.perturbation[shown],
        y_test[shown],
        minimal.adversarial_label[shown],
        IMAGE_SHAPE,
        sizes=minimal.upper[shown],
        title="The smallest change that alters the class (ARML, K = 1)",
    )
    plotting.save_figure(witnesses, folder / "witnesses.png")

    print(f"\nRadii are Euclidean lengths ({UNIT}).")
    print(f"Wrote to {folder}: robust_error.png, robust_error.csv, witnesses.png, and for each row")
    print(
        "of the table model_<metric>_k<K>.npz and certificates_<metric>_k<K>.npz. To prove one anew:"
    )
    print(f"  robust-metric check {folder}/certificates_arml_k1.npz {folder}/model_arml_k1.npz")
    print(f"Done in {time.perf_counter() - start:.1f} s.")
    return curves
