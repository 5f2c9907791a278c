"""How `make docs` makes the site: the Markdown of docs/, README, CONTRIBUTING, docstrings, and examples/gallery, run.

Every text is in one place. Pages that are Markdown are also read where the source is, without a site, so their links
are those of files in the repository; here links to files that are no page of the site lead to the source, if
NUMLOSS_SOURCES says where it is (an address that a path may follow), or to the file.
"""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import Any

import sphinx_gallery.sorting

DOCS = Path(__file__).resolve().parent
ROOT = DOCS.parent
sys.path.insert(0, str(ROOT))
os.environ.setdefault("MPLBACKEND", "agg")

from numloss.version import __version__  # noqa: E402

project = "numloss"
author = "The numloss developers"
project_copyright = author
release = version = __version__
extensions = [
    "myst_parser",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx_click",
    "sphinx_copybutton",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
]
exclude_patterns = ["gallery/*.py", "gallery/*.ipynb", "gallery/*.zip", "gallery/*.json", "gallery/sg_execution_times*"]
highlight_language = "none"
default_role = "code"  # what is between backticks in docstrings
suppress_warnings = ["config.cache"]  # functions of conf.py, such as the order of the gallery, cannot be pickled

# Headings are anchors as on a forge: losses/regression.md#huber.
myst_heading_anchors = 3
myst_enable_extensions = ["colon_fence"]
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True

autodoc_member_order = "bysource"
autodoc_typehints = "none"
numpydoc_show_class_members = False
numpydoc_xref_param_type = False

sphinx_gallery_conf = {
    "examples_dirs": str(ROOT / "examples" / "gallery"),
    "gallery_dirs": "gallery",
    "filename_pattern": r"plot_",
    "within_subsection_order": sphinx_gallery.sorting.FileNameSortKey,
    "download_all_examples": False,
    "show_memory": False,
    "show_signature": False,
    "capture_repr": (),
    "abort_on_example_error": True,
    "write_computation_times": False,
}

html_theme = "pydata_sphinx_theme"
html_title = "numloss"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_sourcelink = False
html_copy_source = False
html_sidebars = {"index": [], "which_loss": []}
html_theme_options = {
    "navbar_align": "left",
    "navbar_end": ["theme-switcher"],
    "header_links_before_dropdown": 6,
    "show_prev_next": False,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": ["theme-version"],
    "navigation_with_keys": False,
    "show_toc_level": 2,
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}

# Other places are looked for by `make docs-links` alone.
linkcheck_anchors = False
linkcheck_ignore = [r"gallery/"]  # pages of the site itself
linkcheck_timeout = 20
linkcheck_workers = 4

SOURCES = os.environ.get("NUMLOSS_SOURCES", "").rstrip("/")
LINK = re.compile(r"(?P<before>!?\[(?:[^\[\]]|\[[^\[\]]*\])*\]\()(?P<path>[^)\s#:]+)(?P<anchor>#[^)\s]*)?\)")
# Texts outside of docs/ that a page shows.
SHOWN = {"README.md": "index.md", "CONTRIBUTING.md": "explanation/contributing.md", "CHANGELOG.md": "changelog.md"}


def relinked(text: str, folder: Path, page: Path) -> str:
    """The links of a text that lies in a folder, as a page elsewhere has to write them."""

    def there(found: re.Match[str]) -> str:
        before, path, anchor = found["before"], found["path"], found["anchor"] or ""
        target = (folder / path).resolve()
        if not target.exists() or not target.is_relative_to(ROOT):
            return found[0]
        name = target.relative_to(ROOT).as_posix()
        if name in SHOWN:
            target = DOCS / SHOWN[name]
        elif before.startswith("!") or target.is_relative_to(DOCS):
            pass
        elif SOURCES:
            return f"{before}{SOURCES}/{name}{anchor})"
        elif target.is_dir():
            return before[1:-2]
        else:
            anchor = ""
        return f"{before}{os.path.relpath(target, page.parent)}{anchor})"

    return LINK.sub(there, text)


def read(app: Any, docname: str, content: list[str]) -> None:
    """Links of a page of docs/."""
    page = Path(app.env.doc2path(docname))
    if page.suffix == ".md":
        content[0] = relinked(content[0], page.parent, page)
    if docname == "losses/README":  # it is made for readers without a site, too
        content[0] += "\n```{toctree}\n:hidden:\n:glob:\n\n*\n```\n"


def included(app: Any, path: Path, docname: str, content: list[str]) -> None:
    """Links of a text that a page includes."""
    source = (DOCS / path).resolve()
    if source.suffix == ".md":
        # MyST says the last part of the page's name alone
        content[0] = relinked(content[0], source.parent, Path(app.env.doc2path(app.env.docname)))


def skipped(app: Any, what: str, name: str, member: Any, skip: bool, options: Any) -> bool | None:
    """Of metrics the options are for users, and no method is."""
    module = getattr(member, "__module__", None) or ""
    return True if what == "class" and module.startswith("numloss.metrics") and callable(member) else None


def as_written(app: Any, context: Any, lines: list[str]) -> None:
    """What commands say of themselves is plain text: a star is a star."""
    lines[:] = [line.replace("*", r"\*") for line in lines]


def setup(app: Any) -> None:
    """Tell Sphinx of them."""
    for part in ("description", "epilog"):
        app.connect(f"sphinx-click-process-{part}", as_written)
    app.connect("autodoc-skip-member", skipped)
    app.connect("source-read", read)
    app.connect("include-read", included)
