"""Types of the compiled core; each function is defined in ``src/bind_<idea>.cpp``."""

from collections.abc import Callable, Sequence
from typing import Any, ClassVar, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

_Float: TypeAlias = NDArray[np.float64]
_Rows: TypeAlias = _Float | NDArray[np.float32]
_Index: TypeAlias = NDArray[np.int64]
_Label: TypeAlias = NDArray[np.int32]
_Real = TypeVar("_Real", np.float64, np.float32)
_Progress: TypeAlias = Callable[[int], object] | None

# bind_kernels.cpp
def instruction_set() -> str: ...
def available_instruction_sets() -> list[str]: ...
def force_instruction_set(name: str) -> None: ...

# bind_blas.cpp
def use_gemm(dgemm: int, sgemm: int) -> None: ...

# bind_threat.cpp
class Norm:
    one: ClassVar[Norm]
    two: ClassVar[Norm]
    infinity: ClassVar[Norm]
    def __init__(self, value: int) -> None: ...
    @property
    def name(self) -> str: ...
    @property
    def value(self) -> int: ...

class Threat:
    def __init__(
        self,
        norm: Norm,
        n_features: int,
        cost: _Float | None = None,
        lower: _Float | None = None,
        upper: _Float | None = None,
    ) -> None: ...

# bind_training_set.cpp
class TrainingSet:
    def __init__(
        self,
        X: _Float | NDArray[np.float32],
        y: _Label,
        n_classes: int,
        components: _Float | None = None,
        num_threads: int = 1,
        threat: Threat | None = None,
    ) -> None: ...
    @property
    def n_points(self) -> int: ...
    @property
    def n_features(self) -> int: ...

# bind_model.cpp
class Model:
    @staticmethod
    def load(path: str) -> Model: ...
    def save(self, path: str) -> None: ...
    def certified_radii(self, X: _Float) -> tuple[_Float, _Label]: ...
    def apply_scaling(self, X: _Float) -> _Float: ...

# bind_neighbors.cpp
def kneighbors(
    training: TrainingSet,
    X: _Float,
    n_neighbors: int,
    with_distances: bool,
    num_threads: int,
    progress: _Progress = None,
) -> tuple[_Float, _Index]: ...
def predict(
    training: TrainingSet,
    X: _Float,
    n_neighbors: int,
    num_threads: int,
    progress: _Progress = None,
) -> _Label: ...

# bind_certify.cpp
class DataChanges:
    def __init__(self, inserted: int = 0, deleted: int = 0, relabelled: int = 0) -> None: ...

def certified_radii(
    training: TrainingSet,
    X: _Float,
    y: _Label | None,
    n_neighbors: int,
    num_threads: int,
    with_evidence: bool = False,
    progress: _Progress = None,
    at: float = ...,
    lower: _Float | None = None,
    upper: _Float | None = None,
    changes: DataChanges = ...,
) -> tuple[_Float, _Label, dict[str, Any] | None]: ...

# bind_neighbor_certificates.cpp
def certified_radii_of_each(
    training: TrainingSet,
    X: _Float,
    y: _Label | None,
    n_neighbors: Sequence[int],
    num_threads: int,
    progress: _Progress = None,
) -> tuple[_Float, _Label]: ...
def neighbor_radii(
    training: TrainingSet,
    X: _Float,
    n_neighbors: int,
    num_threads: int,
    progress: _Progress = None,
) -> tuple[_Float, _Index]: ...

# bind_minimal_perturbation.cpp
def minimal_perturbations(
    training: TrainingSet,
    X: _Float,
    y: _Label | None,
    n_neighbors: int,
    time_limit: float,
    num_threads: int,
    with_evidence: bool = False,
    progress: _Progress = None,
    witness_precision: str | int | None = None,
    targets: _Label | None = None,
    lower: _Float | None = None,
    upper: _Float | None = None,
) -> dict[str, Any]: ...

# bind_embedding.cpp
def embed(
    points: NDArray[_Real],
    components: NDArray[_Real],
    num_threads: int = 1,
    progress: _Progress = None,
) -> NDArray[_Real]: ...

# bind_region_attack.cpp
def region_attacks(
    training: TrainingSet,
    X: _Float,
    n_neighbors: int,
    threat: Threat | None,
    n_regions: int,
    num_threads: int,
    progress: _Progress = None,
) -> _Float: ...

# bind_candidates.cpp
def find_candidates(
    embedded: _Rows,
    labels: _Label,
    anchors: _Index,
    k: int,
    num_threads: int = 1,
    progress: _Progress = None,
    leading: int = 0,
) -> tuple[_Index, _Index]: ...
def find_candidates_reference(
    embedded: _Float, labels: _Label, anchors: _Index, k: int
) -> tuple[_Index, _Index]: ...

# bind_deciding_pairs.cpp
def deciding_pairs(
    embedded: _Rows,
    normals: _Rows,
    anchors: _Index,
    own: _Index,
    other: _Index,
    near_rank: _Index,
    far_rank: _Index,
    dual_norm: Norm = ...,
    num_threads: int = 1,
    progress: _Progress = None,
) -> tuple[_Index, _Index]: ...
def deciding_pairs_reference(
    embedded: _Float,
    normals: _Float,
    anchors: _Index,
    own: _Index,
    other: _Index,
    near_rank: _Index,
    far_rank: _Index,
    dual_norm: Norm = ...,
) -> tuple[_Index, _Index]: ...

# bind_triplet_loss.cpp
class BoundLoss:
    linear: ClassVar[BoundLoss]
    hinge: ClassVar[BoundLoss]
    ramp: ClassVar[BoundLoss]
    def __init__(self, value: int) -> None: ...
    @property
    def name(self) -> str: ...
    @property
    def value(self) -> int: ...

def triplet_loss(
    points: _Rows,
    components: _Rows,
    anchor: _Index,
    near: _Index,
    far: _Index,
    kind: BoundLoss = ...,
    target: float = 0.0,
    dual_norm: Norm = ...,
    num_threads: int = 1,
    progress: _Progress = None,
) -> tuple[float, _Float, _Float]: ...
def triplet_loss_reference(
    points: _Float,
    components: _Float,
    anchor: _Index,
    near: _Index,
    far: _Index,
    kind: BoundLoss = ...,
    target: float = 0.0,
    dual_norm: Norm = ...,
) -> tuple[float, _Float, _Float]: ...

# bind_impostors.cpp
class ImpostorLists:
    @property
    def offsets(self) -> _Index: ...
    @property
    def rows(self) -> _Index: ...

def list_impostors(
    embedded: _Float,
    labels: _Label,
    anchors: _Index,
    reach: _Float,
    limit: int,
    num_threads: int = 1,
    progress: _Progress = None,
) -> ImpostorLists | None: ...

# bind_logdet_projections.cpp
def logdet_projections(
    differences: _Float,
    shorts: int,
    prior: _Float,
    short_bound: float,
    long_bound: float,
    gamma: float,
    max_sweeps: int,
    tolerance: float,
    progress: _Progress = None,
) -> tuple[_Float, int, float]: ...
def logdet_projections_reference(
    differences: _Float,
    shorts: int,
    prior: _Float,
    short_bound: float,
    long_bound: float,
    gamma: float,
    max_sweeps: int,
    tolerance: float,
) -> tuple[_Float, int, float]: ...

# bind_margin_loss.cpp
class MarginLoss:
    def __init__(
        self,
        points: _Float,
        labels: _Label,
        anchors: _Index,
        targets: _Index,
        pull_weight: float,
    ) -> None: ...
    def evaluate(self, components: _Float, num_threads: int = 1) -> tuple[float, _Float]: ...

def margin_loss_reference(
    points: _Float,
    labels: _Label,
    anchors: _Index,
    targets: _Index,
    pull_weight: float,
    components: _Float,
) -> tuple[float, _Float]: ...

# bind_prototype_loss.cpp
def prototype_loss(
    points: _Float,
    labels: _Label,
    prototypes: _Float,
    prototype_labels: _Label,
    components: _Float | None = None,
    kind: BoundLoss = ...,
    target: float = 0.0,
    dual_norm: Norm = ...,
    inverse_cost: _Float | None = None,
    candidates: tuple[int, int] = (5, 20),
    ranks: tuple[int, int] = (0, 0),
    with_components_gradient: bool = False,
    num_threads: int = 1,
    progress: _Progress = None,
) -> tuple[float, _Float, _Float | None, _Float]: ...
def prototype_loss_reference(
    points: _Float,
    labels: _Label,
    prototypes: _Float,
    prototype_labels: _Label,
    components: _Float | None = None,
    kind: BoundLoss = ...,
    target: float = 0.0,
    dual_norm: Norm = ...,
    inverse_cost: _Float | None = None,
    candidates: tuple[int, int] = (5, 20),
    ranks: tuple[int, int] = (0, 0),
    with_components_gradient: bool = False,
) -> tuple[float, _Float, _Float | None, _Float]: ...

# bind_reference.cpp
def kneighbors_reference(
    X: _Float, y: _Label, n_classes: int, components: _Float | None, Z: _Float, n_neighbors: int
) -> _Index: ...
def certified_radii_reference(
    X: _Float,
    y: _Label,
    n_classes: int,
    components: _Float | None,
    Z: _Float,
    n_neighbors: int,
    changes: DataChanges = ...,
) -> tuple[_Float, _Label]: ...
def neighbor_radii_reference(
    X: _Float, y: _Label, n_classes: int, components: _Float | None, Z: _Float, n_neighbors: int
) -> _Float: ...
def minimal_perturbations_reference(
    X: _Float,
    y: _Label,
    n_classes: int,
    components: _Float | None,
    Z: _Float,
    n_neighbors: int = 1,
) -> _Float: ...

# bind_sharding.cpp
def radius_support(
    training: TrainingSet,
    X: _Float,
    labels: _Label,
    n_neighbors: int,
    num_threads: int,
    progress: _Progress = None,
) -> tuple[_Float, _Index, _Index]: ...

# bind_c_api.cpp
_c_api: object

def training_address(training: TrainingSet) -> int: ...
