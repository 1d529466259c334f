"""Configuration of the site: ``nox -s docs``. Needs doxygen beside what the extra ``docs`` installs."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import matplotlib

import robust_metric

matplotlib.use("agg")

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
sys.path.insert(0, str(HERE))  # figure_scraper, make_figures, notebook_page, storeys

import make_figures  # noqa: E402
import notebook_page  # noqa: E402

project = "robust_metric"
author = "the robust_metric developers"
copyright = f"2026, {author}"
version = release = robust_metric.__version__

extensions = [
    "myst_parser",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
    "sphinx_gallery.gen_gallery",
    "breathe",
]
exclude_patterns = ["_build", "sg_execution_times.rst", "gallery/sg_execution_times.rst"]

templates_path = ["_templates"]
suppress_warnings = ["toc.not_included"]  # a page may be led to by links alone

highlight_language = "none"  # blocks that name no language are output or formulas

html_theme = "furo"
html_title = "robust_metric"
html_static_path = ["_static"]
html_css_files = ["wide_tables.css", "doors.css"]
html_show_sourcelink = False

myst_enable_extensions = ["colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3

autosummary_generate = True
autodoc_typehints = "none"  # numpydoc's sections say it better
autodoc_mock_imports: list[str] = []
numpydoc_show_class_members = False
default_role = "py:obj"  # `name` in a docstring leads to name, where it has a page

sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "gallery",
    "filename_pattern": r"/[^/]+\.py$",
    "ignore_pattern": r"embed_",
    "within_subsection_order": "FileNameSortKey",
    "image_scrapers": ("matplotlib", "figure_scraper"),
    "abort_on_example_error": True,
    "download_all_examples": False,
    "remove_config_comments": True,
}

linkcheck_ignore = [r"https://doi\.org/.*"]  # publishers refuse programs
linkcheck_timeout = 20

breathe_projects = {"robust_metric": str(HERE / "_build" / "doxygen" / "xml")}
breathe_default_project = "robust_metric"
# what the headers take from the standard library is not documented here
cpp_index_common_prefix = ["robust_metric::"]


def draw_figures(app: object) -> None:
    """Draw the figures of the pages from their data."""
    make_figures.main()


def run_doxygen(app: object) -> None:
    """Extract the headers' comments for the C++ reference."""
    (HERE / "_build" / "doxygen").mkdir(parents=True, exist_ok=True)
    try:
        subprocess.run(["doxygen", "docs/Doxyfile"], cwd=ROOT, check=True)
    except FileNotFoundError as error:
        raise RuntimeError("the C++ reference needs doxygen (Debian: doxygen)") from error


REPOSITORY_TEXTS = ("README", "CONTRIBUTING", "CHANGELOG", "SECURITY")


def put_repository_texts(app: object, page: str, source: list[str]) -> None:
    """Fill the pages of the repository's own texts, and lead links between them and docs/ to pages."""
    text = source[0]
    if page.upper() in REPOSITORY_TEXTS:
        text = (ROOT / f"{page.upper()}.md").read_text(encoding="utf-8")
        text = text.replace("](docs/", "](")
        # what is not a page: its name alone
        text = re.sub(r"\[([^\]]+)\]\((?:LICENSE|tests/[^)]*)\)", r"\1", text)
    for name in REPOSITORY_TEXTS:
        text = re.sub(rf"\]\((?:\.\./)?{name}\.md(#[\w-]+)?\)", rf"]({name.lower()}.md\1)", text)
    source[0] = text


def put_notebook(app: object, page: str, source: list[str]) -> None:
    """Fill the page of the notebook with its cells, above what leads to the file."""
    if page == "notebook":
        text = (ROOT / "examples/from_csv_to_report.ipynb").read_text(encoding="utf-8")
        source[0] = notebook_page.as_markdown(text) + "\n" + source[0]


def skip_request_methods(
    app: object, what: str, name: str, member: object, skip: bool, options: object
) -> bool | None:
    """Leave out what scikit-learn makes for metadata routing: its text refers to its own pages."""
    return True if re.fullmatch(r"set_\w+_request", name) else None


def setup(app: object) -> None:
    """Run doxygen and draw the figures before pages are read."""
    app.connect("autodoc-skip-member", skip_request_methods)  # type: ignore[attr-defined]
    app.connect("source-read", put_repository_texts)  # type: ignore[attr-defined]
    app.connect("source-read", put_notebook)  # type: ignore[attr-defined]
    app.connect("builder-inited", run_doxygen)  # type: ignore[attr-defined]
    app.connect("builder-inited", draw_figures)  # type: ignore[attr-defined]
