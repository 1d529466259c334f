"""Figures by other programs on the same data, to be set beside a report's own.

They are shown only where the data are those they were computed on: 1000 test points in the order of
the protocol. The paper's own tables are not among them.
"""

from __future__ import annotations

from .protocol import RADII, Problem

# Certified robust errors at RADII by the published code of ARML (PyTorch), by data set and K.
PUBLISHED_ARML = {
    ("splice", 1): (0.111, 0.217, 0.349, 0.510, 0.652, 0.781),
    ("splice", 11): (0.117, 0.211, 0.350, 0.502, 0.672, 0.824),
    ("pendigits", 1): (0.028, 0.115, 0.344, 0.598, 0.821, 0.967),
    ("pendigits", 11): (0.035, 0.116, 0.309, 0.568, 0.780, 0.937),
    ("usps", 1): (0.047, 0.126, 0.323, 0.644, 0.876, 0.969),
    ("usps", 11): (0.062, 0.163, 0.378, 0.624, 0.894, 0.978),
}

# The same for the Euclidean metric, by an independent solver; K = 11 without the plurality refinement.
PUBLISHED_EUCLIDEAN = {
    ("mnist", 1): (0.033, 0.112, 0.274, 0.521, 0.788, 0.945),
    ("pendigits", 1): (0.032, 0.119, 0.347, 0.606, 0.829, 0.969),
    ("usps", 1): (0.055, 0.151, 0.403, 0.687, 0.891, 0.973),
    ("splice", 1): (0.302, 0.466, 0.659, 0.784, 0.848, 0.875),
    ("pendigits", 11): (0.039, 0.126, 0.316, 0.577, 0.784, 0.937),
    ("usps", 11): (0.075, 0.221, 0.478, 0.679, 0.923, 0.986),
    ("splice", 11): (0.316, 0.554, 0.824, 0.977, 0.990, 0.997),
}

_DIGESTS = {
    "splice": "b29def989737358af289df308f85ddef",
    "pendigits": "616ba3c33292fb388c1cd666e373aa46",
    "usps": "ab75c9af8b8f35425f350da8c4f25514",
    "mnist": "b0b586c15636d2e032177c64be3c9912",
}


def references(problem: Problem, k: int) -> dict[str, tuple[float, ...]]:
    """Return certified errors at ``RADII[problem.name]`` for that K, by what to call their row."""
    if problem.name not in RADII or problem.digest != _DIGESTS.get(problem.name):
        return {}
    known = {
        "Euclidean, reference": PUBLISHED_EUCLIDEAN.get((problem.name, k)),
        "ARML, published code": PUBLISHED_ARML.get((problem.name, k)),
    }
    return {title: errors for title, errors in known.items() if errors is not None}
