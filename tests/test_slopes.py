"""Derivatives of the vocabulary, and of laws that give their value alone."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from typing import Any

import mpmath as mp
import numpy as np
import pytest
from compare import assert_same_bits
from machine import missing

import numloss as nl
from numloss import scalar
from numloss.backends.retype import LawError
from numloss.declare.slopes import FLAT, RULES
from numloss.registry import law_arguments
from numloss.scalar import exp, fma, log1p, maximum, minimum, power, sigmoid, softplus, sqrt

Law = Callable[..., Any]
# The exact word and where it is tried: each number of a point is differentiated by in turn, and all of them at once.
EXACT: dict[str, tuple[Law, list[tuple[float, ...]]]] = {
    "atan": (mp.atan, [(0.3,), (-4.0,), (1e3,), (1e-3,)]),
    "decay": (lambda x: mp.exp(-abs(x)), [(0.3,), (-4.0,), (30.0,)]),
    "decay_of_product": (lambda a, b, rest: mp.exp(-a * (b + rest)), [(2.0, 3.0, 0.0), (0.1, 20.0, 0.0)]),
    "digamma": (mp.digamma, [(0.01,), (0.7,), (1.5,), (4.0,), (9.0,), (300.0,)]),
    "erf": (mp.erf, [(0.3,), (-2.0,), (5.0,)]),
    "erfc": (mp.erfc, [(0.3,), (-2.0,), (5.0,)]),
    "exp": (mp.exp, [(0.3,), (-40.0,), (30.0,)]),
    "exp_below": (lambda x, shift: mp.exp(x - shift), [(0.3, 1.0), (-20.0, 2.0)]),
    "exp_of_product": (lambda a, b, rest: mp.exp(a * (b + rest)), [(2.0, -3.0, 0.0), (-0.1, -20.0, 0.0)]),
    "expm1": (mp.expm1, [(1e-3,), (-4.0,), (30.0,)]),
    "fma": (lambda a, b, c: a * b + c, [(2.0, -3.0, 0.5)]),
    "lgamma": (mp.loggamma, [(0.01,), (0.7,), (1.5,), (4.0,), (9.0,), (300.0,)]),
    "log": (mp.log, [(1e-3,), (1.25,), (40.0,)]),
    "log1p": (mp.log1p, [(1e-3,), (-0.75,), (40.0,)]),
    "log1p_unit": (mp.log1p, [(1e-3,), (0.75,)]),
    "log_rest": (lambda x: mp.log1p(x) - x, [(1e-3,), (-0.25,), (0.4,)]),
    "maximum": (lambda a, b: max(a, b), [(1.0, 2.0), (2.0, 1.0)]),
    "minimum": (lambda a, b: min(a, b), [(1.0, 2.0), (2.0, 1.0)]),
    "power": (mp.power, [(0.3, 2.5), (4.0, -1.5), (1e-3, 0.5), (2.0, 1.0), (3.0, 2.0), (1.0, 0.25)]),
    "sigmoid": (lambda x: 1 / (1 + mp.exp(-x)), [(0.3,), (-40.0,), (30.0,)]),
    "softplus": (lambda x: mp.log1p(mp.exp(x)), [(0.3,), (-40.0,), (30.0,)]),
    "sqrt": (mp.sqrt, [(1e-3,), (1.25,), (40.0,)]),
    "tanh": (mp.tanh, [(1e-3,), (-0.75,), (12.0,)]),
}
# Of what only jumps, and of what rounding leaves, the derivative is 0.
JUMPS = {"sign", "rint", "round_shift", "difference_rest", "product_rest", "quotient_rest", "log1p_unit_rest"}


def test_every_word_has_a_rule() -> None:
    assert set(RULES) == set(scalar.__all__) == {*EXACT, *JUMPS}
    assert {name for name, rule in RULES.items() if rule == FLAT} == JUMPS


def of_text(text: str) -> Law:
    """A law of this expression of the vocabulary."""
    scope: dict[str, Any] = {**vars(scalar), "__name__": "of_text"}
    lines = f"def law(pred, target):\n    return {text}\n"
    filename = f"<a test of {text}>"
    __import__("linecache").cache[filename] = (len(lines), None, lines.splitlines(keepends=True), filename)
    exec(compile(lines, filename, "exec"), scope)
    return nl.elementwise(scope["law"]).__loss__.law  # type: ignore[attr-defined, no-any-return]


def directions(name: str, point: tuple[float, ...]) -> list[tuple[float, ...]]:
    """What each argument moves by: one after the other, and all together. Rests do not move."""
    moves = [argument not in ("rest", "a_rest", "b_rest") for argument in law_arguments(getattr(scalar, name))]
    alone = [tuple(float(i == k) for i in range(len(point))) for k in range(len(point)) if moves[k]]
    return alone + ([tuple(1.0 - 0.25 * k if moves[k] else 0.0 for k in range(len(point)))] if sum(moves) > 1 else [])


@pytest.mark.parametrize("name", EXACT)
def test_derivatives_of_words(name: str) -> None:
    """To 16 ulp in plain Python, whose words compute as compiled ones do."""
    exact, points = EXACT[name]
    for point in points:
        for direction in directions(name, point):
            parts = [f"{x!r} + {d!r} * pred" if d else repr(x) for x, d in zip(point, direction, strict=True)]
            found = of_text(f"{name}({', '.join(parts)})")(0.0, 0.0)
            with mp.workdps(60):

                def moved(t: Any, point: Any = point, direction: Any = direction) -> Any:
                    return exact(*(mp.mpf(x) + mp.mpf(d) * t for x, d in zip(point, direction, strict=True)))

                wanted = [moved(mp.mpf(0)), mp.diff(moved, 0), mp.diff(moved, 0, 2)]
            for value, right in zip(found, wanted, strict=True):
                assert abs(value - float(right)) <= 16 * 2.0**-52 * abs(float(right)) + 1e-300, (point, direction)


@pytest.mark.more
@pytest.mark.skipif("numba" in missing(), reason="numba compiles laws of one's own")
@pytest.mark.parametrize("name", EXACT)
def test_derivatives_of_words_in_float32(name: str) -> None:
    """As compiled for float32, against the same in float64."""
    for point in EXACT[name][1]:
        narrow = [float(np.float32(x)) for x in point]
        loss = of_text(f"{name}({', '.join(f'{x!r} + pred' if k == 0 else repr(x) for k, x in enumerate(narrow))})")
        at = np.zeros(1, np.float32)
        found = nl.value_grad_hess(nl.elementwise(loss))(at, at, reduction="none")
        for value, right in zip(found, loss(0.0, 0.0), strict=True):
            assert abs(float(value[0]) - right) <= 32 * 2.0**-23 * abs(right) + 1e-37, point


@pytest.mark.parametrize("name", sorted(JUMPS))
def test_what_jumps_has_no_derivative(name: str) -> None:
    count = len(law_arguments(getattr(scalar, name)))
    assert of_text(f"{name}({', '.join(['0.25 + pred'] * count)})")(0.3, 0.0)[1:] == (0.0, 0.0)


def helper(x, scale=2.0, shift=0.5):  # type: ignore[no-untyped-def]
    if x > 1.0:
        return scale * x, shift
    moved = scale * x * x
    return moved, moved - shift


def chooses(pred, target, eps):  # type: ignore[no-untyped-def]
    """A text with all that a law may have."""
    error = pred - target
    far = error > 1.0 or not error > -2.0
    if error > 2.0:
        found = softplus(error) * eps
    elif far:
        found, more = helper(error, shift=eps)
        found += more
    else:
        found: float = 0.5 * error * error if error > 0.0 else sqrt(error * error + eps)  # type: ignore[no-redef]
    least, most = min(found, 3.0), max(found, error, -1.0)
    found, error = error, found
    both = log1p(exp(found)) / (1.0 + error * error) - power(abs(error), eps)
    if both > 100.0:
        return both
    both -= +minimum(least, most) * fma(error, both, eps)
    return both + maximum(most, sigmoid(found))


def test_choices_helpers_and_names_that_change() -> None:
    loss = nl.elementwise(chooses, eps=1.5)
    law = loss.__loss__.law  # type: ignore[attr-defined]
    assert "error" in inspect.getsource(law)
    for pred in (3.1, 2.7, 1.3, 0.4, -0.4, -1.7, -3.2):
        value, slope, bend = law(pred, 0.1, 1.5)
        assert value == chooses(pred, 0.1, 1.5)
        h = 1e-3
        at = [chooses(pred + k * h, 0.1, 1.5) for k in (-2, -1, 0, 1, 2)]
        assert slope == pytest.approx((at[0] - 8 * at[1] + 8 * at[3] - at[4]) / (12 * h), rel=1e-7)
        assert bend == pytest.approx((-at[0] + 16 * at[1] - 30 * at[2] + 16 * at[3] - at[4]) / (12 * h * h), rel=1e-5)


def test_a_constant_derivative_costs_nothing() -> None:
    law = nl.elementwise(lambda pred, target: 3.0 * (pred - target), name="line").__loss__.law  # type: ignore
    assert "return v2, 3.0, 0.0" in inspect.getsource(law)


def test_a_kink_has_the_slope_of_what_was_chosen() -> None:
    law = nl.elementwise(lambda pred, target: abs(pred) if pred >= target else 0.0).__loss__.law  # type: ignore
    assert [law(x, 0.0)[1] for x in (-1.0, 0.0, 2.0)] == [0.0, 0.0, 1.0]


@pytest.mark.skipif("numba" in missing(), reason="numba compiles laws of one's own")
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_one_line_has_the_bits_of_a_law_with_derivatives(dtype: str) -> None:
    def given(pred, target):  # type: ignore[no-untyped-def]
        error = pred - target
        return 0.5 * error * error, error, 1.0

    lines = nl.elementwise(lambda pred, target: 0.5 * (pred - target) * (pred - target), name="line")
    pred, target = np.random.default_rng(3).normal(size=(2, 700)).astype(dtype)
    for found, expected in zip(
        nl.value_grad_hess(lines)(pred, target), nl.value_grad_hess(nl.elementwise(given))(pred, target), strict=True
    ):
        assert_same_bits(np.asarray(found), np.asarray(expected))


def test_what_has_no_derivative_is_named() -> None:
    def loops(pred, target):  # type: ignore[no-untyped-def]
        while pred > 1.0:
            pred = pred - 1.0
        return pred

    def once(pred, target):  # type: ignore[no-untyped-def]
        if pred > 0.0:
            late = pred
        return late

    def calls_itself(pred, target):  # type: ignore[no-untyped-def]
        return calls_itself(pred - 1.0, target) if pred > 1.0 else pred

    scope: dict[str, Any] = {}
    exec("def unwritten(pred, target):\n    return pred - target", scope)
    for law, said in (
        (loops, r"'loops', line \d+: While has no derivative"),
        (once, r"'once', line \d+: late has a value on one side of a choice alone"),
        (calls_itself, "calls_itself calls itself"),
        (scope["unwritten"], "'unwritten' gives its value alone, and its text is in no file"),
    ):
        with pytest.raises(LawError, match=said):
            nl.elementwise(law)


def test_a_text_that_has_changed_is_not_taken(tmp_path: Any) -> None:
    path = tmp_path / "own.py"
    path.write_text("def law(pred, target):\n    return pred - target\n")
    scope: dict[str, Any] = {}
    exec(compile(path.read_text(), str(path), "exec"), scope)
    assert nl.elementwise(scope["law"])
    path.write_text("def law(pred, target):\n    return pred + target\n")
    with pytest.raises(LawError, match=r"line 1 of .*own.py has another text now"):
        nl.elementwise(scope["law"])
    assert math.isclose(scope["law"](1.0, 0.5), 0.5)
