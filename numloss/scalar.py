"""The vocabulary of laws: exp, log, sigmoid, softplus, ... as scalar functions that are laws themselves.

A law may call every public name of this module. Each is written with IEEE + - * /, sqrt, fma, comparisons and the
primitives below only, so that every compiler and every CPU gives the same bits: no libm, no lookup table. A fused
multiply-add is an operation like any other, one correctly rounded result of IEEE 754, where the text has one; no
compiler may make one of a * b + c. Nothing here branches on data except by choosing between two computed values, so
all of it vectorises.

A name with a typed text (`_expm1_f32` and `_expm1_f64` stand behind `expm1`) is compiled from the text of its
dtype; a name without one is its own text. Names that `__all__` does not list are parts of the words. Called as plain
Python, the public functions compute in Python floats. Coefficients come from kernels/fit_polynomials.py;
tests/test_scalar.py measures the errors in ulp.

The primitives are supplied by each target (Numba, C, CUDA):

    sqrt(x)           correctly rounded
    fma(a, b, c)      a * b + c, rounded once; a function of libm on a CPU that has no such instruction (x86-64-v2)
    power_of_two(t)   2^n where t = 1.5 * 2^23 + 127 + n   (float64: 1.5 * 2^52 + 1023 + n): a shift of the bits
    exponent_of(x)    k with x = m * 2^k and m in [sqrt(1/2), sqrt(2)), for positive normal x
    mantissa_of(x)    that m

The constant 1.5 * 2^23 (1.5 * 2^52) also rounds: adding and subtracting it leaves the nearest integer.
"""

import math
from fractions import Fraction

__all__ = [
    "atan",
    "decay",
    "decay_of_product",
    "difference_rest",
    "digamma",
    "erf",
    "erfc",
    "exp",
    "exp_below",
    "exp_of_product",
    "expm1",
    "fma",
    "lgamma",
    "log",
    "log1p",
    "log1p_unit",
    "log1p_unit_rest",
    "log_rest",
    "maximum",
    "minimum",
    "power",
    "product_rest",
    "quotient_rest",
    "rint",
    "round_shift",
    "sigmoid",
    "sign",
    "softplus",
    "sqrt",
    "tanh",
]

PRIMITIVES = ("sqrt", "fma", "power_of_two", "exponent_of", "mantissa_of")


def sqrt(x):
    """Square root."""
    return math.sqrt(x) if x >= 0.0 else x - x if x == x else x


def fma(a, b, c):
    """a * b + c, rounded once."""
    plain = a * b + c
    if not (math.isfinite(a) and math.isfinite(b) and math.isfinite(c)):
        return plain
    exact = Fraction(a) * Fraction(b) + Fraction(c)
    try:
        return float(exact) if exact else plain
    except OverflowError:
        return math.inf if exact > 0 else -math.inf


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


def _exp_tail_f32(r):
    p = fma(r, 0.001392625083, 0.008363232884)
    p = fma(r, p, 0.04166655421)
    p = fma(r, p, 0.1666657667)
    return fma(r, p, 0.5)


def exp_tail(r):
    """(e^r - 1 - r) / r^2 for |r| <= log(2) / 2."""
    p = fma(r, 2.5100472505694996e-8, 2.762020159103154879e-7)
    p = fma(r, p, 2.755726827690569619e-6)
    p = fma(r, p, 0.0000248015210578682052)
    p = fma(r, p, 0.0001984126986317155603)
    p = fma(r, p, 0.001388888891736708056)
    p = fma(r, p, 0.008333333333330038197)
    p = fma(r, p, 0.04166666666662382053)
    p = fma(r, p, 0.1666666666666666746)
    return fma(r, p, 0.5)


def exp_curve(r):
    """e^r - 1 - r for |r| <= log(2) / 2."""
    return r * r * exp_tail(r)


def exp_rest(r):
    """e^r - 1 for |r| <= log(2) / 2."""
    return fma(r * r, exp_tail(r), r)


def exp_scaled(r, scale):
    """e^r times a power of two, for |r| <= log(2) / 2."""
    return fma(exp_rest(r), scale, scale)


def _exp_of_difference_f32(x, rest):
    near = minimum(89.0, maximum(-104.0, x))
    rest = rest if near == x else 0.0
    # the exponent carries + 24 or - 2, taken off by the last factor: results may be subnormal or infinite
    zero = 12583063.0 if x < 0.0 else 12583037.0
    t = fma(near, 1.44269504, zero)
    n = t - zero
    # all digits of log(2) in two parts: what the first leaves of x is exact
    r = fma(n, -0.6931471824645996, near)
    r = fma(n, 1.904654299957768e-9, r - rest)
    return exp_scaled(r, power_of_two(t)) * (5.9604644775390625e-08 if x < 0.0 else 4.0)


def exp_of_difference(x, rest):
    """e^(x - rest) for a rest below the last digit of x."""
    near = minimum(710.0, maximum(-746.0, x))
    rest = rest if near == x else 0.0
    zero = 6755399441056821.0 if x < 0.0 else 6755399441056765.0
    t = fma(near, 1.4426950408889634, zero)
    n = t - zero
    r = fma(n, -0.6931471805599453, near)
    r = fma(n, -2.3190468138462996e-17, r - rest)
    return exp_scaled(r, power_of_two(t)) * (5.5511151231257827e-17 if x < 0.0 else 4.0)


def exp(x):
    """e^x."""
    return exp_of_difference(x, 0.0)


def _exp_below_f32(x, shift):
    low = shift - 104.0
    if x < low:
        x = low
    # the exponent carries + 24, taken off by the last factor, so that subnormal results are right
    t = fma(x - shift, 1.44269504, 12583063.0)
    n = t - 12583063.0
    r = x - fma(n, 0.693359375, shift)
    return exp_scaled(fma(n, 2.12194440e-4, r), power_of_two(t)) * 5.9604644775390625e-08


def _exp_below_f64(x, shift):
    low = shift - 746.0
    if x < low:
        x = low
    t = fma(x - shift, 1.4426950408889634, 6755399441056821.0)
    n = t - 6755399441056821.0
    r = x - fma(n, 6.93147180369123816490e-01, shift)
    return exp_scaled(fma(n, -1.90821492927058770002e-10, r), power_of_two(t)) * 5.5511151231257827e-17


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


def _rint_of_product_f32(a, b):
    return fma(a, b, 12582912.0) - 12582912.0


def rint_of_product(a, b):
    """The integer nearest to a * b, which is as small as `rint` asks for."""
    return fma(a, b, 6755399441055744.0) - 6755399441055744.0


def _round_shift_f32(x):
    return (x + 24576.0) - 24576.0


def _round_shift_f64(x):
    return (x + 1572864.0) - 1572864.0


def round_shift(x):
    """x rounded to the grid that `exp_below` needs (2^-9 in float32, |x| < 2^13; 2^-32 in float64, |x| < 2^19)."""
    return (x + 1572864.0) - 1572864.0


def _decay_of_sum_f32(x, rest):
    if x > 104.0:
        x = 104.0
        rest = 0.0
    # the exponent carries + 24, taken off by the last factor, so that subnormal results are right
    t = fma(x, -1.44269504, 12583063.0)
    n = t - 12583063.0
    r = fma(n, -0.6931471824645996, -x)
    r = fma(n, 1.904654299957768e-9, r - rest)
    return exp_scaled(r, power_of_two(t)) * 5.9604644775390625e-08


def decay_of_sum(x, rest):
    """e^-(x + rest) for x >= 0 and a rest below its last digit."""
    if x > 746.0:
        x = 746.0
        rest = 0.0
    t = fma(x, -1.4426950408889634, 6755399441056821.0)
    n = t - 6755399441056821.0
    r = fma(n, -0.6931471805599453, -x)
    r = fma(n, -2.3190468138462996e-17, r - rest)
    return exp_scaled(r, power_of_two(t)) * 5.5511151231257827e-17


def decay(x):
    """e^-|x|, cheaper than exp."""
    return decay_of_sum(abs(x), 0.0)


# In a Double only: a power as a mantissa and an exponent of its own, which neither overflow nor vanish.
# An exponent of -2^52 stands for a power that is nothing, as all below e^(-2^30) are.


def exp_exponent(x):
    """The n of e^x = exp_mantissa(x) 2^n; -2^52 where that is nothing."""
    near = x if x > -1073741824.0 else 0.0
    n = rint_of_product(near, 1.4426950408889634)
    return n if x > -1073741824.0 else -4503599627370496.0


def exp_mantissa(x):
    """e^x / 2^n, between 0.7 and 1.42; 1 where e^x is nothing."""
    near = x if x > -1073741824.0 else 0.0
    n = rint_of_product(near, 1.4426950408889634)
    r = fma(n, -0.6931471805599453, near)
    return 1.0 + exp_rest(fma(n, -2.3190468138462996e-17, r))


def ratio_of(n):
    """2^n for an integer n below 1000; 2^-1000 for all below that."""
    return power_of_two(6755399441056767.0 + maximum(n, -1000.0))


def _capped_f32(x):
    return minimum(3.4028234663852886e38, x)


def capped(x):
    """x, or the largest finite number where that is less."""
    return minimum(1.7976931348623157e308, x)


def _shrunk_f32(x):
    return x * 7.888609052210118e-31


def shrunk(x):
    """x divided by a power of two that `grown` multiplies by: quotients of the largest and the smallest are finite."""
    return x * 9.332636185032189e-302


def _grown_f32(x):
    return x * 1.2676506002282294e30


def grown(x):
    """x times 2^100 in float32, 2^1000 in float64."""
    return x * 1.0715086071862673e301


def decay_of_product(a, b, rest):
    """e^-(a * (b + rest)) for a, b >= 0 and a rest below the last digit of b.

    The exponent is known to more digits than one number holds: rounded to one, an exponent of 100 would cost the
    result as many units in the last place. So powers keep their digits: y^a is decay_of_product(a, -log(y), 0).
    """
    a = capped(a)
    b = capped(b)
    product = a * b
    return decay_of_sum(product, fma(a, rest, fma(a, b, -product)))


def product_rest(a, b):
    """What a * b loses to rounding. 0 where a * b is not finite."""
    rest = fma(a, b, -(a * b))
    return rest if rest - rest == 0.0 else 0.0


def quotient_rest(a, a_rest, b, b_rest):
    """What a / b loses to rounding and to rests of a and b below their last digits. 0 where it is not finite."""
    quotient = a / b
    rest = fma(-quotient, b_rest, fma(-quotient, b, a) + a_rest) / b
    return rest if rest - rest == 0.0 else 0.0


def exp_of_product(a, b, rest):
    """e^(a * (b + rest)) for a rest below the last digit of b: as `decay_of_product`, for any sign."""
    product = a * b
    return exp_of_difference(product, -fma(a, rest, product_rest(a, b)))


def _expm1_f32(x):
    x = minimum(89.0, maximum(-30.0, x))
    n = rint_of_product(x, 1.44269504)
    p = exp_rest(fma(n, 1.904654299957768e-9, fma(n, -0.6931471824645996, x)))
    # 2^n (1 + p) - 1, halved so that n = 128 does not overflow too early
    half = power_of_two(n + 12583038.0)
    return 2.0 * fma(half, p, half - 0.5)


def _expm1_f64(x):
    x = minimum(710.0, maximum(-50.0, x))
    n = rint_of_product(x, 1.4426950408889634)
    p = exp_rest(fma(n, -2.3190468138462996e-17, fma(n, -0.6931471805599453, x)))
    half = power_of_two(n + 6755399441056766.0)
    return 2.0 * fma(half, p, half - 0.5)


def expm1(x):
    """e^x - 1 without cancellation."""
    return math.expm1(x) if x < 709.7 else math.inf


def _expm1_curve_f32(x):
    near = maximum(-30.0, minimum(89.0, x))
    n = rint_of_product(near, 1.44269504)
    r = fma(n, 1.904654299957768e-9, fma(n, -0.6931471824645996, near))
    square, tail = r * r, exp_tail(r)
    half = power_of_two(n + 12583038.0)
    more = 2.0 * fma(half, fma(square, tail, r), half - 0.5)
    return more, square * tail if abs(x) < 0.34 else more - x


def expm1_curve(x):
    """e^x - 1 and e^x - 1 - x, both to their last digits."""
    near = maximum(-50.0, minimum(710.0, x))
    n = rint_of_product(near, 1.4426950408889634)
    r = fma(n, -2.3190468138462996e-17, fma(n, -0.6931471805599453, near))
    square, tail = r * r, exp_tail(r)
    half = power_of_two(n + 6755399441056766.0)
    more = 2.0 * fma(half, fma(square, tail, r), half - 0.5)
    return more, square * tail if abs(x) < 0.34 else more - x


def _tanh_tail_f32(z):
    p = fma(z, -0.00626911972, 0.02111095905)
    p = fma(z, p, -0.05387394885)
    p = fma(z, p, 0.1333291537)
    return fma(z, p, -0.3333333033)


def tanh_tail(z):
    """(tanh(x) / x - 1) / x^2 with z = x^2, for |x| <= 0.6."""
    p = fma(z, -0.00001833596211003941992, 0.00008154737806525365138)
    p = fma(z, p, -0.000232251040679385094)
    p = fma(z, p, 0.0005880541548418729)
    p = fma(z, p, -0.001455464802800744916)
    p = fma(z, p, 0.003592083166343457503)
    p = fma(z, p, -0.008863232113541473187)
    p = fma(z, p, 0.02186948838378092915)
    p = fma(z, p, -0.05396825396475762478)
    p = fma(z, p, 0.1333333333333019618)
    return fma(z, p, -0.3333333333333332867)


def tanh(x):
    """Hyperbolic tangent."""
    z = x * x
    e = decay(2.0 * x)
    near = fma(x, z * tanh_tail(z), x)
    far = 1.0 - 2.0 * e / (1.0 + e)
    if x < 0.0:
        far = -far
    return near if z < 0.36 else far


def _log_cosh_tail_f32(z):
    p = fma(z, 0.001637258154, -0.006583555123)
    p = fma(z, p, 0.02220192242)
    p = fma(z, p, -0.08333243162)
    return fma(z, p, 0.4999999935)


def log_cosh_tail(z):
    """log(cosh(x)) / x^2 with z = x^2, for |x| <= 0.6."""
    p = fma(z, 2.188943410098647489e-6, -0.00001031011340802330064)
    p = fma(z, p, 0.00003203784170711181257)
    p = fma(z, p, -0.00009077614742891324627)
    p = fma(z, p, 0.0002565404932999442423)
    p = fma(z, p, -0.0007385980871574936718)
    p = fma(z, p, 0.002186948482146520943)
    p = fma(z, p, -0.006746031729451808873)
    p = fma(z, p, 0.02222222222184160792)
    p = fma(z, p, -0.08333333333332991737)
    return fma(z, p, 0.4999999999999999949)


# log(x) and relatives -------------------------------------------------------------------------------------------


def _log_rest_f32(f):
    s = f / (2.0 + f)
    z = s * s
    w = fma(z, 0.2958039828, 0.3998877067)
    w = fma(z, w, 0.6666668506)
    half = 0.5 * f * f
    return fma(s, fma(z, w, half), -half)


def log_rest(f):
    """log(1 + f) - f for 1 + f in [sqrt(1/2), sqrt(2)]."""
    s = f / (2.0 + f)
    z = s * s
    w = fma(z, 0.1461703754879165015, 0.1533167403016786185)
    w = fma(z, w, 0.1818289055669560353)
    w = fma(z, w, 0.222222111151441615)
    w = fma(z, w, 0.2857142862609589154)
    w = fma(z, w, 0.3999999999989923898)
    w = fma(z, w, 0.6666666666666669695)
    half = 0.5 * f * f
    return fma(s, fma(z, w, half), -half)


def _log_of_f32(k, f, rest):
    return fma(k, 0.6931471824645996, f + fma(k, -1.904654299957768e-9, rest))


def log_of(k, f, rest):
    """log(2^k (1 + f)), where rest is `log_rest(f)`."""
    return fma(k, 0.6931471805599453, f + fma(k, 2.3190468138462996e-17, rest))


def _log_parts_f32(x):
    subnormal = x < 1.17549435e-38
    scaled = x * 8388608.0 if subnormal else x
    k = exponent_of(scaled)
    if subnormal:
        k = k - 23.0
    return k, mantissa_of(scaled) - 1.0


def log_parts(x):
    """k and f with x = 2^k (1 + f) and 1 + f in [sqrt(1/2), sqrt(2)), for finite x > 0."""
    subnormal = x < 2.2250738585072014e-308
    scaled = x * 4503599627370496.0 if subnormal else x
    k = exponent_of(scaled)
    if subnormal:
        k = k - 52.0
    return k, mantissa_of(scaled) - 1.0


def log(x):
    """Natural logarithm; -inf at 0, NaN below."""
    k, f = log_parts(x)
    infinity = 1e999
    y = log_of(k, f, log_rest(f))
    if not x < infinity:
        y = x
    if x == 0.0:
        y = -1e999
    if x < 0.0:
        y = infinity - infinity
    return y


def log_normal(x):
    """Natural logarithm of a normal x > 0; some finite number of 0 and of a subnormal one."""
    k, f = exponent_of(x), mantissa_of(x) - 1.0
    return log_of(k, f, log_rest(f))


def _log1p_f32(x):
    u = 1.0 + x
    k = exponent_of(u)
    # 1 + x = 2^k (1 + f); x / 2^k and 1 / 2^k - 1 are exact, so f is rounded once
    q = power_of_two(12583039.0 - k)
    f = fma(x, q, q - 1.0)
    if k > 60.0:
        f = mantissa_of(u) - 1.0
    y = log_of(k, f, log_rest(f))
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
    f = fma(x, q, q - 1.0)
    if k > 60.0:
        f = mantissa_of(u) - 1.0
    y = log_of(k, f, log_rest(f))
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


def _log1p_unit_pair_f32(x):
    s = x / (2.0 + x)
    z = s * s
    w = fma(z, 0.2685149802, 0.2823661981)
    w = fma(z, w, 0.4000756064)
    w = fma(z, w, 0.6666664034)
    # 2 s = x - s x, and x has no error
    less = fma(-z, w, x)
    y = fma(-s, less, x)
    return y, fma(-s, less, x - y)


def log1p_unit_pair(x):
    """log(1 + x) for x in [0, 1] as a number and a rest below its last digit."""
    k = 1.0 if x > 0.41421356237309503 else 0.0
    f = (x - 1.0) * 0.5 if x > 0.41421356237309503 else x
    more = k * 0.6931471805599453
    rest = fma(k, 2.3190468138462996e-17, log_rest(f))
    y = more + (f + rest)
    return y, ((more - y) + f) + rest


def log1p_unit(x):
    """log(1 + x) for x in [0, 1], cheaper than log1p."""
    y, _ = log1p_unit_pair(x)
    return y


def log1p_unit_rest(x):
    """What `log1p_unit` loses in its last sums: at most two of its last digits."""
    _, rest = log1p_unit_pair(x)
    return rest


# Sigmoids -------------------------------------------------------------------------------------------------------


def sigmoid(x):
    """1 / (1 + e^-x), with all digits for large negative x."""
    e = decay(x)
    return (1.0 if x >= 0.0 else e) / (1.0 + e)


def softplus(x):
    """log(1 + e^x), with all digits for large negative x."""
    return (x if x > 0.0 else 0.0) + log1p_unit(decay(x))


# Powers ---------------------------------------------------------------------------------------------------------


def _atanh_rest_f32(z):
    p = fma(z, 0.3457278165, 0.4284334479)
    return fma(z, p, 0.6000002261)


def atanh_rest(z):
    """(3 atanh(s) / s - 3 - s^2) / s^4 with z = s^2, for |s| <= 3 - 2 sqrt(2)."""
    p = fma(z, 0.1758540543435811744, 0.1755929353482204725)
    p = fma(z, p, 0.2000220931815090548)
    p = fma(z, p, 0.2307689240189687503)
    p = fma(z, p, 0.272727275034812392)
    p = fma(z, p, 0.3333333333248209885)
    p = fma(z, p, 0.4285714285714405218)
    return fma(z, p, 0.5999999999999999972)


def log_pair(f):
    """log(1 + f) as a sum of two numbers, to twice the digits, for 1 + f in [sqrt(1/2), sqrt(2)]."""
    # 2 / 3 * s * (3 + s^2 + ...) with s = f / (2 + f), each factor as such a pair
    t = 2.0 + f
    t_low = (2.0 - t) + f
    s = f / t
    s_low = fma(-s, t_low, fma(-s, t, f)) / t
    z = s * s
    rest = fma(z * z, atanh_rest(z), fma(2.0 * s, s_low, fma(s, s, -z)))
    c = 3.0 + z
    c_low = ((3.0 - c) + z) + rest
    whole = s * c
    low = fma(s, c_low, fma(s_low, c, fma(s, c, -whole)))
    third = 0.3333333333333333 * fma(-3.0, 0.6666666666666666, 2.0)
    high = 0.6666666666666666 * whole
    low = fma(0.6666666666666666, low, fma(third, whole, fma(0.6666666666666666, whole, -high)))
    return high, low


def power(x, a):
    """x^a for x >= 0, to the last digits; NaN below 0. 0^0 is 1."""
    return power_within(x, minimum(1e30, maximum(-1e30, a)))


def log_with_rest(x):
    """log(x) of a finite x > 0 as a number and a rest below its last digit."""
    k, f = log_parts(x)
    high, low = log_pair(f)
    # the two parts of log(2): products of the first with k are exact
    whole = k * 0.693359375
    sum = whole + high
    rest = ((whole - sum) + high) + fma(k, -0.00021219444005469058, low)
    log_high = sum + rest
    return log_high, (sum - log_high) + rest


def power_within(x, a):
    """x^a where |a| is at most 1e30: no choice that is the same for all elements, which would keep gcc from vectors."""
    log_high, log_low = log_with_rest(x)
    exponent = a * log_high
    y = exp_of_difference(exponent, -fma(a, log_low, fma(a, log_high, -exponent)))
    infinity = 1e999
    grows = a if x > 1.0 else -a
    limit = infinity if grows > 0.0 else 0.0 if grows < 0.0 else 1.0 + a
    if x == 0.0:
        y = limit
    if x == infinity:
        y = limit
    if not x >= 0.0:
        y = infinity - infinity
    return y


# The error function and the arctangent ----------------------------------------------------------------------------


def _erf_tail_f32(z):
    p = fma(z, -0.0006102687037, 0.005014484151)
    p = fma(z, p, -0.02678071913)
    p = fma(z, p, 0.1128219409)
    p = fma(z, p, -0.376125288)
    return fma(z, p, 0.1283791547)


def erf_tail(z):
    """erf(x) / x - 1 with z = x^2, for |x| <= 0.9."""
    p = fma(z, -8.493998797080943583e-10, 1.405148276698991258e-8)
    p = fma(z, p, -1.62765267225862065e-7)
    p = fma(z, p, 1.645532874793809563e-6)
    p = fma(z, p, -0.00001492530753550859042)
    p = fma(z, p, 0.000120553213824811216)
    p = fma(z, p, -0.0008548326764466542252)
    p = fma(z, p, 0.005223977621770372366)
    p = fma(z, p, -0.02686617064482373074)
    p = fma(z, p, 0.1128379167095379388)
    p = fma(z, p, -0.3761263890318372985)
    return fma(z, p, 0.1283791670955125733)


def _erfc_scaled_f32(t):
    p = fma(t, -0.0006968335972, 0.001813884947)
    p = fma(t, p, 0.002509288188)
    p = fma(t, p, -0.0237516159)
    p = fma(t, p, 0.0683100096)
    p = fma(t, p, -0.1192756196)
    p = fma(t, p, 0.1296450933)
    p = fma(t, p, -0.04756222337)
    p = fma(t, p, -0.1356211059)
    return fma(t, p, 0.2530080579)


def erfc_scaled(t):
    """(1 + 2 x) e^(x^2) erfc(x) - 1 with t = (x - 3) / (x + 3), for x >= 0.9."""
    p = fma(t, -2.35756403714716324e-8, 1.419516670287392988e-7)
    p = fma(t, p, -8.167054438461336062e-8)
    p = fma(t, p, -6.846510642267270214e-7)
    p = fma(t, p, 3.406075570012818077e-7)
    p = fma(t, p, 3.513799956335440864e-6)
    p = fma(t, p, -7.342016145715852237e-7)
    p = fma(t, p, -0.00002011392148045890306)
    p = fma(t, p, 4.952136950869371527e-6)
    p = fma(t, p, 0.0001251018981178333205)
    p = fma(t, p, -0.0001051604804110738142)
    p = fma(t, p, -0.0007798325679140286214)
    p = fma(t, p, 0.001888690446764284297)
    p = fma(t, p, 0.002529391836750180905)
    p = fma(t, p, -0.02377051492458933135)
    p = fma(t, p, 0.06830802734315901016)
    p = fma(t, p, -0.1192736634151136878)
    p = fma(t, p, 0.1296451587027764259)
    p = fma(t, p, -0.04756229435345315074)
    p = fma(t, p, -0.1356211061245812701)
    return fma(t, p, 0.2530080582697296568)


def erf(x):
    """Error function, 2 / sqrt(pi) times the integral of e^(-t^2) from 0 to x."""
    a = minimum(30.0, abs(x))
    near = fma(x, erf_tail(a * a), x)
    far = fma(-decay(a * a), (1.0 + erfc_scaled((a - 3.0) / (a + 3.0))) / fma(2.0, a, 1.0), 1.0)
    if x < 0.0:
        far = -far
    return near if a < 0.9 else far


def erfc(x):
    """1 - erf(x), with all digits for large x."""
    a = minimum(30.0, abs(x))
    near = fma(-x, erf_tail(a * a), 1.0 - x)
    far = decay_of_product(a, a, 0.0) * ((1.0 + erfc_scaled((a - 3.0) / (a + 3.0))) / fma(2.0, a, 1.0))
    if x < 0.0:
        far = 2.0 - far
    return near if a < 0.9 else far


def _mills_bulge_f32(t):
    p = fma(t, 3.281080226e-5, -0.000145425765)
    p = fma(t, p, -0.0002155491186)
    p = fma(t, p, 0.001666408829)
    p = fma(t, p, -0.0007264809163)
    p = fma(t, p, -0.01250193125)
    p = fma(t, p, 0.04496154439)
    p = fma(t, p, -0.08071649456)
    p = fma(t, p, 0.07169027633)
    p = fma(t, p, 0.03509259831)
    p = fma(t, p, -0.2423996677)
    return fma(t, p, 0.1832619046)


def mills_bulge(t):
    """(1 + a) M(a) - 1 of Mills' ratio M with t = (a - 4) / (a + 4), for a >= 0."""
    p = fma(t, 5.202019919984603556e-10, 4.504863892608274285e-10)
    p = fma(t, p, -4.946774043048616024e-9)
    p = fma(t, p, -6.577274057313040542e-9)
    p = fma(t, p, 2.266524832591865814e-8)
    p = fma(t, p, 5.081754040812186212e-8)
    p = fma(t, p, -5.917647604512057228e-8)
    p = fma(t, p, -2.869892231472470719e-7)
    p = fma(t, p, 1.138151883875000155e-8)
    p = fma(t, p, 1.390819627927995093e-6)
    p = fma(t, p, 1.009639995246208558e-6)
    p = fma(t, p, -6.553390605676903352e-6)
    p = fma(t, p, -8.601651640074649699e-6)
    p = fma(t, p, 0.00003415882965722109957)
    p = fma(t, p, 0.0000532655667034133126)
    p = fma(t, p, -0.0002202155799756444603)
    p = fma(t, p, -0.0002367014748459546325)
    p = fma(t, p, 0.001741848774490943166)
    p = fma(t, p, -0.0007159509407866088727)
    p = fma(t, p, -0.01253910362047750704)
    p = fma(t, p, 0.04495912907955541234)
    p = fma(t, p, -0.08070800967904800209)
    p = fma(t, p, 0.07169048120135671391)
    p = fma(t, p, 0.03509188023474791597)
    p = fma(t, p, -0.2423996705218073386)
    return fma(t, p, 0.1832619145678033547)


def _mills_bend_f32(t):
    p = fma(t, 6.48862976e-6, -0.0005153306017)
    p = fma(t, p, 0.0003250261467)
    p = fma(t, p, 0.002874237848)
    p = fma(t, p, -0.002948714531)
    p = fma(t, p, -0.007373184352)
    p = fma(t, p, 0.01337997337)
    p = fma(t, p, 0.007849072274)
    p = fma(t, p, -0.03992368827)
    p = fma(t, p, 0.02350989812)
    p = fma(t, p, 0.06800032288)
    p = fma(t, p, -0.1613620095)
    p = fma(t, p, 0.1428507089)
    return fma(t, p, 0.9533271848)


def mills_bend(t):
    """(1 - a M(a)) / M(a)^2 of Mills' ratio M with t = (a - 4) / (a + 4), for a >= 0."""
    p = fma(t, -6.38599970829936703e-9, 4.525280787574188469e-9)
    p = fma(t, p, 6.508290956678414463e-8)
    p = fma(t, p, -6.236740047708986182e-8)
    p = fma(t, p, -3.212651309794768898e-7)
    p = fma(t, p, 4.497276455603882685e-7)
    p = fma(t, p, 9.99202778578229798e-7)
    p = fma(t, p, -2.289278519143140918e-6)
    p = fma(t, p, -1.902409319107931575e-6)
    p = fma(t, p, 9.264840569850273436e-6)
    p = fma(t, p, -4.476406867086189353e-8)
    p = fma(t, p, -0.0000313937081261485035)
    p = fma(t, p, 0.00002020832919191174163)
    p = fma(t, p, 0.00008996887386035501202)
    p = fma(t, p, -0.0001161467597720729497)
    p = fma(t, p, -0.0002102504385962447102)
    p = fma(t, p, 0.000464658535419997066)
    p = fma(t, p, 0.0003400784454497485895)
    p = fma(t, p, -0.001503936244566155598)
    p = fma(t, p, 1.346919885821593534e-6)
    p = fma(t, p, 0.003992433773424859709)
    p = fma(t, p, -0.002764922833170173974)
    p = fma(t, p, -0.008064667239937177728)
    p = fma(t, p, 0.01332202842267656204)
    p = fma(t, p, 0.008078243838488437041)
    p = fma(t, p, -0.03991459546750474588)
    p = fma(t, p, 0.02347287223759416414)
    p = fma(t, p, 0.06799977169289016989)
    p = fma(t, p, -0.1613597313498003407)
    p = fma(t, p, 0.1428507144612674066)
    return fma(t, p, 0.9533271616025773688)


def mills(a):
    """s M(a), (1 - a M(a)) / M(a)^2 and s = 1 + a, for a >= 0, of Mills' ratio M(a) = (1 - cdf(a)) / pdf(a).

    The first two are between 1 / 2 and 3 / 2, and keep their digits however large a is.
    """
    a = capped(a)
    t = 1.0 - 8.0 / (a + 4.0)
    return 1.0 + mills_bulge(t), mills_bend(t), 1.0 + a


def hermite_step(even, odd, reach, square, share, next_share):
    """The next two h^n He_n(m) / n! of Hermite's polynomials, with reach = m h and square = h^2."""
    even = (reach * odd - square * even) * share
    return even, (reach * even - square * odd) * next_share


def moments_of_seven(reach, square):
    """The last two terms of seven such steps, and what all terms give to the moments."""
    even, odd, zeroth, first, second = 1.0, reach, 1.0, 0.3333333333333333 * reach, 0.3333333333333333
    even, odd = hermite_step(even, odd, reach, square, 0.5, 0.3333333333333333)
    zeroth = fma(even, 0.3333333333333333, zeroth)
    first = fma(odd, 0.2, first)
    second = fma(even, 0.2, second)
    even, odd = hermite_step(even, odd, reach, square, 0.25, 0.2)
    zeroth = fma(even, 0.2, zeroth)
    first = fma(odd, 0.14285714285714285, first)
    second = fma(even, 0.14285714285714285, second)
    even, odd = hermite_step(even, odd, reach, square, 0.16666666666666666, 0.14285714285714285)
    zeroth = fma(even, 0.14285714285714285, zeroth)
    first = fma(odd, 0.1111111111111111, first)
    second = fma(even, 0.1111111111111111, second)
    even, odd = hermite_step(even, odd, reach, square, 0.125, 0.1111111111111111)
    zeroth = fma(even, 0.1111111111111111, zeroth)
    first = fma(odd, 0.09090909090909091, first)
    second = fma(even, 0.09090909090909091, second)
    even, odd = hermite_step(even, odd, reach, square, 0.1, 0.09090909090909091)
    zeroth = fma(even, 0.09090909090909091, zeroth)
    first = fma(odd, 0.07692307692307693, first)
    second = fma(even, 0.07692307692307693, second)
    even, odd = hermite_step(even, odd, reach, square, 0.08333333333333333, 0.07692307692307693)
    zeroth = fma(even, 0.07692307692307693, zeroth)
    first = fma(odd, 0.06666666666666667, first)
    second = fma(even, 0.06666666666666667, second)
    even, odd = hermite_step(even, odd, reach, square, 0.07142857142857142, 0.06666666666666667)
    zeroth = fma(even, 0.06666666666666667, zeroth)
    first = fma(odd, 0.058823529411764705, first)
    second = fma(even, 0.058823529411764705, second)
    return even, odd, zeroth, first, second


def _normal_moments_f32(m, h):
    _even, _odd, zeroth, first, second = moments_of_seven(m * h, h * h)
    return zeroth, first, second


def normal_moments(m, h):
    """Means of w, -w s / h and w (s / h)^2 over |s| < h, with w = e^(-m s - s^2 / 2), for h and |m h| up to 3 / 4."""
    reach = m * h
    square = h * h
    even, odd, zeroth, first, second = moments_of_seven(reach, square)
    even, odd = hermite_step(even, odd, reach, square, 0.0625, 0.058823529411764705)
    zeroth = fma(even, 0.058823529411764705, zeroth)
    first = fma(odd, 0.05263157894736842, first)
    second = fma(even, 0.05263157894736842, second)
    even, odd = hermite_step(even, odd, reach, square, 0.05555555555555555, 0.05263157894736842)
    zeroth = fma(even, 0.05263157894736842, zeroth)
    first = fma(odd, 0.047619047619047616, first)
    second = fma(even, 0.047619047619047616, second)
    even, odd = hermite_step(even, odd, reach, square, 0.05, 0.047619047619047616)
    zeroth = fma(even, 0.047619047619047616, zeroth)
    first = fma(odd, 0.043478260869565216, first)
    second = fma(even, 0.043478260869565216, second)
    even, odd = hermite_step(even, odd, reach, square, 0.045454545454545456, 0.043478260869565216)
    zeroth = fma(even, 0.043478260869565216, zeroth)
    first = fma(odd, 0.04, first)
    second = fma(even, 0.04, second)
    even, odd = hermite_step(even, odd, reach, square, 0.041666666666666664, 0.04)
    zeroth = fma(even, 0.04, zeroth)
    first = fma(odd, 0.037037037037037035, first)
    second = fma(even, 0.037037037037037035, second)
    return zeroth, first, second


def _atan_tail_f32(z):
    p = fma(z, -0.05581662791, 0.1042271617)
    p = fma(z, p, -0.1422720396)
    p = fma(z, p, 0.199982119)
    return fma(z, p, -0.3333332443)


def atan_tail(z):
    """(atan(s) - s) / s^3 with z = s^2, for |s| <= 1 / 2."""
    p = fma(z, -0.009215792047089859102, 0.02500650356648950753)
    p = fma(z, p, -0.03806653672057365907)
    p = fma(z, p, 0.04628024868570153236)
    p = fma(z, p, -0.05240099507994713113)
    p = fma(z, p, 0.05879578429582424858)
    p = fma(z, p, -0.06666435677235947819)
    p = fma(z, p, 0.07692294712540284481)
    p = fma(z, p, -0.09090908620322522247)
    p = fma(z, p, 0.1111111110091737513)
    p = fma(z, p, -0.1428571428559918798)
    p = fma(z, p, 0.1999999999999948794)
    return fma(z, p, -0.3333333333333333295)


def atan(x):
    """Arctangent."""
    a = abs(x)
    middle = a > 0.5
    far = a > 2.0
    s = (-1.0 if far else a - 1.0 if middle else a) / (a if far else a + 1.0 if middle else 1.0)
    # pi / 2 and pi / 4, in two parts
    high = 1.5707963705062866 if far else 0.7853981852531433 if middle else 0.0
    low = -4.371139000186243e-08 if far else -2.1855695000931215e-08 if middle else 0.0
    z = s * s
    y = high + (s + fma(s * z, atan_tail(z), low))
    return -y if x < 0.0 else y


# Angles, and Bessel's functions of them -------------------------------------------------------------------------


def _sin_tail_f32(z):
    p = fma(z, 2.724925686e-6, -0.0001984008157)
    p = fma(z, p, 0.008333331865)
    return fma(z, p, -0.1666666666)


def sin_tail(z):
    """(sin(x) - x) / x^3 with z = x^2, for |x| <= pi / 4."""
    p = fma(z, -7.586565318865857509e-13, 1.60585293806940612e-10)
    p = fma(z, p, -2.50521062183107221e-8)
    p = fma(z, p, 2.755731921929842467e-6)
    p = fma(z, p, -0.0001984126984126501253)
    p = fma(z, p, 0.008333333333333331468)
    return fma(z, p, -0.1666666666666666667)


def _cos_tail_f32(z):
    p = fma(z, -2.730040088e-7, 2.480059607e-5)
    p = fma(z, p, -0.001388888766)
    return fma(z, p, 0.04166666666)


def cos_tail(z):
    """(cos(x) - 1 + x^2 / 2) / x^4 with z = x^2, for |x| <= pi / 4."""
    p = fma(z, 4.745798624221736193e-14, -1.147045964316431412e-11)
    p = fma(z, p, 2.087675578322065374e-9)
    p = fma(z, p, -2.755731922138017299e-7)
    p = fma(z, p, 0.00002480158730158461728)
    p = fma(z, p, -0.001388888888888888785)
    return fma(z, p, 0.04166666666666666667)


def _beyond_quarters_f32(x):
    n = rint_of_product(x, 0.63661977)
    # pi / 2 in three parts: what the first leaves of x is exact
    whole = fma(n, -1.5707963705062866, x)
    low = n * -4.371138828673793e-8
    lost = fma(n, 1.7151245100058819e-15, difference_rest(whole, low) - product_rest(n, -4.371138828673793e-8))
    return n, whole - low, lost


def beyond_quarters(x):
    """n, r and a rest below the last digit of r, with x = n pi / 2 + r + rest and |r| <= pi / 4, for |x| up to 1e5."""
    n = rint_of_product(x, 0.6366197723675814)
    whole = fma(n, -1.5707963267948966, x)
    low = n * 6.123233995736766e-17
    lost = fma(n, 1.4973849048591698e-33, difference_rest(whole, low) - product_rest(n, 6.123233995736766e-17))
    return n, whole - low, lost


def angle_parts(x, rest):
    """Sine, cosine and 1 - cosine of x + rest, for |x| up to 1e5 and a rest below its last digit."""
    n, near, lost = beyond_quarters(x)
    # the last digit of x may be larger than what is left of it
    r = near + rest
    lost = lost + difference_rest(near, -rest)
    z = r * r
    s = r + fma(r * z, sin_tail(z), fma(-0.5 * z, lost, lost))
    down = fma(0.5, z, fma(-z * z, cos_tail(z), fma(r, lost, 0.5 * product_rest(r, r))))
    c = 1.0 - down
    # which quarter, from -2 to 2
    m = n - 4.0 * rint(0.25 * n)
    odd = abs(m) == 1.0
    sine = c if odd else s
    cosine = s if odd else c
    sine = -sine if m < -0.5 or m > 1.5 else sine
    cosine = -cosine if m < -1.5 or m > 0.5 else cosine
    return sine, cosine, 1.0 - cosine if odd else 2.0 - down if abs(m) == 2.0 else down


def _log_bessel_f32(z):
    p = fma(z, -2.014850905e-8, 3.835033097e-7)
    p = fma(z, p, -3.857038457e-6)
    p = fma(z, p, 3.01493132e-5)
    p = fma(z, p, -0.0002232270435)
    p = fma(z, p, 0.001735901176)
    p = fma(z, p, -0.01562496995)
    return fma(z, p, 0.2499999993)


def log_bessel(z):
    """log(I0(x)) / x^2 with z = x^2, for x <= 1.75."""
    p = fma(z, -1.359102255481858219e-15, 4.179879060927928417e-14)
    p = fma(z, p, -6.314452397464171718e-13)
    p = fma(z, p, 6.422099496326636339e-12)
    p = fma(z, p, -5.135676135691395859e-11)
    p = fma(z, p, 3.590467876831695991e-10)
    p = fma(z, p, -2.364143417994593194e-9)
    p = fma(z, p, 1.532579198876308596e-8)
    p = fma(z, p, -9.987691278787797081e-8)
    p = fma(z, p, 6.602762369316022405e-7)
    p = fma(z, p, -4.455183126068316661e-6)
    p = fma(z, p, 0.00003092447732911899738)
    p = fma(z, p, -0.0002237955726019328331)
    p = fma(z, p, 0.00173611111108267842)
    p = fma(z, p, -0.01562499999999898054)
    return fma(z, p, 0.2499999999999999939)


def _bessel_lack_f32(z):
    p = fma(z, 6.379429554e-9, -1.248099873e-7)
    p = fma(z, p, 1.226634521e-6)
    p = fma(z, p, -8.657151456e-6)
    p = fma(z, p, 5.288909233e-5)
    p = fma(z, p, -0.0003089206455)
    p = fma(z, p, 0.001790270894)
    p = fma(z, p, -0.01041665608)
    return fma(z, p, 0.0624999998)


def bessel_lack(z):
    """(1 / 2 - I1(x) / I0(x) / x) / x^2 with z = x^2, for x <= 1.75."""
    p = fma(z, 8.512222076940641175e-16, -2.708115441696323087e-14)
    p = fma(z, p, 4.195729796247818617e-13)
    p = fma(z, p, -4.309849557872485925e-12)
    p = fma(z, p, 3.40090319698248403e-11)
    p = fma(z, p, -2.278591340217944207e-10)
    p = fma(z, p, 1.396185357302405293e-9)
    p = fma(z, p, -8.221190315734161742e-9)
    p = fma(z, p, 4.774999647857754344e-8)
    p = fma(z, p, -2.763609721586669044e-7)
    p = fma(z, p, 1.598412760909718011e-6)
    p = fma(z, p, -9.244074969597307689e-6)
    p = fma(z, p, 0.00005346227420565681538)
    p = fma(z, p, -0.0003092447914327951758)
    p = fma(z, p, 0.001790364583314642972)
    p = fma(z, p, -0.01041666666666607316)
    return fma(z, p, 0.06249999999999999686)


def of_stretch(x, first, second, third, last):
    """What belongs to the stretch of x, which ends at 3, 6, 14 or nowhere."""
    return first if x < 3.0 else second if x < 6.0 else third if x < 14.0 else last


def stretch_place(x):
    """A number in [-1, 1] that goes along with 1 / x in the stretch of x, for x >= 1.75."""
    inverse = 1.0 / x
    scale = of_stretch(x, 8.4, 12.0, 21.0, 28.00000039200000549)
    return fma(inverse, scale, of_stretch(x, -3.8, -3.0, -2.5, -1.000000028000000392))


def _log_bessel_rest_f32(x, t):
    p = of_stretch(x, -1.314029247e-6, 1.014988518e-6, 1.426654007e-7, 4.909914987e-10)
    p = fma(t, p, of_stretch(x, 4.547457561e-6, -6.369350745e-6, -2.010384138e-7, 2.044247516e-9))
    p = fma(t, p, of_stretch(x, -1.434397451e-6, 5.472971123e-6, -1.560343432e-6, 9.584828685e-9))
    p = fma(t, p, of_stretch(x, -5.890000908e-5, 5.946200017e-5, -5.388458458e-7, 6.58378749e-8))
    p = fma(t, p, of_stretch(x, 0.0003037793779, -0.0001569165936, 1.032539459e-5, 5.690653504e-7))
    p = fma(t, p, of_stretch(x, -0.000277146418, -0.0005362078452, 5.217710177e-5, 6.389848568e-6))
    p = fma(t, p, of_stretch(x, -0.004564429596, 0.001255020092, 0.0003228802494, 9.934041976e-5))
    p = fma(t, p, of_stretch(x, 0.01083100269, 0.01180138408, 0.004038635291, 0.002413648289))
    return fma(t, p, of_stretch(x, 0.175419801, 0.1482340371, 0.1335984968, 0.1273201865))


def log_bessel_rest(x, t):
    """x (log(I0(x)) - x + log(2 pi x) / 2) with t = stretch_place(x), for x >= 1.75."""
    p = of_stretch(
        x, 4.286788001434683719e-13, 9.1063180904358639e-12, 1.170838546411300302e-12, 2.049644635747024234e-13
    )
    p = fma(
        t,
        p,
        of_stretch(
            x, -1.952629107522676608e-12, -3.517742085241026348e-11, 9.252145041876472775e-12, 5.059027882947686739e-13
        ),
    )
    p = fma(
        t,
        p,
        of_stretch(
            x, 4.833180072360561856e-12, 3.829677669952186605e-11, -3.711565377764545816e-11, -5.582837183981037266e-13
        ),
    )
    p = fma(
        t,
        p,
        of_stretch(
            x, -8.295565954968210023e-12, 1.049066698144986102e-10, -2.585409625706515608e-11, -2.786711510350776142e-12
        ),
    )
    p = fma(
        t,
        p,
        of_stretch(
            x, -1.451097008653591098e-11, -7.598763159776041732e-10, 3.12426598151539242e-10, -1.938215445577698877e-12
        ),
    )
    p = fma(
        t,
        p,
        of_stretch(
            x, 2.416673179869832392e-10, 2.588805561967965055e-9, -4.284446159604322177e-10, 2.945324811337263776e-12
        ),
    )
    p = fma(
        t,
        p,
        of_stretch(
            x, -1.403111737386043285e-9, -4.455391114640632612e-9, -1.147768998984088837e-9, 6.59634518304753895e-12
        ),
    )
    p = fma(
        t,
        p,
        of_stretch(
            x, 5.453442795891235039e-9, -5.635602481856763794e-9, 4.955561669259721891e-9, 7.898098778699016137e-12
        ),
    )
    p = fma(
        t,
        p,
        of_stretch(
            x, -1.318836119876592023e-8, 6.757195986908454538e-8, -7.043899401358739598e-10, 1.346824662368921397e-11
        ),
    )
    p = fma(
        t,
        p,
        of_stretch(
            x, -2.765846571340049996e-9, -2.21171649877000849e-7, -3.254266063486867777e-8, 3.407721466553507857e-11
        ),
    )
    p = fma(
        t,
        p,
        of_stretch(
            x, 2.273444149758973851e-7, 1.906620142077292956e-7, 3.879644378029308588e-8, 1.040693129937456242e-10
        ),
    )
    p = fma(
        t,
        p,
        of_stretch(
            x, -1.327190991205778367e-6, 1.520274893107418061e-6, 2.010664347813520397e-7, 3.860926730693666395e-10
        ),
    )
    p = fma(
        t,
        p,
        of_stretch(
            x, 4.086471484773414642e-6, -7.003908295098560836e-6, -2.824018748521457651e-7, 1.747877570469493775e-9
        ),
    )
    p = fma(
        t,
        p,
        of_stretch(
            x, -1.419844885479466209e-6, 5.093464131006781553e-6, -1.600857560295355059e-6, 9.669770672945955732e-9
        ),
    )
    p = fma(
        t,
        p,
        of_stretch(
            x, -0.00005856686716687418929, 0.00005998377914699512025, -4.795388532731916825e-7, 6.607595163224659793e-8
        ),
    )
    p = fma(
        t,
        p,
        of_stretch(
            x, 0.0003037747710783085954, -0.0001568111859705151495, 0.00001033626920523225626, 5.6904104779846349e-7
        ),
    )
    p = fma(
        t,
        p,
        of_stretch(
            x, -0.0002772374150696966168, -0.0005363580883983659096, 0.00005216084878749507875, 6.389780508835240895e-6
        ),
    )
    p = fma(
        t,
        p,
        of_stretch(
            x, -0.004564429234429114603, 0.001255012187609664591, 0.0003228794441654007951, 0.00009934042160660979272
        ),
    )
    p = fma(
        t,
        p,
        of_stretch(x, 0.01083100947115645286, 0.01180139549562707755, 0.004038636503445207973, 0.002413648294330795644),
    )
    return fma(
        t, p, of_stretch(x, 0.1754198010407552369, 0.1482340371203094463, 0.1335984968456940276, 0.1273201865218536199)
    )


def _bessel_rest_f32(x, t):
    p = of_stretch(x, -5.627620519e-7, -8.356283006e-7, -2.89143636e-7, 8.413235617e-10)
    p = fma(t, p, of_stretch(x, 2.378943349e-6, -2.891178883e-6, -1.642160027e-7, 2.244088252e-9))
    p = fma(t, p, of_stretch(x, -4.193332415e-6, 1.944432342e-5, 2.591585184e-6, 4.188869929e-9))
    p = fma(t, p, of_stretch(x, -7.852357449e-6, -2.142566802e-5, 1.536923826e-6, 1.622767347e-8))
    p = fma(t, p, of_stretch(x, 9.877263269e-5, -0.000111692295, -1.610786986e-5, 7.999886516e-8))
    p = fma(t, p, of_stretch(x, -0.0003836899783, 0.0004524156744, -2.679846668e-5, 4.548327556e-7))
    p = fma(t, p, of_stretch(x, 0.0004061012534, 0.0001157475984, 4.567991158e-5, 3.175573624e-6))
    p = fma(t, p, of_stretch(x, 0.003508412162, -0.004027315546, 0.0003119903172, 2.783522357e-5))
    p = fma(t, p, of_stretch(x, -0.01685379413, -0.001062188567, 0.001359845059, 0.0003171906074))
    p = fma(t, p, of_stretch(x, -0.01302764251, 0.03113287158, 0.009691671005, 0.005025977441))
    return fma(t, p, of_stretch(x, 0.216577637, 0.1836382236, 0.1436950881, 0.1297338349))


def bessel_rest(x, t):
    """x (x (1 - I1(x) / I0(x)) - 1 / 2) with t = stretch_place(x), for x >= 1.75."""
    p = of_stretch(
        x, -1.243265122631978761e-12, -5.19099862029843202e-11, -7.190491110801739219e-12, -5.379763829421453892e-12
    )
    p = fma(
        t,
        p,
        of_stretch(
            x, 3.66334761835818333e-12, 1.347273414199476163e-10, -6.778372496395457668e-11, -3.343779686768971511e-13
        ),
    )
    p = fma(
        t,
        p,
        of_stretch(
            x, -5.297611478187698467e-13, 8.545911310558057179e-11, 2.635551626635089414e-10, 3.789281548742363662e-11
        ),
    )
    p = fma(
        t,
        p,
        of_stretch(
            x, -2.444894947998631334e-11, -9.963017424611552702e-10, 1.594575824473503433e-10, 1.886749760909643343e-11
        ),
    )
    p = fma(
        t,
        p,
        of_stretch(
            x, 1.605244052448382762e-10, 3.290311508646265304e-9, -2.077238367521022756e-9, -1.033354629980466122e-10
        ),
    )
    p = fma(
        t,
        p,
        of_stretch(
            x, -7.783532917028719349e-10, -7.527960992604030052e-9, 3.186295615552760581e-9, -1.127157297633077755e-10
        ),
    )
    p = fma(
        t,
        p,
        of_stretch(
            x, 2.808952987051781443e-9, 5.100707367402934861e-9, 5.350938440342029338e-9, 6.346750492021213991e-11
        ),
    )
    p = fma(
        t,
        p,
        of_stretch(
            x, -6.743783034306743883e-9, 4.677331834696512763e-8, -3.026113668470295791e-8, 1.714352004834825743e-10
        ),
    )
    p = fma(
        t,
        p,
        of_stretch(
            x, 1.574225481441995101e-9, -2.473082759148238567e-7, 2.708256431653990695e-8, 1.585457408670786139e-10
        ),
    )
    p = fma(
        t,
        p,
        of_stretch(
            x, 9.039037559583166036e-8, 6.077254345990971817e-7, 1.397233929364144458e-7, 2.335815977101185568e-10
        ),
    )
    p = fma(
        t,
        p,
        of_stretch(
            x, -5.816952784931839036e-7, -2.02907349825841217e-7, -3.773264439634666169e-7, 5.341614324202575337e-10
        ),
    )
    p = fma(
        t,
        p,
        of_stretch(
            x, 2.168351629013023368e-6, -4.728434884601287208e-6, -4.254215677423285081e-7, 1.389722789737263658e-9
        ),
    )
    p = fma(
        t,
        p,
        of_stretch(
            x, -4.169540482504793679e-6, 0.00001883032517946921001, 2.682515016288420438e-6, 4.409002654066762731e-9
        ),
    )
    p = fma(
        t,
        p,
        of_stretch(
            x, -7.654836325167778799e-6, -0.00001954468928340483374, 1.762074878054093211e-6, 1.707001996594628425e-8
        ),
    )
    p = fma(
        t,
        p,
        of_stretch(
            x, 0.00009876122736272397293, -0.0001114278225013825037, -0.00001614803540070732916, 7.992383314382422696e-8
        ),
    )
    p = fma(
        t,
        p,
        of_stretch(
            x, -0.0003837736661508383539, 0.000451585031604365295, -0.00002689009202642813107, 4.544745326551068115e-7
        ),
    )
    p = fma(
        t,
        p,
        of_stretch(
            x, 0.000406103379217257194, 0.0001157007571974957532, 0.00004568711034284105243, 3.175584989845099585e-6
        ),
    )
    p = fma(
        t,
        p,
        of_stretch(
            x, 0.003508426860099013339, -0.004027166585363734703, 0.0003120060869669102588, 0.00002783528628024028888
        ),
    )
    p = fma(
        t,
        p,
        of_stretch(
            x, -0.01685379423508181881, -0.001062186232753490572, 0.001359844698402697299, 0.0003171906068833801678
        ),
    )
    p = fma(
        t,
        p,
        of_stretch(x, -0.01302764323934817555, 0.03113286411691404016, 0.00969167022772100717, 0.005025977437438021841),
    )
    return fma(
        t, p, of_stretch(x, 0.2165776370311497576, 0.1836382236071906743, 0.1436950881043070473, 0.1297338348837665683)
    )


def bessel_parts(x):
    """log(I0(x)) less what follows, A = I1(x) / I0(x) or 1 - A, and the slope of A, for x >= 0.

    Up to 1.75 nothing follows and the second is A. Beyond, x - log(x) / 2 - log(2 pi) / 2 does, and it is 1 - A.
    """
    small = minimum(1.75, x)
    z = small * small
    near_lack = z * bessel_lack(z)
    half = 0.5 - near_lack
    y = maximum(1.75, x)
    t = stretch_place(y)
    inverse = 1.0 / y
    c = bessel_rest(y, t)
    a = fma(c, inverse, 0.5)
    near = x < 1.75
    return (
        z * log_bessel(z) if near else log_bessel_rest(y, t) * inverse,
        small * half if near else a * inverse,
        fma(-z * half, half, 0.5 + near_lack) if near else fma(a, 1.0 - a, 2.0 * c) * inverse * inverse,
    )


# The logarithm of the gamma function and its derivative -----------------------------------------------------------


def _lgamma_arch_f32(u):
    p = fma(u, -0.0001658029869, 0.0001957158029)
    p = fma(u, p, -0.0003598576072)
    p = fma(u, p, 0.0009156379272)
    p = fma(u, p, -0.002117342948)
    p = fma(u, p, 0.004998311142)
    p = fma(u, p, -0.01238348018)
    p = fma(u, p, 0.03296501889)
    p = fma(u, p, -0.1003173168)
    return fma(u, p, 0.422784335)


def lgamma_arch(u):
    """lgamma(2 + u) / (u (1 + u)) for -0.7 <= u <= 0.5: what is left beside the roots at 1 and 2."""
    p = fma(u, 9.621935661810086212e-8, 1.554167151999438627e-9)
    p = fma(u, p, 1.772046666806186865e-8)
    p = fma(u, p, -2.561952266200891407e-7)
    p = fma(u, p, 4.319058646248795294e-7)
    p = fma(u, p, -8.178846203538909344e-7)
    p = fma(u, p, 1.803413748400865773e-6)
    p = fma(u, p, -3.857572086417609813e-6)
    p = fma(u, p, 8.222278391917006012e-6)
    p = fma(u, p, -0.00001765989482128625368)
    p = fma(u, p, 0.00003816897558234240796)
    p = fma(u, p, -0.00008309531515171160317)
    p = fma(u, p, 0.000182552625801693587)
    p = fma(u, p, -0.0004057073855915037836)
    p = fma(u, p, 0.0009153769230924396877)
    p = fma(u, p, -0.002108130834369707629)
    p = fma(u, p, 0.004998641164673762189)
    p = fma(u, p, -0.01238419219336463162)
    p = fma(u, p, 0.03296500062115605993)
    p = fma(u, p, -0.1003173016743539529)
    return fma(u, p, 0.422784335098467139)


def _stirling_rest_f32(z):
    return fma(z, -0.0027592769, 0.08333327872)


def stirling_rest(z):
    """What Stirling's formula leaves of lgamma(x), times x, with z = 1 / x^2, for x >= 6.5."""
    p = fma(z, 0.004536889988943211992, -0.00186190005865629199)
    p = fma(z, p, 0.0008408913979353384468)
    p = fma(z, p, -0.0005952311428212722046)
    p = fma(z, p, 0.0007936507665898972669)
    p = fma(z, p, -0.002777777777738014081)
    return fma(z, p, 0.08333333333333332374)


def lgamma_step(y, product):
    """gamma(y) product with a smaller y: lgamma(y) = log(y - 1) + lgamma(y - 1)."""
    if y >= 2.5:
        y = y - 1.0
        product = product * y
    return y, product


def lgamma(x):
    """log(gamma(x)) for x >= 0, with all digits at its roots 1 and 2; NaN below 0."""
    y, product = lgamma_step(x, 1.0)
    y, product = lgamma_step(y, product)
    y, product = lgamma_step(y, product)
    y, product = lgamma_step(y, product)
    far = x >= 6.5
    low = x < 1.3
    least = x < 0.5
    k, f = log_parts(x + x * x if least else x if low or far else product)
    rest = log_rest(f)
    logarithm = log_of(k, f, rest)
    u = x if least else x - 1.0 if low else y - 2.0
    arch = lgamma_arch(u)
    y = fma(u * (1.0 + u), arch, -logarithm if low else logarithm)
    if low and x > 0.75:
        # u is taken from both terms, where it would cancel
        y = fma(u, fma(1.0 + u, arch, -1.0), -rest)
    w = 1.0 / maximum(6.5, x)
    if far:
        y = fma(x - 0.5, logarithm - 1.0, fma(w, stirling_rest(w * w), 0.4189385332046727))
    infinity = 1e999
    if x == 0.0:
        y = infinity
    if x < 0.0:
        y = infinity - infinity
    return y


def _digamma_slope_f32(v):
    p = fma(v, 0.005866549716, -0.01751726662)
    p = fma(v, p, 0.02602727817)
    p = fma(v, p, -0.03351025478)
    p = fma(v, p, 0.04811275907)
    p = fma(v, p, -0.07205810257)
    p = fma(v, p, 0.1078791892)
    p = fma(v, p, -0.1639541661)
    p = fma(v, p, 0.2584981805)
    p = fma(v, p, -0.4427629507)
    return fma(v, p, 0.9676722533)


def digamma_slope(v):
    """digamma(root + v) / v for root + v in [1, 2.2]."""
    p = fma(v, 0.00003248525558216437124, -0.0001508647005428625965)
    p = fma(v, p, 0.0003106189090328143384)
    p = fma(v, p, -0.0004110282178517281048)
    p = fma(v, p, 0.0004963784569794349432)
    p = fma(v, p, -0.0007031590348507219644)
    p = fma(v, p, 0.001070377304859394985)
    p = fma(v, p, -0.001585246232708344486)
    p = fma(v, p, 0.002308949252264166578)
    p = fma(v, p, -0.003368810418240547782)
    p = fma(v, p, 0.004926031507994778234)
    p = fma(v, p, -0.007204580038317813278)
    p = fma(v, p, 0.01053887411919284595)
    p = fma(v, p, -0.01542476792802812976)
    p = fma(v, p, 0.02259764291113050987)
    p = fma(v, p, -0.0331611261424644181)
    p = fma(v, p, 0.04880428835910489833)
    p = fma(v, p, -0.07219956127054768187)
    p = fma(v, p, 0.1078240506876157302)
    p = fma(v, p, -0.1639427054421814502)
    p = fma(v, p, 0.2584997609556779168)
    p = fma(v, p, -0.4427631689835930675)
    return fma(v, p, 0.9676722454476211369)


def _digamma_rest_f32(z):
    p = fma(z, 0.00375298714, -0.008330408)
    return fma(z, p, 0.08333332734)


def digamma_rest(z):
    """(log(x) - 1 / (2 x) - digamma(x)) x^2 with z = 1 / x^2, for x >= 5.2."""
    p = fma(z, 0.9703439698182535447, -0.3353412185209032073)
    p = fma(z, p, 0.07983375101667622777)
    p = fma(z, p, -0.0210223881784226157)
    p = fma(z, p, 0.007574898989464440884)
    p = fma(z, p, -0.004166660677858510084)
    p = fma(z, p, 0.003968253947078378707)
    p = fma(z, p, -0.008333333333304248973)
    return fma(z, p, 0.08333333333333332671)


def digamma_step(y, over, under):
    """digamma(y) + over / under with a smaller y: digamma(y) = 1 / (y - 1) + digamma(y - 1)."""
    if y >= 2.2:
        y = y - 1.0
        over = fma(over, y, under)
        under = under * y
    return y, over, under


def digamma(x):
    """The derivative of lgamma for x >= 0, with all digits at its root; -inf at 0, NaN below."""
    low = x < 1.0
    # one fraction for the steps that lead to [1, 2.2)
    over = -1.0 if low else 0.0
    under = x if low else 1.0
    y, over, under = digamma_step(x, over, under)
    y, over, under = digamma_step(y, over, under)
    y, over, under = digamma_step(y, over, under)
    # the root less 1, in three parts
    v = (((x if low else y - 1.0) - 0.4616321325302124) - 1.243815006546356e-08) - -1.2654465062537432e-16
    w = 1.0 / maximum(5.2, x)
    near = fma(v, digamma_slope(v), over / under)
    far = fma(-w, fma(w, digamma_rest(w * w), 0.5), log(x))
    infinity = 1e999
    if x < 0.0:
        near = infinity - infinity
    return far if x >= 5.2 else near


def trigamma_step(y, first, second):
    """trigamma(y) + first and half of tetragamma(y) - second with a larger y."""
    inverse = 1.0 / y
    square = inverse * inverse
    return y + 1.0, first + square, fma(square, inverse, second)


def trigamma_rest(z):
    """(trigamma(x) - 1 / x - 1 / (2 x^2)) x^3 with z = 1 / x^2, for x >= 10: a series of Bernoulli's numbers."""
    p = fma(z, -7.092156862745098, 1.1666666666666667)
    p = fma(z, p, -0.2531135531135531)
    p = fma(z, p, 0.07575757575757576)
    p = fma(z, p, -0.03333333333333333)
    p = fma(z, p, 0.023809523809523808)
    p = fma(z, p, -0.03333333333333333)
    return fma(z, p, 0.16666666666666666)


def polygammas(x):
    """trigamma(x) and tetragamma(x) for x > 0: the first and the second derivative of digamma."""
    y, first, second = trigamma_step(x, 0.0, 0.0)
    y, first, second = trigamma_step(y, first, second)
    y, first, second = trigamma_step(y, first, second)
    y, first, second = trigamma_step(y, first, second)
    y, first, second = trigamma_step(y, first, second)
    y, first, second = trigamma_step(y, first, second)
    y, first, second = trigamma_step(y, first, second)
    y, first, second = trigamma_step(y, first, second)
    y, first, second = trigamma_step(y, first, second)
    y, first, second = trigamma_step(y, first, second)
    w = 1.0 / y
    z = w * w
    p = trigamma_rest(z)
    # the series of Bernoulli's numbers, from x = 10 on
    q = fma(z, -120.56666666666666, 17.5)
    q = fma(z, q, -3.290476190476191)
    q = fma(z, q, 0.8333333333333334)
    q = fma(z, q, -0.3)
    q = fma(z, q, 0.16666666666666666)
    q = fma(z, q, -0.16666666666666666)
    q = fma(z, q, 0.5)
    return first + fma(z, fma(w, p, 0.5), w), -fma(z, fma(z, q, 1.0 + w), 2.0 * second)
