"""Commands, as users call them."""

from __future__ import annotations

import json

from click.testing import CliRunner, Result

from numloss.cli import main


def call(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def figures(*arguments: object) -> object:
    """The JSON that a command prints."""
    result = call(*arguments, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def sentence(*arguments: object) -> str:
    """The sentence with which a command refuses."""
    result = call(*arguments)
    assert result.exit_code == 1
    assert isinstance(result.exception, SystemExit)
    assert result.stderr.startswith("Error: ") and result.stderr.count("\n") == 1
    return result.stderr
