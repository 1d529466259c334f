"""Threads, instruction set, kind of search, memory layout, batches, order of queries: not one bit changes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pytest
from helpers import SEARCHES, Problem, problem, searched_by, with_prototypes

from robust_metric import CertifiedKNeighborsClassifier, _core

Answers = dict[str, np.ndarray]


@dataclass(frozen=True)
class LearnedProblem(Problem):
    """One whose classifier learns prototypes from the training points."""

    def classifier(self, n_jobs: int | None = 1) -> CertifiedKNeighborsClassifier:
        fitted = with_prototypes(self, n_jobs).fitted
        assert fitted is not None
        return fitted


def answers(p: Problem, n_jobs: int = 1) -> Answers:
    return classified(p.classifier(n_jobs), p.Z)


def classified(clf: CertifiedKNeighborsClassifier, Z: np.ndarray) -> Answers:
    c = clf.certify(Z)
    distances, indices = clf.kneighbors(Z)
    found = {"radius": c.radius, "label": c.label, "predict": clf.predict(Z)}
    found |= {"distances": distances, "indices": indices, "proba": clf.predict_proba(Z)}
    near = clf.certify_neighbors(Z)
    found |= {"neighbors.radius": near.radius, "neighbors.indices": near.indices}
    m = clf.minimal_perturbation(Z)
    for name in ("lower", "upper", "perturbation", "adversarial_label", "label", "status"):
        found[f"minimal.{name}"] = getattr(m, name)
    return found


def with_layout(p: Problem, layout: Callable[[np.ndarray], np.ndarray]) -> Answers:
    L = None if p.L is None else layout(p.L)
    return answers(replace(p, X=layout(p.X), Z=layout(p.Z), y=layout(p.y), L=L))


def strided(a: np.ndarray) -> np.ndarray:
    wide = np.zeros([2 * n + 1 for n in a.shape], a.dtype)
    every_other = wide[tuple(slice(1, None, 2) for _ in a.shape)]
    every_other[...] = a
    return every_other


def reversed_storage(a: np.ndarray) -> np.ndarray:
    return a[::-1].copy()[::-1]


def read_only(a: np.ndarray) -> np.ndarray:
    a = a.copy()
    a.flags.writeable = False
    return a


def instruction_set(name: str) -> Callable[[Problem], Answers]:
    def run(p: Problem) -> Answers:
        _core.force_instruction_set(name)
        return answers(p)

    return run


def search(kind: str) -> Callable[[Problem], Answers]:
    def run(p: Problem) -> Answers:
        with searched_by(kind):
            return answers(p, n_jobs=2)

    return run


def in_batches(size: int) -> Callable[[Problem], Answers]:
    def run(p: Problem) -> Answers:
        clf = p.classifier()
        parts = [classified(clf, p.Z[i : i + size]) for i in range(0, len(p.Z), size)]
        return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}

    return run


def in_another_order(p: Problem) -> Answers:
    order = np.random.default_rng(0).permutation(len(p.Z))
    found = answers(replace(p, Z=p.Z[order]))
    return {name: values[np.argsort(order)] for name, values in found.items()}


def twice_on_one_classifier(p: Problem) -> Answers:
    clf = p.classifier(n_jobs=2)
    classified(clf, p.Z[::-1])
    return classified(clf, p.Z)


VARIANTS: dict[str, Callable[[Problem], Answers]] = {
    "2 threads": lambda p: answers(p, n_jobs=2),
    "3 threads": lambda p: answers(p, n_jobs=3),
    **{name: instruction_set(name) for name in _core.available_instruction_sets()},
    **{f"search by {kind}": search(kind) for kind in SEARCHES},
    "Fortran order": lambda p: with_layout(p, np.asfortranarray),
    "strided": lambda p: with_layout(p, strided),
    "reversed storage": lambda p: with_layout(p, reversed_storage),
    "read-only": lambda p: with_layout(p, read_only),
    "nested lists": lambda p: with_layout(p, np.ndarray.tolist),
    "float32": lambda p: answers(replace(p, X=p.X.astype(np.float32), Z=p.Z.astype(np.float32))),
    "big-endian": lambda p: answers(replace(p, X=p.X.astype(">f8"), Z=p.Z.astype(">f8"))),
    "one query a call": in_batches(1),
    "batches of 7": in_batches(7),
    "permuted queries": in_another_order,
    "second use": twice_on_one_classifier,
}

# (family, metric, n_classes, K, d, n)
CASES = [
    ("normal", "euclidean", 2, 1, 5, 60),
    ("normal", "square", 3, 3, 40, 300),
    ("duplicates", "wide", 4, 4, 6, 80),
    ("grid", "tall", 3, 1, 3, 120),
    ("pixels", "euclidean", 5, 7, 4, 90),
    ("offset", "ill_conditioned", 2, 1, 6, 60),
    ("offset", "ill_conditioned", 3, 5, 6, 60),
    ("mixed", "rank_deficient", 2, 2, 5, 60),
    ("mixed", "square", 2, 1, 33, 150),
]


def representable(case: tuple[str, str, int, int, int, int]) -> Problem:
    """A problem whose coordinates float32 can hold as well."""
    family, metric, n_classes, k, d, n = case
    p = problem(7, family, metric, n_classes, k, d, n, queries=50)
    return replace(
        p, X=p.X.astype(np.float32).astype(float), Z=p.Z.astype(np.float32).astype(float)
    )


# what prototypes are learned from, without and with a metric
LEARNED = [("normal", "euclidean", 3, 1, 40, 300), ("mixed", "square", 2, 3, 6, 200)]


@pytest.fixture(
    scope="module",
    params=[(case, Problem) for case in CASES] + [(case, LearnedProblem) for case in LEARNED],
    ids=lambda param: "-".join([*map(str, param[0][:4]), param[1].__name__]),
)
def expected(request: pytest.FixtureRequest) -> tuple[Problem, Answers]:
    case, kind = request.param
    p = kind(**vars(representable(case)))
    return p, answers(p)


@pytest.mark.usefixtures("instruction_set")
@pytest.mark.parametrize("variant", VARIANTS)
def test_same_bits(expected: tuple[Problem, Answers], variant: str) -> None:
    p, one = expected
    other = VARIANTS[variant](p)
    for name, values in one.items():
        assert values.dtype == other[name].dtype
        assert np.array_equal(values, other[name]), name
