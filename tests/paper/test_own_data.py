"""The command ``robust-metric report MODEL DATA`` and its page: figures, rows, counterfactuals."""

from __future__ import annotations

import html
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from cli_helpers import error_of, fit

import robust_metric as rm
from robust_metric import cli
from robust_metric.reports import Described, write_report

pytest.importorskip("matplotlib")
pytest.importorskip("jinja2")

VOID = {"meta", "img"}


class Balanced(HTMLParser):
    """Fails where an element is not closed."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def page_of(path: Path) -> str:
    text = path.read_text(encoding="utf-8")
    parser = Balanced()
    parser.feed(text)
    assert parser.open == [] and "http" not in re.sub(r'src="data:[^"]*"', "", text)
    return html.unescape(text)


def report(files: Path, *options: str) -> str:
    out = files / "report.html"
    arguments = ["report", str(files / "model.npz"), str(files / "test.csv"), "--out", str(out)]
    assert cli.main([*arguments, *options]) == 0
    return page_of(out)


def test_least_stable_rows_in_units_of_the_table(files: Path) -> None:
    fit(files)
    page = report(files, "--label", "tree", "--rows", "4")
    lines = [line.split(",") for line in (files / "test.csv").read_text().splitlines()[1:]]
    raw = np.array([line[1:] for line in lines], dtype=float)
    clf = rm.load_model(files / "model.npz")
    del clf.feature_names_in_
    low = np.loadtxt(files / "train.csv", delimiter=",", skiprows=1, usecols=range(1, 5))
    Z = (raw - low.min(axis=0)) / np.ptp(low, axis=0)
    radius = clf.certify(Z).radius
    shown = [int(row) for row in re.findall(r"<h3>Row (\d+):", page)]
    assert shown == np.argsort(radius, kind="stable")[:4].tolist()
    for row, part in zip(shown, page.split("<h3>Row ")[1:], strict=True):
        assert f"Radius {radius[row]:.4g}." in part
        point = raw[row].copy()
        for name, old, new in re.findall(
            r'<th scope="row" class="l">(\w)</th><td>([^<]+)</td><td>([^<]+)</td>', part
        ):
            j = "abcd".index(name)
            assert float(old) == pytest.approx(raw[row, j], rel=1e-5)
            point[j] = float(new)
        becomes = re.search(r"Becomes (\w+) at a cost of ([\d.e-]+)", part)
        assert becomes is not None
        # beyond the boundary by more than six digits hide
        beyond = raw[row] + 1.0001 * (point - raw[row])
        moved = (beyond - low.min(axis=0)) / np.ptp(low, axis=0)
        assert clf.predict(moved[None])[0] == becomes[1]
        cost = np.linalg.norm((point - raw[row]) / np.ptp(low, axis=0))
        assert float(becomes[2]) == pytest.approx(cost, rel=1e-2) and cost >= radius[row] * 0.999


def test_without_classes_nothing_is_said_of_errors(files: Path) -> None:
    fit(files)
    lines = (files / "test.csv").read_text().splitlines()
    bare = files / "bare.csv"
    bare.write_text("\n".join(line.split(",", 1)[1] for line in lines))
    out = files / "page.html"
    model = str(files / "model.npz")
    assert cli.main(["report", model, str(bare), "--no-label", "--out", str(out)]) == 0
    page = page_of(out)
    assert "misclassified" not in page and "clean error" not in page and "truly" not in page


def test_frozen_features_stay(files: Path) -> None:
    fit(files, "--freeze", "a,c")
    page = report(files, "--label", "tree")
    assert set(re.findall(r'class="l">([abcd])</th>', page)) <= {"b", "d"}


@pytest.mark.parametrize("k", [1, 4])
def test_any_classifier(tmp_path: Path, k: int) -> None:
    """Prototypes, names that need escaping, text labels, one class alone."""
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(60, 12)), rng.choice(["<b>", "a & b"], 60)
    described = Described(
        "<script>", [f"f<{j}>" for j in range(12)], [f"id&{i}" for i in range(60)]
    )
    for clf in (
        rm.CertifiedKNeighborsClassifier(k).fit(X, y),
        rm.CertifiedPrototypeClassifier(n_prototypes=3, max_iter=20, random_state=0).fit(X, y),
        rm.CertifiedKNeighborsClassifier(k).fit(X, np.full(60, "one")),
    ):
        for truth in (y, None):
            path = tmp_path / "page.html"
            write_report(path, clf, X, truth, n_rows=3, described=described)
            assert "<script>" not in path.read_text(encoding="utf-8")
            page = page_of(path)
            assert page.count("<h3>Row ") == 3
            alone = len(clf.classes_) == 1
            assert ("No change that is allowed" in page) == alone
            assert ("more features, by less" in page) == (not alone)


def test_mistakes(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = fit(files)
    data, out = files / "test.csv", files / "o.html"
    before = model.read_bytes()
    assert "--out" in error_of(capsys, "report", model, data, "--out", model)
    assert model.read_bytes() == before
    assert "DATA is missing" in error_of(capsys, "report", model, "--out", out)
    assert "--data is an option of" in error_of(
        capsys, "report", model, data, "--data", files, "--out", out
    )
    assert "takes no DATA" in error_of(capsys, "report", "paper", data, "--out", out)
    assert "see --data" in error_of(capsys, "report", "paper", "--out", out)
    assert not out.exists()


def test_json(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fit(files)
    capsys.readouterr()
    report(files, "--label", "tree", "--json", "--rows", "1")
    assert '"n_points": 30' in capsys.readouterr().out
