"""The report as one HTML page that needs nothing beside it."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import plotting
from .methods import METHODS
from .runs import Plan, SetResult
from .tables import (
    comparison_table,
    error_table,
    kinds,
    method_table,
    radii_of,
    summary_table,
    time_table,
)

if TYPE_CHECKING:
    from jinja2 import Environment

_TEMPLATES = Path(__file__).with_name("templates")

WHAT_IT_IS = (
    "Robust error at r: the share of test points whose class some perturbation of Euclidean length "
    "at most r can change, misclassified points included. Certified errors are proved upper bounds, "
    "empirical ones are what an attack achieved. Lower is better."
)

COMPARISON = (
    "Certified robust errors, mean over the radii. Published: the published code on the same files "
    "where its figures are known, otherwise its settings in this run. The last column has the "
    "largest difference at one radius, positive where ARML here is worse."
)

_HEADINGS = {
    "exact": "certified, exact",
    "bound": "certified, lower bound",
    "attack": "empirical, region attack",
}


@dataclass(frozen=True)
class Drawings:
    """Pictures of one data set.

    Parameters
    ----------
    curves : dict of (K, kind) to bytes
        SVG.
    witnesses : dict of str to bytes
        PNG, by the method's title.
    """

    curves: dict[tuple[int, str], bytes]
    witnesses: dict[str, bytes]


def draw(part: SetResult, plan: Plan) -> Drawings:
    """Draw the curves of every K and kind, and the witnesses of image data."""
    curves, colors = {}, {method.title: method.color for method in METHODS.values()}
    reach = _reach(part)
    for k in plan.neighbors:
        for kind in kinds(k):
            shown = [result.curves.get((k, kind)) for result in part.results]
            drawn = [curve for curve in shown if curve is not None]
            if drawn:
                title = f"{part.problem.title}, K = {k}: {_HEADINGS[kind]}"
                ax = plotting.plot_robust_error(
                    drawn,
                    plotting.new_axes((4.9, 3.5)),
                    title=title,
                    colors=colors,
                    reach=reach,
                    legend=False,
                )
                curves[k, kind] = plotting.figure_bytes(ax, "svg")
    return Drawings(curves, _draw_witnesses(part))


def _reach(part: SetResult) -> float:
    """One right end for all plots of a data set.

    The last radius of the tables, or where most methods have lost nearly all points if that is farther.
    """
    found = [curve.radius for result in part.results for curve in result.curves.values()]
    ends = [float(np.quantile(radius, 0.99, method="lower")) for radius in found]
    finite = [end for end in ends if 0.0 < end < np.inf]
    usual = float(np.median(finite)) if finite else 1.0
    return max(usual, float(radii_of(part)[-1]))


def _draw_witnesses(part: SetResult) -> dict[str, bytes]:
    shape, pictures = part.problem.image_shape, {}
    if shape is None:
        return {}
    for result in part.results:
        seen = result.witnesses
        if result.method.name in ("euclidean", "arml") and seen is not None and len(seen.X):
            figure = plotting.plot_witnesses(
                seen.X,
                seen.X + seen.perturbation,
                seen.label,
                seen.adversarial_label,
                shape,
                sizes=seen.size,
                title=f"The smallest change that alters the class ({result.method.title}, K = 1)",
            )
            pictures[result.method.title] = plotting.figure_bytes(figure, dpi=110)
    return pictures


def page(
    parts: Sequence[SetResult],
    drawings: Sequence[Drawings],
    plan: Plan,
    protocol: Sequence[str],
    environment: str,
) -> str:
    """Return the page.

    Parameters
    ----------
    parts : sequence of SetResult
    drawings : sequence of Drawings
        One for each of ``parts``.
    plan : Plan
    protocol : sequence of str
        Sentences that say how the figures were made.
    environment : str
        Versions, machine, seeds.
    """
    sets = [_set(part, drawn, plan) for part, drawn in zip(parts, drawings, strict=True)]
    means = [
        (f"K = {k}, {_HEADINGS[kind]}", summary_table(parts, k, kind))
        for k in plan.neighbors
        for kind in kinds(k)
    ]
    return (
        templates()
        .get_template("report.html")
        .render(
            what_it_is=WHAT_IT_IS,
            sets=sets,
            means=means,
            compared=comparison_table(parts, plan.neighbors),
            comparison=COMPARISON,
            times=time_table(parts),
            methods=method_table(_names(parts)),
            protocol=protocol,
            environment=environment,
        )
    )


def templates() -> Environment:
    """Return the templates of the page.

    Raises
    ------
    ImportError
        If jinja2 is not installed.
    """
    try:
        from jinja2 import Environment, FileSystemLoader, StrictUndefined
    except ImportError as error:
        raise ImportError(
            "the report needs jinja2, which is not installed; "
            "install it with: pip install 'robust-metric[report]'"
        ) from error
    return Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        keep_trailing_newline=True,
    )


def _set(part: SetResult, drawn: Drawings, plan: Plan) -> dict[str, Any]:
    """Return what the page shows of a data set."""
    title = part.problem.title
    return {
        "name": part.problem.name,
        "title": title,
        "facts": plan.facts(part.problem),
        "legend": [(r.method.title, r.method.color) for r in part.results if r.curves],
        "plots": [
            (f"Robust error over the radius, {title}, K = {k}, {kind}", _data_uri(image, "svg+xml"))
            for (k, kind), image in drawn.curves.items()
        ],
        "tables": [
            (f"K = {k}, {_HEADINGS[kind]}", error_table(part, k, kind))
            for k in plan.neighbors
            for kind in kinds(k)
        ],
        "failures": [(r.method.title, r.failure) for r in part.results if r.failure],
        "witnesses": [
            (method, _data_uri(image, "png")) for method, image in drawn.witnesses.items()
        ],
    }


def _names(parts: Sequence[SetResult]) -> list[str]:
    ran = {result.method.name for part in parts for result in part.results}
    return [name for name in METHODS if name in ran]


def _data_uri(image: bytes, kind: str) -> str:
    return f"data:image/{kind};base64,{base64.b64encode(image).decode()}"
