"""What could be read but is in doubt: integers beyond float64, thousands, labels that look alike."""

from __future__ import annotations

import gzip
import io
import warnings
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from robust_metric.io.csv_doubts import is_lost_integer, twins
from robust_metric.io.csv_tables import Columns
from robust_metric.io.datasets import read_columns


def written(folder: Path, text: str) -> Path:
    path = folder / "t.csv"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    "cell",
    ["9007199254740993.0", "9.007199254740993e15", "-9007199254740993.", "12345678901234567e1"],
)
def test_integers_beyond_float64_are_refused_however_written(tmp_path: Path, cell: str) -> None:
    path = written(tmp_path, f"a,b,kind\n{cell},1,x\n1.5,2,y\n3,4,x\n")
    with pytest.raises(ValueError, match=r"line 2, column 0 \('a'\).*beyond 2\^53"):
        read_columns(path, Columns())


@pytest.mark.parametrize("cell", ["1e300", "-2.5e17", "9007199254740992", "6.02214076e23", "1e16"])
def test_large_measurements_are_read(tmp_path: Path, cell: str) -> None:
    path = written(tmp_path, f"a,b,kind\n{cell},1,x\n1.5,2,y\n3,4,x\n")
    assert read_columns(path, Columns()).X_train[0, 0] == float(cell)


@given(st.integers(-(10**25), 10**25), st.integers(0, 3))
def test_what_is_lost_is_what_float64_changes(value: int, zeros: int) -> None:
    lost = is_lost_integer(f"{value}.{'0' * zeros}")
    if abs(value) <= 2**53:
        assert not lost
    elif int(float(value)) != value and len(str(abs(value)).strip("0")) > 15:
        assert lost


def test_points_between_semicolons_may_separate_thousands(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match=r"column 0 .*'1\.000'.* read as 1: .*thousands"):
        read_columns(written(tmp_path, "a;b;kind\n1.000;2;x\n2.500;3;y\n13.250;4;x\n"), Columns())


@pytest.mark.parametrize(
    "text",
    [
        "a;b;kind\n1.25;2;x\n2.500;3;y\n",
        "a;b;kind\n0.125;2;x\n0.250;3;y\n",
        "a,b,kind\n1.000,2,x\n2.500,3,y\n",
        "a;b;kind\n1000;2;x\n2500;3;y\n",
    ],
)
def test_decimals_get_no_warning(tmp_path: Path, text: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        read_columns(written(tmp_path, text), Columns())


@pytest.mark.parametrize("label", ["Yes", "YES", "yes\u200b", "\ufeffyes", "ye\u00ads", "\uff59es"])
def test_labels_that_look_alike_get_a_warning(tmp_path: Path, label: str) -> None:
    text = f"a,b,kind\n0.5,1,no\n1.5,2,yes\n2.5,2,{label}\n3.5,2,yes\n"
    with pytest.warns(UserWarning, match="look alike, but are two classes"):
        read_columns(written(tmp_path, text), Columns())


def test_twins_are_told_in_the_order_they_come() -> None:
    assert twins(["no", "a b", "a\u00a0 b"]) == ("a b", "a\u00a0 b")
    assert twins(["no", "yes", "1", "01", "é", "e"]) is None


def test_other_kinds_of_files_are_told_by_what_is_in_them(tmp_path: Path) -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("xl/workbook.xml", "")
    path = tmp_path / "t.csv"
    for content, what in (
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(60), "an old Excel workbook"),
        (gzip.compress(stream.getvalue()), "a ZIP archive or an Excel workbook"),
        (gzip.compress(b"PAR1" + bytes(60)), "a Parquet file"),
    ):
        path.write_bytes(content)
        with pytest.raises(ValueError, match=f"got .*t.csv, which is {what}"):
            read_columns(path, Columns())
