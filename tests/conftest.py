"""Fixtures of all tests: shared data, where they lie beside the repository; Hypothesis profiles."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

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
