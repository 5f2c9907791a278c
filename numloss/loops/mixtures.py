"""Mixtures of distributions of independent entries: the logarithms of their components, and what each of them is pulled
by, its share of the density. All sums of logarithms are taken in float64.
"""

from __future__ import annotations

from ..scalar import exp, log1p
from .dirichlet import whole_lgamma
from .headers import Examples, Result
from .language import (
    Double,
    Int,
    Real,
    Reals,
    apart,
    double,
    double_log,
    doubles,
    noinline,
    offset,
    real,
    reals,
)
from .log_sums import largest_of, terms_below

# The places of sizes, arrays and parameters in the declarations.
COMPONENTS = 0
ENTRIES = 1
LOGITS = 0
MEAN = 1
LOG_SCALE = 2
TARGET = 3
DEGREES = 0
# From so many degrees of freedom on a series has all digits of what depends on them.
MANY_DEGREES = 60


@apart
def residuals(y: Reals, mean: Reals, scale: Reals, n: Int, inverse: Reals, r: Reals) -> Int:
    """Errors of n entries in units of their scales, whose inverses are kept."""
    for j in range(n):
        inverse[j] = exp(-scale[j])
    for j in range(n):
        r[j] = (y[j] - mean[j]) * inverse[j]
    return 0


@apart
def normal_terms(r: Reals, scale: Reals, n: Int, s: Reals, w: Reals) -> Int:
    """Logarithms of normal densities, less a constant, and what errors weigh: 1."""
    for j in range(n):
        w[j] = 1.0
        s[j] = -0.5 * r[j] * r[j] - scale[j]
    return 0


@apart
def student_terms(r: Reals, scale: Reals, n: Int, degrees: Real, s: Reals, w: Reals) -> Int:
    """The same of densities of Student t, whose large errors weigh less."""
    half = 0.5 * (degrees + 1.0)
    for j in range(n):
        t = r[j] * r[j]
        w[j] = (degrees + 1.0) / (degrees + t)
        s[j] = -half * log1p(t / degrees) - scale[j]
    return 0


@noinline
def log_density(
    e: Examples, y: Reals, mean: Reals, scale: Reals, n: Int, inverse: Reals, r: Reals, w: Reals, s: Reals
) -> Double:
    """The logarithm of the density of a component of n entries, less constants; residuals and weights are kept."""
    residuals(y, mean, scale, n, inverse, r)
    if e.params[DEGREES] == double(0.0):
        normal_terms(r, scale, n, s, w)
    else:
        student_terms(r, scale, n, real(e.params[DEGREES]), s, w)
    total = double(0.0)
    for j in range(n):
        total = total + double(s[j])
    return total


@apart
def component_slopes(r: Reals, w: Reals, inverse: Reals, n: Int, share: Real, mean: Reals, scale: Reals) -> Int:
    """Slopes by means and logarithms of scales of a component with so much of the density."""
    for j in range(n):
        pull = w[j] * r[j]
        mean[j] = -share * (pull * inverse[j])
        scale[j] = share * (1.0 - pull * r[j])
    return 0


@noinline
def mixture_slopes(
    e: Examples, i: Int, p: Reals, total: Double, q: Reals, density: Double, inverse: Reals, r: Reals, w: Reals
) -> Int:
    """Gradients of an example, of the terms of its weights and of its density, each with their sum."""
    parts = e.sizes[COMPONENTS]
    n = e.sizes[ENTRIES] if e.sizes[ENTRIES] > 0 else 1
    g = offset(reals(e.slopes[LOGITS]), i * parts)
    for k in range(parts):
        share = double(q[k]) / density
        g[k] = real(double(p[k]) / total - share)
        at = k * n
        mean = offset(reals(e.slopes[MEAN]), (i * parts + k) * n)
        scale = offset(reals(e.slopes[LOG_SCALE]), (i * parts + k) * n)
        component_slopes(offset(r, at), offset(w, at), offset(inverse, at), n, real(share), mean, scale)
    return 0


@noinline
def constant_of(degrees: Double) -> Double:
    """What the negative logarithm of a density has that depends on nothing else; 0 degrees stand for a normal one."""
    half = double(0.5) * degrees
    whole = double(0.9189385332046727)
    if degrees == double(0.0):
        return whole
    if degrees < double(MANY_DEGREES):
        few = whole_lgamma(half) - whole_lgamma(half + double(0.5))
        return few + double(0.5) * double_log(double(3.141592653589793) * degrees)
    w = double(1.0) / half
    z = w * w
    rest = double(1.0) / double(640.0) - z * (double(17.0) / double(14336.0))
    return whole + w * (double(0.125) - z * (double(1.0) / double(192.0) - z * rest))


@noinline
def one_mixture(e: Examples, i: Int, constant: Double) -> Int:
    """The loss of an example, and its gradients."""
    parts = e.sizes[COMPONENTS]
    n = e.sizes[ENTRIES] if e.sizes[ENTRIES] > 0 else 1
    inverse = reals(e.reals)
    r = offset(inverse, parts * n)
    w = offset(r, parts * n)
    s = offset(w, parts * n)
    p = offset(s, n)
    q = offset(p, parts)
    a = doubles(e.doubles)
    b = offset(a, parts)
    logits = offset(reals(e.inputs[LOGITS]), i * parts)
    y = offset(reals(e.inputs[TARGET]), i * n)
    for k in range(parts):
        at = (i * parts + k) * n
        mean = offset(reals(e.inputs[MEAN]), at)
        scale = offset(reals(e.inputs[LOG_SCALE]), at)
        kept = k * n
        a[k] = double(logits[k])
        b[k] = a[k] + log_density(e, y, mean, scale, n, offset(inverse, kept), offset(r, kept), offset(w, kept), s)
    top = largest_of(a, parts)
    peak = largest_of(b, parts)
    total = terms_below(a, parts, top, p)
    density = terms_below(b, parts, peak, q)
    doubles(e.losses)[i] = ((top - peak) + (double_log(total) - double_log(density))) + double(n) * constant
    if e.mode > 0:
        mixture_slopes(e, i, p, total, q, density, inverse, r, w)
    return 0


def mixture_examples(e: Examples, partial: Result, n: Int) -> Int:
    """Losses, and gradients, of n examples."""
    constant = constant_of(e.params[DEGREES])
    for i in range(n):
        one_mixture(e, i, constant)
    return 0
