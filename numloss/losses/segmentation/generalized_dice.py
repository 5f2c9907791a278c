"""Generalised Dice."""

from ...declare import ANY, NONNEGATIVE, UP_TO_TWO, Array, Options, Result, Unpack, regional
from .dice import _dice


@regional(
    _dice,
    law_inputs=3,
    law_slopes=3,
    pred=ANY,
    power=UP_TO_TWO,
    smooth=NONNEGATIVE,
    rows={"pool": "power"},
    curvature=False,
    adds_up="no",
    cost=3.0,
    aliases=("generalised_dice", "generalized_dice_loss", "gdl"),
)
def generalized_dice(
    pred: Array,
    target: Array,
    *,
    power: float = 2.0,
    activation: str | None = "softmax",
    smooth: float = 0.0,
    ignore_index: int | None = None,
    **options: Unpack[Options],
) -> Result:
    r"""Generalised Dice loss: ``1 - (2 sum w p t + smooth) / (sum w (p + t) + smooth)`` over all classes of a sample.

    The weight w of a class is its volume, the sum of t, to the power -2, so that small regions count as much as large
    ones; it is 1 for the smallest of a sample.

    Parameters
    ----------
    pred : array of float32 or float64, shape (N, C) or (N, C, d1, ...)
        Logits; probabilities with ``activation=None``.
    target : array with the shape of pred, in [0, 1]; or integer labels of shape (N, d1, ...)
        Labels need ``activation="softmax"``.
    power : 0, 1 or 2
        2 as in the paper; 1 is what MONAI calls simple, 0 counts all classes alike, as far as they are large.

    Returns
    -------
    float, or array of shape (N,) for ``reduction="none"``

    Notes
    -----
    A class that a sample has no pixel of counts as the smallest of those that it has, as in MONAI, so that what is
    falsely found of it costs. A factor of all weights changes nothing but what `smooth` is added to: here that are
    pixels of the smallest region, in MONAI shares of its square.
    The value is not a sum over rows: batches of unlike sizes do not add up by their values.

    References
    ----------
    C. H. Sudre, W. Li, T. Vercauteren, S. Ourselin, M. J. Cardoso, Generalised Dice Overlap as a Deep Learning Loss
    Function for Highly Unbalanced Segmentations, 2017.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> p = np.array([[[0.9, 0.8, 0.8, 0.1], [0.1, 0.2, 0.2, 0.9]]])
    >>> round(nl.generalized_dice(p, np.array([[[1, 1, 1, 0], [0, 0, 0, 1]]]), activation=None), 4)
    0.2206
    """
