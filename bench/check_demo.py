"""Prove every certificate of the digits demo anew, and see every tampered one rejected.

Usage: robust-metric demo --out DIR && python bench/check_demo.py DIR

Each certificate is checked in rational arithmetic as it is, then with its radius made larger by one
part in 10^9, which must fail: bounds and exact radii are tight. Exit status 1 where either is not so.
"""

from __future__ import annotations

import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path

import robust_metric as rm
from robust_metric import check


def tampered(certificates: Path, folder: str) -> Path:
    """Write a copy with every radius a little larger."""
    original = rm.Certificates.load(certificates)
    path = Path(folder) / certificates.name
    replace(original, radius=original.radius * (1 + 1e-9)).save(path)
    return path


def examine(folder: Path, name: str) -> tuple[bool, str]:
    """Check one file of the demo and its tampered copy."""
    certificates, model = folder / f"certificates_{name}.npz", folder / f"model_{name}.npz"
    start = time.perf_counter()
    report = check.check(certificates, model)
    seconds = time.perf_counter() - start
    with tempfile.TemporaryDirectory() as scratch:
        rejected = check.check(tampered(certificates, scratch), model)
    line = (
        f"{name:14s} {report.proved} proved, {len(report.failures)} failed, {report.trivial} of "
        f"radius 0 in {seconds:.1f} s; tampered: {len(rejected.failures)} rejected, "
        f"{rejected.proved} proved"
    )
    return report.ok and rejected.proved == 0, line


def main() -> int:
    """Examine all files of the demo, two at a time."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "robust-metric-demo")
    names = sorted(p.stem.removeprefix("model_") for p in folder.glob("model_*.npz"))
    if not names:
        print(f"no models in {folder}: run 'robust-metric demo --out {folder}' first")
        return 2
    with ProcessPoolExecutor(2) as pool:
        results = list(pool.map(examine, [folder] * len(names), names))
    print("\n".join(line for _, line in results))
    return 0 if all(ok for ok, _ in results) else 1


if __name__ == "__main__":
    sys.exit(main())
