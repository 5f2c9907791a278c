"""Logarithm of the hyperbolic cosine."""

from ...registry import REAL, Array, Options, Result, Unpack, elementwise
from ...scalar import decay, log1p_unit, tanh


def _log_cosh(pred, target):
    error = pred - target
    slope = tanh(error)
    e = decay(2.0 * error)
    return abs(error) + log1p_unit(e) - 0.6931471805599453, slope, 1.0 - slope * slope


@elementwise(_log_cosh, target=REAL)
def log_cosh(pred: Array, target: Array, **options: Unpack[Options]) -> Result:
    r"""log cosh
    """
