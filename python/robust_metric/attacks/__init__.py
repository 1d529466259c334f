"""Attacks: adversarial examples of certified classifiers, upper bounds to set beside certificates.

Each attack is a small object with one interface, ``attack(clf, X, y, threat)``, for every
fitted `CertifiedKNeighborsClassifier` and every `ThreatModel`; see ``docs/attacks.md``.
"""

from .adapters import art_classifier, foolbox_model, judge
from .base import Attack
from .boundary import BoundaryAttack
from .gradient import GradientAttack
from .region import RegionAttack
from .target import AttackResult

__all__ = [
    "Attack",
    "AttackResult",
    "BoundaryAttack",
    "GradientAttack",
    "RegionAttack",
    "art_classifier",
    "foolbox_model",
    "judge",
]
