"""Certified robust errors of learned prototypes beside 1-NN under ARML's metric on all points.

Usage: python bench/prototype_errors.py [--validate] [--set NAME=VALUE ...] [splice pendigits usps mnist ...]

--validate  measure on a third of the training set that fitting does not see (at most 1000 points),
            averaged over --splits such splits: what the settings were chosen by
--splits N  1 to 3, default 3
--set       a parameter of CertifiedPrototypeClassifier, for example --set n_prototypes=10; some
            values are made here: --set augment=shift (images, by at most a pixel each way),
            --set augment=noise:0.3 (normal, of that standard deviation), --set augment=swap:0.2
            (each feature, with this probability, becomes that of another point of the batch);
            --set metric=pca:100 (the first principal directions: cheaper by the share of them)
--test N    test points, default 1000; 0 for all
--arml      also fit ARML and measure 1-NN with it
--keep F    read fitted models from this folder, or write them there, so that nothing is fitted twice

Radii are exact (the lower ends of minimal_perturbation).
"""

from __future__ import annotations

import argparse
import ast
import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import protocol
from arml_errors import validation_splits
from sklearn.decomposition import PCA

import robust_metric as rm

# Chosen by --validate, see docs/prototypes.md: two points of the trade-off between clean and certified error.
SETTINGS: dict[str, list[dict[str, Any]]] = {
    "splice": [
        {"n_prototypes": 3, "target_radius": 0.5, "max_iter": 300, "augment": "swap:0.3"},
        {"n_prototypes": 3, "target_radius": 0.7, "augment": "swap:0.4"},
    ],
    "pendigits": [
        {
            "n_prototypes": 20,
            "target_radius": 0.25,
            "augment": "noise:0.05",
            "max_iter": 500,
        },
        {"n_prototypes": 80, "target_radius": 0.4, "augment": "noise:0.1"},
    ],
    "usps": [
        {"n_prototypes": 20, "target_radius": 2.0, "augment": "noise:0.2"},
        {"n_prototypes": 20, "augment": "noise:0.4"},
    ],
    "mnist": [
        {
            "n_prototypes": 200,
            "target_radius": 2.3,
            "augment": "noise:0.3",
            "metric": "pca:100",
        },
        {
            "n_prototypes": 200,
            "target_radius": 3.0,
            "augment": "noise:0.3",
            "metric": "pca:100",
        },
    ],
    "fashion-mnist": [
        {
            "n_prototypes": 60,
            "target_radius": 1.5,
            "augment": "noise:0.2",
            "metric": "pca:100",
        },
        {
            "n_prototypes": 60,
            "target_radius": 2.0,
            "augment": "noise:0.2",
            "metric": "pca:100",
        },
    ],
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


def swap(share: float) -> Callable[[np.ndarray, np.random.RandomState], np.ndarray]:
    """Some features of each point become those of others: no feature alone is to be relied on."""

    def swapped(X: np.ndarray, random_state: np.random.RandomState) -> np.ndarray:
        others = random_state.randint(len(X), size=X.shape)
        chosen = random_state.random_sample(X.shape) < share
        return np.where(chosen, np.take_along_axis(X, others, axis=0), X)

    return swapped


def made(settings: dict[str, Any]) -> dict[str, Any]:
    """Settings with what names in them stand for."""
    made = dict(settings)
    if "augment" in settings:
        name, _, size = str(settings["augment"]).partition(":")
        kinds = {"noise": noise, "swap": swap}
        made["augment"] = shift if name == "shift" else kinds[name](float(size))
    if "metric" in settings:
        name, _, size = str(settings["metric"]).partition(":")
        made["metric"] = PCA(int(size), random_state=0) if name == "pca" else name
    return made


def fitted(clf: Any, X: np.ndarray, y: np.ndarray, path: Path | None) -> tuple[Any, float]:
    """A model that was kept, or one fitted now and kept; seconds of the fit, nan where it was kept."""
    if path is not None and path.exists():
        return rm.load_model(path), math.nan
    start = time.perf_counter()
    clf.fit(X, y)
    seconds = time.perf_counter() - start
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        rm.save_model(clf, path)
    return clf, seconds


def measure(
    clf: Any, data: tuple[np.ndarray, ...], radii: tuple[float, ...], path: Path | None = None
) -> tuple[np.ndarray, float, float]:
    """Errors at the radii, seconds of the fit, seconds of certifying."""
    X_train, y_train, X, y = data
    model, seconds = fitted(clf, X_train, y_train, path)
    start = time.perf_counter()
    found = model.minimal_perturbation(X, y)
    return found.robust_error(radii), seconds, time.perf_counter() - start


def file_name(name: str, settings: dict[str, Any]) -> str:
    """Name of the model file of these settings, as they are written in SETTINGS."""
    return "-".join([name, *(f"{key}={value}" for key, value in sorted(settings.items()))]) + ".npz"


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
    parser.add_argument("--keep", type=Path)
    args = parser.parse_args()
    if args.keep and args.validate:
        parser.error("--keep is for whole training sets, not for --validate")
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
            path = args.keep and args.keep / f"{name}-arml.npz"
            report("1-NN, ARML", [measure(arml, run, radii, path) for run in runs])
        given = {key: value(text) for key, text in (pair.split("=", 1) for pair in args.set)}
        for settings in [given] if given else SETTINGS[name]:
            clf = rm.CertifiedPrototypeClassifier(**made(settings))
            path = args.keep and args.keep / file_name(name, settings)
            report(f"prototypes {settings}", [measure(clf, run, radii, path) for run in runs])


def value(text: str) -> Any:
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text


if __name__ == "__main__":
    main()
