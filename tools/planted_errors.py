#!/usr/bin/env python3
"""Plant errors in the proofs, one at a time, and see that Coq refuses each where it matters.

``python tools/planted_errors.py BUILD``: BUILD is a folder in which all proofs are compiled
(``make -C proofs``); each error is planted in a copy of it. The exit code is 1 if one is not
refused, or elsewhere than expected.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Error:
    """What is written in place of what, and the file that cannot be compiled then."""

    what: str
    file: str
    old: str
    new: str
    refused_in: str


ERRORS = [
    Error(
        "ties of votes go to the certified class, also where it is the larger",
        "losing_votes.v",
        "if c <? r then 1 else 0",
        "1",
        "losing_votes.v",
    ),
    Error(
        "inverse costs are rounded down",
        "reach.v",
        "((2 ^ (bits - snd w) + fst w - 1) / fst w)",
        "(2 ^ (bits - snd w) / fst w)",
        "reach.v",
    ),
    Error(
        "a half-space that touches the box counts as out of it",
        "box.v",
        "Some f => (f <? gap)%Z",
        "Some f => (f <=? gap)%Z",
        "box_bounds.v",
    ),
    Error(
        "multipliers of a search tree may be negative",
        "votes.v",
        "(0 <=? fst w)%Z && holds nd e x'",
        "holds nd e x'",
        "votes_sound.v",
    ),
    Error(
        "of as many own-class points as may stay one counts as beaten",
        "votes.v",
        "(kept l - length (stay nd) <? length points)",
        "(kept l - length (stay nd) <=? length points)",
        "votes_sound.v",
    ),
    Error(
        "a tie goes to the larger index",
        "checker.v",
        "(seen_index a <? seen_index o)",
        "(seen_index o <? seen_index a)",
        "checker_sound.v",
    ),
    Error(
        "points are left out for equal ones of larger index",
        "checker.v",
        "existsb (fun q => (fst q <? i) && equal_vectors (snd q) v) (bucket b v)",
        "existsb (fun q => (i <? fst q) && equal_vectors (snd q) v) (bucket b v)",
        "checker_sound.v",
    ),
    Error(
        "`up` raises by 32 u, for 60 roundings",
        "rounding.v",
        "Definition up (v : R) : R := fl (fl (v * (1 + 128 * u))",
        "Definition up (v : R) : R := fl (fl (v * (1 + 32 * u))",
        "rounding.v",
    ),
    Error(
        "`reach_two` takes the price times the offset as it was rounded",
        "reach_rounding.v",
        "rounded (product * (1 - 4 * u)) kept",
        "rounded product kept",
        "reach_rounding.v",
    ),
]


def plant(error: Error, build: Path) -> str | None:
    """Compile a copy of the proofs with an error; return what is wrong with the outcome, or None."""
    with tempfile.TemporaryDirectory() as scratch:
        copy = Path(scratch) / "proofs"
        shutil.copytree(build, copy)
        source = copy / error.file
        text = source.read_text()
        if text.count(error.old) != 1:
            return f"{error.file} has {text.count(error.old)} times {error.old!r}, wanted once"
        source.write_text(text.replace(error.old, error.new))
        done = subprocess.run(
            ["make", "-f", "CoqMakefile"], cwd=copy, capture_output=True, text=True, check=False
        )
        if done.returncode == 0:
            return "every proof was compiled"
        refused = re.findall(r'^File "\./(\w+\.v)", line', done.stderr, re.MULTILINE)
        if refused != [error.refused_in]:
            return f"refused in {refused}, wanted {error.refused_in}"
    return None


def main() -> int:
    """Plant each error; the exit code."""
    parser = argparse.ArgumentParser(
        description="Plant errors in the proofs, which Coq has to refuse."
    )
    parser.add_argument("build", type=Path, help="folder with the compiled proofs")
    build = parser.parse_args().build
    wrong = 0
    for error in ERRORS:
        problem = plant(error, build)
        wrong += problem is not None
        print(f"{error.what}: {problem or f'refused in {error.refused_in}'}", flush=True)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
