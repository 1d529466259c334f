"""Processor seconds and memory of a fit: our learners, and metric-learn's beside them.

    python bench/bench_baselines.py lmnn:splice itml:pendigits [--metric-learn OLD/bin/python]
    python bench/bench_baselines.py lmnn:bands --max-iter 3 [--metric-learn OLD/bin/python]

Each fit is a process of its own on one thread. OLD is an environment with metric-learn 0.7.0, as in
tests/learners/baselines/make_metric_learn_values.py; the same parameters, the defaults, are used on
the same arrays.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

OURS = {
    "lmnn": "robust_metric.baselines.LMNN()",
    "itml": "robust_metric.baselines.ITML_Supervised(random_state=0)",
    "lfda": "robust_metric.baselines.LFDA()",
    "nca": "robust_metric.baselines.NCA(random_state=0)",
    "cap": "robust_metric.baselines.CAP()",
    "aml": "robust_metric.baselines.AML()",
}
METRIC_LEARN = {
    "lmnn": "metric_learn.LMNN()",
    "itml": "metric_learn.ITML_Supervised(random_state=0)",
    "lfda": "metric_learn.LFDA()",
    "nca": "metric_learn.NCA(random_state=0)",
}

# Runs in either environment; ru_maxrss is in kB.
_FIT = """
import json, resource, sys, time, warnings
import numpy as np
import {module}
warnings.simplefilter("ignore")
data = np.load(sys.argv[1])
X, y = data["X"], data["y"]
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
start, wall = time.process_time(), time.perf_counter()
learner = {learner}.fit(X, y)
print(json.dumps(dict(
    seconds=time.process_time() - start,
    wall=time.perf_counter() - wall,
    megabytes=(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024,
    n_iter=int(getattr(learner, "n_iter_", 0)),
)))
"""


def arrays_of(name: str) -> tuple[np.ndarray, np.ndarray]:
    """Training data of a file; "bands" is 9000 uniform points in ten classes along a feature."""
    if name == "bands":
        X = np.random.default_rng(0).uniform(size=(9000, 16))
        return X, (X[:, 0] * 10).astype(int)
    import protocol

    X, y, _, _ = protocol.load(name)
    # metric-learn takes negative labels for unknown ones
    return X, np.unique(y, return_inverse=True)[1]


def fit(python: str, learner: str, arrays: str) -> dict[str, float]:
    module = learner.split("(")[0].rsplit(".", 1)[0]
    code = _FIT.format(module=module, learner=learner)
    one_thread = {name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")}
    run = subprocess.run(
        [python, "-c", code, arrays],
        env=os.environ | one_thread,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return json.loads(run.stdout.splitlines()[-1])


def show(case: str, who: str, result: dict[str, float]) -> None:
    print(
        f"| {case} | {who} | {result['seconds']:.2f} | {result['wall']:.2f} "
        f"| {result['megabytes']:.0f} | {result['n_iter']} |",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("cases", nargs="+", metavar="LEARNER:DATA")
    parser.add_argument("--metric-learn", metavar="PYTHON")
    parser.add_argument("--max-iter", type=int, help="for both, instead of the default")
    arguments = parser.parse_args()

    def limited(learner: str) -> str:
        if not arguments.max_iter:
            return learner
        separator = "" if learner.endswith("()") else ", "
        return f"{learner[:-1]}{separator}max_iter={arguments.max_iter})"

    print("| fit | by | s, processor | s, wall | MB more | iterations |\n|---|---|---|---|---|---|")
    for case in arguments.cases:
        learner, name = case.split(":")
        X, y = arrays_of(name)
        with tempfile.TemporaryDirectory() as folder:
            arrays = str(Path(folder) / "data.npz")
            np.savez(arrays, X=X, y=y)
            ours, theirs = OURS[learner], METRIC_LEARN.get(learner)
            show(case, "robust_metric", fit(sys.executable, limited(ours), arrays))
            if arguments.metric_learn and theirs:
                show(case, "metric-learn", fit(arguments.metric_learn, limited(theirs), arrays))


if __name__ == "__main__":
    main()
