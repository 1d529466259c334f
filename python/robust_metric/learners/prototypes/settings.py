"""What training reads of a `CertifiedPrototypeClassifier`, and what it tells a callback."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import ArrayLike

from ..._base.arrays import Floats
from ...threat import ThreatModel


class TrainingState(NamedTuple):
    """What a callback of `CertifiedPrototypeClassifier` sees after a step.

    Attributes
    ----------
    n_iter : int
        Steps done.
    loss : float
        Mean loss of the batch, in units of the cost.
    prototypes : (n, d) float64
    components : (r, d) float64, or None
    """

    n_iter: int
    loss: float
    prototypes: Floats
    components: Floats | None


class Settings(Protocol):
    """The parameters of `CertifiedPrototypeClassifier`, where they are described."""

    n_prototypes: Any
    metric: Any
    threat: ThreatModel | None
    n_neighbors: int
    target_radius: float | None
    loss: str
    max_iter: int
    batch_size: int
    learning_rate: float | None
    prototype_bounds: Any
    n_directions: int | None
    transformations: Any
    augment: Callable[[Floats, np.random.RandomState], ArrayLike] | None
    early_stopping: bool
    validation_fraction: float
    callback: Callable[[TrainingState], Any] | None
    random_state: int | np.random.RandomState | None
    n_jobs: int | None
    verbose: int
