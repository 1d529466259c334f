"""Labelled data by name or from a file, split and scaled the way the benchmarks of the field do."""

from .io.data_files import Parts
from .io.datasets import is_file, load, read, split

__all__ = ["Parts", "is_file", "load", "read", "split"]
