"""The fitted view: what an estimator over stored points has learned, in one frozen object.

Estimators hand it out to whatever works beside them (attacks, plots, files, distributed answers), and
training asks it for the radii of held-out points. It calls the compiled core; arguments are checked
before.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from . import _core
from ._base.arrays import Floats, Indices, Labels
from ._base.frozen import FrozenArrays
from ._base.latest import Latest
from ._base.progress import progress_of_call
from ._base.runtime import execution_threads, single_threaded_blas
from .data_changes import DataChanges
from .io.csv_tables import LabelColumn
from .results.certificates import Certificates
from .results.digests import KnownScaling, data_digest, model_digest
from .results.evidence import Evidence, SearchTrees
from .results.perturbations import (
    OUT_OF_REACH,
    STATUS_NAMES,
    MinimalPerturbations,
    SearchInterrupted,
    WitnessPrecision,
)
from .threat import ThreatModel

Box = tuple[Floats, Floats]


@dataclass(frozen=True, eq=False)
class Fitted(FrozenArrays):
    """Stored points under a metric and a threat model.

    Parameters
    ----------
    points : (n, d) float64 or float32
        Training points or prototypes. This and the other arrays are kept as `frozen` keeps them.
    labels : (n,) int64
        Positions in ``classes``.
    classes : (c,) array
        Sorted.
    components : (r, d) float64, or None
        L; None for the Euclidean metric.
    threat : ThreatModel
    n_neighbors : int
        K.
    n_jobs : int, optional
        Threads of each call, as estimators take it.
    scaling : Scaling, None or "unknown"
        What the points went through before ``fit``, where a file said so.
    label_column : LabelColumn, optional
        Where the table that the points come from has its labels, where a file said so.
    """

    points: NDArray[Any]
    labels: Indices
    classes: NDArray[Any]
    components: Floats | None
    threat: ThreatModel
    n_neighbors: int
    n_jobs: int | None = None
    scaling: KnownScaling = "unknown"
    label_column: LabelColumn | None = None
    _data_digest: Latest[None, str] = field(default_factory=Latest, repr=False, compare=False)
    _prepared: Latest[ThreatModel, _core.TrainingSet] = field(
        default_factory=Latest, repr=False, compare=False
    )

    def having(self, threat: ThreatModel, n_neighbors: int, n_jobs: int | None) -> Fitted:
        """Return the same points under these settings; what does not depend on them is kept."""
        if (threat, n_neighbors, n_jobs) == (self.threat, self.n_neighbors, self.n_jobs):
            return self
        return replace(self, threat=threat, n_neighbors=n_neighbors, n_jobs=n_jobs)

    @property
    def digest(self) -> str:
        """`model_digest` of all this but the threat model: certificates name their model by it."""
        data = self._data_digest.get(
            None, lambda: data_digest(self.points, self.labels, self.components)
        )
        return model_digest(data, self.classes, self.n_neighbors, self.scaling)

    @property
    def threads(self) -> int:
        """Threads of each call."""
        return execution_threads(self.n_jobs)

    @property
    def prepared(self) -> _core.TrainingSet:
        """The points as the compiled core takes them."""
        return self._prepared.get(self.threat, self._prepare)

    def _prepare(self) -> _core.TrainingSet:
        with single_threaded_blas():
            return _core.TrainingSet(
                self.points,
                self.labels.astype(np.int32),
                len(self.classes),
                self.components,
                self.threads,
                core_threat(self.threat, self.points.shape[1]),
            )

    def predict(self, queries: Floats) -> NDArray[Any]:
        """Return the (m,) classes of (m, d) queries."""
        with single_threaded_blas():
            labels = _core.predict(self.prepared, queries, self.n_neighbors, self.threads)
        return self.classes[labels]

    def certify(
        self,
        queries: Floats,
        truth: Labels | None = None,
        *,
        evidence: bool = False,
        at: float | None = None,
        box: Box | None = None,
        data_changes: DataChanges | None = None,
    ) -> Certificates:
        """Certify (m, d) queries within the bounds; a row that is not predicted as its truth has radius 0.

        at: radii are this where they reach it, else 0; box: (m, d) ends of what each query may become.
        """
        allowed = data_changes or DataChanges()
        with single_threaded_blas(), progress_of_call(len(queries), "certify") as told:
            radius, label, proofs = _core.certified_radii(
                self.prepared,
                queries,
                truth,
                self.n_neighbors,
                self.threads,
                with_evidence=evidence,
                progress=told,
                at=math.inf if at is None else at,
                lower=None if box is None else box[0],
                upper=None if box is None else box[1],
                changes=_core.DataChanges(allowed.insert, allowed.delete, allowed.relabel),
            )
        proof = self._evidence(proofs, queries)
        stacked = None if box is None else np.stack(box)
        return Certificates(
            radius, self.classes[label], self.n_neighbors, proof, self.threat, stacked, data_changes
        )

    def certify_each(
        self, queries: Floats, truth: Labels | None, ks: Sequence[int]
    ) -> dict[int, Certificates]:
        """Certify (m, d) queries for each of several numbers of neighbours in one pass."""
        with single_threaded_blas(), progress_of_call(len(queries), "certify") as told:
            radius, label = _core.certified_radii_of_each(
                self.prepared, queries, truth, ks, self.threads, progress=told
            )
        return {
            k: Certificates(radius[:, i].copy(), self.classes[label[:, i]], k, None, self.threat)
            for i, k in enumerate(ks)
        }

    def minimal_perturbation(
        self,
        queries: Floats,
        truth: Labels | None = None,
        time_limit: float | None = None,
        *,
        evidence: bool = False,
        witness_precision: WitnessPrecision = None,
        targets: Labels | None = None,
        box: Box | None = None,
    ) -> MinimalPerturbations:
        """Search for minimal perturbations of (m, d) queries within the bounds; seconds are for each row.

        targets: (m,) positions in the classes; box: (m, d) ends of what each query may become.

        Raises
        ------
        SearchInterrupted
            On Ctrl-C: a KeyboardInterrupt that holds what was found up to then.
        """
        with (
            single_threaded_blas(),
            progress_of_call(len(queries), "minimal perturbations") as told,
        ):
            found = _core.minimal_perturbations(
                self.prepared,
                queries,
                truth,
                self.n_neighbors,
                math.inf if time_limit is None else float(time_limit),
                self.threads,
                with_evidence=evidence,
                progress=told,
                witness_precision=witness_precision,
                targets=targets,
                lower=None if box is None else box[0],
                upper=None if box is None else box[1],
            )
            wanted = None if targets is None else self.classes[targets]
            stacked = None if box is None else np.stack(box)
            if found["interrupt"] is not None:
                self._raise_interrupted(found, queries, wanted, stacked)
        return self._perturbations(found, queries, wanted, stacked)

    def _raise_interrupted(
        self,
        found: dict[str, Any],
        queries: Floats,
        target: NDArray[Any] | None,
        box: Floats | None,
    ) -> NoReturn:
        rows = found["rows"]
        found["perturbation"] = found["perturbation"][rows]
        target = None if target is None else target[rows]
        box = None if box is None else box[:, rows]
        reached = self._perturbations(found, queries[rows], target, box)
        raise SearchInterrupted(reached, rows, len(queries)) from found["interrupt"]

    def _perturbations(
        self,
        found: dict[str, Any],
        queries: Floats,
        target: NDArray[Any] | None,
        box: Floats | None,
    ) -> MinimalPerturbations:
        adversarial = np.where(
            found["adversarial_label"] < 0, found["label"], found["adversarial_label"]
        )
        return MinimalPerturbations(
            lower=found["lower"],
            upper=found["upper"],
            perturbation=found["perturbation"],
            adversarial_label=self.classes[adversarial],
            label=self.classes[found["label"]],
            status=self._status_names(found["status"], box is not None),
            nodes=found["nodes"],
            n_neighbors=self.n_neighbors,
            evidence=self._evidence(found["evidence"], queries),
            threat=self.threat,
            target=target,
            box=box,
        )

    def _status_names(self, status: NDArray[np.int32], boxed: bool) -> NDArray[np.str_]:
        """Names of statuses; where the threat model may be why nothing changes the class, they say so."""
        names = STATUS_NAMES[status]
        frozen = self.threat.frozen(self.points.shape[1]).any()
        confined = boxed or self.threat.bounds is not None or frozen
        if confined and len(self.classes) > 1:
            names[names == "no_other_class"] = OUT_OF_REACH
        return names

    def _evidence(self, proofs: dict[str, Any] | None, queries: Floats) -> Evidence | None:
        if proofs is None:
            return None
        trees = proofs.pop("trees")
        return Evidence(
            **proofs,
            queries=queries,
            model_digest=self.digest,
            trees=None if trees is None else SearchTrees(**trees),
        )


def core_threat(threat: ThreatModel, n_features: int) -> _core.Threat | None:
    """Return the compiled form; None for the default model, which needs none.

    Raises
    ------
    ValueError
        If bounds or costs have another number of features.
    """
    if threat.norm == 2 and threat.bounds is None and threat.feature_cost is None:
        return None
    norm = {1: _core.Norm.one, 2: _core.Norm.two, math.inf: _core.Norm.infinity}[threat.norm]
    cost = None if threat.feature_cost is None else threat.weights(n_features)
    lower, upper = threat.box(n_features) or (None, None)
    return _core.Threat(norm, n_features, cost, lower, upper)
