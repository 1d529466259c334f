"""Certification beyond one machine: queries, or the training set itself, as Dask arrays.

Many queries against a training set that fits into memory: hand a Dask array to the methods of the
classifier, which then answer lazily. A training set that does not fit: `certified_radii` of this module.
When to use which: ``docs/distributed.md``. Needs Dask (``pip install "robust-metric[dask]"``).
"""

from .distributed.queries import certify, minimal_perturbation
from .distributed.training_sets import certified_radii

__all__ = ["certified_radii", "certify", "minimal_perturbation"]
