"""Scorers for scikit-learn's model selection: the share of points that are provably right."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.pipeline import Pipeline

from .._base.arrays import Floats
from .._base.validation import check_certified

_SPACES = ("input", "transformed")


@dataclass(frozen=True)
class CertifiedAccuracyScorer:
    """Callable ``scorer(estimator, X, y)``; see `certified_accuracy_scorer`."""

    radii: tuple[float, ...]
    exact: bool = False
    time_limit: float | None = None
    space: str = "input"

    def __call__(self, estimator: Any, X: ArrayLike, y: ArrayLike) -> float:
        """Return the certified accuracy of a fitted estimator, averaged over the radii."""
        estimator, X = self._classifier(estimator, X)
        if self.exact:
            certified = estimator.minimal_perturbation(X, y, time_limit=self.time_limit)
        else:
            certified = estimator.certify(X, y)
        error: Floats = certified.robust_error(self.radii)
        return 1.0 - float(error.mean())

    def _classifier(self, estimator: Any, X: ArrayLike) -> tuple[Any, ArrayLike]:
        if not isinstance(estimator, Pipeline) or len(estimator.steps) == 1:
            last = estimator.steps[-1][1] if isinstance(estimator, Pipeline) else estimator
            check_certified("estimator", last)
            return last, X
        if self.space == "input":
            raise ValueError(
                "estimator must be a classifier, not a Pipeline, whose radii are not lengths in its "
                "input: give the steps to the classifier instead, metric=make_pipeline(...), or ask "
                "for space='transformed'"
            )
        return self._classifier(estimator.steps[-1][1], estimator[:-1].transform(X))


def certified_accuracy_scorer(
    radius: float | ArrayLike,
    *,
    exact: bool = False,
    time_limit: float | None = None,
    space: str = "input",
) -> CertifiedAccuracyScorer:
    """Make a scorer for GridSearchCV and cross_val_score: 1 - certified robust error at a radius.

    Parameters
    ----------
    radius : float or (k,) array
        At least 0, in the units of X and of the classifier's threat model. With several radii the
        score is the mean over them.
    exact : bool, default False
        Score minimal perturbations (their proved lower ends) instead of the faster lower bounds.
    time_limit : float, optional
        Seconds per point for ``exact``. Scores then depend on the machine.
    space : "input" or "transformed", default "input"
        What to do with a Pipeline: refuse it, as the radii of its last step are lengths in the
        space that the other steps map to; or score these. Radii of grid points whose steps scale
        differently cannot be compared then.

    Returns
    -------
    callable
        ``scorer(estimator, X, y)``, the share of points that are classified as y and certified
        beyond the radius; higher is better. It can be pickled.

    Raises
    ------
    ValueError
        If a parameter is not of the form above.

    Examples
    --------
    >>> import robust_metric as rm
    >>> from sklearn.model_selection import GridSearchCV
    >>> X, _, y, _ = rm.datasets.load("iris")
    >>> grid = GridSearchCV(
    ...     rm.CertifiedKNeighborsClassifier(),
    ...     {"n_neighbors": [1, 5]},
    ...     scoring=rm.certified_accuracy_scorer(0.05),
    ... )
    >>> bool(0.5 < grid.fit(X, y).best_score_ <= 1.0)
    True
    """
    radii = np.atleast_1d(np.asarray(radius, dtype=np.float64))
    if radii.ndim != 1 or radii.size == 0 or not (radii >= 0.0).all():
        raise ValueError(f"radius must be a number of at least 0, or some of them, got {radius!r}")
    if space not in _SPACES:
        raise ValueError(f"space must be one of {', '.join(_SPACES)}, got {space!r}")
    return CertifiedAccuracyScorer(tuple(radii.tolist()), exact, time_limit, space)
