"""Total variation of images."""

from ...declare import ANY, Array, Options, Result, Unpack, examplewise


def _image_variation_scratch(sizes, mode):
    return 6 * ((sizes["column"] + 31) // 16 * 16), 0, 0


def _image_variation_work(sizes):
    return 30.0 + sizes["row"] * (20.0 + 2.0 * sizes["column"])


@examplewise(
    "variation_examples",
    axes={"pred": ("...", "row", "column")},
    scratch=_image_variation_scratch,
    work=_image_variation_work,
    params=("norm",),
    words={"norm": {"isotropic": 0.0, "anisotropic": 1.0}},
    pred=ANY,
    kinks="neighbours are equal",
    cost=2.0,
    aliases=("tv_loss", "total_variation_loss", "tv_l1"),
)
def image_variation(pred: Array, *, norm: str = "isotropic", **options: Unpack[Options]) -> Result:
    r"""Total variation of images, ``sum(sqrt(dx**2 + dy**2))`` with the differences to the right and below.

    Keeps images that networks make from being noisy without blurring their edges: for denoising, super-resolution,
    style transfer and maps of probabilities. A share of it is added to a loss of the pixels.

    Parameters
    ----------
    pred : array of float32 or float64, shape (..., H, W)
        Images; every channel counts by itself.
    norm : {"isotropic", "anisotropic"}
        The length of both differences of a pixel together, or the sum of their sizes, ``abs(dx) + abs(dy)``, as in
        TorchMetrics, TensorFlow and Kornia.

    Notes
    -----
    A sum over the pixels of an image; the differences beyond the last column and row are 0. Where a pixel differs from
    neither neighbour the slopes of its term are 0. Lengths are computed without squares that overflow. No curvature is
    offered. It is no distance of probabilities, which is `total_variation`.

    References
    ----------
    .. [1] L. I. Rudin, S. Osher, E. Fatemi, "Nonlinear Total Variation Based Noise Removal Algorithms", Physica D 60
       (1992).

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> image = np.array([[[0.0, 3.0], [4.0, 3.0]]])
    >>> nl.image_variation(image), nl.image_variation(image, norm="anisotropic")
    (6.0, 8.0)
    """
