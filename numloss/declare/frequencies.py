"""What follows from how frequent classes are, for losses of those of which some are rare; in float64, on the host."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..common.halves import widened

Numbers = np.ndarray[Any, Any]


def log_prior(prior: Numbers, tau: float) -> Numbers:
    """The logarithms of a prior, so many times."""
    found: Numbers = tau * np.log(prior)
    return found


def margins_of(counts: Numbers, margin: float) -> Numbers:
    """Margins that fall with the fourth root of how many examples a class has; the rarest has the whole margin."""
    roots: Numbers = counts**-0.25
    return roots * (margin / roots.max(initial=0.0)) if roots.size else roots


def class_balanced_weight(counts: Any, *, beta: float = 0.9999) -> Numbers:
    """Weights of classes by the effective number of their examples, ``(1 - beta) / (1 - beta**count)``, with mean 1.

    For `class_weight` of losses of classes of which some are rare: examples are taken to overlap, so that each one more
    says less that is new.

    Parameters
    ----------
    counts : array of shape (C,)
        How many examples each class has, finite and >= 0. A class without any has the weight 0.
    beta : float in [0, 1]
        With 0 all classes have one weight, with 1 it is that of ``1 / count``; 0.99 to 0.9999 are usual.

    Returns
    -------
    array of float64, shape (C,)
        Weights that add up to the number of classes that have examples.

    Raises
    ------
    TypeError
        If counts are no real numbers, or beta is none.
    ValueError
        If counts have another shape, or one of them, or beta, is out of range; it is named with its place.

    References
    ----------
    Y. Cui et al., Class-Balanced Loss Based on Effective Number of Samples, CVPR 2019.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> share = nl.class_balanced_weight([900, 90, 10], beta=0.99)
    >>> share.round(4)
    array([0.2284, 0.3836, 2.388 ])
    >>> logits, labels = np.array([[2.0, 0.0, 0.0], [0.0, 0.0, 1.0]]), np.array([0, 2])
    >>> round(nl.cross_entropy(logits, labels, class_weight=share), 4)
    0.5242
    """
    if isinstance(beta, (bool, np.bool_)) or not isinstance(beta, (int, float, np.integer, np.floating)):
        raise TypeError(f"class_balanced_weight: beta must be a number, got {type(beta).__name__}")
    if not 0.0 <= beta <= 1.0:
        raise ValueError(f"class_balanced_weight: beta must be in [0, 1], got {beta!r}")
    given = widened(np.asarray(counts))
    if given.dtype.kind not in "biuf":
        raise TypeError(f"class_balanced_weight: counts have dtype {given.dtype}; real numbers are needed")
    if given.ndim != 1:
        raise ValueError(f"class_balanced_weight: counts have shape {given.shape}; it must be (C,)")
    wide = given.astype(np.float64)
    wrong = np.flatnonzero(~((wide >= 0.0) & (wide < np.inf)))
    if wrong.size:
        k = int(wrong[0])
        raise ValueError(f"class_balanced_weight: counts[{k}] = {given[k]} is not >= 0 and finite")
    seen = wide > 0.0
    some = wide[seen]
    share = np.zeros(wide.shape)
    if beta == 1.0:
        share[seen] = 1.0 / some
    elif beta > 0.0:
        share[seen] = -1.0 / np.expm1(some * np.log(float(beta)))
    else:
        share[seen] = 1.0
    total = share.sum()
    return share * (np.count_nonzero(seen) / total) if total else share
