"""What certification returns, and what is read off it; nothing here needs the compiled core."""

from .certificates import Certificates, CertifiedPredictions, DecidingPoints
from .counterfactuals import Change, Counterfactuals
from .evidence import Evidence, SearchTrees
from .mixed import MixedCertificates, MixedPerturbations
from .neighbor_sets import NeighborCertificates
from .perturbations import MinimalPerturbations, SearchInterrupted
from .robust_error import (
    RobustErrorCurve,
    certified_robust_error,
    format_table,
    robustness_gap,
    round_radii,
    typical_points,
    write_csv,
)

__all__ = [
    "Certificates",
    "CertifiedPredictions",
    "Change",
    "Counterfactuals",
    "DecidingPoints",
    "Evidence",
    "MinimalPerturbations",
    "MixedCertificates",
    "MixedPerturbations",
    "NeighborCertificates",
    "RobustErrorCurve",
    "SearchInterrupted",
    "SearchTrees",
    "certified_robust_error",
    "format_table",
    "robustness_gap",
    "round_radii",
    "typical_points",
    "write_csv",
]
