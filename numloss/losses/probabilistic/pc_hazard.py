"""Survival by a rate that is constant over each interval."""

from ...declare import ANY, BINARY, UNIT, Array, Options, Result, Unpack, examplewise


@examplewise(
    "hazards_examples",
    axes={"pred": ("...", "bin"), "target": ("...",), "event": ("...",), "fraction": ("...",)},
    labels={"target": "bin"},
    scratch=lambda sizes, mode: (sizes["bin"], 0, 0),
    work=lambda sizes: 30.0 + 2.0 * sizes["bin"],
    run=16,
    derived={"kind": lambda: 1.0},
    params=("kind",),
    pred=ANY,
    event=BINARY,
    fraction=UNIT,
    convex=False,
    aliases=("nll_pc_hazard", "piecewise_constant_hazard",),
)
def pc_hazard(pred: Array, target: Array, event: Array, fraction: Array, **options: Unpack[Options]) -> Result:
    r"""Negative log-likelihood of hazard rates that are constant over each interval of time.

    For survival in continuous time: with the rates ``h = softplus(pred)`` a row costs
    ``sum(h[j] for j < k) + fraction * h[k] - event * log(h[k])``.

    Parameters
    ----------
    pred : array of float32 or float64, shape (..., bins)
        What the rates are the softplus of; a rate is that of a whole interval.
    target : array of integers, shape (...)
        The interval of the event, or of the end of observation, in [0, bins).
    event : array of any real dtype, shape (...), 0 or 1
        Whether it was an event; 0 is censored: nothing happened up to then.
    fraction : array of any real dtype, shape (...)
        Which part of its interval had passed by then, in [0, 1].

    Notes
    -----
    Below -40 the logarithm of a rate is `pred` itself, to all digits. As in pycox, where `fraction` is called
    interval_frac.

    References
    ----------
    H. Kvamme, O. Borgan, Continuous and discrete-time survival prediction with neural networks, Lifetime Data
    Analysis 27, 2021.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> pred, target, event = np.array([[0.0, 1.0, -1.0], [0.5, 0.0, 0.0]]), np.array([1, 2]), np.array([1, 0])
    >>> nl.pc_hazard(pred, target, event, np.array([0.5, 1.0]), reduction="none").round(4)
    array([1.0773, 2.3604])
    """
