"""Files that appear under their name whole or not at all."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

PathLike = str | os.PathLike[str]


def check_target(path: PathLike, name: str = "path") -> Path:
    """Return the file that a write to ``path`` would replace, symbolic links followed.

    Worth calling before a long computation whose result is to be written. Errors call it by ``name``.

    Raises
    ------
    OSError
        FileNotFoundError where the folder is missing, IsADirectoryError where ``path`` is a folder.
    """
    target = Path(os.path.realpath(path))
    if target.is_dir():
        raise IsADirectoryError(f"{name} must name a file to write, got the folder {path}")
    if not target.parent.is_dir():
        raise FileNotFoundError(f"{name} must lie in an existing folder, got {path}")
    return target


@contextmanager
def atomic_write(path: PathLike) -> Iterator[IO[bytes]]:
    """Open a binary file that appears under its name only once it is complete and on disk.

    The bytes go to a temporary file in the same folder, which is synchronised and then renamed over
    ``path``; after an exception the temporary file is removed and an older file stays untouched.

    Raises
    ------
    OSError
        As :func:`check_target`, and where the disk refuses.
    """
    target = check_target(path)
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
