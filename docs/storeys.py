"""The picture of the house in docs/architecture.md, drawn from the contracts that hold its storeys.

Storeys of the core are those of tools/layers.py, storeys of the package those of the layers contract in
pyproject.toml, and what stands in each is read from the folders: the picture cannot be out of date.
"""

from __future__ import annotations

import sys
import textwrap
import tomllib
from pathlib import Path
from typing import Any, NamedTuple

from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

ROOT = Path(__file__).resolve().parents[1]
CORE, PACKAGE = ROOT / "cpp" / "core", ROOT / "python" / "robust_metric"
sys.path.insert(0, str(ROOT / "tools"))

import layers  # noqa: E402

WIDTH, HEIGHT = 10.0, 7.6  # of the picture, in inches, which are its coordinates as well
ROOF = 0.62
CORE_COLOUR, PACKAGE_COLOUR, DOOR_COLOUR = "#dbe9f4", "#e6efdc", "#f3ead8"


class Box(NamedTuple):
    """A place in the picture: lower left corner and size."""

    left: float
    bottom: float
    width: float
    height: float


def rooms(folder: Path, ending: str) -> str:
    """Return what stands in a folder: the stems of its files, and its subfolders."""
    paths = [path for path in folder.glob("*") if not path.name.startswith(("_", "."))]
    stems = sorted(path.stem for path in paths if path.suffix == ending)
    return "  ".join(stems + sorted(f"{path.name}/" for path in paths if path.is_dir()))


def package_storeys() -> list[list[str]]:
    """Return the storeys of the package from the ground up, each as the rooms that stand side by side."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = settings["tool"]["importlinter"]["contracts"]
    (storeys,) = (contract["layers"] for contract in contracts if contract["type"] == "layers")
    return [[room.strip() for room in storey.split(":")] for storey in reversed(storeys)]


def draw(axes: Any, box: Box, name: str, inside: str, colour: str) -> None:
    """Draw a box with a name and, below it, what stands in it."""
    gap = 0.03
    axes.add_patch(Rectangle(box[:2], box.width - gap, box.height - gap, facecolor=colour))
    lines = textwrap.wrap(inside, int(20 * box.width) - 2, break_long_words=False)
    text = {"transform": axes.transData, "linespacing": 1.25}
    top = box.bottom + 0.5 * (box.height - gap) + 0.062 * (1 + len(lines))
    axes.text(box.left + 0.08, top, name, fontsize=8.5, weight="bold", va="top", **text)
    axes.text(
        box.left + 0.08,
        top - 0.15,
        "\n".join(lines),
        fontsize=6.3,
        va="top",
        color="#4a515a",
        **text,
    )


def draw_core(axes: Any, box: Box) -> None:
    """Draw the storeys of the core; learn, which stands on data alone, beside those above it."""
    storeys = [name for name in layers.STOREYS if name != "learn"]
    each, tower = box.height / len(storeys), 0.76 * box.width
    for floor, name in enumerate(storeys):
        wide = name in layers.STOREYS["learn"]
        place = Box(box.left, box.bottom + floor * each, box.width if wide else tower, each)
        draw(axes, place, name, rooms(CORE / name, ".hpp"), CORE_COLOUR)
    ground = len(layers.STOREYS["learn"]) * each
    place = Box(box.left + tower, box.bottom + ground, box.width - tower, box.height - ground)
    draw(axes, place, "learn", rooms(CORE / "learn", ".hpp"), CORE_COLOUR)


def draw_package(axes: Any, box: Box) -> None:
    """Draw the storeys of the package, rooms of one storey side by side."""
    storeys = package_storeys()
    each = box.height / len(storeys)
    for floor, names in enumerate(storeys):
        width = box.width / len(names)
        for i, name in enumerate(names):
            place = Box(box.left + i * width, box.bottom + floor * each, width, each)
            draw(axes, place, name, rooms(PACKAGE / name, ".py"), PACKAGE_COLOUR)


def house() -> Figure:
    """Draw the core on the left, the package on the right, the bindings between them."""
    figure = Figure(figsize=(WIDTH, HEIGHT))
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0), xlim=(0.0, WIDTH), ylim=(0.0, HEIGHT))
    axes.axis("off")
    height = HEIGHT - ROOF - 0.1
    core = Box(0.1, 0.05, 4.3, height)
    draw_core(axes, core)
    headers = rooms(ROOT / "cpp" / "include" / "robust_metric", ".hpp")
    roof = Box(core.left, core.bottom + height, core.width, ROOF)
    draw(axes, roof, "cpp/include/robust_metric: the public C++ API", headers, DOOR_COLOUR)
    draw(axes, Box(4.45, 0.05, 0.75, height), "src", "bindings, one file an idea", DOOR_COLOUR)
    package = Box(5.25, 0.05, 4.65, height)
    draw_package(axes, package)
    roof = Box(package.left, package.bottom + height, package.width, ROOF)
    draw(axes, roof, "import robust_metric", "the public names", DOOR_COLOUR)
    return figure
