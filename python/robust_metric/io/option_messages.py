"""Errors of the library in the words of the command line: options, not parameters of Python."""

from __future__ import annotations

import re

# What to look for, and what a person at a command line calls it.
_WORDS = [
    (re.compile(pattern), words)
    for pattern, words in (
        (r" ?\(in Python [^)]*\)", ""),
        (r"^name_or_path must", "DATA must"),
        (r"^(X|queries) must", "DATA must"),
        (r"^y must", "labels must"),
        (r"^path must name", "wanted"),
        (r"^inputs must", "--queries must"),
        (r"^header, drop, only and id must", "--header, --drop, --only and --id must"),
        (r"^label, id and features must", "--label, --id and features must"),
        (r"^header must be given", "--header or --no-header must be given"),
        (r": --header or --no-header$", ""),
        (r"^(label|drop|only|id|bounds|norm|grid) must", r"--\1 must"),
        (r"^(feature_cost|n_neighbors|time_limit) must", r"--\1 must"),
        (
            r'^precision must be "float32", a number of decimal places (.*), or None',
            r"--decimals must be a number of decimal places \1",
        ),
        (r"bounds of threat, ", "bounds of the threat model, "),
        (r"ThreatModel\(\.\.\., clip_queries=True\) moves", "--clip moves"),
        (r"; without image each", "; without --image each"),
        (r"\bn_neighbors=", "--n-neighbors "),
        (r"\bmin_radius\b", "the radius"),
    )
]


def in_options(message: object) -> str:
    """Return a message on one line, with what is wanted of options in their names."""
    text = " ".join(str(message).split())
    for pattern, words in _WORDS:
        text = pattern.sub(words, text)
    # parameters that are options have their spelling
    return re.sub(r"--([a-z]+)_([a-z]+)", r"--\1-\2", text)
