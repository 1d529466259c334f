"""What the command line writes: never over what it reads; and what it says of limits and labels."""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from cli_helpers import error_of, fit

from robust_metric import Certificates, cli, load_model

Alias = Callable[[Path, Path], str]


def itself(folder: Path, path: Path) -> str:
    return str(path)


def by_another_path(folder: Path, path: Path) -> str:
    (folder / "sub").mkdir(exist_ok=True)
    return str(folder / "sub" / ".." / path.name)


def symbolic_link(folder: Path, path: Path) -> str:
    (folder / "link").symlink_to(path)
    return str(folder / "link")


def hard_link(folder: Path, path: Path) -> str:
    os.link(path, folder / "hard")
    return str(folder / "hard")


@pytest.mark.parametrize("alias", [itself, by_another_path, symbolic_link, hard_link])
@pytest.mark.parametrize(
    ("command", "option", "argument"),
    [
        ("fit", "--out", "DATA"),
        ("certify", "--out", "MODEL"),
        ("certify", "--out", "DATA"),
        ("certify", "--predictions", "MODEL"),
        ("certify", "--predictions", "DATA"),
        ("attack", "--out", "MODEL"),
        ("attack", "--out", "DATA"),
    ],
)
def test_an_output_that_is_an_input_is_refused(
    command: str,
    option: str,
    argument: str,
    alias: Alias,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    model, data = tmp_path / "model.npz", tmp_path / "train.csv"
    for path in (model, data):
        path.write_text("precious")
    output = alias(tmp_path, model if argument == "MODEL" else data)
    inputs = [data] if command == "fit" else [model, data]
    err = error_of(capsys, command, *inputs, option, output)
    assert f"{option} must be another file than {argument}, which it would overwrite" in err
    assert model.read_text() == data.read_text() == "precious"


def test_two_outputs_are_two_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    outputs = ["--out", tmp_path / "o", "--predictions", tmp_path / "." / "o"]
    err = error_of(capsys, "certify", tmp_path / "m", tmp_path / "d.csv", *outputs)
    assert "--predictions must be another file than --out, got" in err


def test_redirected_input(
    files: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    model, data = fit(files), files / "test.csv"
    before = data.read_text()
    with open(data) as stream:
        monkeypatch.setattr(sys, "stdin", stream)
        err = error_of(capsys, "certify", model, "-", "--predictions", data)
    assert "--predictions must be another file than DATA" in err and data.read_text() == before
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(before.encode())))
    new = ["--label", "tree", "--predictions", str(files / "p.csv")]
    assert cli.main(["certify", str(model), "-", *new]) == 0


def test_time_limit(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model, certs = str(fit(files)), str(files / "c.npz")
    search = ["certify", model, str(files / "test.csv"), "--label", "tree", "--exact"]
    capsys.readouterr()
    assert cli.main([*search, "--time-limit", "1e-9", "--out", certs]) == 0
    out = capsys.readouterr().out
    stopped = int(out.partition(" searches were stopped early")[0].rpartition(" ")[2])
    assert stopped > 0 and "their radii are lower bounds" in out
    assert cli.main([*search, "--time-limit", "600", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["n_stopped"] == 0
    clf, limited = load_model(model), Certificates.load(certs).radius
    assert clf.n_neighbors == 3 and (limited >= 0).all()
    assert "--time-limit is for the searches of --exact" in error_of(
        capsys, *[a for a in search if a != "--exact"], "--time-limit", "1"
    )
    for wrong in ("0", "-1", "nan", "inf", "soon"):
        with pytest.raises(SystemExit):
            cli.main([*search, f"--time-limit={wrong}"])


def test_attack_without_labels(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = fit(files)
    rows = [line.split(",")[1:] for line in (files / "test.csv").read_text().splitlines()]
    new = files / "new.csv"
    new.write_text("".join(",".join(row) + "\n" for row in rows))
    capsys.readouterr()
    arguments = ["attack", str(model), str(new), "--no-label", "--attack", "gradient"]
    assert cli.main(arguments) == 0
    out = capsys.readouterr().out
    assert "Attacked 30 points" in out and "Without classes" in out
    assert cli.main([*arguments, "--limit", "5", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["clean_error"] is None and said["n_points"] == 5


def test_labels_that_the_model_does_not_know(
    files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model, data = fit(files), files / "odd.csv"
    lines = (files / "test.csv").read_text().splitlines()
    for row, name in ((3, "pine"), (7, "pine"), (9, "fir")):
        lines[row] = f"{name},{lines[row].partition(',')[2]}"
    data.write_text("\n".join(lines))
    for command in ("certify", "attack"):
        capsys.readouterr()
        options = ["--attack", "gradient"] if command == "attack" else []
        assert cli.main([command, str(model), str(data), "--label", "tree", *options]) == 0
        err = capsys.readouterr().err
        assert "warning: 3 of 30 labels in " in err and "count as misclassified" in err
        assert "'fir' 1 times, 'pine' 2 times" in err
    np.savez(files / "whole.npz", X=np.zeros((2, 4)), y=np.array(["ash", "fir"]))
    assert cli.main(["certify", str(model), str(files / "whole.npz")]) == 0
    assert "1 of 2 labels" in capsys.readouterr().err
