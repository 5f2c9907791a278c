"""Focal Tversky."""

from ...declare import ANY, NONNEGATIVE, POSITIVE, Array, Options, Result, Unpack, regional
from ...scalar import power
from .tversky import _tversky


def _focal_tversky(tp, fp, fn, alpha, beta, gamma, smooth):
    index, (hit, claim, miss), (_, _, _) = _tversky(tp, fp, fn, alpha, beta, smooth)
    # at a perfect prediction a power below 1 rises without bound; 0 is among the slopes of a minimum
    if index <= 0.0:
        return 0.0, (0.0, 0.0, 0.0), (0.0, 0.0, 0.0)
    value = power(index, gamma)
    rise = gamma * value / index
    return value, (rise * hit, rise * claim, rise * miss), (0.0, 0.0, 0.0)


@regional(
    _focal_tversky,
    law_inputs=3,
    law_slopes=3,
    pred=ANY,
    alpha=NONNEGATIVE,
    beta=NONNEGATIVE,
    gamma=POSITIVE,
    smooth=NONNEGATIVE,
    curvature=False,
    adds_up="no",
    cost=3.0,
    aliases=("focal_tversky_loss",),
)
def focal_tversky(
    pred: Array,
    target: Array,
    *,
    alpha: float = 0.3,
    beta: float = 0.7,
    gamma: float = 0.75,
    activation: str | None = "sigmoid",
    smooth: float = 1.0,
    per_sample: bool = True,
    ignore_index: int | None = None,
    **options: Unpack[Options],
) -> Result:
    r"""Focal Tversky loss: the Tversky loss to the power gamma, for each class of each sample.

    ``(1 - (TP + smooth) / (TP + alpha FP + beta FN + smooth))**gamma``, where TP, FP and FN are the sums of p t,
    p (1 - t) and (1 - p) t. A gamma below 1 raises the slope of regions that are almost right, one above 1 turns to
    those that are wrong.

    Parameters
    ----------
    pred : array of float32 or float64, shape (N, C) or (N, C, d1, ...)
        Logits; probabilities with ``activation=None``.
    target : array with the shape of pred, in [0, 1]; or integer labels of shape (N, d1, ...)
        Labels need ``activation="softmax"``.
    alpha : float >= 0
        Weight of what only the prediction claims, the false positives.
    beta : float >= 0
        Weight of what the prediction misses, the false negatives.
    gamma : float > 0
        The power. The paper's gamma is its inverse, 4/3.

    Returns
    -------
    float, or array of shape (N, C) for ``reduction="none"`` ((C,) with ``per_sample=False``)

    Notes
    -----
    Where the loss is exactly 0 its gradient is 0, also for a gamma below 1. The value is not a sum over rows: batches
    do not add up to the value of their union.

    References
    ----------
    N. Abraham, N. M. Khan, A Novel Focal Tversky Loss Function with Improved Attention U-Net for Lesion Segmentation,
    2019.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> p = np.array([[[0.9, 0.8, 0.1]]])
    >>> round(nl.focal_tversky(p, np.array([[[1, 1, 0]]]), activation=None, smooth=0.0), 4)
    0.2086
    """
