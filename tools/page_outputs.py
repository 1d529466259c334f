"""Run the programs of a page in an empty folder, and compare what they print with what the page shows.

    python tools/page_outputs.py [--write] PAGE...

Blocks that name a language, python or sh, are run one after the other, those of Python in one session. A
block without a language that follows one is what it prints; where it ends in "..." its beginning is shown.
Numbers may differ by 5 % from machine to machine, seconds by anything. With --write the page gets what was
printed; so does a notebook (.ipynb). Not run are blocks that install something, and those after the comment
``<!-- not run -->``.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import re
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path
from typing import Any

TOLERANCE = 0.05
_BLOCK = re.compile(r"(<!-- not run -->\n)?^```([^\n]*)\n(.*?)^```$(\n*)", re.M | re.S)
_NUMBER = re.compile(r"-?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?")
_SECONDS = re.compile(r"[\d.]+ s\b")


class Session:
    """What runs the blocks of one page, in one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.names: dict[str, Any] = {"__name__": "page"}

    def run(self, language: str, text: str) -> str:
        """Return what a block prints on standard output."""
        return self._python(text) if language == "python" else self._shell(text)

    def _python(self, text: str) -> str:
        printed, before = io.StringIO(), Path.cwd()
        os.chdir(self.folder)
        try:
            with contextlib.redirect_stdout(printed), warnings.catch_warnings():
                warnings.simplefilter("error")
                exec(compile(text, "page", "exec"), self.names)
        finally:
            os.chdir(before)
        return printed.getvalue()

    def _shell(self, text: str) -> str:
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        done = subprocess.run(
            ["bash", "-ec", text],
            cwd=self.folder,
            env={**os.environ, "PATH": path},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise RuntimeError(f"{text}\nfailed:\n{done.stderr}")
        return done.stdout


def alike(shown: str, printed: str) -> bool:
    """Whether the same words are there, and numbers that are nearly the same."""
    shown, printed = (_SECONDS.sub("some s", text.strip()) for text in (shown, printed))
    if shown.endswith("..."):
        shown = shown[:-3].rstrip()
        printed = "\n".join(printed.splitlines()[: len(shown.splitlines())])
    if _words(shown) != _words(printed):
        return False
    pairs = zip(_NUMBER.findall(shown), _NUMBER.findall(printed), strict=True)
    return all(_near(float(a), float(b)) for a, b in pairs)


def _words(text: str) -> list[str]:
    return re.sub(r"[-=]{4,}", "rule", _NUMBER.sub(" # ", text)).split()


def _near(a: float, b: float) -> bool:
    return abs(a - b) <= TOLERANCE * max(abs(a), abs(b))


def run(text: str, folder: Path, write: bool = False) -> tuple[str, list[str]]:
    """Run a page's blocks; return the page with what was printed, and what is wrong."""
    session, printed, wrong = Session(folder), "", list[str]()
    after_program = False
    pieces, end = [], 0
    for block in _BLOCK.finditer(text):
        aside, language, body, gap = block.groups()
        between = text[end : block.start()].strip()
        pieces.append(text[end : block.start()])
        end = block.end()
        if language in ("python", "sh"):
            after_program = aside is None and "pip install" not in body
            printed = session.run(language, body) if after_program else ""
        elif language == "" and after_program and not (aside or _ends_section(between)):
            after_program = False
            if not alike(body, printed):
                wrong.append(f"the page shows\n{body}but this is printed:\n{printed}")
                if write and not body.rstrip().endswith("..."):
                    pieces.append(f"```\n{printed.strip()}\n```{gap}")
                    continue
        pieces.append(block[0])
    return "".join(pieces) + text[end:], wrong


def run_notebook(text: str, folder: Path, write: bool = False) -> tuple[str, list[str]]:
    """Execute the cells of a notebook; return it with what was printed, and what is wrong."""
    notebook, session, wrong = json.loads(text), Session(folder), list[str]()
    for cell in notebook["cells"]:
        if cell["cell_type"] != "code":
            continue
        printed = session.run("python", "".join(cell["source"]))
        shown = "".join(line for output in cell["outputs"] for line in output["text"])
        if not alike(shown, printed):
            wrong.append(f"the notebook shows\n{shown}but this is printed:\n{printed}")
            lines = printed.splitlines(keepends=True)
            stream = {"name": "stdout", "output_type": "stream", "text": lines}
            cell["outputs"] = [stream] if lines else []
    return json.dumps(notebook, indent=1, ensure_ascii=False) + "\n" if write else text, wrong


def _ends_section(between: str) -> bool:
    return bool(re.search(r"^#", between, re.M))


def main() -> int:
    """Look at the pages that the command line names."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--write", action="store_true")
    parser.add_argument("pages", nargs="+", type=Path)
    args = parser.parse_args()
    failed = False
    for page in args.pages:
        with tempfile.TemporaryDirectory() as folder:
            look = run_notebook if page.suffix == ".ipynb" else run
            found, wrong = look(page.read_text(encoding="utf-8"), Path(folder), args.write)
        if args.write:
            page.write_text(found, encoding="utf-8")
        for text in wrong:
            failed = True
            print(f"{page}: {text}", file=sys.stderr)
    return int(failed and not args.write)


if __name__ == "__main__":
    sys.exit(main())
