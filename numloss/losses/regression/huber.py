"""Huber."""

from ...registry import POSITIVE, REAL, Array, Options, Result, Unpack, elementwise
from ...scalar import sign


def _huber(pred, target, delta):
    error = pred - target
    size = abs(error)
    if size <= delta:
        return 0.5 * error * error, error, 1.0
    return delta * (size - 0.5 * delta), delta * sign(error), 0.0


@elementwise(_huber, target=REAL, delta=POSITIVE)
def huber(pred: Array, target: Array, *, delta: float = 1.0, **options: Unpack[Options]) -> Result:
    r"""Huber.
    """
