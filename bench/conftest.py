"""What `pytest bench/` notes about the machine, for the tables made from its JSON."""

from __future__ import annotations

import os
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from threadpoolctl import threadpool_info

PACKAGES = ("robust-metric", "numpy", "scipy", "scikit-learn", "faiss-cpu", "daqp", "proxsuite")


def pytest_benchmark_update_machine_info(config: Any, machine_info: dict[str, Any]) -> None:
    from robust_metric import _core

    versions = {}
    for name in PACKAGES:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            versions[name] = "not installed"
    machine_info["versions"] = versions
    machine_info["cores"] = len(os.sched_getaffinity(0))
    machine_info["instruction_set"] = _core.instruction_set()
    machine_info["blas"] = sorted(
        {
            f"{pool['internal_api']} {pool['version']} ({pool.get('architecture')})"
            for pool in threadpool_info()
            if pool["user_api"] == "blas"
        }
    )
    with open("/proc/meminfo") as memory:
        machine_info["memory_gb"] = round(int(memory.readline().split()[1]) / 1e6, 1)
