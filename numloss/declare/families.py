"""How a loss is declared: a decorator for each family.

A file of a loss holds two adjacent definitions, the law and its declaration. This is an empty function with the
full signature and the docstring; a decorator of this module turns it into the public function and records the
loss in LOSSES.
"""

from __future__ import annotations

import functools
import inspect
import types
from collections.abc import Callable
from typing import Any, Literal, TypedDict, TypeVar, cast, get_args, get_type_hints, is_typeddict

from .. import dispatch
from ..calls.tokens import DENOMINATORS, RATIOS
from ..domains import POSITIVE, Domain
from ..loops.codes import LABELS, LOGITS, REST_DROPPED, REST_OF_BOTH, REST_OF_SCORES
from ..registry import LOOKUPS, LOSSES, Law, Loss, law_arguments, loss_of
from ..typing import Array
from .docstrings import complete

# What becomes of the classes that a target does not name.
REST = {"tail": float(REST_OF_BOTH), "drop": float(REST_DROPPED), "zero": float(REST_OF_SCORES)}
Declaration = TypeVar("Declaration", bound=Callable[..., Any])


class Options(TypedDict, total=False):
    """The options that every loss on predictions has."""

    weight: Array | None
    reduction: Literal["mean", "sum", "none", "top"]
    top: float | None
    above: float | None
    out: Any
    backend: str | None


class ParameterOptions(TypedDict, total=False):
    """The options of losses on parameters: no weight, and the sum by default."""

    reduction: Literal["mean", "sum", "none"]
    out: Any
    backend: str | None


class ScanOptions(TypedDict, total=False):
    """The options of what gives arrays over time."""

    out: Any
    backend: str | None


@functools.cache
def of_all_losses(options: type) -> tuple[inspect.Parameter, ...]:
    """Options as parameters, None by default."""
    keyword, hints = inspect.Parameter.KEYWORD_ONLY, get_type_hints(options)
    return tuple(inspect.Parameter(name, keyword, default=None, annotation=kind) for name, kind in hints.items())


def written_out(loss: Loss) -> inspect.Signature:
    """The signature of a declaration with each of the options that all losses have, for help and completion."""
    signature = inspect.signature(loss.declaration)
    *found, rest = signature.parameters.values()
    options = get_args(rest.annotation)
    if not (options and is_typeddict(options[0])):
        return signature
    for one in of_all_losses(options[0]):
        found.append(one.replace(default=loss.reduction) if one.name == "reduction" else one)
    return inspect.Signature(found, return_annotation=signature.return_annotation)


def public_function(loss: Loss) -> Callable[..., Any]:
    """The function that users call: name, signature, docstring and module of the declaration around `evaluate`."""
    evaluate = dispatch.evaluate
    if loss.results and loss.family == "examplewise":

        def call(*arguments: Any, **options: Any) -> Any:
            # arrays that are written as gradients are, beside a sum of nothing
            return evaluate(loss, 1, arguments, options, True)[1]

    else:

        def call(*arguments: Any, **options: Any) -> Any:
            return evaluate(loss, 0, arguments, options)

    declaration = loss.declaration
    # the globals of the declaration's module make doctest, pickle and inspect find the function where it is written
    function = types.FunctionType(call.__code__, declaration.__globals__, declaration.__name__, None, call.__closure__)
    for name in ("__module__", "__qualname__", "__doc__"):
        setattr(function, name, getattr(declaration, name))
    function.__wrapped__ = declaration  # type: ignore[attr-defined]
    function.__annotations__ = declaration.__annotations__
    function.__loss__ = loss  # type: ignore[attr-defined]
    function.__signature__ = written_out(loss)  # type: ignore[attr-defined]
    return function


def _signature(declaration: Callable[..., Any]) -> tuple[tuple[str, ...], dict[str, Any]]:
    # kept, as it is asked for again where the loss is recorded
    declaration.__signature__ = inspect.signature(declaration)  # type: ignore[attr-defined]
    parameters = inspect.signature(declaration).parameters.values()
    inputs = tuple(p.name for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD)
    defaults = {p.name: p.default for p in parameters if p.kind is p.KEYWORD_ONLY}
    return inputs, defaults


def record(
    family: str, law: Law | None, declaration: Declaration, domains: dict[str, Domain], facts: dict[str, Any]
) -> Declaration:
    """Make the loss of a declaration, put it into LOSSES, and return its public function."""
    inputs, defaults = _signature(declaration)
    if "denominator" in defaults:
        domains = {**domains, "length": POSITIVE}
        facts["words"] = {"denominator": DENOMINATORS, **facts.get("words", {})}
        facts["none"] = {"length": 0.0, **facts.get("none", {})}
    if "ratio" in defaults:
        facts["words"] = {"ratio": RATIOS, **facts.get("words", {})}
    module = declaration.__module__.split(".")
    facts.setdefault("task", module[-2] if len(module) > 2 else "yours")
    loss = Loss(declaration.__name__, family, law, declaration, inputs, defaults, domains, **facts)
    if declaration.__doc__:
        declaration.__doc__ = complete(loss)
    loss.function = public_function(loss)
    if declaration.__module__.startswith("numloss.losses.") and not loss.name.startswith("_"):
        if loss.name in LOSSES:
            raise ValueError(f"two losses are called {loss.name}")
        LOSSES[loss.name] = loss
    return cast(Declaration, loss.function)


def preset(name: str, function: Declaration, **options: Any) -> Declaration:
    """A name of the field for a loss with these options, recorded with the loss."""
    loss_of(function).presets[name] = options
    return cast(Declaration, functools.partial(function, **options))


def _split(arguments: dict[str, Any]) -> tuple[dict[str, Domain], dict[str, Any]]:
    domains = {name: value for name, value in arguments.items() if isinstance(value, Domain)}
    facts = {name: value for name, value in arguments.items() if name not in domains}
    return domains, facts


def parameters_of(given: tuple[str, ...], defaults: dict[str, Any], facts: dict[str, Any]) -> tuple[str, ...]:
    """Those of a law's last arguments that are options or derived of them, neither constants nor of its stages."""
    known = {*defaults, *facts.get("derived", ())}
    return tuple(name for name in given if name in known or name.removesuffix("_rest") in known)


def elementwise(law: Law, /, **arguments: Any) -> Callable[[Declaration], Declaration]:
    """Declare a loss whose value at each element is a scalar law of the inputs there.

    Keywords that are domains belong to the argument of that name; the others are facts of the loss. With `columns` an
    element is so many neighbours on the last axis of each input, and the law takes them one after the other.
    """

    def decorate(declaration: Declaration) -> Declaration:
        domains, facts = _split(arguments)
        inputs, defaults = _signature(declaration)
        taken = facts.get("columns", 1) * len(inputs) + len(facts.get("per_element", ()))
        taken += LOOKUPS if "cuts" in facts else 0
        facts["ends"] = tuple(map(loss_of, facts.get("ends", ())))
        given = law_arguments(law)[taken:]
        params = parameters_of(given, defaults, facts)
        facts["params"] = params if "constants" in facts or "stages" in facts else given
        return record("elementwise", law, declaration, domains, facts)

    return decorate


def parameterwise(law: Law, /, **arguments: Any) -> Callable[[Declaration], Declaration]:
    """Declare a penalty on parameters: elementwise, no weight, summed by default."""
    return elementwise(law, **{"weighted": False, "reduction": "sum", "convex": True, **arguments})


def rowwise(
    law: Law | None = None,
    /,
    *,
    scores: int,
    target: int | None = None,
    factor: str | None = None,
    classes: int = 0,
    offsets: Callable[..., Any] | None = None,
    eager: bool = False,
    asked: bool = False,
    law_inputs: int | None = None,
    **arguments: Any,
) -> Callable[[Declaration], Declaration]:
    """Declare a cross-entropy of rows: what its scores are, and what its targets are.

    The names of its options say the rest; calls/rowwise.py reads them. `eager`: they differ from what those names
    mean when nothing is given. A law is of the `law_inputs` numbers of loops/rowwise_law.py, then its parameters;
    `factor` is the option that multiplies the losses of each class. With `classes` it is one of each class, as in
    loops/rowwise_classes.py, and they are summed, averaged, or the largest counts; or it makes a logit of each entry.
    `offsets` makes a number for each class of options of its names, the first of which says how frequent each class is:
    what is added to its scores, or what a law of logits is told of the label's class.
    `asked`: of levels a row counts as many as its label answers for.
    """

    def decorate(declaration: Declaration) -> Declaration:
        domains, facts = _split(arguments)
        facts["rows"] = {"scores": scores, "target": target, "factor": factor, "classes": classes}
        facts["rows"] |= {"offsets": offsets, "asked": asked}
        if law is not None:
            _, defaults = _signature(declaration)
            facts["params"] = parameters_of(law_arguments(law)[law_inputs:], defaults, facts)
            facts["law_inputs"] = law_inputs
        return record("rowwise", law, declaration, domains, {"cost": 2.0, "eager": eager, **facts})

    return decorate


def distilled(**arguments: Any) -> Callable[[Declaration], Declaration]:
    """Declare a loss of logits between those of a teacher, at a `temperature`, and labels; `alpha` weighs both."""

    def decorate(declaration: Declaration) -> Declaration:
        domains, facts = _split(arguments)
        facts["rows"] = {"scores": LOGITS, "target": LABELS, "factor": None, "classes": 0}
        return record("distilled", None, declaration, domains, {"params": ("alpha",), "eager": True, **facts})

    return decorate


def _of_derived(family: str, what: str) -> Callable[..., Callable[[Declaration], Declaration]]:
    def declare(law: Law, /, *, law_inputs: int, **arguments: Any) -> Callable[[Declaration], Declaration]:
        def decorate(declaration: Declaration) -> Declaration:
            domains, facts = _split(arguments)
            facts.update(law_inputs=law_inputs, params=law_arguments(law)[law_inputs:])
            return record(family, law, declaration, domains, facts)

        return decorate

    declare.__doc__ = f"Declare a loss whose law is of {what}: `law_inputs` numbers, then its parameters."
    return declare


action_value = _of_derived("action_value", "one chosen entry of each row and a target for it")
regional = _of_derived("regional", "sums over the pixels of each region")
embedding = _of_derived("embedding", "sums over the entries of vectors and what is known of each")


def head(**arguments: Any) -> Callable[[Declaration], Declaration]:
    """Declare a cross-entropy of the logits ``hidden @ classifier.T + bias``, with labels as targets."""

    def decorate(declaration: Declaration) -> Declaration:
        domains, facts = _split(arguments)
        fixed = {"differentiable": (0, 1), "shared": (1,), "curvature": False}
        return record("head", None, declaration, domains, {**fixed, **facts})

    return decorate


def similarity(law: Law | None = None, /, *, rule: str, **arguments: Any) -> Callable[[Declaration], Declaration]:
    """Declare a loss of the cosines of all pairs of a batch; backends know by its name what `rule` makes of them.

    A law is of a score, whether its rows belong together, and parameters.
    """

    def decorate(declaration: Declaration) -> Declaration:
        domains, facts = _split(arguments)
        if law is not None:
            facts.update(law_inputs=2, params=law_arguments(law)[2:])
        _, defaults = _signature(declaration)
        scalars = tuple(name for name in ("temperature", "bias") if name in defaults)
        fixed = {"rows": {"rule": rule}, "curvature": False, "adds_up": "no", "scalars": scalars}
        return record("similarity", law, declaration, domains, {"differentiable": (0, 1), **fixed, **facts})

    return decorate


def clouds(law: Law, /, *, law_inputs: int, rule: str, **arguments: Any) -> Callable[[Declaration], Declaration]:
    """Declare a loss of two clouds of points; backends know by its name what `rule` makes of a law of their distances.

    A law is of the squared distance of two points, in units, of the unit, and of parameters. Its slope is what their
    difference, in units, is multiplied by for the gradient by the first of them.
    """

    def decorate(declaration: Declaration) -> Declaration:
        domains, facts = _split(arguments)
        facts.update(law_inputs=law_inputs, params=law_arguments(law)[law_inputs:])
        fixed = {"rows": {"rule": rule}, "curvature": False, "adds_up": "no"}
        return record("clouds", law, declaration, domains, {"differentiable": (0, 1), **fixed, **facts})

    return decorate


def ranked(loop: str, /, **arguments: Any) -> Callable[[Declaration], Declaration]:
    """Declare a loss of lists of uneven length, each of them a group, that `loop` computes."""

    def decorate(declaration: Declaration) -> Declaration:
        domains, facts = _split(arguments)
        facts |= {"rows": {"loop": loop}, "adds_up": "groups"}
        return record("ranked", None, declaration, domains, facts)

    return decorate


def sequence(**arguments: Any) -> Callable[[Declaration], Declaration]:
    """Declare a loss of whole sequences, which lie on axis 1 of the prediction, step by step along axis 0."""

    def decorate(declaration: Declaration) -> Declaration:
        domains, facts = _split(arguments)
        facts = {"batch_axis": 1, "adds_up": "groups", "curvature": False, **facts}
        return record("sequence", None, declaration, domains, facts)

    return decorate


def examplewise(
    loop: str,
    /,
    *,
    axes: dict[str, tuple[str, ...]],
    scratch: Callable[[dict[str, Any], int], tuple[int, int, int]],
    work: Callable[[dict[str, Any]], float],
    run: int = 1,
    labels: dict[str, str] | None = None,
    lengths: dict[str, str] | None = None,
    allowed: Callable[[dict[str, int], dict[str, float]], str | None] | None = None,
    refused: str = "",
    scales: bool = False,
    **arguments: Any,
) -> Callable[[Declaration], Declaration]:
    """Declare a loss of whole examples, which `loop` of loops/ computes, up to `run` of them at a time.

    `axes` names the axes of every array: "..." are those of the examples, and what lacks them all examples share. So
    may options that are arrays. `labels` are integers below the size of an axis, or any where its name is "", `lengths`
    say how many entries of an axis count of an example. Of the sizes of axes and the parameters, by their names, follow
    the `scratch` of the loop, for a mode: how many numbers of the data's dtype, float64 and int64; and the `work` of an
    example in nanoseconds. `allowed` says what is wrong with sizes and parameters together, `refused` what is with an
    example that the loop reports. A loop that `scales` takes one example, and multiplies its gradient by `e.factor`,
    where another pass over that would cost too much. With `results` it is no loss: what the loop writes as the gradient
    by the first input is what the function gives.
    """

    def decorate(declaration: Declaration) -> Declaration:
        domains, facts = _split(arguments)
        inputs, _ = _signature(declaration)
        # an option that is an array is none that has a number
        of_arrays = {name: domains[name] for name in axes if name in domains}
        domains = {name: domain for name, domain in domains.items() if name in inputs or name not in of_arrays}
        facts["rows"] = {
            **{"loop": loop, "axes": axes, "domains": of_arrays, "scratch": scratch, "work": work, "run": run},
            **{"labels": labels or {}, "lengths": lengths or {}, "allowed": allowed, "refused": refused},
            "scales": scales,
        }
        facts["shared"] = tuple(k for k, name in enumerate(inputs) if "..." not in axes[name])
        if "results" in facts:
            facts |= {"weighted": False, "reduction": "none", "adds_up": "no"}
        return record("examplewise", None, declaration, domains, {"curvature": False, **facts})

    return decorate


def ordered(*, activation: str | None, **arguments: Any) -> Callable[[Declaration], Declaration]:
    """Declare a loss of the sorted errors of the pixels of regions, of a softmax or of the predictions themselves."""

    def decorate(declaration: Declaration) -> Declaration:
        domains, facts = _split(arguments)
        facts |= {"rows": {"activation": activation}, "curvature": False, "adds_up": "no"}
        return record("ordered", None, declaration, domains, facts)

    return decorate


def scan(law: Law, /, *, back: Law, results: tuple[str, ...], **arguments: Any) -> Callable[[Declaration], Declaration]:
    """Declare arrays over time, the `results`, that a law of one step makes, walked from the last step to the first.

    The law takes a state, which is 0 behind the last step, then what lies at the step: inputs and options, of which
    those that are arrays are `per_element`, by their names, `truncated` among them, and parameters; it gives the next
    state and the results. `back` pulls cotangents of the results back to the differentiable inputs: walked from the
    first step to the last, it takes a state, arrays, cotangents by the names of the results, and the same parameters.
    """

    def decorate(declaration: Declaration) -> Declaration:
        domains, facts = _split(arguments)
        inputs, _ = _signature(declaration)
        arrays = {*inputs, *facts["per_element"]}
        facts["params"] = tuple(name for name in law_arguments(law)[1:] if name not in arrays)
        fixed = {"back": back, "results": results, "curvature": False, "weighted": False, "reduction": "none"}
        return record("scan", law, declaration, domains, {**fixed, "adds_up": "no", **facts})

    return decorate


def grouped(**arguments: Any) -> Callable[[Declaration], Declaration]:
    """Declare an array of numbers beside the others of their group, less its mean, over its deviation."""

    def decorate(declaration: Declaration) -> Declaration:
        domains, facts = _split(arguments)
        fixed = {"results": ("advantages",), "differentiable": (), "weighted": False, "reduction": "none"}
        fixed["curvature"] = False
        return record("grouped", None, declaration, domains, {**fixed, "adds_up": "no", **facts})

    return decorate
