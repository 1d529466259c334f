"""The trade-off of learned prototypes: clean error against certified error, by number and target radius.

Usage: python bench/prototype_tradeoff.py [--csv FILE.csv] [--plot FILE.svg] [splice pendigits usps ...]

For each data set, number of prototypes of a class and target radius: certified robust errors of the
first test points (exact radii), processor seconds of fitting and certifying. Rows of sets not named
are kept from the CSV file; with --plot and no names the curves are drawn from it alone.

--test N    test points, default 1000
--steps N   gradient steps of each fit, default 500
"""

from __future__ import annotations

import argparse
import csv
from pathlib import Path
from typing import Any

import protocol
from prototype_errors import made, measure

import robust_metric as rm

# Numbers of prototypes of a class, target radii, and what else is set, as in prototype_errors.py.
SWEEPS: dict[str, tuple[tuple[int, ...], tuple[float, ...], dict[str, Any]]] = {
    "splice": ((2, 3, 6), (0.2, 0.4, 0.6, 0.8), {"augment": "swap:0.3", "max_iter": 300}),
    "pendigits": ((20, 80), (0.15, 0.2, 0.25, 0.35, 0.5), {"augment": "noise:0.05"}),
    "usps": ((5, 20), (1.0, 1.5, 2.0, 2.5, 3.0), {"augment": "noise:0.3"}),
    "mnist": ((20, 100), (1.0, 1.5, 2.0, 3.0), {"augment": "warp:10", "n_directions": 100}),
    "fashion-mnist": (
        (20, 100),
        (0.5, 1.0, 2.0, 3.0),
        {"augment": "noise:0.1", "n_directions": 100},
    ),
}
# 1-NN with ARML on all points (docs/prototypes.md): clean error and mean over the radii.
ARML = {
    "splice": (0.096, 0.401),
    "pendigits": (0.028, 0.476),
    "usps": (0.047, 0.495),
    "mnist": (0.023, 0.416),
    "fashion-mnist": (0.132, 0.605),
}
FIELDS = ("data", "n_prototypes", "target", "clean", "mean", "errors", "fit", "certify")


def sweep(name: str, test: int, steps: int) -> list[dict[str, Any]]:
    data = protocol.load(name, test)
    numbers, targets, others = SWEEPS[name]
    rows = []
    for n in numbers:
        for target in targets:
            settings = {"max_iter": steps, **made(others)}
            clf = rm.CertifiedPrototypeClassifier(n, target_radius=target, **settings)
            errors, fit, certify = measure(clf, data, protocol.RADII[name])
            values = (name, n, target, f"{errors[0]:.3f}", f"{errors.mean():.4f}")
            times = (protocol.row(errors), f"{fit:.1f}", f"{certify:.2f}")
            rows.append(dict(zip(FIELDS, values + times, strict=True)))
            print(" ".join(str(value) for value in rows[-1].values()), flush=True)
    return rows


def read(path: Path) -> list[dict[str, Any]]:
    if not path.exists():
        return []
    with path.open(newline="") as stream:
        return list(csv.DictReader(stream))


def write(path: Path, rows: list[dict[str, Any]]) -> None:
    with path.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, FIELDS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def plot(rows: list[dict[str, Any]], path: str) -> None:
    import matplotlib

    matplotlib.use("Agg")
    matplotlib.rcParams["svg.hashsalt"] = "robust_metric"
    import matplotlib.pyplot as plt

    names = sorted({row["data"] for row in rows}, key=list(SWEEPS).index)
    height = -(-len(names) // 3)  # rows of three panels
    figure = plt.figure(figsize=(10.2, 3.6 * height))
    for place, name in enumerate(names, start=1):
        axis = figure.add_subplot(height, 3, place, xlabel="clean error", title=name)
        if place % 3 == 1:
            axis.set_ylabel("mean certified error")
        of_set = [row for row in rows if row["data"] == name]
        for n in sorted({int(row["n_prototypes"]) for row in of_set}):
            curve = [row for row in of_set if int(row["n_prototypes"]) == n]
            points = [(float(row["clean"]), float(row["mean"])) for row in curve]
            axis.plot(*zip(*points, strict=True), "o-", label=f"{n} a class")
            for row, point in zip(curve, points, strict=True):
                axis.annotate(
                    row["target"], point, fontsize=6, xytext=(3, 3), textcoords="offset points"
                )
        if name in ARML:
            axis.plot(*ARML[name], "k*", markersize=10, label="1-NN, ARML, all points")
        axis.legend(fontsize=7, ncols=2, loc="upper left", bbox_to_anchor=(0.0, -0.18))
        axis.grid(alpha=0.3)
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*")
    parser.add_argument("--csv", type=Path)
    parser.add_argument("--plot")
    parser.add_argument("--test", type=int, default=1000)
    parser.add_argument("--steps", type=int, default=500)
    args = parser.parse_args()
    for name in args.names:
        new = sweep(name, args.test, args.steps)
        if args.csv:
            # read again: another run may have added its sets in the meantime
            kept = [row for row in read(args.csv) if row["data"] != name]
            write(args.csv, kept + new)
    if args.plot and args.csv:
        plot(read(args.csv), args.plot)


if __name__ == "__main__":
    main()
