"""The tables of ``robust-metric report paper``; ``docs/results.md`` is made by it."""
