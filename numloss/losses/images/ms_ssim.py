"""Structural similarity of images at several scales."""

from ...declare import ANY, NONNEGATIVE, POSITIVE, REAL, Array, Options, Result, Unpack, examplewise
from .ssim import HALF_A_PIXEL, ODD, even_window, scratch_of_image, work_of_image

USUAL_LEVELS = 5


def _level_sizes(sizes):
    rows, columns = sizes["height"], sizes["width"]
    for _ in range(sizes.get("level", USUAL_LEVELS)):
        yield rows, columns
        rows, columns = (rows + 1) // 2, (columns + 1) // 2


def _ms_ssim_scratch(sizes, mode):
    first, *others = _level_sizes(sizes)
    # of each level but the first sums, differences and slopes
    return scratch_of_image(*first) + sum(3 * rows * columns for rows, columns in others), len(others) + 1, 0


def _ms_ssim_work(sizes):
    return sum(work_of_image(*each) for each in _level_sizes(sizes))


def _ms_ssim_allowed(sizes, params):
    window, levels = int(params["window"]), sizes.get("level", USUAL_LEVELS)
    least = (window - 1) * 2 ** (levels - 1)
    if window % 2 == 1 and min(sizes["height"], sizes["width"]) <= least:
        return (
            f"images of {sizes['height']} rows and {sizes['width']} columns are too small for {levels} levels of "
            f"window = {window}: they need more than {least} of both"
        )
    return even_window(window)


@examplewise(
    "ms_ssim_examples",
    axes={"pred": ("...", "height", "width"), "target": ("...", "height", "width"), "level_weight": ("level",)},
    scratch=_ms_ssim_scratch,
    work=_ms_ssim_work,
    allowed=_ms_ssim_allowed,
    params=("window", "sigma", "k1", "k2", "data_range"),
    pred=ANY,
    target=REAL,
    level_weight=NONNEGATIVE,
    window=ODD,
    sigma=HALF_A_PIXEL,
    k1=NONNEGATIVE,
    k2=NONNEGATIVE,
    data_range=POSITIVE,
    kinks="images have nothing in common at a level",
    cost=9.0,
    aliases=("ms_ssim_loss", "multiscale_ssim"),
)
def ms_ssim(
    pred: Array,
    target: Array,
    *,
    level_weight: Array | None = None,
    window: int = 11,
    sigma: float = 1.5,
    k1: float = 0.01,
    k2: float = 0.03,
    data_range: float = 1.0,
    **options: Unpack[Options],
) -> Result:
    r"""Structural similarity of images at several scales as a loss, ``1 - MS-SSIM``.

    Compares contrast and structure of an image, of its half, of the half of that, and so on, and means at the last of
    these: what is seen from near and from afar counts. For restoration, super-resolution and compression, most often
    beside `mae`. It is 0 for equal images and 1 where they have nothing in common at a level.

    Parameters
    ----------
    pred : array of float32 or float64, shape (..., H, W)
        Images; every channel counts by itself.
    target : array of any real dtype, shape (..., H, W)
        The images they should be, not NaN.
    level_weight : array of shape (levels,), >= 0
        The exponents of the levels, from the images themselves to the smallest. None stands for the five of the paper,
        0.0448, 0.2856, 0.3001, 0.2363 and 0.1333.
    window : an odd number from 1 to 33
        Rows and columns of the Gaussian window, at every level. Both sides of images must be larger than
        ``(window - 1) * 2**(levels - 1)``, which is 160.
    sigma : float >= 0.5
        The standard deviation of the window, in pixels.
    k1, k2 : float >= 0
        What steadies the comparison of means and of contrasts, as parts of `data_range`.
    data_range : float > 0
        The largest value of a pixel less the least, 255 for bytes.

    Notes
    -----
    With L, C the factors of means and of contrasts of a window, as of `ssim`, it is ``1 - prod_j max(0, m_j)**w_j``,
    where m_j is the mean of C at a level and that of L C at the last one. Levels are halved by means of two times two
    pixels, after a line of zeros before the first where a side is odd, as in pytorch-msssim, whose conventions these
    are. Where an m_j is not positive the loss is 1 and all slopes are 0. Levels keep what images differ by, so that
    nearly equal images keep their digits. An image with a pixel that is NaN has NaN as its loss and all slopes. No
    curvature is offered.

    References
    ----------
    .. [1] Z. Wang, E. P. Simoncelli, A. C. Bovik, "Multiscale Structural Similarity for Image Quality Assessment",
       Asilomar Conference on Signals, Systems and Computers (2003).

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> image = np.add.outer(np.arange(48.0), np.arange(48.0)) / 94.0
    >>> nl.ms_ssim(image, image, window=3), round(nl.ms_ssim(0.5 * image, image, window=3), 4)
    (0.0, 0.168)
    """
