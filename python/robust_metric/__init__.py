"""Nearest-neighbour classifiers whose every prediction carries a proof.

K-nearest-neighbour classification under a learned Mahalanobis metric, with certified radii, minimal
adversarial perturbations, and metric learners that make both large.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from . import attacks, baselines, datasets, plotting, reports
    from . import dask as dask
    from ._base.progress import report_progress
    from ._version import __version__
    from .data_changes import DataChanges
    from .estimators.classifier import CertifiedKNeighborsClassifier
    from .estimators.counterfactuals import counterfactuals
    from .estimators.deciding_points import deciding_points
    from .estimators.from_sklearn import from_sklearn, where_may_differ
    from .estimators.functional import certified_radii, minimal_perturbations
    from .estimators.mixed import fold_mixed
    from .estimators.nearest import CertifiedNearestNeighbors
    from .estimators.pipelines import fold_pipeline
    from .estimators.prototypes import CertifiedPrototypeClassifier
    from .estimators.saving import load_model, save_model
    from .estimators.scoring import certified_accuracy_scorer
    from .learners.arml.learner import ARML
    from .metrics.folding import fold_components, fold_threat
    from .results.certificates import Certificates
    from .results.counterfactuals import Counterfactuals
    from .results.neighbor_sets import NeighborCertificates
    from .results.perturbations import MinimalPerturbations, SearchInterrupted
    from .threat import ThreatModel

# Loaded at first use: the checker then runs without the compiled core, and importing is quick.
_MODULES = ("attacks", "baselines", "dask", "datasets", "plotting", "reports")
_HOME = {
    "ARML": "learners.arml.learner",
    "CertifiedKNeighborsClassifier": "estimators.classifier",
    "CertifiedNearestNeighbors": "estimators.nearest",
    "CertifiedPrototypeClassifier": "estimators.prototypes",
    "Certificates": "results.certificates",
    "Counterfactuals": "results.counterfactuals",
    "DataChanges": "data_changes",
    "MinimalPerturbations": "results.perturbations",
    "NeighborCertificates": "results.neighbor_sets",
    "SearchInterrupted": "results.perturbations",
    "ThreatModel": "threat",
    "__version__": "_version",
    "certified_accuracy_scorer": "estimators.scoring",
    "certified_radii": "estimators.functional",
    "counterfactuals": "estimators.counterfactuals",
    "deciding_points": "estimators.deciding_points",
    "fold_components": "metrics.folding",
    "fold_mixed": "estimators.mixed",
    "fold_pipeline": "estimators.pipelines",
    "fold_threat": "metrics.folding",
    "from_sklearn": "estimators.from_sklearn",
    "load_model": "estimators.saving",
    "minimal_perturbations": "estimators.functional",
    "report_progress": "_base.progress",
    "save_model": "estimators.saving",
    "where_may_differ": "estimators.from_sklearn",
}

__all__ = [
    "ARML",
    "Certificates",
    "CertifiedKNeighborsClassifier",
    "CertifiedNearestNeighbors",
    "CertifiedPrototypeClassifier",
    "Counterfactuals",
    "DataChanges",
    "MinimalPerturbations",
    "NeighborCertificates",
    "SearchInterrupted",
    "ThreatModel",
    "__version__",
    "attacks",
    "baselines",
    "certified_accuracy_scorer",
    "certified_radii",
    "counterfactuals",
    "datasets",
    "deciding_points",
    "fold_components",
    "fold_mixed",
    "fold_pipeline",
    "fold_threat",
    "from_sklearn",
    "load_model",
    "minimal_perturbations",
    "plotting",
    "report_progress",
    "reports",
    "save_model",
    "where_may_differ",
]


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return import_module(f".{name}", __name__)
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f".{_HOME[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, *_MODULES})
