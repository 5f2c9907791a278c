"""The vocabulary of laws: errors in units of the last place against mpmath, over whole domains and past their ends."""

from __future__ import annotations

import math
from typing import Any

import mpmath as mp
import numpy as np
import pytest
from seeds import generator
from words import DIGITS, computed, ulps

from numloss import scalar

Array = np.ndarray[Any, Any]
DTYPES = ("float32", "float64")
INF, NAN = math.inf, math.nan

# Each word with its exact function, its domain, the interval where it bends, and the most units that it may err: what
# millions of float32 showed, rounded up, so that no seed of the run exceeds it.
WORDS: dict[str, tuple[Any, float, float, tuple[float, float], float]] = {
    "exp": (mp.exp, -INF, INF, (-110.0, 95.0), 1.1),
    "expm1": (mp.expm1, -INF, INF, (-40.0, 95.0), 1.6),
    "decay": (lambda x: mp.exp(-abs(x)), -INF, INF, (-110.0, 110.0), 1.1),
    "log": (mp.log, 0.0, INF, (0.4, 3.0), 0.9),
    "log1p": (mp.log1p, -1.0, INF, (-1.0, 3.0), 1.5),
    "log1p_unit": (mp.log1p, 0.0, 1.0, (0.0, 1.0), 1.45),
    "tanh": (mp.tanh, -INF, INF, (-10.0, 10.0), 1.5),
    "sigmoid": (lambda x: 1 / (1 + mp.exp(-x)), -INF, INF, (-110.0, 20.0), 2.4),
    "softplus": (lambda x: mp.log1p(mp.exp(x)), -INF, INF, (-110.0, 20.0), 1.85),
    "sqrt": (mp.sqrt, 0.0, INF, (0.0, 4.0), 0.5),
    "erf": (mp.erf, -INF, INF, (-6.0, 6.0), 1.1),
    "erfc": (lambda x: mp.erfc(min(x, 1000)), -INF, INF, (-4.0, 10.5), 4.0),
    "atan": (mp.atan, -INF, INF, (-4.0, 4.0), 1.45),
    "lgamma": (mp.loggamma, 0.0, INF, (0.0, 8.0), 2.3),
    "digamma": (mp.digamma, 0.0, INF, (0.0, 8.0), 2.8),
}

# (input, result) at the ends; the last pairs are past the largest exponents of both dtypes.
EDGES: dict[str, list[tuple[float, float]]] = {
    "exp": [(0.0, 1.0), (-0.0, 1.0), (INF, INF), (-INF, 0.0), (720.0, INF), (-760.0, 0.0)],
    "expm1": [(0.0, 0.0), (-0.0, 0.0), (INF, INF), (-INF, -1.0), (720.0, INF), (-760.0, -1.0)],
    "decay": [(0.0, 1.0), (INF, 0.0), (-INF, 0.0), (760.0, 0.0), (-1e30, 0.0)],
    "log": [(1.0, 0.0), (0.0, -INF), (-0.0, -INF), (INF, INF), (-1.0, NAN), (-INF, NAN)],
    "log1p": [(0.0, 0.0), (-0.0, 0.0), (-1.0, -INF), (INF, INF), (-1.5, NAN), (-INF, NAN)],
    "log1p_unit": [(0.0, 0.0)],
    "tanh": [(0.0, 0.0), (-0.0, 0.0), (INF, 1.0), (-INF, -1.0), (1e30, 1.0), (-1e30, -1.0)],
    "sigmoid": [(0.0, 0.5), (-0.0, 0.5), (INF, 1.0), (-INF, 0.0), (1e30, 1.0), (-1e30, 0.0)],
    "softplus": [(INF, INF), (-INF, 0.0), (2.0**100, 2.0**100), (-1e30, 0.0)],
    "sqrt": [(0.0, 0.0), (-0.0, 0.0), (INF, INF), (-1.0, NAN), (4.0, 2.0)],
    "erf": [(0.0, 0.0), (-0.0, 0.0), (INF, 1.0), (-INF, -1.0), (1e30, 1.0), (-1e30, -1.0)],
    "erfc": [(0.0, 1.0), (-0.0, 1.0), (INF, 0.0), (-INF, 2.0), (1e30, 0.0), (-1e30, 2.0)],
    "atan": [(0.0, 0.0), (-0.0, 0.0), (INF, math.pi / 2), (-INF, -math.pi / 2), (1e30, math.pi / 2)],
    "lgamma": [(0.0, INF), (-0.0, INF), (1.0, 0.0), (2.0, 0.0), (INF, INF), (-1.5, NAN), (-INF, NAN)],
    "digamma": [(0.0, -INF), (INF, INF), (-1.5, NAN), (-INF, NAN)],
    "sign": [(2.5, 1.0), (-2.5, -1.0), (0.0, 0.0), (-0.0, 0.0), (INF, 1.0), (-INF, -1.0), (1e-40, 1.0)],
    "rint": [(0.5, 0.0), (1.5, 2.0), (-2.5, -2.0), (4194303.0, 4194303.0), (1e-40, 0.0)],
}


def points(name: str, dtype: str) -> Array:
    """Numbers of every exponent of the dtype, subnormal ones included, of both signs, and more where it bends."""
    _, low, high, bends, _ = WORDS[name]
    info, random = np.finfo(dtype), generator("scalar", name, dtype)
    exponents = np.arange(info.minexp - info.nmant, info.maxexp)
    count = 6 if dtype == "float32" else 2
    significands = (1.0 + random.random((exponents.size, count))).astype(dtype)
    everywhere = np.ldexp(significands, exponents[:, None]).ravel()
    bending = (bends[0] + (bends[1] - bends[0]) * random.random(2000)).astype(dtype)
    found = np.concatenate([everywhere, -everywhere, bending])
    return found[(found >= low) & (found <= high)]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", WORDS)
def test_digits(name: str, dtype: str) -> None:
    function, *_, most = WORDS[name]
    x = points(name, dtype)
    with mp.workdps(DIGITS):
        errors = ulps(computed(name, x), [function(mp.mpf(v)) for v in x.tolist()])
    worst = int(np.argmax(errors))
    assert errors[worst] <= most, f"{name}({x[worst]!r}) is {errors[worst]:.2f} ulp off"


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", EDGES)
def test_ends(name: str, dtype: str) -> None:
    given, expected = np.array([*EDGES[name], (NAN, NAN)], dtype=dtype).T
    np.testing.assert_array_equal(computed(name, given), expected)


@pytest.mark.parametrize("dtype", DTYPES)
def test_exp_below(dtype: str) -> None:
    random = generator("exp_below", dtype)
    largest = (50.0 * random.standard_normal(3000)).astype(dtype)
    x = (largest - 150.0 * random.random(3000)).astype(dtype)
    shift = computed("round_shift", largest)
    assert np.all(np.abs(shift - largest) <= 2.0**-10)
    with mp.workdps(DIGITS):
        exact = [mp.exp(mp.mpf(a) - mp.mpf(b)) for a, b in zip(x.tolist(), shift.tolist(), strict=True)]
        assert ulps(computed("exp_below", x, shift), exact).max() <= 1.2


@pytest.mark.parametrize("dtype", DTYPES)
def test_decay_of_product(dtype: str) -> None:
    random = generator("decay_of_product", dtype)
    a = np.exp(5.0 * random.standard_normal(3000)).astype(dtype)
    b = (np.array(120.0 * random.random(3000), dtype=dtype) / a).astype(dtype)
    rest = (0.5 * np.spacing(b) * random.uniform(-1.0, 1.0, 3000)).astype(dtype)
    with mp.workdps(DIGITS):
        exact = [
            mp.exp(-mp.mpf(k) * (mp.mpf(y) + mp.mpf(z)))
            for k, y, z in zip(a.tolist(), b.tolist(), rest.tolist(), strict=True)
        ]
        assert ulps(computed("decay_of_product", a, b, rest), exact).max() <= 2.0


@pytest.mark.parametrize("dtype", DTYPES)
def test_decay_of_product_at_its_ends(dtype: str) -> None:
    largest = float(np.finfo(dtype).max)
    cases = [(0.0, INF, 1.0), (0.0, largest, 1.0), (2.0, INF, 0.0), (largest, largest, 0.0), (3.0, 0.0, 1.0)]
    a, b, expected = np.array([*cases, (NAN, 1.0, NAN), (1.0, NAN, NAN)], dtype=dtype).T
    np.testing.assert_array_equal(computed("decay_of_product", a, b, np.zeros_like(a)), expected)


@pytest.mark.parametrize("dtype", DTYPES)
def test_power(dtype: str) -> None:
    """Bases of every exponent, subnormal ones and the neighbours of 1 included, and powers of all that is finite."""
    info, random = np.finfo(dtype), generator("power", dtype)
    exponents = random.uniform(info.minexp - info.nmant, info.maxexp, 1500)
    near = 1.0 + np.exp2(random.uniform(-info.nmant, -1.0, 1500)) * random.choice([-1.0, 1.0], 1500)
    x = np.concatenate([np.ldexp(1.0, exponents.astype(int)) * (1.0 + random.random(1500)), near]).astype(dtype)
    x = x[(x > 0.0) & (x != 1.0) & np.isfinite(x)]
    lowest, highest = math.log(float(info.smallest_subnormal)), math.log(float(info.max))
    a = (random.uniform(lowest, highest, x.size) / np.log(x.astype(np.float64))).astype(dtype)
    with mp.workdps(DIGITS):
        exact = [mp.mpf(base) ** mp.mpf(k) for base, k in zip(x.tolist(), a.tolist(), strict=True)]
        assert ulps(computed("power", x, a), exact).max() <= 1.2


@pytest.mark.parametrize("dtype", DTYPES)
def test_power_at_its_ends(dtype: str) -> None:
    largest = float(np.finfo(dtype).max)
    ones = [(1.0, a, 1.0) for a in (0.0, 3.0, INF, -largest)] + [(x, 0.0, 1.0) for x in (0.0, INF, 1e-40, largest)]
    zeros = [(0.0, 1e-30, 0.0), (-0.0, 2.0, 0.0), (0.0, -1e-30, INF), (INF, 1e-30, INF), (INF, -1e-30, 0.0)]
    far = [(0.5, INF, 0.0), (0.5, -INF, INF), (2.0, largest, INF), (2.0, -INF, 0.0), (largest, 2.0, INF)]
    bad = [(-1.0, 2.0, NAN), (-INF, 1.0, NAN), (NAN, 1.0, NAN), (2.0, NAN, NAN), (0.0, NAN, NAN), (INF, NAN, NAN)]
    x, a, expected = np.array([*ones, *zeros, *far, *bad], dtype=dtype).T
    np.testing.assert_array_equal(computed("power", x, a), expected)
    assert math.isclose(scalar.power(2.0, 0.5), math.sqrt(2.0), rel_tol=1e-15)


@pytest.mark.parametrize("dtype", DTYPES)
def test_digits_at_roots(dtype: str) -> None:
    """Neighbours of the roots of lgamma and of digamma, where the results are as small as they get."""
    for name, function, root in (
        ("lgamma", mp.loggamma, 1.0),
        ("lgamma", mp.loggamma, 2.0),
        ("digamma", mp.digamma, 1.4616321449683623),
    ):
        steps = np.arange(-400, 401) * np.spacing(np.dtype(dtype).type(root))
        x = (root + steps).astype(dtype)
        with mp.workdps(DIGITS):
            assert ulps(computed(name, x), [function(mp.mpf(v)) for v in x.tolist()]).max() <= 2.5, name


def three_numbers(dtype: str) -> Array:
    """Sums that cancel to what a product loses, of sizes far from each other, that overflow, and that are subnormal."""
    random, info = generator("fma", dtype), np.finfo(dtype)
    a, b = random.standard_normal((2, 800)).astype(dtype)
    lost = -(a * b) * (1.0 + random.integers(-2, 3, 800) * info.eps).astype(dtype)
    wide = np.exp2(random.uniform(-info.nmant - 4, info.nmant + 4, 800)).astype(dtype) * random.choice([-1, 1], 800)
    scales = np.exp2(random.uniform(info.minexp / 2 - 12, info.minexp / 2 + 4, (2, 800))).astype(dtype)
    small = a * scales[0], b * scales[1], info.smallest_normal * random.uniform(-1.0, 1.0, 800)
    half = 0.25 * float(info.eps) * float(info.max)
    large = np.full(4, info.max), np.array([1.0, 1.0, 2.0, -2.0]), np.array([1.0, 2.5 * half, -1.0, 1.0])
    rows = [(a, b, lost), (a, b, wide), small, large]
    return np.concatenate([np.array(row, dtype=dtype) for row in rows], axis=1)


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_fused_multiply_add_is_rounded_once(dtype: str) -> None:
    numbers, real = three_numbers(dtype), np.dtype(dtype).type
    found = computed("fma", *numbers)
    with mp.workdps(400):
        for a, b, c, y in zip(*numbers.tolist(), found.tolist(), strict=True):
            exact = mp.mpf(a) * mp.mpf(b) + mp.mpf(c)
            if math.isinf(y):
                assert abs(exact) >= mp.mpf(float(np.finfo(dtype).max)) * (1 + mp.mpf(float(np.finfo(dtype).eps)) / 4)
                continue
            with np.errstate(over="ignore", under="ignore"):
                nearest = [float(np.nextafter(real(y), real(end))) for end in (-INF, INF)]
            assert all(abs(exact - y) <= abs(exact - other) for other in nearest if math.isfinite(other)), (a, b, c)
    a, b, c = numbers[:, :1600]
    assert np.count_nonzero(a * b + c != found[:1600]) > 800
    ends = [(INF, 1.0, 1.0, INF), (INF, 0.0, 1.0, NAN), (INF, 1.0, -INF, NAN), (1.0, 1.0, -INF, -INF)]
    ends += [(2.0, 3.0, NAN, NAN), (-0.0, 1.0, 0.0, 0.0), (2.0, 3.0, -6.0, 0.0)]
    a, b, c, expected = np.array(ends, dtype=dtype).T
    np.testing.assert_array_equal(computed("fma", a, b, c), expected)


def test_a_fused_multiply_add_as_plain_python() -> None:
    numbers = three_numbers("float64")
    found = [scalar.fma(*point) for point in zip(*numbers.tolist(), strict=True)]
    np.testing.assert_array_equal(found, computed("fma", *numbers))
    assert math.isnan(scalar.fma(INF, 0.0, 1.0)) and scalar.fma(2.0, 3.0, INF) == INF


@pytest.mark.parametrize("dtype", DTYPES)
def test_difference_rest(dtype: str) -> None:
    a, b = np.exp(9.0 * generator("difference_rest", dtype).standard_normal((2, 1000))).astype(dtype)
    rest = computed("difference_rest", a, b)
    rows = zip(a.tolist(), b.tolist(), (a - b).tolist(), rest.tolist(), strict=True)
    with mp.workdps(DIGITS):
        assert all(mp.mpf(x) - mp.mpf(y) == mp.mpf(difference) + mp.mpf(lost) for x, y, difference, lost in rows)
    assert np.any(rest != 0.0)
    largest = np.finfo(dtype).max
    ends = np.array([(INF, 1.0), (1.0, -INF), (INF, INF), (largest, -largest), (NAN, 1.0)], dtype=dtype).T
    np.testing.assert_array_equal(computed("difference_rest", *ends), np.zeros(5, dtype))


@pytest.mark.parametrize("dtype", DTYPES)
def test_product_rest(dtype: str) -> None:
    a, b = np.exp(9.0 * generator("product_rest", dtype).standard_normal((2, 1000))).astype(dtype)
    rest = computed("product_rest", a, b)
    rows = zip(a.tolist(), b.tolist(), (a * b).tolist(), rest.tolist(), strict=True)
    with mp.workdps(DIGITS):
        assert all(mp.mpf(x) * mp.mpf(y) == mp.mpf(product) + mp.mpf(lost) for x, y, product, lost in rows)
    assert np.any(rest != 0.0)
    largest = np.finfo(dtype).max
    ends = np.array([(INF, 1.0), (0.0, INF), (largest, 2.0), (NAN, 1.0), (largest, 0.5)], dtype=dtype).T
    np.testing.assert_array_equal(computed("product_rest", *ends), np.zeros(5, dtype))


@pytest.mark.parametrize("dtype", DTYPES)
def test_quotient_rest(dtype: str) -> None:
    """The quotient and its rest err by far less than a unit of the quotient."""
    random = generator("quotient_rest", dtype)
    a, b = np.exp(9.0 * random.standard_normal((2, 1000))).astype(dtype)
    a_rest, b_rest = (0.5 * np.spacing(x) * random.uniform(-1.0, 1.0, 1000) for x in (a, b))
    rest = computed("quotient_rest", a, a_rest.astype(dtype), b, b_rest.astype(dtype))
    with mp.workdps(DIGITS):
        for x, dx, y, dy, lost in zip(a, a_rest.astype(dtype), b, b_rest.astype(dtype), rest, strict=True):
            true = (mp.mpf(float(x)) + float(dx)) / (mp.mpf(float(y)) + float(dy))
            assert abs(true - float(x / y) - float(lost)) <= 8.0 * float(np.finfo(dtype).eps) * float(np.spacing(x / y))
    ends = np.array([(INF, 0.0, 1.0, 0.0), (1.0, 0.0, 0.0, 0.0), (NAN, 0.0, 1.0, 0.0)], dtype=dtype).T
    np.testing.assert_array_equal(computed("quotient_rest", *ends), np.zeros(3, dtype))


@pytest.mark.parametrize("dtype", DTYPES)
def test_log1p_unit_rest(dtype: str) -> None:
    """The number and its rest together err by less than the number alone, which may err by a unit."""
    most = {"float32": 0.6, "float64": 0.2}[dtype] * float(np.finfo(dtype).eps)
    x = np.concatenate([generator("log1p_unit_rest", dtype).random(2000), [0.0, 1e-30, 0.41421356, 0.5, 1.0]])
    x = x.astype(dtype)
    y, rest = computed("log1p_unit", x), computed("log1p_unit_rest", x)
    with mp.workdps(DIGITS):
        for a, b, c in zip(x.tolist(), y.tolist(), rest.tolist(), strict=True):
            true = mp.log1p(a)
            assert abs(true - b - c) <= most * true


@pytest.mark.parametrize("dtype", DTYPES)
def test_exp_of_product(dtype: str) -> None:
    random = generator("exp_of_product", dtype)
    a = np.exp(5.0 * random.standard_normal(3000)).astype(dtype)
    b = (np.array(random.uniform(-110.0, 95.0, 3000), dtype=dtype) / a).astype(dtype)
    rest = (0.5 * np.spacing(b) * random.uniform(-1.0, 1.0, 3000)).astype(dtype)
    with mp.workdps(DIGITS):
        exact = [
            mp.exp(mp.mpf(k) * (mp.mpf(y) + mp.mpf(z)))
            for k, y, z in zip(a.tolist(), b.tolist(), rest.tolist(), strict=True)
        ]
        assert ulps(computed("exp_of_product", a, b, rest), exact).max() <= 2.0
    largest = float(np.finfo(dtype).max)
    cases = [(-2.0, INF, 0.0), (2.0, INF, INF), (-largest, largest, 0.0), (3.0, 0.0, 1.0), (NAN, 1.0, NAN)]
    a, b, expected = np.array(cases, dtype=dtype).T
    np.testing.assert_array_equal(computed("exp_of_product", a, b, np.zeros_like(a)), expected)


@pytest.mark.parametrize("dtype", DTYPES)
def test_choices(dtype: str) -> None:
    a, b = np.array([(1.0, 2.0), (2.0, 1.0), (-INF, INF), (0.0, -1.0), (NAN, 1.0), (1.0, NAN)], dtype=dtype).T
    np.testing.assert_array_equal(computed("maximum", a, b), np.array([2.0, 2.0, INF, 0.0, 1.0, NAN], dtype))
    np.testing.assert_array_equal(computed("minimum", a, b), np.array([1.0, 1.0, -INF, -1.0, 1.0, NAN], dtype))


def test_every_word_is_tested() -> None:
    pairs = {"exp_below", "difference_rest", "decay_of_product", "power", "maximum", "minimum"}
    pairs |= {"product_rest", "quotient_rest", "exp_of_product", "log1p_unit_rest", "log_rest"}
    assert {*WORDS, *EDGES, *pairs, "round_shift", "fma"} == set(scalar.__all__)


@pytest.mark.parametrize("dtype", DTYPES)
def test_the_rest_of_a_logarithm_near_one(dtype: str) -> None:
    random = generator("log_rest", dtype)
    small = 10.0 ** random.uniform(-15.0, -1.0, 500)
    near = np.concatenate([random.uniform(-0.2928, 0.4142, 4000), small, -small]).astype(dtype)
    with mp.workdps(DIGITS):
        exact = [mp.log1p(mp.mpf(float(x))) - mp.mpf(float(x)) for x in near]
        assert ulps(computed("log_rest", near), exact).max() <= 2.2


@pytest.mark.parametrize("name", WORDS)
def test_as_plain_python(name: str) -> None:
    """A law can be tried out in an interpreter: the words compute there too."""
    function, *_ = WORDS[name]
    for x in (0.25, 0.75):
        assert math.isclose(getattr(scalar, name)(x), float(function(x)), rel_tol=1e-14)


def test_a_wrong_digit_is_noticed() -> None:
    right = computed("exp", np.array([1.0, 2.0]))
    wrong = np.nextafter(np.nextafter(right, np.inf), np.inf)
    with mp.workdps(DIGITS):
        exact = [mp.exp(1), mp.exp(2)]
        assert ulps(right, exact).max() <= 1.0
        assert ulps(wrong, exact).min() > 1.0
        assert ulps(np.array([INF, NAN]), exact).min() == INF
