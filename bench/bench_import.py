"""Importing the package, in new processes, against importing scikit-learn's neighbours."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
import rivals

STATEMENTS = {
    "package": "import robust_metric",
    "names": "from robust_metric import ARML, CertifiedKNeighborsClassifier",
    "sklearn": "from sklearn.neighbors import KNeighborsClassifier",
}


def in_new_process(statement: str) -> None:
    subprocess.run([sys.executable, "-c", statement], check=True)


@pytest.mark.parametrize("what", ["package", "names"])
def test_import(benchmark: Any, what: str) -> None:
    """Interpreter start included on both sides, and timed as a rival to subtract."""
    rivals.compare(
        benchmark,
        lambda: in_new_process(STATEMENTS[what]),
        {
            "sklearn": lambda: in_new_process(STATEMENTS["sklearn"]),
            "interpreter": lambda: in_new_process("pass"),
        },
        rounds=7,
    )
