"""The loss of a transducer whose logits are sums."""

from ...declare import ANY, SMOOTHING, Array, Options, Result, Unpack, examplewise
from .transducer import CLASS, blank_allowed, states_allowed


def _simple_scratch(sizes, mode):
    steps, states, classes = sizes["frame"], sizes["state"], sizes["symbol"]
    rows = (steps + states + 2) * (-(-classes // 16) * 16)
    return rows, 4 * steps * states + 2 * states + 3 * (steps + states) + classes, steps


def _simple_work(sizes):
    return sizes["frame"] * sizes["state"] * (60.0 + 0.4 * sizes["symbol"])


def _simple_allowed(sizes, params):
    return states_allowed(sizes, "lm") or blank_allowed(sizes, params, "am")


@examplewise(
    "transducer_simple_examples",
    axes={
        "am": ("...", "frame", "symbol"),
        "lm": ("...", "state", "symbol"),
        "target": ("...", "label"),
        "input_lengths": ("...",),
        "target_lengths": ("...",),
    },
    labels={"target": "symbol"},
    lengths={"input_lengths": "frame", "target_lengths": "label"},
    scratch=_simple_scratch,
    work=_simple_work,
    allowed=_simple_allowed,
    refused="target has the blank among its labels, which is none",
    params=("blank", "lm_scale"),
    differentiable=(0, 1),
    am=ANY,
    lm=ANY,
    blank=CLASS,
    lm_scale=SMOOTHING,
    cost=20.0,
    aliases=("rnnt_loss_simple", "rnnt_loss_smoothed"),
)
def transducer_simple(
    am: Array,
    lm: Array,
    target: Array,
    input_lengths: Array,
    target_lengths: Array,
    *,
    blank: int = -1,
    lm_scale: float = 0.0,
    **options: Unpack[Options],
) -> Result:
    r"""Loss of a transducer with a trivial joiner: that of `transducer` for logits ``am[t] + lm[u]``.

    The logits of all cells are never made: their sums of powers are a product of two matrices. It is trained beside
    `transducer_pruned`, whose bands follow from it by `transducer_starts`.

    Parameters
    ----------
    am : array of float32 or float64, shape (..., T, V)
        Logits of V classes at T steps, of what is heard (acoustic model).
    lm : array of the same dtype, shape (..., U + 1, V)
        Logits of V classes after 0 to U labels (language model).
    target : array of integers, shape (..., U)
        Labels of each sequence, of which those beyond its length are not read.
    input_lengths : array of integers, shape (...)
        Steps of each sequence, up to T.
    target_lengths : array of integers, shape (...)
        Labels of each sequence, up to U.
    blank : int
        The class of the blank, which is no label: a whole number, below 0 counted from the end, so that -1 is the
        last.
    lm_scale : float in [0, 1)
        How much of each log-probability is that of lm alone, ``(1 - s) log_softmax(am + lm) + s log_softmax(lm)``: it
        keeps alignments from being sharp too early. 0.25 is usual.

    Notes
    -----
    Gradients are those of `transducer` by the logits of a cell, added up over states or steps. Exact zeros, and what is
    no number or impossible, are as there. Powers are of the dtype of am, their products and sums float64. A thread
    takes (T + U + 3) (V + 15) numbers of that dtype and 4 T (U + 1) + 3 T + 5 (U + 1) + V of float64. k2 calls it
    rnnt_loss_smoothed: this is its lm_only_scale, and its am_only_scale, a mean over the batch, is not here. Its blank
    is 0.

    References
    ----------
    .. [1] F. Kuang, L. Guo, W. Kang, L. Lin, M. Luo, Z. Yao, D. Povey, "Pruned RNN-T for fast, memory-efficient ASR
       training", Interspeech 2022, arXiv:2206.13236.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> am, lm = np.zeros((1, 2, 4)), np.zeros((1, 2, 4))  # one sequence, 2 steps, 1 label, 4 classes
    >>> loss = nl.transducer_simple(am, lm, np.array([[1]]), np.array([2]), np.array([1]))
    >>> round(64 * np.exp(-loss).item(), 4)  # two alignments, of two blanks and a label each
    2.0
    """
