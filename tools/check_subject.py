"""Refuse a commit message whose subject is too long, or runs into its body.

Usage: python tools/check_subject.py MESSAGE_FILE        (as git's commit-msg hook does, by pre-commit)
"""

from __future__ import annotations

import sys
from pathlib import Path

WIDTH = 72  # what logs and mails show of a subject


def fault(message: str) -> str | None:
    """Return what is wrong with a commit message, or None."""
    lines = [line for line in message.splitlines() if not line.startswith("#")]
    while lines and not lines[0].strip():
        lines.pop(0)
    subject = lines[0].rstrip() if lines else ""
    if len(subject) > WIDTH:
        return (
            f"the subject must have at most {WIDTH} characters, got {len(subject)}: {subject!r}; "
            "what does not fit belongs into the body"
        )
    if len(lines) > 1 and lines[1].strip():
        return f"an empty line must separate subject and body, got {lines[1]!r}"
    return None


def main() -> int:
    """Check the message file named on the command line."""
    (path,) = sys.argv[1:]
    found = fault(Path(path).read_text(encoding="utf-8"))
    if found is not None:
        print(f"commit message: {found}", file=sys.stderr)
    return int(found is not None)


if __name__ == "__main__":
    sys.exit(main())
