"""Kullback-Leibler divergences of two sets of logits."""

from ...declare import ANY, POSITIVE, REST, Array, Options, Result, Unpack, rowwise
from ...loops.codes import LOGITS, RATIO, SCORES


def _kl_logits(ratio, more, curve, p, q, direction):
    ahead = 0.0 if direction == 1.0 else 1.0
    back = 0.0 if direction == 0.0 else 1.0
    apart = q - p if ratio > 1.0 else p * more
    weighed = p * ratio if p > 0.0 else 0.0
    own = q * ratio if q > 0.0 else 0.0
    near = p * curve if p > 0.0 else p
    forward = apart - weighed if ratio > 1.0 else near
    backward = p * (more * ratio - curve) if abs(ratio) < 1.0 else own - apart
    value = (ahead * forward if ahead > 0.0 else 0.0) + (back * backward if back > 0.0 else 0.0)
    slope = ahead * apart + (back * own if back > 0.0 else 0.0)
    bend = ahead * q + (back * (own + q) if back > 0.0 else 0.0)
    return value, slope, bend


@rowwise(
    _kl_logits,
    law_inputs=5,
    classes=RATIO,
    scores=LOGITS,
    target=SCORES,
    eager=True,
    pred=ANY,
    temperature=POSITIVE,
    words={"rest": REST, "direction": {"forward": 0.0, "reverse": 1.0, "jeffreys": 2.0}},
    plain=(0.0,),
    cost=4.0,
    aliases=("kl_div_with_logits", "jeffreys_divergence", "reverse_kl"),
)
def kl_logits(
    pred: Array,
    target: Array,
    *,
    direction: str = "forward",
    temperature: float = 1.0,
    indices: Array | None = None,
    rest: str = "tail",
    axis: int = 1,
    **options: Unpack[Options],
) -> Result:
    r"""Kullback-Leibler divergence of two sets of logits: of q, the softmax of pred, and p, that of target.

    With ``"forward"`` KL(p || q), the mean of ``log(p / q)`` over p: it punishes what p has and q lacks. With
    ``"reverse"`` KL(q || p), which punishes what q has and p lacks, so that q keeps to the modes of p. With
    ``"jeffreys"`` their sum. It is summed over the classes, then averaged over the rows.

    Parameters
    ----------
    pred : array of float32 or float64, shape (N, C) or (N, C, d1, ...)
        Logits; the only input that is differentiated.
    target : array of floats, shape of `pred`
        Logits of the other distribution. A class of -inf in both counts nothing.
    direction : {"forward", "reverse", "jeffreys"}
        Which of both is averaged over.

    Notes
    -----
    Never negative. A row is right to 1e-6 of itself in float32, however near or far the distributions are, and its
    gradient to 1e-6 of its largest entry: nothing but logits is subtracted from each other. Where one distribution has
    nothing and the other, which is averaged over, has something, it is infinite. The exact curvature of the reverse
    divergence may be negative; the bound majorises the full matrix, and is at least 1e-16.

    References
    ----------
    S. Kullback and R. A. Leibler, On Information and Sufficiency, 1951.
    Y. Gu et al., MiniLLM: Knowledge Distillation of Large Language Models, arXiv:2306.08543.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> x, y = np.array([[2.0, 0.0]]), np.array([[0.0, 0.0]])
    >>> round(nl.kl_logits(x, y), 4), round(nl.kl_logits(x, y, direction="reverse"), 4)
    (0.4338, 0.3278)
    """
