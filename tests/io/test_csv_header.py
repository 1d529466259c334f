"""Which first lines of CSV files are headers, which are rows, and which are in doubt."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from robust_metric import datasets
from robust_metric.io.csv_tables import Columns
from robust_metric.io.tables import read_table

FLOATS = "5.1,3.5,1.4,setosa\n4.9,3.0,1.4,setosa\n6.1,2.9,4.7,other\n6.3,2.5,5.0,other\n"
WHOLE = "5,3,1,2\n4,3,1,2\n6,2,4,1\n6,2,5,1\n"
TEXT = "5,3,1,a\n4,3,1,a\n6,2,4,b\n6,2,5,b\n"
QUOTED = FLOATS.replace("5.1", '"5.1"').replace("4.9", '"4.9"')


def table(folder: Path, text: str, columns: Columns | None = None) -> tuple[int, object]:
    """The number of rows, and the names."""
    path = folder / "t.csv"
    path.write_text(text, encoding="utf-8")
    read = read_table(path, columns or Columns())
    return len(read.points), read.feature_names


@pytest.mark.parametrize(
    ("first", "below"),
    [
        ("0,1,2,species", FLOATS),
        ("0,1,2,3", FLOATS),
        ('"0","1","2","species"', QUOTED),
        ("\ufeff0,1,2,species", FLOATS.replace("\n", "\n\n")),
        ("0,1,2,species", TEXT),
        ("0,1,2,3", WHOLE),
        ("0, 1, 2, species", FLOATS.replace("4.9", "-4.9")),
        ("id,0,1,2", FLOATS),
        ("a,b,c,species", FLOATS),
        ("a,b,c,d", WHOLE),
        ("a,b,c,2", WHOLE),
    ],
)
def test_headers(tmp_path: Path, first: str, below: str) -> None:
    n, names = table(tmp_path, f"{first}\n{below}")
    assert n == 4
    cells = [cell.strip(' "\ufeff') for cell in first.split(",")]
    assert names == tuple(cells[:-1])


@pytest.mark.parametrize(
    ("first", "below"),
    [
        ("5.1,3.5,1.4,setosa", FLOATS),
        ("0,1,2,setosa", FLOATS),
        ("0,1,2,a", TEXT),
        ("-1,1,2,a", TEXT),
        ("1,1,1,2", WHOLE),
        ("-5.1,3.5,1.4,setosa", QUOTED),
        ("1,0,2,1", WHOLE),
    ],
)
def test_rows(tmp_path: Path, first: str, below: str) -> None:
    assert table(tmp_path, f"{first}\n{below}") == (5, None)


@pytest.mark.parametrize("cell", ["", "NA", "?", "n/a", "5.l", "1_0", "2020-01-31"])
def test_a_first_row_with_a_bad_cell_is_not_dropped(tmp_path: Path, cell: str) -> None:
    for row in (f"5.1,{cell},1.4,setosa", f"{cell},{cell},{cell},setosa"):
        with pytest.raises(ValueError, match="in line 1, "):
            table(tmp_path, f"{row}\n{FLOATS}")


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("2019,2020,2021,species\n" + FLOATS, -1),
        ("400.5,401.0,401.5,species\n" + FLOATS, -1),
        ("age,2020,2021,species\n" + FLOATS, -1),
        ("5.1,x,1.4,odd\n" + FLOATS, -1),
        ("0,1,2\n3,4,5\n", None),
        ("1,2,3\n3.1,4.2,5.3\n3.2,4.1,5.0\n", None),
        ("0\n5.1\n4.9\n", None),
        ("0,1,2\n", None),
        ("0,1,2,species\n", -1),
        ("0,1\n3,1\n5,0\n", -1),
    ],
)
def test_doubt_is_an_error_that_the_options_settle(
    tmp_path: Path, text: str, label: int | None
) -> None:
    with pytest.raises(ValueError, match=r"header must be given.*--header or --no-header"):
        table(tmp_path, text, Columns(label))
    if text.count("\n") > 1:
        assert table(tmp_path, text, Columns(label, True))[0] == text.count("\n") - 1
    first = text.split("\n")[0].split(",")
    if not {"age", "x"} & set(first):
        assert table(tmp_path, text, Columns(label, False)) == (text.count("\n"), None)


def test_what_a_model_knows_decides(tmp_path: Path) -> None:
    names = ("2019", "2020")
    known = Columns(None, names=names)
    assert table(tmp_path, "2020,2019\n1,2\n", known) == (1, ("2020", "2019"))
    assert table(tmp_path, "1,2\n3,4\n", known) == (2, None)
    row = "5.1,3.5,1.4,rare\n"
    assert table(tmp_path, row + FLOATS, Columns(classes=("rare", "setosa")))[0] == 5


def test_one_row_is_a_row(tmp_path: Path) -> None:
    assert table(tmp_path, "5.1,3.5,1.4\n", Columns(None)) == (1, None)
    assert table(tmp_path, "5.1\n", Columns(None)) == (1, None)


def test_load_takes_header(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("2019,2020,2021,species\n" + FLOATS)
    X = datasets.load(path, header=True, scale=False, test_size=2)[0]
    assert len(X) == 2
    with pytest.raises(ValueError, match=r"label must be a column number where .* has no header"):
        datasets.load(path, label="species", header=False)
    assert np.isfinite(X).all()
