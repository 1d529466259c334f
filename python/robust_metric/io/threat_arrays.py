"""Threat models in files: a JSON part, and arrays beside it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..threat import ThreatModel


def pack_threat(
    threat: ThreatModel | None,
) -> tuple[dict[str, Any] | None, dict[str, NDArray[Any]]]:
    """Split a threat model into its JSON part and its arrays (JSON has no infinity)."""
    if threat is None:
        return None, {}
    if isinstance(threat.bounds, Mapping) or isinstance(threat.feature_cost, Mapping):
        raise ValueError(
            "threat must have one number a feature to be saved, as that of a fitted estimator's "
            f"fitted_view() has, got {threat!r}"
        )
    arrays: dict[str, NDArray[Any]] = {}
    if threat.bounds is not None:
        lower, upper = threat.bounds
        arrays["threat_lower"] = np.asarray(lower, dtype=np.float64)
        arrays["threat_upper"] = np.asarray(upper, dtype=np.float64)
    if threat.feature_cost is not None:
        arrays["threat_feature_cost"] = np.asarray(threat.feature_cost, dtype=np.float64)
    norm = float(threat.norm)
    packed: dict[str, Any] = {"norm": "inf" if math.isinf(norm) else norm}
    if threat.clip_queries:
        packed["clip_queries"] = True
    return packed, arrays


def unpack_threat(
    packed: Mapping[str, Any] | None, arrays: dict[str, NDArray[Any]]
) -> ThreatModel | None:
    """Put together again what :func:`pack_threat` split; ValueError where it makes no sense."""
    if packed is None:
        return None
    for name in ("threat_lower", "threat_upper", "threat_feature_cost"):
        if name in arrays and (arrays[name].dtype != np.float64 or arrays[name].ndim > 1):
            raise ValueError(f"{name} must be one float64 or a vector of them")
    norm = packed["norm"]
    bounds = None
    if "threat_lower" in arrays:
        bounds = tuple(_scalar_or_array(arrays[f"threat_{side}"]) for side in ("lower", "upper"))
    return ThreatModel(
        norm=math.inf if norm == "inf" else norm,
        bounds=bounds,
        feature_cost=arrays.get("threat_feature_cost"),
        clip_queries=packed.get("clip_queries") is True,
    )


def _scalar_or_array(array: NDArray[Any]) -> float | NDArray[Any]:
    return float(array) if array.ndim == 0 else array
