"""Labelled data by name or from a file, split and scaled the way the benchmarks of the field do."""

from .io.datasets import is_file, load, read, split
from .io.parts import Parts

__all__ = ["Parts", "is_file", "load", "read", "split"]
