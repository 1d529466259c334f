"""Print docs/bad_input.md: bad inputs, and the error each gets from the installed package.

Usage: python docs/make_bad_input.py > docs/bad_input.md
"""

from __future__ import annotations

import os
import sys
import tempfile
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import robust_metric as rm

X = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
y = np.array([0, 0, 1, 1])
Case = tuple[str, Callable[[], Any]]

INTRODUCTION = """
Made by `python docs/make_bad_input.py > docs/bad_input.md`; the messages are tested in
`tests/estimators/test_bad_input.py`, `test_saving.py`, `tests/io/test_data_files.py` and
`tests/learners/arml/test_arml.py`. The command line prints the same message in one line and exits
with status 2.
"""


def fitted(k: int = 1, **options: Any) -> rm.CertifiedKNeighborsClassifier:
    """Return a classifier fitted to four points."""
    return rm.CertifiedKNeighborsClassifier(k, **options).fit(X, y)


def changed(value: float) -> np.ndarray:
    """Return X with one entry replaced."""
    return np.where(np.arange(8).reshape(4, 2) == 2, value, X)


def written(name: str, content: bytes) -> str:
    """Return the name of a file in the current folder with this content."""
    Path(name).write_bytes(content)
    return name


def arrays() -> list[Case]:
    """Calls with bad arrays and parameters."""
    return [
        ("NaN in the training points", lambda: fitted().fit(changed(np.nan), y)),
        ("infinity in a query", lambda: fitted().predict(changed(np.inf))),
        ("a value beyond 1e300", lambda: fitted().fit(changed(1e301), y)),
        ("no training points", lambda: fitted().fit(X[:0], y[:0])),
        ("a vector for a matrix", lambda: fitted().certify(X[0])),
        ("queries with another number of features", lambda: fitted().certify(np.ones((2, 3)))),
        ("labels of another length", lambda: fitted().fit(X, y[:3])),
        ("true classes of another length", lambda: fitted().certify(X, y[:3])),
        ("real numbers as classes", lambda: fitted().fit(X, y + 0.5)),
        ("K larger than the training set", lambda: fitted(5)),
        ("K = 0", lambda: fitted(0)),
        ("components of another width", lambda: fitted(metric=np.eye(3))),
        ("components with NaN", lambda: fitted(metric=np.full((2, 2), np.nan))),
        ("a metric by name", lambda: fitted(metric="minkowski")),
        ("a negative time limit", lambda: fitted().minimal_perturbation(X, time_limit=-1)),
        (
            "decimals that are none",
            lambda: fitted().minimal_perturbation(X, witness_precision="float16"),
        ),
        (
            "integers that float64 would change",
            lambda: fitted().fit(X.astype(np.int64) + 2**60 + 1, y),
        ),
        ("n_jobs = 0", lambda: fitted(n_jobs=0).predict(X)),
        ("a norm that is none", lambda: rm.ThreatModel(norm=3)),
        (
            "a threat model of another width",
            lambda: fitted(threat=rm.ThreatModel(feature_cost=[1])),
        ),
        ("a query out of bounds", lambda: fitted(threat=rm.ThreatModel(bounds=(9, 9))).certify(X)),
        ("no fit", lambda: rm.CertifiedKNeighborsClassifier().predict(X)),
        ("one class for a metric learner", lambda: rm.ARML().fit(X, np.zeros(4))),
    ]


def files() -> list[Case]:
    """Calls with bad files; run in a scratch folder."""
    fitted().certify(X, evidence=True).save("certs.npz")
    rm.save_model(fitted(), "model.npz")
    whole = Path("model.npz").read_bytes()
    with open("pickle.npz", "wb") as stream:
        np.savez(stream, X=np.array([print], dtype=object), y=y)
    return [
        ("a data file that is missing", lambda: rm.datasets.load("missing.csv")),
        ("text in a CSV column", lambda: rm.datasets.load(written("a.csv", b"1,2,0\n3,x,1\n"))),
        ("a CSV row too short", lambda: rm.datasets.load(written("b.csv", b"1,2,0\n3,1\n"))),
        (
            "a first line that may be a header or a row",
            lambda: rm.datasets.load(written("h.csv", b"2019,2020,kind\n1,2,a\n3,5,a\n")),
        ),
        ("an index without a name", lambda: rm.datasets.load(written("j.csv", b",w,y\n0,2.5,a\n"))),
        ("two columns of one name", lambda: rm.datasets.load(written("i.csv", b"w,w,y\n1,2,0\n"))),
        ("an empty CSV file", lambda: rm.datasets.load(written("c.csv", b""))),
        ("a broken LIBSVM line", lambda: rm.datasets.load(written("d.svm", b"1 1:2\n0 2\n"))),
        ("pickled objects in a data file", lambda: rm.datasets.load("pickle.npz")),
        ("a truncated model", lambda: rm.load_model(written("half.npz", whole[: len(whole) // 2]))),
        (
            "a flipped byte",
            lambda: rm.load_model(written("flip.npz", whole[:300] + b"?" + whole[301:])),
        ),
        ("certificates for a model", lambda: rm.load_model("certs.npz")),
        ("a model for certificates", lambda: rm.Certificates.load("model.npz")),
        ("a folder to write to that is missing", lambda: rm.save_model(fitted(), "none/m.npz")),
    ]


def row(case: Case) -> str:
    """Run one case; return its row of the table."""
    what, call = case
    try:
        call()
    except Exception as error:
        text = textwrap.shorten(str(error), 210, placeholder=" ...").replace("|", "\\|")
        return f"| {what} | {type(error).__name__} | {text} |"
    raise AssertionError(f"no error for {what}")


def main() -> int:
    """Print the page."""
    print("# Bad input, and what it gets\n")
    print(textwrap.fill(INTRODUCTION.strip(), 120, break_on_hyphens=False))
    for title, cases in (("Arrays and parameters", arrays), ("Files", files)):
        print(f"\n## {title}\n\n| input | error | message |\n|---|---|---|")
        with tempfile.TemporaryDirectory() as scratch:
            before = Path.cwd()
            os.chdir(scratch)
            try:
                print("\n".join(row(case) for case in cases()))
            finally:
                os.chdir(before)
    print("\nOne class only is no error: nothing can change the prediction, and the radius is inf.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
