"""The vocabulary of laws: exp, log, sigmoid, softplus, ... as scalar functions that are laws themselves.

A law may call every public name of this module. Each is written with IEEE + - * /, sqrt, comparisons and the
primitives below only, so that every compiler and every CPU gives the same bits: no libm, no fused
multiply-add, no lookup table. Nothing here branches on data except by choosing between two computed values,
so all of it vectorises.

A name with a typed text (`_expm1_f32` and `_expm1_f64` stand behind `expm1`) is compiled from the text of its
dtype; a name without one is its own text. Names that `__all__` does not list are parts of the words. Called as plain
Python, the public functions compute in Python floats. Coefficients come from kernels/fit_polynomials.py;
tests/test_scalar.py measures the errors in ulp.

The primitives are supplied by each target (Numba, C, CUDA):

    sqrt(x)           correctly rounded
    power_of_two(t)   2^n where t = 1.5 * 2^23 + 127 + n   (float64: 1.5 * 2^52 + 1023 + n): a shift of the bits
    exponent_of(x)    k with x = m * 2^k and m in [sqrt(1/2), sqrt(2)), for positive normal x
    mantissa_of(x)    that m

The constant 1.5 * 2^23 (1.5 * 2^52) also rounds: adding and subtracting it leaves the nearest integer.
"""

import math

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
    "high_half",
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


def _exp_curve_f32(r):
    p = 0.008363232884 + r * 0.001392625083
    p = 0.04166655421 + r * p
    p = 0.1666657667 + r * p
    p = 0.5 + r * p
    return r * r * p


def exp_curve(r):
    """e^r - 1 - r for |r| <= log(2) / 2."""
    p = 2.762020159103154879e-7 + r * 2.5100472505694996e-8
    p = 2.755726827690569619e-6 + r * p
    p = 0.0000248015210578682052 + r * p
    p = 0.0001984126986317155603 + r * p
    p = 0.001388888891736708056 + r * p
    p = 0.008333333333330038197 + r * p
    p = 0.04166666666662382053 + r * p
    p = 0.1666666666666666746 + r * p
    p = 0.5 + r * p
    return r * r * p


def exp_rest(r):
    """e^r - 1 for |r| <= log(2) / 2."""
    return r + exp_curve(r)


def _exp_of_difference_f32(x, rest):
    if x < -104.0:
        x = -104.0
        rest = 0.0
    if x > 89.0:
        x = 89.0
        rest = 0.0
    n = x * 1.44269504 + 12582912.0
    n = n - 12582912.0
    r = x - n * 0.693359375
    p = 1.0 + exp_rest(r + (n * 2.12194440e-4 - rest))
    # 2^n in two factors: the result may be subnormal or infinite, the factors are neither
    first = n * 0.5 + 12583039.0
    second = (n - (first - 12583039.0)) + 12583039.0
    return p * power_of_two(first) * power_of_two(second)


def exp_of_difference(x, rest):
    """e^(x - rest) for a rest below the last digit of x."""
    if x < -746.0:
        x = -746.0
        rest = 0.0
    if x > 710.0:
        x = 710.0
        rest = 0.0
    n = x * 1.4426950408889634 + 6755399441055744.0
    n = n - 6755399441055744.0
    r = x - n * 6.93147180369123816490e-01
    p = 1.0 + exp_rest(r - (n * 1.90821492927058770002e-10 + rest))
    first = n * 0.5 + 6755399441056767.0
    second = (n - (first - 6755399441056767.0)) + 6755399441056767.0
    return p * power_of_two(first) * power_of_two(second)


def exp(x):
    """e^x."""
    return exp_of_difference(x, 0.0)


def _exp_below_f32(x, shift):
    low = shift - 104.0
    if x < low:
        x = low
    # the exponent carries + 24, taken off by the last factor, so that subnormal results are right
    t = (x - shift) * 1.44269504 + 12583063.0
    n = t - 12583063.0
    r = x - (n * 0.693359375 + shift)
    r = r + n * 2.12194440e-4
    p = 1.0 + exp_rest(r)
    return p * power_of_two(t) * 5.9604644775390625e-08


def _exp_below_f64(x, shift):
    low = shift - 746.0
    if x < low:
        x = low
    t = (x - shift) * 1.4426950408889634 + 6755399441056821.0
    n = t - 6755399441056821.0
    r = x - (n * 6.93147180369123816490e-01 + shift)
    r = r - n * 1.90821492927058770002e-10
    p = 1.0 + exp_rest(r)
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


def _decay_of_sum_f32(x, rest):
    if x > 104.0:
        x = 104.0
        rest = 0.0
    # the exponent carries + 24, taken off by the last factor, so that subnormal results are right
    t = 12583063.0 - x * 1.44269504
    n = t - 12583063.0
    r = -x - n * 0.693359375
    p = 1.0 + exp_rest(r + (n * 2.12194440e-4 - rest))
    return p * power_of_two(t) * 5.9604644775390625e-08


def decay_of_sum(x, rest):
    """e^-(x + rest) for x >= 0 and a rest below its last digit."""
    if x > 746.0:
        x = 746.0
        rest = 0.0
    t = 6755399441056821.0 - x * 1.4426950408889634
    n = t - 6755399441056821.0
    r = -x - n * 6.93147180369123816490e-01
    p = 1.0 + exp_rest(r - (n * 1.90821492927058770002e-10 + rest))
    return p * power_of_two(t) * 5.5511151231257827e-17


def decay(x):
    """e^-|x|, cheaper than exp."""
    return decay_of_sum(abs(x), 0.0)


# In a Double only: a power as a mantissa and an exponent of its own, which neither overflow nor vanish.
# An exponent of -2^52 stands for a power that is nothing, as all below e^(-2^30) are.


def exp_exponent(x):
    """The n of e^x = exp_mantissa(x) 2^n; -2^52 where that is nothing."""
    near = x if x > -1073741824.0 else 0.0
    n = near * 1.4426950408889634 + 6755399441055744.0
    n = n - 6755399441055744.0
    return n if x > -1073741824.0 else -4503599627370496.0


def exp_mantissa(x):
    """e^x / 2^n, between 0.7 and 1.42; 1 where e^x is nothing."""
    near = x if x > -1073741824.0 else 0.0
    n = near * 1.4426950408889634 + 6755399441055744.0
    n = n - 6755399441055744.0
    r = near - n * 6.93147180369123816490e-01
    return 1.0 + exp_rest(r - n * 1.90821492927058770002e-10)


def ratio_of(n):
    """2^n for an integer n below 1000; 2^-1000 for all below that."""
    return power_of_two(6755399441056767.0 + maximum(n, -1000.0))


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


def _halvable_f32(x):
    return minimum(5e34, x)


def halvable(x):
    """x, or the largest number of which `high_half` is finite."""
    return minimum(1e300, x)


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


def product_error(a, b):
    """What a * b loses to rounding, where neither it nor a half of it overflows."""
    a_high = high_half(a)
    b_high = high_half(b)
    a_low = a - a_high
    b_low = b - b_high
    return ((a_high * b_high - a * b) + a_high * b_low + a_low * b_high) + a_low * b_low


def decay_of_product(a, b, rest):
    """e^-(a * (b + rest)) for a, b >= 0 and a rest below the last digit of b.

    The exponent is known to more digits than one number holds: rounded to one, an exponent of 100 would cost the
    result as many units in the last place. So powers keep their digits: y^a is decay_of_product(a, -log(y), 0).
    """
    a = halvable(a)
    b = halvable(b)
    a_high = high_half(a)
    b_high = high_half(b)
    # the product of the halves is exact, and what it lacks is small beside the logarithm of 2
    return decay_of_sum(a_high * b_high, (a_high * (b - b_high) + (a - a_high) * b) + a * rest)


def product_rest(a, b):
    """What a * b loses to rounding. 0 where a * b or a half of it is not finite."""
    rest = product_error(a, b)
    return rest if rest - rest == 0.0 else 0.0


def quotient_rest(a, a_rest, b, b_rest):
    """What a / b loses to rounding and to rests of a and b below their last digits. 0 where it is not finite."""
    quotient = a / b
    rest = (((a - quotient * b) - product_rest(quotient, b)) + (a_rest - quotient * b_rest)) / b
    return rest if rest - rest == 0.0 else 0.0


def exp_of_product(a, b, rest):
    """e^(a * (b + rest)) for a rest below the last digit of b: as `decay_of_product`, for any sign."""
    return exp_of_difference(a * b, -(product_rest(a, b) + a * rest))


def _expm1_f32(x):
    if x < -30.0:
        x = -30.0
    if x > 89.0:
        x = 89.0
    n = x * 1.44269504 + 12582912.0
    n = n - 12582912.0
    r = x - n * 0.693359375
    r = r + n * 2.12194440e-4
    p = exp_rest(r)
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
    p = exp_rest(r)
    half = power_of_two(n + 6755399441056766.0)
    return 2.0 * (half * p + (half - 0.5))


def expm1(x):
    """e^x - 1 without cancellation."""
    return math.expm1(x) if x < 709.7 else math.inf


def _tanh_tail_f32(z):
    p = 0.02111095905 - z * 0.00626911972
    p = -0.05387394885 + z * p
    p = 0.1333291537 + z * p
    return -0.3333333033 + z * p


def tanh_tail(z):
    """(tanh(x) / x - 1) / x^2 with z = x^2, for |x| <= 0.6."""
    p = 0.00008154737806525365138 - z * 0.00001833596211003941992
    p = -0.000232251040679385094 + z * p
    p = 0.0005880541548418729 + z * p
    p = -0.001455464802800744916 + z * p
    p = 0.003592083166343457503 + z * p
    p = -0.008863232113541473187 + z * p
    p = 0.02186948838378092915 + z * p
    p = -0.05396825396475762478 + z * p
    p = 0.1333333333333019618 + z * p
    return -0.3333333333333332867 + z * p


def tanh(x):
    """Hyperbolic tangent."""
    z = x * x
    e = decay(2.0 * x)
    near = x + x * (z * tanh_tail(z))
    far = 1.0 - 2.0 * e / (1.0 + e)
    if x < 0.0:
        far = -far
    return near if z < 0.36 else far


def _log_cosh_tail_f32(z):
    p = -0.006583555123 + z * 0.001637258154
    p = 0.02220192242 + z * p
    p = -0.08333243162 + z * p
    return 0.4999999935 + z * p


def log_cosh_tail(z):
    """log(cosh(x)) / x^2 with z = x^2, for |x| <= 0.6."""
    p = -0.00001031011340802330064 + z * 2.188943410098647489e-6
    p = 0.00003203784170711181257 + z * p
    p = -0.00009077614742891324627 + z * p
    p = 0.0002565404932999442423 + z * p
    p = -0.0007385980871574936718 + z * p
    p = 0.002186948482146520943 + z * p
    p = -0.006746031729451808873 + z * p
    p = 0.02222222222184160792 + z * p
    p = -0.08333333333332991737 + z * p
    return 0.4999999999999999949 + z * p


# log(x) and relatives -------------------------------------------------------------------------------------------


def _log_rest_f32(f):
    s = f / (2.0 + f)
    z = s * s
    w = z * (0.6666668506 + z * (0.3998877067 + z * 0.2958039828))
    half = 0.5 * f * f
    return s * (half + w) - half


def log_rest(f):
    """log(1 + f) - f for 1 + f in [sqrt(1/2), sqrt(2)]."""
    s = f / (2.0 + f)
    z = s * s
    w = 0.1533167403016786185 + z * 0.1461703754879165015
    w = 0.1818289055669560353 + z * w
    w = 0.222222111151441615 + z * w
    w = 0.2857142862609589154 + z * w
    w = 0.3999999999989923898 + z * w
    w = z * (0.6666666666666669695 + z * w)
    half = 0.5 * f * f
    return s * (half + w) - half


def _log_of_f32(k, f, rest):
    return k * 0.693359375 + (f + (rest - k * 2.12194440e-4))


def log_of(k, f, rest):
    """log(2^k (1 + f)), where rest is `log_rest(f)`."""
    return k * 6.93147180369123816490e-01 + (f + (rest + k * 1.90821492927058770002e-10))


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


def _log1p_f32(x):
    u = 1.0 + x
    k = exponent_of(u)
    # 1 + x = 2^k (1 + f); x / 2^k and 1 / 2^k - 1 are exact, so f is rounded once
    q = power_of_two(12583039.0 - k)
    f = x * q + (q - 1.0)
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
    f = x * q + (q - 1.0)
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
    w = 0.2823661981 + z * 0.2685149802
    w = 0.4000756064 + z * w
    w = 0.6666664034 + z * w
    # 2 s = x - s x, and x has no error
    less = s * (x - z * w)
    y = x - less
    return y, (x - y) - less


def log1p_unit_pair(x):
    """log(1 + x) for x in [0, 1] as a number and a rest below its last digit."""
    k = 1.0 if x > 0.41421356237309503 else 0.0
    f = (x - 1.0) * 0.5 if x > 0.41421356237309503 else x
    more = k * 6.93147180369123816490e-01
    large = more + f
    small = log_rest(f) + k * 1.90821492927058770002e-10
    y = large + small
    return y, ((large - y) + small) + ((more - large) + f)


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
    p = 0.4284334479 + z * 0.3457278165
    return 0.6000002261 + z * p


def atanh_rest(z):
    """(3 atanh(s) / s - 3 - s^2) / s^4 with z = s^2, for |s| <= 3 - 2 sqrt(2)."""
    p = 0.1755929353482204725 + z * 0.1758540543435811744
    p = 0.2000220931815090548 + z * p
    p = 0.2307689240189687503 + z * p
    p = 0.272727275034812392 + z * p
    p = 0.3333333333248209885 + z * p
    p = 0.4285714285714405218 + z * p
    return 0.5999999999999999972 + z * p


def log_pair(f):
    """log(1 + f) as a sum of two numbers, to twice the digits, for 1 + f in [sqrt(1/2), sqrt(2)]."""
    # 2 / 3 * s * (3 + s^2 + ...) with s = f / (2 + f), each factor as such a pair
    t = 2.0 + f
    t_high = high_half(t)
    t_low = (2.0 - t_high) + f
    s = f / t
    s_high = high_half(s)
    s_low = ((f - s_high * t_high) - s_high * t_low) / t
    z = s * s
    square = s_high * s_high
    rest = s_low * (s_high + s) + z * z * atanh_rest(z)
    c_high = high_half(3.0 + square + rest)
    c_low = rest - ((c_high - 3.0) - square)
    whole = s_high * c_high
    rest = s_low * c_high + c_low * s
    high = high_half(whole + rest)
    low = rest - (high - whole)
    return 0.66650390625 * high, 0.00016276041666666666 * high + 0.6666666666666666 * low


def power(x, a):
    """x^a for x >= 0, to the last digits; NaN below 0. 0^0 is 1."""
    return power_within(x, minimum(1e30, maximum(-1e30, a)))


def power_within(x, a):
    """x^a where |a| is at most 1e30: no choice that is the same for all elements, which would keep gcc from vectors."""
    k, f = log_parts(x)
    high, low = log_pair(f)
    # the two parts of log(2): products of the first with k are exact
    whole = k * 0.693359375
    low = low - k * 0.00021219444005469058
    log_high = high_half(whole + (high + low))
    log_low = low - ((log_high - whole) - high)
    a_high = high_half(a)
    first = a_high * log_high
    rest = (a - a_high) * log_high + a * log_low
    exponent = first + rest
    y = exp_of_difference(exponent, (exponent - first) - rest)
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
    p = 0.005014484151 - z * 0.0006102687037
    p = -0.02678071913 + z * p
    p = 0.1128219409 + z * p
    p = -0.376125288 + z * p
    return 0.1283791547 + z * p


def erf_tail(z):
    """erf(x) / x - 1 with z = x^2, for |x| <= 0.9."""
    p = 1.405148276698991258e-8 - z * 8.493998797080943583e-10
    p = -1.62765267225862065e-7 + z * p
    p = 1.645532874793809563e-6 + z * p
    p = -0.00001492530753550859042 + z * p
    p = 0.000120553213824811216 + z * p
    p = -0.0008548326764466542252 + z * p
    p = 0.005223977621770372366 + z * p
    p = -0.02686617064482373074 + z * p
    p = 0.1128379167095379388 + z * p
    p = -0.3761263890318372985 + z * p
    return 0.1283791670955125733 + z * p


def _erfc_scaled_f32(t):
    p = 0.001813884947 - t * 0.0006968335972
    p = 0.002509288188 + t * p
    p = -0.0237516159 + t * p
    p = 0.0683100096 + t * p
    p = -0.1192756196 + t * p
    p = 0.1296450933 + t * p
    p = -0.04756222337 + t * p
    p = -0.1356211059 + t * p
    return 0.2530080579 + t * p


def erfc_scaled(t):
    """(1 + 2 x) e^(x^2) erfc(x) - 1 with t = (x - 3) / (x + 3), for x >= 0.9."""
    p = 1.419516670287392988e-7 - t * 2.35756403714716324e-8
    p = -8.167054438461336062e-8 + t * p
    p = -6.846510642267270214e-7 + t * p
    p = 3.406075570012818077e-7 + t * p
    p = 3.513799956335440864e-6 + t * p
    p = -7.342016145715852237e-7 + t * p
    p = -0.00002011392148045890306 + t * p
    p = 4.952136950869371527e-6 + t * p
    p = 0.0001251018981178333205 + t * p
    p = -0.0001051604804110738142 + t * p
    p = -0.0007798325679140286214 + t * p
    p = 0.001888690446764284297 + t * p
    p = 0.002529391836750180905 + t * p
    p = -0.02377051492458933135 + t * p
    p = 0.06830802734315901016 + t * p
    p = -0.1192736634151136878 + t * p
    p = 0.1296451587027764259 + t * p
    p = -0.04756229435345315074 + t * p
    p = -0.1356211061245812701 + t * p
    return 0.2530080582697296568 + t * p


def erf(x):
    """Error function, 2 / sqrt(pi) times the integral of e^(-t^2) from 0 to x."""
    a = minimum(30.0, abs(x))
    near = x + x * erf_tail(a * a)
    far = 1.0 - decay(a * a) * ((1.0 + erfc_scaled((a - 3.0) / (a + 3.0))) / (1.0 + 2.0 * a))
    if x < 0.0:
        far = -far
    return near if a < 0.9 else far


def erfc(x):
    """1 - erf(x), with all digits for large x."""
    a = minimum(30.0, abs(x))
    near = (1.0 - x) - x * erf_tail(a * a)
    far = decay_of_product(a, a, 0.0) * ((1.0 + erfc_scaled((a - 3.0) / (a + 3.0))) / (1.0 + 2.0 * a))
    if x < 0.0:
        far = 2.0 - far
    return near if a < 0.9 else far


def _atan_tail_f32(z):
    p = 0.1042271617 - z * 0.05581662791
    p = -0.1422720396 + z * p
    p = 0.199982119 + z * p
    return -0.3333332443 + z * p


def atan_tail(z):
    """(atan(s) - s) / s^3 with z = s^2, for |s| <= 1 / 2."""
    p = 0.02500650356648950753 - z * 0.009215792047089859102
    p = -0.03806653672057365907 + z * p
    p = 0.04628024868570153236 + z * p
    p = -0.05240099507994713113 + z * p
    p = 0.05879578429582424858 + z * p
    p = -0.06666435677235947819 + z * p
    p = 0.07692294712540284481 + z * p
    p = -0.09090908620322522247 + z * p
    p = 0.1111111110091737513 + z * p
    p = -0.1428571428559918798 + z * p
    p = 0.1999999999999948794 + z * p
    return -0.3333333333333333295 + z * p


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
    y = high + (s + (low + s * z * atan_tail(z)))
    return -y if x < 0.0 else y


# The logarithm of the gamma function and its derivative -----------------------------------------------------------


def _lgamma_bend_f32(u):
    p = -0.000241739952 + u * 0.0001828445144
    p = 0.0004685869312 + u * p
    p = -0.001190816387 + u * p
    p = 0.002897382037 + u * p
    p = -0.007385606047 + u * p
    p = 0.02058042973 + u * p
    p = -0.06735229938 + u * p
    return 0.3224670367 + u * p


def lgamma_bend(u):
    """(lgamma(2 + u) / u - digamma(2)) / u for -0.7 <= u <= 0.5."""
    p = 6.4812549885403659e-10 + u * 4.996916696512645062e-8
    p = 9.562093992936680866e-9 + u * p
    p = -1.339030811466521276e-7 + u * p
    p = 2.267014720971946774e-7 + u * p
    p = -4.310546530666967962e-7 + u * p
    p = 9.527046284472244514e-7 + u * p
    p = -2.044531768042146363e-6 + u * p
    p = 4.374913971181827984e-6 + u * p
    p = -9.438564117492826254e-6 + u * p
    p = 0.0000205072573399984307 + u * p
    p = -0.00004492633469498539487 + u * p
    p = 0.0000994575059119931354 + u * p
    p = -0.0002231547522726598493 + u * p
    p = 0.0005096695251784948917 + u * p
    p = -0.001192753911917935497 + u * p
    p = 0.002890510330729322534 + u * p
    p = -0.007385551028670538335 + u * p
    p = 0.02058080842778466917 + u * p
    p = -0.06735230105319811162 + u * p
    return 0.3224670334241132181 + u * p


def _stirling_rest_f32(z):
    return 0.08333327872 - z * 0.0027592769


def stirling_rest(z):
    """What Stirling's formula leaves of lgamma(x), times x, with z = 1 / x^2, for x >= 6.5."""
    p = -0.00186190005865629199 + z * 0.004536889988943211992
    p = 0.0008408913979353384468 + z * p
    p = -0.0005952311428212722046 + z * p
    p = 0.0007936507665898972669 + z * p
    p = -0.002777777777738014081 + z * p
    return 0.08333333333333332374 + z * p


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
    low = x < 1.34
    least = x < 0.5
    k, f = log_parts(x + x * x if least else x if low or far else product)
    rest = log_rest(f)
    logarithm = log_of(k, f, rest)
    u = x if least else x - 1.0 if low else y - 2.0
    p = u * lgamma_bend(u)
    y = u * (0.4227843350984671 + p) + (-logarithm if low else logarithm)
    if low and x > 0.75:
        # u is taken from both terms, where it would cancel
        y = (0.0 - rest) + u * (p - 0.5772156649015329)
    w = 1.0 / maximum(6.5, x)
    if far:
        y = (x - 0.5) * (logarithm - 1.0) + (0.4189385332046727 + w * stirling_rest(w * w))
    infinity = 1e999
    if x == 0.0:
        y = infinity
    if x < 0.0:
        y = infinity - infinity
    return y


def _digamma_slope_f32(v):
    p = -0.01751726662 + v * 0.005866549716
    p = 0.02602727817 + v * p
    p = -0.03351025478 + v * p
    p = 0.04811275907 + v * p
    p = -0.07205810257 + v * p
    p = 0.1078791892 + v * p
    p = -0.1639541661 + v * p
    p = 0.2584981805 + v * p
    p = -0.4427629507 + v * p
    return 0.9676722533 + v * p


def digamma_slope(v):
    """digamma(root + v) / v for root + v in [1, 2.2]."""
    p = -0.0001508647005428625965 + v * 0.00003248525558216437124
    p = 0.0003106189090328143384 + v * p
    p = -0.0004110282178517281048 + v * p
    p = 0.0004963784569794349432 + v * p
    p = -0.0007031590348507219644 + v * p
    p = 0.001070377304859394985 + v * p
    p = -0.001585246232708344486 + v * p
    p = 0.002308949252264166578 + v * p
    p = -0.003368810418240547782 + v * p
    p = 0.004926031507994778234 + v * p
    p = -0.007204580038317813278 + v * p
    p = 0.01053887411919284595 + v * p
    p = -0.01542476792802812976 + v * p
    p = 0.02259764291113050987 + v * p
    p = -0.0331611261424644181 + v * p
    p = 0.04880428835910489833 + v * p
    p = -0.07219956127054768187 + v * p
    p = 0.1078240506876157302 + v * p
    p = -0.1639427054421814502 + v * p
    p = 0.2584997609556779168 + v * p
    p = -0.4427631689835930675 + v * p
    return 0.9676722454476211369 + v * p


def _digamma_rest_f32(z):
    p = -0.008330408 + z * 0.00375298714
    return 0.08333332734 + z * p


def digamma_rest(z):
    """(log(x) - 1 / (2 x) - digamma(x)) x^2 with z = 1 / x^2, for x >= 5.2."""
    p = -0.3353412185209032073 + z * 0.9703439698182535447
    p = 0.07983375101667622777 + z * p
    p = -0.0210223881784226157 + z * p
    p = 0.007574898989464440884 + z * p
    p = -0.004166660677858510084 + z * p
    p = 0.003968253947078378707 + z * p
    p = -0.008333333333304248973 + z * p
    return 0.08333333333333332671 + z * p


def digamma_step(y, over, under):
    """digamma(y) + over / under with a smaller y: digamma(y) = 1 / (y - 1) + digamma(y - 1)."""
    if y >= 2.2:
        y = y - 1.0
        over = over * y + under
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
    near = v * digamma_slope(v) + over / under
    far = log(x) - w * (0.5 + w * digamma_rest(w * w))
    infinity = 1e999
    if x < 0.0:
        near = infinity - infinity
    return far if x >= 5.2 else near
