"""Certificates as text, and the checker extracted from the proofs: the same verdicts as the Python one."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import fields, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from exact_infimum import small_integers
from forged_evidence import forged

import robust_metric as rm
from robust_metric.checker.claims import check_claims
from robust_metric.checker.export import export_evidence
from robust_metric.io.model_files import read_model
from robust_metric.results import Evidence, SearchTrees

# `nox -s proofs` builds it
PROGRAM = Path(
    os.environ.get("ROBUST_METRIC_PROVED_CHECKER")
    or Path(__file__).resolve().parents[2] / "build" / "proofs" / "check"
)
needs_program = pytest.mark.skipif(not PROGRAM.exists(), reason="nox -s proofs builds the program")
MODEL, TEXT = "model.npz", "evidence.txt"
METRICS = ["none", "full", "low"]


def model(folder: Path, rng: np.random.Generator, k: int, threat: rm.ThreatModel | None) -> Any:
    """A classifier with ties, duplicates and four classes, saved."""
    n, d = 40, 3
    X = rng.integers(0, 6, size=(n, d)) / rng.choice([1, 4, 7]) + rng.integers(0, 2, (n, 1)) * 0.1
    y = rng.integers(0, 4, size=n)
    X += 0.4 * y[:, None]
    X[-5:] = X[:5]
    metric = {"none": None, "full": rng.normal(size=(d, d)), "low": rng.normal(size=(1, d))}
    clf = rm.CertifiedKNeighborsClassifier(k, metric[METRICS[rng.integers(3)]], threat).fit(X, y)
    rm.save_model(clf, folder / MODEL)
    return clf


def certified(
    folder: Path, rng: np.random.Generator, k: int, exact: bool, threat: rm.ThreatModel | None
) -> rm.Certificates:
    clf = model(folder, rng, k, threat)
    queries = rng.uniform(-1, 4, size=(10, 3))
    if not exact:
        return clf.certify(queries, evidence=True)
    return clf.minimal_perturbation(queries, evidence=True).certificates()


def both(folder: Path, certificates: rm.Certificates) -> list[str]:
    """The verdicts, which have to be those of both checkers."""
    stored = read_model(folder / MODEL)
    failures = check_claims(certificates, stored).failures
    failed = {int(line.split()[1][:-1]) for line in failures}
    said = ["radius 0" if size == 0.0 else "proved" for size in certificates.radius]
    export_evidence(certificates, stored, folder / TEXT)
    done = subprocess.run(
        [PROGRAM, folder / TEXT], capture_output=True, text=True, check=False, timeout=600
    )
    verdicts = [line.split(" ", 1)[1] for line in done.stdout.splitlines()]
    assert verdicts == ["not proved" if i in failed else word for i, word in enumerate(said)]
    assert done.returncode == ("not proved" in verdicts), done.stderr
    return verdicts


def threats(rng: np.random.Generator) -> Iterator[rm.ThreatModel | None]:
    yield None
    for norm in (1, 2, np.inf):
        yield rm.ThreatModel(norm)
        yield rm.ThreatModel(norm, feature_cost=rng.uniform(0.1, 3, size=3))
        yield rm.ThreatModel(norm, feature_cost=[np.inf, 1.0, 2.0**60 / 3])
        yield rm.ThreatModel(norm, bounds=(-1.25, 4))
        bounds = ([-np.inf, -1.5, -1.0], [4.0, np.inf, 4.25])
        yield rm.ThreatModel(norm, bounds, rng.uniform(0.1, 3, size=3), clip_queries=True)
        yield rm.ThreatModel(norm, bounds, feature_cost=[3.0, np.inf, 1.0])


@needs_program
@pytest.mark.parametrize("exact", [False, True])
@pytest.mark.parametrize("k", [1, 2, 3, 4, 7])
def test_same_verdicts(tmp_path: Path, k: int, exact: bool) -> None:
    rng = np.random.default_rng(10 * k + exact)
    seen: set[str] = set()
    for threat in threats(rng):
        honest = certified(tmp_path, rng, k, exact, threat)
        verdicts = both(tmp_path, honest)
        assert "not proved" not in verdicts
        for _ in range(int(os.environ.get("ROBUST_METRIC_FORGERIES", "3"))):
            seen |= set(both(tmp_path, forged(rng, honest, 40)))
    assert {"proved", "not proved"} <= seen


@needs_program
@pytest.mark.parametrize("chunk", range(4))
def test_same_verdicts_on_what_cannot_be_reached(tmp_path: Path, chunk: int) -> None:
    """Infinite radii of small integers, where cells are empty, and the same with something forged."""
    seen: set[str] = set()
    infinite = 0
    for seed in range(12 * chunk, 12 * (chunk + 1)):
        rng, p = np.random.default_rng(seed), small_integers(seed)
        clf = p.classifier()
        rm.save_model(clf, tmp_path / MODEL)
        honest = clf.minimal_perturbation(p.Z, evidence=True).certificates()
        assert "not proved" not in both(tmp_path, honest)
        infinite += int(np.isinf(honest.radius).sum())
        beyond = replace(honest, radius=np.full(len(honest), np.inf))
        for forgery in (beyond, *(forged(rng, honest, len(p.X)) for _ in range(2))):
            seen |= set(both(tmp_path, forgery))
    assert infinite and {"proved", "not proved"} <= seen


@needs_program
@pytest.mark.skipif("ROBUST_METRIC_DEMO" not in os.environ, reason="nox -s proofs runs the demo")
def test_the_demo(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    folder = Path(os.environ["ROBUST_METRIC_DEMO"])
    names = sorted(path.name for path in folder.glob("certificates_*.npz"))
    assert len(names) == 4
    for name in names:
        shutil.copy(folder / name.replace("certificates", "model"), tmp_path / MODEL)
        honest = rm.Certificates.load(folder / name)
        assert set(both(tmp_path, honest)) <= {"proved", "radius 0"}
    assert "not proved" in both(tmp_path, forged(rng, honest, 1347))


@needs_program
def test_one_class(tmp_path: Path) -> None:
    X = np.arange(12.0).reshape(6, 2)
    clf = rm.CertifiedKNeighborsClassifier(3).fit(X, np.zeros(6))
    rm.save_model(clf, tmp_path / MODEL)
    assert both(tmp_path, clf.certify(X[:2], evidence=True)) == ["proved"] * 2


@needs_program
@pytest.mark.parametrize(
    "text",
    [
        "",
        "robust_metric evidence 2\n",
        "robust_metric evidence 1\nnonsense 3\n",
        "robust_metric evidence 1\nnear 3\n",
        "robust_metric evidence 1\npoint -1 2p0\n",
        "robust_metric evidence 1\npoint 1 2\n",
        "robust_metric evidence 1\nnorm 3\n",
        "robust_metric evidence 1\npoint 0 1p1p1\n",
        "robust_metric evidence 1\nsum 0:1:1p0\n",
        "robust_metric evidence 1\ncertificate 0 1p0 0p0\nby 3\n",
        "robust_metric evidence 1\ncertificate 0 1p0 0p0\nnode -1 -1\n",
    ],
)
def test_malformed_text(tmp_path: Path, text: str) -> None:
    (tmp_path / TEXT).write_text(text)
    done = subprocess.run([PROGRAM, tmp_path / TEXT], capture_output=True, text=True, check=False)
    assert done.returncode == 2 and done.stderr.startswith("check: error: ")


@needs_program
def test_models_that_are_none(tmp_path: Path) -> None:
    """K = 0, K > n, a class too many: nothing is proved."""
    good = ["robust_metric evidence 1", "classes 1", "neighbors 1", "norm 2", "point 0 1p0"]
    claim = ["sums no", "certificate 0 inf 0p0", "near"]
    for old, new, verdict in [
        ("", "", "proved"),
        ("neighbors 1", "neighbors 0", "not proved"),
        ("neighbors 1", "neighbors 2", "not proved"),
        ("point 0", "point 1", "not proved"),
        ("norm 2", "norm 2\ncost 0p0", "not proved"),
        ("norm 2", "norm 2\ncost -1p0", "not proved"),
    ]:
        (tmp_path / TEXT).write_text("\n".join([*good, *claim, ""]).replace(old, new, 1))
        done = subprocess.run(
            [PROGRAM, tmp_path / TEXT], capture_output=True, text=True, check=False
        )
        assert done.stdout == f"0 {verdict}\n", (new, done.stderr)


def _value(token: str) -> Fraction | float:
    if token == "inf":
        return np.inf
    mantissa, exponent = map(int, token.split("p"))
    return mantissa * Fraction(2) ** exponent


@pytest.mark.parametrize(
    "threat",
    [
        None,
        rm.ThreatModel(np.inf, ([-np.inf, -9, 1e-9], 9), [0.3, np.inf, 1e-40], clip_queries=True),
    ],
)
def test_the_text_says_what_the_files_say(tmp_path: Path, threat: rm.ThreatModel | None) -> None:
    honest = certified(tmp_path, np.random.default_rng(5), 1, threat is None, threat)
    stored, evidence = read_model(tmp_path / MODEL), honest.evidence
    assert evidence is not None and (len(evidence.multipliers) > 0) == (threat is None)
    assert export_evidence(honest, stored, tmp_path / TEXT) == len(honest)
    lines = [line.split(" ") for line in (tmp_path / TEXT).read_text().splitlines()]
    by_word: dict[str, list[list[str]]] = {}
    for word, *rest in lines:
        by_word.setdefault(word, []).append(rest)
    assert by_word["robust_metric"] == [["evidence", "1"]]
    assert by_word["neighbors"] == [["1"]] and by_word["classes"] == [["4"]]
    if threat is None:
        assert by_word["norm"] == [["2"]] and by_word["sums"] == [["yes"]]
        assert not by_word.keys() & {"cost", "bounds"}
    else:
        assert by_word["norm"] == [["inf"]] and by_word["sums"] == [["no"]]
        assert [_value(t) for t in by_word["cost"][0]] == threat.feature_cost.tolist()
        sides = [token.split(":") for token in by_word["bounds"][0]]
        assert sides[0][0] == "*" and {high for _, high in sides} == {"9p0"}
        assert [_value(low) for low, _ in sides[1:]] == [-9, 1e-9]
    read = np.array([[_value(t) for t in row[1:]] for row in by_word["point"]], dtype=object)
    assert (read == stored.X).all()
    assert [int(row[0]) for row in by_word["point"]] == stored.y.tolist()
    found = by_word["certificate"]
    assert [int(row[0]) for row in found] == honest.label.tolist()
    assert [_value(row[1]) for row in found] == honest.radius.tolist()
    assert [[_value(t) for t in row[2:]] for row in found] == evidence.queries.tolist()
    rows = [token.split(":") for row in by_word["row"] for token in row[1:]]
    assert [int(row[0]) for row in rows] == evidence.own.tolist()
    assert [_value(row[1]) for row in rows if row[1:]] == evidence.multipliers.tolist()


def test_what_cannot_be_exported(tmp_path: Path) -> None:
    rng = np.random.default_rng(6)
    honest = certified(tmp_path, rng, 3, False, None)
    stored = read_model(tmp_path / MODEL)
    with pytest.raises(ValueError, match="certificates must hold evidence, got a file without"):
        export_evidence(replace(honest, evidence=None), stored, tmp_path / TEXT)
    with pytest.raises(ValueError, match="certificates and model must belong together: model: it"):
        export_evidence(replace(honest, n_neighbors=5), stored, tmp_path / TEXT)
    costly = replace(honest, threat=rm.ThreatModel(feature_cost=[9, 9, 9]))
    with pytest.raises(ValueError, match="its threat model has cost 1 of feature 0"):
        export_evidence(costly, stored, tmp_path / TEXT)
    assert export_evidence(costly, stored, tmp_path / TEXT, threat=costly.threat) == len(costly)


def test_every_field_of_the_evidence_is_written_or_left_out_on_purpose() -> None:
    written = {"near_offsets", "near_own", "row_offsets", "row_other", "own_offsets", "own"}
    written |= {"multipliers", "queries", "trees"}
    assert {field.name for field in fields(Evidence)} == written | {"model_digest"}
    written = {"offsets", "point", "children", "own_offsets", "own"}
    written |= {"pair_offsets", "entering", "beaten", "multipliers"}
    assert {field.name for field in fields(SearchTrees)} == written
