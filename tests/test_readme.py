"""README says what the library prints."""

import re
from pathlib import Path

from click.testing import CliRunner

README = Path(__file__).resolve().parent.parent / "README.md"


def section(name: str) -> str:
    """The text between the markers of a section."""
    found = re.search(rf"<!-- {name} -->\n(.*?)\n?<!-- end of {name} -->", README.read_text(), re.S)
    assert found is not None, f"README has no section {name}"
    return found[1].strip()


def test_the_table_of_losses_is_that_of_the_registry() -> None:
    from numloss.cli.losses import command

    printed = CliRunner().invoke(command, ["--markdown"])
    assert printed.exit_code == 0, printed.output
    assert section("loss table") == printed.output.strip()


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
