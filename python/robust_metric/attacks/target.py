"""What is attacked and what comes of it: queries with what may be done to them, and the result."""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._base.arrays import Floats, Indices, Mask
from .._base.frozen import FrozenArrays
from .._base.validation import LARGEST_VALUE, check_certified, checked_queries, encode_labels
from ..estimators.classifier import CertifiedKNeighborsClassifier
from ..results.robust_error import certified_robust_error
from ..results.summaries import Described, Facts, describe_counts, describe_radii, numbered
from ..results.tabular import Tabular
from ..threat import ThreatModel

_NEAR = 256  # neighbours among which a start is looked for first


@dataclass(frozen=True, eq=False, repr=False)
class AttackResult(FrozenArrays, Described, Tabular):
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
    success: Mask
    label: NDArray[Any]
    adversarial_label: NDArray[Any]

    def __len__(self) -> int:
        """Return the number of queries."""
        return len(self.costs)

    def _facts(self) -> tuple[str, Facts]:
        return f"Attacks on {numbered(self.costs, 'predictions')}", [
            ("succeeded", f"{int(np.sum(self.success))}"),
            ("cost", describe_radii(self.costs)),
            ("label", describe_counts(self.label)),
            ("adversarial", describe_counts(self.adversarial_label)),
        ]

    def _columns(self) -> dict[str, NDArray[Any]]:
        names = ("label", "adversarial_label", "costs", "success")
        return {name: getattr(self, name) for name in names}

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
        """Perturbations that the threat model allows, 0 where a search came to infinity or NaN."""
        room = LARGEST_VALUE - np.abs(self.X)
        finite = np.where(np.isfinite(perturbations), perturbations, 0.0)
        return self.threat.clip(self.X, np.clip(finite, -room, room))

    def fooled(self, perturbations: Floats) -> Mask:
        """Whether the classifier's answer changes at ``X + perturbations``: (m,) bool."""
        if len(self.X) == 0:
            return np.zeros(0, dtype=np.bool_)
        changed: Mask = self.clf.predict(self.X + perturbations) != self.label
        return changed

    def cost(self, perturbations: Floats) -> Floats:
        """Cost of what is really added in float64, rounded up: (m,) float64."""
        added = (self.X + perturbations) - self.X  # the subtraction may round
        outward = np.nextafter(added, np.copysign(np.inf, added))
        return self.threat.cost(np.where(added == 0.0, 0.0, outward))

    def starts(self) -> tuple[Floats, Mask]:
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

    def _starting_points(self, near: Indices) -> Iterator[Floats]:
        """Points where an attack on the single query may start, the likely ones first."""
        view = self.clf.fitted_view()
        for rows in (near, np.arange(len(view.labels))):
            other = rows[view.classes[view.labels[rows]] != self.label[0]]
            yield view.points[other].astype(np.float64)
        codes = np.flatnonzero(view.classes != self.label[0])
        means = [view.points[view.labels == c].mean(axis=0, dtype=np.float64) for c in codes]
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


def collected(
    target: Target,
    step: Floats,
    found: Mask,
    label: NDArray[Any],
    right: Mask,
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
) -> tuple[Target, NDArray[Any], Mask]:
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
    check_certified("clf", clf)
    clf = copy.copy(clf)  # which no other thread can fit meanwhile
    view = clf.fitted_view()
    names = getattr(clf, "feature_names_in_", None)
    threat = view.threat if threat is None else threat.for_features(view.points.shape[1], names)
    queries = threat.admit(checked_queries(clf, X))
    clf.__dict__.pop("feature_names_in_", None)  # from here on it is asked about arrays
    truth = encode_labels(y, clf.classes_, len(queries))
    label = clf.predict(queries)
    right = np.ones(len(queries), dtype=np.bool_)
    if truth is not None:  # -1, a class that training never saw, is predicted nowhere
        right = (truth >= 0) & (clf.classes_[truth] == label)
    return Target(clf, threat, queries[right], label[right]), label, right


def generators(target: Target, seed: int) -> list[np.random.Generator]:
    """One generator a query, from its coordinates: answers do not depend on the batch."""
    digests = (hashlib.blake2b(row.tobytes(), digest_size=8).digest() for row in target.X)
    return [np.random.default_rng([seed, int.from_bytes(digest)]) for digest in digests]
