"""The norm that bounds of half-spaces divide by."""

from __future__ import annotations

import math

from .. import _core


def dual_norm(norm: float) -> _core.Norm:
    """Return the norm that half-space bounds divide by, for perturbations of norm 1, 2 or inf."""
    return {1: _core.Norm.infinity, 2: _core.Norm.two, math.inf: _core.Norm.one}[norm]
