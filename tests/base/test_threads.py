"""One process, many runtimes and threads: imports in any order, calls from many Python threads."""

from __future__ import annotations

import importlib.util
import os
import pickle
import subprocess
import sys
import sysconfig
import threading
from concurrent.futures import ThreadPoolExecutor
from itertools import permutations

import numpy as np
import pytest
from helpers import problem

import robust_metric as rm

Answers = list[np.ndarray]

# Both libraries run parallel regions of their own before and after ours; then children are forked.
WORK = {
    "torch": "import torch; a = torch.rand(500, 500); (a @ a).sum()",
    "sklearn": (
        "from sklearn.ensemble import HistGradientBoostingClassifier as H; import numpy as np\n"
        "H(max_iter=3).fit(np.random.rand(2000, 5), np.arange(2000) % 2)"
    ),
    "robust_metric": """
import numpy as np
from robust_metric import CertifiedKNeighborsClassifier
rng = np.random.default_rng(0)
X, Z = rng.normal(size=(600, 40)), rng.normal(size=(200, 40))
clf = CertifiedKNeighborsClassifier(3, rng.normal(size=(40, 40)), n_jobs=2).fit(X, X[:, 0] > 0)
radius = clf.certify(Z).radius
""",
}
END = """
import multiprocessing, os, sys
again = clf.certify(Z).radius
assert np.array_equal(radius, again)
if hasattr(os, "fork"):
    with multiprocessing.get_context("fork").Pool(1) as pool:
        assert np.array_equal(pool.apply(clf.certify, (Z,)).radius, radius)
import hashlib
print(hashlib.sha256(radius.tobytes()).hexdigest())
"""


def run(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "error::RuntimeWarning", "-c", code],
        env={**os.environ, "OMP_NUM_THREADS": "2"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def alone() -> str:
    return run(WORK["robust_metric"] + END)


ORDERS = [
    *permutations(["sklearn", "robust_metric"]),
    *permutations(["torch", "robust_metric"]),
    *permutations(["torch", "sklearn", "robust_metric"]),
]


@pytest.mark.parametrize("order", ORDERS, ids="-".join)
def test_import_order(alone: str, order: tuple[str, ...]) -> None:
    for name in order:
        if importlib.util.find_spec(name) is None:
            pytest.skip(f"{name} is not installed")
    # the others work once more after all are there
    again = [name for name in order if name != "robust_metric"]
    code = "\n".join(WORK[name] for name in [*order, *again])
    assert run(code + END) == alone


def all_answers(clf: rm.CertifiedKNeighborsClassifier, Z: np.ndarray) -> Answers:
    c, m, near = clf.certify(Z), clf.minimal_perturbation(Z), clf.certify_neighbors(Z)
    return [
        clf.predict(Z),
        *clf.kneighbors(Z),
        *(c.radius, c.label, m.lower, m.upper, m.perturbation, near.radius, near.indices),
    ]


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_many_python_threads_get_the_bits_of_one(n_jobs: int) -> None:
    """Classifiers shared by all threads and made anew by each, unprepared ones included."""
    problems = [problem(s, "normal", "square", 3, 1 + s, d=4, n=80, queries=12) for s in range(3)]
    expected = [all_answers(p.classifier(), p.Z) for p in problems]
    # unpickled ones are prepared by whoever comes first
    shared = [pickle.loads(pickle.dumps(p.classifier(n_jobs=n_jobs))) for p in problems]
    barrier = threading.Barrier(8)

    def hammer(worker: int) -> bool:
        barrier.wait()
        same = True
        for turn in range(6):
            i = (worker + turn) % len(problems)
            clf = shared[i] if turn % 2 else problems[i].classifier(n_jobs=n_jobs)
            found = all_answers(clf, problems[i].Z)
            same &= all(map(np.array_equal, found, expected[i]))
        return same

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(hammer, range(8)))


@pytest.mark.skipif(
    not sysconfig.get_config_var("Py_GIL_DISABLED"), reason="not a free-threaded CPython"
)
def test_the_modules_do_not_switch_the_lock_on_again() -> None:
    assert not sys._is_gil_enabled()  # type: ignore[attr-defined]
