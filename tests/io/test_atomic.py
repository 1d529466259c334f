"""Atomic writing: an older file stays until the new one is whole."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import threading
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


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_devices_and_pipes_are_written_through(tmp_path: Path) -> None:
    with atomic_write("/dev/null") as stream:
        stream.write(b"x")
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)
    pipe, got = tmp_path / "pipe", []
    os.mkfifo(pipe)
    (tmp_path / "link").symlink_to(pipe)
    for path in (pipe, tmp_path / "link"):
        reader = threading.Thread(target=lambda: got.append(pipe.read_bytes()))
        reader.start()
        with atomic_write(path) as stream:
            stream.write(b"through")
        reader.join()
    assert got == [b"through"] * 2
    assert stat.S_ISFIFO(os.stat(pipe).st_mode)


@pytest.mark.skipif(not os.path.exists("/dev/stdout"), reason="no /dev/stdout here")
def test_what_a_shell_redirects_is_written_where_it_stands(tmp_path: Path) -> None:
    program = (
        "from robust_metric.io.atomic import atomic_write\n"
        "print('before', flush=True)\n"
        "with atomic_write('/dev/stdout') as stream:\n    stream.write(b'written\\n')\n"
    )
    program += "print('after')\n"
    with open(tmp_path / "out", "wb") as out:
        subprocess.run([sys.executable, "-c", program], stdout=out, check=True)
    assert (tmp_path / "out").read_bytes().split() == [b"before", b"written", b"after"]
    assert os.listdir(tmp_path) == ["out"]
