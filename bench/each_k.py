"""Certificates for K = 1, ..., 15 in one pass, beside K = 15 alone and one K after the other.

Usage: python bench/each_k.py [NAME ...]     names as of tables.py

Microseconds of CPU time a query on one thread, in one run; all radii are compared bit for bit.
"""

from __future__ import annotations

import argparse

from tables import load, microseconds
from threadpoolctl import threadpool_limits

import robust_metric as rm

KS = range(1, 16)
QUERIES = 300


def measure(name: str) -> str:
    X, y, Z = load(name, QUERIES)
    alone = {k: rm.CertifiedKNeighborsClassifier(k, n_jobs=1).fit(X, y) for k in KS}
    largest = alone[max(KS)]
    each = largest.certify(Z, n_neighbors=KS)
    for k, clf in alone.items():
        assert (clf.certify(Z).radius == each[k].radius).all()
    single = microseconds(largest.certify, Z)
    together = microseconds(lambda Z: largest.certify(Z, n_neighbors=KS), Z)
    apart = sum(microseconds(clf.certify, Z) for clf in alone.values())
    cells = [
        f"{single:.0f}",
        f"{together:.0f}",
        f"{together / single:.2f}",
        f"{apart / single:.1f}",
    ]
    return f"| {name} | {' | '.join(cells)} |"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "names", nargs="*", default=["pendigits", "splice", "usps", "1e5x8", "1e5x32"]
    )
    print(
        "| data | K = 15 | each of 15 | times it | one after the other, times it |\n|---|---|---|---|---|"
    )
    with threadpool_limits(1):
        for name in parser.parse_args().names:
            print(measure(name), flush=True)


if __name__ == "__main__":
    main()
