"""Domains of arguments, as data: validation, generators of test inputs and documentation all read the same."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass

import numpy as np

from .loops.codes import check_of


@dataclass(frozen=True)
class Domain:
    """The values from low to high, both included; `integers`: only whole numbers among them.

    An open end is the nearest float inside: it is spelt out in `text`, which error messages print.
    """

    low: float = -math.inf
    high: float = math.inf
    integers: bool = False
    text: str = "a number, not NaN"
    free: bool = False

    def check(self, prediction: bool) -> int:
        """What a loop has to test, in its own code."""
        return check_of(self.low, self.high, self.integers, self.free, prediction)

    @functools.lru_cache(maxsize=1024)  # noqa: B019 - those of the library live as long as it does
    def ends(self, dtype: str) -> tuple[float, float]:
        """The lowest and the highest value of the domain that a dtype has."""
        real = np.dtype(dtype).type
        with np.errstate(over="ignore", under="ignore"):
            low, high = real(self.low), real(self.high)
        if float(low) < self.low:
            low = np.nextafter(low, real(np.inf))
        if float(high) > self.high:
            high = np.nextafter(high, real(-np.inf))
        return float(low), float(high)

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high and (not self.integers or value == round(value))


TINY = 5e-324

REAL = Domain()
FINITE = Domain(-1.7976931348623157e308, 1.7976931348623157e308, text="finite")
BELOW_INF = Domain(high=1.7976931348623157e308, text="a number below inf")
ABOVE_MINUS_INF = Domain(-1.7976931348623157e308, text="a number above -inf")
POSITIVE = Domain(TINY, 1.7976931348623157e308, text="> 0 and finite")
POSITIVE_OR_INF = Domain(TINY, text="> 0")
NONNEGATIVE = Domain(0.0, 1.7976931348623157e308, text=">= 0 and finite")
NONPOSITIVE = Domain(high=0.0, text="<= 0")
AT_LEAST_ONE = Domain(1.0, 1.7976931348623157e308, text=">= 1 and finite")
ABOVE_MINUS_ONE = Domain(2.0**-53 - 1.0, text="> -1")
FINITE_ABOVE_MINUS_ONE = Domain(2.0**-53 - 1.0, 1.7976931348623157e308, text="> -1 and finite")
AT_LEAST_MINUS_ONE = Domain(-1.0, 1.7976931348623157e308, text=">= -1 and finite")
UP_TO_ONE = Domain(TINY, 1.0, text="in (0, 1]")
UNIT = Domain(0.0, 1.0, text="in [0, 1]")
OPEN_UNIT = Domain(TINY, 1.0 - 2.0**-53, text="in (0, 1)")
SMOOTHING = Domain(0.0, 1.0 - 2.0**-53, text="in [0, 1)")
HALF_UNIT = Domain(0.0, 0.5, text="in [0, 0.5]")
RIGHT_ANGLE = Domain(0.0, 1.5707963267948966, text="in [0, pi / 2]")
BETWEEN_1_AND_2 = Domain(1.0 + 2.0**-52, 2.0 - 2.0**-52, text="in (1, 2)")
ABOVE_1_UP_TO_2 = Domain(1.0 + 2.0**-52, 2.0, text="in (1, 2]")
ANGLE = Domain(-1e4, 1e4, text="an angle in [-10000, 10000]")
AT_MOST_2 = Domain(-100.0, 2.0, text="in [-100, 2]")
BELOW_2 = Domain(-100.0, 2.0 - 2.0**-52, text="in [-100, 2)")
UP_TO_TWO = Domain(0.0, 2.0, integers=True, text="0, 1 or 2")
ONE_OR_TWO = Domain(1.0, 2.0, integers=True, text="1 or 2")
SIGN = Domain(-1.0, 1.0, integers=True, text="-1 or 1 (0 reads as -1)")
RANK = Domain(0.0, 65535.0, integers=True, text="a whole number from 0 to the highest class")
COUNT = Domain(1.0, 1e9, integers=True, text="a whole number from 1 to 10^9")
RELEVANCE = Domain(0.0, 31.0, integers=True, text="a whole number in [0, 31]")
BINARY = Domain(0.0, 1.0, integers=True, text="0 or 1")
ANY = Domain(text="anything, NaN and inf propagate", free=True)
