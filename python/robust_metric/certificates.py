"""What certification returns: certified radii and minimal perturbations, one entry a query."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .deciding_points import DecidingPoints as DecidingPoints
from .deciding_points import deciding_points as deciding_points
from .evidence import Evidence
from .persistence import read_npz, write_npz
from .report import certified_robust_error
from .summaries import Described, Facts, describe_counts, describe_radii
from .threat import ThreatModel, pack_threat, unpack_threat

# numbered as SearchStatus in minimal_perturbation.hpp
STATUS_NAMES = np.array(
    ["exact", "interval", "misclassified", "no_other_class", "time_limit", "interrupted"]
)


@dataclass(frozen=True, repr=False)
class Certificates(Described):
    """Certified radii of m predictions.

    Parameters
    ----------
    radius : (m,) float64
        No perturbation of a cost below it changes the prediction, in the units of the classifier's
        input, rounded down; 0 where a given true class was missed, inf where nothing can change the
        prediction.
    label : (m,) array
        The class predicted, and certified where the radius is positive.
    n_neighbors : int
        K of the classifier.
    evidence : Evidence, optional
        What proves the radii, for `robust_metric.check`; only where it was asked for.
    threat : ThreatModel, optional
        What a perturbation costs and where it may lead; by default its Euclidean norm.
    """

    radius: NDArray[np.float64]
    label: NDArray[Any]
    n_neighbors: int
    evidence: Evidence | None = None
    threat: ThreatModel | None = None

    def __len__(self) -> int:
        """Return the number of predictions."""
        return len(self.radius)

    def _facts(self) -> tuple[str, Facts]:
        return f"Certificates of {len(self)} predictions", [
            ("neighbours", f"K = {self.n_neighbors}"),
            ("radius", describe_radii(self.radius)),
            ("label", describe_counts(self.label)),
            ("threat", str(self.threat or ThreatModel())),
            ("evidence", "none" if self.evidence is None else "for robust_metric.check"),
        ]

    def robust_error(self, radii: ArrayLike) -> NDArray[np.float64]:
        """Share of predictions whose radius is at most r, for each r: (k,) float64."""
        return certified_robust_error(self.radius, radii)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write to a ``.npz`` file with a JSON header, atomically.

        Raises
        ------
        OSError
            If the file cannot be written; an older file then stays as it was.
        TypeError
            If the labels could only be stored as a pickle.
        """
        threat, threat_arrays = pack_threat(self.threat)
        header: dict[str, Any] = {
            "kind": "certificates",
            "n_neighbors": int(self.n_neighbors),
            "threat": threat,
        }
        label = self.label
        if label.dtype.kind == "O" and all(isinstance(name, str) for name in label):
            label = label.astype(np.str_)
        arrays = {"radius": self.radius, "label": label, **threat_arrays}
        if self.evidence is not None:
            header["model_digest"] = self.evidence.model_digest
            arrays |= self.evidence.arrays()
        write_npz(path, header, arrays)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Certificates:
        """Read what `save` wrote.

        Raises
        ------
        FileNotFoundError
            If there is no such file.
        ValueError
            If the file is damaged, or is not a certificates file.
        """
        header, arrays = read_npz(path, "certificates")
        radius, label, k = arrays.get("radius"), arrays.get("label"), header.get("n_neighbors")
        whole = (
            radius is not None
            and label is not None
            and radius.dtype == np.float64
            and radius.ndim == 1
            and label.shape == radius.shape
            and bool((radius >= 0.0).all())
            and isinstance(k, int)
            and k >= 1
        )
        if not whole:
            raise ValueError(
                f"path must name an intact certificates file, got {path}, whose radius, label "
                "and n_neighbors do not fit together"
            )
        assert radius is not None and label is not None and isinstance(k, int)
        try:
            evidence = Evidence.from_arrays(arrays, header.get("model_digest", ""))
            threat = unpack_threat(header.get("threat"), arrays)
        except (ValueError, TypeError, KeyError) as error:
            raise ValueError(
                f"path must name an intact certificates file, got {path}: {error}"
            ) from error
        return cls(radius, label, k, evidence, threat)


class CertifiedPredictions(NamedTuple):
    """Predictions of m queries, each with its certified radius.

    Parameters
    ----------
    label : (m,) array
        The class predicted.
    radius : (m,) float64
        No perturbation below it changes the prediction.
    abstain : (m,) bool
        Where the radius is below the one asked for: the prediction should not be relied on.
    """

    label: NDArray[Any]
    radius: NDArray[np.float64]
    abstain: NDArray[np.bool_]


@dataclass(frozen=True, repr=False)
class MinimalPerturbations(Described):
    """Minimal adversarial perturbations of m predictions, as intervals with witnesses.

    Parameters
    ----------
    lower, upper : (m,) float64
        No perturbation of a cost below ``lower`` changes the prediction (rounded down); one of a
        cost of at most ``upper`` (rounded up) does. In the units of the classifier's input.
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
        exact: lower and upper agree to 1e-9 relative; interval: they do not (ties, or numbers so
        ill-conditioned that rounding does not allow it); misclassified; no_other_class: no
        training point can change the prediction; time_limit: stopped early (also after 20000
        nodes, where evidence for K > 1 is kept), the interval holds; interrupted: the same by
        Ctrl-C, see `SearchInterrupted`.
    nodes : (m,) int64
        Projections that the search solved.
    n_neighbors : int
        K of the classifier.
    evidence : Evidence, optional
        What proves ``lower``; only where it was asked for.
    threat : ThreatModel, optional
        What a perturbation costs and where it may lead; by default its Euclidean norm.
    """

    lower: NDArray[np.float64]
    upper: NDArray[np.float64]
    perturbation: NDArray[np.float64]
    adversarial_label: NDArray[Any]
    label: NDArray[Any]
    status: NDArray[np.str_]
    nodes: NDArray[np.int64]
    n_neighbors: int
    evidence: Evidence | None = None
    threat: ThreatModel | None = None

    def __len__(self) -> int:
        """Return the number of predictions."""
        return len(self.lower)

    def _facts(self) -> tuple[str, Facts]:
        return f"Minimal perturbations of {len(self)} predictions", [
            ("neighbours", f"K = {self.n_neighbors}"),
            ("lower", describe_radii(self.lower)),
            ("upper", describe_radii(self.upper)),
            ("status", describe_counts(self.status)),
            ("label", describe_counts(self.label)),
            ("threat", str(self.threat or ThreatModel())),
            ("evidence", "none" if self.evidence is None else "for robust_metric.check"),
        ]

    def robust_error(self, radii: ArrayLike) -> NDArray[np.float64]:
        """Share of predictions whose ``lower`` is at most r, for each r: (k,) float64."""
        return certified_robust_error(self.lower, radii)

    def certificates(self) -> Certificates:
        """Return ``lower`` as certified radii, with the evidence where there is any."""
        return Certificates(self.lower, self.label, self.n_neighbors, self.evidence, self.threat)


class SearchInterrupted(KeyboardInterrupt):
    """Ctrl-C during a search for minimal perturbations, with what had been found.

    Attributes
    ----------
    found : MinimalPerturbations
        Of the queries that the search had come to. Those that it was at have the status
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

    def __init__(
        self, found: MinimalPerturbations, rows: NDArray[np.int64], n_queries: int
    ) -> None:
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
