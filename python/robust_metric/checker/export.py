"""Certificates, evidence and model as one plain text, which the checker of ``proofs/`` reads."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from ..io.atomic import PathLike, atomic_write
from ..io.model_files import StoredModel
from ..results.certificates import Certificates
from ..results.evidence import Evidence, SearchTrees
from ..threat import ThreatModel
from .claims import Report, compare

FIRST_LINE = "robust_metric evidence 1"


def export_evidence(
    claims: Certificates, model: StoredModel, path: PathLike, *, threat: ThreatModel | None = None
) -> int:
    """Write certificates with their evidence and their model as text; return their number.

    Parameters
    ----------
    claims : Certificates
        With evidence.
    model : StoredModel
    path : path-like
        The file to write.
    threat : ThreatModel, optional
        What the certificates are to be about; by default the model's.

    Raises
    ------
    ValueError
        If the certificates hold no evidence, or do not belong to the model.
    """
    evidence = claims.evidence
    if evidence is None:
        raise ValueError(
            "certificates must hold evidence, got a file without; "
            "make them with certify(..., evidence=True)"
        )
    report = Report(threat=claims.threat or ThreatModel())
    report.n_features = evidence.queries.shape[1]
    compare(report, claims, evidence, model, threat)
    if report.failures:
        raise ValueError(f"certificates and model must belong together: {report.failures[0]}")
    with atomic_write(path) as file:
        for line in _lines(claims, evidence, model, report.threat):
            file.write(f"{line}\n".encode("ascii"))
    return len(claims)


def _lines(
    claims: Certificates, evidence: Evidence, model: StoredModel, threat: ThreatModel
) -> Iterator[str]:
    yield FIRST_LINE
    yield f"classes {len(model.classes)}"
    yield f"neighbors {model.n_neighbors}"
    yield f"norm {threat.norm:g}"
    costs = threat.weights(model.X.shape[1])
    if (costs != 1.0).any():
        yield _line("cost", costs)
    box = threat.box(model.X.shape[1])
    if box is not None:
        ranges = zip(*(side.tolist() for side in box), strict=True)
        yield " ".join(["bounds", *(f"{_bound(low)}:{_bound(high)}" for low, high in ranges)])
    if model.components is not None:
        for row in model.components:
            yield _line("component", row)
    for x, label in zip(model.X, model.y.tolist(), strict=True):
        yield _line(f"point {label}", x)
    combined = len(evidence.multipliers) > 0
    yield f"sums {'yes' if combined else 'no'}"
    classes = model.classes.tolist()
    for i, (radius, label) in enumerate(
        zip(claims.radius.tolist(), claims.label.tolist(), strict=True)
    ):
        known = classes.index(label) if label in classes else -1
        # what is no radius is written as a negative one, which nothing proves
        size = _number(radius if radius >= 0.0 else -1.0)
        yield _line(f"certificate {known} {size}", evidence.queries[i])
        near = evidence.near_own[slice(*evidence.near_offsets[i : i + 2])]
        yield " ".join(["near", *map(str, near.tolist())])
        for j in range(*evidence.row_offsets[i : i + 2].tolist()):
            yield _row(evidence, j, combined)
        if evidence.trees is not None:
            for node in range(*evidence.trees.offsets[i : i + 2].tolist()):
                yield from _node(evidence.trees, node)


def _row(evidence: Evidence, j: int, combined: bool) -> str:
    part = slice(*evidence.own_offsets[j : j + 2])
    own = list(map(str, evidence.own[part].tolist()))
    if combined:
        weights = evidence.multipliers[part].tolist()
        own = [f"{w}:{_multiplier(weight)}" for w, weight in zip(own, weights, strict=True)]
    return " ".join(["row", str(evidence.row_other[j]), *own])


def _node(trees: SearchTrees, node: int) -> Iterator[str]:
    # a number of children that is none makes no trees, as one that is too large does
    children = int(trees.children[node])
    yield f"node {trees.point[node]} {children if children >= 0 else len(trees.point)}"
    pairs = list(zip(*trees.pairs_of(node), strict=True))
    if pairs:
        yield " ".join(["sum", *(f"{e}:{x}:{_multiplier(weight)}" for e, x, weight in pairs)])
    own = trees.own_of(node)
    if own:
        yield " ".join(["by", *map(str, own)])


def _multiplier(weight: float) -> str:
    """One that is no number as -1: sums with negative multipliers are not used."""
    return _number(weight if math.isfinite(weight) else -1.0)


def _line(words: str, values: NDArray[np.floating] | Iterable[float]) -> str:
    return " ".join([words, *map(_number, np.asarray(values, dtype=np.float64).tolist())])


def _bound(value: float) -> str:
    return "*" if math.isinf(value) else _number(value)


def _number(value: float) -> str:
    """The number as INTEGERpEXPONENT, exactly: 3p-4 is 3 / 16."""
    if math.isinf(value):
        return "inf"
    numerator, denominator = value.as_integer_ratio()
    zeros = (numerator & -numerator).bit_length() - 1 if numerator else 0
    return f"{numerator >> zeros}p{zeros - denominator.bit_length() + 1}"
