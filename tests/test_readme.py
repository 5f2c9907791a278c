"""README and the pages of the losses say what the library says of itself."""

import re
import sys
from pathlib import Path

import pytest

README = Path(__file__).resolve().parent.parent / "README.md"
DOCS = README.parent / "docs"
sys.path.append(str(DOCS))

import make_pages as pages  # noqa: E402

LINK = re.compile(r"\]\(([^)\s#:]+)(?:#[^)\s]*)?\)")


@pytest.mark.parametrize("name", pages.pages())
def test_the_pages_of_losses_are_those_of_the_registry(name: str) -> None:
    assert (pages.PAGES / name).read_text() == pages.pages()[name], "run python docs/make_pages.py"


def test_no_page_is_left_of_a_task_that_is_gone() -> None:
    assert {path.name for path in pages.PAGES.glob("*.md")} == set(pages.pages())


# The gallery is there when the site is built.
@pytest.mark.parametrize("path", [README, *sorted(DOCS.rglob("*.md"))], ids=lambda path: path.name)
def test_the_links_and_pictures_of_a_page_are_there(path: Path) -> None:
    prose = re.sub(r"```.*?```", "", path.read_text(), flags=re.S)
    gone = [link for link in LINK.findall(prose) if not (path.parent / link).exists() and "gallery/" not in link]
    assert not gone


def test_the_code_at_the_top_prints_what_stands_below_it() -> None:
    code, output = re.findall(r"```(?:python|text)\n(.*?)```", README.read_text(), re.S)[:2]
    lines: list[str] = []
    scope = {"print": lambda *values: lines.append(" ".join(str(v) for v in values))}
    try:
        exec(code, scope)
        raise AssertionError("the last line of the code raises")
    except IndexError as error:
        lines.append(f"IndexError: {error}")
    assert " ".join(" ".join(lines).split()) == " ".join(output.split())
