"""Random small problems of every unpleasant kind, and exact answers in rational arithmetic."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from robust_metric import (
    CertifiedKNeighborsClassifier,
    CertifiedPrototypeClassifier,
    MinimalPerturbations,
    ThreatModel,
)

Array = NDArray[np.float64]

FAMILIES = (
    "normal",
    "grid",
    "pixels",
    "duplicates",
    "offset",
    "far_offset",
    "tiny",
    "subnormal",
    "huge",
    "mixed",
)
METRICS = ("euclidean", "square", "wide", "tall", "rank_deficient", "ill_conditioned")


@dataclass(frozen=True)
class Problem:
    """Training points X of classes y, queries Z, K, components L or None, and a threat model."""

    X: Array
    y: NDArray[np.int64]
    Z: Array
    k: int
    L: Array | None = None
    name: str = ""
    threat: ThreatModel = field(default_factory=ThreatModel)
    fitted: CertifiedKNeighborsClassifier | None = None

    def classifier(self, n_jobs: int | None = 1) -> CertifiedKNeighborsClassifier:
        if self.fitted is not None:
            return self.fitted
        clf = CertifiedKNeighborsClassifier(self.k, self.L, self.threat, n_jobs)
        return clf.fit(self.X, self.y)

    def __repr__(self) -> str:
        return f"Problem({self.name})"


def points(rng: np.random.Generator, family: str, n: int, d: int) -> Array:
    normal = rng.normal(size=(n, d))
    match family:
        case "grid":
            return rng.integers(0, 3, size=(n, d)).astype(float)
        case "pixels":
            return rng.integers(0, 4, size=(n, d)) / 255
        case "duplicates":
            return normal[rng.integers(0, (n + 1) // 2, size=n)]
        case "offset":
            return np.round(normal, 2) + 1e3
        case "far_offset":
            return np.round(normal, 1) + 1e8
        case "tiny":
            return normal * 1e-150
        case "subnormal":
            return np.round(normal * 50) * 5e-324
        case "huge":
            return normal * 1e150
        case "mixed":  # features of very different size
            return normal * 10.0 ** rng.integers(-6, 7, size=d)
    return normal


def components(rng: np.random.Generator, metric: str, d: int) -> Array | None:
    match metric:
        case "square":
            return rng.normal(size=(d, d))
        case "wide":
            return rng.normal(size=(max(d - 1, 1), d))
        case "tall":
            return rng.normal(size=(d + 2, d))
        case "rank_deficient":
            return rng.integers(-1, 2, size=(d, 1)) @ rng.integers(-1, 2, size=(1, d)).astype(float)
        case "ill_conditioned":
            return rng.normal(size=(d, d)) * np.logspace(0, -12, d)[:, None]
    return None


def problem(
    seed: int, family: str, metric: str, n_classes: int, k: int, d: int, n: int, queries: int = 4
) -> Problem:
    """Every class has a point; queries are near training points, on them, and half-way between."""
    rng = np.random.default_rng(seed)
    X = points(rng, family, n + queries, d)
    X, Z = X[:n], X[n:].copy()
    Z[0] = X[rng.integers(n)]
    if queries > 1:
        Z[1] = X[rng.integers(n)] / 2 + X[rng.integers(n)] / 2
    y = rng.permutation(np.r_[np.arange(n_classes), rng.integers(0, n_classes, n - n_classes)])
    name = f"{seed=}, {family=}, {metric=}, {n_classes=}, {k=}, {d=}, {n=}, {queries=}"
    return Problem(X, y, Z, k, components(rng, metric, d), name)


def with_prototypes(p: Problem, n_jobs: int | None = 1, n_directions: int | None = None) -> Problem:
    """The problem of prototypes learned from the training points, under the same metric."""
    k = min(p.k, len(np.unique(p.y)))  # there are at least so many prototypes
    clf = CertifiedPrototypeClassifier(
        3, p.L, p.threat, k, max_iter=10, n_directions=n_directions, n_jobs=n_jobs
    )
    clf.fit(p.X, p.y)
    learned = {"X": clf.prototypes_, "y": clf.prototype_labels_, "k": k, "fitted": clf}
    return replace(p, name=p.name + ", prototypes", **learned)


@st.composite
def problems(
    draw: st.DrawFn,
    classes: tuple[int, int] = (2, 5),
    k: tuple[int, int] = (1, 8),
    families: tuple[str, ...] = FAMILIES,
    metrics: tuple[str, ...] = METRICS,
    queries: int = 4,
) -> Problem:
    n_classes, n_neighbors = draw(st.integers(*classes)), draw(st.integers(*k))
    n = draw(st.integers(max(n_classes, n_neighbors), 24))
    return problem(
        seed=draw(st.integers(0, 2**32 - 1)),
        family=draw(st.sampled_from(families)),
        metric=draw(st.sampled_from(metrics)),
        n_classes=n_classes,
        k=n_neighbors,
        d=draw(st.integers(1, 6)),
        n=n,
        queries=queries,
    )


# how prepared training sets find near points: by matrix products, in leaves by a pass over all, through
# boxes, or by codes
SEARCHES = ("none", "scan", "tree", "cascade")


@contextmanager
def searched_by(kind: str) -> Iterator[None]:
    """Training sets prepared in this context find near points in this way, whatever would be fastest."""
    before = os.environ.get("ROBUST_METRIC_LEAVES", "")
    os.environ["ROBUST_METRIC_LEAVES"] = kind
    try:
        yield
    finally:
        os.environ["ROBUST_METRIC_LEAVES"] = before


def exact_squared_distance(z: Array, x: Array, L: Array | None = None) -> Fraction:
    w = [Fraction(a) - Fraction(b) for a, b in zip(z.tolist(), x.tolist(), strict=True)]
    if L is not None:
        w = [
            sum((Fraction(a) * b for a, b in zip(row, w, strict=True)), Fraction(0))
            for row in L.tolist()
        ]
    return sum((a * a for a in w), Fraction(0))


def exact_neighbors(p: Problem, z: Array, k: int | None = None) -> list[int]:
    """Indices of the K nearest over the real numbers, nearest first, ties by the smaller index."""
    order = sorted((exact_squared_distance(z, x, p.L), i) for i, x in enumerate(p.X))
    return [i for _, i in order[: p.k if k is None else k]]


def exact_prediction(p: Problem, z: Array) -> int:
    return int(np.argmax(np.bincount(p.y[exact_neighbors(p, z)])))


def costs_less(z: Array, moved: Array, radius: float, threat: ThreatModel) -> bool:
    """Whether moving z there costs less than radius, decided exactly."""
    sizes = [
        abs(Fraction(a) - Fraction(b)) * Fraction(w)
        for a, b, w in zip(moved.tolist(), z.tolist(), threat.weights(len(z)).tolist(), strict=True)
        if a != b
    ]
    if threat.norm == 2:
        return sum((size * size for size in sizes), Fraction(0)) < Fraction(radius) ** 2
    return (sum(sizes, Fraction(0)) if threat.norm == 1 else max(sizes, default=0)) < radius


def strictly_inside(
    z: Array, moved: Array, radius: float, threat: ThreatModel | None = None
) -> Array:
    """Rows of moved that are allowed and cost less than radius, decided exactly."""
    threat = ThreatModel() if threat is None else threat
    frozen = threat.frozen(len(z))
    moved = moved[np.isfinite(moved).all(axis=1)]
    moved = moved[threat.holds(moved) & (moved[:, frozen] == z[frozen]).all(axis=1)]
    with np.errstate(over="ignore"):  # infinitely far beyond a subnormal radius is far enough
        size = threat.cost((moved - z) / radius)
    inside = size < 1 - 1e-12
    for i in np.flatnonzero(np.abs(size - 1) <= 1e-12):
        inside[i] = costs_less(z, moved[i], radius, threat)
    return moved[inside]


def attacks(
    p: Problem, z: Array, radius: float, rng: np.random.Generator, count: int = 60
) -> Array:
    """Allowed points that cost less than radius and are most likely to change z's class."""
    if radius == 0:
        return np.empty((0, len(z)))
    radius = min(radius, 1e6 * np.ptp(p.X) if np.ptp(p.X) > 0 else 1.0)
    M = np.eye(p.X.shape[1]) if p.L is None else p.L.T @ p.L
    scale = max(np.abs(p.X).max(), np.finfo(float).tiny)
    pairs = (p.X[:, None, :] - p.X[None, :, :]).reshape(-1, p.X.shape[1]) / scale
    with np.errstate(over="ignore"):  # from queries far beyond the points
        directions = np.vstack(
            [
                rng.normal(size=(count, p.X.shape[1])),
                pairs @ (M / max(np.abs(M).max(), np.finfo(float).tiny)),
                (p.X - z) / scale,
            ]
        )
    shares = np.r_[1 - 2.0**-50, 1 - 1e-9, rng.uniform(0.3, 1)]
    steps = shares[:, None, None] * farthest(z, directions, radius, p.threat)
    return strictly_inside(z, z + steps.reshape(-1, len(z)), radius, p.threat)


def farthest(z: Array, directions: Array, budget: float, threat: ThreatModel) -> Array:
    """Allowed steps that cost no more than the budget and get farthest in each direction, (m, d)."""
    d = len(z)
    weights = threat.weights(d)
    frozen, weights = np.isinf(weights), np.where(np.isinf(weights), 1.0, weights)
    lower, upper = threat.box(d) or (np.full(d, -np.inf), np.full(d, np.inf))
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        slopes = np.where(frozen, 0.0, directions / weights)
        caps = weights * np.where(directions > 0, upper - z, z - lower) / budget
        sizes = np.abs(slopes) / np.maximum(np.abs(slopes).max(axis=1, keepdims=True), 1e-300)
        moved = _greedily(sizes, caps) if threat.norm == 1 else _scaled(sizes, caps, threat.norm)
        steps = np.sign(slopes) * moved * (budget / weights)
    return np.where(np.isfinite(steps), steps, 0.0)


def _greedily(sizes: Array, caps: Array) -> Array:
    """At most 1 in all, each at most its cap: as much as possible where the size is largest."""
    order = np.argsort(-sizes, axis=1, kind="stable")
    caps = np.where(np.take_along_axis(sizes, order, 1) > 0, np.take_along_axis(caps, order, 1), 0)
    spent = np.c_[np.zeros(len(caps)), np.cumsum(caps, axis=1)[:, :-1]]
    left = 1.0 - np.minimum(spent, 1.0)
    result = np.empty_like(caps)
    np.put_along_axis(result, order, np.minimum(caps, left), 1)
    return result


def _scaled(sizes: Array, caps: Array, norm: float) -> Array:
    """min(t * size, cap), or min(t, cap) for the largest coordinate, with the largest t that costs 1."""
    rates = (sizes > 0) * 1.0 if norm == np.inf else sizes
    low = 1.0 / np.maximum(np.linalg.norm(rates, norm, axis=1, keepdims=True), 1e-300)
    if np.isfinite(caps).any():  # within a box it may be longer
        high = low * 1e12
        for _ in range(90):
            middle = (low + high) / 2
            length = np.linalg.norm(np.minimum(rates * middle, caps), norm, axis=1, keepdims=True)
            low, high = np.where(length <= 1, middle, low), np.where(length <= 1, high, middle)
    return np.minimum(rates * low, caps)


def assert_valid_when_stopped(p: Problem) -> tuple[MinimalPerturbations, MinimalPerturbations]:
    """Minimal perturbations of p without a time limit, and stopped at once: those hold as well."""
    clf = p.classifier()
    full, cut = clf.minimal_perturbation(p.Z), clf.minimal_perturbation(p.Z, time_limit=1e-9)
    assert (cut.status == "time_limit").any()
    assert np.isin(cut.status, ["time_limit", "exact"]).all()
    assert (cut.lower <= full.upper).all() and (full.lower <= cut.upper).all()
    assert (clf.certify(p.Z).radius <= cut.lower).all()
    assert (cut.lower <= cut.upper).all() and np.isfinite(cut.upper).all()
    witness = clf.predict(p.Z + cut.perturbation)
    assert np.array_equal(witness, cut.adversarial_label)
    assert (witness != cut.label).all()
    return full, cut


def damaged(rng: np.random.Generator, good: bytes) -> bytes:
    """A file's bytes, three of them overwritten or the end cut off."""
    if rng.random() < 0.3:
        return good[: rng.integers(len(good))]
    bad = np.frombuffer(good, dtype=np.uint8).copy()
    bad[rng.integers(len(bad), size=3)] = rng.integers(256, size=3)
    return bad.tobytes()


def check_without_the_compiled_code(certificates: Path, model: Path) -> str:
    """What the checker prints where neither our extension nor scikit-learn can be imported."""
    script = (
        "import sys\n"
        "sys.modules['robust_metric._core'] = sys.modules['sklearn'] = None\n"
        "from robust_metric.check import main\n"
        f"sys.exit(main([{str(certificates)!r}, {str(model)!r}]))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
