"""The interface of all attacks: how they start and how they end."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np
from numpy.typing import ArrayLike

from .._base.arrays import Floats, Mask
from ..estimators.classifier import CertifiedKNeighborsClassifier
from ..threat import ThreatModel
from .refine import refine
from .target import AttackResult, Target, collected, targeted


class Attack(ABC):
    """One attack; call it with a classifier and queries."""

    def __call__(
        self,
        clf: CertifiedKNeighborsClassifier,
        X: ArrayLike,
        y: ArrayLike | None = None,
        threat: ThreatModel | None = None,
    ) -> AttackResult:
        """Search for cheap perturbations that change the class.

        Parameters
        ----------
        clf : CertifiedKNeighborsClassifier
            Fitted.
        X : (m, d) array
        y : (m,) array, optional
            True classes; a row whose prediction differs needs no perturbation. Without them the
            predictions are attacked.
        threat : ThreatModel, optional
            What a perturbation costs and where it may lead; by default the classifier's.

        Returns
        -------
        AttackResult

        Raises
        ------
        TypeError
            If clf is not one of our classifiers.
        ValueError
            If X or y have the wrong shape, X is not finite, or X is outside the bounds of the
            threat model, which is not asked to clip it.
        """
        target, label, right = targeted(clf, X, y, threat)
        # huge queries may overflow on the way; whether the result is adversarial is asked of the classifier
        with np.errstate(all="ignore"):
            step, found = self._attacked(target)
            return collected(target, step, found, label, right)

    def _attacked(self, target: Target) -> tuple[Floats, Mask]:
        step, found = np.zeros_like(target.X), np.zeros(len(target), dtype=np.bool_)
        if len(target):
            step = target.clip(self._run(target))
            found = target.fooled(step)
            if not found.all():  # what failed falls back to where it may start
                step[~found], found[~found] = target.take(~found).starts()
            step[found] = refine(target.take(found), step[found])
        return step, found

    @abstractmethod
    def _run(self, target: Target) -> Floats:
        """Return perturbations (m, d); where one does not change the class, a start replaces it."""
