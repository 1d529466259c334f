"""Radii beyond a known witness, with evidence that is honest, somebody else's or overwritten.

A part of bench/break_certificates.py. The checker may prove none of them: an attempt is one such
claim, and a success is one that it proved although a point strictly inside the radius, found before and
decided in rational arithmetic, has another class than the one that is claimed.
"""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
from exact_infimum import small_integers
from forged_evidence import forged
from helpers import Array, Problem, costs_less, exact_prediction, problem
from threat_problems import NORMS, THREATS, threat_model

import robust_metric as rm
from robust_metric.attacks import RegionAttack
from robust_metric.checker.claims import check_claims
from robust_metric.io.model_files import StoredModel, read_model

FORGERIES = 8  # of each honest set of certificates
BEYOND = (1 + 2**-51, 1 + 1e-9, 1.5, 1e3, np.inf)  # by what a witness's cost is exceeded


def attempts(rng: np.random.Generator) -> tuple[int, list[str]]:
    """One problem: how many radii were forged, and those that the checker proved."""
    p = draw(rng)
    clf = p.classifier()
    searched = bool(rng.random() < 0.5)
    found = clf.minimal_perturbation(p.Z, time_limit=2.0, evidence=searched)
    honest = found.certificates() if searched else clf.certify(p.Z, evidence=True)
    witnesses = known(p, clf, found)
    with tempfile.TemporaryDirectory() as folder:
        rm.save_model(clf, Path(folder) / "model.npz")
        stored = read_model(Path(folder) / "model.npz")
    count, proved = 0, []
    for _ in range(FORGERIES):
        claims = beyond(rng, p, forged(rng, honest, len(p.X)), witnesses)
        count += len(claims)
        proved += [f"forged: {p.name}: {line}" for line in untrue(p, claims, stored, witnesses)]
    return count, proved


def draw(rng: np.random.Generator) -> Problem:
    """Small problems, half of them of small integers."""
    seed = int(rng.integers(2**32))
    if rng.random() < 0.5:
        return small_integers(seed)
    family = str(rng.choice(["normal", "grid", "duplicates", "offset", "tiny", "huge"]))
    metric = str(rng.choice(["euclidean", "square", "wide", "rank_deficient"]))
    k, d = int(rng.integers(1, 6)), int(rng.integers(1, 4))
    p = problem(seed, family, metric, int(rng.integers(2, 4)), k, d, 16)
    threat = threat_model(rng, float(rng.choice(NORMS)), str(rng.choice(THREATS)), p.X)
    return replace(p, Z=threat.admit(p.Z), threat=threat, name=f"{p.name}, {threat}")


def known(
    p: Problem, clf: rm.CertifiedKNeighborsClassifier, found: rm.MinimalPerturbations
) -> list[Array]:
    """For every query the points near it that are known to have another class."""
    attacked = p.Z + RegionAttack(4)(clf, p.Z).perturbations
    witnesses = []
    for z, points in zip(p.Z, zip(p.Z + found.perturbation, attacked, strict=True), strict=True):
        label = exact_prediction(p, z)
        witnesses.append(np.array([z, *(x for x in points if exact_prediction(p, x) != label)]))
    return witnesses


def beyond(
    rng: np.random.Generator, p: Problem, claims: rm.Certificates, witnesses: list[Array]
) -> rm.Certificates:
    """The claims, most radii put beyond the cost of a witness."""
    radius = claims.radius.copy()
    for i, (z, points) in enumerate(zip(p.Z, witnesses, strict=True)):
        if len(points) > 1 and rng.random() < 0.8:
            radius[i] = p.threat.cost(points[1:] - z).min() * rng.choice(BEYOND)
    return replace(claims, radius=radius)


def untrue(
    p: Problem, claims: rm.Certificates, stored: StoredModel, witnesses: list[Array]
) -> list[str]:
    """Claims that were proved though a witness contradicts them."""
    report = check_claims(claims, stored)
    failed = {int(line.split()[1][:-1]) for line in report.failures if "certificate" in line}
    if report.failures and not failed:  # certificates and model that do not belong together
        return []
    assert claims.evidence is not None
    lines = []
    for i, z in enumerate(claims.evidence.queries):
        radius, label = float(claims.radius[i]), int(claims.label[i])
        if i in failed or radius == 0.0:
            continue
        for point in witnesses[i]:
            if inside(p, z, point, radius) and exact_prediction(p, point) != label:
                lines.append(f"z={z.tolist()} {radius=} {label=} at {point.tolist()}")
    return lines


def inside(p: Problem, z: Array, point: Array, radius: float) -> bool:
    """Whether a point is allowed and strictly inside the radius, decided exactly."""
    frozen = p.threat.frozen(len(z))
    if not (p.threat.holds(point[None])[0] and (point[frozen] == z[frozen]).all()):
        return False
    return radius == np.inf or costs_less(z, point, radius, p.threat)
