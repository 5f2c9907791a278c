"""Mean squared error of signals whose order is not known."""

from ...declare import ANY, FINITE, Array, Options, Result, Unpack, examplewise
from .pit_si_sdr import pit_allowed, pit_scratch, pit_work


@examplewise(
    "pit_mse_examples",
    axes={"pred": ("...", "source", "sample"), "target": ("...", "source", "sample")},
    scratch=pit_scratch,
    work=pit_work,
    allowed=pit_allowed,
    pred=ANY,
    target=FINITE,
    kinks="where two assignments are as good",
    cost=4.0,
    aliases=("upit_mse", "permutation_invariant_mse"),
)
def pit_mse(pred: Array, target: Array, **options: Unpack[Options]) -> Result:
    r"""Mean squared error of sources in their best order, ``min over permutations p of mean((x[j] - y[p[j]])**2)``.

    For separation of masked spectra or waveforms, for slots and other sets of vectors: which output is whose does not
    matter.

    Parameters
    ----------
    pred : array of float32 or float64, shape (..., S, T)
        Up to 10 predictions of each example, with T entries each; other axes of one are put together to T.
    target : array of any real dtype, shape (..., S, T)
        What they should be in any order, finite.

    Returns
    -------
    float, or array of shape (...) for ``reduction="none"``

    Notes
    -----
    The gradient is that of the best assignment, which is found exactly, by way of sets of targets: S^2 signals are
    compared, then S 2^S sums. Of assignments that are as good the one is taken whose first prediction has the
    earliest target, then its second one. asteroid calls it `PITLossWrapper(pairwise_mse)`. No curvature is offered.

    References
    ----------
    .. [1] D. Yu, M. Kolbaek, Z.-H. Tan, J. Jensen, "Permutation Invariant Training of Deep Models for
       Speaker-Independent Multi-talker Speech Separation", ICASSP 2017, arXiv:1607.00325.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> target = np.array([[0.0, 1.0], [2.0, 3.0]])
    >>> nl.pit_mse(target[::-1] + 0.5, target)
    0.25
    """
