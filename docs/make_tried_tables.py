"""Print docs/tried_tables.md: files and frames as people have them, and what each gets.

Usage: python docs/make_tried_tables.py > docs/tried_tables.md
"""

from __future__ import annotations

import gzip
import os
import sys
import tempfile
import textwrap
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse
from sklearn.datasets import load_iris

import robust_metric as rm

INTRODUCTION = """
Made by `python docs/make_tried_tables.py > docs/tried_tables.md`, and compared with what the package does by
`tests/test_site_pages.py`. Each file is read by `rm.datasets.load(FILE)`, as the command line reads it,
unless options are named; what is shown of it is its beginning. How headers, labels and separators are told:
[command line](command_line.md).
"""

ROWS = [
    "5.1,3.5,a",
    "4.9,3.0,b",
    "6.2,2.9,a",
    "5.5,2.4,b",
    "6.0,2.2,a",
    "4.6,3.1,b",
    "5.0,3.6,a",
    "6.7,3.1,b",
]

HEADER = "length,width,kind"
LABEL_FIRST = [f"{row[-1]},{row[:-2]}" for row in ROWS]
DECIMAL_COMMAS = [row.replace(",", ";").replace(".", ",") for row in ROWS]


def with_header(header: str | None, rows: list[str] = ROWS, separator: str = ",") -> str:
    """Return the text of a table."""
    lines = [*([] if header is None else [header]), *rows]
    return "\n".join(line.replace(",", separator) for line in lines) + "\n"


def numbered(rows: list[str]) -> list[str]:
    """Return rows behind their number, as pandas writes an index."""
    return [f"{i},{row}" for i, row in enumerate(rows)]


def relabelled(*labels: str) -> list[str]:
    """Return the rows with these labels in turn."""
    return [f"{row[:-1]}{labels[i % len(labels)]}" for i, row in enumerate(ROWS)]


FILES: list[tuple[str, str | bytes, dict[str, Any]]] = [
    ("a header", with_header("length,width,kind"), {}),
    ("no header", with_header(None), {}),
    ("numbers as header, as pandas writes them", with_header("0,1,2"), {}),
    ("the same, and it is said", with_header("0,1,2"), {"header": True}),
    ("years as header", with_header("2019,2020,kind"), {}),
    ("no header, a cell missing in the first row", with_header(None, ["5.1,,a", *ROWS]), {}),
    ("a cell missing below", with_header("length,width,kind", [*ROWS, "5.1,,a"]), {}),
    ("an index without a name", with_header(",length,width,kind", numbered(ROWS)), {}),
    ("the same, left out", with_header(",length,width,kind", numbered(ROWS)), {"drop": [0]}),
    ("an id column", with_header("id,length,width,kind", numbered(ROWS)), {}),
    ("two columns of one name", with_header("length,length,kind"), {}),
    ("the label in front", with_header("kind,length,width", LABEL_FIRST), {"label": "kind"}),
    ("a label column that is not there", with_header("length,width,kind"), {"label": "species"}),
    ("semicolons", with_header("length,width,kind", separator=";"), {}),
    ("tabs", with_header("length,width,kind", separator="\t"), {}),
    ("semicolons and decimal commas", with_header("length;width;kind", DECIMAL_COMMAS), {}),
    ("a byte-order mark", b"\xef\xbb\xbf" + with_header("length,width,kind").encode(), {}),
    ("UTF-16", with_header("länge,breite,art").encode("utf-16"), {}),
    ("Latin-1", with_header("länge,breite,art").encode("latin-1"), {}),
    ("compressed by gzip", gzip.compress(with_header("length,width,kind").encode(), mtime=0), {}),
    ("Windows line ends", with_header("length,width,kind").replace("\n", "\r\n"), {}),
    ("labels 01 and 1", with_header("length,width,kind", relabelled("01", "1")), {}),
    ("labels 007 and 7", with_header("length,width,kind", relabelled("007", "7")), {}),
    ("labels 0 and 1", with_header("length,width,kind", relabelled("0", "1")), {}),
    ("labels 1, 2 and x", with_header("length,width,kind", relabelled("1", "2", "x") * 3), {}),
    ("a number written 1_000", with_header("length,width,kind", [*ROWS, "1_000,2.0,a"]), {}),
    ("a category among the features", with_header("length,colour,kind", [*ROWS, "5.0,red,a"]), {}),
    (
        "an integer beyond 2^53",
        with_header("length,width,kind", [*ROWS, "9007199254740993,2.0,a"]),
        {},
    ),
    ("a line that is too short", with_header("length,width,kind", [*ROWS, "5.0,a"]), {}),
    (
        "ages, whole numbers below 256",
        with_header("age,hours,kind", ["40,38,a", "22,20,b"] * 4),
        {},
    ),
    ("an empty file", "", {}),
    ("a header twice", with_header(HEADER, [HEADER, *ROWS]), {}),
    (
        "a header again below, as two files one after the other have it",
        with_header(HEADER, [*ROWS, HEADER, *ROWS]),
        {},
    ),
    ("a line break in a quoted name", 'length,"width\nin cm",kind\n' + "\n".join(ROWS) + "\n", {}),
    ("a line break in a quoted label", HEADER + "\n" + '5.1,3.5,"a\nb"\n4.9,3.0,c\n' * 4, {}),
    ("each line ends in a separator", with_header(HEADER + ",", [row + "," for row in ROWS]), {}),
    (
        "the same, and it is said",
        with_header(HEADER + ",", [row + "," for row in ROWS]),
        {"label": -2, "drop": [-1]},
    ),
    ("rows that end in a separator", with_header(HEADER, [row + "," for row in ROWS]), {}),
    ("a header that ends in a separator", with_header(HEADER + ","), {}),
    (
        "line ends of three kinds",
        with_header(HEADER).replace("\n", "\r\n", 3).replace("a\n", "a\r", 2),
        {},
    ),
    ("empty lines in the middle", with_header(HEADER, [*ROWS[:3], "", "  ", *ROWS[3:]]), {}),
    ("a line of separators alone", with_header(HEADER, [*ROWS[:3], ",,", *ROWS[3:]]), {}),
    ("a comment above", "# from the lab\n" + with_header(HEADER), {}),
    ("a title above", "Measurements of May\n\n" + with_header(HEADER), {}),
    (
        "a comment in the middle",
        with_header(HEADER, [*ROWS[:3], "# measured again", *ROWS[3:]]),
        {},
    ),
    ("units below the header", with_header(HEADER, ["cm,cm,", *ROWS]), {}),
    ("a sum below", with_header(HEADER, [*ROWS, "Total,25,"]), {}),
    ("Excel's line of the separator", "sep=;\n" + with_header(HEADER, separator=";"), {}),
    ("labels True and False", with_header(HEADER, relabelled("True", "False")), {}),
    ("booleans among the features", with_header(HEADER, ["True,1.0,a", "False,2.0,b"] * 4), {}),
    ("percent signs", with_header("share,width,kind", ["51%,1.0,a", "49%,2.0,b"] * 4), {}),
    (
        "separators of thousands, quoted",
        with_header("income,width,kind", ['"1,000",1.0,a', '"2,500",2.0,b'] * 4),
        {},
    ),
    (
        "the same, not quoted",
        with_header("income,width,kind", ["1,000,1.0,a", "2,500,2.0,b"] * 4),
        {},
    ),
    (
        "apostrophes between thousands",
        with_header("income,width,kind", ["1'000,1.0,a", "2'500,2.0,b"] * 4),
        {},
    ),
    ("null in a cell", with_header(HEADER, [*ROWS, "null,3.0,a"]), {}),
    ("? in a cell", with_header(HEADER, [*ROWS, "?,3.0,a"]), {}),
    ("inf in a cell", with_header(HEADER, [*ROWS, "inf,3.0,a"]), {}),
    ("0x10 in a cell", with_header(HEADER, [*ROWS, "0x10,3.0,a"]), {}),
    ("a minus sign of typesetters", with_header(HEADER, [*ROWS, "\u22125.0,3.0,a"]), {}),
    (
        "a space that does not break, before a number",
        with_header(HEADER, [*ROWS, "\u00a05.0,3.0,a"]),
        {},
    ),
    (
        "spaces around cells",
        with_header(" length , width , kind ", [row.replace(",", " , ") for row in ROWS]),
        {},
    ),
    ("numbers in quotes", with_header(HEADER, ['"5.1","3.5",a', '"4.9","3.0",b'] * 4), {}),
    ("labels missing in a row", with_header(HEADER, [*ROWS, "5.0,3.0,"]), {}),
    ("labels missing, written NA", with_header(HEADER, [*ROWS, "5.0,3.0,NA", "5.1,3.0,NA"]), {}),
    (
        "labels missing among numbers",
        with_header(HEADER, [*relabelled("0", "1"), "5.0,3.0,?", "5.1,3.0,?"]),
        {},
    ),
    ("labels 1 and 1.0", with_header(HEADER, relabelled("1", "1.0") * 2), {}),
    ("labels with a space behind", with_header(HEADER, relabelled("a", "a ", "b")), {}),
    ("labels that look alike", with_header(HEADER, relabelled("caf\u00e9", "cafe\u0301")), {}),
    (
        "labels with commas and quotes",
        with_header(None, ['5.1;3.5;"a, ""b"""', "4.9;3.0;c"] * 4),
        {},
    ),
    ("labels of emoji", with_header(HEADER, relabelled("🙂", "🙃")), {}),
    ("labels that are amounts", with_header(HEADER, relabelled("10.25", "11.5")), {}),
    ("one row", with_header(None, ROWS[:1]), {}),
    ("one row under a header", with_header(HEADER, ROWS[:1]), {}),
    ("one class", with_header(HEADER, relabelled("a")), {}),
    (
        "ids that are numbers with a point",
        with_header("id,length,width,kind", [f"{i}.0,{row}" for i, row in enumerate(ROWS)]),
        {},
    ),
    ("dates", with_header("day,width,kind", ["2024-01-01,1.0,a", "2024-01-02,2.0,b"] * 4), {}),
    ("the label by number", with_header("kind,length,width", LABEL_FIRST), {"label": 0}),
    ("the label from the end", with_header("kind,length,width", LABEL_FIRST), {"label": -3}),
    ("a label number that is not there", with_header(HEADER), {"label": -4}),
    (
        "left out and alone at once",
        with_header("id,length,width,kind", numbered(ROWS)),
        {"drop": ["id"], "only": ["length"]},
    ),
    ("one column twice", with_header(HEADER), {"only": ["width", "width"]}),
    ("the label left out", with_header(HEADER), {"drop": ["kind"]}),
    ("gzip under another name", gzip.compress(with_header(HEADER).encode(), mtime=0), {}),
    ("gzip that was cut off", gzip.compress(with_header(HEADER).encode(), mtime=0)[:-12], {}),
    ("UTF-16, big end first", ("\ufeff" + with_header(HEADER)).encode("utf-16-be"), {}),
    ("UTF-16 without a mark", with_header(HEADER).encode("utf-16-le"), {}),
    ("UTF-32", with_header(HEADER).encode("utf-32-le", "strict").join([b"\xff\xfe\0\0", b""]), {}),
    ("Latin-1 in one row", with_header(HEADER).encode() + "5.0,3.0,für\n".encode("latin-1"), {}),
    ("a zero byte in a label", with_header(HEADER, relabelled("a\0", "a")).encode(), {}),
    ("a quote that is not closed", with_header(HEADER, [*ROWS, '5.0,"3.0,a']), {}),
    ("ARFF", "@relation iris\n@attribute length numeric\n@data\n" + with_header(None), {}),
    ("LIBSVM under another name", "1 1:5.1 2:3.5\n0 1:4.9 2:3.0\n" * 4, {}),
    ("JSON", '[{"length": 5.1, "kind": "a"}]\n', {}),
]


def frames() -> list[tuple[str, Callable[[], str]]]:
    """Calls on frames and arrays; each returns what it got."""
    iris = load_iris(as_frame=True)
    X, y = iris.data, iris.target
    clf = rm.CertifiedKNeighborsClassifier(3).fit(X, y)
    names = np.asarray(iris.target_names)[y]

    def predicted(found: Any, true: Any = y) -> str:
        return f"{int((np.asarray(found) == np.asarray(true)).sum())} of {len(true)} right"

    def fitted(points: Any, labels: Any) -> str:
        model = rm.CertifiedKNeighborsClassifier(3).fit(points, labels)
        kind = type(model.classes_.tolist()[0]).__name__
        return f"{predicted(model.predict(points), labels)}, classes {kind}"

    levels = pd.MultiIndex.from_product([["petal", "sepal"], ["length", "width"]])
    numbers, letters = pd.Categorical([1, 2, 3] * 50), pd.Categorical(["u", "v", "w"] * 50)
    masked = np.ma.masked_less(X.to_numpy(), 0.2)  # type: ignore[no-untyped-call]
    return [
        ("pandas frame, integer labels", lambda: fitted(X, y)),
        ("labels as pandas strings", lambda: fitted(X, pd.Series(names, dtype="string"))),
        ("labels as objects", lambda: fitted(X, names.astype(object))),
        ("labels as categories", lambda: fitted(X, pd.Series(names, dtype="category"))),
        ("boolean labels", lambda: fitted(X, y == 0)),
        ("float labels 0.0, 1.0", lambda: fitted(X, (y == 0).astype(float))),
        ("features as pandas Float64", lambda: fitted(X.astype("Float64"), y)),
        ("features as float32", lambda: fitted(X.to_numpy(np.float32), y)),
        ("features as integers", lambda: fitted((X * 10).round().astype(int), y)),
        ("a view with strides", lambda: fitted(np.repeat(X.to_numpy(), 2, axis=0)[::2], y)),
        ("a masked array, nothing masked", lambda: fitted(np.ma.array(X.to_numpy()), y)),
        ("a masked array with a mask", lambda: fitted(masked, y)),
        ("NaN in a cell", lambda: fitted(X.mask(X < 0.2), y)),
        ("integers beyond 2^53", lambda: fitted(np.full((4, 1), 2**53 + 1), [0, 1, 0, 1])),
        (
            "columns in another order, in predict",
            lambda: predicted(clf.predict(X[X.columns[::-1]])),
        ),
        ("columns of two levels", lambda: fitted(X.set_axis(levels, axis=1), y)),
        ("columns 3, 2, 1, 0", lambda: fitted(X.set_axis([3, 2, 1, 0], axis=1), y)),
        ("a column too many, in predict", lambda: predicted(clf.predict(X.assign(more=1.0)))),
        ("a column too few, in predict", lambda: predicted(clf.predict(X.iloc[:, :3]))),
        ("two columns of one name", lambda: fitted(X.set_axis([*"aabc"], axis=1), y)),
        ("features as pandas Int64", lambda: fitted((X * 10).round().astype("Int64"), y)),
        (
            "features as pandas Float64, with NA",
            lambda: fitted(X.astype("Float64").mask(X < 0.2), y),
        ),
        ("features as pandas booleans", lambda: fitted((X > 2).astype("boolean"), y)),
        ("numbers as categories", lambda: fitted(X.assign(more=numbers), y)),
        ("text as categories", lambda: fitted(X.assign(more=letters), y)),
        ("numbers as text", lambda: fitted(X.astype(str), y)),
        ("objects, None among them", lambda: fitted([*X.to_numpy().tolist()[:-1], [None] * 4], y)),
        ("dates in a column", lambda: fitted(X.assign(day=pd.date_range("2024", periods=150)), y)),
        ("an array of dates", lambda: fitted(np.arange(150).astype("datetime64[D]")[:, None], y)),
        ("complex numbers", lambda: fitted(X.to_numpy()[:2] + 1j, y[:2])),
        ("a sparse matrix", lambda: fitted(sparse.csr_array(X), y)),
        ("a frame of Polars", lambda: fitted(polars(X), y)),
        (
            "a frame of Polars with nulls",
            lambda: fitted(polars(X.where(X > 0.2).astype(object)), y),
        ),
        ("labels with None", lambda: fitted(X, np.where(y == 2, None, names))),
        ("labels with NaN", lambda: fitted(X, y.astype(float).mask(y == 2))),
        ("labels with pandas NA", lambda: fitted(X, pd.Series(names, dtype="string").mask(y == 2))),
        ("labels under a mask", lambda: fitted(X, np.ma.array(y, mask=y == 2))),
        ("labels of numbers and text", lambda: fitted(X, [0, "a", 2] * 50)),
        ("labels in another order than the rows", lambda: fitted(X, y[::-1])),
        (
            "labels with a zero byte, or a space behind",
            lambda: fitted(X, np.array(["a", "a\0", "a "], object)[y]),
        ),
        ("labels that are amounts", lambda: fitted(X, X.iloc[:, 0] + 0.01)),
        (
            "true classes with NA",
            lambda: str(clf.robust_error(X, y.astype("Int64").mask(y == 2), [0.0])),
        ),
        ("true classes of another kind", lambda: str(clf.robust_error(X, y.astype(str), [0.0]))),
    ]


def polars(frame: pd.DataFrame) -> Any:
    """Return a frame of Polars, or of pandas where Polars is not installed."""
    try:
        import polars as pl
    except ImportError:
        return frame
    return pl.DataFrame(frame.to_dict("list"), strict=False)


def outcome(call: Callable[[], str]) -> str:
    """Return what a call gets: its answer, warnings, or its error."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", UserWarning)
        try:
            got = call()
        except (ValueError, TypeError, FileNotFoundError) as error:
            return f"{type(error).__name__}: {error}"
    return "; ".join([got, *(f"warning: {warning.message}" for warning in caught)])


def loaded(path: str, options: dict[str, Any]) -> str:
    """Return what reading a file gives."""
    X_train, _, y_train, y_test = rm.datasets.load(path, scale=False, **options)
    y = np.concatenate([y_train, y_test])
    classes = ", ".join(repr(name) for name in np.unique(y).tolist())
    return f"{len(y)} rows, {X_train.shape[1]} features, classes {classes}"


def cell(text: str) -> str:
    """Return text as a cell of a table."""
    text = " ".join(text.split()).replace("|", "\\|")
    return text if len(text) <= 260 else text[:257] + "..."


def beginning(content: str | bytes) -> str:
    """Return the first two lines of a file as code."""
    if isinstance(content, bytes):
        return f"`{content[:12].hex(' ')} ...`" if b"\x1f\x8b" != content[:2] else "(compressed)"
    lines = content.replace("\r", "\\r").replace("\t", "\\t").split("\n")[:2]
    lines = [line for line in lines if line]
    return " ".join(f"`{line}`" for line in lines) or "(nothing)"


def file_row(case: tuple[str, str | bytes, dict[str, Any]]) -> str:
    """Return the line of one file."""
    title, content, options = case
    name = "table.csv.gz" if title.startswith("compressed") else "table.csv"
    Path(name).write_bytes(content.encode() if isinstance(content, str) else content)
    said = ", ".join(f"{key}={value!r}" for key, value in options.items())
    got = outcome(lambda: loaded(name, options))
    return f"| {cell(title)}{f' (`{said}`)' if said else ''} | {cell(beginning(content))} | {cell(got)} |"


def page() -> str:
    """Return the page."""
    lines = ["# Tables that were tried, and what each got", ""]
    lines += [textwrap.fill(INTRODUCTION.strip(), 120, break_on_hyphens=False), ""]
    lines += ["## Files", "", "| file | begins | gets |", "|---|---|---|"]
    before = Path.cwd()
    with tempfile.TemporaryDirectory() as scratch:
        os.chdir(scratch)
        try:
            lines += [file_row(case) for case in FILES]
        finally:
            os.chdir(before)
    lines += ["", "## Frames, arrays and labels", ""]
    lines += ["Iris, fitted to and asked about the same rows.", "", "| input | gets |", "|---|---|"]
    lines += [f"| {title} | {cell(outcome(call))} |" for title, call in frames()]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(page())
