"""Softmax of cosines with a margin between angles."""

from ...declare import ANY, POSITIVE, RIGHT_ANGLE, Array, Options, Result, Unpack, rowwise
from ...loops.codes import LABELS, LOGIT, LOGITS
from ...scalar import sqrt


def _arcface_constants(margin):
    # cosine and sine of an angle up to pi / 2, by their series
    z = margin * margin
    cosine = 4.110317623312165e-19 - z * 8.896791392450574e-22
    cosine = -1.5619206968586225e-16 + z * cosine
    cosine = 4.779477332387385e-14 + z * cosine
    cosine = -1.1470745597729725e-11 + z * cosine
    cosine = 2.08767569878681e-09 + z * cosine
    cosine = -2.755731922398589e-07 + z * cosine
    cosine = 2.48015873015873e-05 + z * cosine
    cosine = -0.001388888888888889 + z * cosine
    cosine = 0.041666666666666664 + z * cosine
    cosine = -0.5 + z * cosine
    cosine = 1.0 + z * cosine
    sine = 1.9572941063391263e-20 - z * 3.868170170630684e-23
    sine = -8.22063524662433e-18 + z * sine
    sine = 2.8114572543455206e-15 + z * sine
    sine = -7.647163731819816e-13 + z * sine
    sine = 1.6059043836821613e-10 + z * sine
    sine = -2.505210838544172e-08 + z * sine
    sine = 2.7557319223985893e-06 + z * sine
    sine = -0.0001984126984126984 + z * sine
    sine = 0.008333333333333333 + z * sine
    sine = -0.16666666666666666 + z * sine
    sine = 1.0 + z * sine
    return cosine, margin * sine


def _arcface(cosine, label, scale, margin, cos_margin, sin_margin):
    square = (1.0 - cosine) * (1.0 + cosine)
    sine = sqrt(square if square > 0.0 else 0.0)
    # where the angle is 0 or pi, turning it has no slope by its cosine
    inverse = 1.0 / sine if sine > 0.0 else 0.0
    turned = cosine * cos_margin - sine * sin_margin
    steep = cos_margin + cosine * inverse * sin_margin
    bent = inverse * inverse * inverse * sin_margin
    # beyond pi the cosine would rise again: a margin of the cosine takes over
    beyond = cosine <= -cos_margin
    own = cosine - margin * sin_margin if beyond else turned
    slope = 1.0 if beyond else steep
    bend = 0.0 if beyond else bent
    labelled = label > 0.0
    logit = scale * (own if labelled else cosine)
    return logit, scale * slope if labelled else scale, scale * bend if labelled else 0.0


@rowwise(
    _arcface,
    constants=_arcface_constants,
    law_inputs=2,
    classes=LOGIT,
    scores=LOGITS,
    target=LABELS,
    pred=ANY,
    scale=POSITIVE,
    margin=RIGHT_ANGLE,
    kinks="the angle of the label is pi - margin",
    cost=3.0,
    aliases=("additive_angular_margin_loss", "aam_softmax"),
)
def arcface(
    pred: Array,
    target: Array,
    *,
    scale: float = 64.0,
    margin: float = 0.5,
    class_weight: Array | None = None,
    ignore_index: int | None = -100,
    axis: int = 1,
    **options: Unpack[Options],
) -> Result:
    r"""Cross-entropy of ``scale * cosine``, with a margin added to the angle of the label.

    For embeddings that are compared by their directions, such as faces: the angle to the label's direction has to be
    smaller than all others by a margin.

    Parameters
    ----------
    pred : array of float32 or float64, shape (N, C) or (N, C, d1, ...)
        Cosines between embeddings and the directions of the classes.
    target : array of integers, shape (N,) or (N, d1, ...)
        Labels in [0, C), of any integer dtype.
    scale : float > 0
        What cosines are multiplied by, for logits.
    margin : float in [0, pi / 2]
        What is added to the angle of the label, in radians.

    Notes
    -----
    The logit of the label is ``scale * cos(angle + margin)``; from an angle of pi - margin on, where that would rise
    again, it is ``scale * (cosine - margin * sin(margin))``, as in the authors' code. A cosine outside of (-1, 1) is
    one of an angle of 0 or pi, where the slope by the cosine is infinite: there it is that of ``cosine * cos(margin)``.
    The curvature of the label's logit is that of its cosine. The bound is at least 1e-16.

    References
    ----------
    J. Deng et al., ArcFace: Additive Angular Margin Loss for Deep Face Recognition, CVPR 2019.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> cosines = np.array([[0.75, 0.5, 0.25]])
    >>> round(nl.arcface(cosines, np.array([0]), scale=4.0, margin=0.25), 4)
    0.7242
    """
