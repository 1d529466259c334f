"""Images beside their witnesses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from .._base.arrays import Floats
from .figures import COLORS, FAINT, INK, frame, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure


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
    texts = {
        "labels": np.asarray(labels),
        "adversarial_labels": np.asarray(adversarial_labels),
        "sizes": lengths,
    }
    for name, values in texts.items():
        if values.shape != (len(X),):
            raise ValueError(f"{name} must have shape ({len(X)},), got {values.shape}")
    figure, grid = _grid(len(X))
    _draw_images(grid, (X, witnesses, differences), image_shape)
    for i in range(len(X)):
        grid[0, i].set_title(str(texts["labels"][i]), fontsize=12, color=INK, pad=4)
        other = str(texts["adversarial_labels"][i])
        grid[1, i].set_title(other, fontsize=12, color=COLORS[2], pad=4)
        grid[2, i].set_xlabel(f"{lengths[i]:.2f}", fontsize=9, color=FAINT, labelpad=4)
    for row, text in enumerate(("test image", "witness", "difference")):
        grid[row, 0].set_ylabel(
            text, rotation=0, ha="right", va="center", labelpad=8, fontsize=10, color=INK
        )
    figure.suptitle(
        title, x=0.15 / figure.get_figwidth(), y=0.955, ha="left", fontsize=11.5, color=INK
    )
    return figure


def _grid(n: int) -> tuple[Figure, Any]:
    """Return a figure with three rows of n axes, and room on the left for the rows' names."""
    figure = new_figure((max(1.05 * n + 1.5, 4.0), 4.35))
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
    return figure, grid


def _draw_images(
    grid: Any, rows: tuple[Floats, Floats, Floats], image_shape: tuple[int, int]
) -> None:
    """Draw images, witnesses and differences, so that images of a row can be compared.

    There is one grey scale, that of the unperturbed images, and one signed scale for the differences.
    What a witness has beyond the grey scale shows in its difference.
    """
    X, _, differences = rows
    low, high = float(X.min()), float(X.max())
    swing = float(np.abs(differences).max()) or 1.0
    for row, images in enumerate(rows):
        signed = row == 2
        for i, image in enumerate(images):
            grid[row, i].imshow(
                image.reshape(image_shape),
                cmap="RdBu_r" if signed else "gray_r",
                vmin=-swing if signed else low,
                vmax=swing if signed else high,
                interpolation="nearest",
            )
            frame(grid[row, i])


def _check_images(X: Floats, witnesses: Floats, image_shape: tuple[int, int]) -> None:
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
