"""Minimal adversarial perturbations as intervals with witnesses, also of a search that was stopped."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._base.arrays import Floats, Indices
from .._base.frozen import FrozenArrays
from ..threat import ThreatModel
from .certificates import Certificates
from .evidence import Evidence
from .robust_error import certified_robust_error
from .summaries import Described, Facts, describe_counts, describe_radii, numbered
from .tabular import Tabular

# what a witness keeps its class under: rounding to float32, or to so many decimal places
WitnessPrecision = Literal["float32"] | int | None

# numbered as SearchStatus of the compiled core
STATUS_NAMES = np.array(
    ["exact", "interval", "misclassified", "no_other_class", "time_limit", "interrupted"]
)
OUT_OF_REACH = "out_of_reach"  # beside those of the core, which does not tell the two apart


@dataclass(frozen=True, eq=False, repr=False)
class MinimalPerturbations(FrozenArrays, Described, Tabular):
    """Minimal adversarial perturbations of m predictions, as intervals with witnesses.

    Parameters
    ----------
    lower, upper : (m,) float64
        No perturbation of a cost below ``lower`` changes the prediction (rounded down); one of a
        cost of at most ``upper`` (rounded up) does: that of ``(X + perturbation) - X``, computed
        exactly, and of ``perturbation`` itself. In the units of the classifier's input.
        Both are 0 where a given true class was missed, inf where nothing changes the prediction.
    perturbation : (m, d) float64
        ``X + perturbation``, in float64, is the witness: the classifier was run on it and answers
        ``adversarial_label`` (X moved into the bounds, where the threat model asks for it). Zeros
        where ``upper`` is 0 or inf.
    adversarial_label : (m,) array
        Class of the witness; where there is none, the prediction itself.
    label : (m,) array
        The class predicted.
    status : (m,) str
        exact: lower and upper agree to 1e-9 relative; interval: they do not (ties, numbers so
        ill-conditioned that rounding does not allow it, or a witness that survives rounding);
        misclassified; no_other_class: no training point can change the prediction; out_of_reach:
        nothing that the bounds and frozen features of the threat model allow changes it; time_limit:
        stopped early (also after 20000 nodes, where evidence for K > 1 is kept), the interval holds;
        interrupted: the same by Ctrl-C, see `SearchInterrupted`.
    nodes : (m,) int64
        Projections that the search solved.
    n_neighbors : int
        K of the classifier.
    evidence : Evidence, optional
        What proves ``lower``; only where it was asked for.
    threat : ThreatModel, optional
        What a perturbation costs and where it may lead; by default its Euclidean norm.
    target : (m,) array, optional
        The class that each query was to be changed to, where one was asked for: ``lower`` and
        ``upper`` are of perturbations to this class then, and 0 where it is predicted anyway.
    box : (2, m, d) float64, optional
        Lower and upper ends of what each query may become, where they were given.
    """

    lower: Floats
    upper: Floats
    perturbation: Floats
    adversarial_label: NDArray[Any]
    label: NDArray[Any]
    status: NDArray[np.str_]
    nodes: Indices
    n_neighbors: int
    evidence: Evidence | None = None
    threat: ThreatModel | None = None
    target: NDArray[Any] | None = None
    box: Floats | None = None

    def __len__(self) -> int:
        """Return the number of predictions."""
        return len(self.lower)

    def _facts(self) -> tuple[str, Facts]:
        return f"Minimal perturbations of {numbered(self.lower, 'predictions')}", [
            ("neighbours", f"K = {self.n_neighbors}"),
            ("lower", describe_radii(self.lower)),
            ("upper", describe_radii(self.upper)),
            ("status", describe_counts(self.status)),
            ("label", describe_counts(self.label)),
            ("threat", str(self.threat or ThreatModel())),
            ("evidence", "none" if self.evidence is None else "for robust_metric.check"),
        ]

    def _columns(self) -> dict[str, NDArray[Any]]:
        names = ("label", "lower", "upper", "adversarial_label", "status", "nodes")
        return {name: getattr(self, name) for name in names}

    def robust_error(self, radii: ArrayLike) -> Floats:
        """Share of predictions whose ``lower`` is at most r, for each r: (k,) float64."""
        return certified_robust_error(self.lower, radii)

    def certificates(self) -> Certificates:
        """Return ``lower`` as certified radii, with the evidence where there is any.

        Raises
        ------
        ValueError
            If they are of perturbations to a target, or within bounds of single queries: smaller ones
            may change the prediction then.
        """
        if self.target is not None or self.box is not None:
            raise ValueError(
                "certificates must be of perturbations to any class within the threat model, got "
                + ("those to a target" if self.target is not None else "bounds of single queries")
            )
        return Certificates(self.lower, self.label, self.n_neighbors, self.evidence, self.threat)


class SearchInterrupted(KeyboardInterrupt):
    """Ctrl-C during a search for minimal perturbations, with what had been found.

    Attributes
    ----------
    found : MinimalPerturbations
        Of the queries whose search had begun. Those whose search had not ended have the status
        ``interrupted`` and the interval that had been reached; the others are complete.
    rows : (k,) int64
        Which rows of X these are, ascending.
    n_queries : int
        Rows of X.

    Examples
    --------
    >>> import robust_metric as rm
    >>> X_train, X_test, y_train, y_test = rm.datasets.load("iris")
    >>> clf = rm.CertifiedKNeighborsClassifier(n_neighbors=3).fit(X_train, y_train)
    >>> try:
    ...     found, rows = clf.minimal_perturbation(X_test), range(len(X_test))
    ... except rm.SearchInterrupted as stopped:
    ...     found, rows = stopped.found, stopped.rows
    >>> len(found) == len(rows)
    True
    """

    def __init__(self, found: MinimalPerturbations, rows: Indices, n_queries: int) -> None:
        super().__init__(found, rows, n_queries)
        self.found = found
        self.rows = rows
        self.n_queries = n_queries

    def __str__(self) -> str:
        """Return how far the search had come."""
        return (
            f"stopped with {len(self.rows)} of {self.n_queries} queries; their intervals are in "
            "the attribute 'found' of this exception"
        )
