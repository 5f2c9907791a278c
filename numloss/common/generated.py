"""Functions whose text is made by a program."""

from __future__ import annotations

import linecache
from typing import Any


def defined(text: str, name: str, filename: str, scope: dict[str, Any]) -> Any:
    """What the text calls so, once it was executed in a scope; tracebacks show its lines."""
    linecache.cache[filename] = (len(text), None, text.splitlines(keepends=True), filename)
    exec(compile(text, filename, "exec"), scope)
    return scope[name]
