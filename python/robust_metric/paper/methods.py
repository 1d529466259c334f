"""The methods that the paper's tables compare: how each is made, and how many points it is fitted on."""

from __future__ import annotations

import hashlib
import inspect
import math
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
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
    prunes : bool
        It selects training points, ``kept_``, so that classes are twice a ``radius`` apart.
    fit_at_most : int, optional
        Training points it is fitted on at most, a stratified sample: for learners whose time or
        memory does not allow more. Test points are certified against the full training set all the same.
    """

    name: str
    title: str
    color: str
    source: str
    make: Callable[[int | None], Any] | None = None
    fit_at_most: int | None = None
    prunes: bool = False

    def learner(self, n_jobs: int | None = None, radius: float | None = None) -> Any:
        """Return an unfitted learner; the radius is for methods that prune."""
        assert self.make is not None
        learner = self.make(n_jobs)
        return learner.set_params(radius=radius) if self.prunes and radius is not None else learner

    def settings(self, radius: float | None = None) -> dict[str, Any]:
        """Parameters of the learner that may change its result, as JSON values."""
        if self.make is None:
            return {}
        params = self.learner(radius=radius).get_params(deep=False)
        if self.prunes and radius is None:
            del params["radius"]
        return {
            name: _plain(value)
            for name, value in sorted(params.items())
            if name not in ("n_jobs", "verbose")
        }

    def code(self) -> str:
        """Return what identifies the learner's code: a changed learner has to be fitted anew."""
        if self.make is None:
            return ""
        module = inspect.getmodule(type(self.learner()))
        if module is None or module.__file__ is None:
            return ""
        package = sys.modules[module.__name__.partition(".")[0]]
        digest = folder_digest(Path(module.__file__).parent)
        return f"{module.__name__} {getattr(package, '__version__', '')} {digest}"


def folder_digest(folder: Path) -> str:
    """Return what tells the sources in a folder from those of another version."""
    digest = hashlib.blake2b(digest_size=8)
    for path in sorted(folder.glob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _nca(n_jobs: int | None) -> Any:
    from ..learners.baselines.nca import NCA

    return NCA(random_state=SEED, max_samples=None)


def _lmnn(n_jobs: int | None) -> Any:
    from ..learners.baselines.lmnn import LMNN

    return LMNN(random_state=SEED, max_samples=None, n_jobs=n_jobs)


def _itml(n_jobs: int | None) -> Any:
    from ..learners.baselines.itml import ITML_Supervised

    return ITML_Supervised(random_state=SEED)


def _lfda(n_jobs: int | None) -> Any:
    from ..learners.baselines.lfda import LFDA

    return LFDA(n_jobs=n_jobs)


def _arml(n_jobs: int | None) -> Any:
    from ..learners.arml.learner import ARML

    return ARML(random_state=SEED, n_jobs=n_jobs)


def _arml_published(n_jobs: int | None) -> Any:
    from ..learners.arml.learner import ARML

    return ARML.published(random_state=SEED, n_jobs=n_jobs)


def _cap(n_jobs: int | None) -> Any:
    from ..learners.baselines.cap import CAP

    return CAP(random_state=SEED, max_samples=None, n_jobs=n_jobs)


def _aml(n_jobs: int | None) -> Any:
    from ..learners.baselines.aml import AML

    return AML(random_state=SEED)


def _pruning(n_jobs: int | None) -> Any:
    from ..estimators.classifier import CertifiedKNeighborsClassifier
    from ..learners.baselines.pruning import AdversarialPruning

    return AdversarialPruning(CertifiedKNeighborsClassifier(1), n_jobs=n_jobs)


_ALL = (
    Method("euclidean", "Euclidean", "#8a8f98", "no metric is learned"),
    Method(
        "nca",
        "NCA",
        "#2e8b57",
        "Goldberger, Roweis, Hinton, Salakhutdinov, NIPS 2004; scikit-learn's",
        _nca,
        fit_at_most=4000,  # its time and memory are quadratic
    ),
    Method(
        "lmnn",
        "LMNN",
        "#b8860b",
        "Weinberger, Saul, JMLR 2009",
        _lmnn,
        fit_at_most=10000,
    ),
    Method(
        "itml",
        "ITML",
        "#d1495b",
        "Davis, Kulis, Jain, Sra, Dhillon, ICML 2007",
        _itml,
        fit_at_most=10000,
    ),
    Method("lfda", "LFDA", "#7b4fb5", "Sugiyama, JMLR 2007", _lfda, fit_at_most=10000),
    Method("arml", "ARML", "#0b6fb8", "Wang, Liu, Yi, Jiang, Hsieh, NeurIPS 2020", _arml),
    Method(
        "arml-published",
        "ARML, published",
        "#22262b",
        "the same, with the settings of its published code",
        _arml_published,
        fit_at_most=10000,  # a gradient step looks at all points
    ),
    Method(
        "cap",
        "CAP",
        "#e07b39",
        "Yang et al., arXiv:2006.05945",
        _cap,
        fit_at_most=10000,
    ),
    Method("aml", "AML", "#c2599d", "Chen, Gong, Yang, Li, Wei, Li, IJCAI 2018", _aml),
    Method(
        "pruning",
        "pruning",
        "#1fa6a0",
        "Yang, Rashtchian, Wang, Chaudhuri, AISTATS 2020; Euclidean metric on training points "
        "whose classes are twice the smallest positive radius of the tables apart",
        _pruning,
        prunes=True,
    ),
)
METHODS: Mapping[str, Method] = {method.name: method for method in _ALL}


def _plain(value: Any) -> Any:
    """Return a JSON value: finite numbers, texts and null as they are, anything else by its repr."""
    if isinstance(value, float) and math.isfinite(value):
        return float(value)
    return value if value is None or isinstance(value, bool | int | str) else repr(value)
