"""Nearest-neighbour classifiers whose every prediction carries a proof.

K-nearest-neighbour classification under a learned Mahalanobis metric, with certified radii, minimal
adversarial perturbations, and metric learners that make both large.
"""

from . import datasets
from ._version import __version__
from .certificates import Certificates, MinimalPerturbations
from .classifier import CertifiedKNeighborsClassifier
from .functional import certified_radii, minimal_perturbations
from .persistence import load_model, save_model
from .threat import ThreatModel

__all__ = [
    "CertifiedKNeighborsClassifier",
    "Certificates",
    "MinimalPerturbations",
    "ThreatModel",
    "__version__",
    "certified_radii",
    "datasets",
    "load_model",
    "minimal_perturbations",
    "save_model",
]
