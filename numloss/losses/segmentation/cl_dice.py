"""Overlap of tubes by their centre lines."""

from ...declare import ANY, NONNEGATIVE, UNIT, Array, Domain, Options, Result, Unpack, examplewise

ITERATIONS = Domain(1.0, 1000.0, integers=True, text="a whole number from 1 to 1000")


def _cl_dice_scratch(sizes, mode):
    images = 5 + 2 * (int(sizes["iterations"]) + 1) + (3 if mode else 0)
    return sizes["row"] * sizes["column"] * images + 4 * (sizes["column"] + 18) + 96, 0, 0


def _cl_dice_work(sizes):
    return 200.0 + sizes["row"] * (20.0 * sizes["iterations"] + sizes["column"] * (8.0 + 4.0 * sizes["iterations"]))


@examplewise(
    "cl_dice_examples",
    axes={"pred": ("...", "row", "column"), "target": ("...", "row", "column")},
    scratch=_cl_dice_scratch,
    work=_cl_dice_work,
    params=("from_logits", "iterations", "alpha", "smooth"),
    pred=ANY,
    target=UNIT,
    iterations=ITERATIONS,
    alpha=UNIT,
    smooth=NONNEGATIVE,
    kinks="neighbours are equal",
    cost=4.0,
    aliases=("soft_cldice", "soft_dice_cldice", "centerline_dice"),
)
def cl_dice(
    pred: Array,
    target: Array,
    *,
    from_logits: bool = True,
    iterations: int = 3,
    alpha: float = 0.5,
    smooth: float = 1.0,
    **options: Unpack[Options],
) -> Result:
    r"""Centre-line Dice of tubes, ``(1 - alpha) * Dice + alpha * (1 - 2 P S / (P + S))``, with that of the regions.

    Of vessels, roads, nerves and cracks it is what hangs together that matters, more than how wide it is: P is the
    share of the predicted skeleton that lies in the true region, S that of the true skeleton that is predicted.

    Parameters
    ----------
    pred : array of float32 or float64, shape (..., H, W)
        Logits, of which p is the sigmoid, or probabilities. Every map counts by itself.
    target : array, shape of `pred`, in [0, 1]
        The true region, 1 inside of it; any real dtype.
    from_logits : bool
        False for probabilities: those of a softmax, of whose gradient the caller takes care.
    iterations : a whole number from 1 to 1000
        How often images are eroded for a skeleton: at least half as often as the widest tube has pixels.
    alpha : float in [0, 1]
        The share of the centre lines in the loss.
    smooth : float >= 0
        Added above and below in P, in S and in Dice, in pixels.

    Notes
    -----
    A soft skeleton is what an opening removes of an image, eroded 0, 1, ..., `iterations` times: with d what it removes
    and s the skeleton so far, ``s + d * (1 - s)``. Images are eroded by a cross and dilated by a square of three
    pixels, and what lies outside does not count, as in the code of the paper and in MONAI, whose sums are over all maps
    of a batch at once; here they are of each map. Where neighbours are equal the slope is that of the pixel itself, or
    else of the first of them. Where a skeleton is empty and `smooth` is 0 its share is 1. No curvature is offered.

    References
    ----------
    .. [1] S. Shit et al., "clDice - a Novel Topology-Preserving Loss Function for Tubular Structure Segmentation",
       CVPR 2021.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> road = np.zeros((7, 7))
    >>> road[2:5] = 1.0
    >>> cut, thin = road.copy(), np.zeros((7, 7))
    >>> cut[:, 3], thin[3] = 0.0, 1.0
    >>> [round(nl.cl_dice(x, road, from_logits=False, alpha=1.0, smooth=0.0), 4) for x in (road, cut, thin)]
    [0.0, 0.0769, 0.0]
    >>> nl.dice(thin[None, None], road[None, None], activation=None, smooth=0.0)
    0.5
    """
