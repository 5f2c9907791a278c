"""Losses of your own, from one scalar law."""

from __future__ import annotations

import inspect
import types
from collections.abc import Callable
from typing import Any, Unpack, cast

from ..domains import ANY, REAL, Domain
from ..registry import law_arguments
from ..typing import Array, Result
from .families import Options, record

PARAMETER = inspect.Parameter
# What the loops keep of a law's parameters.
MOST_PARAMETERS = 16
# First and second derivatives of a law's inputs, as text.
Seeds = dict[str, tuple[str, str]]
# Where a law is called to see what it gives: off its kinks, and inside of most domains.
TRIED = ((0.5, 0.25), (0.25, 0.5), (1.5, 1.25), (-0.5, -1.25))


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
    law : function ``(pred, target, *parameters) -> value`` or ``-> (value, slope, curvature)``
        Scalars in; the loss of one element, and if it gives three, its first and second derivative with respect to
        pred. Of a law that gives its value alone both are derived from its text, exactly; where it chooses, they are
        those of what it chose, and where it jumps, as `sign` and `rint` do, 0. Its text has to be in a file or a
        notebook.
        It may use + - * /, comparisons, if, abs, other such functions, those that are compiled by ``numba.njit``, too,
        and the names of ``numloss.scalar``.
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
        A TypeError: the law uses something that laws do not have, or that has no derivative where one is needed.

    See Also
    --------
    rowwise : losses of rows of scores
    check : derivatives compared with differences

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> from numloss.scalar import sqrt
    >>> def _charbonnier(pred, target, eps):
    ...     error = pred - target
    ...     return sqrt(error * error + eps * eps)
    >>> charbonnier = nl.elementwise(_charbonnier, eps=1e-3)
    >>> round(charbonnier(np.array([3.0]), np.array([1.0]), eps=1.5), 6)
    2.5
    >>> nl.grad(charbonnier)(np.array([3.0]), np.array([1.0]), eps=1.5)
    array([0.8])

    With derivatives of one's own:

    >>> def _cubic(pred, target):
    ...     size = abs(pred - target)
    ...     return size * size * size, 3.0 * size * (pred - target), 6.0 * size
    >>> nl.elementwise(_cubic)(np.array([3.0]), np.array([1.0]))
    8.0
    """
    kept = taken_with_derivatives(law, 2, options, TRIED, of_first)
    parameters = law_arguments(kept)[2:]
    declaration = declared(law, name, ("pred", "target"), parameters, options, {})
    known: dict[str, Domain] = {"pred": ANY, "target": REAL, **(domains or {})}
    facts = {"params": parameters, "least": least, "task": "yours", "cost": 2.0}
    return record("elementwise", kept, declaration, known, facts)


def of_first(first: str, *others: str) -> Seeds:
    """Derivatives by the first input, which no other one depends on."""
    return {first: ("1.0", "")}


def taken_with_derivatives(
    law: Callable[..., Any],
    inputs: int,
    options: dict[str, float],
    tried: tuple[tuple[float, ...], ...],
    seeds: Callable[..., Seeds],
    most: int = MOST_PARAMETERS,
    factor: int | None = None,
) -> types.FunctionType:
    """A law as it is now, checked against its options, with derivatives by its first input if it gives its value alone.

    `seeds` gives the first and the second derivative of inputs of these names by the first one; the second derivative
    of the law is multiplied by its input `factor`.
    """
    from ..backends.retype import LawError, check, plain_text, taken

    law = plain_text(law)
    check(law)
    kept = cast(types.FunctionType, taken(law))
    arguments = law_arguments(kept)
    if len(arguments) < inputs or set(arguments[inputs:]) != set(options):
        raise TypeError(
            f"the law takes {', '.join(arguments)}: {inputs} inputs, and one parameter for each option; "
            f"options given: {', '.join(options) or 'none'}"
        )
    if len(options) > most:
        raise TypeError(f"the law has {len(options)} parameters; there is room for {most}")
    numbers = [options[name] for name in arguments[inputs:]]
    if not gives_one_number(kept, numbers, tried):
        return kept
    from .differentiate import differentiated

    by = None if factor is None else arguments[factor]
    found = differentiated(kept, seeds(*arguments[:inputs]), lambda why: LawError(f"law {why}"), by)
    return cast(types.FunctionType, taken(found))


def gives_one_number(law: Callable[..., Any], numbers: list[float], tried: tuple[tuple[float, ...], ...]) -> bool:
    """Whether a law gives its value alone, at the first point where plain Python can compute it."""
    for point in tried:
        try:
            return not isinstance(law(*point, *numbers), tuple)
        except (ArithmeticError, ValueError):
            continue
    return False


def declared(
    law: Any, name: str | None, inputs: tuple[str, ...], parameters: tuple[str, ...], options: dict[str, Any], more: Any
) -> Callable[..., Result]:
    """The declaration of a loss of one's own: its name, its signature with `more` options, its docstring."""

    def declaration(pred: Array, target: Array, **options: Any) -> Result:
        """A loss of one's own."""

    declaration.__name__ = declaration.__qualname__ = name or law.__name__.strip("_<>")
    declaration.__module__ = law.__module__ or "numloss.declare.from_law"
    declaration.__doc__ = law.__doc__ or f"{declaration.__name__}, from the law {law.__name__}.\n"
    positional = [PARAMETER(p, PARAMETER.POSITIONAL_OR_KEYWORD) for p in inputs]
    defaults = {p: options[p] for p in parameters} | more
    keywords = [PARAMETER(p, PARAMETER.KEYWORD_ONLY, default=value) for p, value in defaults.items()]
    rest = PARAMETER("options", PARAMETER.VAR_KEYWORD, annotation=Unpack[Options])
    declaration.__signature__ = inspect.Signature([*positional, *keywords, rest])  # type: ignore[attr-defined]
    return declaration
