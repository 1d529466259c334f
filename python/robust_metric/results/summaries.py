"""Short descriptions of results, as text and as HTML: arrays of thousands say little when printed."""

from __future__ import annotations

from collections import Counter
from html import escape
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .._base.arrays import is_dask_array

Facts = list[tuple[str, str]]

_LAZY = "a Dask array, computed when it is asked for"
_LONGEST_NAME = 40


class Described:
    """Base of results that describe themselves by a title and facts."""

    def _facts(self) -> tuple[str, Facts]:
        raise NotImplementedError

    def __repr__(self) -> str:
        """Return the title and one line for each fact."""
        title, facts = self._facts()
        width = max(len(name) for name, _ in facts)
        return "\n".join([title, *(f"  {name:<{width}}  {text}" for name, text in facts)])

    def _repr_html_(self) -> str:
        """Return the same as a table, for notebooks."""
        title, facts = self._facts()
        rows = "".join(
            f"<tr><th style='text-align:left'>{escape(name)}</th>"
            f"<td style='text-align:left'>{escape(text)}</td></tr>"
            for name, text in facts
        )
        return f"<table><caption style='text-align:left'>{escape(title)}</caption>{rows}</table>"


def describe_radii(radius: ArrayLike) -> str:
    """Return median and range of radii, and how many are 0 or infinite."""
    if is_dask_array(radius):
        return _LAZY
    values = np.asarray(radius, dtype=np.float64)
    if len(values) == 0:
        return "none"
    text = f"median {np.median(values):.4g}, from {values.min():.4g} to {values.max():.4g}"
    zeros, endless = int((values == 0.0).sum()), int(np.isinf(values).sum())
    if zeros:
        text += f"; 0 for {zeros}"
    if endless:
        text += f"; unlimited for {endless}"
    return text


def describe_counts(values: ArrayLike, limit: int = 6) -> str:
    """Return distinct values with their numbers, the most frequent first."""
    if is_dask_array(values):
        return _LAZY
    array = np.asarray(values)
    if array.dtype.kind == "O":  # in no order that all of them need have
        names, counts = (
            zip(*Counter(array.tolist()).items(), strict=True) if array.size else ((), ())
        )
    else:
        names, counts = (found.tolist() for found in np.unique(array, return_counts=True))
    order = np.argsort(-np.asarray(counts), kind="stable")
    parts = [f"{_shortened(names[i])}: {counts[i]}" for i in order[:limit]]
    return ", ".join(parts + (["..."] if len(order) > limit else [])) or "none"


def numbered(values: Any, noun: str) -> str:
    """Return how many values there are with what they are called, "of 3 predictions"."""
    count = values.shape[0] if is_dask_array(values) else len(values)
    # Dask need not know it before it has computed them
    return f"{count} {noun}" if count == count else noun


def _shortened(name: object) -> str:
    """Return a label on one line, as long as a summary can hold."""
    text = " ".join(str(name).split())
    return text if len(text) <= _LONGEST_NAME else text[:_LONGEST_NAME] + "..."
