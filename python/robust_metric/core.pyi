from typing import Any

from numpy.typing import NDArray

from .estimators.classifier import CertifiedKNeighborsClassifier

class Certifier:
    n_features: int
    n_neighbors: int
    classes: NDArray[Any]
    def __init__(self, classifier: CertifiedKNeighborsClassifier) -> None: ...
