"""What takes one of our classifiers says so to whoever brings another object."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError
from sklearn.neighbors import KNeighborsClassifier

import robust_metric as rm
from robust_metric import core

X, Y = np.array([[0.0, 0.0], [1.0, 0.0], [4.0, 1.0], [5.0, 1.0]]), [0, 0, 1, 1]

TAKERS: dict[str, Callable[[Any], object]] = {
    "save_model": lambda clf: rm.save_model(clf, "never written.npz"),
    "Certifier": core.Certifier,
    "deciding_points": lambda clf: rm.deciding_points(clf, X),
    "attack": lambda clf: rm.attacks.RegionAttack()(clf, X),
    "judge": lambda clf: rm.attacks.judge(clf, X, X),
    "plot_decision_regions": lambda clf: rm.plotting.plot_decision_regions(clf, X),
    "scorer": lambda clf: rm.certified_accuracy_scorer(0.1)(clf, X, Y),
    "dask": lambda clf: rm.dask.certify(clf, X),
    "dask search": lambda clf: rm.dask.minimal_perturbation(clf, X),
}
WRONG: dict[str, Callable[[], Any]] = {
    "nothing": lambda: None,
    "array": lambda: X,
    "a class": lambda: rm.CertifiedKNeighborsClassifier,
    "of scikit-learn": lambda: KNeighborsClassifier(1).fit(X, Y),
    "a search": lambda: rm.CertifiedNearestNeighbors(1).fit(X),
    "a learner": lambda: rm.ARML(),
}


@pytest.mark.parametrize("taker", TAKERS)
@pytest.mark.parametrize("wrong", WRONG)
def test_the_message_names_what_is_taken(taker: str, wrong: str) -> None:
    if taker.startswith("dask"):
        pytest.importorskip("dask.array")
    with pytest.raises(TypeError, match=r"must be a fitted CertifiedKNeighborsClassifier or Cert"):
        TAKERS[taker](WRONG[wrong]())


@pytest.mark.parametrize("taker", TAKERS)
def test_one_that_is_not_fitted(taker: str) -> None:
    if taker.startswith("dask"):
        pytest.importorskip("dask.array")
    with pytest.raises(NotFittedError):
        TAKERS[taker](rm.CertifiedKNeighborsClassifier(1))
