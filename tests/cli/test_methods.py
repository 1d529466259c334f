"""What ``robust-metric fit`` offers: every metric, prototypes, a pruned training set."""

from __future__ import annotations

import inspect
import json
from pathlib import Path

import numpy as np
import pytest
from cli_helpers import error_of, fit

import robust_metric as rm
from robust_metric import baselines, cli
from robust_metric.cli.methods import _LEARNERS


@pytest.mark.parametrize("metric", [*_LEARNERS, "euclidean"])
def test_every_metric(metric: str, files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = fit(files, "--metric", metric)
    assert f"under the {metric} metric" in capsys.readouterr().out
    clf = rm.load_model(model)
    assert (clf.components_ is None) == (metric == "euclidean")
    assert cli.main(["certify", str(model), str(files / "test.csv"), "--label", "tree"]) == 0


def test_no_baseline_is_forgotten() -> None:
    learners = {method.name for method in _LEARNERS.values()}
    for name in baselines.__all__:
        one = getattr(baselines, name)
        # ITML learns from pairs; pruning is no metric
        assert name in learners or name in ("ITML", "AdversarialPruning"), name
        assert inspect.isclass(one)


@pytest.mark.parametrize("metric", ["learn", "euclidean", "lfda"])
def test_prototypes(metric: str, files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model, data = files / "m.npz", files / "train.csv"
    arguments = ["fit", str(data), "--label", "tree", "--out", str(model), "--prototypes", "2"]
    assert cli.main([*arguments, "--metric", metric]) == 0
    assert "Learned 6 prototypes." in capsys.readouterr().out
    clf = rm.load_model(model)
    assert isinstance(clf, rm.CertifiedPrototypeClassifier) and clf.n_neighbors == 1
    assert clf.prototypes_.shape == (6, 4) and (clf.components_ is None) == (metric == "euclidean")
    for command in (["certify"], ["attack", "--attack", "gradient"]):
        what = [command[0], str(model), str(files / "test.csv"), *command[1:], "--label", "tree"]
        assert cli.main(what) == 0


def test_pruning(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = fit(files, "--metric", "euclidean", "--prune", "0.1", "--json")
    said = json.loads(capsys.readouterr().out)
    view = rm.load_model(model).fitted_view()
    assert said["n_points"] == 60 and said["n_stored"] == len(view.points) < 60
    apart = np.linalg.norm(view.points[:, None] - view.points[None], axis=2)
    assert (apart[view.labels[:, None] != view.labels] >= 0.2 * (1 - 1e-9)).all()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--metric", "learn"], "--metric learn is for prototypes; see --prototypes"),
        (["--prototypes", "2", "--prune", "1"], "--prune is for training points, got --prototypes"),
    ],
)
def test_options_that_do_not_go_together(
    options: list[str], message: str, files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = ["fit", files / "train.csv", "--label", "tree", "--out", files / "m.npz"]
    assert message in error_of(capsys, *data, *options)
