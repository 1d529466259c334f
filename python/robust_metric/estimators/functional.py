"""Certification as plain functions of arrays, for those who do not need an estimator."""

from __future__ import annotations

from typing import Any

from numpy.typing import ArrayLike

from .._base.arrays import Floats
from ..results.perturbations import MinimalPerturbations, WitnessPrecision
from ..threat import ThreatModel
from .classifier import CertifiedKNeighborsClassifier


def certified_radii(
    X_train: ArrayLike,
    y_train: ArrayLike,
    X: ArrayLike,
    y: ArrayLike | None = None,
    *,
    n_neighbors: int = 1,
    components: Any = None,
    threat: ThreatModel | None = None,
    n_jobs: int | None = None,
) -> Floats:
    """Certified radii of K-nearest-neighbour predictions.

    Parameters
    ----------
    X_train : (n, d) array
    y_train : (n,) array of class labels
    X : (m, d) array
        Queries.
    y : (m,) array, optional
        True classes; a misclassified query has radius 0. Without them predictions are certified.
    n_neighbors : int, default 1
    components : (r, d) array, optional
        L of the metric; by default Euclidean.
    threat, n_jobs
        As for `CertifiedKNeighborsClassifier`.

    Returns
    -------
    (m,) float64
        Lower bounds of the minimal adversarial perturbation, rounded down.

    Raises
    ------
    ValueError
        As `CertifiedKNeighborsClassifier.certify`.
    """
    clf = CertifiedKNeighborsClassifier(n_neighbors, components, threat, n_jobs)
    return clf.fit(X_train, y_train).certify(X, y).radius.copy()  # the caller's own


def minimal_perturbations(
    X_train: ArrayLike,
    y_train: ArrayLike,
    X: ArrayLike,
    y: ArrayLike | None = None,
    *,
    n_neighbors: int = 1,
    components: Any = None,
    threat: ThreatModel | None = None,
    time_limit: float | None = None,
    witness_precision: WitnessPrecision = None,
    n_jobs: int | None = None,
) -> MinimalPerturbations:
    """Minimal adversarial perturbations of K-nearest-neighbour predictions.

    Parameters are those of `certified_radii`; ``time_limit``, in seconds per query, and
    ``witness_precision`` are as for `CertifiedKNeighborsClassifier.minimal_perturbation`.

    Raises
    ------
    ValueError
        As `CertifiedKNeighborsClassifier.minimal_perturbation`.
    """
    clf = CertifiedKNeighborsClassifier(n_neighbors, components, threat, n_jobs)
    clf.fit(X_train, y_train)
    return clf.minimal_perturbation(X, y, time_limit, witness_precision=witness_precision)
