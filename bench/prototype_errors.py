"""Certified robust errors of learned prototypes beside 1-NN under ARML's metric on all points.

Usage: python bench/prototype_errors.py [--validate] [--set NAME=VALUE ...] [splice pendigits usps mnist ...]

--validate  measure on a third of the training set that fitting does not see (at most 1000 points),
            averaged over --splits such splits: what the settings were chosen by
--splits N  1 to 3, default 3
--set       a parameter of CertifiedPrototypeClassifier, for example --set n_prototypes=10; two of
            the values are made here: --set augment=shift (images, by at most a pixel each way)
            and --set augment=noise:0.3 (normal, of that standard deviation)
--test N    test points, default 1000; 0 for all
--arml      also fit ARML and measure 1-NN with it

Radii are exact (the lower ends of minimal_perturbation).
"""

from __future__ import annotations

import argparse
import ast
import math
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import protocol
from arml_errors import validation_splits

import robust_metric as rm

# Chosen by --validate, see docs/prototypes.md: two points of the trade-off between clean and certified error.
SETTINGS: dict[str, list[dict[str, Any]]] = {
    "splice": [
        {"n_prototypes": 3, "target_radius": 0.7, "max_iter": 300, "augment": "noise:0.3"},
        {
            "n_prototypes": 3,
            "target_radius": 0.6,
            "max_iter": 300,
            "augment": "noise:0.3",
            "loss": "ramp",
        },
    ],
    "pendigits": [{"n_prototypes": 40, "target_radius": 0.3}, {}],
    "usps": [{"target_radius": 2.0, "augment": "noise:0.2"}, {"augment": "noise:0.4"}],
    "mnist": [
        {"n_prototypes": 60, "target_radius": 2.0},
        {"n_prototypes": 150, "target_radius": 2.3},
    ],
    "fashion-mnist": [{"n_prototypes": 60, "target_radius": 1.0}, {"n_prototypes": 60}],
}


def shift(X: np.ndarray, random_state: np.random.RandomState) -> np.ndarray:
    """Each image moved by at most one pixel in each direction."""
    side = math.isqrt(X.shape[1])
    images = np.pad(X.reshape(-1, side, side), ((0, 0), (1, 1), (1, 1)))
    moves = random_state.randint(3, size=(len(X), 2))
    moved = [image[a : a + side, b : b + side] for image, (a, b) in zip(images, moves, strict=True)]
    return np.array(moved).reshape(X.shape)


def noise(size: float) -> Callable[[np.ndarray, np.random.RandomState], np.ndarray]:
    return lambda X, random_state: X + size * random_state.normal(size=X.shape)


def made(settings: dict[str, Any]) -> dict[str, Any]:
    """Settings with the transformation that a name in them stands for."""
    name = settings.get("augment")
    if name is None:
        return settings
    transformation = shift if name == "shift" else noise(float(str(name).removeprefix("noise:")))
    return {**settings, "augment": transformation}


def measure(
    clf: Any, data: tuple[np.ndarray, ...], radii: tuple[float, ...]
) -> tuple[np.ndarray, float, float]:
    """Errors at the radii, seconds of the fit, seconds of certifying."""
    X_train, y_train, X, y = data
    start = time.perf_counter()
    clf.fit(X_train, y_train)
    fitted = time.perf_counter()
    found = clf.minimal_perturbation(X, y)
    return found.robust_error(radii), fitted - start, time.perf_counter() - fitted


def report(title: str, results: list[tuple[np.ndarray, float, float]]) -> None:
    errors, fit, certify = (np.mean(column, axis=0) for column in zip(*results, strict=True))
    print(
        f"  {title}\n    {protocol.row(errors)}  mean {errors[:6].mean():.4f}  "
        f"fit {fit:.1f} s, certify {certify:.2f} s",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", default=["splice"])
    parser.add_argument("--validate", action="store_true")
    parser.add_argument("--splits", type=int, default=3)
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE")
    parser.add_argument("--test", type=int, default=1000)
    parser.add_argument("--arml", action="store_true")
    args = parser.parse_args()
    for name in args.names:
        data = protocol.load(name, args.test or None)
        runs = validation_splits(*data[:2])[: args.splits] if args.validate else [data]
        radii = protocol.RADII[name]
        if name == "mnist":
            radii = (*radii, 1.58)  # usual for certified networks; not in the mean
        print(
            f"{name}: {len(runs[0][0])} x {data[0].shape[1]}, {len(runs[0][2])} test, radii {radii}"
        )
        if args.arml:
            arml = rm.CertifiedKNeighborsClassifier(1, rm.ARML())
            report("1-NN, ARML", [measure(arml, run, radii) for run in runs])
        given = {key: value(text) for key, text in (pair.split("=", 1) for pair in args.set)}
        for settings in [given] if given else SETTINGS[name]:
            clf = rm.CertifiedPrototypeClassifier(**made(settings))
            report(f"prototypes {settings}", [measure(clf, run, radii) for run in runs])


def value(text: str) -> Any:
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text


if __name__ == "__main__":
    main()
