"""Dice."""

from ...declare import ANY, NONNEGATIVE, Array, Options, Result, Unpack, regional


def _dice(tp, fp, fn, smooth):
    # 1 - (2 tp + smooth) / (2 tp + fp + fn + smooth) without the subtraction
    size = 2.0 * tp + fp + fn + smooth
    missed = fp + fn
    if size <= 0.0:
        return 0.0, (0.0, 0.0, 0.0), (0.0, 0.0, 0.0)
    value = missed / size
    hit = -2.0 * value / size
    miss = (2.0 * tp + smooth) / (size * size)
    return value, (hit, miss, miss), (0.0, 0.0, 0.0)


@regional(
    _dice,
    law_inputs=3,
    law_slopes=3,
    pred=ANY,
    smooth=NONNEGATIVE,
    curvature=False,
    adds_up="no",
    cost=3.0,
    aliases=("dice_loss", "f1_loss", "sorensen_dice"),
)
def dice(
    pred: Array,
    target: Array,
    *,
    activation: str | None = "sigmoid",
    smooth: float = 1.0,
    per_sample: bool = True,
    ignore_index: int | None = None,
    **options: Unpack[Options],
) -> Result:
    r"""Dice loss: ``1 - (2 sum p t + smooth) / (sum p + sum t + smooth)`` for each class of each sample.

    The overlap of regions in segmentation, insensitive to how large the background is.

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
    Computed from the sums of p t, p (1 - t) and (1 - p) t, none of which cancels, in one pass for the sums and one
    for the gradient. The value is not a sum over rows: batches do not add up to the value of their union.

    Dice with cross-entropy, as DiceCELoss of MONAI, is a combination of both, each with a mean of its own, over regions
    and over pixels; with `focal`, of masks, it is DiceFocalLoss. MONAI's smooth is 1e-5.

    References
    ----------
    F. Milletari, N. Navab, S.-A. Ahmadi, V-Net, 2016.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> p = np.array([[[0.9, 0.8, 0.1]]])
    >>> round(nl.dice(p, np.array([[[1, 1, 0]]]), activation=None, smooth=0.0), 4)
    0.1053
    >>> from functools import partial
    >>> both = nl.combine((1.0, partial(nl.dice, activation="softmax", smooth=1e-5)), (1.0, nl.cross_entropy))
    >>> round(both(np.array([[[2.0, 1.0, -1.0], [0.0, 0.0, 0.0]]]), np.array([[0, 0, 1]])), 4)
    0.4908
    """
