"""The checker as a program: its exit codes, what it is told and what it prints, by both of its names."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hostile_files import entries, write_entries

import robust_metric as rm
from robust_metric import check, cli
from robust_metric.io.model_files import load_scaling

Run = Callable[..., int]


def fit(folder: Path, *options: str) -> None:
    arguments = ["fit", str(folder / "train.csv"), "--label", "tree", "--n-neighbors", "3"]
    assert (
        cli.main([*arguments, "--metric", "euclidean", "--out", str(folder / "m.npz"), *options])
        == 0
    )


def certify(folder: Path, *options: str) -> None:
    arguments = ["certify", str(folder / "m.npz"), str(folder / "test.csv"), "--label", "tree"]
    assert cli.main([*arguments, "--evidence", "--out", str(folder / "c.npz"), *options]) == 0


@pytest.fixture(params=["module", "command"])
def run(request: pytest.FixtureRequest, files: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the checker on the files of the folder, under either of its names."""

    def checked(*options: str, certificates: str = "c.npz", model: str = "m.npz") -> int:
        capsys.readouterr()
        arguments = [str(files / certificates), str(files / model), *options]
        if request.param == "module":
            return check.main(arguments)
        try:
            return cli.main(["check", *arguments])
        except SystemExit as leave:
            return int(leave.code or 0)

    return checked


def test_proved(files: Path, run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    fit(files)
    certify(files)
    assert run() == 0
    out, err = capsys.readouterr()
    assert err == ""
    lines = out.splitlines()
    found = rm.Certificates.load(files / "c.npz")
    positive = np.count_nonzero(found.radius)
    assert found.evidence is not None
    assert lines[0] == "Threat model: 2-norm."
    assert lines[1] == f"{positive} proved, 0 failed, {len(found) - positive} of radius 0"
    assert lines[2] == "Cost: 2-norm; of moving a feature by 1: 1 (all 4 features)."
    assert lines[3] == "Bounds: none."
    assert lines[4].startswith("Queries: 30, compared with nothing; --queries FILE compares them")
    assert len(lines[5].strip()) == 64 and len(lines) == 6


def test_not_proved(files: Path, run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    fit(files)
    certify(files)
    header, arrays = entries(files / "c.npz")
    write_entries(files / "c.npz", header, arrays | {"radius": arrays["radius"] * 1.001 + 1e-6})
    assert run() == 1
    assert "certificate 0: class" in capsys.readouterr().out
    certify(files)
    fit(files, "--no-scale")
    assert run() == 1
    assert "model: its training data are not those" in capsys.readouterr().out


def test_wrong_usage(files: Path, run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    fit(files)
    certify(files)
    (files / "wide.csv").write_text("1,2,3,4,5,6\n2,3,4,5,6,7\n")
    (files / "costs.txt").write_text("1 2 3\n")
    bare = rm.Certificates.load(files / "c.npz")
    rm.Certificates(bare.radius, bare.label, 3).save(files / "bare.npz")
    np.savez(files / "others.npz", X=np.eye(2), y=np.arange(2))
    for options, names, message in (
        ((), {"certificates": "none.npz"}, "wanted an existing .npz file"),
        ((), {"model": "none.npz"}, "wanted an existing .npz file"),
        ((), {"certificates": "m.npz"}, "a 'model' file"),
        ((), {"model": "c.npz"}, "a 'certificates' file"),
        ((), {"model": "others.npz"}, "without a JSON header"),
        ((), {"certificates": "bare.npz"}, "certificates must hold evidence"),
        (("--queries", str(files / "none.csv")), {}, "existing file"),
        (("--queries", str(files / "wide.csv")), {}, "must have the model's 4 features, got 5"),
        (
            ("--queries", str(files / "m.txt")),
            {},
            "must be in a file that ends in one of .csv, .tsv",
        ),
        (
            ("--feature-cost", str(files / "costs.txt")),
            {},
            "--feature-cost must have one value per fea",
        ),
        (("--freeze", "4"), {}, "--freeze must name features by number"),
        (("--norm", "3"), {}, "wanted 1, 2 or inf, got '3'"),
        (("--nothing",), {}, "unrecognized arguments: --nothing"),
        (("third.npz",), {}, "unrecognized arguments: third.npz"),
    ):
        assert run(*options, **names) == 2, options
        out, err = capsys.readouterr()
        assert out == "" and message in err, (options, err)


def test_damaged_files(files: Path, run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    fit(files)
    certify(files)
    for name in ("c.npz", "m.npz"):
        good = (files / name).read_bytes()
        header, arrays = entries(files / name)
        for content in (b"", good[:100], good[:-30], good[:200] + b"?" + good[201:]):
            (files / name).write_bytes(content)
            assert run() == 3
            out, err = capsys.readouterr()
            assert out == "" and err.count("\n") == 1 and "check: error: wanted an int" in err
        for changes in (
            {"n_neighbors": 0, "n_features": 10**400},
            {"model_digest": 7, "params": 7},
        ):
            write_entries(files / name, header | changes, arrays)
            assert run() == 3, changes
        (files / name).write_bytes(good)
    (files / "q.npz").write_bytes(b"PK\x03\x04")
    assert run("--queries", str(files / "q.npz")) == 3


def test_help_tells_the_exit_codes(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--help") == 0
    assert "3  a file is damaged" in capsys.readouterr().out


def test_queries_in_files(files: Path, run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    """Raw inputs, as certify got them: with and without labels, by column names, as arrays."""
    fit(files)
    certify(files)
    with np.load(files / "all.npz") as data:
        X = data["X_test"]
    rows = (files / "test.csv").read_text().splitlines()
    plain = [row.split(",", 1)[1] for row in rows]
    (files / "plain.csv").write_text("\n".join(plain) + "\n")
    turned = [",".join(reversed(row.split(","))) for row in plain]
    (files / "turned.csv").write_text("\n".join(turned) + "\n")
    np.save(files / "q.npy", X)
    np.savez(files / "q.npz", inputs=X)
    csv = ["--queries", str(files / "test.csv"), "--label"]
    for options in (
        [*csv, "tree"],
        [*csv, "0"],
        *(
            ["--queries", str(files / f)]
            for f in ("plain.csv", "turned.csv", "q.npy", "q.npz", "all.npz")
        ),
    ):
        assert run(*options) == 0, options
        said = capsys.readouterr().out
        assert f"Queries: compared with the inputs in {options[1]}." in said and "SHA" not in said
    np.save(files / "q.npy", X + 1e-9)
    assert run("--queries", str(files / "q.npy")) == 1
    assert "certificate 0: its query is not this row of the inputs" in capsys.readouterr().out


def test_digests_that_others_compute(
    files: Path, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    fit(files)
    certify(files)
    with np.load(files / "all.npz") as data:
        scaling = load_scaling(files / "m.npz")
        assert scaling is not None
        X = scaling.apply(data["X_test"])
    assert run() == 0
    assert hashlib.sha256(X.astype("<f8").tobytes()).hexdigest() in capsys.readouterr().out


def test_a_stated_threat_model(files: Path, run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    fit(files)
    stated = [
        "--norm",
        "1",
        "--feature-cost",
        "1,2,2,0.5",
        "--freeze",
        "3",
        "--bounds",
        "-9",
        "none",
    ]
    certify(files, *stated)
    assert run() == 1
    assert "model: its threat model has norm 2, certified was 1" in capsys.readouterr().out
    assert run(*stated) == 0
    said = capsys.readouterr().out
    assert (
        "Threat model: 1-norm, feature costs, 1 of 4 features frozen, bounds [-9, inf].\n" in said
    )
    assert "Cost: 1-norm; of moving a feature by 1: 0: 1, 1-2: 2, 3: inf (frozen).\n" in said
    assert "Bounds: [-9, inf] (all 4 features).\n" in said
    assert run(*stated[:-3]) == 1
    assert "threat model: the one asked for has lower bound -inf of" in capsys.readouterr().out


def test_json(files: Path, run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    fit(files)
    certify(files)
    assert run("--json", "--queries", str(files / "all.npz")) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["ok"] and found["proved"] + found["radius_0"] == found["n_queries"] == 30
    assert found["threat"] == {"norm": 2, "feature_cost": [1.0] * 4, "bounds": None}
    assert found["queries_compared"] and len(found["queries_sha256"]) == 64
    assert found["failures"] == [] and found["not_compared"] is None
    assert run("--json", "--norm", "1") == 1
    assert not json.loads(capsys.readouterr().out)["ok"]


def test_as_a_module(files: Path) -> None:
    fit(files)
    certify(files)
    command = [sys.executable, "-m", "robust_metric.check"]
    for arguments, code in ((["c.npz", "m.npz"], 0), ([], 2), (["c.npz", "train.csv"], 3)):
        done = subprocess.run([*command, *arguments], cwd=files, capture_output=True, text=True)
        assert done.returncode == code, done.stderr
