"""The command line, run in this process: what it prints, what it writes, how it refuses."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from cli_helpers import error_of, fit

from robust_metric import Certificates, CertifiedKNeighborsClassifier, cli, datasets, load_model
from robust_metric._base import progress
from robust_metric.io.model_files import load_scaling
from robust_metric.results import RobustErrorCurve


def test_fit_then_certify(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model, certs = fit(files), files / "certs.npz"
    out, err = capsys.readouterr()
    assert "Fitted K = 3 under the arml metric to 60 points of 4 features in 3 classes" in out
    assert err == ""  # no progress where nobody watches
    data = str(files / "test.csv")
    assert cli.main(["certify", str(model), data, "--label", "tree", "--out", str(certs)]) == 0
    out, err = capsys.readouterr()
    assert "Certified 30 points" in out and "learned" in out and "scaled units" in out
    assert err == ""

    clf, scaling = load_model(model), load_scaling(model)
    assert scaling is not None and clf.components_ is not None
    parts = datasets.read(files / "test.csv", label="tree")
    expected = clf.certify(scaling.apply(parts.X_train), parts.y_train)
    saved = Certificates.load(certs)
    assert np.array_equal(saved.radius, expected.radius)
    assert np.array_equal(saved.label, expected.label)


def test_evidence_lets_the_checker_prove_the_radii(
    files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model, certs = str(fit(files, "--metric", "euclidean")), str(files / "certs.npz")
    arguments = ["certify", model, str(files / "test.csv"), "--label", "tree", "--out", certs]
    assert cli.main(arguments) == 0
    assert Certificates.load(certs).evidence is None
    assert cli.main([*arguments, "--evidence"]) == 0
    capsys.readouterr()
    assert cli.main(["check", certs, model]) == 0
    positive = int((Certificates.load(certs).radius > 0.0).sum())
    assert positive > 0 and f"{positive} proved, 0 failed" in capsys.readouterr().out
    other = str(fit(files, "--metric", "euclidean", "--no-scale"))
    assert cli.main(["check", certs, other]) == 1
    assert "its training data are not those that were certified" in capsys.readouterr().out


def test_export_of_evidence(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model, certs = fit(files, "--metric", "euclidean"), files / "certs.npz"
    text = files / "evidence.txt"
    arguments = ["certify", model, files / "test.csv", "--label", "tree", "--out", certs]
    assert cli.main([str(argument) for argument in [*arguments, "--evidence"]]) == 0
    capsys.readouterr()
    assert cli.main(["export-evidence", str(certs), str(model), "--out", str(text)]) == 0
    assert capsys.readouterr().out.startswith("Wrote 30 certificates with their evidence and model")
    assert text.read_text().startswith("robust_metric evidence 1\nclasses 3\nneighbors 3\nnorm 2\n")
    wrong = error_of(capsys, "export-evidence", certs, model, "--out", text, "--norm", "1")
    assert "belong together: threat model: the one asked for has norm 1, certified was 2" in wrong


def test_exact_radii(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model, certs = str(fit(files, "--metric", "euclidean", "--n-neighbors", "1")), files / "c.npz"
    arguments = ["certify", model, str(files / "test.csv"), "--label", "tree", "--out", str(certs)]
    assert cli.main(arguments) == 0
    bound = Certificates.load(certs).radius
    capsys.readouterr()
    assert cli.main([*arguments, "--exact", "--evidence", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["radius"] == "exact"
    assert (Certificates.load(certs).radius >= bound).all()
    assert cli.main(["check", str(certs), model]) == 0


def test_the_test_part_of_a_file_is_certified(
    files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, model, certs = (str(files / name) for name in ("all.npz", "m.npz", "c.npz"))
    assert cli.main(["fit", data, "--out", model, "--metric", "euclidean", "--n-jobs", "1"]) == 0
    assert "K = 11 under the euclidean metric to 60 points" in capsys.readouterr().out
    arguments = ["certify", model, data, "--out", certs, "--json", "--radii", "0,0.1,10"]
    assert cli.main(arguments) == 0
    summary = json.loads(capsys.readouterr().out)
    X_train, X_test, y_train, y_test = datasets.load(data)
    clf = CertifiedKNeighborsClassifier(11).fit(X_train, y_train)
    assert summary["n_points"] == 30 and summary["n_neighbors"] == 11
    assert summary["metric"] == "Euclidean" and summary["units"] == "scaled units"
    assert summary["clean_error"] == pytest.approx(1.0 - clf.score(X_test, y_test))
    assert summary["radii"] == [0.0, 0.1, 10.0]
    errors = summary["certified_robust_error"]
    assert np.array_equal(errors, clf.robust_error(X_test, y_test, [0.0, 0.1, 10.0]))
    assert errors[-1] == 1.0


def test_named_sets_are_fitted_and_certified_on_their_own_parts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model, certs = str(tmp_path / "m.npz"), str(tmp_path / "c.npz")
    assert cli.main(["fit", "iris", "--out", model, "--metric", "euclidean"]) == 0
    assert cli.main(["certify", model, "iris", "--out", certs]) == 0
    out = capsys.readouterr().out
    assert "to 112 points" in out and "Certified 38 points of iris" in out


def test_no_scale(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = fit(files, "--no-scale", "--metric", "euclidean")
    assert load_scaling(model) is None
    arguments = ["certify", str(model), str(files / "test.csv"), "--label", "0"]
    assert cli.main([*arguments, "--out", str(files / "c.npz")]) == 0
    assert "Radii are in the features' own units." in capsys.readouterr().out


def test_images_are_asked_for(files: Path) -> None:
    data, model = files / "ages.csv", str(files / "m.npz")
    data.write_text("age,hours,kind\n" + "0,255,a\n51,40,b\n" * 3)
    arguments = ["fit", str(data), "--metric", "euclidean", "--n-neighbors", "1", "--out", model]
    for options, scale in (([], [51.0, 215.0]), (["--image"], [255.0, 255.0])):
        assert cli.main([*arguments, *options]) == 0
        scaling = load_scaling(model)
        assert scaling is not None and scaling.scale.tolist() == scale


def test_infinite_radii_are_null_in_json(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, model, certs = (str(tmp_path / name) for name in ("a.csv", "m.npz", "c.npz"))
    Path(data).write_text("1,2,a\n2,3,a\n4,3,a\n")
    arguments = ["fit", data, "--out", model, "--metric", "euclidean", "--n-neighbors", "1"]
    assert cli.main(arguments) == 0
    capsys.readouterr()
    assert cli.main(["certify", model, data, "--out", certs, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["median_radius"] is None


def test_user_errors_of_fit(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    train, gaps, out = files / "train.csv", files / "gaps.csv", files / "m.npz"
    gaps.write_text("a,b,tree\n1,,ash\n2,3,oak\n")
    for arguments, message in (
        ((files / "no.csv", "--out", out), "DATA must name an existing file, got"),
        (
            (train, "--out", out),
            "got 'ash' in line 2, column 0 ('tree') of " + f"{train}; turn text into numbers first",
        ),
        (
            (gaps, "--out", out),
            f"got '' in line 2, column 1 ('b') of {gaps}; fill missing values or leave rows out",
        ),
        ((train, "--label", "bush", "--out", out), "--label must name one column of"),
        ((train, "--label", "tree", "--out", files / "no" / "m.npz"), "an existing folder"),
        ((train, "--label", "tree", "--out", files), "--out must name a file to write"),
        (
            (train, "--label", "tree", "--n-neighbors", "61", "--out", out),
            "--n-neighbors must be at most",
        ),
    ):
        assert message in error_of(capsys, "fit", *arguments)
    assert not out.exists()


def test_user_errors_of_certify(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model, out = fit(files, "--metric", "euclidean"), files / "c.npz"
    test = files / "test.csv"
    np.savez(files / "wide.npz", X=np.ones((3, 5)), y=np.array(["ash"] * 3))
    np.savez(files / "numbers.npz", X=np.ones((3, 4)), y=np.arange(3))
    np.savez(files / "shrubs.npz", X=np.ones((3, 4)), y=np.array(["box", "ivy", "may"]))
    for arguments, message in (
        ((files / "no.npz", test, "--out", out), "wanted an existing .npz file, got"),
        ((test, test, "--out", out), "wanted an intact .npz file, got"),
        ((files / "wide.npz", test, "--out", out), "got " + str(files / "wide.npz")),
        ((model, files / "wide.npz", "--out", out), "DATA must have the model's 4 features, got 5"),
        ((model, files / "numbers.npz", "--out", out), "labelled with the model's classes 'ash'"),
        ((model, files / "shrubs.npz", "--out", out), "got 'box', 'ivy', 'may'"),
        ((model, test, "--out", files), "--out must name a file to write"),
    ):
        assert message in error_of(capsys, "certify", *arguments)
    assert not out.exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "arguments are required: COMMAND"),
        (["dance"], "invalid choice: 'dance'"),
        (["fit", "iris"], "arguments are required: --out"),
        (["fit", "iris", "--out", "m", "--n-neighbors", "0"], "wanted a positive whole number"),
        (["fit", "iris", "--out", "m", "--metric", "best"], "invalid choice: 'best'"),
        (["certify", "m", "d", "--out", "c", "--radii", "0,x"], "wanted numbers like 0,0.1,0.2"),
        (["certify", "m", "d", "--out", "c", "--radii=-1"], "wanted numbers like 0,0.1,0.2"),
        (["demo", "--seed", "x"], "invalid int value: 'x'"),
    ],
)
def test_wrong_usage(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        cli.main(arguments)
    assert caught.value.code == 2
    err = capsys.readouterr().err
    assert message in err and err.count("\n") == 1


@pytest.mark.parametrize(
    "command", ["demo", "fit", "certify", "attack", "check", "export-evidence", "report"]
)
def test_help_has_an_example(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        cli.main([command, "--help"])
    assert caught.value.code == 0
    assert f"example:\n  robust-metric {command} " in capsys.readouterr().out


def test_ctrl_c(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("robust_metric.cli.digits.run_demo", interrupt)
    assert cli.main(["demo"]) == 130
    assert capsys.readouterr().err == "robust-metric: interrupted\n"


def test_a_bug_keeps_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise AttributeError("a bug")

    monkeypatch.setattr("robust_metric.cli.digits.run_demo", fail)
    with pytest.raises(AttributeError, match="a bug"):
        cli.main(["demo"])


def test_demo_without_matplotlib(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    out = tmp_path / "demo"
    assert "pip install 'robust_metric[plots]'" in error_of(capsys, "demo", "--out", out)
    assert not out.exists()


def test_demo(tmp_path: Path) -> None:
    out = tmp_path / "demo"
    start = time.monotonic()
    run = subprocess.run(
        [sys.executable, "-m", "robust_metric.cli", "demo", "--out", str(out)],
        capture_output=True,
        text=True,
        check=False,
    )
    seconds = time.monotonic() - start
    assert run.returncode == 0, run.stderr
    assert run.stderr == ""
    assert seconds < 60.0
    rows = [line.split() for line in run.stdout.splitlines()]
    rows = [row for row in rows if row and row[0] in ("Euclidean", "ARML")]
    assert [row[:3] for row in rows] == [
        ["Euclidean", "1", "exact"],
        ["Euclidean", "11", "bound"],
        ["ARML", "1", "exact"],
        ["ARML", "11", "bound"],
    ]
    assert all(float(row[3]) < 0.05 for row in rows)
    for name in ("robust_error.png", "witnesses.png"):
        assert (out / name).read_bytes().startswith(b"\x89PNG")
    table = list(csv.DictReader((out / "robust_error.csv").open()))
    for method in ("Euclidean", "ARML"):
        for k, kind in ((1, "exact"), (11, "bound")):
            saved = Certificates.load(out / f"certificates_{method.lower()}_k{k}.npz")
            errors = [
                float(row["certified_robust_error"])
                for row in table
                if (row["method"], row["kind"]) == (method, kind)
            ]
            radii = sorted({float(row["radius"]) for row in table})
            assert errors == [np.mean(saved.radius <= r) for r in radii]


def test_demo_gains_from_the_learned_metric(tmp_path: Path) -> None:
    from robust_metric.cli.digits import run_demo

    curves = {(c.method, c.n_neighbors): c for c in run_demo(tmp_path, seed=1)}
    radii = np.linspace(0.0, 0.8, 9)
    for k in (1, 11):
        assert curves["ARML", k].errors(radii).mean() < curves["Euclidean", k].errors(radii).mean()


def test_attack(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model, out = str(fit(files, "--metric", "euclidean")), files / "adversarial.npz"
    arguments = ["attack", model, str(files / "test.csv"), "--label", "tree"]
    capsys.readouterr()
    assert cli.main([*arguments, "--out", str(out)]) == 0
    text = capsys.readouterr().out
    assert "Attacked 30 points" in text and "bound" in text and "Gap, neither" in text
    clf, scaling = load_model(model), load_scaling(model)
    assert scaling is not None
    X = scaling.apply(datasets.read(files / "test.csv", label="tree").X_train)
    with np.load(out) as saved:
        moved = clf.predict(X + saved["perturbations"])
        assert np.array_equal(moved, saved["adversarial_label"])
    for attack in ("region", "boundary", "gradient"):
        options = ["--attack", attack, "--json", "--limit", "5", "--radii", "0,0.1,9"]
        assert cli.main([*arguments, *options]) == 0
        found = json.loads(capsys.readouterr().out)
        assert found["n_points"] == 5 and found["success_rate"] == 1.0
        errors = (
            np.array(found["certified_robust_error"]),
            np.array(found["empirical_robust_error"]),
        )
        assert np.allclose(errors[0] - errors[1], found["gap"]) and min(found["gap"]) >= 0.0


def test_json_of_fit_and_check(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model, certs = files / "m.npz", str(files / "c.npz")
    train, test = (str(files / name) for name in ("train.csv", "test.csv"))
    options = ["--label", "tree", "--json"]
    assert cli.main(["fit", train, "--out", str(model), "--metric", "euclidean", *options]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["classes"] == ["ash", "elm", "oak"] and found["n_points"] == 60
    assert (found["metric"], found["n_neighbors"], found["scaled"]) == ("euclidean", 11, True)
    arguments = ["certify", str(model), test, "--out", certs, "--evidence", *options]
    assert cli.main(arguments) == 0
    capsys.readouterr()
    assert cli.main(["check", certs, str(model), "--json"]) == 0
    proof = json.loads(capsys.readouterr().out)
    assert proof["ok"] and proof["failures"] == [] and proof["proved"] + proof["radius_0"] == 30
    other = str(fit(files, "--metric", "euclidean"))
    capsys.readouterr()
    assert cli.main(["check", certs, other, "--json"]) == 1
    assert not json.loads(capsys.readouterr().out)["ok"]


def test_json_of_demo(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def run_demo(out: str, **_: object) -> list[RobustErrorCurve]:
        print("a story")
        return [RobustErrorCurve("ARML", 1, "exact", np.array([0.0, 1.0, np.inf]), 0.25)]

    monkeypatch.setattr("robust_metric.cli.digits.run_demo", run_demo)
    assert cli.main(["demo", "--out", "folder", "--json"]) == 0
    out, err = capsys.readouterr()
    assert err == "a story\n"
    found = json.loads(out)
    assert found["folder"] == "folder"
    (curve,) = found["curves"]
    assert curve["clean_error"] == 0.25 and curve["median_radius"] == 1.0
    assert len(curve["certified_robust_error"]) == len(found["radii"])


def test_exit_codes_are_in_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.main(["--help"])
    text = capsys.readouterr().out
    for code in (0, cli.FAILED, cli.ERROR, cli.DAMAGED, cli.INTERRUPTED, cli.PIPE_CLOSED):
        assert f"\n  {code} " in text


def test_progress_only_where_somebody_watches(
    files: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    model = str(fit(files))
    arguments = ["certify", model, str(files / "test.csv"), "--label", "tree"]
    capsys.readouterr()
    monkeypatch.setattr(progress, "_PATIENCE", 0.0)
    for options, title in (([], "certify"), (["--exact"], "minimal perturbations")):
        assert cli.main([*arguments, *options]) == 0
        assert capsys.readouterr().err == ""
        with monkeypatch.context() as patch:
            patch.setattr(sys.stderr, "isatty", lambda: True)
            assert cli.main([*arguments, *options]) == 0
        assert f"{title}:   0%" in capsys.readouterr().err


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_shell_completion(shell: str) -> None:
    shtab = pytest.importorskip("shtab")
    script = shtab.complete(cli.make_parser(), shell)
    assert "robust-metric" in script and "--no-label" in script
