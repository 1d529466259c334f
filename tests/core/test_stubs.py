"""The types of the compiled core, `_core.pyi`, beside what the bindings say of themselves.

Compiled functions have no signature that `stubtest` could see; pybind11 writes it into the docstring.
"""

from __future__ import annotations

import ast
import inspect
import re
from pathlib import Path
from typing import Any

import pytest

from robust_metric import _core

STUB = Path(__file__).resolve().parents[2] / "python" / "robust_metric" / "_core.pyi"


def stubbed() -> dict[str, ast.FunctionDef]:
    """Functions and methods of the stub by their names."""
    found = {}
    for node in ast.parse(STUB.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef):
            found[node.name] = node
        elif isinstance(node, ast.ClassDef):
            methods = [part for part in node.body if isinstance(part, ast.FunctionDef)]
            found |= {f"{node.name}.{m.name}": m for m in methods if not m.decorator_list}
    return found


def bound(name: str) -> Any:
    """What a name of the stub is in the compiled module."""
    found: Any = _core
    for part in name.split("."):
        found = inspect.getattr_static(found, part)
    return getattr(found, "__func__", found)


def parameters(signature: ast.arguments) -> list[tuple[str, bool]]:
    """Names of parameters, and whether they have a default."""
    named = [*signature.posonlyargs, *signature.args]
    defaults = [False] * (len(named) - len(signature.defaults)) + [True] * len(signature.defaults)
    only = [default is not None for default in signature.kw_defaults]
    names = [argument.arg for argument in [*named, *signature.kwonlyargs]]
    return [pair for pair in zip(names, [*defaults, *only], strict=True) if pair[0] != "self"]


def documented(text: str) -> list[list[tuple[str, bool]]]:
    """The same of the signature that a docstring begins with, or of each overload that it lists."""
    first, *others = text.strip().splitlines()
    if others[:1] == ["Overloaded function."]:
        return [signed(line.split(". ", 1)[1]) for line in others if re.match(r"\d+\. ", line)]
    return [signed(first)]


def signed(line: str) -> list[tuple[str, bool]]:
    line = re.sub(r"<[^>]*>", "None", line)  # defaults as they print
    node = ast.parse(f"def {line}: ...").body[0]
    assert isinstance(node, ast.FunctionDef)
    return parameters(node.args)


@pytest.mark.parametrize("name", sorted(stubbed()))
def test_parameters_are_those_of_the_binding(name: str) -> None:
    function = bound(name)
    found = documented(function.__doc__)
    assert found
    assert all(signature == parameters(stubbed()[name].args) for signature in found)


def test_the_stub_has_every_function() -> None:
    functions = {name for name, value in vars(_core).items() if inspect.isbuiltin(value)}
    assert {name for name in functions if not name.startswith("_")} == {
        name for name in stubbed() if "." not in name
    }
