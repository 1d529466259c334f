"""The methods that the paper's tables compare: how each is made, and how many points it is fitted on."""

from __future__ import annotations

import hashlib
import inspect
import math
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

SEED = 0


@dataclass(frozen=True)
class Method:
    """One row of a table.

    Parameters
    ----------
    name : str
        On the command line and in file names.
    title : str
        In tables and legends.
    color : str
        In plots.
    source : str
        The paper it is from.
    make : callable, optional
        Takes the number of threads and returns an unfitted learner: one with ``components_`` once
        it is fitted, or one that selects training points. None is the Euclidean metric.
    fit_at_most : int, optional
        Training points it is fitted on at most, a stratified sample: for learners whose time or
        memory does not allow more. Certified is against the full training set all the same.
    """

    name: str
    title: str
    color: str
    source: str
    make: Callable[[int | None], Any] | None = None
    fit_at_most: int | None = None

    def settings(self) -> dict[str, Any]:
        """Parameters of the learner that may change its result, as JSON values."""
        if self.make is None:
            return {}
        params = self.make(None).get_params(deep=False)
        return {
            name: _plain(value)
            for name, value in sorted(params.items())
            if name not in ("n_jobs", "verbose")
        }

    def code(self) -> str:
        """What the learner's code is known by: a changed learner is to be fitted anew."""
        if self.make is None:
            return ""
        module = inspect.getmodule(type(self.make(None)))
        if module is None:
            return ""
        package = sys.modules[module.__name__.partition(".")[0]]
        source = hashlib.blake2b(inspect.getsource(module).encode(), digest_size=8).hexdigest()
        return f"{module.__name__} {getattr(package, '__version__', '')} {source}"


def _nca(n_jobs: int | None) -> Any:
    from sklearn.neighbors import NeighborhoodComponentsAnalysis

    return NeighborhoodComponentsAnalysis(random_state=SEED)


def _arml(n_jobs: int | None) -> Any:
    from ..arml import ARML

    return ARML(random_state=SEED, n_jobs=n_jobs)


_ALL = (
    Method("euclidean", "Euclidean", "#8a8f98", "no metric is learned"),
    Method(
        "nca",
        "NCA",
        "#2e8b57",
        "Goldberger, Roweis, Hinton, Salakhutdinov, NIPS 2004; scikit-learn's",
        _nca,
        fit_at_most=3000,  # its time and memory are quadratic
    ),
    Method("arml", "ARML", "#0b6fb8", "Wang, Liu, Yi, Jiang, Hsieh, NeurIPS 2020", _arml),
)
METHODS: Mapping[str, Method] = {method.name: method for method in _ALL}


def _plain(value: Any) -> Any:
    """JSON has finite numbers, texts and null; anything else is known by its repr."""
    if isinstance(value, float) and math.isfinite(value):
        return float(value)
    return value if value is None or isinstance(value, bool | int | str) else repr(value)
