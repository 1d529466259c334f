"""Readers of .npz, LIBSVM and CSV files, good and hostile."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from helpers import damaged

from robust_metric import datasets
from robust_metric.io.csv_tables import Columns
from robust_metric.io.data_files import read_file

CSV_ROWS = "1.0,2.0,a\n2.0,3.0,b\n3.0,5.0,a\n4.5,6.0,b\n"


def write(path: Path, text: str | bytes) -> Path:
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def test_npz_with_a_test_part_keeps_it(tmp_path: Path) -> None:
    X = np.arange(12, dtype=np.int16).reshape(6, 2)
    path = tmp_path / "a.npz"
    y = np.array([-1, 1, 1], dtype=np.int8)
    np.savez(path, X_train=X[:3], y_train=y, X_test=X[3:], y_test=y)
    X_train, X_test, y_train, y_test = datasets.load(path, test_size=0.5)
    assert np.array_equal(X_train, [[0, 0], [0.5, 0.5], [1, 1]])
    assert X_test.min() == 1.5
    assert y_train.tolist() == y_test.tolist() == [-1, 1, 1]


def test_npz_without_a_test_part_is_split(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    np.savez(path, X=np.arange(16.0).reshape(8, 2), y=np.array(["no", "yes"] * 4))
    X_train, X_test, y_train, _ = datasets.load(path, test_size=0.25)
    assert len(X_train) == 6 and len(X_test) == 2
    assert y_train.dtype.kind == "U"


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"X": np.ones((3, 2))}, "must name a .npz file with arrays X_train.* got .* with X"),
        ({"a": np.ones(3)}, "with none of them"),
        ({"X": np.ones(3), "y": np.arange(3)}, r"X must have shape \(n, d\).* got \(3,\)"),
        ({"X": np.ones((0, 2)), "y": np.arange(0)}, r"X must have shape .*got \(0, 2\)"),
        ({"X": np.ones((3, 2)), "y": np.arange(2)}, r"y must have shape \(3,\).* got \(2,\)"),
        ({"X": np.full((3, 2), np.nan), "y": np.arange(3)}, "X must be finite.* row 0"),
        ({"X": np.ones((3, 2), complex), "y": np.arange(3)}, "X must be numeric, got .*complex"),
        ({"X": np.ones((2, 2)), "y": np.array([0.5, 1.0])}, "y must be class labels.* got 0.5"),
        ({"X": np.ones((2, 2)), "y": np.array([np.nan, 1.0])}, "y must be class labels.* got nan"),
        ({"X": np.ones((2, 2)), "y": np.array([1e300, 1.0])}, "y must be class labels"),
        ({"X": np.ones((2, 2)), "y": np.array([2**63, 1], np.uint64)}, "y must be class labels"),
        ({"X": np.ones((2, 2)), "y": np.array([1j, 1])}, "y must be whole numbers or strings"),
    ],
)
def test_npz_with_wrong_arrays(tmp_path: Path, arrays: dict[str, np.ndarray], message: str) -> None:
    path = tmp_path / "a.npz"
    np.savez(path, **arrays)
    with pytest.raises(ValueError, match=message):
        datasets.load(path)


def test_npz_whose_parts_do_not_fit_together(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    X, y = np.ones((3, 2)), np.arange(3)
    np.savez(path, X_train=X, y_train=y, X_test=np.ones((3, 4)), y_test=y)
    with pytest.raises(ValueError, match="X_test must have the 2 features of X_train, got 4"):
        datasets.load(path)
    np.savez(path, X_train=X, y_train=y, X_test=X, y_test=np.array(["a", "b", "c"]))
    with pytest.raises(ValueError, match="y_test must be of y_train's type"):
        datasets.load(path)


def test_npz_with_pickled_objects_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    np.savez(path, X=np.ones((2, 2)), y=np.array(["a", None], dtype=object))
    with pytest.raises(ValueError, match=r"must name an intact .npz file.*allow_pickle"):
        datasets.load(path)


def test_damaged_npz_files_only_ever_raise_value_errors(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    stream = io.BytesIO()
    np.savez_compressed(stream, X=rng.normal(size=(20, 3)), y=np.arange(20) % 2)
    path = tmp_path / "a.npz"
    refused = 0
    for _ in range(300):
        write(path, damaged(rng, stream.getvalue()))
        try:
            read_file(path)
        except ValueError:
            refused += 1
    assert refused > 200


def test_npz_that_claims_a_huge_array(tmp_path: Path) -> None:
    header = b"{'descr': '<f8', 'fortran_order': False, 'shape': (4000000000, 1000000), }"
    member = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header
    path = tmp_path / "a.npz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("X.npy", member)
    with pytest.raises(ValueError, match=r"must name an intact .npz file"):
        datasets.load(path)


@pytest.mark.parametrize("name", ["a.npz", "a.csv", "a.svm", "folder/a", "folder/digits"])
def test_missing_files(tmp_path: Path, name: str) -> None:
    with pytest.raises(FileNotFoundError, match="name_or_path must name an existing file, got"):
        datasets.load(tmp_path / name)


def test_unknown_suffix_and_folder(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"name_or_path must end in one of .npz, .libsvm"):
        datasets.load(write(tmp_path / "a.xlsx", "x"))
    with pytest.raises(FileNotFoundError, match="name_or_path must name an existing file"):
        datasets.load(tmp_path)


def test_file_that_is_not_an_archive(tmp_path: Path) -> None:
    for text in ("", "X,y\n1,2\n"):
        with pytest.raises(ValueError, match=r"must name an intact .npz file.*not a .npz archive"):
            datasets.load(write(tmp_path / "a.npz", text))


@pytest.mark.parametrize("suffix", ["libsvm", "svm", "txt"])
def test_libsvm(tmp_path: Path, suffix: str) -> None:
    path = write(tmp_path / f"a.{suffix}", "+1 1:0.5 3:2\n-1 2:1\n+1 1:3\n-1 2:4 3:1\n")
    parts = read_file(path)
    assert np.array_equal(parts.X_train, [[0.5, 0, 2], [0, 1, 0], [3, 0, 0], [0, 4, 1]])
    assert parts.y_train.tolist() == [1, -1, 1, -1]
    assert parts.y_train.dtype == np.int64
    assert read_file(path, n_features=5).X_train.shape == (4, 5)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# only a comment\n",
        "1 0:1\n0 1:2\n",
        "1 1:x\n",
        "cat 1:1\n",
        "1 2:1 1:1\n",
        "1 1\n",
        "1 -5:1\n",
        "1 99999999999:1\n",
        "1 9999999999999999999999999:1\n",
        "1,2 1:1\n",
        "1 1:nan\n",
        "1.5 1:1\n",
        "1 1:1e999\n",
        b"\xff\xfe\x00\x01\n",
    ],
)
def test_malformed_libsvm(tmp_path: Path, text: str | bytes) -> None:
    with pytest.raises(ValueError, match=r"(name_or_path|X|y) must .* got"):
        read_file(write(tmp_path / "a.svm", text))


def test_libsvm_wider_than_wanted(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="name_or_path must name a LIBSVM file"):
        read_file(write(tmp_path / "a.svm", "1 1:1 5:1\n"), n_features=3)


@pytest.mark.parametrize(
    "text",
    [
        CSV_ROWS,
        "\n" + CSV_ROWS.replace("\n", "\r\n\r\n"),
        "width,height,kind\n" + CSV_ROWS,
        "0,1,kind\n" + CSV_ROWS.replace("a", "7").replace("b", "8"),
        "\ufeffwidth, height, kind\n" + CSV_ROWS.rstrip("\n"),
        CSV_ROWS.replace("1.0,", '"1.0",'),
    ],
)
def test_csv_with_and_without_header(tmp_path: Path, text: str) -> None:
    parts = read_file(write(tmp_path / "a.csv", text))
    assert np.array_equal(parts.X_train, [[1, 2], [2, 3], [3, 5], [4.5, 6]])
    assert len(parts.y_train) == 4
    assert parts.y_train[0] == parts.y_train[2] != parts.y_train[1]


def test_csv_labels_keep_their_type(tmp_path: Path) -> None:
    for labels, expected in (
        (("a", "b"), ["a", "b"]),
        (("1", "-2"), [1, -2]),
        (("1.0", "2.0"), ["1.0", "2.0"]),
        (("01", "x"), ["01", "x"]),
        (("01", "1"), ["01", "1"]),
        (("007", "008"), ["007", "008"]),
        (("1_1", "11"), ["1_1", "11"]),
        (("1e1", "10"), ["1e1", "10"]),
        (("-0", "0"), ["-0", "0"]),
        (("+1", "1"), ["+1", "1"]),
        (("\u0663", "3"), ["\u0663", "3"]),
        (("9" * 19, "1"), ["9" * 19, "1"]),
        (("None", "True"), ["None", "True"]),
    ):
        path = write(tmp_path / "a.csv", "".join(f"0.5,{label}\n" for label in labels))
        assert read_file(path).y_train.tolist() == expected


@pytest.mark.parametrize(
    ("classes", "labels", "expected"),
    [
        (["1", "2", "x"], ["1", "2"], ["1", "2"]),
        (["01", "1"], ["1", "1"], ["1", "1"]),
        (["0.5", "1.5"], ["0.5", "1.5"], ["0.5", "1.5"]),
        ([1, 2], ["1", "2"], [1, 2]),
        ([1, 2], ["1", "x"], ["1", "x"]),
        ([1, 2], ["01", "2"], ["01", "2"]),
        ([1.0, 2.0], ["1.0", "2"], [1, 2]),
    ],
)
def test_the_kind_of_labels_is_the_models(
    tmp_path: Path, classes: list[object], labels: list[str], expected: list[object]
) -> None:
    path = write(tmp_path / "a.csv", "".join(f"0.5,{label}\n" for label in labels))
    assert read_file(path, columns=Columns(classes=classes)).y_train.tolist() == expected


@pytest.mark.parametrize("label", [0, -3, "kind"])
def test_csv_label_column(tmp_path: Path, label: int | str) -> None:
    path = write(tmp_path / "a.csv", "kind,w,h\na,1,2\nb,3,4\n")
    parts = read_file(path, columns=Columns(label))
    assert parts.y_train.tolist() == ["a", "b"]
    assert np.array_equal(parts.X_train, [[1, 2], [3, 4]])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "a CSV file with data, got .* which is empty"),
        ("\n\n", "which is empty"),
        ("a,b,kind\n", "got only a header"),
        ("1\n2\n", "got one"),
        ("1 2 a\n2 3 b\n", "got one"),
        ("1,2,a\n1,a\n", "3 cells a line, as in the first, got 2 in line 2"),
        ("w,h,kind\n1,2,a\n1,oops,b\n", "got 'oops' in line 3"),
        ("1,2,a\n1,,b\n", "got '' in line 2"),
        ("1,2,a\n1,3,\n", "y must be given for every point.*line 2, column 2"),
        ("1,2,a\n,,\n1,3,b\n", "got '' in line 2, column 0 .*fill missing values"),
        ("1,2,a\n1_0,3,b\n", "got '1_0' in line 2, .*turn text into numbers"),
        ("1,2,a\n1,\u0663,b\n", "in line 2, .*turn text into numbers"),
        ("a,a,kind\n1,2,x\n", "different names, got 'a' twice in the first line"),
        ("1,2,a\n1,nan,b\n", "got 'nan' in line 2, column 1 .*fill missing"),
        ("1,2,0.25\n1,3,0.75\n", "y must be class labels.*got 0.25.*regression"),
        ("1,2,1e999\n1,3,2\n", "y must be class labels"),
        ('1,"2,a\n', "closed quotes, got"),
        (b"1,2,\xff\n1,3,b\n", "a CSV file in UTF-8, got"),
    ],
)
def test_malformed_csv(tmp_path: Path, text: str | bytes, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read_file(write(tmp_path / "a.csv", text))


@pytest.mark.parametrize(
    ("label", "message"),
    [
        ("colour", "label must name one column of .*, got 'colour'; its first line is 1.0, 2.0, a"),
        (3, "label must be a column number from -3 to 2, got 3"),
        (-4, "label must be a column number from -3 to 2, got -4"),
    ],
)
def test_csv_label_that_is_not_there(tmp_path: Path, label: int | str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read_file(write(tmp_path / "a.csv", CSV_ROWS), columns=Columns(label))
