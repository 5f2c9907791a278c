"""Softmax of cosines with a margin between them."""

from ...declare import ANY, FINITE, POSITIVE, Array, Options, Result, Unpack, rowwise
from ...loops.codes import LABELS, LOGIT, LOGITS


def _cosface(cosine, label, scale, margin):
    return scale * (cosine - margin * label), scale, 0.0


@rowwise(
    _cosface,
    law_inputs=2,
    classes=LOGIT,
    scores=LOGITS,
    target=LABELS,
    pred=ANY,
    scale=POSITIVE,
    margin=FINITE,
    convex=True,
    cost=3.0,
    aliases=("large_margin_cosine_loss", "am_softmax"),
)
def cosface(
    pred: Array,
    target: Array,
    *,
    scale: float = 64.0,
    margin: float = 0.35,
    class_weight: Array | None = None,
    ignore_index: int | None = -100,
    axis: int = 1,
    **options: Unpack[Options],
) -> Result:
    r"""Cross-entropy of ``scale * cosine``, with a margin taken off the cosine of the label.

    For embeddings that are compared by their directions, such as faces: the cosine with the label's direction has to
    exceed all others by a margin.

    Parameters
    ----------
    pred : array of float32 or float64, shape (N, C) or (N, C, d1, ...)
        Cosines between embeddings and the directions of the classes.
    target : array of integers, shape (N,) or (N, d1, ...)
        Labels in [0, C), of any integer dtype.
    scale : float > 0
        What cosines are multiplied by, for logits.
    margin : float
        What is taken off the cosine of the label.

    Notes
    -----
    Values outside of [-1, 1] are taken as they are. The bound of the curvature is at least 1e-16.

    References
    ----------
    H. Wang et al., CosFace: Large Margin Cosine Loss for Deep Face Recognition, CVPR 2018.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> cosines = np.array([[0.75, 0.5, 0.25]])
    >>> round(nl.cosface(cosines, np.array([0]), scale=4.0, margin=0.25), 4)
    0.862
    """
