"""Whether something became slower, told so that what did not change passes.

What is compared is not times but how many times as long as a reference that takes its turns in between: a copy, and
arithmetic. Each visit gives one such number, since turns of one visit are disturbed alike. Of those before and those
now, the outermost left out (Yuen's form of Welch's test), follows an interval of the change. It is slower if the lower
end is above the limit by the reference whose interval is the narrower one, the other one finds the limit exceeded, too,
and both do so again when it is measured once more. Where memory or the CPU has other guests than before, one of the
references tells so.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

# How often something that did not change may seem slower, in one run and over all that it compares.
FALSE_ALARMS = 0.01
# By what two runs differ, as a standard deviation of logarithms, where nothing did: arrays and code lie elsewhere.
BETWEEN_RUNS = 0.02
# Fewer visits say nothing about how much visits differ.
LEAST_VISITS = 3
# Beyond that Student's distribution is the normal one.
MOST_DEGREES = 100

Logs = Mapping[str, Sequence[float]]


@dataclass(frozen=True)
class Change:
    """How many times as long something takes as before, by the reference that says it best, and what that lies between.

    `least` is the lowest of its lower end and of what the other references take for likely.
    """

    ratio: float
    low: float
    high: float
    reference: str
    least: float


def changed(before: Logs, now: Logs, comparisons: int = 1) -> Change | None:
    """The change against the reference with the narrower interval; None where too few visits were made."""
    found = [
        between(before[name], now[name], FALSE_ALARMS / comparisons, name)
        for name in now
        if name in before and min(len(before[name]), len(now[name])) >= LEAST_VISITS
    ]
    if not found:
        return None
    best = min(found, key=lambda each: each.high / each.low)
    return replace(best, least=min(best.low, *(each.ratio for each in found)))


def between(before: Sequence[float], now: Sequence[float], doubt: float, reference: str = "") -> Change:
    """The change from the visits before to those now, with an interval that is wrong at its lower end as often as
    `doubt` says."""
    (was, *first), (middle, *second) = trimmed(before), trimmed(now)
    middle -= was
    error = math.sqrt(first[0] + second[0] + 2.0 * BETWEEN_RUNS**2)
    # Welch: as if that many numbers had told the error; what runs differ by is known
    weight = sum(part * part / (count - 1) for part, count in (first, second))
    degrees = max(1, min(MOST_DEGREES, int(error**4 / weight))) if weight > 0.0 else MOST_DEGREES
    reach = student(1.0 - doubt, degrees) * error
    low, high = math.exp(middle - reach), math.exp(middle + reach)
    return Change(math.exp(middle), low, high, reference, low)


def trimmed(numbers: Sequence[float]) -> tuple[float, float, int]:
    """The mean without the outermost fifths, the square of its error, and of how many numbers it is."""
    ordered = sorted(numbers)
    off = len(ordered) // 5
    inner = ordered[off : len(ordered) - off]
    pulled = [min(max(each, inner[0]), inner[-1]) for each in ordered]
    count = len(inner)
    error = (len(ordered) - 1) * statistics.variance(pulled) / (count * (count - 1))
    return statistics.fmean(inner), error, count


def student(level: float, degrees: int) -> float:
    """The quantile of Student's distribution above its median."""
    low, high = 0.0, 1.0
    while below(high, degrees) < level:
        high *= 2.0
    for _ in range(40):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if below(middle, degrees) < level else (low, middle)
    return high


def below(t: float, degrees: int) -> float:
    """The probability that Student's t is below a number that is not negative."""
    angle = math.atan(t / math.sqrt(degrees))
    square = math.cos(angle) ** 2
    term = math.cos(angle) if degrees % 2 else 1.0
    total = 0.0 if degrees == 1 else term
    for k in range(3 if degrees % 2 else 2, degrees - 1, 2):
        term *= square * (k - 1) / k
        total += term
    if degrees % 2:
        return 0.5 + (angle + math.sin(angle) * total) / math.pi
    return 0.5 + 0.5 * math.sin(angle) * total


def slower(change: Change | None, limit: float) -> bool:
    """Whether something takes longer by more than a share of its time, without much doubt."""
    return change is not None and change.least > 1.0 + limit
