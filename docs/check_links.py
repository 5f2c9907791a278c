"""Says which links within a built site lead nowhere: files and anchors.

    python docs/check_links.py build/site
"""

from __future__ import annotations

import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit


class Page(HTMLParser):
    """The anchors of a page, and what it refers to."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.anchors: set[str] = set()
        self.links: list[str] = []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        for name, value in attributes:
            if value and (name == "id" or (name == "name" and tag == "a")):
                self.anchors.add(value)
            if value and name in ("href", "src"):
                self.links.append(value)


def broken(site: Path) -> list[str]:
    """Each link that leads nowhere, with its page."""
    pages = {path.resolve(): Page(path) for path in sorted(site.rglob("*.html")) if "_static" not in path.parts}
    found = []
    for path, page in pages.items():
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            anchor = unquote(parts.fragment)
            there = target.exists() and (not anchor or target not in pages or anchor in pages[target].anchors)
            if not there:
                found.append(f"{path.relative_to(site.resolve())}: {link}")
    return found


def main() -> None:
    """Print them; any is an error."""
    found = broken(Path(sys.argv[1]))
    print("\n".join(found) or "every link within the site leads somewhere")
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
