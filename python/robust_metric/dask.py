"""Certification beyond one machine: queries, or the training set itself, as Dask arrays.

Many queries against a training set that fits into memory: hand a Dask array to the methods of the
classifier, which then answer lazily. A training set that does not fit: `certified_radii` of this module.
When to use which: ``docs/distributed.md``. Needs Dask (``pip install "robust-metric[dask]"``).
"""

from .distributed.dask_arrays import certified_radii, certify, minimal_perturbation

__all__ = ["certified_radii", "certify", "minimal_perturbation"]
