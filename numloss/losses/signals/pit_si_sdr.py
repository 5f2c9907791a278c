"""Scale-invariant signal-to-distortion ratio of signals whose order is not known."""

from ...declare import ANY, FINITE, POSITIVE, Array, Options, Result, Unpack, examplewise

# Of so many sources there are 1024 sets.
MOST_SOURCES = 10


def pit_scratch(sizes, mode):
    sources = sizes["source"]
    return 3 * (-(-sizes["sample"] // 16) * 16), -(-sources * sources // 16) * 16 + 2**sources, 0


def pit_work(sizes):
    sources = sizes["source"]
    return sources * (2.0**sources) * 4.0 + sources * sources * (60.0 + 2.0 * sizes["sample"])


def pit_allowed(sizes, params):
    if sizes["source"] > MOST_SOURCES:
        return f"pred has {sizes['source']} sources; assignments are looked for of {MOST_SOURCES} at most"
    return None


@examplewise(
    "pit_si_sdr_examples",
    axes={"pred": ("...", "source", "sample"), "target": ("...", "source", "sample")},
    scratch=pit_scratch,
    work=pit_work,
    allowed=pit_allowed,
    params=("zero_mean", "eps"),
    pred=ANY,
    target=FINITE,
    eps=POSITIVE,
    kinks="where two assignments are as good",
    cost=8.0,
    aliases=("pit_si_snr", "upit_si_sdr"),
)
def pit_si_sdr(
    pred: Array, target: Array, *, zero_mean: bool = False, eps: float = 1e-8, **options: Unpack[Options]
) -> Result:
    r"""`si_sdr` of sources in their best order, ``min over permutations p of mean_j si_sdr(x[j], y[p[j]])``.

    For separation: a network has an output for each source, and which of them is whose does not matter. One order is
    taken for whole signals (utterance-level permutation-invariant training, uPIT).

    Parameters
    ----------
    pred : array of float32 or float64, shape (..., S, T)
        Up to 10 separated signals of each mixture, with their samples on the last axis.
    target : array of any real dtype, shape (..., S, T)
        The sources in any order, finite.
    zero_mean : bool
        Take the mean of each signal off first, which makes it SI-SNR.
    eps : float > 0
        Is added as in `si_sdr`.

    Returns
    -------
    float, or array of shape (...) for ``reduction="none"``

    Notes
    -----
    The gradient is that of the best assignment, which is found exactly, by way of sets of sources: S^2 signals are
    compared, then S 2^S sums. Of assignments that are as good the one is taken whose first prediction has the
    earliest target, then its second one. asteroid calls it `PITLossWrapper(pairwise_neg_sisdr)`, TorchMetrics
    `permutation_invariant_training`, which takes the mean over sources, too. A sample of pred that is NaN makes the
    loss NaN. No curvature is offered.

    References
    ----------
    .. [1] M. Kolbaek, D. Yu, Z.-H. Tan, J. Jensen, "Multitalker Speech Separation with Utterance-Level Permutation
       Invariant Training of Deep Recurrent Neural Networks", IEEE/ACM TASLP 25 (2017), arXiv:1703.06284.
    .. [2] J. Le Roux, S. Wisdom, H. Erdogan, J. R. Hershey, "SDR - half-baked or well done?", arXiv:1811.02508.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> t = np.arange(100.0)
    >>> target = np.stack([np.sin(t), np.sin(2.0 * t)])
    >>> pred = target + 0.1 * np.cos(t)
    >>> round(nl.pit_si_sdr(pred, target), 2), round(nl.pit_si_sdr(pred[::-1], target), 2)
    (-19.99, -19.99)
    """
