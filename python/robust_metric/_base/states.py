"""States of an estimator as wholes: a call sees one of them, whatever another thread fits meanwhile."""

from __future__ import annotations

import copy
from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

E = TypeVar("E")
P = ParamSpec("P")
R = TypeVar("R")


def changes_at_once(
    fit: Callable[Concatenate[E, P], E],
) -> Callable[Concatenate[E, P], E]:
    """Make a method that learns work on a copy of its estimator, and then take over the copy's state.

    Calls in other threads get the answers from before or from after, never an error in between, and
    a call that fails leaves no trace.
    """

    @wraps(fit)
    def whole(estimator: E, /, *args: P.args, **kwargs: P.kwargs) -> E:
        aside = copy.copy(estimator)
        fit(aside, *args, **kwargs)
        estimator.__dict__ = aside.__dict__
        return estimator

    return whole


def sees_one_state(
    method: Callable[Concatenate[E, P], R],
) -> Callable[Concatenate[E, P], R]:
    """Make a method that answers work on a copy of its estimator, which no other thread can fit."""

    @wraps(method)
    def whole(estimator: E, /, *args: P.args, **kwargs: P.kwargs) -> R:
        return method(copy.copy(estimator), *args, **kwargs)

    return whole
