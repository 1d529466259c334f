"""Results as data frames of pandas and polars."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import robust_metric as rm
from robust_metric.attacks import RegionAttack

KINDS = [
    ("numbers", np.array([1, 1, 7, 7])),
    ("text", np.array(["no", "no", "yes", "yes"])),
    ("objects", np.array(["no", "no", "yes", "yes"], dtype=object)),
    ("truths", np.array([False, False, True, True])),
]


@pytest.fixture(params=KINDS, ids=[name for name, _ in KINDS])
def clf(request: Any) -> rm.CertifiedKNeighborsClassifier:
    X = np.array([[0.0], [1.0], [4.0], [5.0]])
    return rm.CertifiedKNeighborsClassifier(1).fit(X, request.param[1])


def results(clf: rm.CertifiedKNeighborsClassifier, X: Any) -> list[tuple[Any, list[str]]]:
    nearest = rm.CertifiedNearestNeighbors(2).fit([[0.0], [1.0], [4.0]])
    perturbations = ["label", "lower", "upper", "adversarial_label", "status", "nodes"]
    attacks = ["label", "adversarial_label", "costs", "success"]
    return [
        (clf.certify(X), ["label", "radius"]),
        (clf.minimal_perturbation(X), perturbations),
        (nearest.certify_neighbors(X), ["radius", "neighbor_0", "neighbor_1"]),
        (RegionAttack()(clf, X), attacks),
    ]


@pytest.mark.parametrize("library", ["pandas", "polars"])
@pytest.mark.parametrize("rows", [3, 1])
def test_columns_are_the_fields(
    clf: rm.CertifiedKNeighborsClassifier, library: Any, rows: int
) -> None:
    pytest.importorskip(library)
    for answer, columns in results(clf, np.array([[0.25], [2.0], [4.5]])[:rows]):
        frame = answer.to_frame(library)
        assert list(frame.columns) == columns
        assert len(frame) == len(answer)
        for name in columns:
            if name.startswith("neighbor_"):
                expected = answer.indices[:, int(name.removeprefix("neighbor_"))]
            else:
                expected = getattr(answer, name)
            np.testing.assert_array_equal(frame[name].to_numpy(), expected)


def test_a_frame_is_the_callers(clf: rm.CertifiedKNeighborsClassifier) -> None:
    pytest.importorskip("pandas")
    certificates = clf.certify([[0.25], [2.0]])
    frame = certificates.to_frame(index=["a", "b"])
    assert list(frame.index) == ["a", "b"]
    frame.loc["a", "radius"] = 99.0
    assert certificates.radius[0] < 99.0


def test_names_of_rows_in_polars(clf: rm.CertifiedKNeighborsClassifier) -> None:
    pytest.importorskip("polars")
    frame = clf.certify([[0.25], [2.0]]).to_frame("polars", index=["a", "b"])
    assert frame.columns == ["index", "label", "radius"]
    assert frame["index"].to_list() == ["a", "b"]


def test_bad_arguments(clf: rm.CertifiedKNeighborsClassifier) -> None:
    certificates = clf.certify([[0.25], [2.0]])
    with pytest.raises(ValueError, match='library must be "pandas" or "polars", got \'arrow\''):
        certificates.to_frame("arrow")  # type: ignore[arg-type]
    pytest.importorskip("pandas")
    with pytest.raises(ValueError, match="index must have one name for each of 2 rows, got 1"):
        certificates.to_frame(index=["a"])
