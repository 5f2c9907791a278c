"""Derivatives by differences, and which of them can be trusted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
Function = Callable[[Array], Array]
# Fourth-order central differences: the error is h^4 times a fifth derivative, and the rounding of f over h.
WEIGHTS = ((-2.0, 1.0 / 12.0), (-1.0, -2.0 / 3.0), (1.0, 2.0 / 3.0), (2.0, -1.0 / 12.0))
RTOL = 1e-7
# Of the entries of a problem, how many may lie so near a kink that differences say nothing.
MOST_AT_KINKS = 0.2


def central(function: Function, x: Array, direction: Array, step: float) -> Array:
    """Derivative of a function of x along a direction."""
    parts = [weight / step * np.asarray(function(x + shift * step * direction)) for shift, weight in WEIGHTS]
    return np.asarray(sum(parts))


def gradient(function: Callable[[Array], float], x: Array, step: float = 1e-3) -> tuple[Array, Array]:
    """Derivative by each entry of x, and where it is smooth enough to be believed.

    Near a kink two steps disagree; that is told from the function alone, never from the gradient under test.
    """
    estimates = np.empty((2, *x.shape))
    for index in np.ndindex(x.shape):
        direction = np.zeros_like(x)
        direction[index] = 1.0
        for k, h in enumerate((step, step / 2)):
            estimates[(k, *index)] = central(lambda y: np.asarray(function(y)), x, direction, h)
    return estimates[1], agree(estimates)


def diagonal(function: Function, x: Array, step: float = 1e-3) -> tuple[Array, Array]:
    """Derivative of each entry of a vector function by the same entry of x, and where it can be believed."""
    estimates = np.empty((2, *x.shape))
    for index in np.ndindex(x.shape):
        direction = np.zeros_like(x)
        direction[index] = 1.0
        for k, h in enumerate((step, step / 2)):
            estimates[(k, *index)] = central(function, x, direction, h)[index]
    return estimates[1], agree(estimates)


def agree(estimates: Array) -> Array:
    """Where the two estimates differ by less than what the coarser one is allowed."""
    return np.asarray(np.abs(estimates[0] - estimates[1]) <= 1e-6 * (1.0 + np.abs(estimates[1])))


def assert_derivative(actual: Any, estimate: Any, trusted: Any, kinks: str, size: float = 0.0) -> None:
    """Equal where the differences can be trusted, which is everywhere for a smooth loss.

    `size` is that of the numbers that were subtracted: their rounding, over the step, is no error of the derivative.
    """
    lost = 1.0 - np.count_nonzero(trusted) / trusted.size
    assert lost <= (MOST_AT_KINKS if kinks else 0.0), f"{lost:.0%} of the differences disagree with themselves"
    rounding = np.finfo(np.float64).eps * size / 1e-3
    error = np.maximum(0.0, np.abs(actual - estimate) - rounding) / (1e-2 + np.abs(estimate))
    error = np.where(trusted, error, 0.0)
    at = tuple(map(int, np.unravel_index(int(np.argmax(error)), error.shape)))
    found, expected = np.broadcast_to(actual, error.shape)[at], np.broadcast_to(estimate, error.shape)[at]
    assert error[at] <= RTOL, f"off by {error[at]:.3g}, relative, at {list(at)}: {found} against {expected}"
