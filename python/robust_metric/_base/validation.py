"""Checks of arrays that estimators share; messages say what was got and what was wanted."""

from __future__ import annotations

import numbers
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, column_or_1d, validate_data

from .arrays import Floats, Labels
from .brought import check_given, check_kinds, check_table, warn_of_order
from .exact_input import check_exact, check_unmasked

# Beyond this, differences of features may overflow before any scaling could help.
LARGEST_VALUE = 1e300
# Decimal places to which float64 numbers near 1 can be rounded at all.
MOST_DECIMALS = 15
# Beyond this, the mean of a feature may overflow, which learners subtract.
_LARGEST_LEARNABLE = 1e290


def check_certified(name: str, clf: Any) -> None:
    """Raise TypeError where an argument is not one of our classifiers; whether it is fitted shows later."""
    methods = ("fitted_view", "certify", "predict")
    if isinstance(clf, type) or not all(callable(getattr(clf, m, None)) for m in methods):
        got = f"the class {clf.__name__}" if isinstance(clf, type) else type(clf).__name__
        raise TypeError(
            f"{name} must be a fitted CertifiedKNeighborsClassifier or CertifiedPrototypeClassifier, "
            f"got {got}; from_sklearn makes one of a neighbour classifier of scikit-learn, "
            "fold_pipeline of a pipeline"
        )


def storage_dtypes(X: Any) -> Any:
    """Types that hold X's numbers exactly, without more memory than they need."""
    dtype = getattr(X, "dtype", None)
    if isinstance(dtype, np.dtype) and dtype.kind in "iub" and dtype.itemsize <= 2:
        return np.float32
    return [np.float64, np.float32]


def check_size(X: NDArray[Any]) -> None:
    """Raise ValueError where an entry of X is so large that differences of features may overflow."""
    largest = float(max(X.max(), -X.min()))
    if largest > LARGEST_VALUE:
        raise ValueError(
            f"X must have entries of at most {LARGEST_VALUE:g} in size, got {largest:g}"
        )


def check_learnable_size(X: NDArray[Any]) -> None:
    """Raise ValueError where an entry of X is so large that means of features may overflow."""
    largest = float(np.abs(X).max())
    if largest > _LARGEST_LEARNABLE:
        raise ValueError(f"X must not exceed {_LARGEST_LEARNABLE:g}, got {largest:g}; scale it")


def validated(estimator: Any, X: Any, y: Any = "no_validation", **options: Any) -> Any:
    """Return what scikit-learn's ``validate_data`` does of input that loses nothing on the way.

    Raises
    ------
    ValueError
        Where it does, or if an entry is masked, or an integer is not a number of float64.
    """
    check_table(X)
    check_exact(X)
    check_unmasked(y, "y")
    check_given(y)
    check_kinds(y)
    warn_of_order(X, y)
    return validate_data(estimator, X, y, **options)


def checked_queries(estimator: Any, X: ArrayLike) -> Floats:
    """Return X as (m, d) float64 that a fitted estimator can answer; raise NotFittedError, ValueError."""
    check_is_fitted(estimator)
    queries: Floats = validated(estimator, X, dtype=np.float64, order="C", reset=False)
    check_size(queries)
    return queries


def learnable_points(
    learner: Any, X: ArrayLike, y: ArrayLike, reset: bool = True
) -> tuple[Floats, NDArray[Any]]:
    """Return X as (n, d) float64 and y as (n,) labels, checked for learning; raise ValueError."""
    points, labels = validated(
        learner, X, y, dtype=np.float64, order="C", ensure_min_samples=2, reset=reset
    )
    check_classification_targets(labels)
    check_learnable_size(points)
    return points, labels


def class_numbers(labels: NDArray[Any]) -> Labels:
    """Return (n,) labels as numbers of their sorted classes; raise ValueError for a single class."""
    classes, numbers = np.unique(labels, return_inverse=True)
    if len(classes) < 2:
        raise ValueError(
            f"y must have at least two classes to learn a metric from, got one class: {classes[0]}"
        )
    return numbers.astype(np.int32)


def checked_weights(
    sample_weight: ArrayLike | None, class_weight: Any, y: NDArray[Any]
) -> Floats | None:
    """Return (n,) weights of points, of mean 1, or None where all are equal; as `point_weights`."""
    weights = point_weights(sample_weight, class_weight, y)
    if weights is None or (weights == weights[0]).all():
        return None
    scaled: Floats = weights / weights.mean()
    return scaled


def point_weights(
    sample_weight: ArrayLike | None, class_weight: Any, y: NDArray[Any]
) -> Floats | None:
    """Return (n,) weights of points as they were given, or None where none were.

    Raises
    ------
    ValueError
        If they are not one finite number of at least 0 for each label, all are 0, or class_weight is
        none that scikit-learn knows.
    """
    if sample_weight is None and class_weight is None:
        return None
    weights = np.ones(len(y))
    if sample_weight is not None:
        weights = np.asarray(sample_weight, dtype=np.float64)
        if weights.shape != (len(y),):
            raise ValueError(
                f"sample_weight must have one weight for each of {len(y)} points, got {weights.shape}"
            )
        if not (np.isfinite(weights) & (weights >= 0.0)).all() or not (weights > 0.0).any():
            raise ValueError("sample_weight must be finite numbers of at least 0, not all zero")
    if class_weight is not None:
        weights = weights * compute_sample_weight(class_weight, y)
        if not (np.isfinite(weights) & (weights >= 0.0)).all() or not (weights > 0.0).any():
            raise ValueError(
                f"class_weight must have finite numbers of at least 0, not all 0, got {class_weight!r}"
            )
    return weights


def check_count(name: str, value: Any) -> None:
    """Raise ValueError unless a parameter is an integer of at least 1."""
    if not isinstance(value, numbers.Integral) or isinstance(value, bool) or value < 1:
        raise ValueError(f"{name} must be an integer of at least 1, got {value!r}")


def is_real(value: Any) -> bool:
    """Whether a parameter is a real number: True is 1 to Python, but nobody means that."""
    return isinstance(value, numbers.Real) and not isinstance(value, bool)


def check_positive(name: str, value: Any, *, optional: bool = False) -> None:
    """Raise ValueError unless a parameter is a finite positive number, or None where that is optional."""
    if optional and value is None:
        return
    if not (is_real(value) and 0.0 < float(value) < np.inf):
        wanted = "a positive number or None" if optional else "a positive number"
        raise ValueError(f"{name} must be {wanted}, got {value!r}")


def check_precision(name: str, value: Any) -> None:
    """Raise ValueError unless it is None, "float32" or a number of decimal places."""
    whole = isinstance(value, numbers.Integral) and not isinstance(value, bool)
    if value is None or value == "float32" or (whole and abs(int(value)) <= MOST_DECIMALS):
        return
    raise ValueError(
        f'{name} must be "float32", a number of decimal places from {-MOST_DECIMALS} to {MOST_DECIMALS}, '
        f"or None, got {value!r}"
    )


def check_fraction(name: str, value: Any) -> None:
    """Raise ValueError unless a parameter lies strictly between 0 and 1."""
    if not is_real(value) or not 0.0 < float(value) < 1.0:
        raise ValueError(f"{name} must lie between 0 and 1, got {value!r}")


def check_components(components: Any, n_features: int) -> Floats:
    """Return components as a finite (r, n_features) array, or raise ValueError."""
    try:
        L = np.array(components, dtype=np.float64, order="C")
    except (TypeError, ValueError) as error:
        raise ValueError(
            "metric must be None, an (r, d) array of components, or a metric learner, "
            f"got {components!r}"
        ) from error
    if L.ndim != 2 or L.shape[0] == 0 or L.shape[1] != n_features:
        raise ValueError(
            f"components must have shape (r, {n_features}) with r >= 1, one column per feature, "
            f"got {L.shape}"
        )
    if not np.isfinite(L).all():
        raise ValueError("components must be finite, got NaN or infinite values")
    return L


def encode_labels(y: ArrayLike | None, classes: NDArray[Any], count: int) -> Labels | None:
    """Positions of the (count,) labels in the sorted classes; -1 for one that training never saw."""
    if y is None:
        return None
    check_unmasked(y, "y")
    check_given(y)
    labels = column_or_1d(y)
    if len(labels) != count:
        raise ValueError(f"y must have one label per row of X, got {len(labels)} for {count} rows")
    got, seen = _label_kinds(labels), _label_kinds(classes)
    if not got <= seen:
        # NumPy would compare numbers with strings as strings, or find them all different
        raise ValueError(
            f"y must hold labels of the kind seen in fit, {' and '.join(sorted(seen))} "
            f"({classes.dtype}), got {' and '.join(sorted(got))} ({labels.dtype})"
        )
    position = np.searchsorted(classes, labels)
    position = np.minimum(position, len(classes) - 1)
    return np.where(classes[position] == labels, position, -1).astype(np.int32)


def _label_kinds(labels: NDArray[Any]) -> set[str]:
    """What labels are: numbers, strings, or the names of other types."""
    if labels.dtype.kind in "biuf":
        return {"numbers"}
    if labels.dtype.kind in "UT":
        return {"strings"}
    return {_label_kind(label) for label in labels.tolist()}


def _label_kind(label: object) -> str:
    if isinstance(label, numbers.Number):
        return "numbers"
    return "strings" if isinstance(label, str) else type(label).__name__
