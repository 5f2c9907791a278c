"""The Lovasz extension of the Jaccard loss, of margins."""

from ...declare import Array, Options, Result, Unpack, ordered


@ordered(
    activation=None,
    kinks="equal errors: the order of the pixels chooses; an error of 0",
    cost=20.0,
    aliases=("lovasz_hinge_loss",),
)
def lovasz_hinge(
    pred: Array,
    target: Array,
    *,
    per_sample: bool = True,
    **options: Unpack[Options],
) -> Result:
    r"""Lovasz hinge: ``sum_k max(e_k, 0) (J(k) - J(k - 1))`` for each class, its errors e in descending order.

    A surrogate that follows the Jaccard index of whole regions, for classes that do not exclude each other. An error is
    1 - pred where the target is 1 and 1 + pred where it is 0; J(k) is one minus the Jaccard index if the first k pixels
    in this order are wrong.

    Parameters
    ----------
    pred : array of float32 or float64, shape (N, C) or (N, C, d1, ...)
        Logits.
    target : array of the same shape, 0 or 1
        Which pixels belong to each class.
    per_sample : bool
        Regions are those of each sample; with False those of the whole batch.

    Returns
    -------
    float, or array of shape (N, C) for ``reduction="none"`` ((C,) with ``per_sample=False``)

    Raises
    ------
    TypeError
        If pred is not floating.
    ValueError
        If shapes do not fit, or a target is neither 0 nor 1.

    Notes
    -----
    Piecewise linear: where errors are equal, the order of the pixels decides on a slope. A call takes an array of the
    size of pred and, a thread, 32 bytes for each pixel of a region; on a device two arrays of the size of pred, with a
    gradient three and 8 bytes for each of its elements.

    References
    ----------
    M. Berman, A. Rannen Triki, M. Blaschko, The Lovasz-Softmax loss, 2018.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> nl.lovasz_hinge(np.array([[[2.0, 0.5, -3.0]]]), np.array([[[1, 1, 0]]]))
    0.25
    """
