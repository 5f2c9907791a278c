"""Losses of your own, from one scalar law."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from ..domains import ANY, REAL, Domain
from ..registry import law_arguments
from ..typing import Array, Result
from .families import record

PARAMETER = inspect.Parameter
# What the loops keep of a law's parameters.
MOST_PARAMETERS = 16


def elementwise(
    law: Callable[..., Any],
    /,
    *,
    name: str | None = None,
    domains: dict[str, Domain] | None = None,
    least: float = 1e-16,
    **options: float,
) -> Callable[..., Result]:
    """Make a loss from a scalar law of a prediction and a target.

    The loss has everything that the losses of numloss have: weights, reductions, gradient and curvature through
    the transforms, threads, every layout, CPU and CUDA.

    Parameters
    ----------
    law : function ``(pred, target, *parameters) -> (value, slope, curvature)``
        Scalars in, three scalars out: the loss of one element and its first and second derivative with respect to
        pred. It may use + - * /, comparisons, if, abs, other such functions, those that are compiled by ``numba.njit``,
        too, and the names of ``numloss.scalar``.
        Numbers in it take the dtype of the data. ``**``, integers in arithmetic and functions of math or numpy are
        refused, because they would compute in float64. What it refers to by name, numbers and other functions, is
        taken as it is now: after a change, make the loss again.
    name : str, optional
        Name of the loss; by default that of the law without leading underscores.
    domains : dict, optional
        Domains of inputs and parameters, from ``numloss.domains``; by default the target must not be NaN.
    least : float
        What the "bound" curvature is at least.
    **options : float
        The parameters of the law, at most 16, each with its default.

    Returns
    -------
    loss
        A function ``loss(pred, target, *, <parameters>, weight=None, reduction="mean", out=None, backend=None)``.

    Raises
    ------
    LawError
        A TypeError: the law uses something that laws do not have.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> from numloss.scalar import sqrt
    >>> def _charbonnier(pred, target, eps):
    ...     error = pred - target
    ...     size = sqrt(error * error + eps * eps)
    ...     return size, error / size, eps * eps / (size * size * size)
    >>> charbonnier = nl.elementwise(_charbonnier, eps=1e-3)
    >>> round(charbonnier(np.array([3.0]), np.array([1.0]), eps=1.5), 6)
    2.5
    """
    from ..backends.retype import check, plain_text, taken

    law = plain_text(law)
    check(law)
    kept = taken(law)
    arguments = law_arguments(law)
    parameters = arguments[2:]
    if len(arguments) < 2 or set(parameters) != set(options):
        raise TypeError(
            f"the law takes {', '.join(arguments)}: pred, target, and one parameter for each option; "
            f"options given: {', '.join(options) or 'none'}"
        )
    if len(parameters) > MOST_PARAMETERS:
        raise TypeError(f"the law has {len(parameters)} parameters; there is room for {MOST_PARAMETERS}")

    def declaration(pred: Array, target: Array, **options: Any) -> Result:
        """A loss of one's own."""

    declaration.__name__ = declaration.__qualname__ = name or law.__name__.strip("_<>")
    declaration.__module__ = law.__module__ or "numloss.declare.from_law"
    declaration.__doc__ = law.__doc__ or f"{declaration.__name__}, from the law {law.__name__}.\n"
    positional = [PARAMETER(p, PARAMETER.POSITIONAL_OR_KEYWORD) for p in ("pred", "target")]
    keywords = [PARAMETER(p, PARAMETER.KEYWORD_ONLY, default=options[p]) for p in parameters]
    rest = PARAMETER("options", PARAMETER.VAR_KEYWORD)
    declaration.__signature__ = inspect.Signature([*positional, *keywords, rest])  # type: ignore[attr-defined]
    known: dict[str, Domain] = {"pred": ANY, "target": REAL, **(domains or {})}
    facts = {"params": parameters, "least": least, "task": "yours", "cost": 2.0}
    return record("elementwise", kept, declaration, known, facts)
