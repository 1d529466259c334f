"""Threat models told in full, and compared: two are alike where the same perturbations cost the same."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any

import numpy as np

from .._base.arrays import Floats
from ..threat import ThreatModel


def in_full(threat: ThreatModel, n_features: int) -> list[str]:
    """Lines that say every number of a threat model; features with equal ones share them."""
    costs = [
        f"{_number(w)} (frozen)" if np.isinf(w) else _number(w) for w in threat.weights(n_features)
    ]
    lines = [f"Cost: {threat.norm:g}-norm; of moving a feature by 1: {_by_feature(costs)}."]
    box = threat.box(n_features)
    if box is None:
        return [*lines, "Bounds: none."]
    ranges = [f"[{_number(low)}, {_number(high)}]" for low, high in zip(*box, strict=True)]
    return [*lines, f"Bounds: {_by_feature(ranges)}."]


def as_json(threat: ThreatModel, n_features: int) -> dict[str, Any]:
    """All numbers of a threat model for JSON, null for infinite ones; the norm "inf" by its name."""
    box = threat.box(n_features)
    return {
        "norm": "inf" if np.isinf(threat.norm) else threat.norm,
        "feature_cost": _finite(threat.weights(n_features)),
        "bounds": None if box is None else [_finite(side) for side in box],
    }


def unlike(wanted: ThreatModel, certified: ThreatModel, n_features: int) -> list[str]:
    """Say in what a certified threat model is not as wanted; empty where they are alike."""
    found = []
    if wanted.norm != certified.norm:
        found.append(f"norm {wanted.norm:g}, certified was {certified.norm:g}")
    pairs = [("cost", wanted.weights(n_features), certified.weights(n_features))]
    sides = zip(
        ("lower bound", "upper bound"),
        _box(wanted, n_features),
        _box(certified, n_features),
        strict=True,
    )
    for what, want, got in [*pairs, *sides]:
        other = np.flatnonzero(want != got)
        if len(other):
            j = int(other[0])
            more = f" (and {len(other) - 1} features more)" * (len(other) > 1)
            found.append(
                f"{what} {_number(want[j])} of feature {j}, certified was {_number(got[j])}{more}"
            )
    return found


def _box(threat: ThreatModel, n_features: int) -> tuple[Floats, Floats]:
    nothing = np.full(n_features, np.inf)
    return threat.box(n_features) or (-nothing, nothing)


def _by_feature(texts: Sequence[str]) -> str:
    """Texts with the features that they are of, counted from 0; neighbours with equal ones together."""
    if len(set(texts)) == 1:
        return f"{texts[0]} (all {len(texts)} features)"
    parts = []
    for text, group in groupby(enumerate(texts), key=lambda pair: pair[1]):
        members = [j for j, _ in group]
        span = f"{members[0]}-{members[-1]}" if len(members) > 1 else f"{members[0]}"
        parts.append(f"{span}: {text}")
    return ", ".join(parts)


def _number(value: float) -> str:
    """The shortest text that is read back as this number."""
    return repr(float(value)).removesuffix(".0")


def _finite(values: Floats) -> list[float | None]:
    return [float(value) if np.isfinite(value) else None for value in values]
