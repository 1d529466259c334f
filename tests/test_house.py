"""The house of docs/architecture.md, as far as it can be read off the sources: imports go one way."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1] / "python" / "robust_metric"
COMPILED = {"robust_metric._core", "robust_metric.blas_pointers", "robust_metric.core"}


def name_of(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


SOURCES = {name_of(path): path for path in PACKAGE.rglob("*.py")}


@cache
def imports_of(module: str) -> frozenset[str]:
    """Modules that a source names in any import: in functions and for type checkers, too."""
    path = SOURCES[module]
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1]
            base = ".".join([*(above if node.level else []), *filter(None, [node.module])])
            for alias in node.names:
                inner = f"{base}.{alias.name}"
                found.add(inner if inner in SOURCES or inner in COMPILED else base)
    return frozenset(found)


def reached_from(*modules: str) -> set[str]:
    """All that is imported on the way from some modules, their packages included."""
    seen: set[str] = set()
    waiting = list(modules)
    while waiting:
        module = waiting.pop()
        if module in seen:
            continue
        seen.add(module)
        if module in SOURCES:
            waiting += imports_of(module)
            # importing a module runs its package first; the front door itself imports nothing when it is run
            room = module.rpartition(".")[0]
            waiting += [room] if room.count(".") else []
    return seen


def test_no_import_circles() -> None:
    circles = []
    done: set[str] = set()

    def walk(module: str, way: list[str]) -> None:
        if module in way:
            circles.append(" -> ".join([*way[way.index(module) :], module]))
        elif module in SOURCES and module not in done:
            for other in sorted(imports_of(module) - {"robust_metric"}):
                walk(other, [*way, module])
            done.add(module)

    for module in sorted(SOURCES):
        walk(module, [])
    assert not circles, "\n".join(circles)


def test_the_checker_reaches_nothing_compiled() -> None:
    reached = reached_from("robust_metric.check", "robust_metric.checker")
    others = {name.partition(".")[0] for name in reached} - {"robust_metric"}
    assert not reached & COMPILED
    assert not others & {"sklearn", "scipy", "threadpoolctl", "joblib"}


def test_what_these_tests_read_is_the_package() -> None:
    assert "robust_metric.checker.proofs" in reached_from("robust_metric.check")
    assert reached_from("robust_metric.fitted") & COMPILED
