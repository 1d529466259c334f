"""What training reads of an `ARML`, and what it tells a callback."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

import numpy as np

from ..._base.arrays import Floats


class MetricState(NamedTuple):
    """What a callback of `ARML` sees after a step.

    Attributes
    ----------
    n_iter : int
        Steps done.
    loss : float
        Mean loss of the batch, in units of the features.
    components : (r, d) float64
        L, in an array of its own.
    """

    n_iter: int
    loss: float
    components: Floats


class Settings(Protocol):
    """The parameters of `ARML`, where they are described."""

    n_components: int | None
    n_candidates: int
    max_iter: int
    learning_rate: float | None
    batch_size: int | str | None
    shape: str
    target_radius: float | None
    norm: float
    triplets: str
    schedule: str
    early_stopping: bool
    validation_fraction: float
    n_iter_no_change: int
    callback: Callable[[MetricState], Any] | None
    random_state: int | np.random.RandomState | None
    n_jobs: int | None
    verbose: int
