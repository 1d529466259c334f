"""Figures of the pages on practice: computed from small data whenever the site is built."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from sklearn.datasets import make_moons

import robust_metric as rm
from robust_metric import plotting, results

HERE = Path(__file__).resolve().parent
RED, BLUE, GREEN, GREY = "#d1495b", "#0b6fb8", "#2e8b57", "#5d646d"


def home() -> Figure:
    """Two classes in the plane, with balls."""
    X, y = make_moons(240, noise=0.16, random_state=3)
    clf = rm.CertifiedKNeighborsClassifier(5).fit(X[:200], np.array(["a", "b"])[y[:200]])
    ax = plotting.plot_decision_regions(
        clf, X[200:], ax=plotting.new_axes((7.0, 3.7)), title="", resolution=200
    )
    ax.collections[0].set_rasterized(True)
    return ax.figure  # type: ignore[return-value]


def choosing() -> Figure:
    """Certified robust error of three models on digits."""
    X_train, X_test, y_train, y_test = rm.datasets.load("digits")
    models = {
        "K = 1, Euclidean": rm.CertifiedKNeighborsClassifier(1),
        "K = 11, ARML": rm.CertifiedKNeighborsClassifier(11, metric=rm.ARML(random_state=0)),
        "prototypes": rm.CertifiedPrototypeClassifier(target_radius=0.8, random_state=0),
    }
    found = {
        name: model.fit(X_train, y_train).certify(X_test, y_test) for name, model in models.items()
    }
    return _robust_errors(found, y_test)


def data_changes() -> Figure:
    """Certified robust error of digits where training data may change."""
    X_train, X_test, y_train, y_test = rm.datasets.load("digits")
    clf = rm.CertifiedKNeighborsClassifier(11).fit(X_train, y_train)
    allowed = [
        rm.DataChanges(),
        rm.DataChanges(insert=2),
        rm.DataChanges(insert=4),
        rm.DataChanges(relabel=3),
        rm.DataChanges(insert=3, delete=3, relabel=1),
    ]
    found = {str(c): clf.certify(X_test, y_test, data_changes=c) for c in allowed}
    return _robust_errors(found, y_test)


def _robust_errors(found: dict[str, rm.Certificates], y_test: Any) -> Figure:
    curves = []
    for name, certificates in found.items():
        error = float((certificates.label != y_test).mean())
        curves.append(results.RobustErrorCurve(name, 1, "bound", certificates.radius, error))
    ax = plotting.new_axes((6.0, 3.4))
    plotting.plot_robust_error(curves, ax, title="", legend=False)
    for line, name in zip(ax.get_lines(), found, strict=False):
        line.set_label(name)
    ax.legend(frameon=False, fontsize=9, loc="lower right")
    return ax.figure  # type: ignore[return-value]


def from_scikit_learn() -> Figure:
    """Radii of a certified twin, by whether its predictions are right."""
    from sklearn.neighbors import KNeighborsClassifier

    X_train, X_test, y_train, y_test = rm.datasets.load("digits")
    found = rm.from_sklearn(KNeighborsClassifier(11).fit(X_train, y_train)).certify(X_test)
    right = found.label == y_test
    ax = plotting.new_axes((6.0, 2.8))
    edges = np.linspace(0.0, float(found.radius.max()), 31)
    parts = [found.radius[right], found.radius[~right]]
    ax.hist(parts, edges, stacked=True, color=[BLUE, RED], label=["right", "wrong"])
    ax.set_xlabel("certified radius (length of the change, pixels in [0, 1])")
    ax.set_ylabel("test digits")
    ax.spines[["top", "right"]].set_visible(False)
    ax.legend(frameon=False)
    return ax.figure  # type: ignore[return-value]


def _names_of(page: str) -> dict[str, Any]:
    """What the Python blocks of a page leave behind; they write their files to a folder of their own."""
    import contextlib
    import io
    import os
    import tempfile

    blocks = re.findall(r"^```python\n(.*?)^```", (HERE / page).read_text("utf-8"), re.M | re.S)
    names: dict[str, Any] = {}
    before = Path.cwd()
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
        os.chdir(folder)
        try:
            for block in blocks:
                exec(block, names)
        finally:
            os.chdir(before)
    return names


def counterfactuals() -> Figure:
    """What has to change for each applicant of the page, in standard deviations."""
    names = _names_of("counterfactuals.md")
    features, rows = list(names["X"]), list(names["refused"].index)
    changes = names["found"].perturbation / np.asarray(names["old"].std())
    figure = Figure(figsize=(7.2, 2.6), layout="constrained")
    panels = figure.subplots(1, len(rows), sharex=True, sharey=True)
    for axes, row, change in zip(panels, rows, changes, strict=True):
        colors = [RED if value < 0 else BLUE for value in change]
        axes.barh(features[::-1], change[::-1], color=colors[::-1])
        axes.axvline(0.0, color=GREY, linewidth=0.8)
        axes.set_title(row, loc="left", fontsize=9)
        axes.tick_params(labelsize=8, left=False)
        axes.spines[["top", "right", "left"]].set_visible(False)
    figure.supxlabel("change in standard deviations", fontsize=9)
    return figure


def mixed_tables() -> Figure:
    """Three threat models on the page's table."""
    names = _names_of("mixed_tables.md")
    clf, new = names["clf"], names["new"]
    frozen = names["found"].radius
    clf.set_params(threat=names["free"])
    shown = {
        "contracts frozen": (frozen, BLUE),
        "contracts at a price of .4": (names["radius"], GREEN),
        "contracts by fractions": (clf.certify(new).radius, RED),
    }
    ax = plotting.new_axes((6.0, 3.2))
    for name, (radius, color) in shown.items():
        ordered = np.sort(radius)
        ax.step(ordered, np.arange(1, len(ordered) + 1) / len(ordered), color=color, label=name)
    ax.set_xlabel("cost r of a change (standard deviations)")
    ax.set_ylabel("share with radius ≤ r")
    ax.set_ylim(0.0, 1.0)
    ax.set_xlim(0.0, float(np.quantile(frozen, 0.98)))
    ax.spines[["top", "right"]].set_visible(False)
    ax.legend(frameon=False, fontsize=9)
    return ax.figure  # type: ignore[return-value]


COMPUTED = (home, choosing, data_changes, from_scikit_learn, counterfactuals, mixed_tables)
