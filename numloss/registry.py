"""What a loss is, as data: its law or its loop, its arguments and their domains, and what may be asked of it."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias, cast

from .domains import Domain
from .loops.codes import LABELS, LOG_PROBABILITIES, LOGITS, RATIO, UNCHECKED

Law: TypeAlias = Callable[..., Any]
# Numbers that a law of intervals takes of one: its ends, and one more.
LOOKUPS = 3
AddsUp = Literal["rows", "groups", "no"]


def law_arguments(law: Law) -> tuple[str, ...]:
    """Names of the positional arguments of a law."""
    code = law.__code__  # type: ignore[attr-defined]
    return tuple(code.co_varnames[: code.co_argcount])


@dataclass(eq=False)
class Loss:
    """One loss. Everything that the library knows about it is here, as data.

    `params` are what the law takes last, of one number for all elements: options, and what is `derived` of options, a
    function each, computed in float64 once a call, so that 1 - q keeps its digits near q = 1. NAME_rest is what the
    dtype of the data loses of the parameter NAME.

    `words` are what an option may be called where it is no number, each with the number that stands for it. `plain` are
    parameters with which a law of ratios is a divergence that loops know by themselves.

    `differentiable` are the positions of the inputs that have a gradient, in the order of the law's slopes; `none`
    gives the number that stands in the law for an option that is None. Where the law is not of the inputs themselves
    but of what a loop makes of them, `law_inputs` and `law_slopes` say how many numbers it takes and differentiates.
    What follows from the parameters alone is computed by `constants`, once for many elements; the law takes it after
    them. Its last arguments are what its `stages` compute of those before, by their names: functions that loops call
    for many elements before the law itself, since CPUs look not far ahead.
    Where an element is not one number of each input but several neighbours on its last axis, they are `columns`.

    Where an option `cuts` the line into intervals, the law takes both ends of the one that the second input names, and
    what `interval` says of them; the slopes of the two losses `ends` are those by the lower end and by the upper one,
    which are added up for a gradient by that option. `sums` are what a law of vectors takes, each as its kind and its
    two vectors. `shared` are the positions of inputs that all rows of a batch have in common; `batch_axis` is where the
    samples of the first input lie. `tight`: slope / residual is a curvature that majorises, as the law is even in the
    difference of its inputs, and its slope divided by that falls with its size. `addresses` are those of tiles that a
    user built.
    `scalars` are options that have a gradient, where they are asked for by name. `aliases` are other names of the loss,
    `presets` names of it with some options.

    What is no loss but arrays over time has `results`, their names, and `back`, the law that pulls cotangents of them
    back.
    """

    name: str
    family: str
    law: Law | None
    declaration: Callable[..., Any]
    inputs: tuple[str, ...]
    defaults: dict[str, Any]
    domains: dict[str, Domain]
    differentiable: tuple[int, ...] = (0,)
    scalars: tuple[str, ...] = ()
    shared: tuple[int, ...] = ()
    batch_axis: int = 0
    per_element: tuple[str, ...] = ()
    none: dict[str, float] = field(default_factory=dict)
    words: dict[str, dict[str, float]] = field(default_factory=dict)
    plain: tuple[float, ...] | None = None
    params: tuple[str, ...] = ()
    derived: dict[str, Callable[..., float]] = field(default_factory=dict)
    constants: Law | None = None
    stages: dict[str, Law] = field(default_factory=dict)
    columns: int = 1
    cuts: str | None = None
    interval: Law | None = None
    ends: tuple[Loss, ...] = ()
    law_inputs: int | None = None
    law_slopes: int = 1
    sums: tuple[tuple[int, int, int], ...] = ()
    curvature: bool = True
    tight: bool = False
    least: float = 1e-16
    cost: float = 1.0
    convex: bool = False
    kinks: str = ""
    adds_up: AddsUp = "rows"
    weighted: bool = True
    reduction: str = "mean"
    task: str = ""
    aliases: tuple[str, ...] = ()
    presets: dict[str, dict[str, Any]] = field(default_factory=dict)
    back: Law | None = None
    results: tuple[str, ...] = ()
    function: Callable[..., Any] = field(default=cast(Any, None), repr=False)
    rows: dict[str, Any] = field(default_factory=dict)
    eager: bool = False
    addresses: dict[str, int] = field(default_factory=dict, repr=False)
    kernels: dict[Any, Any] = field(default_factory=dict, repr=False)
    transforms: dict[Any, Any] = field(default_factory=dict, repr=False)

    @property
    def hessian(self) -> bool:
        """Whether all its second derivatives by its one input are known, not only those by one entry alone.

        Of an element there is one; of rows of scores they follow from what the gradient is made of, but for laws of the
        ratios of two distributions.
        """
        if self.family == "combined":
            return all(part.hessian for _, part, _ in self.law.parts)  # type: ignore[union-attr]
        one = self.curvature and len(self.differentiable) == 1 and self.columns == 1
        return one and (self.family == "elementwise" or (self.family == "rowwise" and self.rows["classes"] != RATIO))

    @property
    def tile_shape(self) -> tuple[int, int, int]:
        """Inputs, parameters and differentiable inputs of the law, which determine its tile."""
        if self.law_inputs is not None:
            return self.law_inputs, len(self.params), self.law_slopes
        inputs = self.columns * len(self.inputs) + len(self.per_element) + self.lookups
        return inputs, len(self.params), self.columns * len(self.differentiable)

    def step(self, mode: int) -> tuple[Law, tuple[str, ...], tuple[str, ...]]:
        """Of arrays over time the law of a step, the arrays that it takes, and what it writes, by their names: the
        results, or in mode 1 gradients."""
        law = cast(Law, self.back if mode else self.law)
        reads = law_arguments(law)[1 : len(law_arguments(law)) - len(self.params)]
        return law, reads, tuple(self.inputs[k] for k in self.differentiable) if mode else self.results

    @property
    def checks(self) -> tuple[int, ...]:
        """How each number that the law takes of an element is checked; those that it looks up are not."""
        kinds = [
            domain.check(k in self.differentiable) if (domain := self.domains.get(name)) else UNCHECKED
            for k, name in enumerate((*self.inputs, *self.per_element))
        ]
        count = len(self.inputs)
        columns = (kind for kind in kinds[:count] for _ in range(self.columns))
        return (*columns, *kinds[count:], *(UNCHECKED,) * self.lookups)

    @property
    def tile(self) -> tuple[Any, ...]:
        """What `tile_text` takes after the mode: constants of the law, checks of a tile of elements, and its stages."""
        return (*self.constant_part, self.checks if self.family == "elementwise" else None, self.stage_part)

    @property
    def lookups(self) -> int:
        """How many numbers the law looks up by its second input."""
        return LOOKUPS if self.cuts else 0

    @property
    def constant_part(self) -> tuple[Law | None, tuple[int, ...], int]:
        """What computes the constants of the law, of which of its parameters, and how many they are."""
        if self.constants is None:
            return None, (), 0
        inputs, params, _ = self.tile_shape
        of = tuple(self.params.index(name) for name in law_arguments(self.constants))
        return self.constants, of, len(law_arguments(cast(Law, self.law))) - inputs - params - len(self.staged)

    @property
    def staged(self) -> tuple[str, ...]:
        """Names of what the stages of the law give."""
        return tuple(name for names in self.stages for name in names.split(", "))

    @property
    def stage_part(self) -> tuple[tuple[Law, tuple[int, ...], int], ...]:
        """The stages of the law, which of its arguments each takes, and how many it gives."""
        if not self.stages:
            return ()
        arguments = law_arguments(cast(Law, self.law))
        of = [tuple(map(arguments.index, law_arguments(stage))) for stage in self.stages.values()]
        counts = [len(names.split(", ")) for names in self.stages]
        return tuple(zip(self.stages.values(), of, counts, strict=True))

    @functools.cached_property
    def whole_law(self) -> Law | None:
        """The law with its stages, as one function of what it takes before them."""
        if not self.stages:
            return self.law
        law = cast(Law, self.law)
        arguments = law_arguments(law)
        scope: dict[str, Any] = {"__name__": law.__module__, "law": law}
        lines = [f"def {law.__name__}({', '.join(arguments[: -len(self.staged)])}):"]
        for k, (names, stage) in enumerate(self.stages.items()):
            scope[f"stage{k}"] = stage
            lines.append(f"    {names} = stage{k}({', '.join(law_arguments(stage))})")
        exec("\n".join([*lines, f"    return law({', '.join(arguments)})"]), scope)
        return cast(Law, scope[law.__name__])

    @functools.cached_property
    def regions(self) -> Loss:
        """Of a regional loss: its law as an elementwise loss of the sums, which are float64 and need no check."""
        inputs = ("tp", "fp", "fn")
        facts: dict[str, Any] = {"differentiable": (0, 1, 2), "params": self.params, "function": self.function}
        return Loss(self.name, "elementwise", self.law, self.declaration, inputs, self.defaults, self.domains, **facts)

    @functools.cached_property
    def logits(self) -> Loss:
        """Of a head, or of similarities: its loss of the logits, by labels."""
        return self._of_rows(LOGITS)

    @functools.cached_property
    def counts(self) -> Loss:
        """Of a head: a loss that counts the same rows and looks at no scores."""
        return self._of_rows(LOG_PROBABILITIES)

    def _of_rows(self, scores: int) -> Loss:
        facts = {"scores": scores, "target": LABELS, "factor": None, "classes": 0}
        known = (("logits", "target"), self.defaults, self.domains)
        loss = Loss(self.name, "rowwise", None, self.declaration, *known, cost=2.0)
        loss.rows, loss.function = facts, self.function
        return loss

    def __reduce__(self) -> Any:
        return loss_of, (self.function,)


LOSSES: dict[str, Loss] = {}


def loss_of(function: Callable[..., Any]) -> Loss:
    """The record behind a public loss function."""
    try:
        return cast(Loss, function.__loss__)  # type: ignore[attr-defined]
    except AttributeError:
        if isinstance(function, str):
            known = [loss.name for loss in LOSSES.values() if function in (loss.name, *loss.aliases)]
            meant = f"numloss.{known[0]}" if known else "one of those that numloss.list_losses() names"
            raise TypeError(f"{function!r} is a name; what is needed is the loss itself, {meant}") from None
        raise TypeError(
            f"{function!r} is not a loss of numloss; numloss.elementwise and numloss.rowwise make one from a law"
        ) from None
