"""Score of a critic."""

from ...declare import SIGN, Array, Options, Result, Unpack, elementwise


def _wasserstein_gan(pred, target):
    side = 1.0 if target > 0.0 else -1.0
    return -side * pred, -side, 0.0


@elementwise(
    _wasserstein_gan,
    target=SIGN,
    convex=True,
    cost=0.5,
    aliases=("wgan", "wasserstein_loss", "critic_loss"),
)
def wasserstein_gan(pred: Array, target: Array, **options: Unpack[Options]) -> Result:
    r"""Score of a critic, ``-target * pred``: both terms of a Wasserstein GAN, and the generator's of `hinge`.

    A critic scores what is real with target 1 and what is generated with -1, the generator what it made with 1.

    Parameters
    ----------
    pred : array of float32 or float64, any shape
        Scores of a critic.
    target : array, shape of `pred`
        Labels -1 and 1, any real dtype; 0 reads as -1, entry by entry.

    Notes
    -----
    The other losses of adversarial networks have names here: the discriminator's hinge is `hinge`, least squares are
    `mse` with targets of 0 and 1, the non-saturating loss is `bce_with_logits`, and the one of pairs of a relativistic
    discriminator is `bpr` of the scores of what is real and of what is generated. Penalties of gradients are losses of
    a network, not of arrays. The curvature is 0; its bound is 1e-16.

    References
    ----------
    .. [1] M. Arjovsky, S. Chintala, L. Bottou, "Wasserstein Generative Adversarial Networks", ICML 2017.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> nl.wasserstein_gan(np.array([2.0, 0.5]), np.array([1, -1]), reduction="none")
    array([-2. ,  0.5])
    """
