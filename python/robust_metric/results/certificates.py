"""Certified radii, one a query, and what they say of predictions and training points."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._base.arrays import Floats, Indices, Mask
from .._base.frozen import FrozenArrays, equal_tuples
from ..data_changes import DataChanges
from ..io.archives import DamagedFile
from ..io.npz import is_int, read_npz, write_npz
from ..io.threat_arrays import pack_threat, unpack_threat
from ..threat import ThreatModel
from .evidence import Evidence
from .robust_error import certified_robust_error
from .summaries import Described, Facts, describe_counts, describe_radii, numbered
from .tabular import Tabular


@dataclass(frozen=True, eq=False, repr=False)
class Certificates(FrozenArrays, Described, Tabular):
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
    box : (2, m, d) float64, optional
        Lower and upper ends of what each query may become, beside the bounds of the threat model,
        where they were asked for.
    data_changes : DataChanges, optional
        Changes of the training data that the radii hold for as well; by default none.
    """

    radius: Floats
    label: NDArray[Any]
    n_neighbors: int
    evidence: Evidence | None = None
    threat: ThreatModel | None = None
    box: Floats | None = None
    data_changes: DataChanges | None = None

    def __len__(self) -> int:
        """Return the number of predictions."""
        return len(self.radius)

    def _facts(self) -> tuple[str, Facts]:
        facts: Facts = [
            ("neighbours", f"K = {self.n_neighbors}"),
            ("radius", describe_radii(self.radius)),
            ("label", describe_counts(self.label)),
            ("threat", str(self.threat or ThreatModel())),
            *([("data changes", str(self.data_changes))] if self.data_changes else []),
            ("evidence", "none" if self.evidence is None else "for robust_metric.check"),
        ]
        if self.box is not None:
            facts.append(("bounds", "one box a row"))
        return f"Certificates of {numbered(self.radius, 'predictions')}", facts

    def _columns(self) -> dict[str, NDArray[Any]]:
        return {"label": self.label, "radius": self.radius}

    def robust_error(self, radii: ArrayLike) -> Floats:
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
        if self.data_changes is not None:
            header["data_changes"] = self.data_changes.pack()
        label: NDArray[Any] = np.asarray(self.label)
        if label.dtype.kind == "O" and all(isinstance(name, str) for name in label):
            label = label.astype(np.str_)
        arrays = {"radius": self.radius, "label": label, **threat_arrays}
        if self.box is not None:
            arrays["box"] = self.box
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
        DamagedFile
            If the file is damaged, or its parts do not fit together; a ValueError.
        ValueError
            If the file is not a certificates file.
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
            and is_int(k)
            and k >= 1
        )
        if not whole:
            raise DamagedFile(
                f"path must name an intact certificates file, got {path}, whose radius, label "
                "and n_neighbors do not fit together"
            )
        assert radius is not None and label is not None and is_int(k)
        try:
            evidence = Evidence.from_arrays(arrays, header.get("model_digest", ""))
            threat = unpack_threat(header.get("threat"), arrays)
            changes = DataChanges.unpack(header.get("data_changes"))
            if evidence is not None and len(evidence.queries) != len(radius):
                raise ValueError("it must have one radius, label and query for each certificate")
            if evidence is not None and threat is not None:
                threat.weights(evidence.queries.shape[1]), threat.box(evidence.queries.shape[1])
        except (ValueError, TypeError, KeyError, OverflowError) as error:
            raise DamagedFile(
                f"path must name an intact certificates file, got {path}: {error}"
            ) from error
        return cls(radius, label, k, evidence, threat, _box_of(arrays, path), changes)


def _box_of(arrays: dict[str, NDArray[Any]], path: str | os.PathLike[str]) -> Floats | None:
    """Return the boxes of a file's queries, if it has some, one for each radius."""
    box = arrays.get("box")
    if box is None:
        return None
    fits = box.dtype == np.float64 and box.ndim == 3
    if not fits or box.shape[:2] != (2, len(arrays["radius"])) or not (box[0] <= box[1]).all():
        raise DamagedFile(
            f"path must name an intact certificates file, got {path}, whose box has not lower and "
            "upper ends for each radius"
        )
    return box


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
    radius: Floats
    abstain: Mask

    def __eq__(self, other: object) -> bool:
        """Whether the other has the same arrays."""
        return equal_tuples(self, other)

    def __ne__(self, other: object) -> bool:
        """Whether it has not."""
        return not equal_tuples(self, other)


class DecidingPoints(NamedTuple):
    """Which training points decide the certified radii of m predictions.

    Parameters
    ----------
    own, other : (m,) int64
        Rows of the training data: the radius is the distance to where ``other``, of another class,
        gets as near as ``own``, of the class predicted. -1 where the radius is 0 or inf.
    radius : (m,) float64
        The certified radii.
    """

    own: Indices
    other: Indices
    radius: Floats

    def __eq__(self, other: object) -> bool:
        """Whether the other has the same arrays."""
        return equal_tuples(self, other)

    def __ne__(self, other: object) -> bool:
        """Whether it has not."""
        return not equal_tuples(self, other)
