"""Squared error."""

from ...registry import REAL, Array, Options, Result, Unpack, elementwise


def _mse(pred, target):
    error = pred - target
    return error * error, 2.0 * error, 2.0


@elementwise(_mse, target=REAL, convex=True)
def mse(pred: Array, target: Array, **options: Unpack[Options]) -> Result:
    r"""Squared error, the mean of ``(pred - target)**2`` (no factor one half).
    """
