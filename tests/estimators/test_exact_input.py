"""Input that float64 cannot hold as it is: masked entries, integers beyond 2^53."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import robust_metric as rm
from robust_metric import baselines

pd = pytest.importorskip("pandas")
pl = pytest.importorskip("polars")

X, Y = np.arange(24.0).reshape(12, 2) % 7, np.arange(12) % 2
MASKED = np.ma.MaskedArray(X, mask=np.eye(12, 2, dtype=bool))
LARGE = (np.arange(24) + 2**53).reshape(12, 2)
KNN = rm.CertifiedKNeighborsClassifier(3)

TAKERS: dict[str, Callable[[Any], Any]] = {
    "fit": lambda X: rm.CertifiedKNeighborsClassifier(3).fit(X, Y),
    "prototypes": lambda X: rm.CertifiedPrototypeClassifier(1, max_iter=2).fit(X, Y),
    "partial fit": lambda X: rm.CertifiedPrototypeClassifier(1).partial_fit(X, Y, [0, 1]),
    "search": lambda X: rm.CertifiedNearestNeighbors(3).fit(X),
    "arml": lambda X: rm.ARML(max_iter=2).fit(X, Y),
    "lfda": lambda X: baselines.LFDA().fit(X, Y),
    "transform": lambda Z: rm.ARML(max_iter=2).fit(X, Y).transform(Z),
    "predict": lambda Z: KNN.fit(X, Y).predict(Z),
    "certify": lambda Z: KNN.fit(X, Y).certify(Z),
    "minimal": lambda Z: KNN.fit(X, Y).minimal_perturbation(Z),
    "neighbours": lambda Z: KNN.fit(X, Y).kneighbors(Z),
    "radii": lambda X: rm.certified_radii(X, Y, X),
}

FORMS: dict[str, Callable[[np.ndarray], Any]] = {
    "int64": lambda a: a,
    "uint64": lambda a: a.astype(np.uint64),
    "negative": lambda a: -a,
    "object": lambda a: a.astype(object),
    "list": lambda a: a.tolist(),
    "list of arrays": list,
    "list with a float": lambda a: [[0.5, 1], *a.tolist()[1:]],
    "pandas": lambda a: pd.DataFrame(a, columns=["a", "b"]),
    "pandas, one column": lambda a: pd.DataFrame({"a": a[:, 0], "b": 0.5}),
    "pandas Int64": lambda a: pd.DataFrame(a, columns=["a", "b"]).astype("Int64"),
    "polars": lambda a: pl.DataFrame({"a": a[:, 0], "b": [0.5] * 12}),
}


@pytest.mark.parametrize("taker", TAKERS)
def test_masked_entries_are_refused(taker: str) -> None:
    with pytest.raises(ValueError, match=r"X must have no masked entries, got 2 of 24; fill them"):
        TAKERS[taker](MASKED)
    TAKERS[taker](np.ma.MaskedArray(X))  # nothing is hidden


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("taker", ["fit", "certify", "arml", "prototypes"])
@pytest.mark.filterwarnings("ignore:X has feature names")
def test_integers_that_become_one_number_are_refused(taker: str, form: str) -> None:
    with pytest.raises(ValueError, match=r"X must have integers of at most 2\^53 .* got \d+"):
        TAKERS[taker](FORMS[form](LARGE))
    if taker == "certify" and form != "negative":
        TAKERS[taker](FORMS[form](LARGE - 23))


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_the_rest_of_the_takers() -> None:
    for take in TAKERS.values():
        with pytest.raises(ValueError, match="X must have integers of at most"):
            take(LARGE)
        take(X.astype(np.int64))


def test_masked_labels() -> None:
    hidden = np.ma.MaskedArray(Y, mask=Y == 1)
    for ask in (
        lambda: KNN.fit(X, hidden),
        lambda: KNN.fit(X, Y).certify(X, hidden),
        lambda: rm.ARML(max_iter=2).fit(X, hidden),
    ):
        with pytest.raises(ValueError, match="y must have no masked entries, got 6 of 12"):
            ask()


def test_in_files(tmp_path: Path) -> None:
    np.savez(tmp_path / "t.npz", X=LARGE, y=Y)
    with pytest.raises(ValueError, match=r"X in .*t.npz must have integers of at most 2\^53"):
        rm.datasets.load(tmp_path / "t.npz")
