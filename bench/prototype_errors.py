"""Certified robust errors of learned prototypes beside 1-NN under ARML's metric on all points.

Usage: python bench/prototype_errors.py [--validate] [--set NAME=VALUE ...] [splice pendigits usps mnist ...]

--validate  measure on a third of the training set that fitting does not see (at most 1000 points),
            averaged over --splits such splits: what the settings were chosen by
--splits N  1 to 3, default 3
--set       a parameter of CertifiedPrototypeClassifier, for example --set n_prototypes=10; some
            values are made here: --set augment=noise:0.3 (normal, of that standard deviation),
            --set augment=swap:0.2 (each feature, with this probability, becomes that of another
            point of the batch), --set augment=warp:10 (images, turned by up to so many degrees,
            scaled by up to half and sheared by up to as many per cent)
--test N    test points, default 1000; 0 for all
--arml      also fit ARML and measure 1-NN with it
--keep F    read fitted models from this folder, or write them there, so that nothing is fitted twice

Radii are exact (the lower ends of minimal_perturbation). Times are processor seconds, of all
threads together.
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
            "target_radius": 2.5,
            "transformations": "image-warps",
            "n_directions": 100,
            "max_iter": 2500,
        },
        {
            "n_prototypes": 600,
            "target_radius": 3.0,
            "augment": "warp:10",
            "n_directions": 100,
            "max_iter": 2000,
        },
    ],
    "fashion-mnist": [
        {
            "n_prototypes": 100,
            "target_radius": 1.5,
            "augment": "noise:0.1",
            "n_directions": 100,
        },
        {
            "n_prototypes": 100,
            "target_radius": 3.0,
            "augment": "noise:0.2",
            "n_directions": 100,
        },
    ],
}


def warp(size: float) -> Callable[[np.ndarray, np.random.RandomState], np.ndarray]:
    """Each image turned by up to `size` degrees, scaled by up to size / 2 %, sheared by up to size %."""

    def warped(X: np.ndarray, random_state: np.random.RandomState) -> np.ndarray:
        side = math.isqrt(X.shape[1])
        draws = size * random_state.uniform(-1.0, 1.0, (3, len(X), 1))
        angle, scale, shear = draws * np.array([math.pi / 180, 0.005, 0.01])[:, None, None]
        down, right = (np.indices((side, side)) - (side - 1) / 2).reshape(2, 1, -1)
        cosine, sine = (1.0 + scale) * np.cos(angle), (1.0 + scale) * np.sin(angle)
        return sampled(X, cosine * right + (shear - sine) * down, sine * right + cosine * down)

    return warped


def sampled(X: np.ndarray, right: np.ndarray, down: np.ndarray) -> np.ndarray:
    """Bilinear values (m, pixels) of square images at places (m, pixels) relative to their centres."""
    side = math.isqrt(X.shape[1])
    framed = np.pad(X.reshape(-1, side, side), ((0, 0), (1, 1), (1, 1))).reshape(len(X), -1)
    x, y = (np.clip(at + (side + 1) / 2, 0.0, side + 0.999) for at in (right, down))
    left, top = x.astype(np.intp), y.astype(np.intp)
    x, y, corner = x - left, y - top, top * (side + 2) + left

    def pixel(offset: int) -> np.ndarray:
        return np.take_along_axis(framed, corner + offset, axis=1)

    upper = pixel(0) * (1.0 - x) + pixel(1) * x
    lower = pixel(side + 2) * (1.0 - x) + pixel(side + 3) * x
    return upper * (1.0 - y) + lower * y


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
        made["augment"] = {"noise": noise, "swap": swap, "warp": warp}[name](float(size))
    return made


def kept(
    path: Path | None,
    make: Callable[[], Any],
    read: Callable[[Path], Any],
    write: Callable[[Any, Path], Any],
) -> tuple[Any, float]:
    """What make() returns and the processor seconds it took; from the file, where both were kept before."""
    if path is None:
        return timed(make)
    note = path.with_name(path.name + ".seconds")
    if note.exists():
        return read(path), float(note.read_text())
    made, seconds = timed(make)
    path.parent.mkdir(parents=True, exist_ok=True)
    write(made, path)
    note.write_text(f"{seconds:.1f}\n")
    return made, seconds


def timed(call: Callable[[], Any]) -> tuple[Any, float]:
    """What call() returns, and the processor seconds it took, of all threads together."""
    start = time.process_time()
    result = call()
    return result, time.process_time() - start


def measure(
    clf: Any, data: tuple[np.ndarray, ...], radii: tuple[float, ...], path: Path | None = None
) -> tuple[np.ndarray, float, float]:
    """Errors at the radii, processor seconds of the fit and of certifying."""
    X_train, y_train, X, y = data
    model, seconds = kept(path, lambda: clf.fit(X_train, y_train), rm.load_model, rm.save_model)
    found, certifying = timed(lambda: model.minimal_perturbation(X, y))
    return found.robust_error(radii), seconds, certifying


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
