"""Random small problems under every kind of threat model, and perturbations just inside a cost."""

from __future__ import annotations

import numpy as np
from helpers import Array, Problem

import robust_metric as rm

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


def inside(
    p: Problem, z: Array, radius: float, rng: np.random.Generator, count: int = 200
) -> Array:
    """Allowed points at a cost just below radius, in likely directions."""
    d = len(z)
    weights = p.threat.weights(d)
    movable = np.isfinite(weights)
    if radius == 0 or not movable.any():
        return z[None]
    reach = min(radius, 1e4)
    M = np.eye(d) if p.L is None else p.L.T @ p.L
    pairs = (p.X[:, None] - p.X[None]).reshape(-1, d) @ M
    gradients = np.vstack([pairs, rng.normal(size=(count, d)), p.X - z])
    gradients = gradients[np.abs(gradients).sum(axis=1) > 0]
    gradients = gradients[rng.permutation(len(gradients))[:count]]
    steps = np.vstack(
        [
            gradients / weights**2,
            np.sign(gradients) / weights,
            one_feature(gradients / weights) / weights,
        ]
    )
    steps = np.where(movable, steps, 0.0)
    cost = p.threat.cost(steps)
    steps = steps[cost > 0] / cost[cost > 0, None]
    # longer ones are cut off by the box: what is left may be as cheap
    steps = np.vstack([steps * reach * scale for scale in (1.0, 3.0)])
    steps = p.threat.clip(np.broadcast_to(z, steps.shape), steps)
    cost = p.threat.cost(steps)
    far = cost >= reach
    steps[far] *= (reach * (1 - 1e-9) / cost[far])[:, None]
    steps = p.threat.clip(np.broadcast_to(z, steps.shape), steps)
    moved = z + steps
    keep = (p.threat.cost(moved - z) * (1 + 1e-12) < radius) & p.threat.holds(moved)
    keep &= (moved[:, ~movable] == z[~movable]).all(axis=1)
    return np.vstack([z, moved[keep]])


def one_feature(gradients: Array) -> Array:
    """The largest entry of each row alone: the cheapest direction where p = 1."""
    best = np.abs(gradients).argmax(axis=1)
    rows = np.arange(len(gradients))
    result = np.zeros_like(gradients)
    result[rows, best] = gradients[rows, best]
    return result
