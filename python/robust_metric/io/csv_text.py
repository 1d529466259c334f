"""Lines of CSV files as text: unpacked, decoded, and cut into cells at whatever separates them."""

from __future__ import annotations

import csv
import gzip
import io
import os
import re
import sys
import zlib
from collections.abc import Iterator, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import IO

from .csv_doubts import warn_of_thousands

STANDARD_INPUT = "-"

# What may stand between cells; a comma where several might.
SEPARATORS = (",", "\t", ";", "|")
_LINES_SNIFFED = 20

# A decimal comma, and what a cell may be beside one.
_DECIMAL_COMMA = re.compile(r"[+-]?\d*,\d+(e[+-]?\d+)?", re.I)

# What stands for a byte that is no text, and what no text holds.
_NO_TEXT = re.compile("[\0\udc80-\udcff]")

# What Excel writes, and reads, above a table.
_SEPARATOR_TOLD = re.compile(r"sep=(.)\s*", re.I)

_QUOTED = re.compile('"[^"]*"')

# Files of other kinds that are taken for text, by their first bytes, and what to do with them.
_OTHER_KINDS = (
    (b"PAR1", "is a Parquet file: let its name end in .parquet"),
    (b"ARROW1", "is an Arrow file: let its name end in .arrow"),
    (b"PK\x03\x04", "is a ZIP archive or an Excel workbook: unpack it, or save the sheet as CSV"),
    (b"\xd0\xcf\x11\xe0", "is an old Excel workbook: save the sheet as CSV"),
    (b"\x93NUMPY", "is an array of NumPy: save it with its labels by numpy.savez"),
    (b"BZh", "is compressed by bzip2: unpack it, or compress it by gzip"),
    (b"\xfd7zXZ", "is compressed by xz: unpack it, or compress it by gzip"),
    (b"\x28\xb5\x2f\xfd", "is compressed by zstd: unpack it, or compress it by gzip"),
    *((start, "is JSON: save the table as CSV") for start in (b'{"', b"{\n", b"[{", b"[[", b"[\n")),
    *((start, "is a web page: save the table as CSV") for start in (b"<!", b"<html", b"<table")),
    (b"<?xml", "is XML: save the table as CSV"),
    *((start, "is ARFF: save the table as CSV") for start in (b"@relatio", b"@RELATIO")),
    (b"%PDF", "is a PDF file: save the table as CSV"),
    (b"\xff\xfe\0\0", "is text in UTF-32: save it in UTF-8"),
    (b"\0\0\xfe\xff", "is text in UTF-32: save it in UTF-8"),
)
_GZIP = b"\x1f\x8b"

# Text may be so long, in bytes, or so many times as long as its compressed file.
_ALWAYS_ALLOWED = 2**24
_MOST_EXPANSION = 100


def rows_of(path: str | os.PathLike[str]) -> Iterator[tuple[int, list[str]]]:
    """Yield line numbers and cells, without blank lines; a line of empty cells is not blank.

    ``-`` is standard input. Bytes may be compressed by gzip, and may begin with a byte-order mark.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is no text in UTF-8, or of UTF-16 with a mark, or its quotes are not closed.
    """
    if os.fspath(path) != STANDARD_INPUT and not Path(path).is_file():
        raise FileNotFoundError(f"name_or_path must name an existing file, got {path}")
    number = 0
    try:
        with _opened(path) as stream:
            head = list(islice(stream, _LINES_SNIFFED))
            told = _SEPARATOR_TOLD.fullmatch(head[0].strip('"\r\n')) if head else None
            above = 0 if told is None else 1
            separator = separator_of(head) if told is None else told[1]
            if separator == ";":
                warn_of_thousands(list(csv.reader(head[above:], delimiter=separator)), path)
            reader = csv.reader(chain(head[above:], stream), delimiter=separator, strict=True)
            for cells in reader:
                number = reader.line_num + above
                _check_text(cells, number, path)
                if cells and not (len(cells) == 1 and cells[0].isspace()):
                    yield number, cells
    except UnicodeDecodeError as error:
        raise ValueError(
            f"name_or_path must name a CSV file of whole text, got {path}: {error} after line {number}"
        ) from error
    except csv.Error as error:
        raise ValueError(
            f"name_or_path must name a CSV file with closed quotes, got {path}: {error} after line "
            f"{number}; quote cells as a whole, and double the quotes in them"
        ) from error
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise ValueError(
            f"name_or_path must name an intact gzip file, got {path}: {error}"
        ) from error


def _check_text(cells: list[str], number: int, path: object) -> None:
    """Refuse cells with bytes that are no UTF-8, or with zeros, which are no text in any code."""
    line = "".join(cells)
    if "\0" not in line and (line.isascii() or _NO_TEXT.search(line) is None):
        return
    for j, cell in enumerate(cells):
        found = _NO_TEXT.search(cell)
        if found is None:
            continue
        byte = ord(found[0]) & 0xFF
        shown = _NO_TEXT.sub("\N{REPLACEMENT CHARACTER}", cell)[:40]
        remedy = (
            f"if it is in Latin-1 or Windows-1252, 'iconv -f windows-1252 -t utf-8 {path}' prints it "
            "in UTF-8"
            if byte
            else f"if it is in UTF-16, 'iconv -f utf-16le -t utf-8 {path}' prints it in UTF-8"
        )
        raise ValueError(
            f"name_or_path must name a CSV file in UTF-8, got byte 0x{byte:02x} in line {number}, "
            f"column {j} ({shown!r}) of {path}; {remedy}"
        )


def separator_of(lines: Sequence[str]) -> str:
    """Return what separates the cells of the first lines of a table.

    That which cuts all of them into equally many cells, two or more; a comma if it does, unless the
    commas are decimal ones. Where none does, what stands in the first line, or a comma.
    """
    bare = _outside_quotes(lines)
    counts = {separator: {line.count(separator) for line in bare} for separator in SEPARATORS}
    even = [separator for separator, found in counts.items() if len(found) == 1 and 0 not in found]
    if even[:1] == [","] and len(even) > 1:
        other = even[1]
        return other if _has_decimal_commas([line.split(other) for line in bare]) else ","
    if even:
        return even[0]
    return next((separator for separator in SEPARATORS if bare and separator in bare[0]), ",")


def is_decimal_comma(cell: str) -> bool:
    """Whether a cell is a number with a comma for its point."""
    return _DECIMAL_COMMA.fullmatch(cell.strip()) is not None


def _outside_quotes(lines: Sequence[str]) -> list[str]:
    """What of the lines stands outside quotes, without blank ones and a quote that goes on below."""
    text, goes_on, _ = _QUOTED.sub("", "".join(lines)).partition('"')
    bare = text.splitlines()
    return [line for line in (bare[:-1] if goes_on else bare) if line.strip()]


def _has_decimal_commas(rows: Sequence[Sequence[str]]) -> bool:
    """Whether every comma, below a first line that may be a header, is one of a number."""
    with_commas = [cell for row in rows[1:] or rows for cell in row if "," in cell]
    return bool(with_commas) and all(map(is_decimal_comma, with_commas))


def _opened(path: str | os.PathLike[str]) -> io.TextIOBase:
    if os.fspath(path) == STANDARD_INPUT:  # read whole: whoever owns the stream closes it
        content = sys.stdin.buffer.read()
        return _decoded(io.BytesIO(content), len(content), path)
    return _decoded(open(path, "rb"), os.stat(path).st_size, path)


def _decoded(stream: IO[bytes], size: int, path: object) -> io.TextIOBase:
    start = stream.read(8)
    stream.seek(0)
    _check_kind(start, stream, path)
    if start.startswith(_GZIP):
        stream = io.BufferedReader(_Unpacked(stream, max(_ALWAYS_ALLOWED, _MOST_EXPANSION * size)))
        start = stream.peek(8)
        _check_kind(start, stream, path)
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):
        return io.TextIOWrapper(stream, "utf-16", newline="")
    # what is no text is told with its place, once it is a cell
    return io.TextIOWrapper(stream, "utf-8-sig", errors="surrogateescape", newline="")


def _check_kind(start: bytes, stream: IO[bytes], path: object) -> None:
    """Refuse, and close, what by its first bytes is no text."""
    for magic, what in _OTHER_KINDS:
        if start.startswith(magic):
            stream.close()
            raise ValueError(f"name_or_path must name a CSV file, got {path}, which {what}")


class _Unpacked(io.RawIOBase):
    """What a gzip file holds, up to so many bytes."""

    def __init__(self, stream: IO[bytes], allowed: int) -> None:
        self._stream = stream
        self._content = gzip.GzipFile(fileobj=stream)
        self._allowed = allowed

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # of bytes
        data = self._content.read(len(buffer))
        self._allowed -= len(data)
        if self._allowed < 0:
            raise ValueError(
                f"name_or_path must name a file of text at most {_MOST_EXPANSION} times as long as it "
                "is compressed; unpack it"
            )
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        if not self.closed:
            self._content.close()
            self._stream.close()
        super().close()
