"""Radii for even K and several classes beside those of the published formula, which is wrong for even K.

Usage: python bench/even_k.py [--points 200] [digits pendigits usps]

For each K three radii of the first correctly classified test points (Euclidean metric):

  published    the formula of the published code: both order statistics at (K + 1) // 2
  general      at ceil(K / 2) over x- and K - ceil(K / 2) + 1 over x+: right for every K, blind to plurality
  here         ``certify``: with the votes that each rival needs

Printed are the mean and the median, the certified robust error at the usual radii, and the share of nonzero
radii that the region attack breaks, by an example strictly cheaper than the radius. Exit status 1 where that
happens to a radius of ``certify`` or of the general bound.
"""

from __future__ import annotations

import argparse
import sys

import numpy as np
import protocol
from textbook import textbook_radii

import robust_metric as rm
from robust_metric.attacks import RegionAttack
from robust_metric.results import certified_robust_error

NEIGHBORS = (2, 3, 4, 6, 11)
DIGITS_RADII = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)


def main() -> int:
    """Print the tables in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("names", nargs="*", default=["digits", "pendigits", "usps"])
    parser.add_argument("--points", type=int, default=200)
    args = parser.parse_args()
    failed = False
    for name in args.names:
        X_train, y_train, X, y = protocol.load(name)
        data = (X_train, y_train, X[: args.points], y[: args.points])
        radii = DIGITS_RADII if name == "digits" else protocol.RADII[name]
        heads = "".join(f" {r:g} |" for r in radii)
        print(f"{name}, {len(data[2])} test points\n")
        print(f"| K | radius | mean | median |{heads} broken |")
        print("|---" * (len(radii) + 5) + "|")
        general = [((k + 1) // 2, k - (k + 1) // 2 + 1) for k in NEIGHBORS]
        published = [((k + 1) // 2, (k + 1) // 2) for k in NEIGHBORS]
        plain = textbook_radii(data, [*published, *general])
        for i, k in enumerate(NEIGHBORS):
            failed |= rows(k, data, plain[i], plain[len(NEIGHBORS) + i], radii)
        print()
    return int(failed)


def rows(
    k: int,
    data: tuple[np.ndarray, ...],
    published: np.ndarray,
    general: np.ndarray,
    radii: tuple[float, ...],
) -> bool:
    """Print the rows of one K; return whether a radius that should hold was broken."""
    X_train, y_train, X, y = data
    clf = rm.CertifiedKNeighborsClassifier(k).fit(X_train, y_train)
    right = clf.predict(X) == y
    costs = RegionAttack()(clf, X, y).costs
    failed = False
    for name, radius in (
        ("published", np.where(right, published, 0.0)),
        ("general", np.where(right, general, 0.0)),
        ("here", clf.certify(X, y).radius),
    ):
        # plain floating point may be off by a few units in the last place
        broken = costs[radius > 0] < radius[radius > 0] * (1.0 - 1e-9)
        errors = " | ".join(f"{error:.3f}" for error in certified_robust_error(radius, radii))
        print(
            f"| {k} | {name} | {radius.mean():.4f} | {np.median(radius):.4f} | {errors} "
            f"| {broken.sum()} of {len(broken)}, {broken.mean():.1%} |"
        )
        failed |= name != "published" and bool(broken.any())
    return failed


if __name__ == "__main__":
    sys.exit(main())
