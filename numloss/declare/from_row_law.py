"""Losses of rows of scores of your own, from one scalar law."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..calls.checks import SHARED
from ..domains import ANY, Domain
from ..loops.codes import INDICATORS, LABELS, LARGEST, LOG_PROBABILITIES, LOGIT, LOGITS, MEAN, OF_LABEL, SUM
from ..registry import law_arguments
from ..typing import Result
from .families import record
from .from_law import Seeds, declared, of_first, taken_with_derivatives

# What the loops of rows keep of a law's parameters.
MOST_PARAMETERS = 3
OVER = {"sum": SUM, "mean": MEAN, "largest": LARGEST}
LABELLED: dict[str, Any] = {"class_weight": None, "ignore_index": -100, "axis": 1}
# What else a loss of each kind of law is asked for by name.
OPTIONS = {"label": LABELLED, "margin": LABELLED, "logit": LABELLED, "class": {"class_weight": None, "axis": 1}}
TRIED = {
    "label": ((0.6931471805599453, 0.5, 0.5), (1.3862943611198906, 0.25, 0.75)),
    "margin": ((0.5, 0.0), (-0.75, 0.0), (1.5, 0.0)),
    "logit": ((0.5, 0.0), (-0.25, 1.0)),
    "class": ((0.5, 0.25), (-0.75, 1.0), (1.5, 0.0)),
}


def rowwise(
    law: Callable[..., Any],
    /,
    *,
    of: str = "label",
    over: str = "sum",
    name: str | None = None,
    domains: dict[str, Domain] | None = None,
    least: float = 1e-16,
    **options: float,
) -> Callable[..., Result]:
    r"""Make a loss of rows of scores from a scalar law.

    With s the scores of a row, C of them, t its label, and F the law, `of` says what the law is of:

    - ``"label"``: the cross-entropy of the label. The loss is ``F(l, p, 1 - p)`` with
      ``p = exp(s[t]) / sum(exp(s))`` and ``l = -log(p)``; all three keep their digits where p is near 0 or 1.
    - ``"margin"``: how much each other score is more than that of the label. The loss is
      ``sum(F(s[j] - s[t], 0) for j != t)``, or the mean (that sum divided by C), or F of the largest other score.
    - ``"class"``: each score by itself, and a target in [0, 1] for each class: ``sum(F(s[j], target[j]) for j)``, or
      the mean.
    - ``"logit"``: F makes a logit of each score, told whether it is the label's: the loss is the cross-entropy of
      ``F(s[j], 1 if j == t else 0)``.

    Parameters
    ----------
    law : function ``(inputs, *parameters) -> value`` or ``-> (value, slope, curvature)``
        Its inputs are ``(l, p, rest)`` for ``"label"`` and two numbers for the others, as above. What it may use, and
        how slope and curvature are derived if it gives its value alone, is as in `elementwise`. If it gives them, they
        are by its first input, on which p and ``rest = 1 - p`` depend; for ``"label"`` the curvature is times rest.
    of : {"label", "margin", "class", "logit"}
        What the law is of.
    over : {"sum", "mean", "largest"}
        How ``"margin"`` and ``"class"`` put their terms together; the largest for margins alone.
    name : str, optional
        Name of the loss; by default that of the law without leading underscores.
    domains : dict, optional
        Domains of parameters, from ``numloss.domains``.
    least : float
        What the "bound" curvature is at least.
    **options : float
        The parameters of the law, at most 3, each with its default.

    Returns
    -------
    loss
        A function ``loss(pred, target, *, <parameters>, class_weight=None, ignore_index=-100, axis=1, weight=None,
        reduction="mean", out=None, backend=None)``. pred has shape (N, C) or (N, C, d1, ...), target integer labels
        of shape (N,) or (N, d1, ...); for ``"class"`` target has the shape of pred, class_weight multiplies the terms
        of each class, and there is no ignore_index.

    Raises
    ------
    LawError
        A TypeError: the law uses something that laws do not have, or that has no derivative where one is needed.

    See Also
    --------
    elementwise : losses of a prediction and a target
    check : derivatives compared with differences

    Examples
    --------
    Cross-entropy that fades where the label is unlikely, as it is where labels are wrong:

    >>> import numpy as np, numloss as nl
    >>> from numloss.scalar import log1p, softplus
    >>> def _tamed(nll, p, rest, scale):
    ...     return scale * log1p(nll / scale)
    >>> tamed = nl.rowwise(_tamed, scale=2.0)
    >>> round(tamed(np.array([[2.0, 0.0, 0.0], [0.0, 3.0, 0.0]]), np.array([0, 2])), 4)
    1.0482

    A smooth hinge loss over classes:

    >>> smooth = nl.rowwise(lambda gap, own: softplus(1.0 + gap), of="margin", name="smooth")
    >>> round(smooth(np.array([[2.0, 1.5, -1.0, 0.5]]), np.array([0])), 4)
    1.5751
    """
    if of not in OPTIONS:
        raise ValueError(f"rowwise: of must be one of {', '.join(map(repr, OPTIONS))}, got {of!r}")
    allowed = {"margin": ("sum", "mean", "largest"), "class": ("sum", "mean")}.get(of, ("sum",))
    if over not in allowed:
        raise ValueError(f"rowwise: over must be {' or '.join(map(repr, allowed))} for of={of!r}, got {over!r}")
    taken = sorted({*OPTIONS[of], *SHARED} & set(options))
    if taken:
        raise ValueError(f"rowwise: {taken[0]} is an option that the loss has already; call the parameter otherwise")
    inputs = 3 if of == "label" else 2
    seeds, factor = (of_label, 2) if of == "label" else (of_first, None)
    kept = taken_with_derivatives(law, inputs, options, TRIED[of], seeds, MOST_PARAMETERS, factor)
    parameters = law_arguments(kept)[inputs:]
    declaration = declared(law, name, ("pred", "target"), parameters, options, OPTIONS[of])
    by_class = of == "class"
    rows = {
        "scores": LOG_PROBABILITIES if by_class else LOGITS,
        "target": INDICATORS if by_class else LABELS,
        "factor": "class_weight" if by_class else None,
        "classes": {"label": OF_LABEL, "logit": LOGIT}.get(of, OVER[over]),
    }
    facts = {"params": parameters, "law_inputs": inputs, "rows": rows, "least": least, "task": "yours", "cost": 3.0}
    return record("rowwise", kept, declaration, {"pred": ANY, **(domains or {})}, {**facts, "eager": by_class})


def of_label(nll: str, p: str, rest: str) -> Seeds:
    """Derivatives by the cross-entropy: p is e to the power of less it."""
    return {nll: ("1.0", ""), p: (f"-{p}", p), rest: (p, f"-{p}")}
