"""The Lovasz extension of the Jaccard loss, of a softmax."""

from ...declare import Array, Options, Result, Unpack, ordered


@ordered(
    activation="softmax",
    kinks="equal errors: the order of the pixels chooses",
    cost=30.0,
    aliases=("lovasz_softmax_loss",),
)
def lovasz_softmax(
    pred: Array,
    target: Array,
    *,
    classes: str = "present",
    per_sample: bool = False,
    ignore_index: int | None = None,
    **options: Unpack[Options],
) -> Result:
    r"""Lovasz-softmax: ``sum_k e_k (J(k) - J(k - 1))`` for each class, its errors e in descending order.

    A surrogate that follows the Jaccard index of whole regions. An error is 1 - p where the label is the class and p
    elsewhere; J(k) is one minus the Jaccard index if the first k pixels in this order are wrong.

    Parameters
    ----------
    pred : array of float32 or float64, shape (N, C) or (N, C, d1, ...)
        Logits.
    target : array of integers, shape (N,) or (N, d1, ...)
        Labels in [0, C).
    classes : {"present", "all"}
        Whether a class of which a region has no pixel counts nothing, or its largest probability.
    per_sample : bool
        Regions are those of each sample; with False those of the whole batch.

    Returns
    -------
    float, or array of shape (C,) for ``reduction="none"`` ((N, C) with ``per_sample=True``)

    Raises
    ------
    IndexError
        If a label is outside [0, C), with its position, its value and the range.
    TypeError
        If pred is not floating.
    ValueError
        If shapes do not fit, or classes is another word.

    Notes
    -----
    Piecewise linear in the probabilities: where errors are equal, the order of the pixels decides on a slope. The mean
    is that over all regions that count; of several samples the authors average the mean of each. A call takes an array
    of the size of pred (two if there is no gradient to write to) and, a thread, 32 bytes for each pixel of a region; on
    a device two arrays of the size of pred, with a gradient three and 8 bytes for each of its elements.

    References
    ----------
    M. Berman, A. Rannen Triki, M. Blaschko, The Lovasz-Softmax loss, 2018.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> logits = np.log(np.array([[[0.8, 0.4], [0.2, 0.6]]]))  # two classes of two pixels
    >>> round(nl.lovasz_softmax(logits, np.array([[0, 1]])), 4)
    0.35
    """
