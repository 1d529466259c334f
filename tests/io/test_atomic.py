"""Atomic writing: an older file stays until the new one is whole."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from robust_metric.io.atomic import atomic_write


def test_atomic_write_replaces_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    path.write_bytes(b"old")
    with atomic_write(path) as stream:
        stream.write(b"new")
        stream.flush()
        assert path.read_bytes() == b"old"
    assert path.read_bytes() == b"new"
    assert os.listdir(tmp_path) == ["a.bin"]


def test_atomic_write_leaves_the_old_file_after_an_error(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    path.write_bytes(b"old")
    with pytest.raises(KeyboardInterrupt), atomic_write(path) as stream:
        stream.write(b"half")
        raise KeyboardInterrupt
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["a.bin"]


def test_atomic_write_follows_links_and_gives_usual_permissions(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "real")
    with atomic_write(tmp_path / "link") as stream:
        stream.write(b"x")
    (tmp_path / "plain").touch()
    assert (tmp_path / "link").is_symlink() and (tmp_path / "real").read_bytes() == b"x"
    mode = stat.S_IMODE((tmp_path / "real").stat().st_mode)
    assert mode == stat.S_IMODE((tmp_path / "plain").stat().st_mode)


def test_atomic_write_errors(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError, match="path must name a file to write, got the folder"):
        atomic_write(tmp_path).__enter__()
    with pytest.raises(FileNotFoundError, match="path must lie in an existing folder, got"):
        atomic_write(tmp_path / "no" / "a.npz").__enter__()
