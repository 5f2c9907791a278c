"""Jaccard, the intersection over union."""

from ...declare import ANY, NONNEGATIVE, Array, Options, Result, Unpack, regional


def _jaccard(tp, fp, fn, smooth):
    # 1 - (tp + smooth) / (tp + fp + fn + smooth) without the subtraction
    missed = fp + fn
    size = tp + missed + smooth
    if size <= 0.0:
        return 0.0, (0.0, 0.0, 0.0), (0.0, 0.0, 0.0)
    value = missed / size
    miss = (tp + smooth) / (size * size)
    return value, (-value / size, miss, miss), (0.0, 0.0, 0.0)


@regional(
    _jaccard,
    law_inputs=3,
    law_slopes=3,
    pred=ANY,
    smooth=NONNEGATIVE,
    curvature=False,
    adds_up="no",
    cost=3.0,
    aliases=("jaccard_loss", "iou_loss", "soft_iou"),
)
def jaccard(
    pred: Array,
    target: Array,
    *,
    activation: str | None = "sigmoid",
    smooth: float = 1.0,
    per_sample: bool = True,
    ignore_index: int | None = None,
    **options: Unpack[Options],
) -> Result:
    r"""Jaccard loss: ``1 - (sum p t + smooth) / (sum p + sum t - sum p t + smooth)`` for each class of each sample.

    One minus the intersection over the union of regions; it weighs the same errors more than `dice` does.

    Parameters
    ----------
    pred : array of float32 or float64, shape (N, C) or (N, C, d1, ...)
        Logits; probabilities with ``activation=None``.
    target : array with the shape of pred, in [0, 1]; or integer labels of shape (N, d1, ...)
        Labels need ``activation="softmax"``.

    Returns
    -------
    float, or array of shape (N, C) for ``reduction="none"`` ((C,) with ``per_sample=False``)

    Notes
    -----
    Computed from the sums of p t, p (1 - t) and (1 - p) t, none of which cancels: their union is the sum of the three.
    The value is not a sum over rows: batches do not add up to the value of their union.

    References
    ----------
    M. A. Rahman, Y. Wang, Optimizing Intersection-Over-Union in Deep Neural Networks for Image Segmentation, 2016.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> p = np.array([[[0.9, 0.8, 0.1]]])
    >>> round(nl.jaccard(p, np.array([[[1, 1, 0]]]), activation=None, smooth=0.0), 4)
    0.1905
    """
