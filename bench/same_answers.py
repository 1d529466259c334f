"""Write the package's answers down, and compare them bit for bit: what has a change moved.

python bench/same_answers.py write before.npz        # with the package installed before the change
python bench/same_answers.py write after.npz         # and after it
python bench/same_answers.py compare before.npz after.npz

A record holds predictions, neighbours, certified radii and minimal perturbations with their evidence,
numbers of nodes and search trees, for several K, metrics and threat models; attacks; learned metrics
and prototypes. Nothing in it depends on a clock, so two records of the same package are equal. Between
different numbers of threads only evidence may differ, where it names one of equally near points. Only
public names are used: the program runs on older states as well. ``compare`` takes any two .npz files.

Data files are read from the folder in ROBUST_METRIC_DATA; writing takes a minute of CPU time.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.utils import shuffle

import robust_metric as rm
from robust_metric import attacks

Arrays = dict[str, np.ndarray]

SETS = ("splice", "pendigits", "usps")
NEIGHBORS = (1, 3, 5, 11)
N_POINTS = 100  # predicted and certified
# Points whose minimal perturbation is searched: few and easy enough for every search to end by itself.
N_SEARCHED = {
    "splice": {1: 100, 3: 60, 5: 60, 11: 25},
    "pendigits": {1: 100, 3: 100, 5: 60, 11: 25},
    "usps": {1: 100, 3: 60, 5: 40, 11: 15},
}
# Points under each of the other threat models, and attacked: in 256 features these take longest.
N_THREATENED = {"splice": 8, "pendigits": 8, "usps": 2}


@dataclass(frozen=True)
class Problem:
    """A data set by the protocol of docs/protocol.md, a learned metric, and the threads to use."""

    name: str
    X_train: np.ndarray
    y_train: np.ndarray
    X: np.ndarray
    y: np.ndarray
    components: np.ndarray
    n_jobs: int

    def metrics(self) -> Iterator[tuple[str, np.ndarray | None]]:
        yield "euclidean", None
        yield "arml", self.components

    def classifier(
        self, k: int, metric: np.ndarray | None, threat: rm.ThreatModel | None = None
    ) -> rm.CertifiedKNeighborsClassifier:
        clf = rm.CertifiedKNeighborsClassifier(k, metric, threat, n_jobs=self.n_jobs)
        return clf.fit(self.X_train, self.y_train)


def load(name: str, folder: Path, metrics: Mapping[str, np.ndarray] | None, n_jobs: int) -> Problem:
    X_train, X, y_train, y = rm.datasets.load(folder / f"{name}.npz")
    X, y = (part[:N_POINTS] for part in shuffle(X, y, random_state=42))
    if metrics is None:
        components = rm.ARML(max_iter=60, n_jobs=n_jobs).fit(X_train, y_train).components_
    else:
        components = metrics[metric_name(name)]
    return Problem(name, X_train, y_train, X, y, components, n_jobs)


def metric_name(name: str) -> str:
    return f"{name}/learned/ARML/components"


def predictions(problem: Problem) -> Iterator[tuple[str, Any]]:
    for metric, components in problem.metrics():
        for k in NEIGHBORS:
            clf = problem.classifier(k, components)
            distances, indices = clf.kneighbors(problem.X)
            yield (
                f"{metric}/K={k}/predict",
                {
                    "label": clf.predict(problem.X),
                    "distances": distances,
                    "indices": indices,
                },
            )
            if metric == "euclidean":  # other kernels, and the sums of other numbers
                stored = problem.X_train.astype(np.float32)
                narrow = clf.set_params(n_jobs=problem.n_jobs).fit(stored, problem.y_train)
                yield f"float32/K={k}/certify", narrow.certify(problem.X, problem.y)


def radii(problem: Problem) -> Iterator[tuple[str, Any]]:
    for metric, components in problem.metrics():
        for k in (1, 2, 3, 4, 5, 11):
            clf = problem.classifier(k, components)
            yield f"{metric}/K={k}/certify", clf.certify(problem.X, problem.y, evidence=True)
            yield f"{metric}/K={k}/certify/predictions", clf.certify(problem.X)


def searches(problem: Problem) -> Iterator[tuple[str, Any]]:
    for metric, components in problem.metrics():
        for k, count in N_SEARCHED[problem.name].items():
            clf = problem.classifier(k, components)
            X, y = problem.X[:count], problem.y[:count]
            yield f"{metric}/K={k}/search", clf.minimal_perturbation(X, y, evidence=True)
            if k <= 3:  # the same without evidence, and of predictions
                yield f"{metric}/K={k}/search/plain", clf.minimal_perturbation(X)


def threats(n_features: int) -> dict[str, rm.ThreatModel]:
    cost = np.linspace(0.5, 2.0, n_features)
    frozen = np.where(np.arange(n_features) % 4 == 0, np.inf, cost)
    unit = {"bounds": (0.0, 1.0), "clip_queries": True}
    return {
        "l1": rm.ThreatModel(norm=1),
        "linf": rm.ThreatModel(norm=np.inf),
        "cost": rm.ThreatModel(feature_cost=cost),
        "box": rm.ThreatModel(**unit),
        "l1-box-frozen": rm.ThreatModel(norm=1, feature_cost=frozen, **unit),
        "l2-box-frozen": rm.ThreatModel(norm=2, feature_cost=frozen, **unit),
        "linf-box-cost": rm.ThreatModel(norm=np.inf, feature_cost=cost, **unit),
    }


def threatened(problem: Problem) -> Iterator[tuple[str, Any]]:
    count = N_THREATENED[problem.name]
    for metric, components in problem.metrics():
        for name, threat in threats(problem.X.shape[1]).items():
            for k in (1, 3):
                at = f"{metric}/K={k}/{name}"
                clf = problem.classifier(k, components, threat)
                yield f"{at}/certify", clf.certify(problem.X[:30], problem.y[:30], evidence=True)
                X, y = problem.X[:count], problem.y[:count]
                found = clf.minimal_perturbation(X, y, evidence=True)
                yield f"{at}/search", found


def neighbor_sets(problem: Problem) -> Iterator[tuple[str, Any]]:
    for metric, components in problem.metrics():
        for name, threat in (("l2", None), ("l1", rm.ThreatModel(norm=1))):
            search = rm.CertifiedNearestNeighbors(5, components, threat, n_jobs=problem.n_jobs)
            found = search.fit(problem.X_train).certify_neighbors(problem.X)
            yield f"{metric}/{name}/neighbors", found


def attacked(problem: Problem) -> Iterator[tuple[str, Any]]:
    count = N_THREATENED[problem.name]
    X, y = problem.X[:count], problem.y[:count]
    for metric, components in problem.metrics():
        for k in (1, 5):
            clf = problem.classifier(k, components)
            for attack in (attacks.RegionAttack(), attacks.BoundaryAttack(n_steps=30)):
                name = type(attack).__name__
                yield f"{metric}/K={k}/{name}", attack(clf, X, y)
                yield f"{metric}/K={k}/{name}/l1", attack(clf, X, y, rm.ThreatModel(norm=1))


def sharded(problem: Problem) -> Iterator[tuple[str, Any]]:
    """Radii from a training set in parts, where Dask is installed."""
    if find_spec("dask") is None or problem.name == "usps":
        return
    import dask
    import dask.array as da

    import robust_metric.dask

    blocks = len(problem.X_train) // 3 + 1
    X_train = da.from_array(problem.X_train, (blocks, -1))
    y_train = da.from_array(problem.y_train, blocks)
    with dask.config.set(scheduler="synchronous"):
        for k in (1, 11):
            yield (
                f"euclidean/K={k}/sharded",
                robust_metric.dask.certified_radii(
                    X_train, y_train, problem.X, problem.y, n_neighbors=k, n_jobs=problem.n_jobs
                ),
            )


def learned(problem: Problem) -> Iterator[tuple[str, Any]]:
    yield "learned/ARML", {"components": problem.components}
    if problem.name != "splice":
        return
    X, y, n_jobs = problem.X_train, problem.y_train, problem.n_jobs
    for learner in (
        rm.baselines.LMNN(max_iter=60, n_jobs=n_jobs),
        rm.baselines.ITML_Supervised(max_iter=20, n_constraints=500, random_state=0),
    ):
        fitted = learner.fit(X, y)
        yield f"learned/{type(learner).__name__}", {"components": fitted.components_}
    names = np.where(y == y.max(), "yes", "no")
    for metric in (None, "learn"):
        clf = rm.CertifiedPrototypeClassifier(3, metric, max_iter=150, n_jobs=n_jobs).fit(X, names)
        learned = {"prototypes": clf.prototypes_, "labels": clf.prototype_labels_}
        yield f"learned/prototypes-{metric}", learned
        found = clf.minimal_perturbation(problem.X, evidence=True)
        yield f"learned/prototypes-{metric}/search", found


PARTS: tuple[Callable[[Problem], Iterator[tuple[str, Any]]], ...] = (
    learned,
    predictions,
    radii,
    searches,
    threatened,
    neighbor_sets,
    attacked,
    sharded,
)


def arrays_of(answer: Any) -> Arrays:
    """The arrays of a result; evidence under the names that it has in a certificates file."""
    if isinstance(answer, Mapping):
        return dict(answer)
    found = {field.name: getattr(answer, field.name) for field in fields(answer)}
    found = {name: value for name, value in found.items() if isinstance(value, np.ndarray)}
    proved = answer.certificates() if isinstance(answer, rm.MinimalPerturbations) else answer
    if isinstance(proved, rm.Certificates):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "certificates.npz"
            proved.save(path)
            with np.load(path) as stored:
                found |= {f"file/{name}": stored[name] for name in stored.files}
    return found


def write(path: Path, folder: Path, metrics: Path | None, n_jobs: int) -> None:
    """Write a record; each part says how long it took, in CPU seconds."""
    given = None if metrics is None else np.load(metrics)
    record: Arrays = {}
    for name in SETS:
        problem = load(name, folder, given, n_jobs)
        for part in PARTS:
            start = time.process_time()
            for key, answer in part(problem):
                arrays = arrays_of(answer)
                record |= {f"{name}/{key}/{field}": array for field, array in arrays.items()}
            print(f"{name} {part.__name__}: {time.process_time() - start:.1f} s", flush=True)
    with open(path, "wb") as stream:
        np.savez_compressed(stream, **record)
    print(f"{len(record)} arrays in {path}, {time.process_time():.0f} s in all")


def difference(a: np.ndarray, b: np.ndarray) -> str | None:
    """How two arrays differ, or None where they are the same bits."""
    if (a.dtype, a.shape) != (b.dtype, b.shape):
        return f"{a.dtype} {a.shape} against {b.dtype} {b.shape}"
    if a.tobytes() == b.tobytes():
        return None
    if a.dtype.kind in "US" and a.ndim == 0:
        return f"{a} against {b}"
    same = a == b
    text = f"{np.sum(~same)} of {a.size} entries"
    if a.dtype.kind != "f" or same.all():  # NaN, or zeros of two signs
        return text
    with np.errstate(invalid="ignore"):
        return f"{text}, by at most {np.abs(a - b)[~same].max():.3g}"


def compare(before: Path, after: Path) -> int:
    """Name every array that differs; 1 where there is one."""
    with np.load(before) as a, np.load(after) as b:
        names = [*a.files, *(name for name in b.files if name not in a.files)]
        differing = 0
        for name in names:
            if name in a.files and name in b.files:
                found = difference(a[name], b[name])
            else:
                found = f"only in {before if name in a.files else after}"
            if found is not None:
                differing += 1
                print(f"{name}: {found}")
    print(f"{differing} of {len(names)} arrays differ")
    return int(differing > 0)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    writing = commands.add_parser("write")
    writing.add_argument("path", type=Path)
    writing.add_argument("--data", type=Path, default=os.environ.get("ROBUST_METRIC_DATA"))
    writing.add_argument("--n-jobs", type=int, default=2, help="threads (default: %(default)s)")
    writing.add_argument(
        "--metrics", type=Path, help="a record whose learned metrics are used, instead of learning"
    )
    comparing = commands.add_parser("compare")
    comparing.add_argument("before", type=Path)
    comparing.add_argument("after", type=Path)
    args = parser.parse_args()
    if args.command == "compare":
        return compare(args.before, args.after)
    if args.data is None:
        parser.error("write needs the data files: --data DIR, or ROBUST_METRIC_DATA")
    write(args.path, args.data, args.metrics, args.n_jobs)
    return 0


if __name__ == "__main__":
    sys.exit(main())
