"""What every learner of a Mahalanobis metric offers once it is fitted, and rows of components."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils.validation import check_array, check_is_fitted

from .._base.arrays import Floats
from .._base.exact_input import check_exact
from .._base.frozen import FrozenAttributes
from .._base.states import sees_one_state
from .._base.validation import validated


class MahalanobisMixin(FrozenAttributes, ClassNamePrefixFeaturesOutMixin, TransformerMixin):
    """Methods of a learner that ``fit`` gives ``components_``, the (r, d) matrix L.

    Names and meanings are those of metric-learn.
    """

    components_: Floats
    n_features_in_: int

    @sees_one_state
    def transform(self, X: ArrayLike) -> Floats:
        """Map points so that their Euclidean distances are those of the metric.

        Parameters
        ----------
        X : (n, d) array of finite numbers

        Returns
        -------
        (n, r) float64
            ``X @ components_.T``

        Raises
        ------
        ValueError
            If X is malformed or has another number of features than the fit had.
        """
        check_is_fitted(self)
        data = validated(self, X, dtype=np.float64, reset=False)
        embedded: Floats = data @ self.components_.T
        return embedded

    def get_mahalanobis_matrix(self) -> Floats:
        """Return M = LᵀL, (d, d)."""
        check_is_fitted(self)
        matrix: Floats = self.components_.T @ self.components_
        return matrix

    @sees_one_state
    def pair_distance(self, pairs: ArrayLike) -> Floats:
        """Distances ``‖L(a - b)‖`` of pairs of points.

        Parameters
        ----------
        pairs : (n, 2, d) array of finite numbers

        Returns
        -------
        (n,) float64

        Raises
        ------
        ValueError
            If pairs is of another shape.
        """
        check_is_fitted(self)
        check_exact(pairs, "pairs")
        points = check_array(pairs, dtype=np.float64, allow_nd=True, ensure_2d=False)
        wanted = (2, self.n_features_in_)
        if points.ndim != 3 or points.shape[1:] != wanted:
            raise ValueError(f"pairs must have shape (n, 2, {wanted[1]}), got {points.shape}")
        difference = (points[:, 0] - points[:, 1]) @ self.components_.T
        distance: Floats = np.linalg.norm(difference, axis=1)
        return distance

    def pair_score(self, pairs: ArrayLike) -> Floats:
        """Similarities of pairs of points: minus their `pair_distance`, (n,)."""
        return -self.pair_distance(pairs)

    def get_metric(self) -> Callable[[ArrayLike, ArrayLike], float]:
        """Return the metric as a function of two (d,) points, as scikit-learn's ``metric`` takes."""
        check_is_fitted(self)
        components = self.components_.copy()

        def distance(u: ArrayLike, v: ArrayLike) -> float:
            return float(np.linalg.norm(components @ (np.asarray(u) - np.asarray(v))))

        return distance

    @property
    def _n_features_out(self) -> int:
        return int(self.components_.shape[0])

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        return tags


def with_signs(rows: Floats) -> Floats:
    """Turn rows so that the largest entry of each is positive: eigenvectors have no sign."""
    largest = np.abs(rows).argmax(axis=1)
    signs = np.where(rows[np.arange(len(rows)), largest] < 0.0, -1.0, 1.0)
    turned: Floats = np.ascontiguousarray(rows * signs[:, np.newaxis])
    return turned
