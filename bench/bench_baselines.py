"""Processor seconds and memory of a fit: our learners, and metric-learn's beside them.

    python bench/bench_baselines.py lmnn:splice itml:pendigits [--metric-learn OLD/bin/python]

Each fit is a process of its own on one thread. OLD is an environment with metric-learn 0.7.0, as in
tests/make_metric_learn_values.py; the same parameters, the defaults, are used on the same arrays.
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
    import protocol

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("cases", nargs="+", metavar="LEARNER:DATA")
    parser.add_argument("--metric-learn", metavar="PYTHON")
    arguments = parser.parse_args()
    print("| fit | by | s, processor | s, wall | MB more | iterations |\n|---|---|---|---|---|---|")
    for case in arguments.cases:
        learner, name = case.split(":")
        X, y, _, _ = protocol.load(name)
        with tempfile.TemporaryDirectory() as folder:
            arrays = str(Path(folder) / "data.npz")
            # metric-learn takes negative labels for unknown ones
            np.savez(arrays, X=X, y=np.unique(y, return_inverse=True)[1])
            show(case, "robust_metric", fit(sys.executable, OURS[learner], arrays))
            if arguments.metric_learn and learner in METRIC_LEARN:
                show(
                    case, "metric-learn", fit(arguments.metric_learn, METRIC_LEARN[learner], arrays)
                )


if __name__ == "__main__":
    main()
