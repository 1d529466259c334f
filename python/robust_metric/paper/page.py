"""The report as one HTML page that needs nothing beside it."""

from __future__ import annotations

import base64
import html
from collections.abc import Sequence
from dataclasses import dataclass

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

_STYLE = """
:root { color-scheme: light; --ink: #22262b; --faint: #5d646d; --line: #e1e4e8; --blue: #0b6fb8; }
* { box-sizing: border-box; }
body { margin: 0; background: #fff; color: var(--ink);
  font: 16px/1.55 system-ui, "Segoe UI", Roboto, "Helvetica Neue", "DejaVu Sans", sans-serif; }
main { max-width: 80rem; margin: 0 auto; padding: 2.2rem 1.4rem 4rem; }
h1 { font-size: 1.7rem; line-height: 1.25; margin: 0 0 .4rem; }
h2 { font-size: 1.3rem; margin: 3rem 0 .3rem; padding-top: 1.2rem; border-top: 1px solid var(--line); }
h3 { font-size: 1rem; margin: 1.8rem 0 .4rem; }
p { max-width: 46rem; margin: .5rem 0; }
p.faint, li.faint { color: var(--faint); font-size: .92rem; }
nav { margin: .9rem 0 0; display: flex; flex-wrap: wrap; gap: .3rem 1.2rem; }
a { color: var(--blue); text-decoration: none; } a:hover { text-decoration: underline; }
.legend { display: flex; flex-wrap: wrap; gap: .25rem 1.2rem; margin: .8rem 0 .2rem; padding: 0;
  list-style: none; font-size: .92rem; }
.legend span { display: inline-block; width: 1.5rem; height: .22rem; margin: 0 .45rem .22rem 0;
  border-radius: 2px; }
.plots { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(20rem, 100%), 1fr));
  gap: 1rem; margin: .6rem 0; }
.plots img { display: block; width: 100%; height: auto; max-width: 34rem; }
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(34.5rem, 100%), 1fr));
  gap: 0 2rem; }
.pair > div { min-width: 0; }
.scroll { overflow-x: auto; }
.witnesses img { display: block; height: auto; max-width: none; width: 52rem; }
table { border-collapse: separate; border-spacing: 0; font-size: .9rem; font-variant-numeric: tabular-nums; }
th, td { padding: .26rem .32rem; text-align: right; white-space: nowrap; font-weight: 400; }
thead th { color: var(--faint); border-bottom: 1px solid #b6bbc2; }
tbody tr + tr > * { border-top: 1px solid var(--line); }
th:first-child { padding-left: 0; position: sticky; left: 0; background: #fff; }
.l { text-align: left; }
tr.aside > * { color: var(--faint); font-style: italic; }
.methods td, .methods th { white-space: normal; vertical-align: top; }
.methods th:first-child { white-space: nowrap; }
.methods td:last-child { font-size: .85rem; overflow-wrap: anywhere; min-width: 16rem; }
@media (max-width: 40rem) {
  main { padding: 1.4rem 1rem 3rem; }
  table { font-size: .82rem; }
  th, td { padding: .26rem .3rem; }
}
code { font-family: ui-monospace, "DejaVu Sans Mono", Menlo, monospace; font-size: .88em;
  overflow-wrap: anywhere; }
"""

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
    links = " ".join(
        f'<a href="#{html.escape(part.problem.name)}">{html.escape(part.problem.title)}</a>'
        for part in parts
    )
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Robust errors of learned metrics</title>
<style>{_STYLE}</style>
</head>
<body>
<main>
<h1>Robust errors of nearest-neighbour classifiers under learned metrics</h1>
<p>{WHAT_IT_IS}</p>
<nav>{links} <a href="#methods">Methods and times</a></nav>
{_summary(parts, plan)}
{"".join(_section(part, drawn, plan) for part, drawn in zip(parts, drawings, strict=True))}
<h2 id="methods">Methods and times</h2>
<h3>Time to fit</h3>
{time_table(parts).html()}
<div class="methods"><h3>Sources and settings</h3>
{method_table(_names(parts)).html()}</div>
<h3>Protocol</h3>
{"".join(f"<p>{html.escape(line)}</p>" for line in protocol)}
<p class="faint">{html.escape(environment)}</p>
</main>
</body>
</html>
"""


def _summary(parts: Sequence[SetResult], plan: Plan) -> str:
    tables = []
    for k in plan.neighbors:
        for kind in kinds(k):
            table = summary_table(parts, k, kind).html()
            tables.append(f"<div><h3>K = {k}, {_HEADINGS[kind]}</h3>{table}</div>")
    compared = comparison_table(parts, plan.neighbors)
    comparison = (
        f'<h2>ARML beside the published algorithm</h2><p class="faint">{COMPARISON}</p>'
        + compared.html()
        if compared.rows
        else ""
    )
    return (
        "<h2>Mean over the radii</h2>"
        '<p class="faint">Mean of the robust errors at the radii of each data set\'s tables below; '
        "the best of each column is bold.</p>"
        f'<div class="pair">{"".join(tables)}</div>{comparison}'
    )


def _section(part: SetResult, drawn: Drawings, plan: Plan) -> str:
    problem = part.problem
    plots = "".join(
        f'<img alt="Robust error over the radius, {html.escape(problem.title)}, K = {k}, {kind}" '
        f'src="{_data_uri(image, "svg+xml")}">'
        for (k, kind), image in drawn.curves.items()
    )
    tables = "".join(
        f"<div><h3>K = {k}, {_HEADINGS[kind]}</h3>{error_table(part, k, kind).html()}</div>"
        for k in plan.neighbors
        for kind in kinds(k)
    )
    pictures = "".join(
        f'<div class="scroll witnesses"><img alt="Witnesses, {html.escape(title)}" '
        f'src="{_data_uri(image, "png")}"></div>'
        for title, image in drawn.witnesses.items()
    )
    failures = "".join(
        f'<p class="faint">{html.escape(result.method.title)} failed: '
        f"{html.escape(result.failure)}</p>"
        for result in part.results
        if result.failure
    )
    return (
        f'<h2 id="{html.escape(problem.name)}">{html.escape(problem.title)}</h2>'
        f'<p class="faint">{plan.facts(problem)}</p>{_legend(part)}<div class="plots">{plots}</div>'
        f'<div class="pair">{tables}</div>{failures}'
        + (f"<h3>Witnesses</h3>{pictures}" if pictures else "")
    )


def _legend(part: SetResult) -> str:
    items = "".join(
        f'<li><span style="background:{result.method.color}"></span>'
        f"{html.escape(result.method.title)}</li>"
        for result in part.results
        if result.curves
    )
    return f'<ul class="legend">{items}</ul>'


def _names(parts: Sequence[SetResult]) -> list[str]:
    ran = {result.method.name for part in parts for result in part.results}
    return [name for name in METHODS if name in ran]


def _data_uri(image: bytes, kind: str) -> str:
    return f"data:image/{kind};base64,{base64.b64encode(image).decode()}"
