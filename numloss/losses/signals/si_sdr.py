"""Scale-invariant signal-to-distortion ratio."""

from ...declare import ANY, FINITE, POSITIVE, Array, Options, Result, Unpack, examplewise


def _si_sdr_scratch(sizes, mode):
    return 3 * (-(-sizes["sample"] // 16) * 16), 0, 0


def _si_sdr_work(sizes):
    return 60.0 + 2.0 * sizes["sample"]


@examplewise(
    "si_sdr_examples",
    axes={"pred": ("...", "sample"), "target": ("...", "sample")},
    scratch=_si_sdr_scratch,
    work=_si_sdr_work,
    params=("zero_mean", "eps"),
    pred=ANY,
    target=FINITE,
    eps=POSITIVE,
    cost=4.0,
    aliases=("si_snr", "sisdr_loss"),
)
def si_sdr(
    pred: Array, target: Array, *, zero_mean: bool = False, eps: float = 1e-8, **options: Unpack[Options]
) -> Result:
    r"""Scale-invariant signal-to-distortion ratio as a loss, ``-10 * log10(sum((a y)**2) / sum((x - a y)**2))``.

    For separation and enhancement of speech and music: how far the prediction x is from being a multiple of the target
    y, in decibels, where ``a = sum(x y) / sum(y**2)`` is the best multiple. Smaller is better; -20 is good.

    Parameters
    ----------
    pred : array of float32 or float64, shape (..., T)
        Signals, with their samples on the last axis.
    target : array of any real dtype, shape (..., T)
        The signals they should be, finite.
    zero_mean : bool
        Take the mean of each signal off first, which makes it SI-SNR.
    eps : float > 0
        Is added to ``sum(y**2)``, to ``sum((x - a y)**2)`` and to their ratio, as in asteroid and auraloss.

    Notes
    -----
    TorchMetrics adds its eps to both energies of the ratio instead. All sums are in float64, and what is left of the
    prediction is computed there, so that good predictions keep their digits. A sample of pred that is NaN makes the
    loss and all slopes of its signal NaN. No curvature is offered.

    References
    ----------
    .. [1] J. Le Roux, S. Wisdom, H. Erdogan, J. R. Hershey, "SDR - half-baked or well done?", arXiv:1811.02508.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> target = np.sin(np.arange(100.0))
    >>> noise = np.cos(np.arange(100.0))
    >>> round(nl.si_sdr(target + 0.1 * noise, target), 2), round(nl.si_sdr(3.0 * target + 0.3 * noise, target), 2)
    (-20.01, -20.01)
    """
