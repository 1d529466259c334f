"""Tables of docs/performance.md, and the data of its figure, from the JSON of a benchmark run.

Usage: pytest bench/ --benchmark-json=FILE && python bench/performance.py FILE

Every generated part of the page stands between a pair of comments, <!-- begin NAME --> and
<!-- end NAME -->; the prose around them is left alone. A run of some of the benchmarks is printed, and
not written. Exit status 1 where a goal is missed.
"""

from __future__ import annotations

import json
import re
import sys
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import figure_data
import protocol

DOCS = Path(__file__).parents[1] / "docs"
PAGE, SCALING = DOCS / "performance.md", DOCS / "figures" / "performance_scaling.csv"

SETS = ("splice", "pendigits", "usps")  # with a learned metric


@dataclass(frozen=True)
class Result:
    """One benchmark: the smallest time, those of its rivals, and what it noted."""

    seconds: float
    rivals: dict[str, float]
    info: dict[str, Any]

    @property
    def per_query(self) -> float:
        return self.seconds / self.info["queries"]

    def against(self, rival: str) -> float:
        return self.seconds / self.rivals[rival]


Results = dict[str, Result]


def read(path: str) -> tuple[Results, dict[str, Any], str]:
    """Results by test name, the machine's description, and when the run was."""
    run = json.loads(Path(path).read_text())
    results = {}
    for benchmark in run["benchmarks"]:
        info = dict(benchmark["extra_info"])
        rivals = {name: min(seconds) for name, seconds in info.pop("rivals", {}).items() if seconds}
        results[benchmark["name"]] = Result(benchmark["stats"]["min"], rivals, info)
    return results, run["machine_info"], run["datetime"][:10]


@dataclass(frozen=True)
class Goal:
    """A line of the table of goals; measure raises KeyError where the run lacks what it needs."""

    what: str
    measure: Callable[[Results], float]
    least: float
    aim: float | None = None
    larger_is_better: bool = False
    unit: str = ""

    def reached(self, value: float, goal: float) -> bool:
        return value >= goal if self.larger_is_better else value <= goal

    def row(self, results: Results) -> tuple[str, bool]:
        """The line, and whether the goal is missed."""
        sign = "≥" if self.larger_is_better else "≤"
        aim = f"{self.aim:g}{self.unit}" if self.aim is not None else ""
        goals = f"{sign} {self.least:g}{self.unit} | {aim}"
        try:
            value = self.measure(results)
        except KeyError:
            return f"| {self.what} | not measured | {goals} | |", False
        missed = not self.reached(value, self.least)
        beyond = self.aim is not None and self.reached(value, self.aim)
        verdict = "missed" if missed else "aim reached" if beyond else "reached"
        number = f"{value:.0f}" if value >= 100.0 else f"{value:.3g}"
        return f"| {self.what} | {number}{self.unit} | {goals} | {verdict} |", missed


def times_faster(kind: str, name: str, test: str) -> Callable[[Results], float]:
    """The published code's seconds over ours, per query for anything but fits."""

    def measure(results: Results) -> float:
        result = results[test]
        ours = result.seconds if kind == "fit" else result.per_query
        return protocol.PUBLISHED_SECONDS[kind, name] / ours

    return measure


def two_threads(test: str) -> Callable[[Results], float]:
    return lambda results: results[test].rivals["one"] / results[test].seconds


def import_ratio(results: Results) -> float:
    result = results["test_import[names]"]
    start = result.rivals["interpreter"]
    return (result.seconds - start) / (result.rivals["sklearn"] - start)


def doubling(results: Results) -> float:
    result = results["test_certify_mnist_growing"]
    quarter, half = result.rivals["quarter"], result.rivals["half"]
    return max(half / quarter, result.seconds / half)


def memory(kind: str, array: int) -> Callable[[Results], float]:
    def measure(results: Results) -> float:
        info = results[f"test_certify_mnist_memory[{kind}]"].info
        return info["work"] / info["array"] + array

    return measure


def goals() -> list[Goal]:
    return [
        *mnist_goals(),
        *published_goals(),
        Goal(
            "ARML fit, MNIST", lambda r: r["test_fit_mnist"].seconds / 60.0, 30.0, 5.0, unit=" min"
        ),
        *thread_goals(),
        *scaling_goals(),
    ]


def mnist_goals() -> list[Goal]:
    """Against what others need to predict, and one job of ours against another."""

    def ratio(what: str, test: str, other: str, least: float, aim: float) -> Goal:
        return Goal(what, lambda r: r[test].against(other), least, aim)

    certify, exact, predict = "test_certify_mnist", "test_exact_mnist", "test_predict_mnist"
    brute_force = "K = 11 radii, MNIST ÷ scikit-learn's brute-force predict, float32"
    return [
        ratio(brute_force, certify, "sklearn_float32", 1.0, 0.33),
        ratio("the same ÷ scikit-learn's predict, float64", certify, "sklearn_float64", 1.0, 0.33),
        ratio("the same ÷ faiss flat search", certify, "faiss", 4.5, 1.5),
        ratio("predict K = 11, MNIST ÷ faiss flat search", predict, "faiss", 1.5, 1.0),
        ratio("exact 1-NN, MNIST, per query ÷ K = 11 bound per query", exact, "bound", 10.0, 3.0),
    ]


def published_goals() -> list[Goal]:
    """Against the seconds that the published code takes, where they are known."""
    table = []
    for kind, what, test, least, aim in (
        ("bound", "K = 11 bound", "test_certify", 2000.0, 10000.0),
        ("exact", "exact 1-NN", "test_exact", 200.0, 1000.0),
        ("fit", "ARML fit", "test_fit", 50.0, 200.0),
    ):
        for name in SETS:
            if (kind, name) in protocol.PUBLISHED_SECONDS:
                measure = times_faster(kind, name, f"{test}[{name}]")
                line = f"{what}, {name}: times faster than the published code"
                table.append(Goal(line, measure, least, aim, True, " ×"))
    return table


def thread_goals() -> list[Goal]:
    """One thread against two."""
    tests = [
        *(f"test_{job}_mnist_two_threads" for job in ("predict", "certify", "exact")),
        *(f"test_{job}[{name}]" for job in ("certify", "exact") for name in ("pendigits", "usps")),
        *(f"test_fit[{name}]" for name in SETS),
    ]

    def what(test: str) -> str:
        return test.removeprefix("test_").removesuffix("_two_threads").replace("_", " ")

    return [
        Goal(f"two threads, {what(test)}", two_threads(test), 1.8, 1.95, True, " ×")
        for test in tests
    ]


def scaling_goals() -> list[Goal]:
    """Time for twice the points, memory, and what an import costs."""
    read_only = "peak memory, MNIST in a read-only float32 array, that array included ÷ it"
    writable = "peak memory, MNIST in a writable array (copied), beyond that array ÷ it"
    return [
        Goal("K = 11 radii, MNIST, when the training set doubles", doubling, 2.1, unit=" ×"),
        Goal(read_only, memory("read_only", 1), 2.0, 1.3),
        Goal(writable, memory("writable", 0), 2.0, 1.3),
        Goal("importing the package's estimators ÷ scikit-learn's neighbors", import_ratio, 1.2),
    ]


def goal_table(results: Results) -> tuple[str, int]:
    """The table, and how many goals are missed."""
    rows = [goal.row(results) for goal in goals()]
    head = ["| what | measured | at least | aim | |", "|---|---|---|---|---|"]
    return "\n".join(head + [line for line, _ in rows]), sum(missed for _, missed in rows)


def time_table(results: Results) -> str:
    """Seconds of every benchmark and of its rivals, with how many times longer the rival takes."""
    lines = ["| benchmark | seconds | rivals, seconds (÷ ours) |", "|---|---|---|"]
    for name, result in sorted(results.items()):
        rivals = ", ".join(
            f"{rival} {seconds:.3g} ({seconds / result.seconds:.2f})"
            for rival, seconds in result.rivals.items()
        )
        queries = f" / {result.info['queries']} queries" if "queries" in result.info else ""
        lines.append(f"| {name.removeprefix('test_')} | {result.seconds:.3g}{queries} | {rivals} |")
    return "\n".join(lines)


def machine_text(machine: dict[str, Any], date: str) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items())
    cpu = machine["cpu"]
    text = (
        f"Measured on {date}: {cpu['brand_raw']} (family {cpu.get('family')}, model {cpu.get('model')}), "
        f"{machine['cores']} cores, {machine['memory_gb']} GB; kernels for {machine['instruction_set']}; "
        f"Python {machine['python_version']}, {versions}; BLAS: {', '.join(machine['blas'])}."
    )
    return textwrap.fill(text, 120, break_long_words=False, break_on_hyphens=False)


def scaling(results: Results) -> list[figure_data.Row]:
    """Milliseconds per query for each size of the training set."""
    result = results["test_certify_mnist_growing"]
    seconds = (result.rivals["quarter"], result.rivals["half"], result.seconds)
    return [
        {"training_points": n, "milliseconds_per_query": f"{1e3 * s / result.info['queries']:.4g}"}
        for n, s in zip(result.info["sizes"], seconds, strict=True)
    ]


def part(page: str, name: str) -> re.Match[str]:
    """The part between the comments of this name, as the group "text"."""
    begin, end = f"<!-- begin {name} -->\n", f"<!-- end {name} -->"
    found = re.search(f"{begin}(?P<text>.*?){end}", page, re.DOTALL)
    if not found:
        raise ValueError(f"docs/performance.md has no part named {name}")
    return found


def fill(page: str, name: str, text: str) -> str:
    """The page with the part between the comments of this name replaced."""
    old = part(page, name)
    return f"{page[: old.start('text')]}{text}\n{page[old.end('text') :]}"


def rows(table: str) -> set[str]:
    """Names of the rows of a table, its head among them."""
    return set(re.findall(r"^\| (\S+) \|", table, re.MULTILINE))


def main() -> int:
    if len(sys.argv) != 2:
        print(__doc__)
        return 2
    results, machine, date = read(sys.argv[1])
    table, missed = goal_table(results)
    page, times = PAGE.read_text(), time_table(results)
    lost = rows(part(page, "times")["text"]) - rows(times)
    if lost:
        print(
            f"{table}\n\n{times}\n\n{PAGE} stays as it is: the run lacks {', '.join(sorted(lost))}"
        )
        return 2
    page = fill(page, "machine", machine_text(machine, date))
    page = fill(page, "goals", table)
    page = fill(page, "times", times)
    figure_data.write(SCALING, scaling(results))
    PAGE.write_text(page)
    print(table)
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main())
