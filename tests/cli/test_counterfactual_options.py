"""Counterfactuals on the command line: in the units of the columns, as text, CSV and JSON."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest
from cli_helpers import error_of

from robust_metric import cli


@pytest.fixture
def loans(tmp_path: Path) -> Path:
    """A table of loans, and a model of it."""
    rng = np.random.default_rng(0)
    age, pay, debt = rng.integers(18, 70, 80), rng.gamma(3.0, 900.0, 80), rng.integers(0, 60, 80)
    lines = ["who,age,pay,debt,answer"]
    for i, (a, p, d) in enumerate(zip(age, pay, 100 * debt, strict=True)):
        lines.append(f"p{i},{a},{p:.2f},{d},{'granted' if p - 0.4 * d > 1500 else 'refused'}")
    (tmp_path / "loans.csv").write_text("\n".join(lines))
    arguments = ["fit", str(tmp_path / "loans.csv"), "--id", "who", "--metric", "euclidean"]
    assert cli.main([*arguments, "--n-neighbors", "3", "--out", str(tmp_path / "m.npz")]) == 0
    return tmp_path


def asked(folder: Path, *options: str) -> list[str]:
    data = [str(folder / "m.npz"), str(folder / "loans.csv"), "--id", "who", "--target", "granted"]
    return ["counterfactuals", *data, *options]


OPTIONS = (
    *("--freeze", "age", "--down", "debt", "--grid", "debt=100", "--decimals", "2", "--count", "2"),
    *("--bounds", "pay=0", "pay=9000"),
)


def test_a_table_in_the_units_of_the_columns(
    loans: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = loans / "changes.csv"
    assert cli.main(asked(loans, *OPTIONS, "--out", str(out))) == 0
    printed = capsys.readouterr().out
    assert "Row 0 (p0). Predicted " in printed and f"Wrote {out}." in printed
    with open(loans / "loans.csv") as file:
        rows = list(csv.DictReader(file))
    with open(out) as file:
        changes = list(csv.DictReader(file))
    assert {change["feature"] for change in changes} == {"pay", "debt"}
    changed = set()
    for change in changes:
        row, name = rows[int(change["row"])], change["feature"]
        assert change["id"] == row["who"] and float(change["old"]) == float(row[name])
        new = float(change["new"])
        assert new == round(new, 2) and (
            name == "pay" or (new % 100 == 0 and new < float(row[name]))
        )
        assert change["label"] == "refused" and change["counterfactual_label"] == "granted"
        changed.add((int(change["row"]), change["number"]))
    # the model says so of the rows as they would be written to a file
    for number in ("0", "1"):
        lines = ["age,pay,debt"]
        kept = sorted(i for i, which in changed if which == number)
        for i in kept:
            values = {name: rows[i][name] for name in ("age", "pay", "debt")}
            values |= {
                c["feature"]: c["new"]
                for c in changes
                if (int(c["row"]), c["number"]) == (i, number)
            }
            lines.append(",".join(values.values()))
        (loans / "changed.csv").write_text("\n".join(lines))
        capsys.readouterr()
        certify = ["certify", str(loans / "m.npz"), str(loans / "changed.csv"), "--no-label"]
        assert cli.main([*certify, "--predictions", "-"]) == 0
        predictions = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
        assert len(predictions) == len(kept) > 5
        assert {prediction["label"] for prediction in predictions} == {"granted"}


def test_chosen_rows_as_json(loans: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert cli.main(asked(loans, "--rows", "7,2", "--json", "--float32")) == 0
    said = json.loads(capsys.readouterr().out)
    assert [row["row"] for row in said["rows"]] == [7, 2] and said["units"] == "scaled units"
    for row in said["rows"]:
        (entry,) = row["counterfactuals"]
        assert entry["lower"] <= entry["cost"] and entry["label"] == "granted"
        assert bool(entry["changes"]) == (row["label"] != "granted")
        for change in entry["changes"]:
            assert np.float32(change["new"]) == change["new"] != change["old"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            ["--target", "yes"],
            "--target must be one of the classes, 'granted', 'refused', got 'yes'",
        ),
        (["--up", "wage"], "--up must name features, 'age', 'pay', 'debt', got 'wage'"),
        (["--integer", "7"], "--integer must name features by number from 0 to 2, got 7"),
        (["--grid", "100"], "--grid must give steps of features, like age=1,income=100"),
        (["--grid", "debt=-1"], "--grid must have positive steps"),
        (["--rows", "80"], "--rows must be below the number of rows, 80, got 80"),
        (["--out", "loans.csv"], "--out must be another file than DATA"),
        (["--bounds", "age=90", "none"], "DATA must lie within the bounds"),
        (["--decimals", "99"], "--decimals must be a number of decimal places from -15 to 15"),
    ],
)
def test_wrong_options(
    loans: Path, options: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    options = [str(loans / o) if o.endswith(".csv") else o for o in options]
    assert message in error_of(capsys, *asked(loans), *options)
