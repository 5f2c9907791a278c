"""Skewed Kullback-Leibler divergence of two sets of logits."""

from ...declare import ANY, HALF_UNIT, POSITIVE, REST, Array, Options, Result, Unpack, rowwise
from ...loops.codes import LOGITS, RATIO, SCORES
from ...scalar import capped, log, log_rest


def _skew_kl(ratio, more, curve, p, q, direction, alpha):
    reverse = direction == 1.0
    other = 1.0 - alpha
    apart = q - p if ratio > 1.0 else p * more
    own = q if reverse else p
    strange = p if reverse else q
    moved = other * (-apart if reverse else apart)
    m = alpha * own + other * strange
    whole = own if own > 0.0 else 1.0
    # how much more the mixture is than what is averaged over
    above = moved / whole
    near = abs(above - 0.06) < 0.35
    rest = log_rest(above)
    # of next to nothing a share may vanish
    quotient = m / whole if m > 0.0 or own > 1e-30 else 1.0
    logarithm = above + rest if near else log(capped(quotient))
    value = -(own * rest) if near else moved - own * logarithm
    less = moved / (m if m > 0.0 else 1.0)
    share = other * strange / (m if m > 0.0 else 1.0)
    pull = -(other * less) - rest - above * less if near else alpha * less - logarithm
    backward = own * pull if own > 0.0 else own
    slope = backward if reverse else other * q * less
    return value if own > 0.0 else other * strange, slope, slope + own * share * share


@rowwise(
    _skew_kl,
    law_inputs=5,
    classes=RATIO,
    scores=LOGITS,
    target=SCORES,
    eager=True,
    pred=ANY,
    temperature=POSITIVE,
    alpha=HALF_UNIT,
    words={"rest": REST, "direction": {"forward": 0.0, "reverse": 1.0}},
    cost=8.0,
    aliases=("skew_divergence", "skewed_kl", "skl"),
)
def skew_kl(
    pred: Array,
    target: Array,
    *,
    direction: str = "forward",
    alpha: float = 0.1,
    temperature: float = 1.0,
    indices: Array | None = None,
    rest: str = "tail",
    axis: int = 1,
    **options: Unpack[Options],
) -> Result:
    r"""Skewed Kullback-Leibler divergence ``KL(p || alpha * p + (1 - alpha) * q)`` of two sets of logits.

    p and q are the softmax of target and pred. With ``"reverse"`` it is ``KL(q || alpha * q + (1 - alpha) * p)``.
    Mixed into what it is compared with, a distribution is nowhere infinitely far from it, and gradients are bounded.
    It is summed over the classes, then averaged over the rows.

    Parameters
    ----------
    pred : array of float32 or float64, shape (N, C) or (N, C, d1, ...)
        Logits of q; the only input that is differentiated.
    target : array of floats, shape of `pred`
        Logits of p. A class of -inf in both counts nothing.
    direction : {"forward", "reverse"}
        Whether p or q is averaged over.
    alpha : float in [0, 0.5]
        Share of what is averaged over in the mixture; with 0 it is `kl_logits`.

    Notes
    -----
    Never negative, at most ``-log(alpha)``; its digits are kept however near or far the distributions are, as in
    `kl_logits`. The exact curvature
    may be negative; the bound majorises the full matrix, and is at least 1e-16.

    References
    ----------
    L. Lee, On the Effectiveness of the Skew Divergence for Statistical Language Analysis, AISTATS 2001.
    J. Ko et al., DistiLLM: Towards Streamlined Distillation for Large Language Models, arXiv:2402.03898.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> x, y = np.array([[2.0, 0.0]]), np.array([[0.0, 0.0]])
    >>> round(nl.skew_kl(x, y), 4)
    0.3173
    """
