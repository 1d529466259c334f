"""Threat models on the command line: saved with models and certificates, certified, attacked, checked."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from cli_helpers import error_of, fit

from robust_metric import CertifiedKNeighborsClassifier, ThreatModel, cli, datasets, load_model
from robust_metric.attacks import RegionAttack
from robust_metric.io.model_files import load_scaling
from robust_metric.io.npz import read_npz
from robust_metric.io.threat_arrays import unpack_threat
from robust_metric.results import Certificates

FITTED = ThreatModel(1, (0.1, 0.9), np.array([np.inf, 1.0, 2.0, 0.5]), clip_queries=True)


@pytest.fixture
def model(tmp_path: Path) -> str:
    """A model of iris, saved with the threat model FITTED."""
    path = str(tmp_path / "model.npz")
    options = ["--norm", "1", "--bounds", "0.1", "0.9", "--clip"]
    options += ["--feature-cost", "7,1,2,0.5", "--freeze", "0"]
    arguments = ["fit", "iris", "--metric", "euclidean", "--n-neighbors", "3", "--out", path]
    assert cli.main([*arguments, *options]) == 0
    return path


def iris(model: str) -> tuple[CertifiedKNeighborsClassifier, np.ndarray, np.ndarray]:
    """The model as loaded, and what certify and attack work on: the scaled test part."""
    _, X, _, y = datasets.split(datasets.read("iris"))
    scaling = load_scaling(model)
    assert scaling is not None
    return load_model(model), scaling.apply(X), y


def outputs(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    capsys.readouterr()
    assert cli.main(list(arguments)) == 0
    return capsys.readouterr().out


def test_certify_takes_the_models_threat_model(
    tmp_path: Path, model: str, capsys: pytest.CaptureFixture[str]
) -> None:
    certs = str(tmp_path / "c.npz")
    clf, X, y = iris(model)
    assert clf.threat == FITTED
    costs, bounds = "feature costs, 1 of 4 features frozen", "bounds [0.1, 0.9], queries clipped"
    said = f"Threat model: 1-norm, {costs}, {bounds}.\n"
    assert said in outputs(capsys, "certify", model, "iris", "--out", certs, "--evidence")
    saved = Certificates.load(certs)
    assert saved.threat == FITTED
    assert np.array_equal(saved.radius, clf.certify(X, y).radius)
    positive = int((saved.radius > 0.0).sum())
    printed = outputs(capsys, "check", certs, model)
    assert positive > 0 and printed.startswith(f"{said}{positive} proved, 0 failed")
    assert not clf.threat.holds(X).all()  # some were clipped


@pytest.mark.parametrize("exact", [False, True])
def test_certify_under_another_threat_model(
    tmp_path: Path, model: str, capsys: pytest.CaptureFixture[str], exact: bool
) -> None:
    certs, clf, (lower, upper) = str(tmp_path / "c.npz"), load_model(model), (-1.0, np.inf)
    options = ["--norm", "inf", "--bounds", "-1", "none", "--feature-cost", "1", "--evidence"]
    options += ["--exact"] * exact
    printed = outputs(capsys, "certify", model, "iris", "--out", certs, "--json", *options)
    assert json.loads(printed)["threat"] == ("inf-norm, bounds [-1, inf], queries clipped")
    saved = Certificates.load(certs)
    threat = ThreatModel(np.inf, (lower, upper), np.ones(4), clip_queries=True)
    assert saved.threat == threat
    clf, X, y = iris(model)
    clf.set_params(threat=threat)
    expected = clf.minimal_perturbation(X, y).lower if exact else clf.certify(X, y).radius
    assert np.array_equal(saved.radius, expected)
    assert ", 0 failed" in outputs(capsys, "check", certs, model, *options[:7])
    assert cli.main(["check", certs, model]) == 1  # of another threat model than the model's
    said = capsys.readouterr().out
    assert "model: its threat model has norm 1, certified was inf" in said
    assert "model: its threat model has cost inf of feature 0, certified was 1 (and 2" in said
    assert cli.main(["check", certs, model, *options[:2]]) == 1
    said = capsys.readouterr().out
    assert "threat model: the one asked for has lower bound 0.1 of feature 0, certified" in said


def test_costs_and_bounds_of_each_feature_come_from_files(
    tmp_path: Path, model: str, capsys: pytest.CaptureFixture[str]
) -> None:
    costs, low, certs = (str(tmp_path / name) for name in ("costs.csv", "low.txt", "c.npz"))
    Path(costs).write_text("1,2,inf,0.25\n")
    Path(low).write_text("-2\n-2.5\n-inf\n-1\n")
    options = ["--norm", "2", "--bounds", low, "2", "--feature-cost", costs]
    printed = outputs(capsys, "certify", model, "iris", "--out", certs, *options)
    assert "2-norm, feature costs, 1 of 4 features frozen, bounds of each feature" in printed
    threat = Certificates.load(certs).threat
    bounds = (np.array([-2, -2.5, -np.inf, -1]), 2.0)
    assert threat == ThreatModel(2, bounds, np.array([1, 2, np.inf, 0.25]), clip_queries=True)


def test_attack_under_the_models_threat_model_and_another(
    tmp_path: Path, model: str, capsys: pytest.CaptureFixture[str]
) -> None:
    out = str(tmp_path / "adversarial.npz")
    clf, X, y = iris(model)
    for options, threat in (
        ([], FITTED),
        (
            ["--norm", "inf", "--freeze", "1,2", "--bounds", "-1", "2"],
            ThreatModel(np.inf, (-1.0, 2.0), [np.inf, np.inf, np.inf, 0.5], clip_queries=True),
        ),
    ):
        printed = outputs(capsys, "attack", model, "iris", "--out", out, *options)
        assert f"Threat model: {threat}.\n" in printed
        header, saved = read_npz(out, "attack")
        stored = unpack_threat(header["threat"], saved)
        assert stored is not None and str(stored) == str(threat) and stored.norm == threat.norm
        expected = RegionAttack()(clf, X, y, threat)
        assert np.array_equal(saved["costs"], expected.costs)
        frozen = threat.frozen(4)
        assert not saved["perturbations"][:, frozen].any() and saved["perturbations"].any()


def test_points_outside_the_bounds_are_an_error_unless_clipped(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model, certs = str(tmp_path / "model.npz"), str(tmp_path / "c.npz")
    assert cli.main(["fit", "iris", "--metric", "euclidean", "--out", model]) == 0
    for command in (["certify", model, "iris", "--out", certs], ["attack", model, "iris"]):
        arguments = [*command, "--bounds", "0.1", "0.9"]
        assert cli.main(arguments) == 2
        error = capsys.readouterr().err
        assert "DATA must lie within the bounds of the threat model, [" in error
        assert "(scaled [0.1, 0.9] and " in error
        assert "--clip moves" in error and error.count("\n") == 1
        assert "queries clipped" in outputs(capsys, *arguments, "--clip")


@pytest.mark.parametrize("command", ["fit", "certify", "attack"])
@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--norm", "3"], "wanted 1, 2 or inf, got '3'"),
        (["--bounds", "1"], "expected 2 arguments"),
        (
            ["--bounds", "0", "high"],
            "or age=0.5,sex=1, or a file of them, got 'high'",
        ),
        (
            ["--feature-cost", ""],
            "or age=0.5,sex=1, or a file of them, got ''",
        ),
        (
            ["--feature-cost", "1,x"],
            "or age=0.5,sex=1, or a file of them, got '1,x'",
        ),
        (
            ["--feature-cost", "a=1,a=2"],
            "wanted numbers like 0.5,1 or age=0.5,sex=1, or a file of them",
        ),
        (["--freeze", "a,,b"], "wanted features like age,sex or 0,3, got 'a,,b'"),
    ],
)
def test_wrong_usage(
    command: str, options: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    files = ["iris"] if command == "fit" else ["model.npz", "iris"]
    with pytest.raises(SystemExit) as caught:
        cli.main([command, *files, "--out", "o.npz", *options])
    assert caught.value.code == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--freeze", "0,9"], "--freeze must name features by number from 0 to 3, got 9"),
        (["--feature-cost", "1,2"], "--feature-cost must have one value per feature, 4, got"),
        (["--feature-cost", "1,2", "--freeze", "0"], "--feature-cost must have one value per"),
        (
            ["--freeze", "age"],
            "--freeze must name features by number where these have no names, got 'age'",
        ),
        (
            ["--feature-cost", "age=1"],
            "--feature-cost must name features by number where these have no",
        ),
        (
            ["--feature-cost", "0=1,00=2"],
            "--feature-cost must mention a feature once, got '00' again",
        ),
        (["--feature-cost", "0"], "--feature-cost must be a (d,) array of positive numbers"),
        (["--bounds", "1", "0"], "--bounds must have lower <= upper everywhere"),
        (["--bounds", "0,0", "1,1"], "--bounds must have one value per feature, 4, got"),
    ],
)
def test_options_that_do_not_fit_the_model(
    tmp_path: Path, options: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "model.npz"
    assert cli.main(["fit", "iris", "--out", str(out), *options]) == 2
    assert message in capsys.readouterr().err and not out.exists()


def test_features_by_name(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model, certs, data = fit(files), str(files / "c.npz"), str(files / "test.csv")
    costs = files / "costs.txt"
    costs.write_text("b=2\nd=0.5\n")
    options = ["--norm", "1", "--freeze", "a,2", "--feature-cost", str(costs)]
    options += ["--bounds", "d=-1,1=-2", "none", "--clip"]  # in the units of the columns
    scaling = load_scaling(model)
    assert scaling is not None
    made = ["--label", "tree", "--out", certs, "--evidence", *options]
    said = outputs(capsys, "certify", str(model), data, *made)
    assert "2 of 4 features frozen" in said
    saved = Certificates.load(certs)
    lower = scaling.apply(np.array([[-np.inf, -2.0, -np.inf, -1.0]]))[0]
    wanted = ThreatModel(1, (lower, np.inf), [np.inf, 2.0, np.inf, 0.5], clip_queries=True)
    assert saved.threat is not None
    assert np.array_equal(saved.threat.box(4), wanted.box(4))
    assert np.array_equal(saved.threat.weights(4), wanted.weights(4))
    assert ", 0 failed" in outputs(capsys, "check", certs, str(model), *options)
    # saved by fit, and the same by numbers
    by_number = ["--norm", "1", "--freeze", "0,2", "--feature-cost", "1=2,3=0.5"]
    by_number += ["--bounds", "3=-1,1=-2", "none", "--clip"]
    assert load_model(fit(files, *options)).threat == load_model(fit(files, *by_number)).threat


@pytest.mark.parametrize("command", ["fit", "certify"])
def test_unknown_names(files: Path, command: str, capsys: pytest.CaptureFixture[str]) -> None:
    model, data = str(fit(files)), str(files / "train.csv")
    arguments = [command, *([model] * (command != "fit")), data, "--out", str(files / "o.npz")]
    for options, message in (
        (["--freeze", "a,e"], "--freeze must name features, 'a', 'b', 'c', 'd', got 'e'"),
        (["--feature-cost", "aa=1"], "got 'aa'; did you mean 'a'?"),
        (["--bounds", "none", "x=1"], "--bounds must name features, 'a', 'b', 'c', 'd', got 'x'"),
    ):
        assert message in error_of(capsys, *arguments, "--label", "tree", *options)


def test_names_with_commas_and_digits(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = (
        (files / "train.csv").read_text().replace("tree,a,b,c,d", 'tree,"age, in years",2019,x=y,d')
    )
    (files / "odd.csv").write_text(text)
    model = str(files / "odd.npz")
    arguments = ["fit", str(files / "odd.csv"), "--label", "tree", "--out", model]
    options = ["--freeze", '"age, in years",2019', "--feature-cost", "x=y=3"]
    assert cli.main([*arguments, "--metric", "euclidean", *options]) == 0
    assert load_model(model).threat.weights(4).tolist() == [np.inf, np.inf, 3.0, 1.0]


def test_bounds_of_named_features_are_in_the_units_of_their_columns(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rng = np.random.default_rng(0)
    age = np.r_[18, 78, rng.integers(18, 79, 60)]
    rows = [f"{a},{p},{'old' if a > 50 else 'young'}" for a, p in zip(age, age / 7, strict=True)]
    data, model = tmp_path / "people.csv", str(tmp_path / "m.npz")
    data.write_text("age,pay,kind\n" + "\n".join(rows))
    arguments = ["fit", str(data), "--metric", "euclidean", "--out", model]
    assert cli.main([*arguments, "--bounds", "age=18", "age=78,pay=8"]) == 0
    box, scaling = load_model(model).threat.box(2), load_scaling(model)
    assert box is not None and scaling is not None
    lower, upper = box
    assert lower.tolist() == [0.0, -np.inf]
    assert upper.tolist() == [1.0, scaling.apply([[0.0, 8.0]])[0, 1]]
    assert 0.0 < upper[1] < 1.0
    # a value that is its bound is within it, whatever rounding does to both
    for value in np.unique(age)[::4].tolist():
        pair = ["--bounds", f"age={value},pay={value / 7!r}", f"0={value},pay={value / 7!r}"]
        (tmp_path / "one.csv").write_text(f"age,pay\n{value},{value / 7!r}\n")
        assert cli.main(["certify", model, str(tmp_path / "one.csv"), "--no-label", *pair]) == 0


def test_files_of_bounds_and_costs_are_not_overwritten(
    files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model, numbers = str(fit(files)), files / "numbers.txt"
    numbers.write_text("1 1 1 1\n")
    common = ["--label", "tree", "--out", str(numbers)]
    for command in (["fit"], ["certify", model], ["attack", model]):
        for option in (
            ["--feature-cost", str(numbers)],
            ["--bounds", "none", str(numbers)],
            ["--bounds", str(files / ".." / files.name / "numbers.txt"), "none"],
        ):
            said = error_of(capsys, *command, str(files / "train.csv"), *common, *option)
            assert f"--out must be another file than {option[0]}, which it would overwrite" in said
    assert numbers.read_text() == "1 1 1 1\n"


def test_evidence_is_not_exported_over_what_it_is_read_from(
    files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model, certs = str(fit(files)), str(files / "c.npz")
    data = [str(files / "test.csv"), "--label", "tree", "--evidence"]
    assert cli.main(["certify", model, *data, "--out", certs]) == 0
    for path, name in ((model, "MODEL"), (certs, "CERTS")):
        said = error_of(capsys, "export-evidence", certs, model, "--out", path)
        assert f"--out must be another file than {name}" in said


def test_what_is_outside_is_told_by_name_in_the_units_of_the_table(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table, model, out = (str(tmp_path / name) for name in ("t.csv", "m.npz", "c.npz"))
    rows = [f"{20 + i},{1000 * (i % 4)},{'ab'[i % 2]}" for i in range(20)]
    Path(table).write_text("\n".join(["age,income,kind", *rows]))
    fit = ["fit", table, "--metric", "euclidean", "--out", model]
    for scale in ([], ["--no-scale"]):
        assert cli.main([*fit, *scale]) == 0
        for command in (["certify", "--out", out], ["counterfactuals"], ["attack"]):
            capsys.readouterr()
            arguments = [command[0], model, table, *command[1:], "--bounds", "age=21.5", "none"]
            assert cli.main(arguments) == 2
            error = capsys.readouterr().err
            assert "[21.5, inf] for feature 0 ('age'), got 20.0 in row 0" in error
            assert ("scaled [" in error) == (not scale)


def test_bounds_of_rows_are_told_by_name() -> None:
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame({"age": np.arange(6.0), "income": np.arange(6.0) % 4})
    clf = CertifiedKNeighborsClassifier(1).fit(frame, np.arange(6) % 2)
    for call in (clf.certify, clf.minimal_perturbation):
        with pytest.raises(ValueError, match=r"for feature 1 \('income'\), got 0.0 in row 0"):
            call(frame, bounds={"income": (0.5, None)})
    clf.set_params(threat=ThreatModel(bounds={"income": (0.5, None)}))
    with pytest.raises(ValueError, match=r"for feature 1 \('income'\), got 0.0 in row 0"):
        clf.certify(frame)
