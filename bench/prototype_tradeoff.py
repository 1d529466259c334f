"""The trade-off of learned prototypes: clean error against certified error, by number and target radius.

Usage: python bench/prototype_tradeoff.py [--arml] [--csv FILE] [splice pendigits usps ...]

For each data set, number of prototypes of a class and target radius: certified robust errors of the
first test points (exact radii), processor seconds of fitting and certifying.

--arml      also fit ARML and measure 1-NN with it on all points
--csv FILE  where rows are written to, for docs/make_figures.py; other rows stay in it
--test N    test points, default 1000
--steps N   gradient steps of each fit, default 500
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import figure_data
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


def measured(clf: Any, name: str, data: Any, **what: Any) -> figure_data.Row:
    """Return the row of a rule, after what it is."""
    errors, fit, certify = measure(clf, data, protocol.RADII[name])
    row = {
        "data": name,
        **what,
        "clean": f"{errors[0]:.3f}",
        "mean": f"{errors.mean():.4f}",
        "errors": protocol.row(errors),
        "fit": f"{fit:.1f}",
        "certify": f"{certify:.2f}",
    }
    print(" ".join(str(value) for value in row.values()), flush=True)
    return row


def sweep(name: str, data: Any, steps: int) -> list[figure_data.Row]:
    numbers, targets, others = SWEEPS[name]
    settings = {"max_iter": steps, **made(others)}
    rows = []
    for n in numbers:
        for target in targets:
            clf = rm.CertifiedPrototypeClassifier(n, target_radius=target, **settings)
            what = {"rule": "prototypes", "n_prototypes": n, "target": target}
            rows.append(measured(clf, name, data, **what))
    return rows


def arml(name: str, data: Any) -> figure_data.Row:
    clf = rm.CertifiedKNeighborsClassifier(1, rm.ARML())
    return measured(clf, name, data, rule="1-NN, ARML", n_prototypes="", target="")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", default=["splice"])
    parser.add_argument("--arml", action="store_true")
    parser.add_argument("--csv", type=Path)
    parser.add_argument("--test", type=int, default=1000)
    parser.add_argument("--steps", type=int, default=500)
    args = parser.parse_args()
    for name in args.names:
        data = protocol.load(name, args.test)
        found = sweep(name, data, args.steps)
        if args.arml:
            found.append(arml(name, data))
        if args.csv:
            figure_data.replace(args.csv, found, alike=("data", "rule"))


if __name__ == "__main__":
    main()
