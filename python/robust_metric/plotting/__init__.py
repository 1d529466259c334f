"""Figures: robust error against radius, histograms of radii, certified balls in the plane, witnesses.

Everything is drawn on :class:`matplotlib.figure.Figure` objects, never on pyplot's global state, so
it works in threads, without a display, and leaves a caller's own figures alone. Needs matplotlib
(``pip install 'robust_metric[plots]'``).
"""

from .curves import plot_radii, plot_robust_error
from .figures import check_matplotlib, figure_bytes, new_axes, save_figure
from .plane import plot_decision_regions
from .witnesses import plot_witnesses

__all__ = [
    "check_matplotlib",
    "figure_bytes",
    "new_axes",
    "plot_decision_regions",
    "plot_radii",
    "plot_robust_error",
    "plot_witnesses",
    "save_figure",
]
