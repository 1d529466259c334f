"""The storeys of the core: fails where an include points upwards (docs/architecture.md).

Run from anywhere: ``python tools/layers.py``. It reads the quoted and bracketed includes of every
source below ``cpp/`` and names each that a storey must not make, with its file, its line, and the
two storeys.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
CORE = ROOT / "cpp" / "core"
PUBLIC = ROOT / "cpp" / "include"

# Each storey, and what it may include besides itself and the public headers.
STOREYS = {"base": [], "data": ["base"]}
for above, below in [
    ("geometry", "data"),
    ("project", "geometry"),
    ("certify", "project"),
    ("search", "certify"),
    ("attack", "search"),
]:
    STOREYS[above] = [*STOREYS[below], below]
STOREYS["learn"] = ["base", "data"]
STOREYS["files"] = ["base"]
STOREYS["model"] = [*STOREYS["search"], "search", "files"]
STOREYS["capi"] = [*STOREYS["model"], "model"]

INCLUDE = re.compile(r'\s*#\s*include\s*(?:"([^"]+)"|<([^>]+)>)')


class Include(NamedTuple):
    """One include line: where it stands, and what it names."""

    file: Path
    line: int
    name: str
    quoted: bool

    def error(self, text: str) -> str:
        """The line as a compiler would point at it, and what is wrong with it."""
        return f"{self.file.relative_to(ROOT)}:{self.line}: {text}"


def includes(folder: Path) -> Iterator[Include]:
    """All includes of the C++ files below a folder."""
    for file in sorted(folder.rglob("*")):
        if file.suffix not in {".hpp", ".cpp", ".inl"}:
            continue
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
            if found := INCLUDE.match(line):
                yield Include(file, number, found[1] or found[2], found[1] is not None)


def is_public(name: str) -> bool:
    """Whether an include names a header that is installed."""
    return (PUBLIC / name).is_file()


def core_error(include: Include) -> str | None:
    """What is wrong with an include of the core, if anything."""
    if is_public(include.name) or not (include.quoted or (CORE / include.name).is_file()):
        return None
    if not (CORE / include.name).is_file():
        return include.error(
            f'"{include.name}" is neither in cpp/core nor a public header: '
            "the core includes itself and those only, by their full names"
        )
    storey = include.file.relative_to(CORE).parts[0]
    other = Path(include.name).parts[0]
    for name in (storey, other):
        if name not in STOREYS:
            return include.error(f"'{name}' is no storey; they are {', '.join(STOREYS)}")
    if other == storey or other in STOREYS[storey]:
        return None
    allowed = ", ".join(STOREYS[storey]) or "none"
    return include.error(
        f'"{include.name}": {storey} must not include {other}; storeys below it: {allowed}'
    )


def public_error(include: Include) -> str | None:
    """What is wrong with an include of a public header, if anything."""
    if is_public(include.name):
        return None
    if (CORE / include.name).is_file():
        storey = Path(include.name).parts[0]
        return include.error(f'"{include.name}": a public header must not include {storey}')
    if include.quoted:
        return include.error(f'"{include.name}" is not a public header')
    return None


def main() -> int:
    """Print every include that points upwards; 1 if there is one."""
    core, public = list(includes(CORE)), list(includes(PUBLIC))
    if not core or not public:
        print("layers: found no includes to check", file=sys.stderr)
        return 1
    checked = [core_error(include) for include in core]
    checked += [public_error(include) for include in public]
    errors = [error for error in checked if error]
    for error in errors:
        print(error, file=sys.stderr)
    print(f"layers: {len(core) + len(public)} includes, {len(errors)} against the storeys")
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
