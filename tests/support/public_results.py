"""Every public result, and every kind of labels that it may hold."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import robust_metric as rm
from robust_metric import attacks, results

pd = pytest.importorskip("pandas")

X = np.random.default_rng(0).normal(size=(24, 2))
CLASSES = np.arange(24) % 3
NAMES = np.array(["ash", "oak", "elm\nor so"])

LABELS: dict[str, Any] = {
    "int": CLASSES,
    "uint8": CLASSES.astype(np.uint8),
    "float": CLASSES * 2.0,
    "bool": CLASSES > 0,
    "str": NAMES[CLASSES],
    "object": NAMES.astype(object)[CLASSES],
    "list": NAMES[CLASSES].tolist(),
    "dates": np.array(["2020-01-01", "2020-01-02", "2020-02-01"], "datetime64[D]")[CLASSES],
    "pandas str": pd.Series(NAMES[CLASSES]),
    "pandas string": pd.Series(NAMES[CLASSES], dtype="string"),
    "pandas category": pd.Series(NAMES[CLASSES]).astype("category"),
    "pandas Int64": pd.Series(CLASSES, dtype="Int64"),
    "pandas boolean": pd.Series(CLASSES > 0, dtype="boolean"),
}


def curve(clf: rm.CertifiedKNeighborsClassifier, X: Any) -> results.RobustErrorCurve:
    return results.RobustErrorCurve("Euclidean", 3, "bound", clf.certify(X).radius, 0.25)


RESULTS: dict[str, Callable[[Any, Any], Any]] = {
    "certificates": lambda clf, X: clf.certify(X),
    "with evidence": lambda clf, X: clf.certify(X, evidence=True),
    "evidence": lambda clf, X: clf.certify(X, evidence=True).evidence,
    "of true classes": lambda clf, X: clf.certify(X, clf.predict(X)),
    "minimal": lambda clf, X: clf.minimal_perturbation(X),
    "neighbours": lambda clf, X: clf.certify_neighbors(X),
    "predictions": lambda clf, X: clf.predict_with_certificate(X, 0.1),
    "deciding points": rm.deciding_points,
    "attack": lambda clf, X: attacks.GradientAttack()(clf, X),
    "curve": curve,
    "view": lambda clf, X: clf.fitted_view(),
}
