"""Let the attacks of foolbox and of the Adversarial Robustness Toolbox run on our classifiers.

Both libraries see the classifier as one that answers a row of ones and zeros per query. What they
find is judged by `judge`: in float64, by ``predict``, under a threat model of ours.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._base.arrays import Floats
from ..estimators.classifier import CertifiedKNeighborsClassifier
from ..threat import ThreatModel
from .target import AttackResult, collected, targeted


def judge(
    clf: CertifiedKNeighborsClassifier,
    X: ArrayLike,
    adversarial: ArrayLike,
    y: ArrayLike | None = None,
    threat: ThreatModel | None = None,
) -> AttackResult:
    """Say what perturbed queries from elsewhere are worth.

    Parameters
    ----------
    clf : CertifiedKNeighborsClassifier
        Fitted.
    X : (m, d) array
        Queries.
    adversarial : (m, d) array
        The same queries perturbed, of any float type.
    y, threat
        As for an `Attack`.

    Returns
    -------
    AttackResult
        Of the perturbations, clipped to what the threat model allows.

    Raises
    ------
    ValueError
        If ``adversarial`` has not the shape of X or is not finite, or as an `Attack` does.
    """
    target, label, right = targeted(clf, X, y, threat)
    moved = np.asarray(adversarial, dtype=np.float64)
    wanted = (len(label), target.X.shape[1])
    if moved.shape != wanted or not np.isfinite(moved).all():
        raise ValueError(
            f"adversarial must be finite numbers of the shape {wanted} of X, got {moved.shape}"
        )
    step = target.clip(moved[right] - target.X)
    return collected(target, step, target.fooled(step), label, right)


def art_classifier(clf: CertifiedKNeighborsClassifier, bounds: tuple[float, float]) -> Any:
    """Wrap a classifier for the black-box attacks of the Adversarial Robustness Toolbox.

    Parameters
    ----------
    clf : CertifiedKNeighborsClassifier
        Fitted.
    bounds : pair of float
        The range of the features, in which these attacks draw random points.

    Returns
    -------
    art.estimators.classification.BlackBoxClassifier
        Its classes are positions in ``clf.classes_``. ART hands it float32 numbers.

    Raises
    ------
    ImportError
        If ART is not installed.
    """
    try:
        from art.estimators.classification import BlackBoxClassifier
    except ImportError as error:
        raise _missing("adversarial-robustness-toolbox") from error
    return BlackBoxClassifier(
        lambda X: _votes(clf, X),
        input_shape=(clf.n_features_in_,),
        nb_classes=len(clf.classes_),
        clip_values=bounds,
    )


def foolbox_model(clf: CertifiedKNeighborsClassifier, bounds: tuple[float, float]) -> Any:
    """Wrap a classifier for the decision-based attacks of foolbox.

    Parameters
    ----------
    clf : CertifiedKNeighborsClassifier
        Fitted.
    bounds : pair of float
        The range of the features; foolbox's attacks keep to it.

    Returns
    -------
    foolbox.models.Model
        Takes and gives tensors of any framework that eagerpy knows. Its classes are positions in
        ``clf.classes_``.

    Raises
    ------
    ImportError
        If foolbox is not installed.
    """
    try:
        import eagerpy
        from foolbox.models import Model
        from foolbox.types import Bounds
    except ImportError as error:
        raise _missing("foolbox") from error

    class CertifiedModel(Model):
        @property
        def bounds(self) -> Any:
            return Bounds(*bounds)

        def __call__(self, inputs: Any) -> Any:
            tensor, restore = eagerpy.astensor_(inputs)
            votes = _votes(clf, np.asarray(tensor.numpy()))
            return restore(eagerpy.from_numpy(tensor, votes.astype(np.float32)))

    return CertifiedModel()


def _votes(clf: CertifiedKNeighborsClassifier, X: NDArray[Any]) -> Floats:
    """One for the class predicted, zero for the others: (m, c)."""
    label = clf.predict(np.asarray(X, dtype=np.float64))
    votes: Floats = (label[:, None] == clf.classes_).astype(np.float64)
    return votes


def _missing(package: str) -> ImportError:
    return ImportError(
        f"{package} is not installed; install it with: pip install 'robust-metric[attacks]'"
    )
