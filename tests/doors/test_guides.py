"""The code and the commands of the guides in docs/guides run, the parts of each library where that is installed."""

from __future__ import annotations

import linecache
import os
import re
import shlex
import warnings
from pathlib import Path
from typing import Any

import pytest
from commands import call
from process import TESTS

import numloss_in_numba

# Keras chooses its backend when it is imported, and its guide is about PyTorch's.
os.environ["KERAS_BACKEND"] = "torch"
# Python of a library, or of all of them, and what a terminal shows.
BLOCK = re.compile(r"(?:<!-- (\w+) -->\n)?```(python|console)\n(.*?)```", re.S)
# Numba finds an installed package by itself.
numloss_in_numba.register()
GUIDES = TESTS.parent / "docs" / "guides"
# Each guide that has code, with the libraries that it has a part for, or is about.
PARTS = [
    (path, name)
    for path in sorted(GUIDES.glob("*.md"))
    if (blocks := BLOCK.findall(path.read_text()))
    for name in sorted({of for of, _, _ in blocks} - {""}) or [path.stem]
]


def run_commands(shown: str) -> None:
    """Run the commands of a terminal; one that refuses says what is shown."""
    for text in re.split(r"^\$ ", shown, flags=re.M)[1:]:
        line, _, output = text.partition("\n")
        program, *arguments = shlex.split(line)
        assert program == "numloss"
        result = call(*arguments)
        if output.startswith("Error: "):
            assert result.exit_code == 1 and result.stderr == output
        else:
            assert result.exit_code == 0, result.output


@pytest.mark.parametrize(
    ("guide", "name"),
    # Numba is there wherever the tests run, and what that guide compiles takes long
    [pytest.param(*part, marks=pytest.mark.more) if part[1] == "numba" else part for part in PARTS],
    ids=[f"{path.stem}-{name}" for path, name in PARTS],
)
def test_the_guide_runs(guide: Path, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip(name, reason=f"{name} is not installed", exc_type=ImportError)
    if name == "keras":
        pytest.importorskip("torch", reason="torch is not installed", exc_type=ImportError)
    blocks = [(kind, code) for of, kind, code in BLOCK.findall(guide.read_text()) if of in ("", name)]
    monkeypatch.chdir(tmp_path)
    scope: dict[str, Any] = {"__name__": "guide"}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        # variables of Keras in the hands of PyTorch
        warnings.filterwarnings("ignore", "__array__ implementation doesn't accept a copy", DeprecationWarning)
        for k, (kind, code) in enumerate(blocks):
            if kind == "console":
                run_commands(code)
                continue
            # as in a notebook, whose cells can be read
            name = f"<{guide.name}, block {k}>"
            linecache.cache[name] = (len(code), None, code.splitlines(keepends=True), name)
            exec(compile(code, name, "exec"), scope)
