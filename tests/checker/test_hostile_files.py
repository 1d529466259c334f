"""Damaged and hostile files: every one ends in a report or in one clear ValueError, at no cost of memory."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hostile_files import (
    MEBIBYTE,
    entries,
    mutated_bytes,
    mutated_members,
    mutated_values,
    peak_memory,
    write_entries,
)

import robust_metric as rm
from robust_metric.check import Report, check
from robust_metric.io.archives import DamagedFile
from robust_metric.io.model_files import load_feature_names, load_scaling
from robust_metric.io.scaling import Scaling

CERTIFICATES, MODEL = "c.npz", "m.npz"
RNG = np.random.default_rng(0)
X = RNG.integers(0, 5, size=(24, 3)) / 4
Y = np.array(["a", "b", "c"])[np.arange(24) % 3]
COSTLY = rm.ThreatModel(1, (np.full(3, -1.0), np.full(3, 3.0)), np.array([1.0, 2.0, np.inf]))


def write(folder: Path, k: int, exact: bool, threat: rm.ThreatModel | None = None) -> None:
    components = RNG.normal(size=(2, 3)) if k == 3 and not exact else None
    clf = rm.CertifiedKNeighborsClassifier(k, components, threat).fit(X, Y)
    queries = X[:6] + 0.01
    if exact:
        found = clf.minimal_perturbation(queries, evidence=True).certificates()
    else:
        found = clf.certify(queries, evidence=True)
    scaling = Scaling(np.zeros(3), np.ones(3))
    rm.save_model(clf, folder / MODEL, scaling=scaling, feature_names=["u", "v", "w"])
    found.save(folder / CERTIFICATES)


def read_everything(folder: Path) -> int:
    """Read both files in every way there is; return how often they were refused."""
    refused = 0
    for call in (
        lambda: check(folder / CERTIFICATES, folder / MODEL),
        lambda: rm.Certificates.load(folder / CERTIFICATES),
        lambda: rm.load_model(folder / MODEL),
        lambda: load_scaling(folder / MODEL),
        lambda: load_feature_names(folder / MODEL),
    ):
        try:
            call()
        except ValueError as error:  # nothing else may come
            assert str(error)
            refused += 1
    return refused


@pytest.mark.parametrize(
    ("k", "exact", "threat"), [(1, True, None), (3, False, None), (3, True, COSTLY)]
)
def test_mutations(tmp_path: Path, k: int, exact: bool, threat: rm.ThreatModel | None) -> None:
    rng = np.random.default_rng(k + exact)
    write(tmp_path, k, exact, threat)
    assert read_everything(tmp_path) == 0
    refused = 0
    for name in (CERTIFICATES, MODEL):
        path = tmp_path / name
        good, values = path.read_bytes(), entries(path)
        for turn in range(60):
            if turn % 3 == 0:
                path.write_bytes(mutated_bytes(rng, good))
            elif turn % 3 == 1:
                mutated_members(rng, good, path)
            else:
                write_entries(path, *mutated_values(rng, *values))
            with peak_memory() as peak:
                refused += read_everything(tmp_path) > 0
            assert peak[0] < 8 * MEBIBYTE
        path.write_bytes(good)
    assert refused > 50


def checked(folder: Path, **arrays: Any) -> Report:
    """Check the certificates with some of their arrays replaced."""
    header, old = entries(folder / CERTIFICATES)
    write_entries(folder / CERTIFICATES, header, old | arrays)
    return check(folder / CERTIFICATES, folder / MODEL)


@pytest.mark.parametrize("value", [10**400, "1e999", "nan", [], {}, None, "2x", -2, 1e308])
@pytest.mark.parametrize("name", [CERTIFICATES, MODEL])
def test_norms(tmp_path: Path, name: str, value: Any) -> None:
    write(tmp_path, 1, exact=True)
    header, arrays = entries(tmp_path / name)
    place = header if name == CERTIFICATES else header["params"]
    place["threat"] = {"norm": value}
    write_entries(tmp_path / name, header, arrays)
    with pytest.raises(DamagedFile, match="path must name an intact"):
        check(tmp_path / CERTIFICATES, tmp_path / MODEL)


@pytest.mark.parametrize(
    "text",
    [
        '{"format": "robust_metric", "kind": "certificates", "version": 1, "n_neighbors": NaN}',
        '{"format": "robust_metric", "kind": "certificates", "version": 1, "n_neighbors": Infinity}',
        '{"format": "robust_metric", "kind": "certificates", "version": 1, "n_neighbors": 1e999}',
        '{"format": "robust_metric", "format": "robust_metric"}',
        '{"a": ' * 100_000,
        "[" * 100_000,
        "[" + "9" * 10_000 + "]",
        "\x00",
        "",
        "{",
        "nonsense",
    ],
    ids=range(11),
)
def test_headers(tmp_path: Path, text: str) -> None:
    write(tmp_path, 1, exact=True)
    write_entries(tmp_path / CERTIFICATES, text, entries(tmp_path / CERTIFICATES)[1])
    with pytest.raises(DamagedFile, match="with a malformed header: "):
        rm.Certificates.load(tmp_path / CERTIFICATES)


def test_a_header_larger_than_its_file(tmp_path: Path) -> None:
    write(tmp_path, 1, exact=True)
    np.savez_compressed(tmp_path / MODEL, header=np.array("[0," * 10**6))
    with peak_memory() as peak, pytest.raises(DamagedFile, match="more than the file holds"):
        rm.load_model(tmp_path / MODEL)
    assert peak[0] < 30 * MEBIBYTE


class TestEvidence:
    def arrays(self, folder: Path) -> dict[str, np.ndarray]:
        write(folder, 1, exact=True)
        return entries(folder / CERTIFICATES)[1]

    def test_a_row_of_no_points_with_multipliers(self, tmp_path: Path) -> None:
        offsets = self.arrays(tmp_path)["evidence_own_offsets"]
        assert len(offsets) > 2
        with pytest.raises(DamagedFile, match="evidence own must have a point in each row"):
            checked(tmp_path, evidence_own_offsets=np.r_[offsets[:1], offsets[:1], offsets[2:]])

    @pytest.mark.parametrize("name", ["near_offsets", "row_offsets", "own_offsets"])
    @pytest.mark.parametrize("values", [[2**63 - 1, -(2**63)], [2**62, 2**63 - 1], [-1, 1], [7, 3]])
    def test_offsets_that_wrap_around(self, tmp_path: Path, name: str, values: list[int]) -> None:
        offsets = self.arrays(tmp_path)[f"evidence_{name}"].copy()
        offsets[1:3] = values
        with pytest.raises(DamagedFile, match=f"evidence {name} must cut"):
            checked(tmp_path, **{f"evidence_{name}": offsets})

    @pytest.mark.parametrize("name", ["near_own", "own", "row_other"])
    @pytest.mark.parametrize("value", [-1, -(2**63), 2**63 - 1, 24])
    def test_indices_of_nothing(self, tmp_path: Path, name: str, value: int) -> None:
        array = np.full_like(self.arrays(tmp_path)[f"evidence_{name}"], value)
        report = checked(tmp_path, **{f"evidence_{name}": array})
        assert (
            name == "row_other" or not report.ok
        )  # those rows are about no point, and say nothing

    @pytest.mark.parametrize("name", ["point", "children", "entering", "beaten", "own"])
    @pytest.mark.parametrize("value", [-1, -(2**63), 2**63 - 1, 24])
    def test_trees_of_nothing(self, tmp_path: Path, name: str, value: int) -> None:
        write(tmp_path, 3, exact=True)
        array = entries(tmp_path / CERTIFICATES)[1][f"tree_{name}"]
        assert len(array)
        report = checked(tmp_path, **{f"tree_{name}": np.full_like(array, value)})
        assert name in ("point", "own") or not report.ok

    @pytest.mark.parametrize("value", [np.nan, np.inf, -1.0, 1e308, 5e-324, 0.0])
    @pytest.mark.parametrize("name", ["evidence_multipliers", "tree_multipliers"])
    def test_multipliers(self, tmp_path: Path, name: str, value: float) -> None:
        write(tmp_path, 1 if name.startswith("evidence") else 3, exact=True)
        array = entries(tmp_path / CERTIFICATES)[1][name]
        checked(tmp_path, **{name: np.full_like(array, value)})  # a report, whichever
