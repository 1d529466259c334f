"""Draw the figures of the site: docs/figures/NAME.csv becomes docs/figures/NAME.svg, and the house.

Usage: python docs/make_figures.py

The site draws them whenever it is built, so the pictures are not kept. The data files are written by
programs of bench/, which the pages name; storeys.py reads the folders of the repository, and
practice_figures.py runs the small programs that the pages on practice show.
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import matplotlib
import practice_figures
import storeys
from matplotlib.figure import Figure

FOLDER = Path(__file__).resolve().parent / "figures"
DATA_SETS = ("splice", "pendigits", "usps", "mnist", "fashion-mnist")  # the order of panels
PROVED = "deterministic, rounding counted"

Rows = list[dict[str, str]]


def read(name: str) -> Rows:
    """Return the rows of a data file, with its header's names."""
    with (FOLDER / f"{name}.csv").open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def by_data_set(rows: Rows) -> dict[str, Rows]:
    """Return the rows of each data set, in the order of panels."""
    parts: dict[str, Rows] = {name: [] for name in DATA_SETS}
    for row in rows:
        parts[row["data"]].append(row)
    return {name: part for name, part in parts.items() if part}


def network_comparison(rows: Rows) -> Figure:
    """Certified robust error over the radius, a panel for each data set and a colour for each rule."""
    parts = by_data_set(rows)
    figure = Figure(figsize=(5.0 * len(parts), 3.6), layout="tight")
    panels = figure.subplots(1, len(parts), sharey=True, squeeze=False)[0]
    colours: dict[str, str] = {}  # the same for a rule in all panels
    for axes, (name, part) in zip(panels, parts.items(), strict=True):
        for row in part:
            rule, guarantee = row["rule"], row["guarantee"]
            errors = {float(r): float(e) for r, e in row.items() if r[0].isdigit()}
            axes.plot(
                list(errors),
                list(errors.values()),
                "-" if guarantee == PROVED else "--",
                color=colours.setdefault(rule, f"C{len(colours)}"),
                label=rule,
            )
        axes.set(title=name, xlabel="radius (l2)", xlim=(0.0, 3.0), ylim=(0.0, 1.0))
        axes.grid(alpha=0.3)
        axes.legend(fontsize=7)
    panels[0].set_ylabel("certified robust error")
    return figure


def performance_scaling(rows: Rows) -> Figure:
    """Milliseconds per query over the number of training points, beside a line of slope 1."""
    sizes = [int(row["training_points"]) for row in rows]
    each = [float(row["milliseconds_per_query"]) for row in rows]
    figure = Figure(figsize=(5.0, 3.2), layout="constrained")
    axes = figure.add_subplot()
    axes.loglog(sizes, each, "o-", label="K = 11 radii, MNIST")
    axes.loglog(sizes, [each[0] * n / sizes[0] for n in sizes], "k:", label="linear")
    axes.set(xlabel="training points", ylabel="milliseconds per query", xticks=sizes)
    axes.set_xticklabels([str(n) for n in sizes])
    axes.minorticks_off()
    axes.legend(frameon=False)
    return figure


def prototypes_tradeoff(rows: Rows) -> Figure:
    """Mean certified error over clean error: a panel for each data set, a curve for each number."""
    parts = by_data_set(rows)
    height = -(-len(parts) // 3)  # rows of three panels
    figure = Figure(figsize=(10.2, 3.6 * height), layout="tight")
    for place, (name, part) in enumerate(parts.items(), start=1):
        axes = figure.add_subplot(height, 3, place, xlabel="clean error", title=name)
        if place % 3 == 1:
            axes.set_ylabel("mean certified error")
        draw_tradeoff(axes, part)
    return figure


def draw_tradeoff(axes: Any, rows: Rows) -> None:
    """Draw one data set: points are labelled with their target radius, rules without one are stars."""
    curves: dict[str, Rows] = {}
    for row in rows:
        number = row["n_prototypes"]
        curves.setdefault(
            f"{number} a class" if number else f"{row['rule']}, all points", []
        ).append(row)
    for label, curve in curves.items():
        points = [(float(row["clean"]), float(row["mean"])) for row in curve]
        learned = bool(curve[0]["n_prototypes"])
        style: dict[str, Any] = {} if learned else {"color": "black", "markersize": 10}
        axes.plot(*zip(*points, strict=True), "o-" if learned else "*", label=label, **style)
        for row, point in zip(curve, points, strict=True):
            axes.annotate(
                row["target"], point, fontsize=6, xytext=(3, 3), textcoords="offset points"
            )
    axes.legend(fontsize=7, ncols=2, loc="upper left", bbox_to_anchor=(0.0, -0.18))
    axes.grid(alpha=0.3)


MEASURED = (network_comparison, performance_scaling, prototypes_tradeoff)


def main() -> None:
    """Draw all figures; the same data give the same files."""
    figures = {draw.__name__: draw(read(draw.__name__)) for draw in MEASURED}
    figures["storeys"] = storeys.house()
    figures |= {draw.__name__: draw() for draw in practice_figures.COMPUTED}
    with matplotlib.rc_context({"svg.hashsalt": "robust_metric"}):
        for name, figure in figures.items():
            figure.savefig(FOLDER / f"{name}.svg", metadata={"Date": None}, bbox_inches="tight")


if __name__ == "__main__":
    main()
