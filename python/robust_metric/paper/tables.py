"""Tables of a report, from which its Markdown and its HTML are made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .._base.arrays import Floats
from ..results.robust_error import RobustErrorCurve, round_radii
from .methods import METHODS
from .protocol import RADII
from .references import references
from .runs import ATTACK, BOUND, EXACT, MethodResult, SetResult

_MISSING = "\u2013"


@dataclass(frozen=True)
class Table:
    """Cells as text.

    Parameters
    ----------
    heads : sequence of str
    rows : list of list of str
    best : frozenset of (row, column)
        Cells set in bold.
    aside : frozenset of int
        Rows that were not computed in this run, set in italics.
    left : frozenset of int
        Columns aligned left; the others, of numbers, are aligned right.
    """

    heads: Sequence[str]
    rows: list[list[str]]
    best: frozenset[tuple[int, int]] = frozenset()
    aside: frozenset[int] = frozenset()
    left: frozenset[int] = frozenset({0})

    def markdown(self) -> str:
        """Return the table in GitHub's Markdown, without a final newline."""
        marks = {i: (":--" if i in self.left else "--:") for i in range(len(self.heads))}
        lines = [
            "| " + " | ".join(self.heads) + " |",
            "|" + "|".join(marks.values()) + "|",
        ]
        for i, row in enumerate(self.rows):
            cells = [self._marked(i, j, cell, "*", "**") for j, cell in enumerate(row)]
            lines.append("| " + " | ".join(cells) + " |")
        return "\n".join(lines)

    def _marked(self, i: int, j: int, cell: str, aside: str, best: str) -> str:
        mark = best if (i, j) in self.best else aside if i in self.aside else ""
        return f"{mark}{cell}{mark}" if cell else cell


def short(error: float) -> str:
    """Return an error as tables of the field have it: .105, and 1.000."""
    return f"{error:.3f}".removeprefix("0")


def kinds(k: int) -> tuple[str, ...]:
    """What is known for a K: the exact radius, or a bound and an attack."""
    return (EXACT,) if k == 1 else (BOUND, ATTACK)


def radii_of(part: SetResult) -> Floats:
    """Radii of the tables: the paper's, or round numbers that span the data."""
    if part.problem.name in RADII:
        return np.array(RADII[part.problem.name])
    curves = [curve for result in part.results for curve in result.curves.values()]
    return round_radii(curves) if curves else np.zeros(1)


def error_table(part: SetResult, k: int, kind: str) -> Table:
    """Robust errors at the radii, their mean, and clean errors: one row a method."""
    radii = radii_of(part)
    # "r =" once: narrow columns let two tables stand side by side
    heads = [
        "method",
        "clean",
        *(f"{'' if i else 'r = '}{r:g}" for i, r in enumerate(radii)),
        "mean",
    ]
    rows, values = [], []
    for result in part.results:
        curve = result.curves.get((k, kind))
        rows.append([result.method.title, *_error_cells(curve, radii)])
        values.append(_error_values(curve, radii))
    best = _best(values)
    count = len(rows)
    for title, errors in references(part.problem, k).items() if kind != ATTACK else ():
        cells = [short(error) for error in (*errors, float(np.mean(errors)))]
        rows.append([title, "", *cells])
    return Table(heads, rows, best, aside=frozenset(range(count, len(rows))))


def summary_table(parts: Sequence[SetResult], k: int, kind: str) -> Table:
    """Mean robust error over the radii of every data set: one row a method, one column a set."""
    names = _methods(parts)
    rows = [[METHODS[name].title] for name in names]
    values: list[list[float]] = [[np.nan] for _ in names]
    for part in parts:
        radii, results = radii_of(part), {r.method.name: r for r in part.results}
        for i, name in enumerate(names):
            curve = results[name].curves.get((k, kind)) if name in results else None
            mean = float("nan") if curve is None else float(curve.errors(radii).mean())
            rows[i].append(_MISSING if np.isnan(mean) else short(mean))
            values[i].append(mean)
    return Table(["method", *(part.problem.title for part in parts)], rows, _best(values))


def comparison_table(parts: Sequence[SetResult], neighbors: Sequence[int]) -> Table:
    """ARML beside the published algorithm: means, and the radius where it does worst beside it."""
    rows = []
    for part in parts:
        radii, results = radii_of(part), {r.method.name: r for r in part.results}
        for k in neighbors:
            ours = results["arml"].curves.get((k, kinds(k)[0])) if "arml" in results else None
            published = _published(part, results, k)
            if ours is None or published is None:
                continue
            errors = ours.errors(radii)
            worst = int(np.argmax(errors - published))
            mean, other = float(errors.mean()), float(published.mean())
            rows.append(
                [
                    part.problem.title,
                    str(k),
                    short(mean),
                    short(other),
                    f"{mean / other - 1.0:+.1%}",
                    f"{errors[worst] - published[worst]:+.3f} at {radii[worst]:g}",
                ]
            )
    return Table(["data", "K", "ARML", "published", "change", "worst difference"], rows)


def _published(part: SetResult, results: dict[str, MethodResult], k: int) -> Floats | None:
    """Errors of the published code on these data, else of its settings in the same run."""
    for title, errors in references(part.problem, k).items():
        if title.startswith("ARML"):
            return np.array(errors)
    same = results["arml-published"].curves if "arml-published" in results else {}
    curve = same.get((k, kinds(k)[0]))
    return None if curve is None else curve.errors(radii_of(part))


def time_table(parts: Sequence[SetResult]) -> Table:
    """Seconds of every fit, and the training points it was given where that was not all."""
    names = _methods(parts)
    rows = [[METHODS[name].title] for name in names]
    for part in parts:
        results = {result.method.name: result for result in part.results}
        for row, name in zip(rows, names, strict=True):
            row.append(_fit_cell(results.get(name), len(part.problem.X_train)))
    return Table(["method", *(part.problem.title for part in parts)], rows)


def method_table(names: Sequence[str]) -> Table:
    """Where the methods are from, and the settings they were run with."""
    rows = []
    for name in names:
        method = METHODS[name]
        settings = ", ".join(f"{key}={value}" for key, value in method.settings().items())
        rows.append([method.title, method.source, settings or _MISSING])
    return Table(["method", "source", "settings"], rows, left=frozenset({0, 1, 2}))


def _methods(parts: Sequence[SetResult]) -> list[str]:
    ran = {result.method.name for part in parts for result in part.results}
    return [name for name in METHODS if name in ran]


def _error_cells(curve: RobustErrorCurve | None, radii: Floats) -> list[str]:
    if curve is None:
        return [_MISSING] * (len(radii) + 2)
    return [short(value) for value in _error_values(curve, radii)[1:]]


def _error_values(curve: RobustErrorCurve | None, radii: Floats) -> list[float]:
    """Return a row's numbers, aligned with its cells; NaN where there is none."""
    if curve is None:
        return [np.nan] * (len(radii) + 3)
    errors = curve.errors(radii)
    return [np.nan, curve.clean_error, *errors.tolist(), float(errors.mean())]


def _best(values: list[list[float]]) -> frozenset[tuple[int, int]]:
    """Return the cells with the smallest number of their column, as printed; none in a single row."""
    best = set()
    numbers = np.round(np.array(values), 3)
    for j in range(numbers.shape[1]):
        column = numbers[:, j]
        if (~np.isnan(column)).sum() > 1:
            best |= {(int(i), j) for i in np.flatnonzero(column == np.nanmin(column))}
    return frozenset(best)


def _fit_cell(result: MethodResult | None, n_train: int) -> str:
    if result is None:
        return _MISSING
    if result.failure is not None:
        return "failed"
    if result.fit is None or result.method.make is None:
        return _MISSING
    seconds = (
        f"{result.fit.seconds:.2g} s" if result.fit.seconds < 10 else f"{result.fit.seconds:.0f} s"
    )
    part = "" if result.fit.n_points == n_train else f" on {result.fit.n_points}"
    return seconds + part
