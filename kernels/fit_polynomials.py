"""How the coefficients in numloss/scalar.py were found.

Each function is written as (exact leading terms) + (power of the variable) * polynomial, and the polynomial
interpolates the remaining factor at the Chebyshev nodes of its interval, in 60 digits: within a small factor of
the minimax polynomial, and reproducible by anybody with mpmath.

    python kernels/fit_polynomials.py
"""

from mpmath import (
    atan,
    atanh,
    besseli,
    chop,
    cos,
    cosh,
    erf,
    erfc,
    exp,
    findroot,
    log,
    loggamma,
    lu_solve,
    matrix,
    mp,
    mpf,
    nstr,
    pi,
    psi,
    sin,
    sqrt,
    tanh,
    workdps,
)

mp.dps = 60
HALF_LOG2 = mp.log(2) / 2 * mpf("1.001")


def interpolate(function, low, high, count):
    """Coefficients, lowest power first, of the polynomial through `function` at `count` Chebyshev nodes."""
    low, high = mpf(low), mpf(high)
    nodes = [(low + high) / 2 + (high - low) / 2 * cos(pi * (2 * k + 1) / (2 * count)) for k in range(count)]
    system = matrix(count, count)
    for row, node in enumerate(nodes):
        for column in range(count):
            system[row, column] = node**column
    return [chop(c) for c in lu_solve(system, matrix([function(node) for node in nodes]))]


def exp_tail(r):
    """(e^r - 1 - r) / r^2"""
    return mpf(1) / 2 + r / 6 if abs(r) < mpf("1e-25") else (exp(r) - 1 - r) / r**2


def atanh_tail(z):
    """(2 atanh(s) - 2 s) / s^3 with z = s^2"""
    s = sqrt(z)
    return mpf(2) / 3 if abs(z) < mpf("1e-25") else (2 * atanh(s) - 2 * s) / s**3


def atanh_rest(z):
    """(3 atanh(s) / s - 3 - s^2) / s^4 with z = s^2"""
    s = sqrt(z)
    return mpf(3) / 5 if abs(z) < mpf("1e-20") else (3 * atanh(s) / s - 3 - z) / z**2


def atan_tail(z):
    """(atan(s) - s) / s^3 with z = s^2"""
    s = sqrt(z)
    return -mpf(1) / 3 if abs(z) < mpf("1e-25") else (atan(s) - s) / s**3


def tanh_tail(z):
    """(tanh(x) / x - 1) / x^2 with z = x^2"""
    x = sqrt(z)
    return -mpf(1) / 3 if abs(z) < mpf("1e-25") else (tanh(x) / x - 1) / z


def log_cosh_tail(z):
    """log(cosh(x)) / x^2 with z = x^2"""
    return mpf(1) / 2 if abs(z) < mpf("1e-25") else log(cosh(sqrt(z))) / z


def erf_tail(z):
    """erf(x) / x - 1 with z = x^2"""
    x = sqrt(z)
    return 2 / sqrt(pi) - 1 if abs(z) < mpf("1e-25") else erf(x) / x - 1


def erfc_scaled(t):
    """(1 + 2 x) e^(x^2) erfc(x) - 1 with t = (x - 3) / (x + 3)"""
    x = 3 * (1 + t) / (1 - t)
    return (1 + 2 * x) * exp(x * x) * erfc(x) - 1


def mills(a):
    """Mills' ratio, (1 - cdf(a)) / pdf(a) of a normal distribution"""
    return sqrt(pi / 2) * exp(a * a / 2) * erfc(a / sqrt(2))


def mills_bulge(t):
    """(1 + a) mills(a) - 1 with t = (a - 4) / (a + 4)"""
    a = 4 * (1 + t) / (1 - t)
    return (1 + a) * mills(a) - 1


def mills_bend(t):
    """(1 - a mills(a)) / mills(a)^2 with t = (a - 4) / (a + 4)"""
    a = 4 * (1 + t) / (1 - t)
    with workdps(120):
        return (1 - a * mills(a)) / mills(a) ** 2


def lgamma_arch(u):
    """lgamma(2 + u) / (u (1 + u))"""
    return psi(0, 2) if abs(u) < mpf("1e-25") else loggamma(2 + u) / (u * (1 + u))


def stirling_rest(z):
    """What Stirling's formula leaves of lgamma(x), times x, with z = 1 / x^2"""
    x = 1 / sqrt(z)
    return (loggamma(x) - (x - mpf(1) / 2) * (log(x) - 1) - log(2 * pi) / 2 + mpf(1) / 2) * x


def digamma_slope(v):
    """digamma(root + v) / v"""
    return psi(1, DIGAMMA_ROOT) if abs(v) < mpf("1e-25") else psi(0, DIGAMMA_ROOT + v) / v


def digamma_rest(z):
    """(log(x) - 1 / (2 x) - digamma(x)) x^2 with z = 1 / x^2"""
    x = 1 / sqrt(z)
    return (log(x) - 1 / (2 * x) - psi(0, x)) * x**2


def sin_tail(z):
    """(sin(x) - x) / x^3 with z = x^2"""
    x = sqrt(z)
    return -mpf(1) / 6 if abs(z) < mpf("1e-25") else (sin(x) - x) / x**3


def cos_tail(z):
    """(cos(x) - 1 + x^2 / 2) / x^4 with z = x^2"""
    return mpf(1) / 24 if abs(z) < mpf("1e-20") else (cos(sqrt(z)) - 1 + z / 2) / z**2


def log_bessel(z):
    """log(I0(x)) / x^2 with z = x^2"""
    return mpf(1) / 4 if abs(z) < mpf("1e-25") else log(besseli(0, sqrt(z))) / z


def bessel_lack(z):
    """(1 / 2 - I1(x) / I0(x) / x) / x^2 with z = x^2"""
    x = sqrt(z)
    return mpf(1) / 16 if abs(z) < mpf("1e-20") else (mpf(1) / 2 - besseli(1, x) / besseli(0, x) / x) / z


def log_bessel_rest(x):
    """x (log(I0(x)) - x + log(2 pi x) / 2)"""
    with workdps(90):
        return (log(besseli(0, x)) - x + log(2 * pi * x) / 2) * x


def bessel_rest(x):
    """x (x (1 - I1(x) / I0(x)) - 1 / 2)"""
    with workdps(90):
        return ((1 - besseli(1, x) / besseli(0, x)) * x - mpf(1) / 2) * x


def stretch(function, low, high):
    """A function of t in [-1, 1], which goes along with 1 / x from that of `high` to that of `low`."""
    middle, half = (1 / mpf(low) + 1 / mpf(high)) / 2, (1 / mpf(low) - 1 / mpf(high)) / 2
    return lambda t: function(1 / (middle + half * t))


DIGAMMA_ROOT = findroot(lambda x: psi(0, x), mpf("1.4616321449683623"))
# where 1 / x^2 lies for x >= 6.5 and for x >= 5.2; nearer to 0 the rests are differences of nearly equal numbers
BEYOND_6_5 = mpf("1e-8"), 1 / mpf("42.25")
BEYOND_5_2 = mpf("1e-8"), 1 / mpf("27.04")
AROUND_2 = mpf("-0.7"), mpf("0.5")
AROUND_ROOT = 1 - DIGAMMA_ROOT, mpf("2.2") - DIGAMMA_ROOT


# where (a - 4) / (a + 4) lies for a >= 0
ALL = -1, 1 - mpf("1e-6")


def far_erfc(last):
    """Where (x - 3) / (x + 3) lies for 0.9 <= x <= last."""
    return mpf("-2.1") / mpf("3.9"), (mpf(last) - 3) / (mpf(last) + 3)


FITS = {
    "exp, float32: (e^r - 1 - r) / r^2, |r| <= log(2)/2": (exp_tail, -HALF_LOG2, HALF_LOG2, 5, 10),
    "exp, float64": (exp_tail, -HALF_LOG2, HALF_LOG2, 10, 19),
    "log, float32: (2 atanh(s) - 2 s) / s^3 in s^2, |s| <= 0.1716": (atanh_tail, 0, mpf("0.02945"), 3, 10),
    "log, float64": (atanh_tail, 0, mpf("0.02945"), 7, 19),
    "log1p on [0, 1], float32: the same, s <= 1/3": (atanh_tail, 0, mpf(1) / 9, 4, 10),
    "tanh, float32: (tanh(x) / x - 1) / x^2 in x^2, |x| <= 0.6": (tanh_tail, 0, mpf("0.36"), 5, 10),
    "tanh, float64": (tanh_tail, 0, mpf("0.36"), 11, 19),
    "log_cosh, float32: log(cosh(x)) / x^2 in x^2, |x| <= 0.6": (log_cosh_tail, 0, mpf("0.36"), 5, 10),
    "log_cosh, float64": (log_cosh_tail, 0, mpf("0.36"), 11, 19),
    "power, float32: (3 atanh(s) / s - 3 - s^2) / s^4 in s^2, |s| <= 0.1716": (atanh_rest, 0, mpf("0.02945"), 3, 10),
    "power, float64": (atanh_rest, 0, mpf("0.02945"), 8, 19),
    "atan, float32: (atan(s) - s) / s^3 in s^2, s <= 1/2": (atan_tail, 0, mpf("0.25"), 5, 10),
    "atan, float64": (atan_tail, 0, mpf("0.25"), 13, 19),
    "erf, float32: erf(x) / x - 1 in x^2, x <= 0.9": (erf_tail, 0, mpf("0.81"), 6, 10),
    "erf, float64": (erf_tail, 0, mpf("0.81"), 12, 19),
    "erfc, float32: (1 + 2 x) e^(x^2) erfc(x) - 1 in (x - 3) / (x + 3)": (erfc_scaled, *far_erfc("10.1"), 10, 10),
    "erfc, float64": (erfc_scaled, *far_erfc("27.3"), 21, 19),
    "Mills' ratio, float32: (1 + a) mills(a) - 1 in (a - 4) / (a + 4)": (mills_bulge, *ALL, 12, 10),
    "Mills' ratio, float64": (mills_bulge, *ALL, 26, 19),
    "the slope of its inverse, float32: (1 - a mills(a)) / mills(a)^2 in (a - 4) / (a + 4)": (mills_bend, *ALL, 14, 10),
    "the slope of its inverse, float64": (mills_bend, *ALL, 31, 19),
    "lgamma near 2, float32: lgamma(2 + u) / (u (1 + u)), -0.7 <= u <= 0.5": (lgamma_arch, *AROUND_2, 10, 10),
    "lgamma near 2, float64": (lgamma_arch, *AROUND_2, 21, 19),
    "lgamma, float32: x times the rest of Stirling's formula in 1 / x^2, x >= 6.5": (stirling_rest, *BEYOND_6_5, 2, 10),
    "lgamma, float64": (stirling_rest, *BEYOND_6_5, 7, 19),
    "digamma near its root r, float32: digamma(r + v) / v, 1 <= r + v <= 2.2": (digamma_slope, *AROUND_ROOT, 11, 10),
    "digamma near its root r, float64": (digamma_slope, *AROUND_ROOT, 23, 19),
    "digamma, float32: (log(x) - 1 / (2 x) - digamma(x)) x^2 in 1 / x^2, x >= 5.2": (digamma_rest, *BEYOND_5_2, 3, 10),
    "digamma, float64": (digamma_rest, *BEYOND_5_2, 9, 19),
}

EIGHTH = 0, mpf("0.6182")
UP_TO_1_75 = 0, mpf("3.0625")
FITS |= {
    "sin, float32: (sin(x) - x) / x^3 in x^2, |x| <= pi / 4": (sin_tail, *EIGHTH, 4, 10),
    "sin, float64": (sin_tail, *EIGHTH, 7, 19),
    "cos, float32: (cos(x) - 1 + x^2 / 2) / x^4 in x^2, |x| <= pi / 4": (cos_tail, *EIGHTH, 4, 10),
    "cos, float64": (cos_tail, *EIGHTH, 7, 19),
    "Bessel's I0, float32: log(I0(x)) / x^2 in x^2, x <= 1.75": (log_bessel, *UP_TO_1_75, 8, 10),
    "Bessel's I0, float64": (log_bessel, *UP_TO_1_75, 16, 19),
    "I1 / I0, float32: (1 / 2 - I1(x) / I0(x) / x) / x^2 in x^2, x <= 1.75": (bessel_lack, *UP_TO_1_75, 9, 10),
    "I1 / I0, float64": (bessel_lack, *UP_TO_1_75, 17, 19),
}
# of larger x in stretches, by a number in [-1, 1] that goes along with 1 / x
STRETCHES = ("1.75", "3"), ("3", "6"), ("6", "14"), ("14", "1e9")
for ends in STRETCHES:
    for what, rest, counts in (("I0", log_bessel_rest, (9, 20)), ("I1 / I0", bessel_rest, (11, 21))):
        for dtype, count, digits in zip(("float32", "float64"), counts, (10, 19), strict=True):
            label = f"{what}, {dtype}: what the first terms leave, times x, between " + " and ".join(ends)
            FITS[label] = (stretch(rest, *ends), -1, 1, count, digits)

if __name__ == "__main__":
    for name, (function, low, high, count, digits) in FITS.items():
        print(name)
        for coefficient in interpolate(function, low, high, count):
            print("   ", nstr(coefficient, digits))
    print("root of digamma:", nstr(DIGAMMA_ROOT, 35))
    print("log(2) high and low parts follow from the grid that the high part must lie on.")
