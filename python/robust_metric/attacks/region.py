"""The region attack: projections onto nearby regions of another class."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .. import _core
from .._base.arrays import Floats
from .._base.progress import progress_of_call
from .._base.runtime import single_threaded_blas
from .._base.validation import check_positive
from ..fitted import core_threat
from .base import Attack
from .target import Target


@dataclass(frozen=True)
class RegionAttack(Attack):
    """Project the query onto regions in which other classes win the vote.

    Around every choice of points that enter the K nearest, and of own-class points that stay, lies
    a polyhedron where the class changes. From several near choices the query is projected onto
    the polyhedron, the choice is made anew from the points that are nearest there, and so on; then
    single points of the best choice are swapped.

    Parameters
    ----------
    n_regions : int, default 16
        Other-class points that are started from.

    References
    ----------
    Yang, Rashtchian, Wang, Chaudhuri, "Robustness for Non-Parametric Classification: A Generic
    Attack and Defense", AISTATS 2020. Theirs enumerates regions; this one searches among them.
    """

    n_regions: int = 16

    def __post_init__(self) -> None:
        check_positive("n_regions", self.n_regions)

    def _run(self, target: Target) -> Floats:
        view = target.clf.fitted_view()
        with single_threaded_blas(), progress_of_call(len(target), "region attack") as told:
            return _core.region_attacks(
                view.prepared,
                np.ascontiguousarray(target.X),
                view.n_neighbors,
                core_threat(target.threat, target.X.shape[1]),
                self.n_regions,
                view.threads,
                progress=told,
            )
