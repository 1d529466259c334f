"""A notebook as the text of a page: its prose, its code, and the output that the tests compare."""

from __future__ import annotations

import json


def as_markdown(notebook: str) -> str:
    """Return the cells of a notebook, given as its JSON, in MyST's Markdown."""
    parts = []
    for cell in json.loads(notebook)["cells"]:
        source = "".join(cell["source"]).strip("\n")
        parts.append(source if cell["cell_type"] == "markdown" else f"```python\n{source}\n```")
        for output in cell.get("outputs", []):
            parts.append("```text\n" + "".join(output.get("text", [])).rstrip("\n") + "\n```")
    return "\n\n".join(parts) + "\n"
