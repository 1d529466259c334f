"""A certified nearest-neighbour rule on few points that are learned."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.multiclass import check_classification_targets

from .._base.arrays import Floats
from .._base.frozen import frozen
from .._base.runtime import single_threaded_blas
from .._base.states import changes_at_once
from .._base.validation import (
    check_components,
    check_count,
    check_fraction,
    check_learnable_size,
    check_positive,
    checked_weights,
    encode_labels,
    validated,
)
from ..data_changes import DataChanges
from ..learners.prototypes.settings import TrainingState
from ..learners.prototypes.start import given_start, prototype_counts, without_weightless
from ..learners.prototypes.steps import PrototypeSteps
from ..learners.prototypes.training import OnlineTrainer, Start, Trainer
from ..threat import ThreatModel
from .base import is_euclidean
from .classifier import CertifiedKNeighborsClassifier

_LOSSES = ("hinge", "ramp", "linear")


class CertifiedPrototypeClassifier(CertifiedKNeighborsClassifier):
    """Certified K-nearest-neighbour vote on learned prototypes.

    Prototypes, and optionally the metric, are learned by maximising the half-space bound that
    certifies the training points. The fitted classifier is a `CertifiedKNeighborsClassifier` whose
    training points are the prototypes: ``certify``, ``minimal_perturbation`` and all else work as
    there, at the cost of a small training set.

    Parameters
    ----------
    n_prototypes : int or dict of class label to int, default 20
        Prototypes of each class, or of each by itself; a class with fewer points gets as many as it
        has points. Sets of a thousand points want two or three.
    metric : None, "learn", (r, d) array, or metric learner, default None
        None is the Euclidean metric; "learn" learns L (d × d) with the prototypes, starting from
        the Euclidean metric; components, or a learner as in `CertifiedKNeighborsClassifier`, are
        kept while the prototypes are learned.
    threat : ThreatModel, optional
        What perturbations are counted. Its norm and feature costs are trained for, its bounds are
        not (they only make certified radii larger).
    n_neighbors : int, default 1
        K.
    target_radius : float, optional
        Radius in units of the cost beyond which a training point pays nothing. Larger values trade
        clean error for certified error at large radii. None derives it from the data, see Notes.
    loss : {"hinge", "ramp", "linear"}, default "hinge"
        What a training point of (signed) bound ε pays: ``max(0, target_radius - ε)`` for "hinge";
        the same, but at most ``target_radius``, for "ramp", so that misclassified points do not
        pull; ``-ε`` for "linear". The mean ramp loss is ``target_radius`` times the certified robust
        error averaged over the radii from 0 to ``target_radius``.
    max_iter : int, default 1000
        Gradient steps.
    batch_size : int, default 512
        Training points of a step, at most all.
    learning_rate : float, optional
        First step length of Adam, in units of the features; it falls to 0 along a cosine. None is
        0.1 times the features' root mean square deviation from their means.
    prototype_bounds : pair of float or (d,) arrays, optional
        Lower and upper bounds that prototypes keep.
    n_directions : int, optional
        Keep the prototypes to the span of so many principal directions of the training points,
        around their mean. For points of hundreds of features this makes training cheaper by the
        share of directions, at little cost in certified error; the rule stays the Euclidean one.
        It needs the 2-norm without feature costs, ``metric=None`` and no ``prototype_bounds``.
    transformations : "image-warps", (m, d, d) array or sequence, optional
        Linear maps through which each prototype is copied, so that a class has m + 1 times
        ``n_prototypes`` points; gradients go through them. A sequence holds matrices, sparse ones,
        or linear functions of (m, d) rows. "image-warps" are four, for square images row by row:
        turned by ± 8°, sheared by ± .08. Not with ``prototype_bounds``, which copies would not keep.
    augment : callable, optional
        ``augment(X, random_state)`` returns a batch (m, d) randomly transformed, in a new array;
        called on each batch with a ``numpy.random.RandomState``.
    early_stopping : bool, default False
        Hold out ``validation_fraction`` of the training points, keep the state with the smallest
        certified robust error on them, and stop where it no longer falls.
    validation_fraction : float, default 0.1
    callback : callable, optional
        ``callback(state)`` is called after each step of ``fit`` with a `TrainingState` (``n_iter``,
        ``loss``, ``prototypes``, ``components``); returning True ends training.
    warm_start : bool, default False
        ``fit`` starts from the prototypes (and with ``metric="learn"`` from the L) of the fit
        before it, adding prototypes to classes that have fewer than ``n_prototypes``.
    random_state : int, RandomState or None, default 0
        With an int, fits on the same data are alike bit for bit, for a given BLAS.
    n_jobs : int, optional
        Threads; None is all cores, or ``OMP_NUM_THREADS``. The result does not depend on it.
    verbose : int, default 0
        Anything above 0 shows a progress bar on standard error.
    initial_prototypes : pair of (k, d) array and (k,) array of class labels, optional
        Prototypes to start from, in place of k-means centres; classes that have fewer than
        ``n_prototypes`` get the rest from these.
    class_weight : dict of class label to float, "balanced" or None, default None
        What points of a class count, as in scikit-learn; "balanced" gives all classes the same.

    Attributes
    ----------
    prototypes_ : (n, d) float64
    prototype_labels_ : (n,) array
    n_learned_ : int
        The first rows of ``prototypes_``, which were learned; behind them their copies, map by map.
    components_ : (r, d) float64, or None
        L; learned ones are scaled to r as the sum of squares.
    target_radius_ : float
        The target that was trained for.
    loss_curve_ : list of float
        Mean loss of every gradient step, in units of the cost.
    validation_curve_ : list of float
        With early stopping, certified robust error averaged over the radii up to the target.
    n_iter_ : int
        Gradient steps done.
    classes_, n_features_in_, n_samples_fit_
        As for `CertifiedKNeighborsClassifier`; ``n_samples_fit_`` is the number of prototypes.

    Notes
    -----
    Initial prototypes are the k-means centres of each class. The target derived from the data is
    1.5 times the median bound of the training points against these, or .75 times the median of its
    size where that is more: centres may misclassify half of the points. ``fit`` and ``partial_fit``
    warn (ConvergenceWarning) where their steps leave every prototype in its place. Loss, gradient
    and measurements: ``docs/prototypes.md``.

    References
    ----------
    Saralajew, Holdijk, Villmann, "Fast Adversarial Robustness Certification of Nearest Prototype
    Classifiers for Arbitrary Seminorms", NeurIPS 2020. Voráček, Hein, "Provably Adversarially Robust
    Nearest Prototype Classifiers", ICML 2022.

    Examples
    --------
    >>> import robust_metric as rm
    >>> X_train, X_test, y_train, y_test = rm.datasets.load("iris")
    >>> clf = rm.CertifiedPrototypeClassifier(n_prototypes=2, max_iter=100).fit(X_train, y_train)
    >>> clf.prototypes_.shape
    (6, 4)
    >>> clf.minimal_perturbation(X_test).lower.shape
    (38,)
    """

    def __init__(
        self,
        n_prototypes: int | Mapping[Any, int] = 20,
        metric: Any = None,
        threat: ThreatModel | None = None,
        n_neighbors: int = 1,
        target_radius: float | None = None,
        loss: str = "hinge",
        max_iter: int = 1000,
        batch_size: int = 512,
        learning_rate: float | None = None,
        prototype_bounds: Any = None,
        n_directions: int | None = None,
        augment: Callable[[Floats, np.random.RandomState], ArrayLike] | None = None,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        callback: Callable[[TrainingState], Any] | None = None,
        warm_start: bool = False,
        random_state: int | np.random.RandomState | None = 0,
        n_jobs: int | None = None,
        verbose: int = 0,
        initial_prototypes: Any = None,
        class_weight: Any = None,
        transformations: Any = None,
    ) -> None:
        super().__init__(n_neighbors, metric, threat, n_jobs)
        self.n_prototypes = n_prototypes
        self.target_radius = target_radius
        self.loss = loss
        self.max_iter = max_iter
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.prototype_bounds = prototype_bounds
        self.n_directions = n_directions
        self.augment = augment
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.callback = callback
        self.warm_start = warm_start
        self.random_state = random_state
        self.verbose = verbose
        self.initial_prototypes = initial_prototypes
        self.class_weight = class_weight
        self.transformations = transformations

    @changes_at_once
    def fit(
        self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> CertifiedPrototypeClassifier:
        """Learn prototypes, and the metric where ``metric="learn"``.

        Parameters
        ----------
        X : (n, d) array of finite numbers
        y : (n,) array of class labels
        sample_weight : (n,) array, optional
            How much each point counts, beside ``class_weight``: in k-means, and as how often it comes
            in steps. Points of weight 0 are left out; those held out for early stopping count alike.

        Raises
        ------
        ValueError
            If X, y or weights are malformed, a parameter is out of range, or ``augment`` returns
            another shape.
        """
        warm = self.warm_start and hasattr(self, "classes_")
        data, targets = validated(self, X, y, dtype=np.float64, order="C", reset=not warm)
        check_classification_targets(targets)
        self._check_parameters(data)
        classes, labels = np.unique(targets, return_inverse=True)
        if warm and not np.array_equal(classes, self.classes_):
            raise ValueError(
                f"y must have the classes of the fit before, {self.classes_}, for warm_start, "
                f"got {classes}"
            )
        weights = checked_weights(sample_weight, self.class_weight, targets)
        if weights is not None:
            data, labels, targets, weights = without_weightless(data, labels, targets, weights)
        components = self._start_components(data, targets, warm)
        start = (
            self._present()
            if warm
            else given_start(self.initial_prototypes, classes, data.shape[1])
        )
        counts = prototype_counts(self.n_prototypes, classes)
        trainer = Trainer(self, data, labels.astype(np.int32), components, counts, start, weights)
        self.n_samples_fit_ = len(trainer.steps.all_labels)
        self._check_n_neighbors()  # before training in vain
        with single_threaded_blas():
            trainer.run()
        self._take(trainer.steps, classes)
        self.validation_curve_ = trainer.validations
        self._online: OnlineTrainer | None = None
        return self

    @changes_at_once
    def partial_fit(
        self, X: ArrayLike, y: ArrayLike, classes: ArrayLike | None = None
    ) -> CertifiedPrototypeClassifier:
        """Learn from one more batch of training points, for data that come bit by bit.

        Classes that have fewer than ``n_prototypes`` prototypes get more from the points of this
        call; then one pass is made over the points, in steps of at most ``batch_size``, with a step
        length that falls with the square root of the number of steps. ``target_radius`` and
        ``learning_rate``, where not given, come from the first call, so let that one be of some
        hundred points. After ``fit``, or on a loaded model, training goes on from its prototypes.
        ``max_iter`` and ``callback`` are not used.

        Parameters
        ----------
        X : (n, d) array of finite numbers
        y : (n,) array of class labels
        classes : array, optional
            All classes that will ever come; needed by the first call.

        Raises
        ------
        ValueError
            As `fit` does; also if the first call has no ``classes``, y has a label that is not
            among the classes, there are fewer than ``n_neighbors`` prototypes, or
            ``early_stopping`` or ``n_directions`` is asked for, which need all data at once.
        """
        if self.early_stopping:
            raise ValueError("early_stopping must be False for partial_fit, got True; use fit")
        if self.n_directions is not None:
            raise ValueError(
                f"n_directions must be None for partial_fit, got {self.n_directions}; use fit"
            )
        fitted = hasattr(self, "classes_")
        data, targets = validated(self, X, y, dtype=np.float64, order="C", reset=not fitted)
        check_classification_targets(targets)
        self._check_parameters(data)
        known = self._known_classes(classes)
        labels = encode_labels(targets, known, len(data))
        if labels is None or labels.min() < 0:
            raise ValueError(f"y must hold labels among classes {known}, got {np.unique(targets)}")
        online: OnlineTrainer | None = getattr(self, "_online", None)
        if online is None:
            components = self._start_components(data, targets, fitted)
            start = (
                self._present()
                if fitted
                else given_start(self.initial_prototypes, known, data.shape[1])
            )
            online = OnlineTrainer(self, data, components, start)
        with single_threaded_blas():
            online.learn(
                data, labels.astype(np.int32), self, prototype_counts(self.n_prototypes, known)
            )
        self._take(online.steps, known)
        self._online = online
        return self

    @property
    def prototypes_(self) -> NDArray[Any]:
        """(n, d) learned points."""
        return self._fitted.points

    @property
    def prototype_labels_(self) -> NDArray[Any]:
        """(n,) class of each prototype."""
        view = self._fitted
        return frozen(view.classes[view.labels])

    def _take(self, steps: PrototypeSteps, classes: NDArray[Any]) -> None:
        self.target_radius_ = steps.target_in_caller_units
        self.loss_curve_ = list(steps.losses)
        self.n_iter_ = len(steps.losses)
        self.n_learned_ = len(steps.labels)
        self._take_over(
            steps.prototypes_in_caller_units,
            steps.all_labels.astype(np.int64),
            classes,
            steps.components,
        )

    def _present(self) -> Start:
        learned, view = slice(getattr(self, "n_learned_", None)), self._fitted
        return view.points[learned].astype(np.float64), view.labels[learned].astype(np.int32)

    def _known_classes(self, classes: ArrayLike | None) -> NDArray[Any]:
        fitted = hasattr(self, "classes_")
        if classes is None:
            if not fitted:
                raise ValueError("classes must be given to the first call of partial_fit, got None")
            return self.classes_
        given = np.unique(np.asarray(classes))
        if fitted and not np.array_equal(given, self.classes_):
            raise ValueError(
                f"classes must be those of the calls before, {self.classes_}, got {given}"
            )
        return given

    def _start_components(self, X: Floats, y: NDArray[Any], warm: bool) -> Floats | None:
        if isinstance(self.metric, str) and not is_euclidean(self.metric):
            if self.metric != "learn":
                raise ValueError(
                    'metric must be None, "learn", an (r, d) array of components, or a metric '
                    f"learner, got {self.metric!r}"
                )
            present = self.components_ if warm else None
            return np.eye(X.shape[1]) if present is None else np.array(present)
        components = self._learn_components(X, y)
        return None if components is None else check_components(components, X.shape[1])

    def _check_data_changes(self, changes: DataChanges, k: int) -> None:
        raise ValueError(
            "data_changes must be None for learned prototypes, which one training point may move "
            f"all of; got {changes!r}"
        )

    def _check_parameters(self, X: Floats) -> None:
        if not isinstance(self.n_prototypes, Mapping):
            check_count("n_prototypes", self.n_prototypes)
        for name in ("max_iter", "batch_size", "n_neighbors"):
            check_count(name, getattr(self, name))
        for name in ("target_radius", "learning_rate"):
            check_positive(name, getattr(self, name), optional=True)
        if self.loss not in _LOSSES:
            raise ValueError(f"loss must be one of {_LOSSES}, got {self.loss!r}")
        check_fraction("validation_fraction", self.validation_fraction)
        self._checked_threat()
        check_learnable_size(X)
        self._check_n_directions(X.shape[1])

    def _check_n_directions(self, d: int) -> None:
        r = self.n_directions
        if r is None:
            return
        check_count("n_directions", r)
        if r > d:
            raise ValueError(f"n_directions must be at most the number of features, {d}, got {r}")
        threat = self._checked_threat()
        # in other cases the bound's divisor is not a function of the coordinates along the directions
        if not is_euclidean(self.metric) or threat.norm != 2 or threat.feature_cost is not None:
            raise ValueError(
                "n_directions needs metric=None and a threat model of norm 2 without feature "
                f"costs, got n_directions={r}, metric={self.metric!r}, threat={threat!r}"
            )
        if self.prototype_bounds is not None:
            raise ValueError(
                f"prototype_bounds must be None with n_directions, got {self.prototype_bounds!r}"
            )
