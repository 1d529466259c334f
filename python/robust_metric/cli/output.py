"""What subcommands print for ``--json``."""

from __future__ import annotations

import json
import math
from typing import Any

from .._base.arrays import Floats
from ..results.robust_error import RobustErrorCurve


def curve_values(curve: RobustErrorCurve, error: str, radii: Floats) -> dict[str, Any]:
    """Return what ``--json`` prints of a curve, its errors at the radii under a name."""
    return {
        "n_neighbors": curve.n_neighbors,
        "radius": curve.kind,
        "clean_error": curve.clean_error,
        "median_radius": finite(curve.median_radius),
        error: curve.errors(radii).tolist(),
    }


def print_json(values: dict[str, Any]) -> None:
    """Print what ``--json`` promises: one object; infinity, which JSON lacks, is null in it."""
    print(json.dumps(values, allow_nan=False, indent=2))


def finite(value: float) -> float | None:
    """Return the number, or None for infinity."""
    return value if math.isfinite(value) else None
