"""Every comparison can fail: each is shown wrong answers, and right ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from compare import assert_close, assert_same_bits, assert_ulp, canonical_bytes, told, ulp_distance

NAN_WITH_PAYLOAD = np.array([0x7FF8000000000123], np.uint64).view(np.float64)
ONE = np.float32(1.0)
NEXT = np.nextafter(ONE, np.float32(2.0))


def up(x: float, steps: int) -> np.float64:
    result = np.float64(x)
    for _ in range(steps):
        result = np.nextafter(result, np.inf)
    return result


@pytest.mark.parametrize(
    ("a", "b", "distance"),
    [
        (np.float64(1.0), up(1.0, 5), 5),
        (ONE, NEXT, 1),
        (np.float32(0.0), np.float32(-0.0), 0),
        (np.float64(-5e-324), np.float64(5e-324), 2),
        (np.float64(np.nan), np.float64(np.nan), 0),
        (np.float64(np.nan), np.float64(1.0), np.inf),
        (np.float64(-1.0), -up(1.0, 3), 3),
    ],
)
def test_ulp_distance_counts_floats(a: Any, b: Any, distance: float) -> None:
    assert ulp_distance(a, b) == distance
    assert ulp_distance(b, a) == distance


def test_ulp_distance_refuses_mixed_dtypes() -> None:
    with pytest.raises(AssertionError, match="dtypes differ"):
        ulp_distance(ONE, np.float64(1.0))


RIGHT: list[Callable[[], None]] = [
    lambda: assert_ulp(NEXT, ONE, 1),
    lambda: assert_close(NEXT, 1.0, ulp=1),
    lambda: assert_close(np.float32(1e-7), 0.0, ulp=1, scale=1.0),
    lambda: assert_close(np.array([np.inf, np.nan]), [np.inf, np.nan], ulp=0),
    lambda: assert_close(np.empty(0), np.empty(0), ulp=0),
    lambda: assert_same_bits(NAN_WITH_PAYLOAD, np.array([np.nan])),
]
WRONG: list[Callable[[], None]] = [
    lambda: assert_ulp(up(1.0, 3), np.float64(1.0), 2),
    lambda: assert_ulp(np.array([1.0, np.nan]), np.array([1.0, 2.0]), 1e9),
    lambda: assert_close(np.float32(1.0000003), 1.0, ulp=1),
    lambda: assert_close(np.float32(1e-6), 0.0, ulp=1, scale=1.0),
    lambda: assert_close(np.array([np.nan]), [1.0], ulp=1e9, scale=1e9),
    lambda: assert_close(np.array([1.0]), [np.nan], ulp=1e9),
    lambda: assert_close(np.array([-np.inf]), [np.inf], ulp=1e9),
    lambda: assert_close(np.array([1e308]), [np.inf], ulp=1e9),
    lambda: assert_close(np.array([1.0, 1.0]), [1.0], ulp=1),
    lambda: assert_close(np.array([1]), [1.0], ulp=1),
    lambda: assert_same_bits(np.array([0.0]), np.array([-0.0])),
    lambda: assert_same_bits(np.array([1.0]), up(1.0, 1).reshape(1)),
    lambda: assert_same_bits(np.float32([1.0]), np.float64([1.0])),
    lambda: assert_same_bits(np.zeros(2), np.zeros((2, 1))),
]


@pytest.mark.parametrize("comparison", RIGHT)
def test_a_right_answer_passes(comparison: Callable[[], None]) -> None:
    comparison()


@pytest.mark.parametrize("comparison", WRONG)
def test_a_wrong_answer_raises(comparison: Callable[[], None]) -> None:
    with pytest.raises(AssertionError):
        comparison()


def test_canonical_bytes_are_those_of_c_order() -> None:
    x = np.arange(6.0).reshape(2, 3)
    assert canonical_bytes(np.asfortranarray(x)) == x.tobytes()
    assert canonical_bytes(x.T) != x.tobytes()


def test_a_failure_says_for_what() -> None:
    with pytest.raises(AssertionError, match=r"the worst at \[2\]") as raised:
        with told(loss="mse", backend="numba", weight_by="row"):
            assert_same_bits(np.array([1.0, 2.0, 3.0]), np.array([1.0, 2.0, 4.0]))
    assert raised.value.__notes__ == ["for loss mse, backend numba, weight by row"]
