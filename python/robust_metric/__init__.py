"""Nearest-neighbour classifiers whose every prediction carries a proof.

K-nearest-neighbour classification under a learned Mahalanobis metric, with certified radii, minimal
adversarial perturbations, and metric learners that make both large.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from . import baselines, datasets
    from ._version import __version__
    from .arml import ARML
    from .certificates import Certificates, MinimalPerturbations, SearchInterrupted
    from .classifier import CertifiedKNeighborsClassifier
    from .functional import certified_radii, minimal_perturbations
    from .nearest_neighbors import CertifiedNearestNeighbors
    from .neighbor_certificates import NeighborCertificates
    from .persistence import load_model, save_model
    from .pipelines import fold_components, fold_pipeline, fold_threat
    from .prototypes import CertifiedPrototypeClassifier
    from .scoring import certified_accuracy_scorer
    from .threat import ThreatModel

# Loaded at first use: the checker then runs without the compiled core, and importing is quick.
_HOME = {
    "ARML": "arml",
    "CertifiedKNeighborsClassifier": "classifier",
    "CertifiedNearestNeighbors": "nearest_neighbors",
    "CertifiedPrototypeClassifier": "prototypes",
    "Certificates": "certificates",
    "MinimalPerturbations": "certificates",
    "NeighborCertificates": "neighbor_certificates",
    "SearchInterrupted": "certificates",
    "ThreatModel": "threat",
    "__version__": "_version",
    "certified_accuracy_scorer": "scoring",
    "certified_radii": "functional",
    "fold_components": "pipelines",
    "fold_pipeline": "pipelines",
    "fold_threat": "pipelines",
    "load_model": "persistence",
    "minimal_perturbations": "functional",
    "save_model": "persistence",
}

__all__ = [
    "ARML",
    "Certificates",
    "CertifiedKNeighborsClassifier",
    "CertifiedNearestNeighbors",
    "CertifiedPrototypeClassifier",
    "MinimalPerturbations",
    "NeighborCertificates",
    "SearchInterrupted",
    "ThreatModel",
    "__version__",
    "baselines",
    "certified_accuracy_scorer",
    "certified_radii",
    "datasets",
    "fold_components",
    "fold_pipeline",
    "fold_threat",
    "load_model",
    "minimal_perturbations",
    "save_model",
]


def __getattr__(name: str) -> Any:
    if name in ("baselines", "datasets"):
        return import_module(f".{name}", __name__)
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f".{_HOME[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
