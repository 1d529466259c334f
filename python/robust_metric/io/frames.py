"""Tables in Parquet and Arrow files, read by pyarrow (extra ``tables``)."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np

from .._base.arrays import Floats
from .._base.exact_input import check_exact
from .csv_tables import Columns, Ids, Table, check_names, find_places, label_column

FRAME_SUFFIXES = (".parquet", ".feather", ".arrow")

# A file of a few bytes can claim any number of rows; 2**30 float64 values are 8 GiB.
MAX_VALUES = 2**30


def read_frame(path: str | os.PathLike[str], columns: Columns) -> Table:
    """Read a Parquet or Arrow file as `csv_tables.read_csv_table` reads text; its columns have names.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ImportError
        If pyarrow is not installed.
    ValueError
        If it is damaged, has text or nothing where a number should be, or integers beyond 2^53.
    """
    if columns.header is False:
        raise ValueError(f"header must not be False for {path}, whose columns have names")
    frame = _read(path)
    names = [str(name) for name in frame.column_names]
    places = find_places(columns, names, path)
    check_names(names, places.features, path)
    if frame.num_rows == 0:
        raise ValueError(f"name_or_path must name a file with rows, got none in {path}")
    features = [_numbers(frame.column(j), j, names[j], path) for j in places.features]
    labels = [] if places.label is None else _texts(frame, places.label, path)
    ids = None if places.id is None else Ids(names[places.id], _texts(frame, places.id, path))
    return Table(
        np.stack(features, axis=1),
        labels,
        tuple(names[j] for j in places.features),
        ids,
        label_column(places.label, names, True),
    )


def width_of_frame(path: str | os.PathLike[str]) -> int:
    """Number of columns."""
    return int(_read(path).num_columns)


def _read(path: str | os.PathLike[str]) -> Any:
    if not Path(path).is_file():
        raise FileNotFoundError(f"name_or_path must name an existing file, got {path}")
    try:
        import pyarrow as pa
        from pyarrow import feather, parquet
    except ImportError as error:
        raise ImportError(
            f"{path} is read by pyarrow, which is not installed; "
            "pip install 'robust-metric[tables]', or save it as CSV"
        ) from error
    try:
        if Path(path).suffix.lower() == ".parquet":
            with parquet.ParquetFile(path) as file:
                _check_size(file.metadata.num_rows * file.metadata.num_columns, path)
                return file.read()
        try:
            return feather.read_table(path)
        except pa.ArrowInvalid:  # what is written piece by piece has no table of contents
            with pa.ipc.open_stream(path) as stream:
                return stream.read_all()
    except (pa.ArrowException, OSError) as error:
        raise ValueError(
            f"name_or_path must name an intact Parquet or Arrow file, got {path}: {error}"
        ) from error


def _check_size(values: int, path: object) -> None:
    if values > MAX_VALUES:
        raise ValueError(
            f"name_or_path must name a file of at most {MAX_VALUES} values, got {values} in {path}"
        )


def _numbers(column: Any, j: int, name: str, path: object) -> Floats:
    """Return a column of numbers as float64."""
    import pyarrow as pa

    where = f"column {j} ({name!r}) of {path}"
    if pa.types.is_dictionary(column.type):
        column = pa.chunked_array([chunk.dictionary_decode() for chunk in column.chunks])
    kind = column.type
    if column.null_count:
        row = column.is_null().to_pylist().index(True)
        raise ValueError(
            f"name_or_path must name a table of numbers, got no value in row {row}, {where}; fill "
            f"missing values or leave rows out first, or --drop {j}"
        )
    if pa.types.is_decimal(kind):
        column = column.cast(pa.float64())
    elif not (pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind)):
        raise ValueError(
            f"name_or_path must name a table of numbers, got {kind} ({column[0].as_py()!r}, ...) in "
            f"{where}; turn it into numbers first, or --drop {j}"
        )
    values: Any = column.to_numpy()
    check_exact(values, where)
    numbers: Floats = values.astype(np.float64)
    finite = np.isfinite(numbers)
    if not finite.all():
        raise ValueError(
            f"X must be finite, got {numbers[int(np.argmin(finite))]} in row {int(np.argmin(finite))}, "
            f"{where}; fill missing values or leave rows out first"
        )
    return numbers


def _texts(frame: Any, j: int, path: object) -> list[str]:
    """Return a column of labels or ids as the text that a CSV file would have; nothing is ""."""
    values = frame.column(j).to_pylist()
    return ["" if v is None else _text(v) for v in values]


def _text(value: Any) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
