"""Certificates against a model: what is compared before anything is proved, and what is reported."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike

from .._base.arrays import Mask
from ..io.atomic import PathLike
from ..io.model_files import StoredModel, read_model
from ..results.certificates import Certificates
from ..results.digests import data_digest, differences, left_open, model_digest, queries_digest
from ..results.evidence import Evidence
from ..threat import ThreatModel
from . import threats
from .proofs import Checker


@dataclass
class Report:
    """What the checker found.

    Parameters
    ----------
    proved : int
        Certificates with a positive radius that were proved.
    trivial : int
        Certificates of radius 0, which claim nothing.
    failures : list of str
        One line for each certificate that was not proved: which, and what is missing; and for all
        in which certificates and model do not belong together.
    threat : ThreatModel
        What the certificates speak about.
    n_features : int
    n_queries : int
        Certificates in the file.
    queries_digest : str
        SHA-256 of the inputs that were certified, as float64, little endian, row by row.
    compared : bool
        Whether these were compared with inputs in hand.
    left_open : str, optional
        What of the model the certificates do not name, and so could not be compared.
    """

    proved: int = 0
    trivial: int = 0
    failures: list[str] = field(default_factory=list)
    threat: ThreatModel = field(default_factory=ThreatModel)
    n_features: int = 0
    n_queries: int = 0
    queries_digest: str = ""
    compared: bool = False
    left_open: str | None = None

    @property
    def ok(self) -> bool:
        """True where nothing failed."""
        return not self.failures


def check(
    certificates: PathLike,
    model: PathLike,
    only: Iterable[int] | None = None,
    *,
    threat: ThreatModel | None = None,
    queries: ArrayLike | None = None,
) -> Report:
    """Check the certificates in one file against the model in another.

    Parameters
    ----------
    certificates, model : path-like
        Files written by ``Certificates.save`` and ``save_model``.
    only : iterable of int, optional
        Rows to check; by default all.
    threat : ThreatModel, optional
        What the certificates are to be about; by default the model's.
    queries : (m, d) array, optional
        The inputs that they are to be about, as the classifier gets them: certificates of other
        inputs fail.

    Raises
    ------
    FileNotFoundError
        If a file is missing.
    DamagedFile
        If a file is damaged.
    ValueError
        If a file is of another kind, the certificates hold no evidence, or ``threat`` or
        ``queries`` do not fit the model.
    """
    claims, stored = Certificates.load(certificates), read_model(model)
    return check_claims(claims, stored, only, threat=threat, queries=queries)


def check_claims(
    claims: Certificates,
    model: StoredModel,
    only: Iterable[int] | None = None,
    *,
    threat: ThreatModel | None = None,
    queries: ArrayLike | None = None,
) -> Report:
    """Check certificates that were read; arguments and errors as of `check`."""
    evidence, radius, label = claims.evidence, claims.radius, claims.label
    if evidence is None:
        raise ValueError(
            "certificates must hold evidence, got a file without; "
            "make them with certify(..., evidence=True)"
        )
    report = Report(threat=claims.threat or ThreatModel(), n_queries=len(radius))
    report.queries_digest = queries_digest(evidence.queries)
    report.n_features = evidence.queries.shape[1]
    if not compare(report, claims, evidence, model, threat):
        return report
    others = _rows_of_others(report, evidence, queries)
    checker = Checker(model, evidence, report.threat)
    for i in range(len(radius)) if only is None else only:
        problem = "its query is not this row of the inputs in hand" if others[i] else None
        if problem is None and radius[i] == 0.0:
            report.trivial += 1
            continue
        problem = problem or checker.problem(i, float(radius[i]), label[i].item())
        if problem:
            report.failures.append(f"certificate {i}: {problem}")
        else:
            report.proved += 1
    return report


def compare(
    report: Report,
    claims: Certificates,
    evidence: Evidence,
    model: StoredModel,
    threat: ThreatModel | None,
) -> bool:
    """Note in what certificates and model do not belong together; False where nothing can be checked."""
    if model.X.shape[1] != report.n_features:
        report.failures.append(
            f"model: it has {model.X.shape[1]} features, certified were {report.n_features}"
        )
        return False
    if claims.n_neighbors != model.n_neighbors:
        report.failures.append(
            f"model: it has n_neighbors={model.n_neighbors}, "
            f"certified was n_neighbors={claims.n_neighbors}"
        )
    digest = model_digest(
        data_digest(model.X, model.y, model.components),
        model.classes,
        model.n_neighbors,
        model.scaling,
    )
    other = differences(evidence.model_digest, digest)
    report.failures += [f"model: its {what}" for what in other]
    report.left_open = left_open(evidence.model_digest, model.scaling is not None)
    whose = "model: its threat model" if threat is None else "threat model: the one asked for"
    wanted = threat or model.threat or ThreatModel()
    for what in threats.unlike(wanted, report.threat, report.n_features):
        report.failures.append(f"{whose} has {what}")
    return True


def _rows_of_others(report: Report, evidence: Evidence, queries: ArrayLike | None) -> Mask:
    """Which certificates are about other inputs than those in hand: (m,) bool, none where there are none."""
    if queries is None:
        return np.zeros(report.n_queries, dtype=np.bool_)
    wanted = np.asarray(queries, dtype=np.float64)
    if wanted.ndim != 2 or wanted.shape[1] != report.n_features:
        raise ValueError(f"queries must have shape (m, {report.n_features}), got {wanted.shape}")
    report.compared = True
    box = report.threat.box(report.n_features)
    if box is not None and report.threat.clip_queries:
        wanted = np.clip(wanted, *box)
    if len(wanted) != report.n_queries:
        report.failures.append(
            f"queries: {len(wanted)} are in hand, {report.n_queries} were certified"
        )
    different = np.ones(report.n_queries, dtype=np.bool_)
    both = min(len(wanted), report.n_queries)
    different[:both] = (wanted[:both] != evidence.queries[:both]).any(axis=1)
    return different
