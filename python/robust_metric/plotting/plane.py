"""Decision regions in the plane, with certified balls."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from .._base.arrays import Floats
from .._base.validation import check_certified, check_count, checked_queries
from ..estimators.classifier import CertifiedKNeighborsClassifier
from ..threat import ThreatModel
from .figures import COLORS, INK, new_axes, quiet

if TYPE_CHECKING:
    from matplotlib.axes import Axes


_MARGIN = 0.08  # around all points, as a share of what they span


def plot_decision_regions(
    clf: CertifiedKNeighborsClassifier,
    X: ArrayLike,
    y: ArrayLike | None = None,
    ax: Axes | None = None,
    *,
    title: str = "Decision regions and certified balls",
    resolution: int = 300,
) -> Axes:
    """Draw the regions of a classifier of two features, and the certified ball around each query.

    Inside its ball no perturbation changes a query's class. Balls have the shape of the classifier's threat
    model: discs, diamonds or squares, stretched by feature costs, cut off at bounds. Dots are the points
    that the classifier stores, crosses the queries.

    Parameters
    ----------
    clf : CertifiedKNeighborsClassifier
        Fitted to two features; learned prototypes are such a classifier, too.
    X : (m, 2) array
        Queries.
    y : (m,) array, optional
        Their true classes: misclassified queries have no ball.
    ax : matplotlib Axes, optional
        Where to draw; by default the axes of a new figure, to be had as ``ax.figure``.
    title : str
    resolution : int, default 300
        Predictions along each axis.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    TypeError
        If clf is not one of our classifiers.
    ValueError
        If the classifier has another number of features than two, or ``certify`` refuses X or y.
    """
    check_count("resolution", resolution)
    check_certified("clf", clf)
    view = clf.fitted_view()
    if view.points.shape[1] != 2:
        raise ValueError(f"clf must be fitted to two features, got {view.points.shape[1]}")
    radius = clf.certify(X, y).radius
    if ax is None:
        ax = new_axes((7.2, 5.0))
    queries = view.threat.admit(checked_queries(clf, X))
    points = np.concatenate([view.points, queries])
    margin = _MARGIN * np.maximum(np.ptp(points, axis=0), np.finfo(np.float64).tiny)
    low, high = points.min(axis=0) - margin, points.max(axis=0) + margin
    hues = [COLORS[(i + 1) % len(COLORS)] for i in range(len(view.classes))]
    _draw_regions(ax, clf, low, high, resolution, hues)
    for i, label in enumerate(view.classes):
        mine = view.points[view.labels == i]
        ax.scatter(mine[:, 0], mine[:, 1], s=9, color=hues[i], linewidths=0.0, label=str(label))
    _draw_balls(ax, view.threat, queries, radius, float(np.linalg.norm(high - low)))
    ax.scatter(queries[:, 0], queries[:, 1], marker="+", color=INK, s=24, linewidths=0.9)
    ax.set_xlim(low[0], high[0])
    ax.set_ylim(low[1], high[1])
    ax.set_aspect("equal")
    across, up = getattr(clf, "feature_names_in_", ("feature 0", "feature 1"))
    ax.set_xlabel(str(across), color=INK)
    ax.set_ylabel(str(up), color=INK)
    ax.set_title(title, loc="left", fontsize=11, color=INK, pad=10)
    quiet(ax)
    ax.grid(False)
    ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False, labelcolor=INK)
    return ax


def _draw_regions(
    ax: Axes,
    clf: CertifiedKNeighborsClassifier,
    low: Floats,
    high: Floats,
    resolution: int,
    hues: list[str],
) -> None:
    from matplotlib.colors import ListedColormap, to_rgb

    across, up = (np.linspace(low[j], high[j], resolution) for j in range(2))
    grid = np.stack(np.meshgrid(across, up), axis=-1).reshape(-1, 2)
    found = np.searchsorted(clf.classes_, clf.predict(grid)).reshape(resolution, resolution)
    # lightened rather than transparent: the balls lie over them
    tints = [0.84 + 0.16 * np.array(to_rgb(hue)) for hue in hues]
    ax.pcolormesh(
        across, up, found, cmap=ListedColormap(tints), vmin=-0.5, vmax=len(hues) - 0.5, zorder=0
    )


def _draw_balls(
    ax: Axes, threat: ThreatModel, queries: Floats, radius: Floats, farthest: float
) -> None:
    """Draw the outlines of balls; infinite ones reach beyond the axes."""
    from matplotlib.collections import PolyCollection

    finite = np.minimum(radius, np.finfo(np.float64).max)  # a frozen feature stays where it is
    reach = np.minimum(finite[:, np.newaxis] / threat.weights(2), farthest)
    outlines = queries[:, np.newaxis] + reach[:, np.newaxis] * _unit_ball(threat.norm)
    box = threat.box(2)
    if box is not None:  # clipped outlines are those of what balls and box share
        outlines = np.clip(outlines, *box)
    balls = PolyCollection(list(outlines[radius > 0.0]), facecolors="none", edgecolors=INK)
    balls.set_linewidth(0.8)
    ax.add_collection(balls)


def _unit_ball(norm: float) -> Floats:
    """Points around the unit ball of a norm in the plane, (n, 2); the corners are among them."""
    turn = np.linspace(0.0, 2.0 * np.pi, 160, endpoint=False)
    circle = np.stack([np.cos(turn), np.sin(turn)], axis=1)
    scaled: Floats = circle / np.linalg.norm(circle, ord=norm, axis=1, keepdims=True)
    return scaled
