"""README and the pages of the losses say what the library says of itself."""

import re
import sys
from pathlib import Path

import pytest

README = Path(__file__).resolve().parent.parent / "README.md"
DOCS = README.parent / "docs"
sys.path.append(str(DOCS))

import make_pages as pages  # noqa: E402


def section(name: str) -> str:
    """The text between the markers of a section."""
    found = re.search(rf"<!-- {name} -->\n(.*?)\n?<!-- end of {name} -->", README.read_text(), re.S)
    assert found is not None, f"README has no section {name}"
    return found[1].strip()


def test_the_table_of_losses_is_that_of_the_registry() -> None:
    assert section("loss table") == pages.table("docs/")


@pytest.mark.parametrize("name", pages.pages())
def test_the_pages_of_losses_are_those_of_the_registry(name: str) -> None:
    assert (DOCS / name).read_text() == pages.pages()[name], "run python docs/make_pages.py"


def test_every_picture_of_a_page_is_there() -> None:
    for path in DOCS.glob("*.md"):
        for picture in re.findall(r"!\[[^]]*\]\(([^)]*)\)", path.read_text()):
            assert (DOCS / picture).exists(), "run python docs/make_pages.py"


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
