"""Structural similarity of images."""

from ...declare import ANY, NONNEGATIVE, POSITIVE, REAL, Array, Domain, Options, Result, Unpack, examplewise

# The widest window, as scratch has room for its rows; below half a pixel a window is one pixel and its rounding.
WIDEST = 33
ODD = Domain(1.0, float(WIDEST), integers=True, text="an odd number from 1 to 33")
HALF_A_PIXEL = Domain(0.5, 1.7976931348623157e308, text=">= 0.5 and finite")


def scratch_of_image(rows, columns):
    """Numbers that the loop of an image needs: lines of its columns, and of windows of rows."""
    width = -(-columns // 16) * 16 + 48
    return 48 + (11 + 7 * min(rows, WIDEST)) * width


def work_of_image(rows, columns):
    """Nanoseconds of an image."""
    return 1000.0 + rows * (200.0 + 6.0 * columns)


def even_window(window):
    """What is wrong with a window that has no centre."""
    return f"window = {window} is even; it must be an odd number from 1 to {WIDEST}" if window % 2 == 0 else None


def _ssim_scratch(sizes, mode):
    return scratch_of_image(sizes["row"], sizes["column"]), 0, 0


def _ssim_work(sizes):
    return work_of_image(sizes["row"], sizes["column"])


def _ssim_allowed(sizes, params):
    window = int(params["window"])
    if window % 2 == 1 and window > min(sizes["row"], sizes["column"]):
        return f"window = {window} is larger than images of {sizes['row']} rows and {sizes['column']} columns"
    return even_window(window)


@examplewise(
    "ssim_examples",
    axes={"pred": ("...", "row", "column"), "target": ("...", "row", "column")},
    scratch=_ssim_scratch,
    work=_ssim_work,
    allowed=_ssim_allowed,
    params=("window", "sigma", "k1", "k2", "data_range"),
    pred=ANY,
    target=REAL,
    window=ODD,
    sigma=HALF_A_PIXEL,
    k1=NONNEGATIVE,
    k2=NONNEGATIVE,
    data_range=POSITIVE,
    cost=6.0,
    aliases=("ssim_loss", "structural_similarity"),
)
def ssim(
    pred: Array,
    target: Array,
    *,
    window: int = 11,
    sigma: float = 1.5,
    k1: float = 0.01,
    k2: float = 0.03,
    data_range: float = 1.0,
    **options: Unpack[Options],
) -> Result:
    r"""Structural similarity of images as a loss, ``1 - mean(SSIM)`` over all windows.

    Compares the means, the contrast and the structure of small windows in place of pixels: for restoration,
    super-resolution, compression and depth, most often beside `mae`. It is 0 for equal images and up to 2.

    Parameters
    ----------
    pred : array of float32 or float64, shape (..., H, W)
        Images; every channel counts by itself.
    target : array of any real dtype, shape (..., H, W)
        The images they should be, not NaN.
    window : an odd number from 1 to 33
        Rows and columns of the Gaussian window. Images must be at least as large.
    sigma : float >= 0.5
        The standard deviation of the window, in pixels.
    k1, k2 : float >= 0
        What steadies the comparison of means and of contrasts, as parts of `data_range`.
    data_range : float > 0
        The largest value of a pixel less the least, 255 for bytes.

    Notes
    -----
    With means mx, my, variances vx, vy and the covariance c of a window, C1 = (k1 data_range)^2 and C2 = (k2
    data_range)^2, it is ``(2 mx my + C1) (2 c + C2) / ((mx**2 + my**2 + C1) (vx + vy + C2))``. Only windows that lie in
    the image count, weights add up to 1 and variances are those of weights, as in pytorch-msssim and the paper.
    What is computed is how much images differ by, so that nearly equal images keep their digits. Where means or
    variances are 0 and so is what steadies them, the factor is 1. An image with a pixel that is NaN has NaN as its loss
    and all slopes. No curvature is offered.

    References
    ----------
    .. [1] Z. Wang, A. C. Bovik, H. R. Sheikh, E. P. Simoncelli, "Image Quality Assessment: From Error Visibility to
       Structural Similarity", IEEE Transactions on Image Processing 13 (2004).

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> image = np.add.outer(np.arange(12.0), np.arange(12.0)) / 22.0
    >>> nl.ssim(image, image), round(nl.ssim(image, 1.0 - image), 4)
    (0.0, 1.9)
    """
