"""What a model remembers of the table that it was fitted to: where the labels are."""

from __future__ import annotations

import io
import json
import re
import sys
from pathlib import Path

import numpy as np
import pytest
from cli_helpers import error_of, fit

from robust_metric import cli, load_model, save_model
from robust_metric.io.csv_tables import LabelColumn
from robust_metric.io.model_files import load_label_column, read_model
from robust_metric.io.npz import read_npz, write_npz


def clean_error(capsys: pytest.CaptureFixture[str], *arguments: object) -> float:
    capsys.readouterr()
    assert cli.main(["certify", *map(str, arguments), "--json"]) == 0
    return json.loads(capsys.readouterr().out)["clean_error"]


def moved(files: Path, name: str, order: list[int], header: bool = True) -> Path:
    """The test table with its columns in another order."""
    lines = [line.split(",") for line in (files / "test.csv").read_text().splitlines()]
    path = files / f"{name}.csv"
    lines = lines if header else lines[1:]
    path.write_text("".join(",".join(row[i] for i in order) + "\n" for row in lines))
    return path


def test_the_label_column_is_found_again(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = fit(files)  # --label tree, which is the first
    assert load_label_column(model) == read_model(model).label == LabelColumn("tree", 0)
    wanted = clean_error(capsys, model, files / "test.csv", "--label", "tree")
    assert wanted < 0.5
    for path in (
        files / "test.csv",
        moved(files, "last", [1, 2, 3, 4, 0]),
        moved(files, "mixed", [4, 1, 0, 3, 2]),
        moved(files, "bare", [0, 1, 2, 3, 4], header=False),  # where it was
    ):
        assert clean_error(capsys, model, path) == wanted
    certs = files / "c.npz"
    made = ["certify", str(model), str(files / "test.csv"), "--out", str(certs), "--evidence"]
    assert cli.main(made) == 0
    check = ["check", str(certs), str(model), "--queries"]
    assert cli.main([*check, str(moved(files, "last", [1, 2, 3, 4, 0]))]) == 0


def test_the_last_column_stays_the_last(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model, train = files / "m.npz", files / "t.csv"
    text = (files / "train.csv").read_text().splitlines()
    train.write_text(
        "\n".join(",".join([*line.split(",")[1:], line.split(",")[0]]) for line in text)
    )
    assert cli.main(["fit", str(train), "--out", str(model), "--metric", "euclidean"]) == 0
    assert load_label_column(model) == LabelColumn("tree", -1)
    wider = files / "wider.csv"
    lines = moved(files, "last", [1, 2, 3, 4, 0], header=False).read_text().splitlines()
    wider.write_text("\n".join(f"{i},{line}" for i, line in enumerate(lines)))
    assert clean_error(capsys, model, wider, "--drop", "0") < 0.5


def test_a_name_that_could_be_a_value_is_no_name(
    files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    train, model = files / "n.csv", files / "n.npz"
    rows = [[i % 2, 10 * (i % 2) + 0.5, 7.5 + i] for i in range(12)]
    body = "".join(",".join(map(str, row)) + "\n" for row in rows)
    train.write_text("7.5,x,y\n" + body)
    arguments = ["fit", str(train), "--label", "0", "--header", "--out", str(model)]
    assert cli.main([*arguments, "--n-neighbors", "1", "--metric", "euclidean"]) == 0
    assert load_label_column(model) == LabelColumn("7.5", 0)
    bare = files / "bare.csv"
    bare.write_text(body)  # whose first line holds 7.5
    assert clean_error(capsys, model, bare) == 0.0


def test_models_of_other_sources_and_damaged_ones(files: Path) -> None:
    model = files / "all_model.npz"
    arguments = ["fit", str(files / "all.npz"), "--out", str(model), "--metric", "euclidean"]
    assert cli.main(arguments) == 0
    assert load_label_column(model) is None
    save_model(load_model(model), model, label_column=LabelColumn("x", 2))
    assert load_label_column(model) == ("x", 2)
    save_model(load_model(model), model)  # as the scaling and the names are kept
    assert load_label_column(model) == ("x", 2)
    clf = load_model(model)
    save_model(
        clf.set_params(n_neighbors=1).fit(np.eye(3), [0, 1, 1]), model
    )  # other data have other columns
    assert load_label_column(model) is None
    save_model(load_model(model), model, label_column=LabelColumn("x", 2))
    header, arrays = read_npz(model, "model")
    damaged: tuple[object, ...] = ("x", ["x"], ["x", True], [1, 2], ["x", 1, 2], {})
    for wrong in damaged:
        write_npz(model, header | {"label_column": wrong}, arrays)
        for read in (load_label_column, read_model):
            with pytest.raises(ValueError, match="label_column must"):
                read(model)


# what only a programmer could make something of
PARAMETERS = re.compile(
    r"name_or_path|n_neighbors|feature_cost|clip_queries|time_limit|in Python|header=|drop=|threat,"
    r"|(?<![-\w])(label|drop|only|header|bounds) must|\bX must|\by must|path must"
)


def test_errors_speak_of_options(
    files: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    model, train, test, out = fit(files), files / "train.csv", files / "test.csv", files / "o.npz"
    texts = {
        "years": "2019,2020,kind\n1,2,a\n1,3,b\n", "index": ",a,b,kind\n0,1,2,x\n1,2,3,y\n",
        "twice": "a,a,kind\n1,2,x\n1,2,y\n", "empty": "", "only": "a,b,kind\n", "gap": "1,2,a\n,2,b\n",
        "one": "5\n6\n", "ragged": "1,2,a\n1,b\n", "nolabel": "1,2,\n1,2,a\n", "nan": "1,nan,a\n1,2,b\n",
        "targets": "1,2,0.5\n1,2,0.7\n", "single": "1,2,a\n1,2,a\n2,2,b\n", "latin": "",
    }  # fmt: skip
    for name, text in texts.items():
        (files / f"{name}.csv").write_text(text)
    (files / "latin.csv").write_bytes("é,b,kind\n1,2,x\n".encode("latin-1"))
    (files / "text.npz").write_text("no archive")
    (files / "bad.svm").write_text("a b c")
    np.savez(files / "odd.npz", X=np.ones((2, 4)))
    np.savez(files / "inf.npz", X=np.full((2, 4), np.inf), y=np.array(["ash", "elm"]))
    wrong: list[tuple[object, ...]] = [
        *(("fit", files / f"{name}.csv", "--out", out) for name in texts if name != "single"),
        *(("certify", model, files / f"{name}.csv", "--label", "-1") for name in texts),
        *(("certify", model, files / name) for name in ("text.npz", "odd.npz", "inf.npz", "bad.svm")),
        ("certify", model, files / "none.csv"),
        ("certify", files / "none.npz", test),
        ("certify", test, test),
        ("certify", model, files / "odd.txt", "--no-label"),
        *(("fit", train, "--out", out, *options) for options in (
            ("--label", "bush"), ("--label", "9"), ("--drop", "x"), ("--only", "x"), ("--id", "tree",
            "--label", "tree"), ("--label", "tree", "--n-neighbors", "99"), ("--label", "tree", "--bounds",
            "1", "0"), ("--label", "tree", "--feature-cost", "1,2"), ("--label", "tree", "--feature-cost",
            "0"), ("--label", "tree", "--bounds", "0,1", "1"), ("--label", "tree", "--image"),
            ("--label", "tree", "--prototypes", "1", "--n-neighbors", "9"),
            ("--no-header", "--label", "tree"), ("--label", "tree", "--bounds", "inf", "inf"))),
        ("fit", "iris", "--header", "--out", out),
        ("fit", "nosuchset/none", "--out", out),
        ("certify", model, test, "--bounds", "0", "0.01"),
        ("attack", model, test, "--bounds", "0", "0.01"),
        ("check", files / "none.npz", model), ("check", model, model),
    ]  # fmt: skip
    for arguments in wrong:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"")))
        error = error_of(capsys, *map(str, arguments))
        found = PARAMETERS.search(error.partition(": error: ")[2])
        assert found is None, (arguments, error)
