"""Results of single steps on disk: what an interrupted run has done is not done again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..io.archives import Arrays
from ..io.npz import read_npz, write_npz

_KIND = "report cell"


@dataclass(frozen=True)
class Cell:
    """What one step gave: numbers and texts, and arrays."""

    values: dict[str, Any]
    arrays: Arrays


@dataclass(frozen=True)
class CellStore:
    """A folder of cells, each a file with the key it was computed under.

    Parameters
    ----------
    folder : Path
        Made where it is missing.
    """

    folder: Path

    def get(self, name: str, key: Mapping[str, Any]) -> Cell | None:
        """Return the cell of this name, or None if there is none that was computed under ``key``.

        A damaged file counts as none.
        """
        try:
            header, arrays = read_npz(self._path(name), _KIND)
        except (OSError, ValueError):
            return None
        if header.get("key") != json.loads(json.dumps(key)):
            return None
        return Cell(header["values"], arrays)

    def put(self, name: str, key: Mapping[str, Any], cell: Cell) -> None:
        """Store a cell; it is there whole or not at all."""
        path = self._path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        header = {"kind": _KIND, "key": dict(key), "values": cell.values}
        write_npz(path, header, cell.arrays)

    def _path(self, name: str) -> Path:
        return self.folder / f"{name}.npz"
