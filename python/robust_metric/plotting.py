"""Figures: certified robust error against radius, and witnesses beside the images they changed.

Everything is drawn on :class:`matplotlib.figure.Figure` objects, never on pyplot's global state, so
it works in threads, without a display, and leaves a caller's own figures alone.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .atomic_files import PathLike, atomic_write
from .report import RobustErrorCurve

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Two hues that stay apart in grey and for colour-blind readers, then three more.
_COLORS = ("#8a8f98", "#0b6fb8", "#d1495b", "#2e8b57", "#b8860b")
_LINES = ("-", (0, (5, 2)), (0, (1, 1.4)), (0, (6, 2, 1, 2)))
_INK = "#22262b"
_FAINT = "#5d646d"


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
    if not curves:
        raise ValueError("curves must hold at least one curve, got none")
    if ax is None:
        ax = new_axes()
    methods = list(dict.fromkeys(curve.method for curve in curves))
    neighbors = list(dict.fromkeys(curve.n_neighbors for curve in curves))
    if colors is None:
        colors = {method: _COLORS[i % len(_COLORS)] for i, method in enumerate(methods)}
    if reach is None:
        reach = _reach(curves)
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
    ax.set_xlim(0.0, reach)
    ax.set_ylim(0.0, 1.0)
    ax.set_xlabel(f"radius r ({unit})" if unit else "radius r", color=_INK)
    ax.set_ylabel("share of test points with radius ≤ r", color=_INK)
    ax.set_title(title, loc="left", fontsize=11, color=_INK, pad=10)
    _quiet(ax)
    if legend:
        ax.legend(loc="lower right", frameon=False, fontsize=9, labelcolor=_INK, handlelength=2.8)
    return ax


def new_axes(size: tuple[float, float] = (6.4, 4.2)) -> Axes:
    """Return the axes of a new figure of this size in inches.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    """
    return _new_figure(size).add_subplot()


def plot_witnesses(
    X: ArrayLike,
    witnesses: ArrayLike,
    labels: ArrayLike,
    adversarial_labels: ArrayLike,
    image_shape: tuple[int, int],
    *,
    sizes: ArrayLike | None = None,
    title: str = "The nearest images of another class",
) -> Figure:
    """Draw images, their minimal adversarial witnesses below them, and the differences below those.

    Parameters
    ----------
    X : (n, d) float64
        The points, images whose d pixels are h * w.
    witnesses : (n, d) float64
        The perturbed points: ``X + perturbation``.
    labels, adversarial_labels : (n,)
        The class predicted for each point and for its witness.
    image_shape : (h, w)
    sizes : (n,) float64, optional
        The cost of each perturbation; by default its Euclidean length.
    title : str

    Returns
    -------
    matplotlib Figure

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    ValueError
        If the shapes do not fit together, or there are no points.
    """
    X, witnesses = (np.asarray(array, dtype=np.float64) for array in (X, witnesses))
    _check_images(X, witnesses, image_shape)
    differences = witnesses - X
    lengths = np.linalg.norm(differences, axis=1) if sizes is None else np.asarray(sizes)
    labels, adversarial_labels = np.asarray(labels), np.asarray(adversarial_labels)
    for name, values in (
        ("labels", labels),
        ("adversarial_labels", adversarial_labels),
        ("sizes", lengths),
    ):
        if values.shape != (len(X),):
            raise ValueError(f"{name} must have shape ({len(X)},), got {values.shape}")

    n = len(X)
    figure = _new_figure((max(1.05 * n + 1.5, 4.0), 4.35))
    grid = figure.subplots(
        3,
        n,
        squeeze=False,
        gridspec_kw={
            "left": 1.15 / figure.get_figwidth(),
            "right": 0.985,
            "bottom": 0.06,
            "top": 0.83,
            "wspace": 0.08,
            "hspace": 0.30,
        },
    )
    # One grey scale, that of the unperturbed images, and one signed scale for the differences: rows
    # can be compared. What a witness has beyond the grey scale shows in its difference.
    low, high = float(X.min()), float(X.max())
    swing = float(np.abs(differences).max()) or 1.0
    for i in range(n):
        for row, values in enumerate((X[i], witnesses[i], differences[i])):
            signed = row == 2
            grid[row, i].imshow(
                values.reshape(image_shape),
                cmap="RdBu_r" if signed else "gray_r",
                vmin=-swing if signed else low,
                vmax=swing if signed else high,
                interpolation="nearest",
            )
            _frame(grid[row, i])
        grid[0, i].set_title(str(labels[i]), fontsize=12, color=_INK, pad=4)
        grid[1, i].set_title(str(adversarial_labels[i]), fontsize=12, color=_COLORS[2], pad=4)
        grid[2, i].set_xlabel(f"{lengths[i]:.2f}", fontsize=9, color=_FAINT, labelpad=4)
    for row, text in enumerate(("test image", "witness", "difference")):
        grid[row, 0].set_ylabel(
            text, rotation=0, ha="right", va="center", labelpad=8, fontsize=10, color=_INK
        )
    figure.suptitle(
        title, x=0.15 / figure.get_figwidth(), y=0.955, ha="left", fontsize=11.5, color=_INK
    )
    return figure


def save_figure(figure: Figure | Axes, path: PathLike, *, dpi: int = 160) -> None:
    """Write a figure (or the figure of some axes) as a PNG or, by its suffix, an SVG file, atomically."""
    image = figure_bytes(figure, "svg" if Path(path).suffix == ".svg" else "png", dpi=dpi)
    with atomic_write(path) as stream:
        stream.write(image)


def figure_bytes(figure: Figure | Axes, kind: str = "png", *, dpi: int = 160) -> bytes:
    """Return a figure as a "png" or "svg" image; an SVG is the same, byte for byte, each time."""
    from matplotlib import rc_context

    whole: Any = getattr(figure, "figure", figure)
    stream = io.BytesIO()
    # without the salt, the names inside an SVG file are random; without the date, so is the file
    with rc_context({"svg.hashsalt": "robust_metric"}):
        whole.savefig(
            stream, format=kind, dpi=dpi, metadata={"Date": None} if kind == "svg" else None
        )
    return stream.getvalue()


def check_matplotlib() -> None:
    """Raise an ImportError that says how to install matplotlib, if it is missing."""
    _figure_class()


def _figure_class() -> type[Figure]:
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ImportError(
            "plotting needs matplotlib, which is not installed; "
            "install it with: pip install 'robust_metric[plots]'"
        ) from error
    return Figure


def _new_figure(size: tuple[float, float]) -> Figure:
    return _figure_class()(figsize=size, facecolor="white")


def _reach(curves: Sequence[RobustErrorCurve]) -> float:
    """Right end of the axis: where the hardiest curve has lost nearly all of its points."""
    finite = [curve.radius[np.isfinite(curve.radius)] for curve in curves]
    ends = [float(np.quantile(radius, 0.99)) for radius in finite if radius.size]
    return max(ends, default=0.0) or 1.0


def _check_images(
    X: NDArray[np.float64], witnesses: NDArray[np.float64], image_shape: tuple[int, int]
) -> None:
    height, width = image_shape
    if X.ndim != 2 or len(X) == 0 or X.shape[1] != height * width:
        raise ValueError(
            f"X must have shape (n, {height * width}) for image_shape {tuple(image_shape)}, "
            f"with n positive, got {X.shape}"
        )
    if witnesses.shape != X.shape:
        raise ValueError(f"witnesses must have the shape {X.shape} of X, got {witnesses.shape}")
    if not (np.isfinite(X).all() and np.isfinite(witnesses).all()):
        raise ValueError("X and witnesses must be finite, got NaN or infinite values")


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


def _quiet(ax: Axes) -> None:
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        ax.spines[side].set_color("#b6bbc2")
    ax.tick_params(colors=_FAINT, labelsize=9)
    ax.grid(color="#e9ebee", linewidth=0.8)
    ax.set_axisbelow(True)
    figure: Any = ax.figure
    if figure.get_layout_engine() is None:
        figure.set_layout_engine("constrained")


def _frame(ax: Axes) -> None:
    ax.set_xticks([])
    ax.set_yticks([])
    for spine in ax.spines.values():
        spine.set_color("#d5d9de")
