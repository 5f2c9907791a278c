"""Connectionist temporal classification."""

from ...declare import NONNEGATIVE, Array, Options, Result, Unpack, sequence


@sequence(
    params=("prior_scale",),
    prior_scale=NONNEGATIVE,
    cost=2.0,
    aliases=("ctc_loss", "connectionist_temporal_classification"),
)
def ctc(
    pred: Array,
    target: Array,
    input_lengths: Array,
    target_lengths: Array,
    *,
    blank: int = 0,
    zero_infinity: bool = False,
    from_logits: bool = True,
    log_priors: Array | None = None,
    prior_scale: float = 1.0,
    **options: Unpack[Options],
) -> Result:
    r"""Connectionist temporal classification: ``-log sum prod_t p_t[a_t]`` over all alignments a of the labels.

    For speech and handwriting, where it is known which labels come in which order, but not when. An alignment gives
    every step a label or the blank; without blanks and without labels that repeat side by side it reads as the target.

    Parameters
    ----------
    pred : array of float32 or float64, shape (T, N, C)
        Logits of C classes at T steps of N sequences; logarithms of probabilities with ``from_logits=False``. The class
        axis is the last one here.
    target : array of integers, shape (N, S) or (sum of target_lengths,)
        Labels of each sequence in a row, of which those beyond its length are not read, or all one after another.
    input_lengths : array of integers, shape (N,)
        Steps of each sequence, up to T; those beyond are not read and get a gradient of exact zeros.
    target_lengths : array of integers, shape (N,)
        Labels of each sequence.
    blank : int
        The class of the blank, which is no label.
    zero_infinity : bool
        A sequence without any alignment has loss 0 instead of inf. Its gradient is zero either way.
    from_logits : bool
        Take the log-softmax of pred first; the gradient passes through it.
    log_priors : array of real numbers, shape (C,), optional
        Logarithms of how frequent each class is, finite: those of the mean of the probabilities over the steps of an
        epoch, as a rule. Times `prior_scale` they are taken off the log-probabilities of each step, which makes
        alignments less peaky, since a blank is not worth more than any label that is rarer.
    prior_scale : float >= 0
        How much of the priors is taken off; 0.3 is usual.

    Returns
    -------
    float, or array of shape (N,) for ``reduction="none"``
        ``"none"`` and ``"sum"`` give the loss itself, weighted. The mean is that of loss / max(1, target_length):
        sum(weight * loss / max(1, target_length)) / sum(weight), and so is what ``sum_and_weight`` adds up.

    Raises
    ------
    IndexError
        If a label is outside [0, C), with its position, its value and the range.
    TypeError
        If pred is not floating, or labels or lengths are not integers.
    ValueError
        If shapes do not fit, a length or the blank is out of range, a label is the blank, or a prior is not finite.

    Notes
    -----
    The gradient by the logits is softmax - posterior, where the posterior of a class is the probability that an
    alignment has it at that step; by log-probabilities it is -posterior. With priors an alignment counts
    ``prod_t p_t[a_t] / prior[a_t]**prior_scale``, of which the posterior is made, too; the loss may then be below 0,
    and has no gradient by the priors. A probability of an alignment is a mantissa and an exponent of its own in
    float64, so that nothing vanishes however long or unlikely a sequence is; a logarithm
    below -2^30 counts as -inf. A thread works on a sequence at a time; for a gradient it takes T (S + 17) + 2 C numbers
    of the dtype of pred and (T / 8 + 220) (S + 17) of float64, or up to 1 MiB if that is more; S is the longest target.
    On a device labels and lengths pass over the host, and a sequence takes (4 T + 14) (S + 2) numbers of float64. A NaN
    in a step that counts makes the loss of its sequence and all its slopes NaN.

    References
    ----------
    A. Graves, S. Fernandez, F. Gomez, J. Schmidhuber, Connectionist Temporal Classification, 2006.
    R. Huang, X. Zhang, Z. Ni, L. Sun, M. Hira, J. Hwang, V. Manohar, V. Pratap, M. Wiesner, S. Watanabe, D. Povey,
    S. Khudanpur, Less Peaky and More Accurate CTC Forced Alignment by Label Priors, 2024, arXiv:2406.02560.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> logits = np.zeros((3, 1, 4))  # 3 steps, one sequence, 4 classes
    >>> loss = nl.ctc(logits, np.array([[1, 2]]), np.array([3]), np.array([2]), reduction="sum")
    >>> round(64 * np.exp(-loss).item(), 4)  # of the 64 alignments of 3 steps, those that read as 1, 2
    5.0
    """
