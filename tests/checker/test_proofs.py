"""The rational checker: it proves what the core certified, and catches what was tampered with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers import check_without_the_compiled_code

import robust_metric as rm
from robust_metric import check as checker
from robust_metric.io.npz import read_npz, write_npz
from robust_metric.results import Evidence

MODEL, CERTIFICATES = "model.npz", "certificates.npz"


def _problem(seed: int, classes: int = 3, n: int = 60, d: int = 4) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(seed)
    X = rng.integers(0, 9, size=(n, d)) / 8 + rng.integers(0, 2, size=(n, 1)) * 0.1
    y = np.arange(n) % classes
    X[: n // 2] += 0.3 * y[: n // 2, None]
    X[-1] = X[0]  # a duplicate of another class
    return X, y, rng.uniform(0, 1.5, size=(12, d))


def _write(
    folder: Path, k: int, components: Any = None, exact: bool = False, seed: int = 0, **options: int
) -> rm.Certificates:
    X, y, queries = _problem(seed, **options)
    clf = rm.CertifiedKNeighborsClassifier(k, components).fit(X, y)
    certificates = (
        clf.minimal_perturbation(queries, evidence=True).certificates()
        if exact
        else clf.certify(queries, evidence=True)
    )
    rm.save_model(clf, folder / MODEL)
    certificates.save(folder / CERTIFICATES)
    return certificates


def _check(folder: Path) -> checker.Report:
    return checker.check(folder / CERTIFICATES, folder / MODEL)


@pytest.mark.parametrize("classes", [2, 3, 5])
@pytest.mark.parametrize("k", [1, 2, 3, 4, 5, 8])
def test_bounds_are_proved_for_every_k(tmp_path: Path, k: int, classes: int) -> None:
    certificates = _write(tmp_path, k, seed=k, classes=classes)
    report = _check(tmp_path)
    assert report.failures == []
    assert report.proved == np.count_nonzero(certificates.radius)


@pytest.mark.parametrize("rank", [None, 4, 2])
def test_exact_radii_are_proved(tmp_path: Path, rank: int | None) -> None:
    rng = np.random.default_rng(5)
    L = None if rank is None else rng.standard_normal((rank, 4))
    certificates = _write(tmp_path, 1, L, exact=True)
    report = _check(tmp_path)
    assert report.failures == []
    assert report.proved == np.count_nonzero(certificates.radius) > 5


@pytest.mark.parametrize(("offset", "scale"), [(0.0, 1e-150), (0.0, 1e150), (1e8, 1.0)])
def test_extreme_units_are_proved(tmp_path: Path, offset: float, scale: float) -> None:
    X, y, queries = _problem(1)
    clf = rm.CertifiedKNeighborsClassifier(3).fit(X * scale + offset, y)
    rm.save_model(clf, tmp_path / MODEL)
    clf.certify(queries * scale + offset, evidence=True).save(tmp_path / CERTIFICATES)
    report = _check(tmp_path)
    assert report.failures == [] and report.proved > 5


def test_one_class_and_misses(tmp_path: Path) -> None:
    X, y, queries = _problem(2)
    clf = rm.CertifiedKNeighborsClassifier(3).fit(X, np.zeros_like(y))
    rm.save_model(clf, tmp_path / MODEL)
    clf.certify(queries, np.arange(len(queries)) % 2, evidence=True).save(tmp_path / CERTIFICATES)
    report = _check(tmp_path)
    assert report.ok and report.trivial == 6 and report.proved == 6


def _tampered(certificates: rm.Certificates, row: int = 0, **changes: Any) -> rm.Certificates:
    """Certificates with some arrays replaced; names of Evidence, or radius and label."""
    evidence = certificates.evidence
    assert evidence is not None
    parts = {"radius": certificates.radius, "label": certificates.label}
    parts |= {k: v for k, v in changes.items() if k in parts}
    fields = {name: getattr(evidence, name) for name in Evidence.__dataclass_fields__}
    fields |= {k: v for k, v in changes.items() if k not in parts}
    return rm.Certificates(
        parts["radius"], parts["label"], certificates.n_neighbors, Evidence(**fields)
    )


@pytest.mark.parametrize(("k", "exact"), [(1, True), (1, False), (3, False), (4, False)])
class TestTampering:
    def _rejects(self, folder: Path, certificates: rm.Certificates, match: str) -> None:
        certificates.save(folder / CERTIFICATES)
        report = _check(folder)
        assert not report.ok
        assert any(match in line for line in report.failures), report.failures

    def test_radius(self, tmp_path: Path, k: int, exact: bool) -> None:
        certificates = _write(tmp_path, k, exact=exact, classes=2)
        for i in np.flatnonzero(certificates.radius)[:5]:
            radius = certificates.radius.copy()
            radius[i] *= 1 + 1e-9
            self._rejects(tmp_path, _tampered(certificates, radius=radius), f"certificate {i}: ")

    @pytest.mark.parametrize("value", [np.inf, 1e300])
    def test_huge_radius(self, tmp_path: Path, k: int, exact: bool, value: float) -> None:
        certificates = _write(tmp_path, k, exact=exact)
        radius = np.full_like(certificates.radius, value)
        self._rejects(tmp_path, _tampered(certificates, radius=radius), "certificate 0: ")

    def test_label(self, tmp_path: Path, k: int, exact: bool) -> None:
        certificates = _write(tmp_path, k, exact=exact)
        label = (certificates.label + 1) % 3
        self._rejects(tmp_path, _tampered(certificates, label=label), "not of class")
        self._rejects(tmp_path, _tampered(certificates, label=label + 7), "not a class")

    def test_query(self, tmp_path: Path, k: int, exact: bool) -> None:
        certificates = _write(tmp_path, k, exact=exact)
        assert certificates.evidence is not None
        queries = certificates.evidence.queries + 0.05
        self._rejects(tmp_path, _tampered(certificates, queries=queries), "no inequality keeps")

    def test_own_index(self, tmp_path: Path, k: int, exact: bool) -> None:
        certificates = _write(tmp_path, k, exact=exact)
        assert certificates.evidence is not None
        for wrong in (-1, 10**6, 1):
            own = np.full_like(certificates.evidence.near_own, wrong)
            self._rejects(tmp_path, _tampered(certificates, near_own=own), "not of class")

    def test_evidence_left_out(self, tmp_path: Path, k: int, exact: bool) -> None:
        certificates = _write(tmp_path, k, exact=exact)
        nothing = np.empty(0, dtype=np.int64)
        zeros = np.zeros(len(certificates) + 1, dtype=np.int64)
        bare = _tampered(certificates, near_own=nothing, near_offsets=zeros)
        self._rejects(tmp_path, bare, "no inequality keeps")

    def test_training_row(self, tmp_path: Path, k: int, exact: bool) -> None:
        _write(tmp_path, k, exact=exact)
        X, y, _ = _problem(0)
        X[7] += 1e-3
        clf = rm.CertifiedKNeighborsClassifier(k).fit(X, y)
        rm.save_model(clf, tmp_path / MODEL)
        assert any("training data" in line for line in _check(tmp_path).failures)


def test_moved_training_point_fails_an_inequality_too(tmp_path: Path) -> None:
    _write(tmp_path, 1, exact=True)
    X, y, queries = _problem(0)
    clf = rm.CertifiedKNeighborsClassifier(1).fit(X, y)
    X[np.flatnonzero(y != clf.predict(queries[:1]))] = queries[0]
    rm.save_model(clf.fit(X, y), tmp_path / MODEL)
    assert any("certificate 0: class" in line for line in _check(tmp_path).failures)


def test_multipliers(tmp_path: Path) -> None:
    certificates = _write(tmp_path, 1, exact=True)
    evidence = certificates.evidence
    assert evidence is not None and len(evidence.multipliers) > 0
    rng = np.random.default_rng(0)
    shuffled = evidence.multipliers * rng.uniform(0.5, 2.0, size=len(evidence.multipliers))
    for multipliers in (shuffled, -evidence.multipliers, np.full_like(shuffled, np.nan)):
        _tampered(certificates, multipliers=multipliers).save(tmp_path / CERTIFICATES)
        assert any("no inequality keeps" in line for line in _check(tmp_path).failures)


def test_certificates_of_another_n_neighbors_are_rejected(tmp_path: Path) -> None:
    certificates = _write(tmp_path, 3)
    for k in (1, 2, 4):
        rm.Certificates(certificates.radius, certificates.label, k, certificates.evidence).save(
            tmp_path / CERTIFICATES
        )
        assert any("n_neighbors=3, certified was" in line for line in _check(tmp_path).failures)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_queries_that_are_not_finite_are_an_error(tmp_path: Path, value: float) -> None:
    certificates = _write(tmp_path, 3)
    assert certificates.evidence is not None
    queries = certificates.evidence.queries.copy()
    queries[0, 0] = value
    _tampered(certificates, queries=queries).save(tmp_path / CERTIFICATES)
    with pytest.raises(ValueError, match="finite numbers only"):
        _check(tmp_path)


def test_a_model_whose_parts_do_not_fit_is_an_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _write(tmp_path, 3)
    header, arrays = read_npz(tmp_path / MODEL, "model")
    for changes in ({"y": arrays["y"][1:]}, {"X": arrays["X"] * np.nan}, {"components": np.eye(3)}):
        write_npz(tmp_path / MODEL, header, arrays | changes)
        with pytest.raises(ValueError, match="path must name an intact model"):
            _check(tmp_path)
    assert checker.main([str(tmp_path / CERTIFICATES), str(tmp_path / MODEL)]) == 3
    assert "check: error: wanted an intact model" in capsys.readouterr().err


def test_missing_evidence_is_an_error(tmp_path: Path) -> None:
    certificates = _write(tmp_path, 3)
    rm.Certificates(certificates.radius, certificates.label, 3).save(tmp_path / CERTIFICATES)
    with pytest.raises(ValueError, match="certificates must hold evidence"):
        _check(tmp_path)


def test_offsets_that_do_not_fit_are_an_error(tmp_path: Path) -> None:
    certificates = _write(tmp_path, 3)
    assert certificates.evidence is not None
    offsets = certificates.evidence.row_offsets.copy()
    offsets[1] = 10**6
    _tampered(certificates, row_offsets=offsets).save(tmp_path / CERTIFICATES)
    with pytest.raises(ValueError, match="row_offsets must cut"):
        _check(tmp_path)


def test_runs_without_the_compiled_code(tmp_path: Path) -> None:
    _write(tmp_path, 3)
    printed = check_without_the_compiled_code(tmp_path / CERTIFICATES, tmp_path / MODEL)
    assert " proved, 0 failed, " in printed


@pytest.mark.parametrize("metric", ["euclidean", "learned"])
@pytest.mark.parametrize(("k", "exact"), [(1, True), (11, False)])
def test_digits(tmp_path: Path, metric: str, k: int, exact: bool) -> None:
    X_train, X_test, y_train, y_test = rm.datasets.load("digits")
    rng = np.random.default_rng(0)
    L = None if metric == "euclidean" else np.eye(64) + 0.1 * rng.standard_normal((64, 64))
    clf = rm.CertifiedKNeighborsClassifier(k, L).fit(X_train, y_train)
    X, y = X_test[:10], y_test[:10]
    certificates = (
        clf.minimal_perturbation(X, y, evidence=True).certificates()
        if exact
        else clf.certify(X, y, evidence=True)
    )
    rm.save_model(clf, tmp_path / MODEL)
    certificates.save(tmp_path / CERTIFICATES)
    report = _check(tmp_path)
    assert report.failures == []
    assert report.proved == np.count_nonzero(certificates.radius) > 5
