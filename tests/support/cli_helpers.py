"""What tests of the command line share: models fitted to the tables of the fixture ``files``, and errors."""

from __future__ import annotations

from pathlib import Path

import pytest

from robust_metric import cli


def fit(files: Path, *options: str) -> Path:
    model = files / "model.npz"
    arguments = ["fit", str(files / "train.csv"), "--label", "tree", "--out", str(model)]
    assert cli.main([*arguments, "--n-neighbors", "3", *options]) == 0
    return model


def error_of(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> str:
    """The one line on standard error that a user's mistake gets."""
    capsys.readouterr()
    assert cli.main([str(argument) for argument in arguments]) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.count("\n") == 1
    assert err.startswith(f"robust-metric {arguments[0]}: error: ")
    return err
