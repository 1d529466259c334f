"""Short descriptions of results, as text and as HTML: arrays of thousands say little when printed."""

from __future__ import annotations

from html import escape

import numpy as np
from numpy.typing import NDArray

from .._base.arrays import Floats

Facts = list[tuple[str, str]]


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


def describe_radii(radius: Floats) -> str:
    """Return median and range of radii, and how many are 0 or infinite."""
    if len(radius) == 0:
        return "none"
    text = f"median {np.median(radius):.4g}, from {radius.min():.4g} to {radius.max():.4g}"
    zeros, endless = int((radius == 0.0).sum()), int(np.isinf(radius).sum())
    if zeros:
        text += f"; 0 for {zeros}"
    if endless:
        text += f"; unlimited for {endless}"
    return text


def describe_counts(values: NDArray[np.generic], limit: int = 6) -> str:
    """Return distinct values with their numbers, the most frequent first."""
    names, counts = np.unique(values, return_counts=True)
    order = np.argsort(-counts, kind="stable")
    parts = [f"{names[i].item()}: {counts[i]}" for i in order[:limit]]
    return ", ".join(parts + (["..."] if len(order) > limit else []))
