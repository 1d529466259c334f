"""What exact 1-NN searches cost on tables, beside a certificate for K = 11.

Usage: python bench/exact_on_tables.py [--queries N] [--products] [NAME ...]

Data sets as in tables.py, and mnist. Everything runs on one thread; the microseconds of CPU time a query
are the least of several rounds. ``--products`` adds searches among all training points.
"""

from __future__ import annotations

import argparse

import numpy as np
import tables

import robust_metric as rm

NAMES = ("pendigits", "splice", "usps", "1e5x8", "1e5x16", "1e5x32", "mnist")


def classifier(
    X: np.ndarray, y: np.ndarray, k: int, kind: str = ""
) -> rm.CertifiedKNeighborsClassifier:
    with tables.searched_by(kind):
        clf = rm.CertifiedKNeighborsClassifier(k, n_jobs=1).fit(X, y)
        clf.minimal_perturbation(X[:1], time_limit=1.0)  # prepares the training set
    return clf


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", default=NAMES, metavar="NAME")
    parser.add_argument("--queries", type=int, default=100)
    parser.add_argument("--products", action="store_true")
    options = parser.parse_args()
    for name in options.names:
        X, y, Z = tables.load(name, options.queries)
        bound, exact = classifier(X, y, tables.K), classifier(X, y, 1)
        of_bound = tables.microseconds(bound.certify, Z)
        of_exact = tables.microseconds(exact.minimal_perturbation, Z)
        line = f"{name:10s} bound, K = {tables.K}: {of_bound:6.0f} us   exact 1-NN: {of_exact:6.0f} us, "
        line += f"{of_exact / of_bound:.2f} times as much"
        if options.products:
            of_all = tables.microseconds(classifier(X, y, 1, "none").minimal_perturbation, Z)
            line += f"   among all points: {of_all:6.0f} us"
        print(line, flush=True)


if __name__ == "__main__":
    main()
