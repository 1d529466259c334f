"""Results as data frames, of the library that the caller works with."""

from __future__ import annotations

from importlib import import_module
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

FrameLibrary = Literal["pandas", "polars"]
_LIBRARIES = ("pandas", "polars")


class Tabular:
    """Base of results of which a row speaks of one query."""

    def _columns(self) -> dict[str, NDArray[Any]]:
        raise NotImplementedError

    def to_frame(self, library: FrameLibrary = "pandas", *, index: Any = None) -> Any:
        """Return a data frame with one row a query; the fields that are (m,) arrays are its columns.

        Parameters
        ----------
        library : {"pandas", "polars"}, default "pandas"
            Whose frame.
        index : (m,) array or pandas.Index, optional
            Names of the rows, such as those of the queries' own frame; a column ``index`` in front
            where the frames have none, which is so for polars.

        Returns
        -------
        pandas.DataFrame or polars.DataFrame
            Whose numbers are copies. Dask arrays are computed.

        Raises
        ------
        ImportError
            If the library is not installed.
        ValueError
            If ``library`` is another, or ``index`` has another length.
        """
        if library not in _LIBRARIES:
            raise ValueError(f'library must be "pandas" or "polars", got {library!r}')
        try:
            frames = import_module(library)
        except ImportError as error:
            raise ImportError(f"to_frame needs {library}: pip install {library}") from error
        columns = {name: np.array(values) for name, values in self._columns().items()}
        rows = len(next(iter(columns.values())))
        if index is not None and len(index) != rows:
            raise ValueError(f"index must have one name for each of {rows} rows, got {len(index)}")
        if library == "pandas":
            return frames.DataFrame(columns, index=index)
        named = {} if index is None else {"index": np.asarray(index)}
        # polars takes objects one by one
        lists = {n: v.tolist() if v.dtype.kind == "O" else v for n, v in (named | columns).items()}
        return frames.DataFrame(lists)
