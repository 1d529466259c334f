"""Pages about a fitted classifier on rows of one's own: what ``robust-metric report MODEL DATA`` writes."""

from __future__ import annotations

from .paper.own_data import Described, write_report

__all__ = ["Described", "write_report"]
