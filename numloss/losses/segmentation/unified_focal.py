"""Unified focal loss of regions."""

from ...declare import ANY, NONNEGATIVE, SMOOTHING, UNIT, Array, Options, Result, Unpack, examplewise


def _unified_scratch(sizes, mode):
    return 5 * (sizes["row"] * sizes["column"] + 16), 0, 0


def _unified_work(sizes):
    return 200.0 + 6.0 * sizes["row"] * sizes["column"]


@examplewise(
    "unified_focal_examples",
    axes={"pred": ("...", "row", "column"), "target": ("...", "row", "column")},
    scratch=_unified_scratch,
    work=_unified_work,
    params=("delta", "gamma", "share", "smooth"),
    pred=ANY,
    target=UNIT,
    delta=UNIT,
    gamma=SMOOTHING,
    share=UNIT,
    smooth=NONNEGATIVE,
    cost=4.0,
    aliases=("asymmetric_unified_focal", "asym_unified_focal_loss"),
)
def unified_focal(
    pred: Array,
    target: Array,
    *,
    delta: float = 0.6,
    gamma: float = 0.5,
    share: float = 0.5,
    smooth: float = 1e-7,
    **options: Unpack[Options],
) -> Result:
    r"""Unified focal loss of a region and its background, ``(1 - share) * focal + share * focal Tversky``, asymmetric.

    For small regions: only the cross-entropy of the background fades where it is classified well, only the overlap of
    the region is raised where it is almost right, and what is missed costs more than what is claimed.

    Parameters
    ----------
    pred : array of float32 or float64, shape (..., H, W)
        Logits, of which p is the sigmoid. Every map counts by itself; as pixels have no places, a volume is a map whose
        rows are all of its rows.
    target : array, shape of `pred`, in [0, 1]
        The true region, 1 inside of it; any real dtype.
    delta : float in [0, 1]
        What pixels that are missed count; those that are claimed count ``1 - delta``.
    gamma : float in [0, 1)
        How much the background fades, and the region is raised.
    share : float in [0, 1]
        The share of the overlap in the loss, `weight` in the code of the paper.
    smooth : float >= 0
        Added to what a region, or the background, has in common, in pixels.

    Notes
    -----
    Focal is the mean of ``-delta * t * log(p) - (1 - delta) * (1 - t) * p**gamma * log(1 - p)``, focal Tversky the mean
    of ``T(p, t)**(1 - gamma)`` and ``T(1 - p, 1 - t)``, with ``T = 1 - (TP + smooth) / (TP + delta FN + (1 - delta) FP
    + smooth)``, all as in the code of the paper, which clips p. Where T is exactly 0 its slope is 0. No curvature is
    offered.

    References
    ----------
    .. [1] M. Yeung, E. Sala, C.-B. Schönlieb, L. Rundo, "Unified Focal Loss: Generalising Dice and Cross Entropy-Based
       Losses to Handle Class Imbalanced Medical Image Segmentation", Computerized Medical Imaging and Graphics 95
       (2022).

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> region = np.zeros((4, 4))
    >>> region[1, 1:3] = 1.0
    >>> [round(nl.unified_focal(x * (2.0 * region - 1.0), region), 4) for x in (8.0, 1.0, -1.0)]
    [0.0085, 0.2752, 0.6435]
    """
