"""Curves of robust error against the radius, and histograms of radii."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from .._base.validation import check_count
from ..results.robust_error import RobustErrorCurve
from .figures import COLORS, INK, new_axes, quiet

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_LINES = ("-", (0, (5, 2)), (0, (1, 1.4)), (0, (6, 2, 1, 2)))


def plot_robust_error(
    curves: Sequence[RobustErrorCurve],
    ax: Axes | None = None,
    *,
    title: str = "Certified robust error",
    unit: str = "",
    colors: Mapping[str, str] | None = None,
    reach: float | None = None,
    legend: bool = True,
) -> Axes:
    """Draw the certified robust error of each method as a step curve over the radius.

    Methods are told apart by colour, the number of neighbours by the line's pattern. Curves of kind
    "attack" are thin beside others, and the area up to the certified curve of the same method and number of
    neighbours is shaded: points there are neither proved robust nor broken.

    Parameters
    ----------
    curves : sequence of RobustErrorCurve
    ax : matplotlib Axes, optional
        Where to draw; by default the axes of a new figure, to be had as ``ax.figure``.
    title : str
    unit : str
        Shown behind the axis label, such as "scaled units".
    colors : mapping of str to str, optional
        The colour of each method, so that several plots agree; by default in order of appearance.
    reach : float, optional
        Right end of the axis; by default where nearly all points have lost their class.
    legend : bool, default True

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    ValueError
        If there are no curves.
    """
    colors, reach = _style(curves, colors, reach)
    if ax is None:
        ax = new_axes()
    neighbors = list(dict.fromkeys(curve.n_neighbors for curve in curves))
    mixed = len({curve.kind == "attack" for curve in curves}) == 2
    for curve in curves:
        radii = np.concatenate([[0.0], np.unique(curve.radius[curve.radius < reach]), [reach]])
        ax.step(
            radii,
            curve.errors(radii),
            where="post",
            label=curve.label,
            color=colors[curve.method],
            linestyle=_LINES[neighbors.index(curve.n_neighbors) % len(_LINES)],
            linewidth=1.0 if mixed and curve.kind == "attack" else 1.8,
        )
    _shade_gaps(ax, curves, colors, reach)
    ax.set_ylim(0.0, 1.0)
    _describe(ax, title, "radius r", unit, "share of test points with radius ≤ r", reach)
    if legend:
        ax.legend(loc="lower right", frameon=False, fontsize=9, labelcolor=INK, handlelength=2.8)
    return ax


def plot_radii(
    curves: Sequence[RobustErrorCurve],
    ax: Axes | None = None,
    *,
    bins: int = 30,
    title: str = "Certified radii",
    unit: str = "",
    colors: Mapping[str, str] | None = None,
    reach: float | None = None,
) -> Axes:
    """Draw a histogram of the radii of each method.

    Points of radius 0 are not in the bins, the legend has their number: with true classes given, these
    are the misclassified points and ties. Radii beyond ``reach`` are in the last bin.

    Parameters
    ----------
    curves : sequence of RobustErrorCurve
    ax : matplotlib Axes, optional
        Where to draw; by default the axes of a new figure, to be had as ``ax.figure``.
    bins : int, default 30
        Number of bins, of the same width for all methods.
    title : str
    unit : str
        Shown behind the axis label, such as "scaled units".
    colors : mapping of str to str, optional
        The colour of each method, so that several plots agree; by default in order of appearance.
    reach : float, optional
        Right end of the axis; by default where nearly all points have lost their class.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    ValueError
        If there are no curves, or ``bins`` is not a positive integer.
    """
    colors, reach = _style(curves, colors, reach)
    check_count("bins", bins)
    if ax is None:
        ax = new_axes()
    edges = np.linspace(0.0, reach, bins + 1)
    neighbors = list(dict.fromkeys(curve.n_neighbors for curve in curves))
    for curve in curves:
        positive = curve.radius[curve.radius > 0.0]
        counts, _ = np.histogram(np.minimum(positive, reach), edges)
        zero = len(curve.radius) - len(positive)
        label = f"{curve.label}; radius 0: {zero} of {len(curve.radius)}"
        line = _LINES[neighbors.index(curve.n_neighbors) % len(_LINES)]
        color = colors[curve.method]
        ax.stairs(counts, edges, fill=True, color=color, alpha=0.15)
        ax.stairs(counts, edges, label=label, color=color, linestyle=line, linewidth=1.6)
    ax.set_ylim(0.0, 1.18 * ax.get_ylim()[1])  # the legend's place
    ax.locator_params(axis="y", integer=True)
    _describe(ax, title, "radius", unit, "test points", reach)
    ax.legend(loc="upper right", frameon=False, fontsize=9, labelcolor=INK, handlelength=2.8)
    return ax


def _style(
    curves: Sequence[RobustErrorCurve], colors: Mapping[str, str] | None, reach: float | None
) -> tuple[Mapping[str, str], float]:
    """Return the colour of each method and the right end of the axis, as given or by default."""
    if not curves:
        raise ValueError("curves must hold at least one curve, got none")
    if colors is None:
        methods = dict.fromkeys(curve.method for curve in curves)
        colors = {method: COLORS[i % len(COLORS)] for i, method in enumerate(methods)}
    return colors, _reach(curves) if reach is None else reach


def _describe(ax: Axes, title: str, across: str, unit: str, up: str, reach: float) -> None:
    ax.set_xlim(0.0, reach)
    ax.set_xlabel(f"{across} ({unit})" if unit else across, color=INK)
    ax.set_ylabel(up, color=INK)
    ax.set_title(title, loc="left", fontsize=11, color=INK, pad=10)
    quiet(ax)


def _reach(curves: Sequence[RobustErrorCurve]) -> float:
    """Right end of the axis: where even the best curve has lost nearly all of its points."""
    finite = [curve.radius[np.isfinite(curve.radius)] for curve in curves]
    ends = [float(np.quantile(radius, 0.99)) for radius in finite if radius.size]
    return max(ends, default=0.0) or 1.0


def _shade_gaps(
    ax: Axes, curves: Sequence[RobustErrorCurve], colors: Mapping[str, str], reach: float
) -> None:
    for attack in curves:
        if attack.kind != "attack":
            continue
        for proved in curves:
            same = (proved.method, proved.n_neighbors) == (attack.method, attack.n_neighbors)
            if not same or proved.kind == "attack":
                continue
            both = np.concatenate([attack.radius, proved.radius])
            radii = np.concatenate([[0.0], np.unique(both[both < reach]), [reach]])
            ax.fill_between(
                radii,
                attack.errors(radii),
                proved.errors(radii),
                step="post",
                color=colors[attack.method],
                alpha=0.15,
                linewidth=0.0,
            )
