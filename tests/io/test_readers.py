"""Tables as people have them: separators, marks, compression, Parquet, Arrow; what is told of damage."""

from __future__ import annotations

import csv
import gzip
import io
import random
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from robust_metric import cli, datasets, load_model
from robust_metric.io.csv_tables import Columns
from robust_metric.io.csv_text import SEPARATORS, separator_of
from robust_metric.io.inputs import read_inputs
from robust_metric.io.parts import Parts

NAMES = ["length", "width, mm", "wet", "kind"]
ROWS: list[Any] = [[5.1, 3, True, "oak"], [-0.25, 1e-3, False, 'a "b"; c'], [7.0, 2, True, "oak"],
        [1e9, 4, False, "ash\tor|elm"]]  # fmt: skip


def text(separator: str, header: bool = True) -> str:
    """The table as CSV."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=separator, lineterminator="\n")
    writer.writerows([NAMES] * header)
    writer.writerows([a, b, float(c), d] for a, b, c, d in ROWS)
    return out.getvalue()


def assert_right(parts: Parts, names: bool = True) -> None:
    assert parts.X_train.tolist() == [[float(c) for c in row[:3]] for row in ROWS]
    assert parts.y_train.tolist() == [row[3] for row in ROWS]
    assert parts.feature_names == (tuple(NAMES[:3]) if names else None)


@pytest.mark.parametrize("separator", SEPARATORS)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("header", [True, False])
def test_text_in_every_form(
    tmp_path: Path, separator: str, encoding: str, packed: bool, header: bool
) -> None:
    content = text(separator, header).encode(encoding)
    for name in ("t.csv", "t.tsv", "t.csv.gz", "T.CSV.GZ"):  # what it is, its bytes say
        path = tmp_path / name
        path.write_bytes(gzip.compress(content) if packed else content)
        assert_right(datasets.read(path, header=header), header)


def test_standard_input_in_every_form(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    lines = [f"{a:.3f};{b:.3f};{'xy'[i % 2]}" for i, (a, b) in enumerate(rng.normal(size=(30, 2)))]
    content = ("a;b;kind\n" + "\n".join(lines)).encode("utf-8-sig")
    models = []
    for number, data in enumerate((content, gzip.compress(content))):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
        out = str(tmp_path / f"{number}.npz")
        assert cli.main(["fit", "-", "--out", out, "--metric", "euclidean"]) == 0
        models.append(load_model(out).fitted_view().points)
    assert np.array_equal(*models)


@given(st.integers(0, 2**32), st.sampled_from(SEPARATORS), st.integers(2, 5), st.integers(1, 30))
def test_the_separator_is_found(seed: int, separator: str, width: int, height: int) -> None:
    rng = random.Random(seed)
    words = ["oak", "elm", '"x,y"', '"p;q"', "a-b"]
    lines = []
    for _ in range(height):
        cells = [f"{rng.gauss(0, 10):.3g}" for _ in range(width - 1)] + [rng.choice(words)]
        lines.append(separator.join(cells) + "\n")
    assert separator_of(lines) == separator


@pytest.mark.parametrize(
    ("lines", "separator"),
    [
        (["5.1,3.5,a;b\n", "1,2,c;d\n"], ","),  # labels with semicolons
        (["5,1;3,5;a\n", "1,5;2,5;b\n"], ";"),  # decimal commas
        (["w;h;k\n", "5,1;3,5;a\n", "1;2,5;b\n"], ";"),
        (["1,2,a\n", "1,b\n"], ","),  # one is short
        (["1;2;a\n", "1;b\n"], ";"),
        (["5\n", "6\n"], ","),
        ([], ","),
    ],
)
def test_separators_in_doubt(lines: list[str], separator: str) -> None:
    assert separator_of(lines) == separator


def test_cells_of_several_lines(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    long = "\n".join(["a"] * 30)
    path.write_text(f'w;h;k\n1;2;"{long}"\n3;4;b\n')
    assert datasets.read(path).y_train.tolist() == [long, "b"]


def frame(path: Path, table: Any = None) -> Path:
    """A table as Parquet or Arrow."""
    pa = pytest.importorskip("pyarrow")
    from pyarrow import feather, parquet

    columns = dict(zip(NAMES, zip(*ROWS, strict=True), strict=True))
    table = pa.table({n: list(c) for n, c in columns.items()}) if table is None else pa.table(table)
    if path.suffix == ".parquet":
        parquet.write_table(table, path)
    elif path.suffix == ".feather":
        feather.write_feather(table, path)
    else:
        with pa.ipc.new_stream(path, table.schema) as stream:
            stream.write_table(table)
    return path


SUFFIXES = (".parquet", ".feather", ".arrow")


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_frames(tmp_path: Path, suffix: str) -> None:
    path = frame(tmp_path / f"t{suffix}")
    assert_right(datasets.read(path))
    assert_right(datasets.read(path, label="kind"))
    assert datasets.read(path, drop=["wet"], only=["length"]).X_train.shape == (4, 1)
    assert read_inputs(path, 3, Columns(names=NAMES[:3])).shape == (4, 3)
    bare = frame(tmp_path / f"bare{suffix}", {"wet": [1.0], "length": [2], "width, mm": [3.0]})
    assert read_inputs(bare, 3, Columns(names=NAMES[:3])).tolist() == [[2.0, 3.0, 1.0]]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_labels_in_frames(tmp_path: Path, suffix: str) -> None:
    pa = pytest.importorskip("pyarrow")
    for labels, wanted in (
        ([0, 1, 1], [0, 1, 1]),
        ([0.0, 2.0, 1.0], [0, 2, 1]),
        (["01", "1", "1"], ["01", "1", "1"]),
        ([True, False, True], ["True", "False", "True"]),
        (pa.array(["a", "b", "a"]).dictionary_encode(), ["a", "b", "a"]),
    ):
        path = frame(tmp_path / f"t{suffix}", {"a": [1, 2, 3], "kind": labels})
        assert datasets.read(path).y_train.tolist() == wanted


def test_the_command_line_on_frames(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pd = pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    model, out = str(files / "m.npz"), []
    for name in ("train", "test"):
        table = pd.read_csv(files / f"{name}.csv")
        table.to_parquet(files / f"{name}.parquet")
        table.to_csv(files / f"{name}.tsv", sep="\t", index=False)
        table.to_csv(files / f"{name}.csv.gz", sep=";", index=False)
    for suffix in ("csv", "parquet", "tsv", "csv.gz"):
        fitted = ["fit", str(files / f"train.{suffix}"), "--label", "tree", "--out", model]
        assert cli.main([*fitted, "--metric", "euclidean"]) == 0
        capsys.readouterr()
        certified = ["certify", model, str(files / f"test.{suffix}"), "--predictions", "-"]
        assert cli.main(certified) == 0
        out.append(capsys.readouterr().out)
    assert len(set(out)) == 1


LARGE = 2**53 + 1


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a;b;kind\n1;2;x\n1;;y\n", r"got '' in line 3, column 1 \('b'\) of .*; fill missing"),
        ("a;b;kind\n1;2;x\n1,5;2;y\n", r"got '1,5' in line 3, column 0 \('a'\) .*decimal point for"),
        ("1,2,x\n1,two,y\n", r"got 'two' in line 2, column 1 of .*; turn text into numbers .*--drop 1"),
        ("1,2,x\n1,inf,y\n", r"got 'inf' in line 2, column 1 of .*not finite"),
        ("1,2,x\n1,1e999,y\n", r"got '1e999' in line 2, column 1 of .*not finite"),
        (f"a,b,kind\n1,{LARGE},x\n2,3,y\n", r"line 2, column 1 \('b'\) of .*beyond 2\^53"),
        ("1,2,x\n1,2\n", r"got 2 in line 2 of .*; complete it, or quote"),
        ("1,2,x\n1,2,\n", r"empty label in line 2, column 2 of .*; fill it or leave the line out"),
        ("5.1 3.5 a\n4 2 b\n", r"tabs or \|, got one .*by spaces: write commas"),
        ('1,"2,x\n', "closed quotes"),
        ("é;b\n".encode("latin-1"), "UTF-8.*iconv"),
        (b"PAR1....", r"is a Parquet file: let its name end in .parquet"),
        (b"ARROW1..", r"is an Arrow file"),
        (b"PK\x03\x04", "an Excel workbook"),
        (b"BZh91AY", "compressed by bzip2: unpack it"),
        (gzip.compress(b"1,2,x\n" * 99, mtime=0)[:-9], "intact gzip file"),
        (b"\x1f\x8b\x08 nonsense", "intact gzip file"),
        (gzip.compress(b"1,2,x\n" * 5_000_000, mtime=0), "at most 100 times as long"),
    ],
)  # fmt: skip
def test_errors_name_the_place_and_the_remedy(
    tmp_path: Path, content: str | bytes, message: str
) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(ValueError, match=message):
        datasets.read(path)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_errors_of_frames(tmp_path: Path, suffix: str) -> None:
    path, kind = tmp_path / f"t{suffix}", ["x", "y"]
    for table, message in (
        ({"a": [1, None], "kind": kind}, r"no value in row 1, column 0 \('a'\) of .*fill missing"),
        ({"a": [1.0, float("nan")], "kind": kind}, r"X must be finite, got nan in row 1, column 0"),
        ({"a": ["p", "q"], "kind": kind}, r"got string \('p', ...\) in column 0 .*--drop 0"),
        ({"a": [1, LARGE], "kind": kind}, r"column 0 \('a'\) of .* integers of at most 2\^53"),
        ({"a": [1, 2], "kind": ["x", None]}, "an empty label"),
        ({"__index_level_0__": [1, 2], "a": [1, 2], "kind": kind}, "--drop 0"),
        ({"a": [1, 2]}, "at least two columns"),
    ):
        with pytest.raises(ValueError, match=message):
            datasets.read(frame(path, table))
    path.write_bytes(path.read_bytes()[:40])
    with pytest.raises(ValueError, match="intact Parquet or Arrow file"):
        datasets.read(path)
    with pytest.raises(ValueError, match="header must not be False"):
        datasets.read(frame(path, {"a": [1, 2], "kind": kind}), header=False)


def test_without_pyarrow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = frame(tmp_path / "t.parquet")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(
        ImportError, match=r"pip install 'robust-metric\[tables\]', or save it as CSV"
    ):
        datasets.read(path)
