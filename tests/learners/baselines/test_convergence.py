"""Learners that stop when a tolerance is met warn where max_iter was not enough."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning

from robust_metric import baselines

LEARNERS = ["LMNN", "NCA", "ITML_Supervised", "CAP", "AML"]
X = np.random.default_rng(0).normal(size=(60, 3))
Y = np.arange(60) % 3


@pytest.mark.parametrize("name", LEARNERS)
def test_too_few_steps(name: str) -> None:
    message = f"{name} did not converge in max_iter=3 steps; raise max_iter or "
    with pytest.warns(ConvergenceWarning, match=message):
        getattr(baselines, name)(max_iter=3).fit(X, Y)


@pytest.mark.parametrize("name", LEARNERS)
def test_enough_steps(name: str) -> None:
    learner = getattr(baselines, name)(max_iter=5000)
    tolerance = "convergence_tol" if name == "LMNN" else "tol"
    learner.set_params(**{tolerance: 0.1})
    with warnings.catch_warnings():
        warnings.simplefilter("error", ConvergenceWarning)
        learner.fit(X, Y)
    assert learner.n_iter_ < 5000


@pytest.mark.parametrize("name", ["LMNN", "CAP", "AML", "ITML_Supervised"])
def test_a_tolerance_of_nothing_asks_for_all_steps(name: str) -> None:
    tolerance = "convergence_tol" if name == "LMNN" else "tol"
    learner = getattr(baselines, name)(max_iter=3, **{tolerance: 0.0})
    with warnings.catch_warnings():
        warnings.simplefilter("error", ConvergenceWarning)
        learner.fit(X, Y)
