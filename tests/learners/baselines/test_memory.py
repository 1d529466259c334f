"""Memory of a fit: linear in the number of points for every learner that promises it."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

pytest.importorskip("resource")  # not on Windows

N_POINTS = 6000
QUADRATIC = 8 * N_POINTS**2 / 2**20  # MB of an n × n matrix

# In a process of its own, whose highest use so far is that of small fits, not of other tests.
_FITS = """
import json, resource, sys, warnings
import numpy as np
import robust_metric as rm
from robust_metric.baselines import AML, CAP, LFDA, LMNN, AdversarialPruning, ITML_Supervised

warnings.simplefilter("ignore")
learners = [
    LMNN(max_iter=10, n_jobs=1),
    ITML_Supervised(max_iter=3, random_state=0),
    LFDA(n_jobs=1),
    CAP(max_iter=3, n_jobs=1),
    AML(max_iter=3, random_state=0),
    AdversarialPruning(rm.CertifiedKNeighborsClassifier(1), radius=1e-3, n_jobs=1),
    rm.ARML(max_iter=2, n_jobs=1),
]
X = np.random.default_rng(0).uniform(size=(int(sys.argv[1]), 6))
y = (10 * X[:, 0]).astype(int)
unit = 2**20 if sys.platform == "darwin" else 2**10  # of ru_maxrss, in MB
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit
used = {}
for learner in learners:
    learner.fit(X[:200], y[:200])
    before = peak()
    learner.fit(X, y)
    used[type(learner).__name__] = peak() - before
print(json.dumps(used))
"""


def test_no_learner_needs_quadratic_memory() -> None:
    run = subprocess.run(
        [sys.executable, "-c", _FITS, str(N_POINTS)],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    used = json.loads(run.stdout.splitlines()[-1])
    assert len(used) == 7
    assert {name: mb for name, mb in used.items() if mb > QUADRATIC / 3} == {}
