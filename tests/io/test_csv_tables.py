"""Columns of CSV files that are no features: an index, ids, what is dropped."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest

from robust_metric import datasets
from robust_metric.io.csv_tables import Columns
from robust_metric.io.datasets import read_columns
from robust_metric.io.tables import read_table

ROWS = "0,5.5,1.5,a\n1,4.5,2.5,a\n2,6.5,0.5,b\n3,5.0,-1.5,b\n4,6.0,1.0,b\n"


def written(folder: Path, header: str, rows: str = ROWS) -> Path:
    path = folder / "t.csv"
    path.write_text(f"{header}\n{rows}")
    return path


@pytest.mark.parametrize(
    "header", [",w,h,kind", "Unnamed: 0,w,h,kind", ",0,1,2", ",0,1,kind", '"",w,h,kind']
)
def test_an_unnamed_column_is_an_error(tmp_path: Path, header: str) -> None:
    path = written(tmp_path, header)
    with pytest.raises(ValueError, match=r"features have names, got .* for column 0 .*--drop 0"):
        datasets.read(path)
    parts = datasets.read(path, drop=[0])
    assert parts.X_train[0].tolist() == [5.5, 1.5] and len(parts.X_train) == 5
    assert parts.feature_names == tuple(header.split(",")[1:3])
    table = read_table(path, Columns(id=0))
    assert table.ids is not None and table.ids.values == ["0", "1", "2", "3", "4"]


@pytest.mark.parametrize(
    ("ids", "message"),
    [
        ([0, 1, 2, 3, 4], "counts the rows"),
        ([7, 8, 9, 10, 11], "counts the rows"),
        ([812, 13, 77, -5, 4], "another whole number in each row"),
    ],
)
def test_ids_get_a_warning(tmp_path: Path, ids: list[int], message: str) -> None:
    rows = "".join(f"{i}{line[1:]}\n" for i, line in zip(ids, ROWS.splitlines(), strict=True))
    path = written(tmp_path, "id,w,h,kind", rows)
    with pytest.warns(UserWarning, match=f"column 'id' of .* {message}.*--drop"):
        datasets.load(path, test_size=2)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for options in ({"drop": ["id"]}, {"drop": [0]}, {"only": ["w", "h"]}, {"only": ["id"]}):
            datasets.read(path, **options)  # type: ignore[arg-type]
        # a model that knows the feature has been told before
        read_columns(path, Columns(names=("id", "w", "h"), classes=("a", "b")))


def test_ordinary_numbers_get_no_warning(tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        datasets.read(written(tmp_path, "w,h,kind", "1,5,a\n2,5,a\n3,7,b\n4,9,b\n4,1,b\n"))


def test_only_and_drop_together(tmp_path: Path) -> None:
    path = written(tmp_path, "id,w,h,kind")
    assert datasets.read(path, only=["h", "w"]).feature_names == ("h", "w")
    X = datasets.read(path, only=[-2], drop=["id"]).X_train
    assert np.array_equal(X.ravel(), [1.5, 2.5, 0.5, -1.5, 1.0])


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        (Columns(drop=["x"]), "drop must name one column of .*, got 'x'; its first line is id, w"),
        (Columns(only=[9]), "only must be a column number from -4 to 3, got 9"),
        (Columns(id="x"), "id must name one column"),
        (Columns(id=-1), "label, id and features must be different"),
        (Columns(drop=["kind"]), "label, id and features must be different"),
        (Columns(drop=[0, 1, 2]), "with features, got none"),
    ],
)
def test_columns_that_cannot_be(tmp_path: Path, columns: Columns, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read_table(written(tmp_path, "id,w,h,kind"), columns)


def test_columns_are_for_csv_files(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="header, drop, only and id must be left out"):
        datasets.load("iris", drop=[0])
    with pytest.raises(TypeError, match="drop and only must be sequences of columns, got a str"):
        datasets.load(written(tmp_path, "id,w,h,kind"), drop="id")
