"""Reports: robust errors of one classifier, and the tables of the paper for many methods.

`errors` has the definition, its table and its file; the other modules are what
``robust-metric report paper`` runs (``docs/results.md`` is made by it).
"""

from .errors import (
    RobustErrorCurve,
    certified_robust_error,
    format_table,
    robustness_gap,
    round_radii,
    typical_points,
    write_csv,
)

__all__ = [
    "RobustErrorCurve",
    "certified_robust_error",
    "format_table",
    "robustness_gap",
    "round_radii",
    "typical_points",
    "write_csv",
]
