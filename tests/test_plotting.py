"""Figures: what they hold, that they leave pyplot alone, and what they refuse."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure

from robust_metric.plotting import (
    check_matplotlib,
    plot_robust_error,
    plot_witnesses,
    save_figure,
)
from robust_metric.report import RobustErrorCurve


def curves() -> list[RobustErrorCurve]:
    rng = np.random.default_rng(0)
    return [
        RobustErrorCurve(method, k, "exact", np.append(rng.random(50), [0, np.inf]), 0.02)
        for method in ("Euclidean", "ARML")
        for k in (1, 11)
    ]


def test_curves_are_the_errors() -> None:
    given = curves()
    ax = plot_robust_error(given, unit="scaled units")
    assert [text.get_text() for text in ax.get_legend().get_texts()] == [c.label for c in given]
    for line, c in zip(ax.lines, given, strict=True):
        radii, errors = line.get_data()
        assert np.array_equal(errors, c.errors(radii))
        assert radii[0] == 0.0 and line.get_drawstyle() == "steps-post"
    assert ax.lines[0].get_color() == ax.lines[1].get_color() != ax.lines[2].get_color()
    assert ax.lines[0].get_linestyle() == ax.lines[2].get_linestyle()
    assert ax.get_xlabel() == "radius r (scaled units)"


def test_curves_on_given_axes() -> None:
    ax = Figure().add_subplot()
    assert plot_robust_error(curves(), ax, title="Digits") is ax
    assert ax.get_title(loc="left") == "Digits"


@pytest.mark.parametrize("radius", [[0.0, 0.0], [np.inf], [0.0, 1.0]])
def test_curves_of_extreme_radii(radius: list[float], tmp_path: Path) -> None:
    ax = plot_robust_error([RobustErrorCurve("a", 1, "bound", np.array(radius), 0.0)])
    save_figure(ax, tmp_path / "a.png")
    assert ax.get_xlim()[1] > 0.0


def test_no_curves() -> None:
    with pytest.raises(ValueError, match="curves must hold at least one curve, got none"):
        plot_robust_error([])


@pytest.mark.parametrize("n", [1, 3, 10])
def test_witnesses(n: int, tmp_path: Path) -> None:
    rng = np.random.default_rng(n)
    X = rng.random((n, 12))
    W = X + 0.1 * rng.normal(size=X.shape)
    figure = plot_witnesses(X, W, np.arange(n), ["b"] * n, (3, 4))
    images = [ax.images[0].get_array() for ax in figure.axes]
    assert len(images) == 3 * n
    assert np.allclose(images[0], X[0].reshape(3, 4))
    assert np.allclose(images[n], W[0].reshape(3, 4))
    assert np.allclose(images[2 * n], (W - X)[0].reshape(3, 4))
    assert figure.axes[0].images[0].get_clim() == figure.axes[n].images[0].get_clim()
    assert figure.axes[n].get_title() == "b"
    assert figure.axes[2 * n].get_xlabel() == f"{np.linalg.norm((W - X)[0]):.2f}"
    save_figure(figure, tmp_path / "a.png")
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")


def test_witnesses_that_change_nothing() -> None:
    X = np.zeros((1, 4))
    figure = plot_witnesses(X, X, [0], [1], (2, 2), sizes=[7.0])
    assert figure.axes[2].get_xlabel() == "7.00"


@pytest.mark.parametrize(
    ("X", "W", "labels", "message"),
    [
        (np.ones((2, 5)), np.ones((2, 5)), [0, 1], r"X must have shape \(n, 4\) for image_shape"),
        (np.ones((0, 4)), np.ones((0, 4)), [], r"X must have shape .* got \(0, 4\)"),
        (np.ones((2, 4)), np.ones((1, 4)), [0, 1], r"witnesses must have the shape \(2, 4\) of X"),
        (np.ones((2, 4)), np.ones((2, 4)), [0], r"labels must have shape \(2,\), got \(1,\)"),
        (np.full((2, 4), np.nan), np.ones((2, 4)), [0, 1], "X and witnesses must be finite"),
    ],
)
def test_witness_errors(X: np.ndarray, W: np.ndarray, labels: list[int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        plot_witnesses(X, W, labels, labels, (2, 2))


def test_matplotlib_is_asked_for_by_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(ImportError, match=r"pip install 'robust_metric\[plots\]'"):
        check_matplotlib()
    with pytest.raises(ImportError, match="plotting needs matplotlib, which is not installed"):
        plot_robust_error(curves())


def test_pyplot_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    plot_robust_error(curves())
    plot_witnesses(np.ones((1, 4)), np.zeros((1, 4)), [0], [1], (2, 2))


def test_the_gap_to_an_attack_is_shaded() -> None:
    proved = curves()[0]
    attack = RobustErrorCurve("Euclidean", 1, "attack", proved.radius * 1.2, 0.02)
    other = RobustErrorCurve("ARML", 11, "attack", proved.radius * 1.2, 0.02)
    ax = plot_robust_error([proved, attack, other])
    assert len(ax.lines) == 3 and len(ax.collections) == 1
    assert ax.lines[1].get_linewidth() < ax.lines[0].get_linewidth()
    assert ax.get_legend().get_texts()[1].get_text() == "Euclidean, K = 1 (attack)"
