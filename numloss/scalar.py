"""The vocabulary of laws: exp, log, sigmoid, softplus, ... as scalar functions that are laws themselves.

A law may call every public name of this module. Each is written with IEEE + - * /, sqrt, comparisons and the
primitives below only, so that every compiler and every CPU gives the same bits: no libm, no fused
multiply-add, no lookup table. Nothing here branches on data except by choosing between two computed values,
so all of it vectorises.

A name with a typed text (`_exp_f32` and `_exp_f64` stand behind `exp`) is compiled from the text of its dtype;
a name without one is its own text for both. Called as plain Python, the public functions compute in Python
floats. Coefficients come from kernels/fit_polynomials.py; tests/test_scalar.py measures the errors in ulp.

The primitives are supplied by each target (Numba, C, CUDA):

    sqrt(x)           correctly rounded
    power_of_two(t)   2^n where t = 1.5 * 2^23 + 127 + n   (float64: 1.5 * 2^52 + 1023 + n): a shift of the bits
    exponent_of(x)    k with x = m * 2^k and m in [sqrt(1/2), sqrt(2)), for positive normal x
    mantissa_of(x)    that m

The constant 1.5 * 2^23 (1.5 * 2^52) also rounds: adding and subtracting it leaves the nearest integer.
"""

import math

__all__ = [
    "decay",
    "decay_of_product",
    "difference_rest",
    "exp",
    "exp_below",
    "expm1",
    "high_half",
    "log",
    "log1p",
    "log1p_unit",
    "maximum",
    "minimum",
    "rint",
    "round_shift",
    "sigmoid",
    "sign",
    "softplus",
    "sqrt",
    "tanh",
]

PRIMITIVES = ("sqrt", "power_of_two", "exponent_of", "mantissa_of")


def sqrt(x):
    """Square root."""
    return math.sqrt(x) if x >= 0.0 else x - x if x == x else x


def power_of_two(t):
    """2^n from the magic number 1.5 * 2^52 + 1023 + n; in plain Python for float64 only."""
    return math.ldexp(1.0, int(t - 6755399441055744.0) - 1023)


def exponent_of(x):
    """The power of two k with x / 2^k in [sqrt(1/2), sqrt(2))."""
    m, k = math.frexp(x)
    return float(k) if m >= 0.7071067811865476 else float(k - 1)


def mantissa_of(x):
    """x / 2^exponent_of(x)."""
    return math.ldexp(x, -int(exponent_of(x)))


# Choices ------------------------------------------------------------------------------------------------------


def maximum(a, b):
    """The larger of a and b; b if a is NaN."""
    return a if a > b else b


def minimum(a, b):
    """The smaller of a and b; b if a is NaN."""
    return a if a < b else b


def sign(x):
    """-1, 0 or 1 as x is negative, zero or positive; NaN stays NaN."""
    if x > 0.0:
        return 1.0
    if x < 0.0:
        return -1.0
    return x


def difference_rest(a, b):
    """What a - b loses to rounding: (a - b) + difference_rest(a, b) is exact. 0 where a - b is not finite."""
    difference = a - b
    moved = difference - a
    rest = (a - (difference - moved)) - (b + moved)
    return rest if rest - rest == 0.0 else 0.0


# e^x and relatives ----------------------------------------------------------------------------------------------


def _exp_f32(x):
    if x < -104.0:
        x = -104.0
    if x > 89.0:
        x = 89.0
    n = x * 1.44269504 + 12582912.0
    n = n - 12582912.0
    r = x - n * 0.693359375
    r = r + n * 2.12194440e-4
    p = 0.008363232884 + r * 0.001392625083
    p = 0.04166655421 + r * p
    p = 0.1666657667 + r * p
    p = 0.5 + r * p
    p = r + r * r * p
    p = 1.0 + p
    # 2^n in two factors: the result may be subnormal or infinite, the factors are neither
    first = n * 0.5 + 12583039.0
    second = (n - (first - 12583039.0)) + 12583039.0
    return p * power_of_two(first) * power_of_two(second)


def _exp_f64(x):
    if x < -746.0:
        x = -746.0
    if x > 710.0:
        x = 710.0
    n = x * 1.4426950408889634 + 6755399441055744.0
    n = n - 6755399441055744.0
    r = x - n * 6.93147180369123816490e-01
    r = r - n * 1.90821492927058770002e-10
    p = 2.762020159103154879e-7 + r * 2.5100472505694996e-8
    p = 2.755726827690569619e-6 + r * p
    p = 0.0000248015210578682052 + r * p
    p = 0.0001984126986317155603 + r * p
    p = 0.001388888891736708056 + r * p
    p = 0.008333333333330038197 + r * p
    p = 0.04166666666662382053 + r * p
    p = 0.1666666666666666746 + r * p
    p = 0.5 + r * p
    p = r + r * r * p
    p = 1.0 + p
    first = n * 0.5 + 6755399441056767.0
    second = (n - (first - 6755399441056767.0)) + 6755399441056767.0
    return p * power_of_two(first) * power_of_two(second)


def exp(x):
    """e^x."""
    return math.exp(x) if x < 709.7 else math.inf


def _exp_below_f32(x, shift):
    low = shift - 104.0
    if x < low:
        x = low
    # the exponent carries + 24, taken off by the last factor, so that subnormal results are right
    t = (x - shift) * 1.44269504 + 12583063.0
    n = t - 12583063.0
    r = x - (n * 0.693359375 + shift)
    r = r + n * 2.12194440e-4
    p = 0.008363232884 + r * 0.001392625083
    p = 0.04166655421 + r * p
    p = 0.1666657667 + r * p
    p = 0.5 + r * p
    p = r + r * r * p
    p = 1.0 + p
    return p * power_of_two(t) * 5.9604644775390625e-08


def _exp_below_f64(x, shift):
    low = shift - 746.0
    if x < low:
        x = low
    t = (x - shift) * 1.4426950408889634 + 6755399441056821.0
    n = t - 6755399441056821.0
    r = x - (n * 6.93147180369123816490e-01 + shift)
    r = r - n * 1.90821492927058770002e-10
    p = 2.762020159103154879e-7 + r * 2.5100472505694996e-8
    p = 2.755726827690569619e-6 + r * p
    p = 0.0000248015210578682052 + r * p
    p = 0.0001984126986317155603 + r * p
    p = 0.001388888891736708056 + r * p
    p = 0.008333333333330038197 + r * p
    p = 0.04166666666662382053 + r * p
    p = 0.1666666666666666746 + r * p
    p = 0.5 + r * p
    p = r + r * r * p
    p = 1.0 + p
    return p * power_of_two(t) * 5.5511151231257827e-17


def exp_below(x, shift):
    """e^(x - shift) for x up to shift, where shift comes from `round_shift`.

    The difference x - shift is never rounded: the shift lies on the grid of the high part of log(2), so it can
    be taken off together with it. Far entries of a softmax keep their digits.
    """
    return math.exp(x - shift)


def _rint_f32(x):
    return (x + 12582912.0) - 12582912.0


def _rint_f64(x):
    return (x + 6755399441055744.0) - 6755399441055744.0


def rint(x):
    """The nearest integer, ties to even, for |x| < 2^22 (float64: 2^51)."""
    return (x + 6755399441055744.0) - 6755399441055744.0


def _round_shift_f32(x):
    return (x + 24576.0) - 24576.0


def _round_shift_f64(x):
    return (x + 1572864.0) - 1572864.0


def round_shift(x):
    """x rounded to the grid that `exp_below` needs (2^-9 in float32, |x| < 2^13; 2^-32 in float64, |x| < 2^19)."""
    return (x + 1572864.0) - 1572864.0


def _decay_f32(x):
    x = -abs(x)
    if x < -104.0:
        x = -104.0
    t = x * 1.44269504 + 12583063.0
    n = t - 12583063.0
    r = x - n * 0.693359375
    r = r + n * 2.12194440e-4
    p = 0.008363232884 + r * 0.001392625083
    p = 0.04166655421 + r * p
    p = 0.1666657667 + r * p
    p = 0.5 + r * p
    p = r + r * r * p
    p = 1.0 + p
    return p * power_of_two(t) * 5.9604644775390625e-08


def _decay_f64(x):
    x = -abs(x)
    if x < -746.0:
        x = -746.0
    t = x * 1.4426950408889634 + 6755399441056821.0
    n = t - 6755399441056821.0
    r = x - n * 6.93147180369123816490e-01
    r = r - n * 1.90821492927058770002e-10
    p = 2.762020159103154879e-7 + r * 2.5100472505694996e-8
    p = 2.755726827690569619e-6 + r * p
    p = 0.0000248015210578682052 + r * p
    p = 0.0001984126986317155603 + r * p
    p = 0.001388888891736708056 + r * p
    p = 0.008333333333330038197 + r * p
    p = 0.04166666666662382053 + r * p
    p = 0.1666666666666666746 + r * p
    p = 0.5 + r * p
    p = r + r * r * p
    p = 1.0 + p
    return p * power_of_two(t) * 5.5511151231257827e-17


def decay(x):
    """e^-|x|, cheaper than exp."""
    return math.exp(-abs(x))


def _high_half_f32(x):
    t = x * 4097.0
    return t - (t - x)


def _high_half_f64(x):
    t = x * 134217729.0
    return t - (t - x)


def high_half(x):
    """x rounded to half of its digits: the product of two such numbers is exact."""
    t = x * 134217729.0
    return t - (t - x)


def decay_of_product(a, b, rest):
    """e^-(a * (b + rest)) for a, b >= 0 and a rest below the last digit of b.

    The exponent is known to more digits than one number holds: rounded to one, an exponent of 100 would cost the
    result as many units in the last place. So powers keep their digits: y^a is decay_of_product(a, -log(y), 0).
    """
    a = minimum(1e30, a)
    b = minimum(1e30, b)
    whole = a * b
    a_high = high_half(a)
    b_high = high_half(b)
    a_low = a - a_high
    b_low = b - b_high
    lost = ((a_high * b_high - whole) + a_high * b_low + a_low * b_high) + a_low * b_low + a * rest
    # beyond 800 the result is 0, and what was lost is lost to overflow too
    return decay(whole) * (1.0 - (0.0 if whole > 800.0 else lost))


def _expm1_f32(x):
    if x < -30.0:
        x = -30.0
    if x > 89.0:
        x = 89.0
    n = x * 1.44269504 + 12582912.0
    n = n - 12582912.0
    r = x - n * 0.693359375
    r = r + n * 2.12194440e-4
    p = 0.008363232884 + r * 0.001392625083
    p = 0.04166655421 + r * p
    p = 0.1666657667 + r * p
    p = 0.5 + r * p
    p = r + r * r * p
    # 2^n (1 + p) - 1, halved so that n = 128 does not overflow too early
    half = power_of_two(n + 12583038.0)
    return 2.0 * (half * p + (half - 0.5))


def _expm1_f64(x):
    if x < -50.0:
        x = -50.0
    if x > 710.0:
        x = 710.0
    n = x * 1.4426950408889634 + 6755399441055744.0
    n = n - 6755399441055744.0
    r = x - n * 6.93147180369123816490e-01
    r = r - n * 1.90821492927058770002e-10
    p = 2.762020159103154879e-7 + r * 2.5100472505694996e-8
    p = 2.755726827690569619e-6 + r * p
    p = 0.0000248015210578682052 + r * p
    p = 0.0001984126986317155603 + r * p
    p = 0.001388888891736708056 + r * p
    p = 0.008333333333330038197 + r * p
    p = 0.04166666666662382053 + r * p
    p = 0.1666666666666666746 + r * p
    p = 0.5 + r * p
    p = r + r * r * p
    half = power_of_two(n + 6755399441056766.0)
    return 2.0 * (half * p + (half - 0.5))


def expm1(x):
    """e^x - 1 without cancellation."""
    return math.expm1(x) if x < 709.7 else math.inf


def tanh(x):
    """Hyperbolic tangent."""
    a = abs(x)
    if a > 22.0:
        a = 22.0
    t = expm1(2.0 * a)
    # above one half, what is missing to 1 has smaller errors than the quotient itself
    high = a > 0.5493061443340549
    y = (2.0 if high else t) / (2.0 + t)
    if high:
        y = 1.0 - y
    if x < 0.0:
        y = -y
    return y


# log(x) and relatives -------------------------------------------------------------------------------------------


def _log_f32(x):
    scaled = x * 8388608.0 if x < 1.17549435e-38 else x
    k = exponent_of(scaled)
    if x < 1.17549435e-38:
        k = k - 23.0
    f = mantissa_of(scaled) - 1.0
    s = f / (2.0 + f)
    z = s * s
    w = z * (0.6666668506 + z * (0.3998877067 + z * 0.2958039828))
    half = 0.5 * f * f
    y = k * 0.693359375 - ((half - (s * (half + w) - k * 2.12194440e-4)) - f)
    if not x < 1e999:
        y = x
    if x == 0.0:
        y = -1e999
    if x < 0.0:
        y = (x - x) / (x - x)
    return y


def _log_f64(x):
    scaled = x * 4503599627370496.0 if x < 2.2250738585072014e-308 else x
    k = exponent_of(scaled)
    if x < 2.2250738585072014e-308:
        k = k - 52.0
    f = mantissa_of(scaled) - 1.0
    s = f / (2.0 + f)
    z = s * s
    w = 0.1533167403016786185 + z * 0.1461703754879165015
    w = 0.1818289055669560353 + z * w
    w = 0.222222111151441615 + z * w
    w = 0.2857142862609589154 + z * w
    w = 0.3999999999989923898 + z * w
    w = z * (0.6666666666666669695 + z * w)
    half = 0.5 * f * f
    y = k * 6.93147180369123816490e-01 - ((half - (s * (half + w) + k * 1.90821492927058770002e-10)) - f)
    if not x < 1e999:
        y = x
    if x == 0.0:
        y = -1e999
    if x < 0.0:
        y = (x - x) / (x - x)
    return y


def log(x):
    """Natural logarithm; -inf at 0, NaN below."""
    return math.log(x) if x > 0.0 else -math.inf if x == 0.0 else math.nan


def _log1p_f32(x):
    u = 1.0 + x
    k = exponent_of(u)
    # 1 + x = 2^k (1 + f); x / 2^k and 1 / 2^k - 1 are exact, so f is rounded once
    q = power_of_two(12583039.0 - k)
    f = x * q + (q - 1.0)
    if k > 60.0:
        f = mantissa_of(u) - 1.0
    s = f / (2.0 + f)
    z = s * s
    w = z * (0.6666668506 + z * (0.3998877067 + z * 0.2958039828))
    half = 0.5 * f * f
    y = k * 0.693359375 - ((half - (s * (half + w) - k * 2.12194440e-4)) - f)
    if not x < 1e999:
        y = x
    if x == -1.0:
        y = -1e999
    if x < -1.0:
        y = (x - x) / (x - x)
    return y


def _log1p_f64(x):
    u = 1.0 + x
    k = exponent_of(u)
    q = power_of_two(6755399441056767.0 - k)
    f = x * q + (q - 1.0)
    if k > 60.0:
        f = mantissa_of(u) - 1.0
    s = f / (2.0 + f)
    z = s * s
    w = 0.1533167403016786185 + z * 0.1461703754879165015
    w = 0.1818289055669560353 + z * w
    w = 0.222222111151441615 + z * w
    w = 0.2857142862609589154 + z * w
    w = 0.3999999999989923898 + z * w
    w = z * (0.6666666666666669695 + z * w)
    half = 0.5 * f * f
    y = k * 6.93147180369123816490e-01 - ((half - (s * (half + w) + k * 1.90821492927058770002e-10)) - f)
    if not x < 1e999:
        y = x
    if x == -1.0:
        y = -1e999
    if x < -1.0:
        y = (x - x) / (x - x)
    return y


def log1p(x):
    """log(1 + x) without cancellation."""
    return math.log1p(x) if x > -1.0 else -math.inf if x == -1.0 else math.nan


def _log1p_unit_f32(x):
    s = x / (2.0 + x)
    z = s * s
    w = 0.2823661981 + z * 0.2685149802
    w = 0.4000756064 + z * w
    w = 0.6666664034 + z * w
    # 2 s = x - s x, and x has no error
    return x - s * (x - z * w)


def _log1p_unit_f64(x):
    k = 1.0 if x > 0.41421356237309503 else 0.0
    f = (x - 1.0) * 0.5 if x > 0.41421356237309503 else x
    s = f / (2.0 + f)
    z = s * s
    w = 0.1533167403016786185 + z * 0.1461703754879165015
    w = 0.1818289055669560353 + z * w
    w = 0.222222111151441615 + z * w
    w = 0.2857142862609589154 + z * w
    w = 0.3999999999989923898 + z * w
    w = z * (0.6666666666666669695 + z * w)
    half = 0.5 * f * f
    return k * 6.93147180369123816490e-01 - ((half - (s * (half + w) + k * 1.90821492927058770002e-10)) - f)


def log1p_unit(x):
    """log(1 + x) for x in [0, 1], cheaper than log1p."""
    return math.log1p(x)


# Sigmoids -------------------------------------------------------------------------------------------------------


def sigmoid(x):
    """1 / (1 + e^-x), with all digits for large negative x."""
    e = decay(x)
    return (1.0 if x >= 0.0 else e) / (1.0 + e)


def softplus(x):
    """log(1 + e^x), with all digits for large negative x."""
    return (x if x > 0.0 else 0.0) + log1p_unit(decay(x))
