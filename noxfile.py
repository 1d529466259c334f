"""Sessions of tests that need an environment or a build of their own: ``nox -l`` lists them.

``nox`` alone runs the ordinary tests. The others take minutes; tests/README.md says what each is
for and how long it takes. Arguments after ``--`` go to pytest, or to the fuzz drivers.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

import nox

nox.needs_version = ">=2024.4"
nox.options.sessions = ["tests"]
nox.options.default_venv_backend = "venv"

PROJECT = nox.project.load_toml("pyproject.toml")

# Python tests that do most of their work in compiled code: worth running under sanitizers.
COMPILED = [
    "tests/test_soundness.py",
    "tests/test_minimal_perturbation.py",
    "tests/test_halfspace_bounds.py",
    "tests/test_neighbors.py",
    "tests/test_bad_input.py",
    "tests/test_triplet_loss.py",
    "tests/test_candidates.py",
    "tests/test_check.py",
    "tests/test_threat_models.py",
]

TESTED_WITH = PROJECT["project"]["optional-dependencies"]["tests"]

FUZZ_SECONDS = 60


@nox.session
def tests(session: nox.Session) -> None:
    """Run the Python tests against the package as a user installs it."""
    session.install(".[tests]")
    session.run("python", "-m", "pytest", *session.posargs)


@nox.session(python="3.11")
def oldest(session: nox.Session) -> None:
    """Run the Python tests on the lower bounds of pyproject.toml, those of the build included."""
    requirements = (
        PROJECT["build-system"]["requires"] + PROJECT["project"]["dependencies"] + TESTED_WITH
    )
    session.install(*_lower_bounds(requirements), "cmake", "ninja")
    session.install("--no-build-isolation", "--no-deps", ".")
    session.run("python", "-m", "pip", "list", silent=False)
    session.run("python", "-m", "pytest", *session.posargs)


@nox.session
def newest(session: nox.Session) -> None:
    """Run the Python tests on the newest releases, pre-releases included; deprecations are errors."""
    requirements = PROJECT["project"]["dependencies"] + TESTED_WITH
    session.install("--upgrade", "--pre", *[_name(each) for each in requirements])
    session.install("--no-deps", ".")
    session.run("python", "-m", "pip", "list", silent=False)
    deprecations = ["-W", "error::FutureWarning", "-W", "error::DeprecationWarning"]
    session.run("python", "-m", "pytest", *deprecations, *session.posargs)


@nox.session
def asan(session: nox.Session) -> None:
    """Run C++ and Python tests under AddressSanitizer and UndefinedBehaviorSanitizer."""
    _cpp_tests(session, "asan")
    session.install(*PROJECT["build-system"]["requires"], "cmake", "ninja")
    session.install(*PROJECT["project"]["dependencies"], *TESTED_WITH)
    session.install(
        "--no-build-isolation",
        "--no-deps",
        "-Ccmake.define.ROBUST_METRIC_SANITIZE=address,undefined",
        "-Ccmake.build-type=RelWithDebInfo",
        ".",
    )
    # the interpreter is not instrumented: the sanitizers' libraries have to be there before it
    environment = {
        "LD_PRELOAD": " ".join(_gcc_library(name) for name in ("libasan.so", "libubsan.so")),
        "ASAN_OPTIONS": "detect_leaks=0",
        "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1",
    }
    session.run("python", "-m", "pytest", *(session.posargs or COMPILED), env=environment)


@nox.session(venv_backend="none")
def tsan(session: nox.Session) -> None:
    """Run the C++ tests under ThreadSanitizer; needs clang and libomp, see CONTRIBUTING.md."""
    _cpp_tests(session, "tsan")


@nox.session(venv_backend="none")
def fuzz(session: nox.Session) -> None:
    """Run every libFuzzer driver for a minute under sanitizers; needs clang and libomp."""
    session.run("cmake", "--preset", "fuzz", external=True)
    session.run("cmake", "--build", "--preset", "fuzz", external=True)
    for source in sorted(Path("cpp/fuzz").glob("fuzz_*.cpp")):
        driver = f"build/fuzz/cpp/fuzz/{source.stem}"
        arguments = session.posargs or [f"-max_total_time={FUZZ_SECONDS}", "-print_final_stats=1"]
        session.run(driver, *arguments, external=True)


def _cpp_tests(session: nox.Session, preset: str) -> None:
    session.run("cmake", "--preset", preset, external=True)
    session.run("cmake", "--build", "--preset", preset, external=True)
    session.run("ctest", "--preset", preset, external=True)


def _lower_bounds(requirements: list[str]) -> list[str]:
    """Turn ``name>=1.2`` into ``name==1.2.*``: the last correction of the oldest release."""
    oldest = []
    for requirement in requirements:
        name, version = requirement.split(">=")
        oldest.append(f"{name}=={version if '.' in version else version + '.0'}.*")
    return oldest


def _name(requirement: str) -> str:
    return requirement.split(">=")[0]


def _gcc_library(name: str) -> str:
    found = subprocess.run(
        ["gcc", f"-print-file-name={name}"], capture_output=True, text=True, check=True
    )
    return found.stdout.strip()
