"""The files of a report: tables as Markdown and CSV, curves as SVG, and the page."""

from __future__ import annotations

import csv
import io
import os
import platform
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from .._version import __version__
from ..io.atomic import atomic_write
from ..results.robust_error import write_csv
from .methods import METHODS, SEED
from .page import COMPARISON, WHAT_IT_IS, draw, page
from .protocol import N_TEST, SUBSAMPLE_SEED, TEST_SEED
from .runs import ATTACK, EXACT, Plan, SetResult
from .tables import (
    comparison_table,
    error_table,
    kinds,
    method_table,
    radii_of,
    summary_table,
    time_table,
)

_HEADINGS = {
    "exact": "certified robust error, exact",
    "bound": "certified robust error, lower bound of the radius",
    "attack": "empirical robust error, region attack",
}


def write_report(parts: Sequence[SetResult], plan: Plan, folder: Path) -> list[str]:
    """Write all files of a report and return their names."""
    drawings = [draw(part, plan) for part in parts]
    files: dict[str, bytes] = {}
    for part, drawn in zip(parts, drawings, strict=True):
        name = part.problem.name
        curves = [curve for result in part.results for curve in result.curves.values()]
        if curves:
            write_csv(folder / f"{name}.csv", curves, radii_of(part))
        for (k, kind), image in drawn.curves.items():
            files[f"{name}_k{k}_{kind}.svg"] = image
    files["times.csv"] = _times(parts).encode()
    files["results.md"] = results_page(parts, plan).encode()
    files["report.html"] = page(parts, drawings, plan, protocol_lines(plan), environment()).encode()
    for name, content in files.items():
        with atomic_write(folder / name) as stream:
            stream.write(content)
    return ["report.html", "results.md", "times.csv", "a .csv and .svg files for each data set"]


def results_page(parts: Sequence[SetResult], plan: Plan) -> str:
    """Return the tables as a page of the documentation."""
    lines = [
        "# Results",
        "",
        "Made by",
        "",
        "```",
        plan.command(),
        "```",
        "",
        f"which also writes `report.html`, with curves and witnesses. {WHAT_IT_IS}",
        "The best of a column is bold.",
        "",
        *protocol_lines(plan),
        "",
        "## Mean over the radii",
        "",
        "Mean of the errors at the radii of the tables below.",
        "",
    ]
    for k in plan.neighbors:
        for kind in kinds(k):
            table = summary_table(parts, k, kind).markdown()
            lines += [f"K = {k}, {_HEADINGS[kind]}:", "", table, ""]
    compared = comparison_table(parts, plan.neighbors)
    if compared.rows:
        lines += [
            "## ARML beside the published algorithm",
            "",
            COMPARISON,
            "",
            compared.markdown(),
            "",
        ]
    for part in parts:
        lines += _set_lines(part, plan)
    lines += ["## Time to fit", "", time_table(parts).markdown(), ""]
    ran = {result.method.name for part in parts for result in part.results}
    names = [name for name in METHODS if name in ran]
    lines += ["## Methods", "", method_table(names).markdown(), "", environment(), ""]
    return "\n".join(lines)


def protocol_lines(plan: Plan) -> list[str]:
    """Sentences that say how the figures were made."""
    if plan.n_train is None:
        training = (
            "They are certified against the full training set, whatever part of it a learner was "
            "fitted on."
        )
    else:
        training = (
            f"QUICK RUN: training sets are cut to {plan.n_train} points; these are not figures of "
            "the paper's protocol."
        )
    lines = [
        "Features are scaled to [0, 1] by minimum and maximum of the training set, images are divided "
        "by 255; test points are not clipped. Test points are shuffled by "
        f"sklearn.utils.shuffle(random_state={TEST_SEED}), and the first {plan.n_test or 'all'} are "
        f"taken. {training}",
        "K = 1: the minimal adversarial perturbation (lower ends of intervals that meet to 9 digits). "
        "Other K: the certified lower bound, with the plurality refinement, and the costs of the "
        "region attack. Clean error is the share of misclassified test points; the certified error "
        "at r = 0 also counts points whose class a tie decides. Where fewer test points were "
        "attacked, the data set says so, and clean errors beside empirical ones are of these points.",
        "Rows in italics were not computed here: the published code of ARML (PyTorch) and an "
        "independent solver for the Euclidean metric, run on the same files. Their K = 11 bounds "
        "lack the plurality refinement, and on Splice ties make single entries differ "
        "(docs/protocol.md). A dash stands for what was not run.",
    ]
    if plan.n_test != N_TEST and plan.n_train is None:
        lines.append(f"The paper takes {N_TEST} test points.")
    return lines


def environment() -> str:
    """Versions, machine and seeds in a sentence."""
    packages = []
    for name in ("numpy", "scipy", "scikit-learn"):
        try:
            packages.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            continue
    return (
        f"robust_metric {__version__}, Python {platform.python_version()}, {', '.join(packages)}, "
        f"on {_machine()}. Seeds: {SEED} for learners, {TEST_SEED} for the order of test points, "
        f"{SUBSAMPLE_SEED} for samples of training points. Times were measured as the steps ran, on "
        "a machine that may have had other work."
    )


def _set_lines(part: SetResult, plan: Plan) -> list[str]:
    lines = [f"## {part.problem.title}", "", plan.facts(part.problem), ""]
    for k in plan.neighbors:
        for kind in kinds(k):
            lines += [f"K = {k}, {_HEADINGS[kind]}:", "", error_table(part, k, kind).markdown(), ""]
        if k == 1:
            lines += _exactness(part)
    for result in part.results:
        if result.failure is not None:
            lines += [f"{result.method.title} failed: {result.failure}", ""]
    return lines


def _exactness(part: SetResult) -> list[str]:
    """Say at which entries the witnesses' sizes would give another error than the proved radii."""
    radii, notes = radii_of(part), []
    for result in part.results:
        if (1, EXACT) not in result.curves:
            continue
        low, high = (result.curves[1, kind].errors(radii) for kind in (EXACT, ATTACK))
        apart = [f"{r:g}" for r, a, b in zip(radii, low, high, strict=True) if a != b]
        if apart:
            notes.append(f"{result.method.title} at r = {', '.join(apart)}")
    if not notes:
        return ["The costs of the witnesses give the same errors.", ""]
    return [
        "The costs of the witnesses give the same errors, except where radii are those of the table "
        "up to rounding: "
        f"{'; '.join(notes)}.",
        "",
    ]


def _times(parts: Sequence[SetResult]) -> str:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["set", "method", "step", "n_points", "seconds"])
    for part in parts:
        for result in part.results:
            name, title = part.problem.name, result.method.title
            if result.fit is not None:
                writer.writerow([name, title, "fit", result.fit.n_points, result.fit.seconds])
            for (k, kind), (seconds, count) in result.seconds.items():
                writer.writerow([name, title, f"k{k} {kind}", count, seconds])
    return text.getvalue()


def _machine() -> str:
    name = platform.machine()
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as stream:
            models = [line.partition(":")[2].strip() for line in stream if "model name" in line]
        name = models[0] if models else name
    except OSError:
        pass
    return f"{os.cpu_count()} cores ({name})"
