"""What "proved" refers to: threat model, queries and model are compared before anything is proved."""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hostile_files import entries, write_entries

import robust_metric as rm
from robust_metric.check import Report, check
from robust_metric.checker import threats
from robust_metric.io.scaling import Scaling
from robust_metric.results.digests import data_digest, differences, model_digest

RNG = np.random.default_rng(0)
Y = np.array(["ash", "elm", "oak"])[np.arange(30) % 3]
X = RNG.normal(size=(30, 2)) + 3.0 * (np.arange(30) % 3)[:, None]
Z = RNG.normal(size=(6, 2)) + 1.0
CERTIFICATES, MODEL = "certificates.npz", "model.npz"


def write(
    folder: Path, threat: rm.ThreatModel | None = None, scaling: Scaling | None = None, k: int = 1
) -> rm.Certificates:
    """Save a model and certificates that it made after it was loaded."""
    clf = rm.CertifiedKNeighborsClassifier(k, threat=threat).fit(X, Y)
    rm.save_model(clf, folder / MODEL, scaling=scaling)
    found = rm.load_model(folder / MODEL).certify(Z, evidence=True)
    found.save(folder / CERTIFICATES)
    return found


def checked(folder: Path, **options: Any) -> Report:
    return check(folder / CERTIFICATES, folder / MODEL, **options)


def rewritten(path: Path, header: dict[str, Any], **arrays: Any) -> None:
    """The file with some of its values replaced."""
    old_header, old_arrays = entries(path)
    write_entries(path, old_header | header, old_arrays | arrays)


class TestThreatModels:
    def test_the_reported_case(self, tmp_path: Path) -> None:
        """Costs of 1e6 make radii a million times as large, and are not the model's."""
        honest = write(tmp_path)
        costly = rm.ThreatModel(feature_cost=np.full(2, 1e6))
        clf = rm.load_model(tmp_path / MODEL).set_params(threat=costly)
        clf.certify(Z, evidence=True).save(tmp_path / CERTIFICATES)
        report = checked(tmp_path)
        assert not report.ok and report.proved == np.count_nonzero(honest.radius)
        assert report.failures == [
            "model: its threat model has cost 1 of feature 0, certified was 1000000 (and 1 features more)"
        ]
        assert checked(tmp_path, threat=costly).ok

    @pytest.mark.parametrize(
        ("certified", "message"),
        [
            (rm.ThreatModel(1), "norm 2, certified was 1"),
            (rm.ThreatModel(np.inf), "norm 2, certified was inf"),
            (rm.ThreatModel(feature_cost=[1, 2]), "cost 1 of feature 1, certified was 2"),
            (rm.ThreatModel(feature_cost=[np.inf, 1]), "cost 1 of feature 0, certified was inf"),
            (
                rm.ThreatModel(bounds=(-9, np.inf)),
                "lower bound -inf of feature 0, certified was -9",
            ),
            (rm.ThreatModel(bounds=(-99, 9)), "upper bound inf of feature 0, certified was 9"),
        ],
    )
    @pytest.mark.parametrize("stated", [False, True])
    def test_another_one_than_the_models_fails(
        self, tmp_path: Path, certified: rm.ThreatModel, message: str, stated: bool
    ) -> None:
        write(tmp_path, certified)
        if stated:
            asked, whose = rm.ThreatModel(), "threat model: the one asked for"
        else:
            asked, whose = None, "model: its threat model"
            rm.save_model(rm.CertifiedKNeighborsClassifier(1).fit(X, Y), tmp_path / MODEL)
        failures = checked(tmp_path, threat=asked).failures
        assert any(f"{whose} has {message}" in line for line in failures), failures
        assert checked(tmp_path, threat=certified).ok

    @pytest.mark.parametrize(
        "alike",
        [
            rm.ThreatModel(2.0, (-np.inf, np.inf), np.ones(2)),
            rm.ThreatModel(bounds=(np.full(2, -np.inf), np.inf)),
            rm.ThreatModel(clip_queries=True),
        ],
    )
    def test_what_means_the_same_is_alike(self, tmp_path: Path, alike: rm.ThreatModel) -> None:
        write(tmp_path)
        assert checked(tmp_path, threat=alike).ok

    def test_told_in_full(self) -> None:
        cost = np.array([1.0, 1.0, 0.1, np.inf, np.inf, 1 / 3])
        bounds = (np.array([0.0, 0, 0, -np.inf, 2, 2]), 5.0)
        lines = threats.in_full(rm.ThreatModel(1, bounds, cost), 6)
        assert lines == [
            "Cost: 1-norm; of moving a feature by 1: 0-1: 1, 2: 0.1, 3-4: inf (frozen), "
            "5: 0.3333333333333333.",
            "Bounds: 0-2: [0, 5], 3: [-inf, 5], 4-5: [2, 5].",
        ]
        assert threats.in_full(rm.ThreatModel(), 6)[1] == "Bounds: none."
        told = re.findall(
            r"[\d.]+e-\d+|0\.\d+", threats.in_full(rm.ThreatModel(feature_cost=COSTS), 50)[0]
        )
        assert [float(text) for text in told] == COSTS.tolist()

    def test_as_json(self) -> None:
        found = threats.as_json(rm.ThreatModel(np.inf, (0, np.inf), [1, np.inf]), 2)
        assert found == {
            "norm": "inf",
            "feature_cost": [1.0, None],
            "bounds": [[0.0, 0.0], [None, None]],
        }


COSTS = RNG.uniform(0.1, 0.9, size=50)


class TestQueries:
    def test_the_inputs_in_hand_pass(self, tmp_path: Path) -> None:
        write(tmp_path)
        report = checked(tmp_path, queries=Z)
        assert report.ok and report.compared
        assert not checked(tmp_path).compared

    def test_other_inputs_fail(self, tmp_path: Path) -> None:
        write(tmp_path)
        other = Z.copy()
        other[2, 1] = np.nextafter(other[2, 1], np.inf)
        report = checked(tmp_path, queries=other)
        assert report.failures == ["certificate 2: its query is not this row of the inputs in hand"]
        assert len(checked(tmp_path, queries=Z[::-1]).failures) == len(Z)
        assert checked(tmp_path, queries=Z * np.nan).proved == 0

    @pytest.mark.parametrize("count", [0, 3, 9])
    def test_another_number_of_inputs_fails(self, tmp_path: Path, count: int) -> None:
        write(tmp_path)
        report = checked(tmp_path, queries=np.resize(Z, (count, 2)))
        assert report.failures[0] == f"queries: {count} are in hand, 6 were certified"
        assert report.proved == min(count, 6)

    def test_rows_that_claim_nothing_are_compared_too(self, tmp_path: Path) -> None:
        found = write(tmp_path)
        replace(found, radius=np.zeros(6)).save(tmp_path / CERTIFICATES)
        assert checked(tmp_path, queries=Z).trivial == 6
        assert len(checked(tmp_path, queries=Z + 1).failures) == 6

    def test_inputs_that_were_clipped(self, tmp_path: Path) -> None:
        write(tmp_path, rm.ThreatModel(bounds=(0.5, 1.5), clip_queries=True))
        assert checked(tmp_path, queries=Z).ok

    def test_shapes(self, tmp_path: Path) -> None:
        write(tmp_path)
        with pytest.raises(ValueError, match=r"queries must have shape \(m, 2\), got \(6, 3\)"):
            checked(tmp_path, queries=np.c_[Z, Z[:, 0]])

    def test_digest(self, tmp_path: Path) -> None:
        write(tmp_path)
        assert checked(tmp_path).queries_digest == hashlib.sha256(Z.tobytes()).hexdigest()


class TestModels:
    SCALING = Scaling(np.zeros(2), np.array([2.0, 4.0]))

    def test_class_names(self, tmp_path: Path) -> None:
        write(tmp_path)
        rewritten(tmp_path / MODEL, {"classes": ["ash", "elm", "yew"]})
        failures = checked(tmp_path).failures
        assert "model: its class names are not those that were certified" in failures

    @pytest.mark.parametrize("part", ["scaling_offset", "scaling_scale"])
    def test_scaling(self, tmp_path: Path, part: str) -> None:
        write(tmp_path, scaling=self.SCALING)
        assert checked(tmp_path).ok and checked(tmp_path).left_open is None
        rewritten(tmp_path / MODEL, {}, **{part: np.array([3.0, 3.0])})
        assert checked(tmp_path).failures == [
            "model: its scaling is not that of the model that was certified"
        ]

    def test_scaling_that_was_none(self, tmp_path: Path) -> None:
        write(tmp_path)
        rewritten(tmp_path / MODEL, {}, scaling_offset=np.zeros(2), scaling_scale=np.ones(2))
        assert "scaling is not" in checked(tmp_path).failures[0]

    def test_a_classifier_in_memory_does_not_know_its_scaling(self, tmp_path: Path) -> None:
        clf = rm.CertifiedKNeighborsClassifier(1).fit(X, Y)
        rm.save_model(clf, tmp_path / MODEL, scaling=self.SCALING)
        clf.certify(Z, evidence=True).save(tmp_path / CERTIFICATES)
        report = checked(tmp_path)
        assert report.ok and report.left_open == "scaling"

    def test_a_loaded_model_keeps_its_scaling_until_it_is_fitted(self, tmp_path: Path) -> None:
        write(tmp_path, scaling=self.SCALING)
        clf = rm.load_model(tmp_path / MODEL)
        rm.save_model(clf, tmp_path / "again.npz")
        assert (tmp_path / "again.npz").read_bytes() == (tmp_path / MODEL).read_bytes()
        assert "scaling=unknown" in clf.fit(X, Y).fitted_view().digest

    def test_n_neighbors(self, tmp_path: Path) -> None:
        write(tmp_path, k=1)
        rewritten(tmp_path / MODEL, {"params": {"n_neighbors": 3, "n_jobs": None, "threat": None}})
        rewritten(tmp_path / CERTIFICATES, {"n_neighbors": 3})
        failures = checked(tmp_path).failures
        assert "model: its n_neighbors is not that of the digest of the certificates" in failures

    def test_another_number_of_features(self, tmp_path: Path) -> None:
        write(tmp_path)
        wide = np.c_[X, X]
        rm.save_model(rm.CertifiedKNeighborsClassifier(1).fit(wide, Y), tmp_path / MODEL)
        assert checked(tmp_path).failures == ["model: it has 4 features, certified were 2"]

    def test_digests_of_the_first_version(self, tmp_path: Path) -> None:
        write(tmp_path, scaling=self.SCALING)
        view = rm.load_model(tmp_path / MODEL).fitted_view()
        old = data_digest(view.points, view.labels, view.components)
        rewritten(tmp_path / CERTIFICATES, {"model_digest": old})
        report = checked(tmp_path)
        assert report.ok and report.left_open == "class names and scaling"
        rewritten(tmp_path / CERTIFICATES, {"model_digest": old[::-1]})
        assert "training data are not those that were certified" in checked(tmp_path).failures[0]

    @pytest.mark.parametrize(
        "digest", ["3:data=0", "2:", "2:data=1,classes=2", ":", "2:data=0,data=1"]
    )
    def test_digests_that_cannot_be_compared(self, tmp_path: Path, digest: str) -> None:
        write(tmp_path)
        rewritten(tmp_path / CERTIFICATES, {"model_digest": digest})
        assert "model: its digest cannot be compared" in checked(tmp_path).failures[0]

    def test_names_of_every_type_have_digests(self) -> None:
        kinds: list[list[Any]] = [[0, 1], [0.0, 1.0], ["0", "1"], [False, True], [b"0", b"1"]]
        found = [model_digest("", np.array(names), 1, None) for names in kinds]
        assert len(set(found)) == len(found)
        as_objects = np.array(["0", "1"], dtype=object)
        assert model_digest("", as_objects, 1, None) == found[2]
        assert differences(found[2], found[2]) == []
