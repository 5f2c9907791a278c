"""Errors of a region, by their distances to its boundary."""

from ...declare import ANY, POSITIVE, UNIT, Array, Options, Result, Unpack, examplewise


def _hausdorff_scratch(sizes, mode):
    pixels = sizes["row"] * sizes["column"]
    return 5 * (pixels + 16), 0, 2 * pixels + 3 * sizes["column"]


def _hausdorff_work(sizes):
    return 200.0 + 40.0 * sizes["row"] * sizes["column"]


@examplewise(
    "hausdorff_dt_examples",
    axes={"pred": ("...", "row", "column"), "target": ("...", "row", "column")},
    scratch=_hausdorff_scratch,
    work=_hausdorff_work,
    params=("from_logits", "alpha"),
    pred=ANY,
    target=UNIT,
    alpha=POSITIVE,
    kinks="a probability is 1/2, where the loss jumps",
    curvature=True,
    cost=5.0,
    aliases=("hausdorff_dt_loss", "hausdorff_distance"),
)
def hausdorff_dt(
    pred: Array, target: Array, *, from_logits: bool = True, alpha: float = 2.0, **options: Unpack[Options]
) -> Result:
    r"""Hausdorff distance of regions by distance transforms, ``mean((p - t)**2 * (d_p**alpha + d_t**alpha))``.

    Errors cost the more the further they are from the boundaries of what is predicted and of what is true, so that the
    largest distance between both falls. It is added to a loss of regions such as `dice`.

    Parameters
    ----------
    pred : array of float32 or float64, shape (..., H, W)
        Logits, of which p is the sigmoid, or probabilities. Every map counts by itself.
    target : array, shape of `pred`, in [0, 1]
        The true region, 1 inside of it; any real dtype.
    from_logits : bool
        False for probabilities: those of a softmax, of whose gradient the caller takes care.
    alpha : float > 0
        The power of the distances.

    Notes
    -----
    d_p is the Euclidean distance of a pixel to the nearest one on the other side of the boundary of ``p > 1/2``, and
    d_t that of ``t > 1/2``, in pixels; exact, and computed here. It is 0 where all of a map is on one side, as in
    HausdorffDTLoss of MONAI. Distances are constants of the gradient: the loss jumps where p is 1/2. By logits
    the exact curvature changes sign; the bound lifts it to at least 1e-16.

    References
    ----------
    .. [1] D. Karimi, S. E. Salcudean, "Reducing the Hausdorff Distance in Medical Image Segmentation with Convolutional
       Neural Networks", IEEE Transactions on Medical Imaging 39 (2020).

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> region = np.zeros((5, 5))
    >>> region[1:4, 1:4] = 1.0
    >>> near, far = region.copy(), region.copy()
    >>> near[1, 0], far[0, 0] = 1.0, 1.0
    >>> [round(nl.hausdorff_dt(pred, region, from_logits=False), 4) for pred in (region, near, far)]
    [0.0, 0.08, 0.12]
    """
