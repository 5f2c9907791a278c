"""Advantages of answers beside the others of their group."""

from ..declare import FINITE, NONNEGATIVE, Array, ScanOptions, Unpack, grouped, preset


@grouped(reward=FINITE, epsilon=NONNEGATIVE, words={"baseline": {"mean": 0.0, "others": 1.0}})
def group_advantages(
    reward: Array,
    *,
    groups: Array | None = None,
    weight: Array | None = None,
    baseline: str = "mean",
    scaled: bool = True,
    epsilon: float = 1e-6,
    **options: Unpack[ScanOptions],
) -> Array:
    r"""How much better than the others of its group each answer did, ``(reward - mean) / (deviation + epsilon)``.

    As in GRPO, with a group for each question. `rloo` is this less the mean of all others and not scaled; of one group,
    weighted by a mask, it is the normalisation, or whitening, of the advantages of a batch.

    Parameters
    ----------
    reward : array of float32 or float64, of any shape
        Rewards of answers, or advantages of tokens; groups follow each other in the order of elements.
    groups : array of integers, shape (Q + 1,), optional
        Where each group begins and, at the end, the number of elements: from 0, never falling. None is one group.
    weight : array, shape of `reward`, optional
        A finite weight >= 0 for each, such as a mask of tokens. What has weight 0 counts nothing, and comes to 0.
    baseline : {"mean", "others"}
        What is taken off: the mean of the group, or that of its others.
    scaled : bool
        Whether distances are divided by the deviation, whose square is the sum of squares over n - 1 for n answers, or
        the sum of their weights less 1.
    epsilon : float >= 0
        What is added to the deviation: verl has 1e-6, TRL 1e-4.

    Returns
    -------
    array, shape of `reward`

    Notes
    -----
    One answer alone, or several with the same reward, come to 0. Nothing is pulled back: advantages are constants.

    References
    ----------
    .. [1] Z. Shao et al., "DeepSeekMath: Pushing the Limits of Mathematical Reasoning in Open Language Models",
       arXiv:2402.03300: GRPO.
    .. [2] A. Ahmadian et al., "Back to Basics: Revisiting REINFORCE Style Optimization for Learning from Human Feedback
       in LLMs", arXiv:2402.14740: RLOO.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> reward, groups = np.array([1.0, 0.0, 2.0, 5.0]), np.array([0, 3, 4])
    >>> nl.returns.group_advantages(reward, groups=groups, epsilon=0.0)
    array([ 0., -1.,  1.,  0.])
    >>> nl.returns.rloo(reward, groups=groups)
    array([ 0. , -1.5,  1.5,  0. ])
    """


rloo = preset("rloo", group_advantages, baseline="others", scaled=False)
