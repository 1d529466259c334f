"""Classifiers to files and back: ``save_model`` and ``load_model``."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .._base.states import sees_one_state
from .._base.validation import check_certified
from ..io.atomic import PathLike
from ..io.csv_tables import LabelColumn
from ..io.model_files import MODEL_CLASSES, StoredModel, intact_model, read_model, write_model
from ..io.scaling import Scaling
from .classifier import CertifiedKNeighborsClassifier
from .prototypes import CertifiedPrototypeClassifier
from .shared_maps import pack_shared, unpack_shared

_CLASSES = dict(
    zip(MODEL_CLASSES, (CertifiedKNeighborsClassifier, CertifiedPrototypeClassifier), strict=True)
)


@sees_one_state
def save_model(
    clf: CertifiedKNeighborsClassifier,
    path: PathLike,
    *,
    scaling: Scaling | None = None,
    feature_names: Sequence[str] | None = None,
    label_column: LabelColumn | None = None,
) -> None:
    """Save a fitted classifier, with the feature scaling its training data went through.

    A metric learner is saved as the components it learned; the learner itself is not kept. Neither
    are the settings by which prototypes were trained, but for the transformations that they share.

    Parameters
    ----------
    clf : CertifiedKNeighborsClassifier
        Fitted.
    path : path-like
        Used as given; written atomically.
    scaling : Scaling, optional
        What was applied to the data before ``fit``; read back by :func:`load_scaling`. By default that
        of the file that the classifier was loaded from, where it was.
    feature_names : sequence of str, optional
        By default those that ``fit`` saw.
    label_column : tuple of str or None and int, optional
        Name and number of the column that the labels come from, for the command line. By default
        that of the file that the classifier was loaded from, where it was.

    Raises
    ------
    sklearn.exceptions.NotFittedError
        If the classifier is not fitted.
    TypeError
        If clf is another kind of object, or class labels are neither numbers, booleans nor strings.
    ValueError
        If feature_names are not one for each feature.
    """
    check_certified("clf", clf)
    view = clf.fitted_view()
    names = getattr(clf, "feature_names_in_", None) if feature_names is None else feature_names
    if names is not None and len(names) != view.points.shape[1]:
        raise ValueError(
            f"feature_names must be one for each of {view.points.shape[1]} features, got {len(names)}"
        )
    kept = None if view.scaling == "unknown" else view.scaling
    model = StoredModel(
        view.points,
        view.labels,
        view.classes,
        view.components,
        view.threat,
        view.n_neighbors,
        None if view.n_jobs is None else int(view.n_jobs),
        type(clf).__name__,
        kept if scaling is None else scaling,
        None if names is None else tuple(map(str, names)),
        view.label_column if label_column is None else LabelColumn(*label_column),
        pack_shared(clf, *view.points.shape),
    )
    write_model(model, path)


def load_model(path: PathLike) -> CertifiedKNeighborsClassifier:
    """Load a classifier that :func:`save_model` wrote; it predicts and certifies as before.

    It knows the names of its features: a data frame with other columns, or in another order, raises
    as it did before.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is damaged, is not a model, or its parts do not fit together.
    """
    model = read_model(path)
    with intact_model(path):
        clf = _CLASSES[model.class_name](
            n_neighbors=model.n_neighbors,
            metric=model.components,
            threat=model.threat,
            n_jobs=model.n_jobs,
        )
        clf._take_over(
            model.X, model.y, model.classes, model.components, model.scaling, model.label
        )
        if model.shared is not None:
            clf.set_params(transformations=unpack_shared(model.shared, model.X.shape[1]))
            clf.n_learned_ = model.shared.n_learned
        if model.feature_names is not None:
            clf.feature_names_in_ = np.array(model.feature_names, dtype=object)
    return clf
