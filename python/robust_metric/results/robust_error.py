"""Robust error: the share of test points whose certified radius, or attack's cost, is at most r."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._base.arrays import Floats
from .._base.frozen import FrozenArrays
from ..io.atomic import PathLike, atomic_write
from .summaries import Described, Facts, describe_radii


def certified_robust_error(radius: ArrayLike, radii: ArrayLike) -> Floats:
    """Share of points whose radius is at most r, for each r.

    Parameters
    ----------
    radius : (n,) float64
        Radius of each point; 0 where it is misclassified, inf where nothing can change its class.
    radii : (k,) float64, or a number
        The perturbation sizes r, in the units of ``radius``.

    Returns
    -------
    (k,) float64
        In [0, 1], not decreasing in r. At r = 0 these are the misclassified points, and those
        whose class a tie decides.

    Raises
    ------
    ValueError
        If ``radius`` is empty, or either holds NaN or negative values.
    """
    ordered = np.sort(_checked_radius(radius))
    given: NDArray[Any] = np.atleast_1d(np.asarray(radii))
    wanted = given.astype(np.float64) if given.dtype.kind in "iufO" else np.array([np.nan])
    if wanted.ndim != 1 or not (wanted >= 0.0).all():
        raise ValueError(f"radii must be numbers of at least 0, got {radii!r}")
    return np.searchsorted(ordered, wanted, side="right") / len(ordered)


@dataclass(frozen=True, eq=False, repr=False)
class RobustErrorCurve(FrozenArrays, Described):
    """The certified radii of one method on one test set: a table row, or a curve of a plot.

    Parameters
    ----------
    method : str
        What the rows are told apart by, such as the metric's name.
    n_neighbors : int
        K of the classifier.
    kind : str
        How the radii were found: "exact", "bound" for a lower bound, or "attack" for the costs of
        an attack, which are upper bounds: the errors are then empirical robust errors.
    radius : (n,) float64
        Radius of each test point, 0 where misclassified.
    clean_error : float
        Share of misclassified points.
    """

    method: str
    n_neighbors: int
    kind: str
    radius: Floats
    clean_error: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "radius", _checked_radius(self.radius))
        super().__post_init__()
        if not 0.0 <= self.clean_error <= 1.0:
            raise ValueError(f"clean_error must lie in [0, 1], got {self.clean_error}")

    def _facts(self) -> tuple[str, Facts]:
        return f"Robust error of {self.label}", [
            ("points", str(len(self.radius))),
            ("clean error", f"{self.clean_error:.4g}"),
            ("radius", describe_radii(self.radius)),
        ]

    @property
    def label(self) -> str:
        """One line that names the curve, as in a legend."""
        return f"{self.method}, K = {self.n_neighbors} ({self.kind})"

    @property
    def median_radius(self) -> float:
        """The radius that half of the points keep, in the units of ``radius``."""
        return float(np.quantile(self.radius, 0.5, method="lower"))

    def errors(self, radii: ArrayLike) -> Floats:
        """Certified robust error at each of the radii; see :func:`certified_robust_error`."""
        return certified_robust_error(self.radius, radii)


def robustness_gap(
    certified: RobustErrorCurve, empirical: RobustErrorCurve, radii: ArrayLike
) -> Floats:
    """Certified minus empirical robust error: what neither a proof nor an attack settles.

    Parameters
    ----------
    certified, empirical : RobustErrorCurve
        Of the same test points: radii that are proved, and costs of an attack.
    radii : (k,) float64

    Returns
    -------
    (k,) float64
        Share of points that are neither proved robust nor broken at each radius; at least 0.

    Raises
    ------
    ValueError
        If the curves have different numbers of points, or a cost is below the proved radius.
    """
    if certified.radius.shape != empirical.radius.shape:
        raise ValueError(
            "certified and empirical must be of the same points, "
            f"got {len(certified.radius)} and {len(empirical.radius)}"
        )
    if (empirical.radius < certified.radius).any():
        i = int(np.argmax(empirical.radius < certified.radius))
        raise ValueError(
            f"empirical costs must not be below the certified radii, got {empirical.radius[i]} "
            f"and {certified.radius[i]} at point {i}; are they of the same points?"
        )
    gap: Floats = certified.errors(radii) - empirical.errors(radii)
    return gap


def round_radii(curves: Sequence[RobustErrorCurve], count: int = 6) -> Floats:
    """Evenly spaced round radii, from 0 to about where nine points in ten have lost their class.

    Parameters
    ----------
    curves : sequence of RobustErrorCurve
    count : int
        How many radii, 0 included; at least 2.

    Returns
    -------
    (count,) float64
        Multiples of 1, 2, 2.5 or 5 times a power of ten.
    """
    if count < 2:
        raise ValueError(f"count must be at least 2, got {count}")
    radius = np.concatenate([curve.radius for curve in curves])
    finite = radius[np.isfinite(radius) & (radius > 0.0)]
    reach = float(np.quantile(finite, 0.9)) if finite.size else 1.0
    rough = reach / (count - 1)
    power = 10.0 ** math.floor(math.log10(rough))
    step = min((1.0, 2.0, 2.5, 5.0, 10.0), key=lambda unit: abs(unit * power - rough))
    # Rounded, so that tables and files show 0.3 and not 0.30000000000000004.
    return np.array([float(f"{i * step * power:.12g}") for i in range(count)])


def typical_points(radius: Floats, y: NDArray[Any]) -> list[int]:
    """For each class, the correctly classified point with the median radius: a typical one, not the best.

    Parameters
    ----------
    radius : (n,) float64
    y : (n,) array
        True classes.

    Returns
    -------
    list of int
        Rows; a class none of whose points has a positive, finite radius has none.
    """
    chosen = []
    for label in np.unique(y):
        members = np.flatnonzero((y == label) & (radius > 0.0) & np.isfinite(radius))
        if members.size:
            chosen.append(int(members[np.argsort(radius[members])[members.size // 2]]))
    return chosen


def format_table(curves: Sequence[RobustErrorCurve], radii: ArrayLike) -> str:
    """Aligned text table: one row per curve, clean error and certified error at each radius.

    Parameters
    ----------
    curves : sequence of RobustErrorCurve
    radii : (k,) float64

    Returns
    -------
    str
        Without a final newline. Percentages would hide digits that papers report: errors are
        shares with three decimals.
    """
    heads = [f"r = {r:g}" for r in np.atleast_1d(np.asarray(radii, dtype=np.float64))]
    rows = [["method", "K", "radius", "clean", *heads, "median radius"]]
    for curve in curves:
        errors = [f"{error:.3f}" for error in curve.errors(radii)]
        rows.append(
            [
                curve.method,
                str(curve.n_neighbors),
                curve.kind,
                f"{curve.clean_error:.3f}",
                *errors,
                f"{curve.median_radius:.4f}",
            ]
        )
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    left_aligned = (0, 2)
    lines = [
        "  ".join(
            cell.ljust(width) if i in left_aligned else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
    lines.insert(1, "-" * max(len(line) for line in lines))
    return "\n".join(lines)


def write_csv(path: PathLike, curves: Sequence[RobustErrorCurve], radii: ArrayLike) -> None:
    """Write one line per curve and radius: method, n_neighbors, kind, radius, error.

    The file appears under its name only once it is complete; numbers are written in full.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["method", "n_neighbors", "kind", "radius", "certified_robust_error"])
    wanted = np.atleast_1d(np.asarray(radii, dtype=np.float64))
    for curve in curves:
        for r, error in zip(wanted.tolist(), curve.errors(wanted).tolist(), strict=True):
            writer.writerow([curve.method, curve.n_neighbors, curve.kind, r, error])
    with atomic_write(path) as stream:
        stream.write(text.getvalue().encode())


def _checked_radius(radius: ArrayLike) -> Floats:
    values = np.asarray(radius, dtype=np.float64)
    if values.ndim != 1 or values.size == 0:
        raise ValueError(f"radius must have shape (n,) with n positive, got {values.shape}")
    if not (values >= 0.0).all():
        raise ValueError("radius must be at least 0 for every point, got NaN or a negative value")
    return values
