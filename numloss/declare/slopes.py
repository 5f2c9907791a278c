"""What each word of the vocabulary has for slope and bend, its first and second derivative: laws, like the words.

`RULES` knows every public name of `numloss.scalar`. A rule is one of four things: a law of the arguments of the word
and its value, which gives the first derivatives in their order and then the second ones, row by row of the upper
triangle; `Exponent`, the text of what the word is a power of e of; `Text`, an expression with the derivatives of the
word; or `FLAT`, of what only jumps, and of what rounding leaves.

Derivatives are stable where words are: that of softplus is a sigmoid, and 1 - tanh(x)^2 is never a difference.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..scalar import decay_of_product, digamma, exp, fma, log, polygammas, power, sigmoid, sign, tanh


@dataclass(frozen=True)
class Exponent:
    """The word is e to the power of this."""

    text: str


@dataclass(frozen=True)
class Text:
    """The word has the derivatives of this expression."""

    text: str


FLAT = "flat"


def exp_slopes(x, v):
    """Of e^x."""
    return v, v


def expm1_slopes(x, v):
    """Of e^x - 1."""
    slope = exp(x)
    return slope, slope


def decay_slopes(x, v):
    """Of e^-|x|."""
    return -sign(x) * v, v


def log_slopes(x, v):
    """Of log(x)."""
    inverse = 1.0 / x
    return inverse, -inverse * inverse


def log1p_slopes(x, v):
    """Of log(1 + x)."""
    inverse = 1.0 / (1.0 + x)
    return inverse, -inverse * inverse


def log_rest_slopes(x, v):
    """Of log(1 + x) - x."""
    inverse = 1.0 / (1.0 + x)
    return -x * inverse, -inverse * inverse


def sqrt_slopes(x, v):
    """Of the square root."""
    slope = 0.5 / v
    return slope, -0.5 * slope / x


def sigmoid_slopes(x, v):
    """Of 1 / (1 + e^-x)."""
    slope = v * sigmoid(-x)
    return slope, -slope * tanh(0.5 * x)


def softplus_slopes(x, v):
    """Of log(1 + e^x)."""
    slope = sigmoid(x)
    return slope, slope * sigmoid(-x)


def tanh_slopes(x, v):
    """Of the hyperbolic tangent."""
    slope = 4.0 * sigmoid(2.0 * x) * sigmoid(-2.0 * x)
    return slope, -2.0 * v * slope


def erf_slopes(x, v):
    """Of the error function."""
    slope = 1.1283791670955126 * decay_of_product(abs(x), abs(x), 0.0)
    return slope, -2.0 * x * slope


def erfc_slopes(x, v):
    """Of 1 less the error function."""
    slope, bend = erf_slopes(x, v)
    return -slope, -bend


def atan_slopes(x, v):
    """Of the arctangent."""
    slope = 1.0 / fma(x, x, 1.0)
    return slope, -2.0 * (x * slope) * slope


def lgamma_slopes(x, v):
    """Of the logarithm of the gamma function."""
    bend, _ = polygammas(x)
    return digamma(x), bend if x >= 0.0 else v


def digamma_slopes(x, v):
    """Of the derivative of that."""
    slope, bend = polygammas(x)
    return slope if x >= 0.0 else v, bend if x >= 0.0 else v


def power_slopes(x, a, v):
    """Of x^a: by x, by a; by x twice, by both, by a twice. A factor of 0 is 0 whatever it multiplies."""
    logarithm = log(x) if x > 0.0 else 0.0
    less = power(x, a - 1.0)
    factor = a * (a - 1.0)
    by_x = a * less if a != 0.0 else 0.0 * a
    twice = factor * power(x, a - 2.0) if factor != 0.0 else 0.0 * a
    mixed = less * fma(a, logarithm, 1.0) if less != 0.0 else less
    return by_x, v * logarithm, twice, mixed, v * logarithm * logarithm


Rule = Callable[..., Any] | Exponent | Text | str
RULES: dict[str, Rule] = {
    "atan": atan_slopes,
    "decay": decay_slopes,
    "decay_of_product": Exponent("-(a * (b + rest))"),
    "difference_rest": FLAT,
    "digamma": digamma_slopes,
    "erf": erf_slopes,
    "erfc": erfc_slopes,
    "exp": exp_slopes,
    "exp_below": Exponent("x - shift"),
    "exp_of_product": Exponent("a * (b + rest)"),
    "expm1": expm1_slopes,
    "fma": Text("a * b + c"),
    "lgamma": lgamma_slopes,
    "log": log_slopes,
    "log1p": log1p_slopes,
    "log1p_unit": log1p_slopes,
    "log1p_unit_rest": FLAT,
    "log_rest": log_rest_slopes,
    "maximum": Text("a if a > b else b"),
    "minimum": Text("a if a < b else b"),
    "power": power_slopes,
    "product_rest": FLAT,
    "quotient_rest": FLAT,
    "rint": FLAT,
    "round_shift": FLAT,
    "sigmoid": sigmoid_slopes,
    "sign": FLAT,
    "softplus": softplus_slopes,
    "sqrt": sqrt_slopes,
    "tanh": tanh_slopes,
}
