"""The version, read from the installed package's metadata (one source: pyproject.toml)."""

from importlib.metadata import version

__version__ = version("robust-metric")
