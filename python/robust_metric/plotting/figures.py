"""Figures in the package's style, and their files."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..io.atomic import PathLike, atomic_write

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Two hues that stay apart in grey and for colour-blind readers, then three more.
COLORS = ("#8a8f98", "#0b6fb8", "#d1495b", "#2e8b57", "#b8860b")
INK = "#22262b"
FAINT = "#5d646d"


def new_axes(size: tuple[float, float] = (6.4, 4.2)) -> Axes:
    """Return the axes of a new figure of this size in inches.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    """
    return new_figure(size).add_subplot()


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
            stream,
            format=kind,
            dpi=dpi,
            bbox_inches="tight",  # what keeps its aspect would stand between blank margins
            pad_inches=0.06,
            metadata={"Date": None} if kind == "svg" else None,
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


def new_figure(size: tuple[float, float]) -> Figure:
    """Return a figure of this size in inches that pyplot knows nothing of."""
    return _figure_class()(figsize=size, facecolor="white")


def quiet(ax: Axes) -> None:
    """Draw what frames a plot in light colours, behind what is plotted."""
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        ax.spines[side].set_color("#b6bbc2")
    ax.tick_params(colors=FAINT, labelsize=9)
    ax.grid(color="#e9ebee", linewidth=0.8)
    ax.set_axisbelow(True)
    figure: Any = ax.figure
    if figure.get_layout_engine() is None:
        figure.set_layout_engine("constrained")


def frame(ax: Axes) -> None:
    """Take everything off the axes of an image but a light frame."""
    ax.set_xticks([])
    ax.set_yticks([])
    for spine in ax.spines.values():
        spine.set_color("#d5d9de")
