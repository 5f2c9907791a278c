"""Clipped surrogate of proximal policy optimisation."""

from ...declare import ANY, AT_LEAST_ONE, NONNEGATIVE, REAL, Array, Options, Result, Unpack, elementwise, preset
from ...scalar import difference_rest, exp_of_difference


def _ratio(log_prob, old_log_prob):
    return exp_of_difference(log_prob - old_log_prob, -difference_rest(log_prob, old_log_prob))


def _ppo_clip(log_prob, old_log_prob, advantage, most, least, dual_clip):
    ratio = _ratio(log_prob, old_log_prob)
    gains = advantage > 0.0
    end = most if gains else dual_clip
    low = -1.0 if gains else least
    # a step that has already gone as far as it may, in the direction that pays, is not pushed on
    over = ratio > end
    under = ratio < low
    # no advantage costs nothing, though 0 * inf would be NaN; NaN stays NaN
    nothing = ratio if ratio != ratio else 0.0
    gain = -advantage * ratio if advantage != 0.0 else nothing
    slope = 0.0 if over else gain
    slope = 0.0 if under else slope
    value = -advantage * end if over else gain
    return -advantage * low if under else value, slope, slope


@elementwise(
    _ppo_clip,
    log_prob=ANY,
    old_log_prob=REAL,
    advantage=REAL,
    epsilon=NONNEGATIVE,
    epsilon_high=NONNEGATIVE,
    dual_clip=AT_LEAST_ONE,
    none={"epsilon_high": -1.0, "dual_clip": float("inf")},
    derived={
        "most": lambda epsilon, epsilon_high: 1.0 + (epsilon if epsilon_high < 0.0 else epsilon_high),
        "least": lambda epsilon: 1.0 - epsilon,
    },
    kinks="the ratio is 1 + epsilon for a positive advantage, or 1 - epsilon or dual_clip for a negative one",
    cost=2.0,
    aliases=("ppo_loss", "clipped_surrogate"),
)
def ppo_clip(
    log_prob: Array,
    old_log_prob: Array,
    advantage: Array,
    *,
    epsilon: float = 0.2,
    epsilon_high: float | None = None,
    dual_clip: float | None = None,
    ratio: str = "tokens",
    denominator: str = "tokens",
    length: float | None = None,
    groups: Array | None = None,
    **options: Unpack[Options],
) -> Result:
    r"""Proximal policy optimisation, ``-min(ratio * A, clip(ratio, 1 - epsilon, 1 + epsilon_high) * A)``.

    The ratio is that of the probabilities of an action under the policy and under the one that chose it; where a step
    has already gone as far as epsilon in the direction of the advantage A, nothing pushes it on.
    Of the tokens of answers, an answer a row and `weight` a mask of its tokens, `grpo`, `dr_grpo`, `bnpo`, `dapo` and
    `gspo` are this loss, each with the denominator of its paper, DAPO and GSPO with their limits; a penalty by
    `kl_estimate` is added by the caller.

    Parameters
    ----------
    log_prob : array of float32 or float64, any shape
        Logarithms of the probabilities of the actions taken; the only input that is differentiated.
    old_log_prob : array, shape of `log_prob`
        The same of the policy that took them.
    advantage : array, shape of `log_prob`
        By how much the actions were better than expected.
    epsilon : float >= 0
        How far the ratio may move from 1.
    epsilon_high : float >= 0, optional
        How far it may move above 1, if not as far as below; DAPO has 0.28 beside 0.2.
    dual_clip : float >= 1, optional
        With a negative advantage a ratio beyond it counts as `dual_clip`, and is not pushed: of actions that have
        become much more probable since they were taken the loss is bounded, too.

    Notes
    -----
    The ratio is computed from the difference of the logarithms with what it loses to rounding. Gradient and curvature
    are both ``-A * ratio``, or 0 beyond the end; at the end itself they are those before it. The curvature is negative
    for a positive advantage; the bound is at least 1e-16.

    References
    ----------
    .. [1] J. Schulman et al., "Proximal Policy Optimization Algorithms", arXiv:1707.06347.
    .. [2] D. Ye et al., "Mastering Complex Control in MOBA Games with Deep Reinforcement Learning", AAAI 2020.
    .. [3] Q. Yu et al., "DAPO: An Open-Source LLM Reinforcement Learning System at Scale", arXiv:2503.14476.
    .. [4] Z. Shao et al., "DeepSeekMath: Pushing the Limits of Mathematical Reasoning in Open Language Models",
       arXiv:2402.03300: GRPO.
    .. [5] Z. Liu et al., "Understanding R1-Zero-Like Training: A Critical Perspective", arXiv:2503.20783: Dr. GRPO.
    .. [6] C. Zheng et al., "Group Sequence Policy Optimization", arXiv:2507.18071: GSPO.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> old = np.log(np.array([0.5, 0.5]))
    >>> nl.ppo_clip(np.log(np.array([0.75, 0.5])), old, np.array([2.0, -1.0]), reduction="none")
    array([-2.4,  1. ])
    >>> same, mask = np.zeros((2, 4)), np.array([[1, 0, 0, 0], [1, 1, 1, 1]])
    >>> advantage = np.array([[1.0] * 4, [-1.0] * 4])
    >>> nl.grpo(same, same, advantage, weight=mask), nl.bnpo(same, same, advantage, weight=mask)
    (0.0, 0.6)
    >>> nl.dr_grpo(same, same, advantage, weight=mask, length=4)
    0.375
    """


grpo = preset("grpo", ppo_clip, denominator="sequences")
dr_grpo = preset("dr_grpo", ppo_clip, denominator="constant")
bnpo = preset("bnpo", ppo_clip, denominator="tokens")
gspo = preset("gspo", ppo_clip, epsilon=3e-4, epsilon_high=4e-4, ratio="sequences", denominator="sequences")
dapo = preset("dapo", ppo_clip, epsilon_high=0.28, denominator="tokens")
