"""A user's law is a loss like any other; what a law may not have is refused with a sentence."""

from __future__ import annotations

import gc
import math
import weakref
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from compare import assert_close, assert_same_bits
from differences import gradient
from machine import missing
from process import attempt, python
from seeds import generator

import numloss as nl
from numloss.backends.retype import LawError, fingerprint
from numloss.domains import POSITIVE
from numloss.scalar import exp, log1p, sqrt

pytestmark = pytest.mark.skipif("numba" in missing(), reason=f"numba: {missing().get('numba')}")
PRED, TARGET = generator("own").normal(size=(2, 4001))
HALF = 0.5


def _rounded_size(pred, target, eps):  # type: ignore[no-untyped-def]
    error = pred - target
    size = sqrt(error * error + eps * eps)
    return size, error / size, eps * eps / (size * size * size)


rounded_size = nl.elementwise(_rounded_size, eps=1e-3)


def halved(x):  # type: ignore[no-untyped-def]
    return HALF * x


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_value_gradient_curvature_weights_and_threads(dtype: str) -> None:
    pred, target = PRED.astype(dtype), TARGET.astype(dtype)
    size = np.sqrt((pred - target).astype(float) ** 2 + 0.25)
    value, slope, curvature = nl.value_grad_hess(rounded_size)(pred, target, eps=0.5, reduction="none")
    for found, exact in ((value, size), (slope, (pred - target) / size), (curvature, 0.25 / size**3)):
        assert found.dtype == dtype
        assert_close(found, exact, ulp=8)
    weight = np.abs(pred)
    weighted = rounded_size(pred, target, eps=0.5, weight=weight)
    assert_close(np.asarray(weighted, dtype), np.average(size, weights=weight.astype(float)), ulp=16)
    with nl.num_threads(1):
        assert rounded_size(pred, target, eps=0.5, weight=weight) == weighted


def test_gradient_against_differences() -> None:
    pred, target = PRED[:20], TARGET[:20]
    slope, trusted = gradient(lambda x: float(rounded_size(x, target, eps=0.5, reduction="sum")), pred)
    found = nl.grad(rounded_size)(pred, target, eps=0.5, reduction="sum")
    assert trusted.all()
    assert np.max(np.abs(found - slope)) < 1e-8


def test_it_has_a_face() -> None:
    assert rounded_size.__name__ == "rounded_size"
    assert "eps" in str(__import__("inspect").signature(rounded_size))
    with pytest.raises(TypeError, match=r"rounded_size: unknown option 'epsilon'.*eps"):
        rounded_size(PRED, TARGET, epsilon=1.0)
    checked = nl.elementwise(_rounded_size, eps=1e-3, domains={"eps": POSITIVE})
    with pytest.raises(ValueError, match="rounded_size: eps must be > 0"):
        checked(PRED, TARGET, eps=-1.0)
    assert "rounded_size" not in nl.__all__


def test_nan_in_a_prediction_is_data_and_in_a_target_an_error() -> None:
    pred, target = np.array([1.0, np.nan, np.inf]), np.zeros(3)
    assert np.isnan(rounded_size(pred, target, reduction="none")[1])
    assert rounded_size(pred, target, reduction="none")[2] == np.inf
    with pytest.raises(ValueError, match=r"rounded_size: target\[1\] = nan"):
        rounded_size(target, pred)


KEPT = """
import numpy as np, numloss as nl
scope = {}
exec("def law(pred, target):\\n    e = pred - target\\n    return e * e, 2.0 * e, 2.0", scope)
print(nl.elementwise(scope["law"], name="own")(np.array([3.0]), np.array([1.0]), backend="numba"))
"""


def test_the_kernel_of_a_law_from_a_string_is_read_again(without_tiles: Path) -> None:
    found, kept = [], []
    for _ in range(2):
        found.append(python(KEPT, NUMLOSS_CACHE_DIR=str(without_tiles)).stdout.strip())
        kept.append([(path.name, path.stat().st_mtime_ns) for path in without_tiles.glob("*.kernel")])
    assert found == ["4.0", "4.0"]
    assert kept[0] == kept[1] and sum(name.startswith("tile-law-") for name, _ in kept[0]) == 1


def test_laws_without_a_source() -> None:
    scope: dict[str, Any] = {}
    exec("def law(pred, target):\n    e = pred - target\n    return e * e, 2.0 * e, 2.0", scope)
    laws = {
        "lambda": lambda pred, target: ((pred - target) * (pred - target), 2.0 * (pred - target), 2.0),
        "exec": scope["law"],
    }
    for law in laws.values():
        for dtype in ("float32", "float64"):
            pred, target = PRED.astype(dtype), TARGET.astype(dtype)
            found = nl.value_grad_hess(nl.elementwise(law, name="own"))(pred, target, reduction="none")
            expected = nl.value_grad_hess(nl.mse)(pred, target, reduction="none")
            for a, b in zip(found, expected, strict=True):
                assert_same_bits(a, b)


def test_laws_may_call_the_vocabulary_other_laws_and_what_they_close_over() -> None:
    def make(rate: float) -> Any:
        def law(pred, target):  # type: ignore[no-untyped-def]
            error = halved(pred - target)
            return rate * log1p(error * error), rate * error / (1.0 + error * error), exp(0.0 * error)

        return nl.elementwise(law, name="closure")

    error = 0.5 * (PRED - TARGET)
    for rate in (1.0, 3.0):
        assert_close(make(rate)(PRED, TARGET, reduction="none"), rate * np.log1p(error**2), ulp=8)


def test_a_function_that_numba_compiled_is_a_helper_like_any_other() -> None:
    from numba import njit

    @njit
    def squared(x):  # type: ignore[no-untyped-def]
        return HALF * x * x

    @njit(cache=False)
    def whole(pred, target):  # type: ignore[no-untyped-def]
        return squared(pred - target), pred - target, 1.0

    def plain(pred, target):  # type: ignore[no-untyped-def]
        return HALF * (pred - target) * (pred - target), pred - target, 1.0

    for dtype in ("float32", "float64"):
        pred, target = PRED.astype(dtype), TARGET.astype(dtype)
        expected = nl.value_grad_hess(nl.elementwise(plain))(pred, target, reduction="none")
        for law in (whole, lambda pred, target: squared(pred - target)):
            found = nl.value_grad_hess(nl.elementwise(law, name="own"))(pred, target, reduction="none")
            for a, b in zip(found, expected, strict=True):
                assert_same_bits(a, b)


BEFORE = """
from numloss.scalar import exp, log1p
FACTOR, POWER, NAN = 0.5, 0.0, float("nan")
def inner(x):
    return x * FACTOR
def other(x):
    return x + x
def helper(x, scale=1.0):
    return scale * inner(x)
def make(inside):
    def law(pred, target):
        return first(helper(pred - target)) + second(pred) + size(third(target)) + POWER, inside, NAN
    return law
first, second, third, size = inner, other, inner, abs
law = make(1.0)
"""
# Cells of a notebook, run after that, and whether the law computes something else then.
CELLS = {
    "a number": ("FACTOR = 0.25", True),
    "the sign of a zero": ("POWER = -0.0", True),
    "no number any more": ("POWER = NAN", True),
    "the same numbers": ("FACTOR = 0.5", False),
    "a comment in a helper": ("def inner(x):\n    # as before\n    return x * FACTOR\nfirst = third = inner", False),
    "a helper": ("def inner(x):\n    return x * FACTOR * 2.0\nfirst = third = inner", True),
    "a helper of a helper": ("def inner(x):\n    return x - FACTOR", True),
    "a default of a helper": ("def helper(x, scale=2.0):\n    return scale * inner(x)", True),
    "one helper for another": ("third = other", True),
    "two helpers exchanged": ("first, second = second, first", True),
    "another word of Python": ("size = float", True),
    "what is closed over": ("law = make(2.0)", True),
    "the same law again": ("law = make(1.0)", False),
    "another number in the law": (
        "def make(inside):\n    def law(pred, target):\n        return pred + 1.0, inside, NAN\n    return law\n"
        "law = make(1.0)",
        True,
    ),
}


@pytest.mark.parametrize("cell", CELLS)
def test_what_a_law_refers_to_is_taken_when_its_loss_is_made(cell: str) -> None:
    """After a change of anything it is another law, whose kernels are its own; without one it is the same."""
    scope: dict[str, Any] = {"__name__": "a notebook"}
    exec(BEFORE, scope)
    before = nl.elementwise(scope["law"]).__loss__.law  # type: ignore[attr-defined]
    text, changes = CELLS[cell]
    exec(text, scope)
    after = nl.elementwise(scope["law"]).__loss__.law  # type: ignore[attr-defined]
    assert (after is not before) == changes
    assert (fingerprint(after, "float32") != fingerprint(before, "float32")) == changes
    # the loss that was made before still computes what it did
    exec(BEFORE, scope)
    assert nl.elementwise(scope["law"]).__loss__.law is before  # type: ignore[attr-defined]


def test_changed_globals_and_helpers_give_new_numbers() -> None:
    scope: dict[str, Any] = {"__name__": "a notebook"}
    exec("HALF = 0.5\ndef helper(x):\n    return HALF * x\n", scope)
    exec("def law(pred, target):\n    e = helper(pred - target)\n    return e * e, e, 1.0\n", scope)
    pred, target = np.array([3.0]), np.array([1.0])
    first = nl.elementwise(scope["law"])
    assert first(pred, target) == 1.0
    scope["HALF"] = 1.0
    second = nl.elementwise(scope["law"])
    assert (second(pred, target), nl.value_and_grad(second)(pred, target)[0]) == (4.0, 4.0)
    exec("def helper(x):\n    return 3.0 * x\n", scope)
    third = nl.elementwise(scope["law"])
    assert third(pred, target) == 36.0
    # what was made before is what it was, in what is compiled only now, too
    assert (first(pred, target), nl.value_and_grad(first)(pred, target)[0]) == (1.0, 1.0)


def test_defaults_of_helpers_have_the_dtype_of_the_data() -> None:
    scope: dict[str, Any] = {"__name__": "a notebook"}
    exec("def helper(x, scale=0.1):\n    return scale * x\n", scope)
    exec("def law(pred, target):\n    return helper(pred - target), 0.0, 0.0\n", scope)
    pred, target = PRED.astype(np.float32), TARGET.astype(np.float32)
    found = nl.elementwise(scope["law"])(pred, target, reduction="none")
    assert_same_bits(found, np.float32(0.1) * (pred - target))


def test_a_loss_made_in_a_loop_leaves_nothing_behind() -> None:
    def law(pred, target):  # type: ignore[no-untyped-def]
        return pred - target, 1.0, 0.0

    laws = weakref.WeakSet[Any]()
    for _ in range(100):
        made = nl.elementwise(law)
        laws.add(made.__loss__.law)  # type: ignore[attr-defined]
        gone = weakref.ref(made)
    del made
    gc.collect()
    assert gone() is None and len(laws) <= 1


def power(pred, target):  # type: ignore[no-untyped-def]
    return (pred - target) ** 2.0, 0.0, 0.0


def integer(pred, target):  # type: ignore[no-untyped-def]
    return 2 * (pred - target), 0.0, 0.0


def of_math(pred, target):  # type: ignore[no-untyped-def]
    return math.exp(pred - target), 0.0, 0.0


def of_numpy(pred, target):  # type: ignore[no-untyped-def]
    return np.exp(pred - target), 0.0, 0.0


def keyword_only(pred, target, *, scale):  # type: ignore[no-untyped-def]
    return scale * (pred - target), 0.0, 0.0


def undefined(pred, target):  # type: ignore[no-untyped-def]
    return nowhere(pred - target), 0.0, 0.0  # type: ignore[name-defined]  # noqa: F821


@pytest.mark.parametrize(
    ("law", "said"),
    [
        (power, r"law 'power': \*\* is not available in laws"),
        (integer, r"law 'integer': write the integer 2 as a float"),
        (of_math, r"law 'of_math'.*numloss\.scalar"),
        (of_numpy, r"law 'of_numpy'.*numloss\.scalar"),
        (keyword_only, r"law 'keyword_only': laws take positional scalars only"),
        (undefined, r"law 'undefined': the name 'nowhere' is not defined"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_what_a_law_may_not_have(law: Any, said: str) -> None:
    with pytest.raises(LawError, match=said):
        nl.elementwise(law)(PRED, TARGET)


def test_what_is_no_law() -> None:
    for wrong in (np.exp, 3.0, "law", math.exp, rounded_size):
        with pytest.raises((LawError, TypeError)):
            nl.elementwise(wrong)(PRED, TARGET)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="one parameter for each option"):
        nl.elementwise(_rounded_size)
    with pytest.raises(TypeError, match="one parameter for each option"):
        nl.elementwise(_rounded_size, eps=1.0, delta=2.0)


def sixteen(pred, target, p0, p1, p2, p3, p4, p5, p6, p7, p8, p9, p10, p11, p12, p13, p14, p15):  # type: ignore[no-untyped-def]
    error = pred - target - (p0 + p1 + p2 + p3 + p4 + p5 + p6 + p7 + p8 + p9 + p10 + p11 + p12 + p13 + p14 + p15)
    return error * error, 2.0 * error, 2.0


def seventeen(pred, target, p0, p1, p2, p3, p4, p5, p6, p7, p8, p9, p10, p11, p12, p13, p14, p15, p16):  # type: ignore[no-untyped-def]
    error = pred - target - (p0 + p1 + p2 + p3 + p4 + p5 + p6 + p7 + p8 + p9 + p10 + p11 + p12 + p13 + p14 + p15 + p16)
    return error * error, 2.0 * error, 2.0


def test_the_most_parameters() -> None:
    many = nl.elementwise(sixteen, **{f"p{k}": 0.25 * k for k in range(16)})
    pred, target = np.rint(64.0 * PRED) / 64.0, np.rint(64.0 * TARGET) / 64.0  # whose sums are exact
    assert many(pred, target) == nl.mse(pred, target + 30.0)
    with pytest.raises(TypeError, match="the law has 17 parameters; there is room for 16"):
        nl.elementwise(seventeen, **{f"p{k}": 0.5 for k in range(17)})


ALONE = """
import os
import numpy as np, numloss as nl
scope = {}
exec("def law(pred, target):\\n    e = pred - target\\n    return e * e, 2.0 * e, 2.0", scope)
found = nl.elementwise(scope["law"], name="own")(np.array([3.0]), np.array([1.0]))
print(found, sorted({name.split("-")[0] for name in os.listdir(os.environ["NUMLOSS_CACHE_DIR"])}))
"""


@pytest.mark.skipif("cython" in missing(), reason=f"cython: {missing().get('cython')}")
def test_where_loops_are_built_a_law_needs_its_tile_alone(tmp_path: Path) -> None:
    assert python(ALONE, NUMLOSS_CACHE_DIR=str(tmp_path)).stdout.strip() == "4.0 ['locks', 'tile']"
    for dtype in ("float32", "float64"):
        pred, target = PRED.astype(dtype), TARGET.astype(dtype)
        results = [
            nl.value_grad_hess(rounded_size)(pred, target, eps=0.5, weight=np.abs(pred), backend=backend)
            for backend in ("numba", "cython")
        ]
        for a, b in zip(*results, strict=True):
            assert_same_bits(np.asarray(a), np.asarray(b))


@pytest.mark.skipif("cython" in missing(), reason=f"cython: {missing().get('cython')}")
def test_without_numba_a_law_of_ones_own_says_what_it_needs() -> None:
    found = attempt("import sys\nsys.modules['numba'] = None\n" + ALONE).stderr
    assert "BackendUnavailable: own: the cython backend holds the losses of numloss" in found
    assert "a law of your own needs numba" in found and "pip install numba" in found


def test_what_takes_long_to_compile_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    """By a logger, which writes to stderr. A tile takes no longer than a moment, and says nothing."""
    from numba.core.registry import cpu_target

    from numloss.backends.numba_cpu.cache import KernelCache, folder
    from numloss.common.telling import wanted_for

    said = []
    for name in ("tile-own-float64-0", "loop-made_up-float64", "loop-made_up_too-float64"):
        for loss in ("", "a loss of a test"):
            waiting = wanted_for.set(loss)
            with KernelCache(name, "of a test") as cache:
                assert cache.load_overload(None, cpu_target.target_context) is None
            wanted_for.reset(waiting)
            said.append([record.getMessage() for record in caplog.records])
    place, _ = folder.directory()
    once = [f"numloss: compiling the loops of a loss of a test, which takes seconds, once: they are kept in {place}"]
    assert said == [[], [], [], once, once, once]
