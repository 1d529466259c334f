"""The page of ``robust-metric report MODEL DATA``: what a fitted classifier does on rows of one's own."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .. import plotting
from .._base.arrays import Floats
from .._base.validation import check_count
from .._version import __version__
from ..estimators.classifier import CertifiedKNeighborsClassifier
from ..estimators.deciding_points import deciding_points
from ..io.atomic import PathLike, atomic_write
from ..io.scaling import Scaling
from ..results.robust_error import RobustErrorCurve, round_radii
from ..results.summaries import describe_radii
from .page import templates
from .tables import Table

_COLOR = "#0b6fb8"
_MOST_FEATURES = 8  # that a counterfactual shows

_KNOWN = (
    "Certified robust error at r: the share of rows whose class some change of cost at most r might alter, "
    "misclassified rows included. It is a proved upper bound."
)
_UNKNOWN = (
    "Share of rows whose prediction some change of cost at most r might alter: a proved upper bound. The "
    "rows have no classes, so nothing is said about which predictions are right."
)


@dataclass(frozen=True)
class Described:
    """What the page says of rows beside their numbers.

    Parameters
    ----------
    title : str
    feature_names : sequence of str, optional
        By default those that the classifier was fitted with, or x0, x1, ...
    row_names : sequence, optional
        What rows are called, such as ids; by default their numbers from 0.
    scaling : Scaling, optional
        What was done to the features, so that the page can show them as they were.
    """

    title: str = "Certified predictions"
    feature_names: Sequence[str] | None = None
    row_names: Sequence[Any] | None = None
    scaling: Scaling | None = None


def write_report(
    path: PathLike,
    clf: CertifiedKNeighborsClassifier,
    X: ArrayLike,
    y: ArrayLike | None = None,
    *,
    n_rows: int = 10,
    time_limit: float | None = 5.0,
    radii: ArrayLike | None = None,
    described: Described | None = None,
) -> None:
    """Write one HTML page about a classifier's predictions, which needs nothing beside it.

    It has the curve of the certified robust error, a histogram of the radii, a line for each class, and
    the rows whose predictions are least stable, each with the two training points that decide its radius and
    with a counterfactual: the smallest change found that gives it another class.

    Parameters
    ----------
    path : path
        Of the page, written whole or not at all.
    clf : CertifiedKNeighborsClassifier or CertifiedPrototypeClassifier
        Fitted.
    X : (n, d) array or table
        Rows that it was not fitted to, if errors are to mean anything.
    y : (n,) array, optional
        True classes.
    n_rows : int, default 10
        How many of the least stable rows are shown.
    time_limit : float, optional, default 5
        Seconds for the counterfactual of each of them; None for no limit.
    radii : array, optional
        Radii of the table; by default round numbers that span the data.
    described : Described, optional
        Title, names, and the units that features are shown in.

    Raises
    ------
    ImportError
        If jinja2 or matplotlib is not installed: ``pip install 'robust-metric[report]'``.
    ValueError
        As ``clf.certify`` does, or if ``n_rows`` is not a positive integer.
    """
    check_count("n_rows", n_rows)
    plotting.check_matplotlib()
    template = templates().get_template("own_data.html")
    told = described or Described()
    certificates = clf.certify(X)
    truth = None if y is None else np.asarray(y)
    wrong = np.zeros(len(certificates), bool) if truth is None else certificates.label != truth
    curve = RobustErrorCurve(
        "Euclidean" if clf.components_ is None else "learned",
        clf.n_neighbors,
        "bound",
        np.where(wrong, 0.0, certificates.radius),
        float(wrong.mean()),
    )
    least = np.argsort(certificates.radius, kind="stable")[:n_rows]
    page = template.render(
        title=told.title,
        facts=_facts(clf, curve, truth is not None),
        what_it_is=_UNKNOWN if truth is None else _KNOWN,
        plots=_plots(curve, "" if told.scaling is None else "scaled units"),
        errors=_error_table(curve, radii),
        classes=_class_table(certificates.label, certificates.radius, truth),
        rows=_least_stable(clf, X, truth, least, told, time_limit),
        scaled=told.scaling is not None,
        version=__version__,
    )
    with atomic_write(path) as stream:
        stream.write(page.encode())


def _facts(
    clf: CertifiedKNeighborsClassifier, curve: RobustErrorCurve, labelled: bool
) -> list[tuple[str, str]]:
    view = clf.fitted_view()
    facts = [
        ("rows", str(len(curve.radius))),
        ("clean error", f"{curve.clean_error:.4g}"),
        ("radius", describe_radii(curve.radius)),
        (
            "classifier",
            f"K = {clf.n_neighbors}, {curve.method} metric, {len(view.points)} reference points, "
            f"{clf.n_features_in_} features, {len(clf.classes_)} classes",
        ),
        ("a change costs", str(view.threat)),
    ]
    return facts if labelled else [fact for fact in facts if fact[0] != "clean error"]


def _plots(curve: RobustErrorCurve, unit: str) -> list[tuple[str, str]]:
    colors = {curve.method: _COLOR}
    drawn = {
        "Certified robust error over the radius": plotting.plot_robust_error(
            [curve], plotting.new_axes((5.6, 3.6)), unit=unit, colors=colors, legend=False
        ),
        "Histogram of the radii": plotting.plot_radii(
            [curve],
            plotting.new_axes((5.6, 3.6)),
            bins=int(np.clip(len(curve.radius) // 4, 10, 40)),
            unit=unit,
            colors=colors,
        ),
    }
    return [(text, _data_uri(plotting.figure_bytes(axes, "svg"))) for text, axes in drawn.items()]


def _data_uri(image: bytes) -> str:
    return f"data:image/svg+xml;base64,{base64.b64encode(image).decode()}"


def _error_table(curve: RobustErrorCurve, radii: ArrayLike | None) -> Table:
    shown = round_radii([curve]) if radii is None else np.atleast_1d(np.asarray(radii, np.float64))
    heads = ["", *(f"r = {r:g}" for r in shown)]
    return Table(heads, [["share of rows", *(f"{error:.3f}" for error in curve.errors(shown))]])


def _class_table(label: NDArray[Any], radius: Floats, truth: NDArray[Any] | None) -> Table:
    """One line for each predicted class."""
    heads = ["predicted", "rows", "median radius", "smallest radius"]
    heads += [] if truth is None else ["misclassified"]
    rows = []
    for name in np.unique(label):
        of_class = label == name
        found = radius[of_class]
        row = [str(name), str(len(found)), f"{np.median(found):.4g}", f"{found.min():.4g}"]
        rows.append(row + ([] if truth is None else [str(int((truth != label)[of_class].sum()))]))
    return Table(heads, rows)


def _least_stable(
    clf: CertifiedKNeighborsClassifier,
    X: ArrayLike,
    truth: NDArray[Any] | None,
    least: NDArray[np.int64],
    told: Described,
    time_limit: float | None,
) -> list[dict[str, Any]]:
    """Return what the page says of each of these rows."""
    some = X.iloc[least] if hasattr(X, "iloc") else np.asarray(X)[least]
    found = clf.minimal_perturbation(some, time_limit=time_limit)
    deciding, view = deciding_points(clf, some), clf.fitted_view()
    before = np.asarray(some, dtype=np.float64)
    names = told.feature_names or getattr(clf, "feature_names_in_", None)
    names = [f"x{j}" for j in range(before.shape[1])] if names is None else list(names)
    rows = []
    for i, number in enumerate(least.tolist()):
        pair = [
            f"{point} ({clf.classes_[view.labels[point]]})" if point >= 0 else "\u2013"
            for point in (int(deciding.own[i]), int(deciding.other[i]))
        ]
        p = found.perturbation[i]
        changed = bool(np.isfinite(found.upper[i]) and np.isfinite(p).all())
        rows.append(
            {
                "name": str(number if told.row_names is None else told.row_names[number]),
                "label": str(found.label[i]),
                "truth": None if truth is None else str(truth[number]),
                "wrong": truth is not None and bool(truth[number] != found.label[i]),
                "radius": f"{deciding.radius[i]:.4g}",
                "own": pair[0],
                "other": pair[1],
                "becomes": str(found.adversarial_label[i]) if changed else None,
                "cost": f"{found.upper[i]:.4g}",
                "status": str(found.status[i]),
                "changes": _changes(before[i], p, names, told.scaling) if changed else None,
                "more": max(0, int(np.count_nonzero(p)) - _MOST_FEATURES),
            }
        )
    return rows


def _changes(z: Floats, p: Floats, names: Sequence[str], scaling: Scaling | None) -> Table:
    """Old and new value of the features that change most, in the table's own units."""
    order = np.argsort(-np.abs(p), kind="stable")[: min(_MOST_FEATURES, np.count_nonzero(p))]
    old, new = z, z + p
    if scaling is not None:
        old, new = (x * scaling.scale + scaling.offset for x in (old, new))
    rows = [[names[j], f"{old[j]:.6g}", f"{new[j]:.6g}", f"{new[j] - old[j]:+.4g}"] for j in order]
    return Table(["feature", "is", "would be", "change"], rows)
