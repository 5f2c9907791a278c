"""Short ways to call a case, and to say how it must refuse."""

from __future__ import annotations

import re
from typing import Any

import pytest
from cases import record, required, stands_for_its_kind


def each(cases: list[str]) -> list[Any]:
    """Cases as parameters of a test; those for which another loss of their kind stands run with `more`."""
    return [case if stands_for_its_kind(case) else pytest.param(case, marks=pytest.mark.more) for case in cases]


def call(case: str, backend: str, given: Any, **extra: Any) -> Any:
    """The loss of a case on a backend."""
    return record(case).function(*given, **{**required(case), "backend": backend, **extra})


def refused(kind: type[Exception] | tuple[type[Exception], ...], *said: object) -> Any:
    """Raises this, and says all of these, in this order."""
    return pytest.raises(kind, match=".*".join(re.escape(str(part)) for part in said))
