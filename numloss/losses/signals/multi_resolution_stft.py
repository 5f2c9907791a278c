"""Distance of spectra of signals, in several resolutions."""

from ...declare import ANY, FINITE, NONNEGATIVE, POSITIVE, Array, Domain, Options, Result, Unpack, examplewise

# The longest transform, as scratch has room for it.
LONGEST = 32768
LENGTH = Domain(1.0, 1e6, integers=True, text="a whole number from 1 to 10^6")


def _longest(sizes):
    """The longest transform whose half is shorter than a signal."""
    return min(2 * sizes["sample"], LONGEST)


def _spectra_scratch(sizes, mode):
    return 14 * (_longest(sizes) // 2 + 16), sizes["sample"] if mode else 0, 0


def _spectra_work(sizes):
    return 1000.0 + 800.0 * sizes["sample"]


@examplewise(
    "multi_resolution_stft_examples",
    axes={"pred": ("...", "sample"), "target": ("...", "sample"), "resolutions": ("resolution", "length")},
    scratch=_spectra_scratch,
    work=_spectra_work,
    refused=(
        "resolutions need a transform that is a power of two from 4 to 32768 and less than twice as long as signals "
        "and a window that is no longer than the transform"
    ),
    params=("w_sc", "w_log_mag", "w_lin_mag", "eps"),
    pred=ANY,
    target=FINITE,
    resolutions=LENGTH,
    w_sc=NONNEGATIVE,
    w_log_mag=NONNEGATIVE,
    w_lin_mag=NONNEGATIVE,
    eps=POSITIVE,
    kinks="where two magnitudes are equal, or one is that of eps",
    cost=800.0,
    aliases=("multi_resolution_stft_loss", "mrstft", "stft_loss"),
)
def multi_resolution_stft(
    pred: Array,
    target: Array,
    *,
    resolutions: Array | None = None,
    w_sc: float = 1.0,
    w_log_mag: float = 1.0,
    w_lin_mag: float = 0.0,
    eps: float = 1e-8,
    **options: Unpack[Options],
) -> Result:
    r"""Multi-resolution STFT loss, of the magnitudes X and Y of the spectra of two signals in short stretches.

    ``w_sc |X - Y| / |Y| + w_log_mag mean(|log X - log Y|) + w_lin_mag mean(|X - Y|)``, where |.| is the root of the sum
    of squares over all stretches and frequencies, and in the end the mean over resolutions. For vocoders, separation
    and enhancement: what sounds alike is near, though its phases differ.

    Parameters
    ----------
    pred : array of float32 or float64, shape (..., T)
        Signals, with their samples on the last axis.
    target : array of any real dtype, shape (..., T)
        The signals they should be, finite.
    resolutions : array of whole numbers, shape (K, 3), optional
        Length of the transform, hop and length of the window of each resolution, in samples. A transform is a power of
        two up to 32768 whose half is shorter than the signals. Without it those of auraloss and Parallel WaveGAN,
        (1024, 120, 600), (2048, 240, 1200) and (512, 50, 240).
    w_sc, w_log_mag, w_lin_mag : float >= 0
        How much the spectral convergence counts, the distance of logarithms, and that of magnitudes.
    eps : float > 0
        The least square of a magnitude.

    Returns
    -------
    float, or array of shape (...) for ``reduction="none"``

    Notes
    -----
    Frames are those of torch.stft with center=True: the k-th is about sample k times the hop, signals are reflected at
    both ends, and the window is a periodic Hann window in the middle of the transform; frequencies are those from 0 to
    half of the rate of samples. Conventions are those of auraloss's MultiResolutionSTFTLoss and its defaults. Spectra
    are of the dtype of pred, their sums and the gradient's float64. Where the square of a magnitude of pred is below
    eps its slope is 0. A thread takes memory for a frame, not for all: spectra are computed once more for the
    gradient. A sample that is NaN makes the loss of its signal NaN. No curvature is offered.

    References
    ----------
    .. [1] R. Yamamoto, E. Song, J.-M. Kim, "Parallel WaveGAN: A Fast Waveform Generation Model Based on Generative
       Adversarial Networks with Multi-Resolution Spectrogram", ICASSP 2020, arXiv:1910.11480.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> t = np.arange(4000.0)
    >>> target, louder = np.sin(t), 1.1 * np.sin(t)
    >>> round(nl.multi_resolution_stft(louder, target, w_log_mag=0.0), 4)
    0.1
    """
