"""Tversky."""

from ...declare import ANY, NONNEGATIVE, Array, Options, Result, Unpack, regional


def _tversky(tp, fp, fn, alpha, beta, smooth):
    # 1 - (tp + smooth) / (tp + missed + smooth) without the subtraction
    missed = alpha * fp + beta * fn
    size = tp + missed + smooth
    if size <= 0.0:
        return 0.0, (0.0, 0.0, 0.0), (0.0, 0.0, 0.0)
    value = missed / size
    miss = (tp + smooth) / (size * size)
    return value, (-value / size, alpha * miss, beta * miss), (0.0, 0.0, 0.0)


@regional(
    _tversky,
    law_inputs=3,
    law_slopes=3,
    pred=ANY,
    alpha=NONNEGATIVE,
    beta=NONNEGATIVE,
    smooth=NONNEGATIVE,
    curvature=False,
    adds_up="no",
    cost=3.0,
    aliases=("tversky_loss",),
)
def tversky(
    pred: Array,
    target: Array,
    *,
    alpha: float = 0.5,
    beta: float = 0.5,
    activation: str | None = "sigmoid",
    smooth: float = 1.0,
    per_sample: bool = True,
    ignore_index: int | None = None,
    **options: Unpack[Options],
) -> Result:
    r"""Tversky loss: ``1 - (TP + smooth) / (TP + alpha FP + beta FN + smooth)`` for each class of each sample.

    TP, FP and FN are the sums of p t, p (1 - t) and (1 - p) t. A beta above alpha finds small regions at the price of
    false alarms. Both 1/2 is `dice` (with twice the smooth), both 1 is `jaccard`.

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

    Returns
    -------
    float, or array of shape (N, C) for ``reduction="none"`` ((C,) with ``per_sample=False``)

    Notes
    -----
    None of the three sums cancels. Some papers call the weight of the false negatives alpha. The value is not a sum
    over rows: batches do not add up to the value of their union.

    References
    ----------
    S. S. M. Salehi, D. Erdogmus, A. Gholipour, Tversky Loss Function for Image Segmentation Using 3D Fully
    Convolutional Deep Networks, 2017.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> p = np.array([[[0.9, 0.8, 0.1]]])
    >>> round(nl.tversky(p, np.array([[[1, 1, 0]]]), alpha=0.3, beta=0.7, activation=None, smooth=0.0), 4)
    0.1237
    """
