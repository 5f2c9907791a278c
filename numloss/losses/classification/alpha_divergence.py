"""Alpha divergence of two sets of logits."""

from ...declare import ANY, POSITIVE, REST, UNIT, Array, Options, Result, Unpack, rowwise
from ...loops.codes import LOGITS, RATIO, SCORES
from ...scalar import exp_curve, expm1, minimum


def _curve(half, power):
    # e^z - 1 - z of twice a half, of which `power` is e^half - 1: a sum of what is never negative
    return power * power + 2.0 * (exp_curve(half) if abs(half) < 0.34 else power - half)


def _alpha_divergence(ratio, more, curve, p, q, alpha):
    # of q and -ratio, or of p and ratio: whose power, a, is at most a half, so that differences keep their digits
    turned = alpha <= 0.5
    a = alpha if turned else 1.0 - alpha
    s = -ratio if turned else ratio
    own = q if turned else p
    strange = p if turned else q
    apart = q - p if ratio > 1.0 else p * more
    half = minimum(0.5 * a * s, 40.0) if a > 0.0 else 0.0
    root = expm1(half)
    power = root * (root + 2.0)
    # (e^as - 1) / a and (e^as - 1 - as) / a, which are s and 0 where as is next to nothing
    tiny = abs(half) < 1e-17
    least = a if a > 0.0 else 1.0
    pull = own * (s if tiny else power / least) if own > 0.0 else own
    near = own * (_curve(0.5 * s, expm1(0.5 * s)) - (0.0 if tiny else _curve(half, root) / least))
    far = (strange - own) - pull if own > 0.0 else strange
    value = (near if abs(ratio) < 2.0 else far) / (1.0 - a)
    slope = -pull if turned else (apart - own * power) / alpha
    return value, slope, slope + (own + own * power)


@rowwise(
    _alpha_divergence,
    law_inputs=5,
    classes=RATIO,
    scores=LOGITS,
    target=SCORES,
    eager=True,
    pred=ANY,
    temperature=POSITIVE,
    words={"rest": REST},
    alpha=UNIT,
    cost=8.0,
    aliases=("amari_divergence", "alpha_div", "adaptive_alpha_divergence"),
)
def alpha_divergence(
    pred: Array,
    target: Array,
    *,
    alpha: float = 0.5,
    temperature: float = 1.0,
    indices: Array | None = None,
    rest: str = "tail",
    axis: int = 1,
    **options: Unpack[Options],
) -> Result:
    r"""Alpha divergence ``(1 - sum(p**alpha * q**(1 - alpha))) / (alpha * (1 - alpha))`` of two sets of logits.

    p and q are the softmax of target and pred. This is Amari's, in the form whose limits are KL(p || q) for alpha = 1
    and KL(q || p) for alpha = 0; between them it weighs what q lacks of p against what q has and p lacks. With
    ``alpha=0.5`` it is 4 times the squared Hellinger distance. It is summed over the classes, then averaged over the
    rows.

    Parameters
    ----------
    pred : array of float32 or float64, shape (N, C) or (N, C, d1, ...)
        Logits of q; the only input that is differentiated.
    target : array of floats, shape of `pred`
        Logits of p. A class of -inf in both counts nothing.
    alpha : float in [0, 1]
        How much p counts among the powers; 0 and 1 are the limits.

    Notes
    -----
    Never negative, between 0 and 1 at most ``1 / (alpha * (1 - alpha))``; its digits are kept however near or far the
    distributions are, as in `kl_logits`. Renyi's divergence of order alpha is ``log(1 - alpha * (1 - alpha) * D) /
    (alpha - 1)`` of a row D. The exact curvature may be negative; the bound majorises the full matrix, and is at least
    1e-16.

    References
    ----------
    S. Amari, Differential-Geometrical Methods in Statistics, 1985.
    D. Wang et al., AlphaNet: Improved Training of Supernets with Alpha-Divergence, arXiv:2102.07954.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> x, y = np.array([[2.0, 0.0]]), np.array([[0.0, 0.0]])
    >>> round(nl.alpha_divergence(x, y), 4)
    0.369
    """
