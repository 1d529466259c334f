"""Figures: what they hold, that they leave pyplot alone, and what they refuse."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure

import robust_metric as rm
from robust_metric.plotting import (
    check_matplotlib,
    plot_decision_regions,
    plot_radii,
    plot_robust_error,
    plot_witnesses,
    save_figure,
)
from robust_metric.results import RobustErrorCurve


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


@pytest.mark.parametrize("plot", [plot_robust_error, plot_radii])
def test_no_curves(plot: Callable[..., Any]) -> None:
    with pytest.raises(ValueError, match="curves must hold at least one curve, got none"):
        plot([])


def test_histograms_count_every_positive_radius() -> None:
    given = curves()
    ax = plot_radii(given, bins=7, reach=0.8, unit="scaled units")
    filled, outlines = ax.patches[::2], ax.patches[1::2]
    for shape, outline, c in zip(filled, outlines, given, strict=True):
        counts, edges, _ = outline.get_data()
        expected = [
            ((c.radius > low) & (c.radius <= high)).sum() for low, high in itertools.pairwise(edges)
        ]
        expected[-1] += (c.radius > 0.8).sum()
        assert counts.tolist() == expected and counts.sum() == 51
        assert np.array_equal(shape.get_data().values, counts)
    assert ax.get_xlim() == (0.0, 0.8) and ax.get_xlabel() == "radius (scaled units)"
    texts = [text.get_text() for text in ax.get_legend().get_texts()]
    assert texts == [f"{c.label}; radius 0: 1 of 52" for c in given]
    with pytest.raises(ValueError, match="bins must be an integer of at least 1, got 0"):
        plot_radii(given, bins=0)


def plane(threat: rm.ThreatModel | None = None) -> tuple[Any, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    X = rng.normal(size=(60, 2))
    y = np.array(["left", "right"])[(X[:, 0] > 0.0).astype(int)]
    clf = rm.CertifiedKNeighborsClassifier(3, threat=threat).fit(X[:40], y[:40])
    return clf, X[40:], y[40:]


@pytest.mark.parametrize("norm", [1, 2, np.inf])
def test_balls_are_drawn_as_certified(norm: float) -> None:
    threat = rm.ThreatModel(norm=norm, feature_cost=[0.5, 3.0], bounds=(-1.5, 9), clip_queries=True)
    clf, X, y = plane(threat)
    c = clf.certify(X, y)
    ax = plot_decision_regions(clf, X, y, resolution=20)
    (balls,) = (b for b in ax.collections if type(b).__name__ == "PolyCollection")
    outlines = [path.vertices[:-1] for path in balls.get_paths()]
    positive = c.radius > 0.0
    assert len(outlines) == positive.sum() > 10 and not positive.all()
    cut = 0
    for outline, z, r in zip(outlines, threat.admit(X)[positive], c.radius[positive], strict=True):
        cost = threat.cost(outline - z)
        inside = (outline > -1.5).all(axis=1)
        np.testing.assert_allclose(cost[inside], r, rtol=1e-12)
        assert (cost <= r * (1 + 1e-12)).all() and (outline >= -1.5).all()
        assert set(clf.predict(z + 0.999 * (outline - z))) == set(clf.predict([z]))
        cut += (~inside).any()
    assert cut


def test_regions_are_the_predictions() -> None:
    clf, X, _ = plane()
    ax = plot_decision_regions(clf, X, resolution=30, title="Halves")
    (mesh,) = (m for m in ax.collections if type(m).__name__ == "QuadMesh")
    across, up = (np.linspace(low, high, 30) for low, high in (ax.get_xlim(), ax.get_ylim()))
    grid = [[a, b] for b in up for a in across]
    expected = clf.predict(grid) == "right"
    assert np.array_equal(mesh.get_array().ravel(), expected)
    assert [t.get_text() for t in ax.get_legend().get_texts()] == ["left", "right"]
    assert ax.get_title(loc="left") == "Halves"
    own = Figure().add_subplot()
    assert plot_decision_regions(clf, X, ax=own, resolution=5) is own


def test_infinite_balls_and_frozen_features(tmp_path: Path) -> None:
    threat = rm.ThreatModel(feature_cost=[np.inf, 1.0])
    clf = rm.CertifiedKNeighborsClassifier(1, threat=threat).fit([[0.0, 0], [1, 0]], [0, 1])
    assert np.isinf(clf.certify([[0.2, 0.3]]).radius).all()
    ax = plot_decision_regions(clf, [[0.2, 0.3]], resolution=5)
    (ball,) = (b for b in ax.collections if type(b).__name__ == "PolyCollection")
    across, up = ball.get_paths()[0].vertices.T
    assert (across == 0.2).all() and up.min() < ax.get_ylim()[0] and up.max() > ax.get_ylim()[1]
    save_figure(ax, tmp_path / "a.svg")


def test_what_cannot_be_drawn_in_the_plane() -> None:
    clf, X, y = plane()
    three = rm.CertifiedKNeighborsClassifier(1).fit(np.eye(3), [0, 1, 1])
    with pytest.raises(ValueError, match="clf must be fitted to two features, got 3"):
        plot_decision_regions(three, np.eye(3))
    with pytest.raises(ValueError, match="resolution must be an integer of at least 1, got -3"):
        plot_decision_regions(clf, X, resolution=-3)
    with pytest.raises(ValueError, match="y must have one label per row"):
        plot_decision_regions(clf, X, y[:3])


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
    clf, X, _ = plane()
    for draw in (
        lambda: plot_robust_error(curves()),
        lambda: plot_radii(curves()),
        lambda: plot_decision_regions(clf, X),
        lambda: plot_witnesses(np.ones((1, 4)), np.zeros((1, 4)), [0], [1], (2, 2)),
    ):
        with pytest.raises(ImportError, match="plotting needs matplotlib, which is not installed"):
            draw()


def test_pyplot_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    plot_robust_error(curves())
    plot_radii(curves())
    plot_witnesses(np.ones((1, 4)), np.zeros((1, 4)), [0], [1], (2, 2))
    clf, X, _ = plane()
    plot_decision_regions(clf, X, resolution=5)


def test_the_gap_to_an_attack_is_shaded() -> None:
    proved = curves()[0]
    attack = RobustErrorCurve("Euclidean", 1, "attack", proved.radius * 1.2, 0.02)
    other = RobustErrorCurve("ARML", 11, "attack", proved.radius * 1.2, 0.02)
    ax = plot_robust_error([proved, attack, other])
    assert len(ax.lines) == 3 and len(ax.collections) == 1
    assert ax.lines[1].get_linewidth() < ax.lines[0].get_linewidth()
    assert ax.get_legend().get_texts()[1].get_text() == "Euclidean, K = 1 (attack)"
