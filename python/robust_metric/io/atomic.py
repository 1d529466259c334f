"""Files that appear under their name whole or not at all."""

from __future__ import annotations

import os
import re
import secrets
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

PathLike = str | os.PathLike[str]

# What a shell has redirected is written to where it stands; a new file under that name would miss it.
_OPEN_FILE = re.compile(r"/dev/(stdout|stderr|fd/\d+)|/proc/self/fd/(\d+)")


def check_target(path: PathLike, name: str = "path") -> Path:
    """Return the file that a write to ``path`` would replace, symbolic links followed.

    A device or a pipe is returned as it is: nothing replaces it.

    Worth calling before a long computation whose result is to be written. Errors call it by ``name``.

    Raises
    ------
    OSError
        FileNotFoundError where the folder is missing, IsADirectoryError where ``path`` is a folder.
    """
    if is_stream(path):
        return Path(path)
    target = Path(os.path.realpath(path))
    if target.is_dir():
        raise IsADirectoryError(f"{name} must name a file to write, got the folder {path}")
    if not target.parent.is_dir():
        raise FileNotFoundError(f"{name} must lie in an existing folder, got {path}")
    return target


def is_stream(path: PathLike) -> bool:
    """Whether a path is written through, not replaced: a device, a pipe, an open file of the process."""
    if _OPEN_FILE.fullmatch(os.fspath(path)):
        return True
    try:
        mode = os.stat(path).st_mode
    except OSError:
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def _as_it_is(path: Path) -> IO[bytes]:
    """Open a device, a pipe or an open file of the process for writing where it stands."""
    match = _OPEN_FILE.fullmatch(os.fspath(path))
    if match is None:
        return open(path, "wb")
    sys.stdout.flush(), sys.stderr.flush()
    name = match[1] or match[2]
    number = {"stdout": 1, "stderr": 2}.get(name) or int(name.removeprefix("fd/"))
    return os.fdopen(os.dup(number), "wb")


@contextmanager
def atomic_write(path: PathLike) -> Iterator[IO[bytes]]:
    """Open a binary file that appears under its name only once it is complete and on disk.

    The bytes go to a temporary file in the same folder, which is synchronised and then renamed over
    ``path``; after an exception the temporary file is removed and an older file stays untouched.
    Devices such as /dev/null, pipes and /dev/stdout are written to as they are.

    Raises
    ------
    OSError
        As :func:`check_target`, and where the disk refuses.
    """
    target = check_target(path)
    if is_stream(path):
        with _as_it_is(target) as stream:
            yield stream
        return
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(4)}.tmp")
    # os.open rather than tempfile: the file then gets the permissions any new file would get.
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
