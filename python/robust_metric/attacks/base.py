"""What all attacks share: their interface, their result, how they start and how they end."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..classifier import CertifiedKNeighborsClassifier
from ..report import certified_robust_error
from ..threat import ThreatModel
from ..validation import LARGEST_VALUE, encode_labels
from .refine import refine

Floats = NDArray[np.float64]

_NEAR = 256  # neighbours among which a start is looked for first


@dataclass(frozen=True)
class AttackResult:
    """Adversarial examples of m queries.

    Parameters
    ----------
    perturbations : (m, d) float64
        ``X + perturbations``, in float64, is what the classifier was run on (X moved into the
        bounds, where the threat model asks for it). Zeros where the query is misclassified
        already, and where the attack failed.
    costs : (m,) float64
        Cost of moving to that point under the threat model, rounded up: an upper bound of the
        minimal adversarial perturbation. 0 where misclassified, inf where the attack failed.
    success : (m,) bool
        Whether the point is classified other than it should be; True where misclassified.
    label : (m,) array
        The class predicted for the query.
    adversarial_label : (m,) array
        The class predicted for the perturbed query.
    """

    perturbations: Floats
    costs: Floats
    success: NDArray[np.bool_]
    label: NDArray[Any]
    adversarial_label: NDArray[Any]

    def __len__(self) -> int:
        """Return the number of queries."""
        return len(self.costs)

    def robust_error(self, radii: ArrayLike) -> Floats:
        """Empirical robust error at each radius: the share of queries with cost <= r, (k,) float64.

        A lower bound of the robust error, as the certified robust error is an upper bound.
        """
        return certified_robust_error(self.costs, radii)


@dataclass(frozen=True)
class Target:
    """Queries that are classified as they should be, and what may be done to them.

    Parameters
    ----------
    clf : CertifiedKNeighborsClassifier
    threat : ThreatModel
    X : (m, d) float64
    label : (m,) array
        The prediction, which is to change.
    """

    clf: CertifiedKNeighborsClassifier
    threat: ThreatModel
    X: Floats
    label: NDArray[Any]

    def __len__(self) -> int:
        """Return the number of queries."""
        return len(self.X)

    def take(self, rows: NDArray[Any]) -> Target:
        """Return the target of some of the queries."""
        return Target(self.clf, self.threat, self.X[rows], self.label[rows])

    def clip(self, perturbations: Floats) -> Floats:
        """Perturbations that the threat model allows; none where a search lost its numbers."""
        room = LARGEST_VALUE - np.abs(self.X)
        finite = np.where(np.isfinite(perturbations), perturbations, 0.0)
        return self.threat.clip(self.X, np.clip(finite, -room, room))

    def fooled(self, perturbations: Floats) -> NDArray[np.bool_]:
        """Whether the classifier's answer changes at ``X + perturbations``: (m,) bool."""
        if len(self.X) == 0:
            return np.zeros(0, dtype=np.bool_)
        changed: NDArray[np.bool_] = self.clf.predict(self.X + perturbations) != self.label
        return changed

    def cost(self, perturbations: Floats) -> Floats:
        """Cost of what is really added in float64, rounded up: (m,) float64."""
        added = (self.X + perturbations) - self.X  # the subtraction may round
        outward = np.nextafter(added, np.copysign(np.inf, added))
        return self.threat.cost(np.where(added == 0.0, 0.0, outward))

    def starts(self) -> tuple[Floats, NDArray[np.bool_]]:
        """Perturbations from which an attack can begin, and whether there is one: (m, d), (m,).

        The training point of another class that costs least to reach, as far as the threat model
        lets the query go there, and that the classifier answers differently. The nearest
        neighbours are tried first; then all points; and where none will do (duplicates, frozen
        features, a box, or a K so large that single points do not matter), the means of classes.
        """
        perturbations, found = np.zeros_like(self.X), np.zeros(len(self), dtype=np.bool_)
        near = self.clf.kneighbors(self.X, min(_NEAR, self.clf.n_samples_fit_), False)
        for i in range(len(self)):
            one = self.take(np.array([i]))
            for points in one._starting_points(near[i]):
                step = one._first_fooled(points)
                if step is not None:
                    perturbations[i], found[i] = step, True
                    break
        return perturbations, found

    def _starting_points(self, near: NDArray[np.int64]) -> Iterator[Floats]:
        """Where the only query may start, the likely places first."""
        clf = self.clf
        for rows in (near, np.arange(len(clf._y))):
            other = rows[clf.classes_[clf._y[rows]] != self.label[0]]
            yield clf._X[other].astype(np.float64)
        codes = np.flatnonzero(clf.classes_ != self.label[0])
        means = [clf._X[clf._y == c].mean(axis=0, dtype=np.float64) for c in codes]
        yield np.reshape(means, (len(codes), self.X.shape[1]))

    def _first_fooled(self, points: Floats) -> Floats | None:
        steps = self.threat.clip(np.broadcast_to(self.X, points.shape), points - self.X)
        order = np.argsort(self.threat.cost(steps), kind="stable")
        first, count = 0, 4
        while first < len(order):
            tried = steps[order[first : first + count]]
            fooled = self.take(np.zeros(len(tried), dtype=np.intp)).fooled(tried)
            if fooled.any():
                best: Floats = tried[np.argmax(fooled)]
                return best
            first, count = first + count, min(8 * count, 2048)
        return None


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
        ValueError
            If X or y have the wrong shape, X is not finite, or X is outside the bounds of the
            threat model, which is not asked to clip it.
        """
        target, label, right = targeted(clf, X, y, threat)
        # numbers of extreme size may leave the range of float64; the classifier decides what they are worth
        with np.errstate(all="ignore"):
            step, found = self._attacked(target)
            return collected(target, step, found, label, right)

    def _attacked(self, target: Target) -> tuple[Floats, NDArray[np.bool_]]:
        step, found = np.zeros_like(target.X), np.zeros(len(target), dtype=np.bool_)
        if len(target):
            step = target.clip(self._run(target))
            found = target.fooled(step)
            if not found.all():  # never without a start
                step[~found], found[~found] = target.take(~found).starts()
            step[found] = refine(target.take(found), step[found])
        return step, found

    @abstractmethod
    def _run(self, target: Target) -> Floats:
        """Return perturbations (m, d); where one does not change the class, a start replaces it."""


def collected(
    target: Target,
    step: Floats,
    found: NDArray[np.bool_],
    label: NDArray[Any],
    right: NDArray[np.bool_],
) -> AttackResult:
    """Put the rows that were attacked back among those that are misclassified anyway."""
    step = np.where(found[:, None], step, 0.0)
    perturbations = np.zeros((len(right), step.shape[1]))
    costs, success, adversarial = np.zeros(len(right)), ~right, label.copy()
    perturbations[right], success[right] = step, found
    costs[right] = np.where(found, target.cost(step), np.inf)
    if len(target):
        adversarial[right] = target.clf.predict(target.X + step)
    return AttackResult(perturbations, costs, success, label, adversarial)


def targeted(
    clf: CertifiedKNeighborsClassifier,
    X: ArrayLike,
    y: ArrayLike | None,
    threat: ThreatModel | None,
) -> tuple[Target, NDArray[Any], NDArray[np.bool_]]:
    """Check what an attack is given.

    Returns
    -------
    target : Target
        Of the queries that are classified as they should be.
    label : (m,) array
        The prediction of every query.
    right : (m,) bool
        Which of them the target holds: all, without y.
    """
    threat = clf._threat() if threat is None else threat
    queries = threat.admit(clf._check_queries(X))
    truth = encode_labels(y, clf.classes_, len(queries))
    threat.frozen(queries.shape[1])  # feature_cost must fit
    label = clf.predict(queries)
    right = np.ones(len(queries), dtype=np.bool_)
    if truth is not None:  # -1, a class that training never saw, is predicted nowhere
        right = (truth >= 0) & (clf.classes_[truth] == label)
    return Target(clf, threat, queries[right], label[right]), label, right


def generators(target: Target, seed: int) -> list[np.random.Generator]:
    """One generator a query, from its coordinates: answers do not depend on the batch."""
    digests = (hashlib.blake2b(row.tobytes(), digest_size=8).digest() for row in target.X)
    return [np.random.default_rng([seed, int.from_bytes(digest)]) for digest in digests]


def check_positive(**values: float) -> None:
    """Raise ValueError where a setting is not positive."""
    for name, value in values.items():
        if not value > 0:
            raise ValueError(f"{name} must be positive, got {value!r}")
