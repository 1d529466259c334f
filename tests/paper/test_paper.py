"""The command ``robust-metric report paper``: figures, resuming, and the files it writes."""

from __future__ import annotations

import csv
import json
import re
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.utils import shuffle

import robust_metric as rm
from robust_metric import cli
from robust_metric.attacks import RegionAttack
from robust_metric.learners import arml
from robust_metric.paper import methods
from robust_metric.paper.cells import Cell, CellStore
from robust_metric.paper.methods import METHODS, Method, folder_digest
from robust_metric.paper.page import templates
from robust_metric.paper.protocol import Problem, load, stratified
from robust_metric.paper.runs import MethodResult, Plan, SetResult
from robust_metric.paper.tables import Table, comparison_table
from robust_metric.results import RobustErrorCurve, certified_robust_error


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Two small sets: one of three classes by name, one called usps, of 16 x 16 pixels."""
    folder = tmp_path / "data"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for name, d in (("flowers", 5), ("usps", 256)):
        y = np.arange(60) % 3
        X = rng.normal(size=(60, d)) + 2.0 * rng.normal(size=(3, d))[y]
        labels = np.array(["a", "b", "c"])[y] if name == "flowers" else y
        np.savez(folder / f"{name}.npz", X_train=X[:40], y_train=labels[:40], X_test=X[40:],
                 y_test=labels[40:])  # fmt: skip
    return folder


def report(data: Path, *options: str, status: int = 0) -> Path:
    out = data.parent / "out"
    arguments = ["report", "paper", "--data", str(data), "--out", str(out), "--n-test", "15"]
    assert cli.main([*arguments, "--methods", "euclidean,nca", *options]) == status
    return out


def test_figures_are_those_of_the_protocol(data: Path) -> None:
    out = report(data, "--sets", "flowers", "--k", "1,3")
    rows = list(csv.DictReader((out / "flowers.csv").open()))
    X_train, X, y_train, y = rm.datasets.load(data / "flowers.npz")
    X, y = (part[:15] for part in shuffle(X, y, random_state=42))
    radii = sorted({float(row["radius"]) for row in rows})
    for k, kind in ((1, "exact"), (3, "bound"), (3, "attack")):
        clf = rm.CertifiedKNeighborsClassifier(k).fit(X_train, y_train)
        if kind == "exact":
            radius = clf.minimal_perturbation(X, y).lower
        else:
            radius = (
                clf.certify(X, y).radius if kind == "bound" else RegionAttack()(clf, X, y).costs
            )
        written = [
            float(row["certified_robust_error"])
            for row in rows
            if (row["method"], row["n_neighbors"], row["kind"]) == ("Euclidean", str(k), kind)
        ]
        assert np.array_equal(written, certified_robust_error(radius, radii))


def test_the_files(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = report(data)
    stdout, stderr = capsys.readouterr()
    assert stdout.startswith(f"Wrote to {out}: report.html")
    assert "NCA, k11-attack:" in stderr
    page = (out / "report.html").read_text()
    # nothing beside the page is needed: no address but those inside it
    assert not re.search(r'(?:src|href)="(?!data:|#)', page)
    assert page.count("data:image/svg+xml") == 6 and page.count("data:image/png") == 1
    assert "3 classes; 15 test points" in page
    text = (out / "results.md").read_text()
    assert "## flowers" in text and "## USPS" in text
    assert "K = 11, empirical robust error, region attack:" in text
    # figures of other programs belong to other data of that name
    assert "published code |" not in text
    for name in ("usps_k1_exact.svg", "flowers_k11_bound.svg"):
        assert (out / name).read_bytes().startswith(b"<?xml")
    times = list(csv.DictReader((out / "times.csv").open()))
    assert {row["step"] for row in times} == {"fit", "k1 exact", "k11 bound", "k11 attack"}


def test_fewer_points_are_attacked_and_the_report_says_so(data: Path) -> None:
    report(data)
    out = report(data, "--attack-at-most", "9,usps=4")
    times = list(csv.DictReader((out / "times.csv").open()))
    counts = {(row["set"], row["step"]): int(row["n_points"]) for row in times}
    assert counts["usps", "k11 attack"] == 4 and counts["flowers", "k11 attack"] == 9
    assert counts["usps", "k11 bound"] == 15
    for name in ("results.md", "report.html"):
        text = (out / name).read_text()
        assert "15 test points, the first 4 of them attacked." in text
    rows = list(csv.DictReader((out / "usps.csv").open()))
    X_train, X, y_train, y = rm.datasets.load(data / "usps.npz")
    X, y = (part[:4] for part in shuffle(X, y, random_state=42))
    costs = RegionAttack()(rm.CertifiedKNeighborsClassifier(11).fit(X_train, y_train), X, y).costs
    for row in rows:
        if (row["method"], row["kind"]) == ("Euclidean", "attack") and row["n_neighbors"] == "11":
            error = certified_robust_error(costs, float(row["radius"]))
            assert float(row["certified_robust_error"]) == error


def test_a_second_run_computes_nothing(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = report(data, "--sets", "flowers")
    first = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    capsys.readouterr()
    report(data, "--sets", "flowers")
    assert "fit" not in capsys.readouterr().err
    assert {path: path.read_bytes() for path in out.rglob("*") if path.is_file()} == first
    report(data, "--redo", "nca", "--sets", "flowers")
    err = capsys.readouterr().err
    assert "NCA, fit" in err and "Euclidean" not in err


def test_an_interrupted_run_goes_on(
    data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    calls = 0
    call = RegionAttack.__call__

    def interrupted(self: RegionAttack, *args: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise KeyboardInterrupt
        return call(self, *args)

    monkeypatch.setattr(RegionAttack, "__call__", interrupted)
    out = report(data, "--sets", "flowers", status=130)
    assert "the same command goes on" in capsys.readouterr().err
    assert not (out / "report.html").exists()
    report(data, "--sets", "flowers")
    err = capsys.readouterr().err
    assert re.findall(r"s    (.*): [\d.]+ s", err) == ["NCA, k11-attack"]


def test_what_changes_is_computed_again(
    data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ("--sets", "flowers", "--methods", "arml", "--k", "1")
    report(data, *arguments)
    capsys.readouterr()
    changed = Method("arml", "ARML", "#000000", "", lambda n_jobs: rm.ARML(max_iter=20))
    monkeypatch.setitem(METHODS, "arml", changed)  # type: ignore[arg-type]
    report(data, *arguments)
    assert capsys.readouterr().err.count("ARML, ") == 2
    with np.load(data / "flowers.npz") as parts:
        np.savez(data / "flowers.npz", **{**parts, "X_test": parts["X_test"] + 1e-3})
    report(data, *arguments)
    assert capsys.readouterr().err.count("ARML, ") == 2
    monkeypatch.setattr(methods.Method, "code", lambda self: "another")
    report(data, *arguments)
    # the learner is fitted again, and learns the same: its radii are still good
    assert re.findall(r"ARML, ([^:]*)", capsys.readouterr().err) == ["fit"]


def test_a_method_that_fails_does_not_stop_the_others(
    data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Broken:
        def get_params(self, deep: bool = True) -> dict[str, Any]:
            return {}

        def fit(self, X: Any, y: Any) -> None:
            raise np.linalg.LinAlgError("singular")

    broken = Method("nca", "NCA", "#000000", "", lambda n_jobs: Broken())
    monkeypatch.setitem(METHODS, "nca", broken)  # type: ignore[arg-type]
    out = report(data, "--sets", "flowers", "--k", "1", status=1)
    assert "NCA: failed, LinAlgError: singular" in capsys.readouterr().err
    for name in ("report.html", "results.md"):
        assert "NCA failed: LinAlgError: singular" in (out / name).read_text()


def test_pruning_certifies_what_is_left(data: Path) -> None:
    out = report(data, "--sets", "flowers", "--methods", "pruning", "--k", "1", "--no-attack")
    problem = load(data / "flowers.npz", 15)
    pruned = METHODS["pruning"].learner(radius=0.1).fit(problem.X_train, problem.y_train)
    expected = pruned.estimator_.minimal_perturbation(problem.X, problem.y).lower
    rows = [row for row in csv.DictReader((out / "flowers.csv").open()) if row["kind"] == "exact"]
    radii = [float(row["radius"]) for row in rows]
    written = [float(row["certified_robust_error"]) for row in rows]
    assert np.array_equal(written, certified_robust_error(expected, radii))


def test_every_method_can_be_made() -> None:
    for method in METHODS.values():
        if method.make is not None:
            assert hasattr(method.learner(n_jobs=1, radius=0.5), "fit")
        assert "n_jobs" not in method.settings() and isinstance(method.code(), str)
    assert METHODS["pruning"].settings(0.5)["radius"] == 0.5
    assert (
        Plan(neighbors=(1, 3), n_test=9, fit_at_most=7)
        .command()
        .endswith("--out DIR --k 1,3 --n-test 9 --fit-at-most 7")
    )


def test_only_render(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report(data, "--sets", "flowers", "--methods", "euclidean", "--k", "1")
    capsys.readouterr()
    out = report(data, "--only-render")
    assert "fit" not in capsys.readouterr().err
    assert "| NCA | \u2013 |" in (out / "results.md").read_text()


def test_quick_runs_say_so(data: Path) -> None:
    out = report(data, "--quick", "--sets", "flowers", "--k", "1")
    for name in ("report.html", "results.md"):
        assert "QUICK RUN" in (out / name).read_text()


def test_fits_on_part_of_the_training_set_say_so(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    part = Method("nca", "NCA", "#000000", "", METHODS["nca"].make, fit_at_most=20)
    monkeypatch.setitem(METHODS, "nca", part)  # type: ignore[arg-type]
    out = report(data, "--sets", "flowers", "--k", "1")
    assert re.search(r"\| NCA \| [\d.]+ s on 20 \|", (out / "results.md").read_text())
    report(data, "--sets", "flowers", "--k", "1", "--fit-at-most", "30,euclidean=5,nca=10")
    assert re.search(r"\| NCA \| [\d.]+ s on 10 \|", (out / "results.md").read_text())
    report(data, "--sets", "flowers", "--k", "1", "--fit-at-most", "30,flowers=15")
    assert re.search(r"\| NCA \| [\d.]+ s on 15 \|", (out / "results.md").read_text())
    y = load(data / "flowers.npz").y_train
    rows = stratified(y, 20)
    assert len(set(rows.tolist())) == 20 and set(np.unique(y[rows], return_counts=True)[1]) <= {
        6,
        7,
    }
    assert len(stratified(y, 100)) == 40


def test_user_errors(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for options, message in (
        (["--sets", "roses"], "--sets must name some of flowers, usps, got 'roses'"),
        (["--methods", "magic"], "--methods must name some of euclidean,"),
        (["--redo", "magic"], "--redo must name some of euclidean,"),
        (["--fit-at-most", "magic=3"], "--fit-at-most must name some of euclidean, nca,"),
        (["--attack-at-most", "nca=3"], "--attack-at-most must name some of usps, flowers, got"),
    ):
        report(data, *options, status=2)
        assert message in capsys.readouterr().err
    assert cli.main(["report", "paper", "--data", str(data / "no"), "--out", "o"]) == 2
    assert "--data must name a folder with .npz files" in capsys.readouterr().err
    for arguments, message in (
        (["report", "paper", "--data", "d"], "required: --out"),
        (["report", "paper", "--data", "d", "--out", "o", "--k", "0"], "wanted positive whole num"),
        (
            ["report", "paper", "--data", "d", "--out", "o", "--fit-at-most", "nca="],
            "wanted numbers like 1000 or NAME=100, got 'nca='",
        ),
    ):
        with pytest.raises(SystemExit):
            cli.main(arguments)
        assert message in capsys.readouterr().err


def test_json_holds_the_curves(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = report(data, "--sets", "flowers", "--k", "1", "--json")
    found = json.loads(capsys.readouterr().out)
    assert found["folder"] == str(out) and [part["data"] for part in found["sets"]] == ["flowers"]
    rows = list(csv.DictReader((out / "flowers.csv").open()))
    for method in found["sets"][0]["methods"]:
        assert method["failure"] is None and len(method["curves"]) == 2
        for curve in method["curves"]:
            expected = [
                float(row["certified_robust_error"])
                for row in rows
                if (row["method"], row["kind"]) == (method["method"], curve["radius"])
            ]
            assert curve["robust_error"] == expected and curve["n_neighbors"] == 1


def test_help_has_an_example(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.main(["report", "--help"])
    assert "  robust-metric report paper " in capsys.readouterr().out


def test_cells_are_kept_by_their_key(tmp_path: Path) -> None:
    store = CellStore(tmp_path / "cells")
    cell = Cell({"seconds": 0.5}, {"a": np.arange(3)})
    store.put("set/step", {"x": (1, 2), "y": None}, cell)
    found = store.get("set/step", {"y": None, "x": [1, 2]})
    assert found is not None and found.values == cell.values
    assert np.array_equal(found.arrays["a"], cell.arrays["a"])
    assert store.get("set/step", {"x": (1, 3), "y": None}) is None
    assert store.get("set/other", {}) is None
    path = tmp_path / "cells" / "set" / "step.npz"
    path.write_bytes(path.read_bytes()[:-40])
    assert store.get("set/step", {"x": (1, 2), "y": None}) is None


def test_tables() -> None:
    table = Table(
        ["name", "r < 1"], [["a & b", ".5"], ["c", ""]], frozenset({(0, 1)}), frozenset({1})
    )
    assert table.markdown().splitlines() == [
        "| name | r < 1 |",
        "|:--|--:|",
        "| a & b | **.5** |",
        "| *c* |  |",
    ]
    html = str(templates().get_template("table.html").module.draw(table))
    assert "<b>.5</b>" in html and "a &amp; b" in html and "r &lt; 1" in html
    assert html.count('class="l"') == 3 and html.count('class="aside"') == 1


def test_learners_are_known_by_all_files_of_their_folder(tmp_path: Path) -> None:
    seen = set()
    for name, text in (("learner.py", "1"), ("training.py", "1"), ("training.py", "2")):
        (tmp_path / name).write_text(text)
        seen.add(folder_digest(tmp_path))
    assert len(seen) == 3
    assert METHODS["arml"].code().endswith(folder_digest(Path(arml.__path__[0])))


def test_without_jinja(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jinja2", None)
    with pytest.raises(ImportError, match=r"jinja2.*robust-metric\[report\]"):
        templates()


def test_comparison_with_the_published_algorithm() -> None:
    rng = np.random.default_rng(0)
    X, y = rng.random((6, 2)), np.arange(6) % 2
    problem = Problem("splice", X, y, X, y, digest="b29def989737358af289df308f85ddef")
    radius = np.array([0.0, 0.15, 0.25, 0.35, 0.45, 0.9])
    result = MethodResult(METHODS["arml"])
    result.curves[1, "exact"] = RobustErrorCurve("ARML", 1, "exact", radius, 0.0)
    # errors .167 .167 .333 .5 .667 .833 beside the published .111 .217 .349 .510 .652 .781
    table = comparison_table([SetResult(problem, [result])], (1, 11))
    assert table.rows == [["Splice", "1", ".444", ".437", "+1.8%", "+0.056 at 0"]]
    other = SetResult(replace(problem, digest="another"), [result])
    assert comparison_table([other], (1,)).rows == []
