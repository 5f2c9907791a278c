"""Schedules of the learning rate: pure functions of the step, that return the factor of the rate.

A factor for warming up and one for what follows multiply. Fill in the keywords with functools.partial.
"""

from __future__ import annotations

import math
from collections.abc import Callable


def constant(step: int) -> float:
    """1 always."""
    return 1.0


def linear_warmup(step: int, *, warmup: int) -> float:
    """Rises in a straight line from 1 / warmup in the first step to 1 in step warmup - 1, and stays there."""
    _positive(warmup=warmup)
    return min(1.0, (step + 1) / warmup)


def cosine(step: int, *, steps: int, least: float = 0.0) -> float:
    """Falls from 1 to `least` along half a cosine in so many steps, and stays there (Loshchilov and Hutter, 2017)."""
    _positive(steps=steps)
    return least + (1.0 - least) * 0.5 * (1.0 + math.cos(math.pi * min(step, steps) / steps))


def exponential(step: int, *, gamma: float, every: int = 1) -> float:
    """gamma to the power of step / every."""
    _positive(gamma=gamma, every=every)
    return float(gamma ** (step / every))


def stepwise(step: int, *, every: int, gamma: float = 0.1) -> float:
    """Multiplied with gamma after every so many steps."""
    _positive(gamma=gamma, every=every)
    return float(gamma ** (step // every))


def one_cycle(step: int, *, steps: int, peak: float = 0.3, start: float = 0.04, final: float = 4e-6) -> float:
    """Rises from `start` to 1 in the first `peak` share of the steps, then falls to `final`; both along a cosine.

    After Smith and Topin (2018), as torch.optim.lr_scheduler.OneCycleLR.
    """
    _positive(steps=steps)
    if not 0.0 < peak < 1.0:
        raise ValueError(f"peak must be in (0, 1), got {peak}")
    top, last = peak * steps - 1.0, steps - 1.0
    if step <= top:
        return _between(start, 1.0, step / top)
    return _between(1.0, final, min(1.0, (step - top) / (last - top)))


def _between(start: float, stop: float, share: float) -> float:
    """From start to stop along half a cosine."""
    return stop + (start - stop) * 0.5 * (1.0 + math.cos(math.pi * share))


def _positive(**numbers: float) -> None:
    for name, number in numbers.items():
        if not number > 0:
            raise ValueError(f"{name} must be > 0, got {number}")


SCHEDULES: dict[str, Callable[..., float]] = {
    "constant": constant, "linear_warmup": linear_warmup, "cosine": cosine, "exponential": exponential,
    "stepwise": stepwise, "one_cycle": one_cycle,
}  # fmt: skip
