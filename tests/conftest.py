"""Fixtures of all tests: shared data, where they lie beside the repository; Hypothesis profiles."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, settings

from robust_metric import _core

settings.register_profile(
    "default",
    deadline=None,
    max_examples=40,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
settings.register_profile("ci", settings.get_profile("default"), derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "default")


@pytest.fixture(scope="session")
def shared() -> Path:
    """Folder of golden values and data sets, which are not part of the repository."""
    beside = Path(__file__).resolve().parents[2] / "shared"
    folder = Path(os.environ.get("ROBUST_METRIC_SHARED", beside))
    if not folder.is_dir():
        pytest.skip(f"no shared data in {folder}; ROBUST_METRIC_SHARED names their folder")
    return folder


@pytest.fixture
def instruction_set() -> Iterator[None]:
    """Puts back whatever instruction set the test forces."""
    before = _core.instruction_set()
    yield
    _core.force_instruction_set(before)


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """Three classes by name in train.csv and test.csv, and the same with a test part in all.npz."""
    rng = np.random.default_rng(0)
    names = np.array(["ash", "elm", "oak"])[np.arange(90) % 3]
    X = rng.normal(size=(90, 4)) * [1, 10, 100, 1] + 3.0 * (np.arange(90) % 3)[:, None]
    for name, part in (("train", slice(60)), ("test", slice(60, 90))):
        with open(tmp_path / f"{name}.csv", "w", newline="") as stream:
            writer = csv.writer(stream)
            writer.writerow(["tree", "a", "b", "c", "d"])
            writer.writerows([y, *x] for x, y in zip(X[part].tolist(), names[part], strict=True))
    np.savez(tmp_path / "all.npz", X_train=X[:60], y_train=names[:60], X_test=X[60:],
             y_test=names[60:])  # fmt: skip
    return tmp_path
