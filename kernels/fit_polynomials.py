"""How the coefficients in numloss/scalar.py were found.

Each function is written as (exact leading terms) + (power of the variable) * polynomial, and the polynomial
interpolates the remaining factor at the Chebyshev nodes of its interval, in 60 digits: within a small factor of
the minimax polynomial, and reproducible by anybody with mpmath.

    python kernels/fit_polynomials.py
"""

from mpmath import atanh, chop, cos, exp, lu_solve, matrix, mp, mpf, nstr, pi, sqrt

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


FITS = {
    "exp, float32: (e^r - 1 - r) / r^2, |r| <= log(2)/2": (exp_tail, -HALF_LOG2, HALF_LOG2, 5, 10),
    "exp, float64": (exp_tail, -HALF_LOG2, HALF_LOG2, 10, 19),
    "log, float32: (2 atanh(s) - 2 s) / s^3 in s^2, |s| <= 0.1716": (atanh_tail, 0, mpf("0.02945"), 3, 10),
    "log, float64": (atanh_tail, 0, mpf("0.02945"), 7, 19),
    "log1p on [0, 1], float32: the same, s <= 1/3": (atanh_tail, 0, mpf(1) / 9, 4, 10),
}

if __name__ == "__main__":
    for name, (function, low, high, count, digits) in FITS.items():
        print(name)
        for coefficient in interpolate(function, low, high, count):
            print("   ", nstr(coefficient, digits))
    print("log(2) high and low parts follow from the grid that the high part must lie on.")
