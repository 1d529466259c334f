"""Random small problems under every kind of threat model, and costs by an independent solver."""

from __future__ import annotations

import math

import numpy as np
from helpers import Array, Problem
from hypothesis import strategies as st
from scipy.optimize import linprog, minimize

import robust_metric as rm

NORMS = (1, 2, np.inf)
THREATS = ("plain", "weighted", "frozen", "box", "tight_box", "all")


def threat_model(rng: np.random.Generator, norm: float, kind: str, X: Array) -> rm.ThreatModel:
    d = X.shape[1]
    bounds, cost = None, None
    if kind in ("box", "all"):
        bounds = (X.min(axis=0) - rng.uniform(0, 0.3, d), X.max(axis=0) + rng.uniform(0, 0.3, d))
        bounds[0][rng.random(d) < 0.3] = -np.inf
    if kind == "tight_box":  # queries lie on its faces
        bounds = (np.quantile(X, 0.2, axis=0), np.quantile(X, 0.8, axis=0))
    if kind in ("weighted", "frozen", "all"):
        cost = np.exp(rng.normal(size=d))
    if kind in ("frozen", "all") and cost is not None:
        cost[rng.random(d) < 0.4] = np.inf
    return rm.ThreatModel(norm=norm, bounds=bounds, feature_cost=cost, clip_queries=True)


def threat_problem(
    seed: int, norm: float, kind: str, k: int, n_classes: int, d: int, n: int, queries: int = 4
) -> Problem:
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, d)) if seed % 2 else rng.integers(0, 4, size=(n, d)) / 3.0
    Z = rng.normal(size=(queries, d)) if seed % 2 else rng.integers(0, 7, size=(queries, d)) / 6.0
    Z[0] = X[rng.integers(n)]
    y = rng.permutation(np.r_[np.arange(n_classes), rng.integers(0, n_classes, n - n_classes)])
    L = rng.normal(size=(max(d - seed % 3 % 2, 1), d)) if seed % 3 else None
    threat = threat_model(rng, norm, kind, X)
    Z = threat.admit(Z)
    name = f"{seed=}, {norm=}, {kind=}, {k=}, {n_classes=}, {d=}, {n=}"
    return Problem(X, y, Z, k, L, name, threat)


@st.composite
def threat_problems(
    draw: st.DrawFn, k: tuple[int, int] = (1, 6), d: tuple[int, int] = (1, 5)
) -> Problem:
    return threat_problem(
        seed=draw(st.integers(0, 2**32 - 1)),
        norm=draw(st.sampled_from(NORMS)),
        kind=draw(st.sampled_from(THREATS)),
        k=draw(st.integers(*k)),
        n_classes=draw(st.integers(2, 4)),
        d=draw(st.integers(*d)),
        n=draw(st.integers(8, 24)),
    )


def pair_distance(p: Problem, z: np.ndarray, own: int, other: int) -> float:
    """Cost at which x⁻ comes as near as x⁺, by SciPy."""
    M = np.eye(p.X.shape[1]) if p.L is None else p.L.T @ p.L
    gap = (z - p.X[other]) @ M @ (z - p.X[other]) - (z - p.X[own]) @ M @ (z - p.X[own])
    if gap <= 0:
        return 0.0
    return cheapest(p, z, (M @ (p.X[other] - p.X[own]))[None], np.array([gap / 2]))


def cheapest(p: Problem, z: np.ndarray, A: np.ndarray, b: np.ndarray) -> float:
    """min ‖Wδ‖_p with A δ >= b within the bounds, by HiGHS or SLSQP; inf where there is none."""
    d = len(z)
    weights = p.threat.weights(d)
    movable = np.isfinite(weights)
    box = p.threat.box(d)
    lower, upper = (np.full(d, -np.inf), np.full(d, np.inf)) if box is None else box
    low = (np.where(movable, (lower - z), 0.0) * np.where(movable, weights, 1.0))[movable]
    high = (np.where(movable, (upper - z), 0.0) * np.where(movable, weights, 1.0))[movable]
    A = (A / weights)[:, movable]
    size = np.linalg.norm(A, axis=1)
    if (b[size == 0] > 0).any():
        return math.inf
    A, b = A[size > 0] / size[size > 0, None], b[size > 0] / size[size > 0]
    if len(b) == 0:
        return 0.0
    m, d = A.shape
    bounds = list(zip(low, high, strict=True))
    if p.threat.norm == 1:
        found = linprog(
            np.ones(2 * d),
            A_ub=np.hstack([-A, A]),
            b_ub=-b,
            bounds=[(0, u) for u in high] + [(0, -v) for v in low],
        )
        return float(found.fun) if found.status == 0 else math.inf
    eye, one, none = np.eye(d), np.ones((d, 1)), np.zeros((m, 1))
    found = linprog(
        np.r_[np.zeros(d), 1],
        A_ub=np.vstack([np.hstack([-A, none]), np.hstack([eye, -one]), np.hstack([-eye, -one])]),
        b_ub=np.r_[-b, np.zeros(2 * d)],
        bounds=[*bounds, (0, None)],
    )
    if found.status != 0:
        return math.inf
    if p.threat.norm == math.inf:
        return float(found.fun)
    best = minimize(
        lambda x: x @ x / 2,
        found.x[:d],
        jac=lambda x: x,
        bounds=bounds,
        constraints=[{"type": "ineq", "fun": lambda x: A @ x - b, "jac": lambda x: A}],
        method="SLSQP",
        options={"ftol": 1e-15, "maxiter": 500},
    )
    return float(np.sqrt(2 * best.fun))
