"""Certified robust error at equal l2 radii: K-NN with ARML, learned prototypes, two kinds of network.

Usage: python bench/network_comparison.py [--keep FOLDER] [--csv FILE] [mnist fashion-mnist]

--keep FOLDER   where fitted models are read from and written to, so that nothing is fitted twice
--csv FILE      where the curves are written to, for docs/make_figures.py; other sets stay in it
--test N        test points, the first of the shuffled order, default 500
--samples N     noisy copies for each smoothed prediction, default 10000
--alpha A       chance that one smoothed certificate is wrong, default 0.001
--epochs N      of the networks, default 8
--points N      training points that all methods get, default all

Times are processor seconds, of all threads together. Needs the extra "networks" (torch). What
the guarantees mean: docs/network_comparison.md.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

import figure_data
import lipschitz_network
import numpy as np
import protocol
import smoothed_network
import torch
from prototype_errors import SETTINGS, file_name, kept, made, timed

import robust_metric as rm

# Standard deviations of the noise of smoothed networks; target radii of Lipschitz networks.
SIGMAS = (0.5, 1.0)
TARGETS = {"mnist": 2.3, "fashion-mnist": 1.5}
RADII = (0.0, 0.5, 1.0, 1.5, 1.58, 2.0, 2.5)
CURVE = np.round(np.arange(151) * 0.02, 2)  # radii of the figure
PROVED, REAL = "deterministic, rounding counted", "deterministic, rounding not counted"

Data = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]
Row = tuple[
    str, str, np.ndarray, float, float
]  # name, guarantee, radii, seconds to fit and certify


def classifier_row(title: str, path: Path | None, clf: Any, data: Data) -> Row:
    X_train, y_train, X, y = data
    model, seconds = kept(path, lambda: clf.fit(X_train, y_train), rm.load_model, rm.save_model)
    found, certifying = timed(lambda: model.minimal_perturbation(X, y))
    return title, PROVED, found.lower, seconds, certifying


def network_row(
    title: str,
    guarantee: str,
    path: Path | None,
    train: Callable[[], Any],
    certify: Callable[[Any], np.ndarray],
) -> Row:
    network, seconds = kept(
        path, train, lambda file: torch.load(file, weights_only=False), torch.save
    )
    radii, certifying = timed(lambda: certify(network))
    return title, guarantee, radii, seconds, certifying


def smoothed_row(path: Path | None, sigma: float, data: Data, args: argparse.Namespace) -> Row:
    X_train, y_train, X, y = data
    return network_row(
        f"smoothed network, sigma {sigma}",
        f"with probability {1 - args.alpha:g} each, rounding not counted",
        path,
        lambda: smoothed_network.train(X_train, y_train, sigma, args.epochs),
        lambda network: smoothed_network.certified_radii(
            network, X, y, sigma, args.samples, args.alpha
        ),
    )


def rows(name: str, data: Data, args: argparse.Namespace) -> list[Row]:
    X_train, y_train, X, y = data

    def path(file: str) -> Path | None:
        return args.keep and args.keep / file

    arml = rm.CertifiedKNeighborsClassifier(1, rm.ARML())
    found = [classifier_row("1-NN, ARML", path(f"{name}-arml.npz"), arml, data)]
    for settings in SETTINGS[name]:
        clf = rm.CertifiedPrototypeClassifier(**made(settings))
        title = (
            f"prototypes, {settings['n_prototypes']} a class, target {settings['target_radius']}"
        )
        if "transformations" in settings:
            title += f", {settings['transformations']}"
        found.append(classifier_row(title, path(file_name(name, settings)), clf, data))
    for sigma in SIGMAS:
        found.append(smoothed_row(path(f"{name}-smoothed{sigma}.pt"), sigma, data, args))
    found.append(
        network_row(
            "Lipschitz network",
            REAL,
            path(f"{name}-lipschitz.pt"),
            lambda: lipschitz_network.train(X_train, y_train, TARGETS[name], args.epochs),
            lambda net: lipschitz_network.certified_radii(net, X, y),
        )
    )
    return found


def show(found: list[Row]) -> None:
    print(f"| rule | guarantee | {' | '.join(f'{r:g}' for r in RADII)} | fit, s | certify, s |")
    print("|---" * (len(RADII) + 4) + "|")
    for title, guarantee, radii, fit, certify in found:
        errors = " | ".join(f"{np.mean(radii <= r):.3f}" for r in RADII)
        print(f"| {title} | {guarantee} | {errors} | {fit:.0f} | {certify:.1f} |", flush=True)


def curves(name: str, found: list[Row]) -> list[figure_data.Row]:
    return [
        {"data": name, "rule": title, "guarantee": guarantee}
        | {f"{r:g}": f"{np.mean(radii <= r):.3f}" for r in CURVE}
        for title, guarantee, radii, _, _ in found
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", default=["mnist"])
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--csv", type=Path)
    parser.add_argument("--test", type=int, default=500)
    parser.add_argument("--samples", type=int, default=10000)
    parser.add_argument("--alpha", type=float, default=0.001)
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--points", type=int)
    args = parser.parse_args()
    for name in args.names:
        X_train, y_train, X, y = protocol.load(name, args.test)
        data = X_train[: args.points], y_train[: args.points], X, y
        print(f"\n{name}: {len(data[0])} training points, {len(X)} test points")
        print(f"{args.samples} samples, alpha {args.alpha:g}, {args.epochs} epochs\n", flush=True)
        found = rows(name, data, args)
        show(found)
        if args.csv:
            figure_data.replace(args.csv, curves(name, found), alike=("data",))


if __name__ == "__main__":
    main()
