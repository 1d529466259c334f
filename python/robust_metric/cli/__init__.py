"""The command ``robust-metric``: a demonstration, and fitting and certifying on one's own data."""

from .program import DAMAGED, ERROR, FAILED, INTERRUPTED, PIPE_CLOSED, main, make_parser

__all__ = ["DAMAGED", "ERROR", "FAILED", "INTERRUPTED", "PIPE_CLOSED", "main", "make_parser"]
