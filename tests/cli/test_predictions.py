"""Predictions of the command line: tables without classes, standard input and output, columns by name."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from cli_helpers import error_of, fit

from robust_metric import cli, datasets, load_model
from robust_metric.io.model_files import load_scaling


def unlabelled(files: Path) -> Path:
    """test.csv without its column of labels."""
    rows = [line.split(",")[1:] for line in (files / "test.csv").read_text().splitlines()]
    (files / "new.csv").write_text("".join(",".join(row) + "\n" for row in rows))
    return files / "new.csv"


def stdin(monkeypatch: pytest.MonkeyPatch, path: Path) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(path.read_bytes())))


def test_predictions_for_a_file_without_labels(
    files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model, new, out = fit(files), unlabelled(files), files / "predictions.csv"
    capsys.readouterr()
    arguments = ["certify", str(model), str(new), "--no-label"]
    assert cli.main([*arguments, "--predictions", str(out)]) == 0
    text = capsys.readouterr().out
    assert "Certified 30 points" in text and "Certificates of 30 predictions" in text
    assert "Errors" not in text and f"Wrote {out}." in text
    clf, scaling = load_model(model), load_scaling(model)
    assert scaling is not None
    parts = datasets.read(files / "test.csv", label="tree")
    expected = clf.certify(scaling.apply(parts.X_train))
    rows = list(csv.DictReader(out.open()))
    assert [int(row["row"]) for row in rows] == list(range(30))
    assert [row["label"] for row in rows] == expected.label.tolist()
    assert [float(row["radius"]) for row in rows] == expected.radius.tolist()

    assert cli.main([*arguments, "--predictions", "-"]) == 0
    assert capsys.readouterr().out == out.read_text()
    assert cli.main([*arguments, "--json"]) == 0
    summary = json.loads(capsys.readouterr().out)
    assert summary["n_points"] == 30 and summary["clean_error"] is None


def test_one_radius_is_decided(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model, data = fit(files), ["--label", "tree"]
    certify = ["certify", str(model), str(files / "test.csv"), *data]
    capsys.readouterr()
    clf, scaling = load_model(model), load_scaling(model)
    assert scaling is not None
    parts = datasets.read(files / "test.csv", label="tree")
    X = scaling.apply(parts.X_train)
    full = clf.certify(X, parts.y_train).radius
    at = float(np.median(full))
    assert cli.main([*certify, "--at", repr(at), "--predictions", str(files / "p.csv")]) == 0
    reached = int((full >= at).sum())
    assert 0 < reached < len(X)
    assert (
        f"{reached} of {len(X)} points are classified correctly and cannot"
        in capsys.readouterr().out
    )
    rows = list(csv.DictReader((files / "p.csv").open()))
    assert [float(row["radius"]) for row in rows] == np.where(full >= at, at, 0.0).tolist()
    assert cli.main([*certify, "--at", repr(at), "--json"]) == 0
    summary = json.loads(capsys.readouterr().out)
    assert summary["radii"] == [at] and summary["median_radius"] is None
    assert summary["certified_robust_error"] == [1.0 - reached / len(X)]
    for others in (["--exact"], ["--evidence", "--out", str(files / "c.npz")], ["--radii", "1"]):
        assert "--at is for lower bounds" in error_of(capsys, *certify, "--at", "1", *others)


def test_predictions_beside_true_labels(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = fit(files)
    capsys.readouterr()
    data = ["--label", "tree", "--predictions", "-"]
    assert cli.main(["certify", str(model), str(files / "test.csv"), *data]) == 0
    rows = list(csv.DictReader(capsys.readouterr().out.splitlines()))
    truth = datasets.read(files / "test.csv", label="tree").y_train.tolist()
    assert [row["true_label"] for row in rows] == truth
    assert all(float(row["radius"]) == 0 for row in rows if row["label"] != row["true_label"])


def test_data_from_standard_input(
    files: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    expected = fit(files).read_bytes()
    stdin(monkeypatch, files / "train.csv")
    other = files / "other.npz"
    options = ["--label", "tree", "--n-neighbors", "3"]
    assert cli.main(["fit", "-", "--out", str(other), *options]) == 0
    assert len(other.read_bytes()) == len(expected)
    assert "to 60 points" in capsys.readouterr().out
    printed = []
    for data, label in (
        ("test.csv", ["--label", "tree"]),
        (unlabelled(files).name, ["--no-label"]),
    ):
        for source in (str(files / data), "-"):
            stdin(monkeypatch, files / data)
            arguments = ["certify", str(other), source, *label, "--predictions", "-"]
            assert cli.main(arguments) == 0
            printed.append(capsys.readouterr().out)
    assert printed[0] == printed[1] and printed[2] == printed[3] != printed[0]
    stdin(monkeypatch, files / "train.csv")
    assert "got 'ash' in line 2, column 0 ('tree') of -" in error_of(
        capsys, "fit", "-", "--out", files / "m.npz"
    )


def test_user_errors_of_predictions(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model, new, test = fit(files), unlabelled(files), files / "test.csv"
    whole, narrow = files / "whole.csv", files / "narrow.csv"
    whole.write_text("1,2,3,4,0\n5,6,7,8,0\n")
    narrow.write_text("1,2,3,4\n5,6,7,8\n")
    for arguments, message in (
        ((new, "--label", "d"), "is it a regression target, or a column of a file without labels?"),
        ((whole, "--label", "0"), "the model's classes 'ash', 'elm', 'oak', got '1', '5'"),
        ((narrow,), "4 features, got 3; is it a file without labels? see --no-label"),
        ((test, "--no-label"), "must name a CSV file of numbers (and a label), got"),
        (
            (files / "all.npz", "--no-label"),
            "a file without labels must end in .csv, .tsv, .parquet",
        ),
        ((files / "no.csv", "--no-label"), "DATA must name an existing file, got"),
        ((new, "--no-label", "--evidence"), "--evidence needs a file to be written to, see --out"),
        ((new, "--no-label", "--predictions", files / "no" / "p.csv"), "an existing folder"),
    ):
        assert message in error_of(capsys, "certify", model, *arguments)


def test_a_reader_that_leaves_is_no_error(files: Path) -> None:
    model, new = str(fit(files)), str(unlabelled(files))
    command = [sys.executable, "-m", "robust_metric.cli", "certify", model, new, "--no-label"]
    run = subprocess.Popen(
        [*command, "--predictions", "-"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert run.stdout is not None and run.stderr is not None
    run.stdout.close()
    assert run.wait(60) == cli.PIPE_CLOSED
    assert run.stderr.read() == b""


def test_columns_are_told_by_their_names(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model, new, other = fit(files), unlabelled(files), files / "other.csv"
    capsys.readouterr()

    def certify(order: list[int], names: bool = True) -> str:
        rows = [line.split(",") for line in new.read_text().splitlines()][0 if names else 1 :]
        other.write_text("".join(",".join(row[j] for j in order) + "\n" for row in rows))
        arguments = ["certify", str(model), str(other), "--no-label", "--predictions", "-"]
        assert cli.main(arguments) == 0
        return capsys.readouterr().out

    expected = certify([0, 1, 2, 3])
    assert certify([3, 1, 0, 2]) == expected
    assert certify([0, 1, 2, 3], names=False) == expected
    assert certify([3, 1, 0, 2], names=False) != expected
    other.write_text("a,b,c,e\n1,2,3,4\n")
    message = "must have the model's features, got no column 'd' among 'a', 'b', 'c', 'e'"
    assert message in error_of(capsys, "certify", model, other, "--no-label")


def test_numbers_as_names(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A header 0, 1, 2, ...: no row too many, and columns in another order are put right."""
    train = files / "train.csv"
    lines = train.read_text().splitlines()[1:]
    train.write_text("tree,0,1,2,3\n" + "\n".join(lines) + "\n")
    model, new = str(files / "model.npz"), files / "new.csv"
    arguments = ["fit", str(train), "--label", "0", "--out", model, "--metric", "euclidean"]
    assert cli.main(arguments) == 0
    assert "to 60 points" in capsys.readouterr().out
    printed = []
    for order in ((1, 2, 3, 4), (4, 2, 1, 3)):
        rows = [
            ",".join(line.split(",")[j] for j in order) for line in train.read_text().splitlines()
        ]
        new.write_text("\n".join(rows) + "\n")
        assert cli.main(["certify", model, str(new), "--no-label", "--predictions", "-"]) == 0
        printed.append(capsys.readouterr().out)
    assert printed[0] == printed[1] and printed[0].count("\n") == 61


def test_header_options(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    years, out = files / "years.csv", files / "m.npz"
    years.write_text("2019,2020,kind\n" + "1.5,2.5,a\n2.5,2.0,b\n" * 6)
    assert "--header or --no-header" in error_of(capsys, "fit", years, "--out", out)
    for option, n in (("--header", 12), ("--no-header", 13)):
        assert (
            cli.main(["fit", str(years), option, "--out", str(out), "--metric", "euclidean"]) == 0
        )
        assert f"to {n} points" in capsys.readouterr().out


def test_an_index_is_refused_and_ids_are_passed_through(
    files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    train, model, new = files / "train.csv", str(files / "model.npz"), files / "new.csv"
    lines = train.read_text().splitlines()
    indexed = [f"{i - 1 if i else ''},{line}" for i, line in enumerate(lines)]
    train.write_text("\n".join(indexed) + "\n")
    options = ["--label", "tree", "--metric", "euclidean", "--out", model]
    assert "--drop 0" in error_of(capsys, "fit", train, *options)
    assert cli.main(["fit", str(train), *options, "--drop", "0"]) == 0
    assert capsys.readouterr().err == ""
    new.write_text("\n".join(["key,tree,a,b,c,d", *(f"x{line}" for line in indexed[1:])]) + "\n")
    message = error_of(capsys, "certify", model, new, "--label", "tree")
    assert "got 'x0' in line 2" in message and "or --drop 0" in message
    arguments = ["certify", model, str(new), "--label", "tree", "--id", "key"]
    assert cli.main([*arguments, "--predictions", "-"]) == 0
    rows = list(csv.DictReader(capsys.readouterr().out.splitlines()))
    assert list(rows[0]) == ["row", "key", "label", "radius", "true_label"]
    assert [row["key"] for row in rows] == [f"x{i}" for i in range(60)]

    train.write_text("\n".join(["id" + indexed[0], *indexed[1:]]) + "\n")
    assert cli.main(["fit", str(train), *options]) == 0
    err = capsys.readouterr().err
    assert err.count("\n") == 1 and "warning: column 'id' of" in err and "--drop" in err


def test_labels_stay_the_text_they_are(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    train, test, model = files / "train.csv", files / "test.csv", str(files / "model.npz")
    text = train.read_text()

    def trained(ash: str, elm: str, oak: str) -> None:
        renamed = text.replace("ash", ash).replace("elm", elm).replace("oak", oak)
        train.write_text(renamed)
        rows = [row for row in renamed.splitlines() if not row.startswith(f"{oak},")]
        test.write_text("\n".join(rows) + "\n")
        options = ["--label", "tree", "--metric", "euclidean", "--n-neighbors", "1"]
        assert cli.main(["fit", str(train), *options, "--out", model]) == 0

    arguments = ["certify", model, str(test), "--label", "tree", "--json"]
    for labels in (("1", "2", "x"), ("01", "1", "10"), ("1e1", "10", "1_0"), ("1", "2", "3")):
        trained(*labels)
        classes = load_model(model).classes_
        assert classes.tolist() == ([1, 2, 3] if "3" in labels else sorted(labels))
        capsys.readouterr()
        assert cli.main(arguments) == 0
        assert json.loads(capsys.readouterr().out)["clean_error"] == 0.0
    test.write_text(test.read_text().replace("\n1,", "\n01,"))
    assert "labelled with the model's classes 1, 2, 3, got '01', '2'" in error_of(
        capsys, *arguments
    )


def test_missing_and_unknown_columns_are_named(
    files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = fit(files)
    lines = [line.split(",") for line in (files / "test.csv").read_text().splitlines()]
    names = lines[0]
    (files / "short.csv").write_text("\n".join(",".join(line[:-1]) for line in lines))
    told = error_of(capsys, "certify", model, files / "short.csv", "--label", "tree")
    assert f"got no column {names[-1]!r} among" in told
    (files / "wide.csv").write_text(
        "\n".join(
            ",".join([*line, "extra" if i == 0 else str(i % 3)]) for i, line in enumerate(lines)
        )
    )
    told = error_of(capsys, "certify", model, files / "wide.csv", "--label", "tree")
    assert "--drop extra leaves out" in told
