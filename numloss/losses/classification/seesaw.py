"""Cross-entropy that pushes rare classes less, and mistakes more."""

from ...declare import ANY, NONNEGATIVE, UP_TO_ONE, Array, Options, Result, Unpack, examplewise


@examplewise(
    "seesaw_examples",
    axes={"pred": ("...", "class"), "target": ("...",), "counts": ("class",)},
    labels={"target": "class"},
    scratch=lambda sizes, mode: (2 * sizes["class"], sizes["class"], 0),
    work=lambda sizes: 60.0 + 4.0 * sizes["class"],
    run=16,
    params=("p", "q", "eps"),
    pred=ANY,
    counts=NONNEGATIVE,
    p=NONNEGATIVE,
    q=NONNEGATIVE,
    eps=UP_TO_ONE,
    aliases=("seesaw_loss",),
)
def seesaw(
    pred: Array,
    target: Array,
    *,
    counts: Array | None = None,
    p: float = 0.8,
    q: float = 2.0,
    eps: float = 1e-2,
    **options: Unpack[Options],
) -> Result:
    r"""Cross-entropy of ``pred[j] + log(m[j] * c[j])`` for ``j != target``, with factors that depend on the label.

    For classes of which some are rare, as in detection: an example of a frequent class pushes rarer ones down less,
    ``m[j] = min(1, counts[j] / counts[target])**p``, unless they are taken for it,
    ``c[j] = max(1, prob[j] / max(prob[target], eps))**q``.

    Parameters
    ----------
    pred : array of float32 or float64, shape (..., C)
        Logits.
    target : array of integers, shape (...)
        Labels in [0, C).
    counts : array of shape (C,), optional
        How many examples each class has, or has had so far, >= 0; a class with less than one is taken to have one.
        None: all have as many.
    p : float >= 0
        How much less rarer classes are pushed; 0 is none.
    q : float >= 0
        How much more they are if they are more probable than the label; 0 is none.
    eps : float in (0, 1]
        No probability of a label is taken to be smaller.

    Notes
    -----
    The factors are held constant in the gradient, as in mmdetection, where labels are counted from call to call, which
    is up to the caller here. Powers are sums of logarithms in float64. No curvature is offered.

    References
    ----------
    J. Wang et al., Seesaw Loss for Long-Tailed Instance Segmentation, CVPR 2021, arXiv:2008.10032.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> logits, label = np.array([[2.0, 1.0, 0.0]]), np.array([1])
    >>> round(nl.seesaw(logits, label, counts=np.array([100, 10, 1])), 4)
    3.0513
    """
