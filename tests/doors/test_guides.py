"""The code of the guides in docs/guides runs, the parts of each library where that is installed."""

from __future__ import annotations

import linecache
import os
import re
import warnings
from pathlib import Path
from typing import Any

import pytest
from process import TESTS

import numloss_in_numba

# Keras chooses its backend when it is imported, and its guide is about PyTorch's.
os.environ["KERAS_BACKEND"] = "torch"
BLOCK = re.compile(r"(?:<!-- (\w+) -->\n)?```python\n(.*?)```", re.S)
# Numba finds an installed package by itself.
numloss_in_numba.register()
GUIDES = TESTS.parent / "docs" / "guides"
# Each guide with the libraries that it has a part for, or is about.
PARTS = [
    (path, name)
    for path in sorted(GUIDES.glob("*.md"))
    for name in sorted({of for of, _ in BLOCK.findall(path.read_text())} - {""}) or [path.stem]
]


@pytest.mark.parametrize(
    ("guide", "name"),
    # Numba is there wherever the tests run, and what that guide compiles takes long
    [pytest.param(*part, marks=pytest.mark.more) if part[1] == "numba" else part for part in PARTS],
    ids=[f"{path.stem}-{name}" for path, name in PARTS],
)
def test_the_guide_runs(guide: Path, name: str) -> None:
    pytest.importorskip(name, reason=f"{name} is not installed", exc_type=ImportError)
    if name == "keras":
        pytest.importorskip("torch", reason="torch is not installed", exc_type=ImportError)
    blocks = [code for of, code in BLOCK.findall(guide.read_text()) if of in ("", name)]
    assert len(blocks) > 3
    scope: dict[str, Any] = {"__name__": "guide"}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        # variables of Keras in the hands of PyTorch
        warnings.filterwarnings("ignore", "__array__ implementation doesn't accept a copy", DeprecationWarning)
        for k, code in enumerate(blocks):
            # as in a notebook, whose cells can be read
            name = f"<{guide.name}, block {k}>"
            linecache.cache[name] = (len(code), None, code.splitlines(keepends=True), name)
            exec(compile(code, name, "exec"), scope)
