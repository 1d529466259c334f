"""Hostile and damaged archives: one error for all of them, before memory is taken on their word."""

from __future__ import annotations

import io
import struct
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hostile_files import MEBIBYTE, archive, mutated_bytes, mutated_members, npy, peak_memory

from robust_metric.io.archives import DamagedFile, read_archive

ONE = npy(struct.pack("<d", 1.0), shape="(1,)")


def refused(path: Path, message: str, memory: float = 1.0) -> None:
    """The file gets the one error, at no more than so many MiB."""
    wanted = f"path must name an intact .npz file, got .*{message}"
    with peak_memory() as peak, pytest.raises(DamagedFile, match=wanted):
        read_archive(path)
    assert peak[0] < memory * MEBIBYTE


# --- what is read ---


@pytest.mark.parametrize(
    "array",
    [
        np.arange(6.0).reshape(2, 3),
        np.asfortranarray(np.arange(6, dtype=np.float32).reshape(2, 3)),
        np.arange(4, dtype=">i2"),
        np.array(["a", "größer", ""]),
        np.array(["ä", "日"], dtype=">U3"),
        np.array([b"x", b"yz"]),
        np.array([True, False]),
        np.array("text"),
        np.array(3.0),
        np.zeros((0, 4)),
        np.zeros((3, 0), dtype=np.uint8),
        np.array([1 + 2j]),
        np.arange(3, dtype=np.float16),
    ],
    ids=lambda array: f"{array.dtype.str}{array.shape}",
)
@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_arrays_come_back_as_they_were(tmp_path: Path, array: np.ndarray, save: Any) -> None:
    save(tmp_path / "a.npz", x=array, other=1)
    back = read_archive(tmp_path / "a.npz", only=["x", "y"])
    assert back.keys() == {"x"}
    assert back["x"].dtype == array.dtype.newbyteorder("=")
    assert back["x"].shape == array.shape and np.array_equal(back["x"], array)
    assert back["x"].flags.writeable and back["x"].flags.aligned


@pytest.mark.parametrize("version", [(1, 0), (2, 0), (3, 0)])
def test_versions_of_the_format(tmp_path: Path, version: tuple[int, int]) -> None:
    content = io.BytesIO()
    np.lib.format.write_array(content, np.arange(3), version=version)
    archive(tmp_path / "a.npz", {"x.npy": content.getvalue()})
    assert read_archive(tmp_path / "a.npz")["x"].tolist() == [0, 1, 2]


def test_headers_that_other_programs_write(tmp_path: Path) -> None:
    payload = np.arange(3.0).tobytes()
    for text in (
        "{'descr':'<f8','fortran_order':False,'shape':(3,)}",
        "{ 'shape': (3L,), 'fortran_order': False, 'descr': '<f8' }   ",
    ):
        archive(tmp_path / "a.npz", {"x": npy(payload, text=text)})
        assert read_archive(tmp_path / "a.npz")["x"].tolist() == [0.0, 1.0, 2.0]


def test_large_arrays_that_compress_within_reason(tmp_path: Path) -> None:
    X = np.zeros((2**18, 8))
    X[:, 0] = np.random.default_rng(0).normal(size=len(X))
    np.savez_compressed(tmp_path / "a.npz", X=X)
    assert np.array_equal(read_archive(tmp_path / "a.npz")["X"], X)


# --- claims that are not kept ---


@pytest.mark.parametrize(
    ("member", "message"),
    [
        (npy(descr="'<U500000000'", shape="(40,)"), "the type '<U500000000', not numbers, boo"),
        (npy(descr="'<U60000'", shape="(40,)"), "claims .* bytes, its type <U60000 and shape"),
        (npy(descr="'|S70000'", shape="(1,)"), "not numbers, booleans or short strings"),
        (npy(descr="'<U0'", shape="(1000000000000,)"), "the type '<U0'"),
        (npy(descr="'|V8'", shape="(1,)"), r"the type '\|V8'"),
        (npy(descr="'|O'", shape="(1,)"), "allow_pickle=False"),
        (npy(descr="'<M8'", shape="(1,)"), "the type '<M8'"),
        (npy(descr="'<f16'", shape="(1,)"), "the type '<f16'"),
        (npy(descr="'<f3'", shape="(1,)"), "the type '<f3'"),
        (npy(descr="[('a', '<f8')]"), "a header that is not of a plain array"),
        (npy(descr="__import__('os')"), "a header that is not of a plain array"),
        (npy(shape="(1000000000000,)"), "claims .* bytes, its type <f8 and shape"),
        (npy(shape="(0, 9223372036854775807)"), "the shape"),
        (npy(shape="(99999999999999999999,)"), "the shape"),
        (npy(shape="(4611686018427387904, 4)"), "the shape"),
        (npy(shape="(-1,)"), "a header that is not of a plain array"),
        (npy(shape="(0, 1, 1, 1, 1, 1, 1, 1, 1)"), "the shape"),
        (npy(shape="None"), "a header that is not of a plain array"),
        (npy(order="1"), "a header that is not of a plain array"),
        (npy(order="(3,)"), "a header that is not of a plain array"),
        (npy(text="(" * 9000), "a header that is not of a plain array"),
        (npy(text="{" + "'descr': '<f8', " * 500 + "}"), "a header that is not of a plain array"),
        (npy(text="{'descr': '<f8'}"), "a header that is not of a plain array"),
        (npy(text="ü" * 20), "ascii"),
        (npy(text=" " * 20000, version=2), "too long a header"),
        (npy(version=9), "a member is not an array"),
        (b"\x93NUMPY\x02\x00\xff\xff\xff\xff", "too long a header"),
        (b"\x93NUMPY\x01\x00", "shorter than it claims"),
        (b"\x93NUM", "shorter than it claims"),
        (b"", "shorter than it claims"),
        (b"plain text, for once", "a member is not an array"),
        (ONE + b"more", "claims"),
        (ONE[:-1], "claims"),
        (npy(b"\x02", descr="'|b1'", shape="(1,)"), "bytes other than 0 and 1 as booleans"),
        (npy(b"\x00\x00\x11\x00", descr="'<U1'", shape="(1,)"), "strings that are not Unicode"),
        (npy(b"\x00\xd8\x00\x00", descr="'<U1'", shape="(1,)"), "strings that are not Unicode"),
        (npy(b"\x00\x00\xd8\x00", descr="'>U1'", shape="(1,)"), "strings that are not Unicode"),
    ],
    ids=range(37),
)
@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_members(tmp_path: Path, member: bytes, message: str, method: int) -> None:
    refused(archive(tmp_path / "a.npz", {"x.npy": member}, method), message)


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["a/b.npy"], "a member 'a/b.npy', not an array by name"),
        (["../../x.npy"], "not an array by name"),
        (["/etc/passwd"], "not an array by name"),
        (["a\\b.npy"], "not an array by name"),
        ([" "], "not an array by name"),
        (["x.npy.npy"], "not an array by name"),
        (["x.npy", "x.npy"], "two members 'x'"),
        (["x.npy", "x"], "two members 'x'"),
        ([f"x{i}.npy" for i in range(1500)], "more than 1000 members"),
    ],
)
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_names(tmp_path: Path, names: list[str], message: str) -> None:
    refused(archive(tmp_path / "a.npz", [(name, ONE) for name in names]), message, memory=4.0)


def test_bombs(tmp_path: Path) -> None:
    """What is small on disk and large in memory, whatever it is made of."""
    zeros = npy(bytes(5 * 2**22), "'|u1'", f"({5 * 2**22},)")
    refused(
        archive(tmp_path / "a.npz", {"x.npy": zeros}, zipfile.ZIP_DEFLATED), "100 times as large"
    )
    small = npy(bytes(2**22), "'|u1'", f"({2**22},)")
    many = archive(
        tmp_path / "b.npz", [(f"x{i}.npy", small) for i in range(5)], zipfile.ZIP_DEFLATED
    )
    refused(many, "100 times as large", memory=17.0)
    for method in (zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2):
        packed = archive(tmp_path / "c.npz", {"x.npy": zeros}, method)
        refused(packed, "compressed by a method other than deflate")


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2])
def test_corrupted_compression(tmp_path: Path, method: int) -> None:
    content = npy(np.arange(2000.0).tobytes(), shape="(2000,)")
    good = archive(tmp_path / "a.npz", {"x.npy": content}, method).read_bytes()
    for at in range(45, 300, 5):
        bad = bytearray(good)
        bad[at] ^= 0x55
        (tmp_path / "a.npz").write_bytes(bad)
        refused(tmp_path / "a.npz", "")


def patched(path: Path, good: bytes, signature: bytes, offset: int, value: bytes) -> Path:
    """The archive with a field of its first header of a kind overwritten."""
    at = good.index(signature) + offset
    path.write_bytes(good[:at] + value + good[at + len(value) :])
    return path


@pytest.mark.parametrize(
    ("signature", "offset", "value", "message"),
    [
        (b"PK\x01\x02", 16, b"\x00\x00\x00\x00", "Bad CRC-32"),
        (b"PK\x01\x02", 20, b"\xff\xff\xff\x7f", "claims more bytes than the file has"),
        (b"PK\x01\x02", 24, b"\xff\xff\xff\x7f", "claims more bytes than the file has"),
        (b"PK\x01\x02", 8, b"\x01\x00", "encrypted"),
        (b"PK\x01\x02", 10, b"\x63\x00", "compressed by a method other than deflate"),
        (b"PK\x01\x02", 42, b"\xf0\xff\xff\x00", ""),
        (b"PK\x03\x04", 26, b"\xff\xff", ""),
        (b"PK\x05\x06", 12, b"\xff\xff\xff\x7f", ""),
        (b"PK\x05\x06", 16, b"\xff\xff\xff\x7f", ""),
    ],
)
def test_fields_of_the_archive(
    tmp_path: Path, signature: bytes, offset: int, value: bytes, message: str
) -> None:
    good = archive(tmp_path / "a.npz", {"x.npy": ONE}).read_bytes()
    refused(patched(tmp_path / "a.npz", good, signature, offset, value), message)


@pytest.mark.parametrize(
    "content", [b"", b"PK", b"PK\x03\x04", b"\x93NUMPY", b"PK\x05\x06" + bytes(17)]
)
def test_what_is_no_archive(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.npz").write_bytes(content)
    refused(tmp_path / "a.npz", "")


def test_mutations(tmp_path: Path) -> None:
    """Hundreds of damaged files: each is refused in one way, or read; none takes memory."""
    rng = np.random.default_rng(0)
    arrays = {"x": rng.normal(size=(20, 3)), "y": np.arange(20), "names": np.array(["a", "bc"])}
    refusals = 0
    for save in (np.savez, np.savez_compressed):
        save(tmp_path / "a.npz", **arrays)
        good = (tmp_path / "a.npz").read_bytes()
        for turn in range(300):
            if turn % 2:
                (tmp_path / "b.npz").write_bytes(mutated_bytes(rng, good))
            else:
                mutated_members(rng, good, tmp_path / "b.npz")
            with peak_memory() as peak:
                try:
                    read_archive(tmp_path / "b.npz")
                except DamagedFile:
                    refusals += 1
            assert peak[0] < 2 * MEBIBYTE
    assert refusals > 400
