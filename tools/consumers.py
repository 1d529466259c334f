"""Hosts that build, install and link the C++ library in every promised way; their answers are equal bits.

``python tools/consumers.py`` runs the whole table, ``python tools/consumers.py --rows 2`` its first
two rows, which differ in everything. Needs CMake, Ninja, pkg-config, g++ and clang++. Each row is a
compiler, shared or static; the library is built and installed, found by
``find_package`` (C++ and C) and by pkg-config, built as a guest by ``FetchContent``, and configured
within a host that scikit-build-core builds. Programs that need rustc or OpenBLAS are left out, and not
named in the row, where there is none.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
PROGRAMS = ROOT / "tools" / "consumers"
C_COMPILERS = {"g++": "gcc", "clang++": "clang"}


class Row(NamedTuple):
    """One way of building the library."""

    compiler: str
    shared: bool

    def options(self) -> list[str]:
        """Return what CMake is told."""
        return [
            f"-DCMAKE_CXX_COMPILER={self.compiler}",
            f"-DCMAKE_C_COMPILER={C_COMPILERS[self.compiler]}",
            f"-DBUILD_SHARED_LIBS={'ON' if self.shared else 'OFF'}",
        ]

    def __str__(self) -> str:
        """Return the row of the table."""
        return f"{self.compiler:8}{'shared' if self.shared else 'static'}"


# the first two differ in everything
ROWS = [Row("g++", True), Row("clang++", False), Row("g++", False), Row("clang++", True)]


class Failed(Exception):
    """A command that failed, with what it printed."""


def run(*command: str | Path, **environment: str) -> str:
    """Run a command and return what it prints."""
    done = subprocess.run(
        [str(part) for part in command],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        said = "\n".join((done.stdout + done.stderr).splitlines()[-40:])
        raise Failed(f"{' '.join(map(str, command))} failed:\n{said}")
    return done.stdout


def configure(source: Path, folder: Path, options: list[str], **environment: str) -> None:
    """Configure a project, as CONSUMERS_BUILD_TYPE says: by default for Release."""
    kind = f"-DCMAKE_BUILD_TYPE={os.environ.get('CONSUMERS_BUILD_TYPE', 'Release')}"
    run("cmake", "-S", source, "-B", folder, "-G", "Ninja", kind, *options, **environment)


def build(source: Path, folder: Path, options: list[str], **environment: str) -> None:
    """Configure and build a project."""
    configure(source, folder, options, **environment)
    run("cmake", "--build", folder, **environment)


def installed(row: Row, scratch: Path) -> dict[str, str]:
    """Build and install the library; return what the programs that find it print."""
    prefix = scratch / "installed"
    build(ROOT, scratch / "library", row.options())
    run("cmake", "--install", scratch / "library", "--prefix", prefix)
    headers = {path.name for path in (prefix / "include" / "robust_metric").iterdir()}
    if headers != {path.name for path in (ROOT / "cpp/include/robust_metric").iterdir()}:
        raise Failed("the public headers should be installed, and no others")
    found = [*row.options(), f"-DCMAKE_PREFIX_PATH={prefix}"]
    library = str(next(prefix.glob("lib*")))
    answers = {}
    for way in ("find_package", "pkg_config"):
        build(PROGRAMS / way, scratch / way, found, PKG_CONFIG_PATH=f"{library}/pkgconfig")
        answers[way] = run(scratch / way / "consumer", LD_LIBRARY_PATH=library)
    programs: list[tuple[str, list[Path]]] = [
        ("embed_cpp", []),
        ("embed_c", [scratch / "model.npz"]),
    ]
    programs += [("embed_openblas", [])] if has_openblas() else []
    for program, arguments in programs:
        build(ROOT / "examples" / program, scratch / program, found)
        name = "embed" if program == "embed_cpp" else program
        run(scratch / program / name, *arguments, LD_LIBRARY_PATH=library)
    if shutil.which("rustc") is not None:
        rust(library, scratch / "embed_rust")
    return answers


@cache
def has_openblas() -> bool:
    """Whether pkg-config finds OpenBLAS here."""
    return subprocess.run(["pkg-config", "--exists", "openblas"], check=False).returncode == 0


def rust(library: str, program: Path) -> None:
    """Build and run the Rust program, which asserts what it gets; a static library needs that of C++."""
    libraries = ["-L", f"native={library}", "-l", "robust_metric", "-l", "stdc++", "-l", "m"]
    run("rustc", "-O", ROOT / "examples/embed_rust/main.rs", "-o", program, *libraries)
    run(program, LD_LIBRARY_PATH=library)


def hosted(row: Row, scratch: Path) -> dict[str, str]:
    """Build the library within another project; return what its program prints."""
    way, host = "fetch_content", scratch / "host"
    build(PROGRAMS / way, scratch / way, row.options())
    answers = {way: run(scratch / way / "consumer")}
    run("cmake", "--install", scratch / way, "--prefix", host)
    strangers = list(host.rglob("*robust_metric*"))
    if strangers:
        raise Failed(f"a guest should install nothing of its own, found {strangers}")
    # the same where the host is a Python package, built by scikit-build-core, which sets SKBUILD: what is
    # configured tells what would be built
    configure(PROGRAMS / way, scratch / "host_of_python", [*row.options(), "-DSKBUILD=2"])
    return answers


def main() -> int:
    """Run the table; 1 where a row fails or answers differ."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=len(ROWS))
    rows = ROWS[: parser.parse_args().rows]
    expected: str | None = None
    failed = 0
    for row in rows:
        if shutil.which(row.compiler) is None:
            print(f"{row}  not run: there is no {row.compiler} here")
            continue
        with tempfile.TemporaryDirectory() as scratch:
            try:
                answers = installed(row, Path(scratch)) | hosted(row, Path(scratch))
            except Failed as error:
                print(f"{row}  FAILED: {error}")
                failed += 1
                continue
        expected = expected or answers["find_package"]
        wrong = [way for way, answer in answers.items() if answer != expected]
        failed += bool(wrong)
        ran = ", ".join([*answers, "C", *(["Rust"] if shutil.which("rustc") else [])])
        ran += ", OpenBLAS" if has_openblas() else ""
        print(f"{row}  {'other bits: ' + ', '.join(wrong) if wrong else ran}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
