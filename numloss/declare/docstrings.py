"""What the docstrings of many losses say alike: it stands here once, and is put where a docstring has no such section.

A docstring of a file holds what is particular to the loss. Sections that are missing follow from what the registry
knows: the shared options, what comes back, what is raised for which value. So do parameters of these names.
"""

from __future__ import annotations

import inspect
import re
import textwrap

from ..loops.codes import LABELS, SCORES
from ..registry import Loss

WIDTH = 116
HEADING = re.compile(r"\n\n([A-Z][A-Za-z ]+)\n-+\n")
ORDER = ("Parameters", "Other Parameters", "Returns", "Raises", "Notes", "References", "Examples")

WEIGHT = """
weight : array, optional
    One finite weight >= 0 for each value of the unreduced loss, or of shape (N,) for each sample.
reduction : {"mean", "sum", "none", "top"}
    ``"mean"`` is sum(weight * loss) / sum(weight) over what counts, 0.0 if nothing counts; ``"none"`` gives
    weight * loss. ``"top"`` is the mean of the largest of these alone, and its gradient is 0 at all others. Sums are
    taken in float64, in an order that depends on the shape and on the layout in memory.
top : int >= 1, or float in (0, 1], optional
    How many ``reduction="top"`` keeps of the values that count, or which share of them, rounded, and one at least; of
    equal ones those with the first index. NaN is the largest.
above : float, optional
    ``reduction="top"`` keeps all values that are larger, and `top` of them at least, if that is given, too.
out : array, optional
    Where ``reduction="none"`` writes; under ``value_and_grad`` and ``grad`` the gradient (a tuple if several),
    under ``value_grad_hess`` the pair (gradient, curvature). Any layout will do. The prediction itself may be given
    where it is read no more once the gradient is written; what overlaps an array of the call otherwise is refused.
    What is stored in float16 or bfloat16 is computed with in float32: a gradient has the dtype of the prediction, or
    is float32 where `out` is; values of the loss are float32.
"""
NO_WEIGHT = """
reduction : {"sum", "mean", "none"}
    ``"sum"`` by default: its terms are added to a loss, not averaged.
out : array, optional
    Where ``reduction="none"`` writes; under ``value_and_grad`` and ``grad`` the gradient, under
    ``value_grad_hess`` the pair (gradient, curvature). Any layout will do. The parameters themselves may be given;
    what overlaps them otherwise is refused.
"""
OVER_TIME = """
out : array, or tuple of as many as there are results, optional
    Where the results are written; under ``numloss.vjp`` the gradients. Any layout will do; what overlaps an array of
    the call is refused. What is stored in float16 or bfloat16 is computed with in float32, as which results come;
    gradients have the dtype of the reward.
"""
BACKEND = """
backend : str, optional
    ``"numba"``, ``"cython"`` or ``"cuda"``; by default the arrays decide.
"""
PARAMETERS = {
    "class_weight": """
class_weight : array of shape (C,), optional
    Weight >= 0 of each class: a row counts ``class_weight[target]``, in the denominator of a mean, too. What has a
    class of weight 0 counts nothing, whatever its scores are.
""",
    "ignore_index": """
ignore_index : int or None
    What has this label counts nothing and gets a gradient of exact zeros, whatever its scores are.
""",
    "temperature": """
temperature : float > 0
    What the logits of both are divided by. Distillation multiplies by its square what comes out.
""",
    "indices": """
indices : array of integers, shape (N, K) or (N, K, d1, ...), optional
    With them the other distribution is known at K classes of each row alone, as a teacher's most likely tokens are:
    these classes, in any order, none of them twice; -1 fills rows up. In place of its logits stand log-probabilities
    of this shape, of its softmax at this temperature.
""",
    "rest": """
rest : {"tail", "drop", "zero"}
    What becomes of the classes that `indices` do not name. ``"tail"``: together they are one class more of both
    distributions. ``"drop"``: they are left out of both, which are renormalised over the K. ``"zero"``: the other
    distribution has none of them, and is renormalised over the K; that of the logits keeps them.
""",
    "axis": """
axis : int
    The class axis.
""",
    "denominator": """
denominator : {"tokens", "sequences", "constant"}
    What sums are divided by. ``"tokens"``: the weights of all tokens of the batch. ``"sequences"``: the mean of each
    sequence counts 1. ``"constant"``: sums over the tokens of each sequence are divided by `length`, and averaged over
    sequences. A sequence is an entry of the first axis, or one of `groups`; one whose weights are all 0 is none.
    `sum_and_weight` gives the sum of means, or of those quotients times `length`, with what they are divided by, which
    add up over batches and ranks. Values one by one do not depend on it.
""",
    "ratio": """
ratio : {"tokens", "sequences"}
    Whether each token has its own ratio, or those of a sequence, an entry of the first axis or one of `groups`, share
    the geometric mean: ``exp`` of the mean of ``log_prob - old_log_prob`` over the tokens that count, by their weights.
    The gradient by `log_prob` is that through the mean where the advantage is one for all tokens of a sequence; where
    it is not each token is pushed by its own. There is no curvature then, and a cotangent is one number.
""",
    "length": """
length : float > 0, optional
    The constant length, as of the longest answer that may be drawn.
""",
    "activation": """
activation : {"sigmoid", "softmax", None}
    How p is made from pred.
""",
    "smooth": """
smooth : float >= 0
    Added above and below; with 0, an empty region that is predicted empty has loss 0.
""",
    "per_sample": """
per_sample : bool
    Sums over the pixels of each sample; with False over those of the whole batch.
""",
    "groups": """
groups : array of integers, shape (Q + 1,), optional
    Where each list begins and, at the end, N: from 0, never falling. A list without rows counts nothing. None is
    one list of all rows.
""",
}
# Of losses of tokens.
OF_TOKENS = {
    "groups": """
groups : array of integers, shape (Q + 1,), optional
    Of tokens that are packed, of shape (N,) or (1, N), where each sequence begins and, at the end, N: from 0, never
    falling. Without it a sequence is an entry of the first axis.
""",
}
# The same of arrays over time.
OF_STEPS = {
    "next_value": """
next_value : array, shape of `reward`, or without time
    The value of the state that each step led to. Without time it is that of the state behind the last step; every other
    step leads to the state of the next, whose value is taken. With `truncated` each step needs its own.
""",
    "terminated": """
terminated : array in [0, 1], shape of `reward`, optional
    1 where an episode ended for good: nothing follows, not even inf.
""",
    "truncated": """
truncated : array in [0, 1], shape of `reward`, optional
    1 where an episode was left, as the last step of all is: `next_value` counts, and what lies behind does not.
""",
    "discount": """
discount : float in [0, 1]
    Discount of what follows; with 0 nothing follows, not even inf.
""",
    "lam": """
lam : float in [0, 1]
    How much of what lies behind the next step counts.
""",
    "axis": """
axis : int
    The axis of time.
""",
}
UNREDUCED = {
    "rowwise": "with the shape of the labels",
    "distilled": "with the shape of the labels",
    "embedding": "of shape (N,)",
    "similarity": "of shape (N,)",
    "action_value": "of shape (N,)",
    "head": "of shape (N,)",
}


def complete(loss: Loss) -> str:
    """The docstring of a loss with all its sections."""
    # from Python 3.13 on docstrings come without their indentation
    head, *rest = HEADING.split(inspect.cleandoc(loss.declaration.__doc__ or ""))
    found = dict(zip(rest[::2], rest[1::2], strict=True))
    if "Parameters" in found:
        found["Parameters"] = parameters(loss, found["Parameters"])
    common = OVER_TIME if loss.results else WEIGHT if loss.weighted else NO_WEIGHT
    found["Other Parameters"] = common.strip() + BACKEND.rstrip()
    found.setdefault("Returns", returns(loss))
    found.setdefault("Raises", raises(loss))
    sections = (f"{title}\n{'-' * len(title)}\n{found[title].strip()}" for title in ORDER if title in found)
    return "\n\n".join([head.rstrip(), *sections]) + "\n"


def parameters(loss: Loss, text: str) -> str:
    """The parameters, in the order of the signature, with those that have the same meaning everywhere."""
    entries = re.split(r"\n(?=\S)", text.strip())
    names = {name.strip(): entry for entry in entries for name in entry.partition(" : ")[0].split(",")}
    of_tokens = OF_TOKENS if "denominator" in loss.defaults else {}
    common = OF_STEPS if loss.family == "scan" else {**PARAMETERS, **of_tokens}
    for name, shared in common.items():
        if name in (*loss.inputs, *loss.defaults):
            names.setdefault(name, shared.strip())
    order = [*loss.inputs, *loss.defaults]
    return "\n".join(dict.fromkeys(sorted(names.values(), key=lambda entry: place(entry, order))))


def place(entry: str, order: list[str]) -> int:
    """Where an entry stands: with the first of its names."""
    name = entry.partition(" : ")[0].split(",")[0].strip()
    return order.index(name) if name in order else len(order)


def returns(loss: Loss) -> str:
    """What comes back."""
    first = loss.inputs[0]
    if loss.rows.get("target") == SCORES:
        return 'float, or array of shape (N, d1, ...) for ``reduction="none"``'
    if loss.family == "examplewise":
        return 'float, or array of shape (...) for ``reduction="none"``: one number an example'
    if loss.family != "elementwise":
        return f'float, or array {UNREDUCED.get(loss.family, "of the losses")} for ``reduction="none"``'
    if loss.columns > 1:
        shape = "an array of shape (N,) or (...) for ``reduction=\"none\"``: one number a box"
    else:
        shape = f'an array of the shape of `{first}` for ``reduction="none"``'
    what = "loss" if loss.weighted else "penalty"
    return f"float or array\n    The reduced {what}, or {shape}."


def raises(loss: Loss) -> str:
    """What is raised for which value, from the domains of the arguments."""
    found = {"TypeError": kinds(loss), "ValueError": values(loss)}
    if loss.rows.get("target") == LABELS or loss.family == "regional":
        found = {"IndexError": "If a label is outside [0, C), with its position, its value and the range.", **found}
    elif "indices" in loss.defaults:
        found["IndexError"] = "If an index is outside [0, C) and not -1, with its position, its value and the range."
    wrapped = (f"{error}\n{textwrap.indent(textwrap.fill(text, WIDTH - 4), '    ')}" for error, text in found.items())
    return "\n".join(wrapped)


def kinds(loss: Loss) -> str:
    """Which dtypes are refused."""
    differentiated = " or ".join(f"`{loss.inputs[k]}`" for k in loss.differentiable or (0,))
    if loss.family == "clouds":
        return "If x and y are not floating or their dtypes differ."
    if loss.family in ("embedding", "similarity") and len(loss.differentiable) > 1:
        return "If the vectors are not floating or their dtypes differ."
    if loss.rows.get("target") == SCORES:
        return "If pred or target is not floating."
    if loss.rows.get("target") == LABELS:
        return f"If {differentiated} is not floating, or labels are not integers."
    alone = "" if loss.weighted or loss.results else ", or two arrays are given"
    return f"If {differentiated} is not floating{alone}."


def values(loss: Loss) -> str:
    """Which shapes and values are refused."""
    if loss.rows.get("target") == SCORES:
        twice = ", a row names a class twice" if "indices" in loss.defaults else ""
        return f"If shapes differ, target has a NaN entry{twice}, or an option is outside its domain."
    reasons = [] if len(loss.inputs) == 1 else ["the shapes do not fit"]
    if loss.columns > 1:
        reasons.append(f"the last axis has not {loss.columns} entries")
    domains = {**loss.domains, **loss.rows.get("domains", {})}
    allowed = [f"`{name}` {domain.text}" for name, domain in domains.items() if not domain.free]
    if loss.family == "regional":
        allowed.insert(0, "`target` in [0, 1] or labels")
    if allowed:
        reasons.append(f"a value is outside its domain: {'; '.join(allowed)}")
    return f"If {', or '.join(reasons)}."
