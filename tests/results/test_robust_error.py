"""Certified robust error, its table and its CSV file."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from robust_metric.results import (
    RobustErrorCurve,
    certified_robust_error,
    format_table,
    robustness_gap,
    round_radii,
    write_csv,
)


def curve(radius: object, method: str = "ARML", n_neighbors: int = 1) -> RobustErrorCurve:
    return RobustErrorCurve(method, n_neighbors, "exact", np.asarray(radius), clean_error=0.25)


def test_a_radius_equal_to_r_counts_as_an_error() -> None:
    errors = certified_robust_error([0.0, 0.1, 0.2, np.inf], [0.0, 0.1, 0.15, 0.2, 1e9])
    assert errors.tolist() == [0.25, 0.5, 0.5, 0.75, 0.75]


def test_one_radius() -> None:
    assert certified_robust_error([0.0, 0.3], 0.1).tolist() == [0.5]


@given(
    arrays(np.float64, st.integers(1, 30), elements=st.floats(0, 4) | st.just(np.inf)),
    arrays(np.float64, st.integers(1, 8), elements=st.floats(0, 5)),
)
def test_agrees_with_its_definition(radius: np.ndarray, radii: np.ndarray) -> None:
    expected = [np.mean(radius <= r) for r in radii]
    assert np.array_equal(certified_robust_error(radius, radii), expected)


@pytest.mark.parametrize(
    ("radius", "radii", "message"),
    [
        ([], [0.1], r"radius must have shape \(n,\) with n positive, got \(0,\)"),
        ([[0.1]], [0.1], r"radius must have shape \(n,\)"),
        ([0.1, np.nan], [0.1], "radius must be at least 0 for every point, got NaN"),
        ([-0.1], [0.1], "radius must be at least 0"),
        ([0.1], [np.nan], "radii must be numbers of at least 0"),
        ([0.1], [-1.0], "radii must be numbers of at least 0"),
        ([0.1], [[1.0]], "radii must be numbers of at least 0"),
    ],
)
def test_errors(radius: list[float], radii: list[float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        certified_robust_error(radius, radii)


def test_curve() -> None:
    c = curve([0.0, 0.5, 1.0, np.inf], n_neighbors=11)
    assert c.label == "ARML, K = 11 (exact)"
    assert c.median_radius == 0.5
    assert c.errors([0.5]).tolist() == [0.5]
    with pytest.raises(ValueError, match=r"clean_error must lie in \[0, 1\], got 2"):
        RobustErrorCurve("ARML", 1, "exact", np.ones(3), clean_error=2.0)


def test_table_is_aligned() -> None:
    curves = [curve([0, 0.25, 1, 2], "Euclidean"), curve([0, 1, np.inf, np.inf], n_neighbors=11)]
    assert format_table(curves, [0, 0.5]).splitlines() == [
        "method      K  radius  clean  r = 0  r = 0.5  median radius",
        "-----------------------------------------------------------",
        "Euclidean   1  exact   0.250  0.250    0.500         0.2500",
        "ARML       11  exact   0.250  0.250    0.250         1.0000",
    ]


@pytest.mark.parametrize(
    ("reach", "expected"),
    [
        (1.0, [0, 0.2, 0.4, 0.6, 0.8, 1.0]),
        (0.52, [0, 0.1, 0.2, 0.3, 0.4, 0.5]),
        (2.4, [0, 0.5, 1, 1.5, 2, 2.5]),
        (1300.0, [0, 250, 500, 750, 1000, 1250]),
        (4.9, [0, 1, 2, 3, 4, 5]),
        (1e-7, [0, 2e-8, 4e-8, 6e-8, 8e-8, 1e-7]),
    ],
)
def test_round_radii(reach: float, expected: list[float]) -> None:
    assert round_radii([curve(np.full(5, reach))]).tolist() == expected


@pytest.mark.parametrize("radius", [[0.0, 0.0], [np.inf], [0.0, np.inf]])
def test_round_radii_without_finite_radius(radius: list[float]) -> None:
    radii = round_radii([curve(radius)])
    assert radii[0] == 0.0 and (np.diff(radii) > 0).all()
    with pytest.raises(ValueError, match="count must be at least 2, got 1"):
        round_radii([curve(radius)], 1)


def test_csv(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    write_csv(path, [curve([0, 0.25, 1]), curve([1, 2, 3], "a, b")], [0, 0.3])
    rows = list(csv.DictReader(path.read_text().splitlines()))
    assert [row["method"] for row in rows] == ["ARML", "ARML", "a, b", "a, b"]
    assert [float(row["radius"]) for row in rows] == [0, 0.3, 0, 0.3]
    assert [float(row["certified_robust_error"]) for row in rows] == [1 / 3, 2 / 3, 0, 0]


def test_gap_between_certified_and_empirical_error() -> None:
    certified, empirical = curve([0.0, 0.2, 0.5]), curve([0.0, 0.3, np.inf])
    gap = robustness_gap(certified, empirical, [0.0, 0.2, 0.3, 0.5])
    assert np.allclose(gap, [0, 1 / 3, 0, 1 / 3])
    with pytest.raises(ValueError, match=r"must be of the same points, got 3 and 1"):
        robustness_gap(certified, curve([1.0]), [0.0])
    with pytest.raises(ValueError, match=r"costs must not be below .* got 0.1 and 0.2 at point 1"):
        robustness_gap(certified, curve([0.0, 0.1, 1.0]), [0.0])
