"""What a metric found: a number, what it is made of, and how sure it is."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

from ..typing import Array


@dataclass(frozen=True)
class Figures:
    """The value of a metric, the ends between which it certainly lies, and what else there is to say.

    Where all rows have been looked at as closely as it takes, the ends are the value. `error` is the standard error
    of the value, where it has one; `figures` are numbers by name, `tables` columns by name of tables by name.
    """

    value: float
    low: float
    high: float
    rows: float
    error: float = math.nan
    figures: dict[str, float] = field(default_factory=dict)
    tables: dict[str, dict[str, Array]] = field(default_factory=dict)


def exactly(value: float, rows: float, figures: dict[str, float] | None = None, **tables: Any) -> Figures:
    """A value that is what it is."""
    return Figures(value, value, value, rows, math.nan, figures or {}, tables)
