"""Valid arguments for every loss, drawn from the domains in its record.

A case is the name of a loss, or "name:variant" where a loss reads its inputs in several ways. A problem is described
by the shape of the unreduced loss; generators.py knows the shapes of the inputs.
"""

from __future__ import annotations

import functools
import inspect
import itertools
import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from generators import FAMILIES, PIXELS, SHAPES, SILENT, SMALL, SOLID, VARIANTS, Arrays, Shape
from seeds import generator

from numloss.domains import Domain
from numloss.loops.codes import LEVELS, LOGIT, PAIRS
from numloss.registry import LOSSES, Loss

NAMES = sorted(LOSSES)
CASES = sorted(f"{name}:{variant}".rstrip(":") for name in NAMES for variant in VARIANTS.get(name, {"": {}}))
DTYPES = ("float32", "float64")
# Losses whose gradients hold a factor constant, so that differences do not show them.
HELD = ("ciou", "circle", "cispo", "beta_nll", "seesaw")
REDUCTIONS = ("mean", "sum", "none")
# Values of an option inside a domain, most ordinary first; what a domain does not contain is left out.
OPTION_VALUES = (0.25, 0.0, 0.1, 2.5, 1.0, 1.75, 1.25)


def record(case: str) -> Loss:
    """The loss of a case."""
    return LOSSES[case.partition(":")[0]]


def kind(name: str) -> tuple[Any, ...]:
    """What the loops see of a loss: the same for laws with as many inputs and slopes.

    How each input is checked is seen by tiles alone, and test_bad_values.py tests it for every loss.
    """
    loss = LOSSES[name]
    if loss.family == "rowwise" and loss.law is not None:
        of_class = loss.rows["classes"]
        loop = of_class if of_class in (LEVELS, LOGIT, PAIRS) else bool(of_class)
        return "a law of rows", loss.rows["target"], loss.rows["scores"], loop
    if loss.family == "regional":
        return (loss.family,)
    if loss.family in ("embedding", "similarity"):
        return loss.family, len(loss.differentiable), loss.law is None
    if loss.family == "ranked":
        return loss.family, loss.rows["loop"]
    if loss.family == "examplewise":
        rows = loss.rows
        options = [array for array in rows["axes"] if array not in loss.inputs]
        roles = bool(rows["labels"]), bool(rows["lengths"]), bool(options), rows["scales"]
        return loss.family, len(loss.differentiable), bool(loss.shared), roles
    if loss.family != "elementwise":
        return (name,)
    inputs, _, slopes = loss.tile_shape
    return inputs, slopes, len(loss.per_element), loss.weighted


# The cheapest loss of each kind, or of those the one with most variants, stands for its kind: it is taken through every
# layout, reduction, weight and number of threads. What follows from the law alone, its numbers and its bad values, is
# tested for every loss; the rest of the matrix for the others is marked `more`.
ORDER = sorted(LOSSES, key=lambda name: (-LOSSES[name].cost, len(VARIANTS.get(name, ())), name))
EXAMPLES = {kind(name): name for name in ORDER}


def stands_for_its_kind(case: str) -> bool:
    """Whether a case is one of a loss that is tested in full by default."""
    name = case.partition(":")[0]
    return EXAMPLES[kind(name)] == name


def calls(case: str) -> Iterator[tuple[dict[str, Any], str, str]]:
    """Options, reduction, kind of weight: every option once, all of the rest for a loss that stands for its kind."""
    kinds = weights(case)
    for place, given in enumerate(options(case)):
        full = place == 0 and stands_for_its_kind(case)
        yield from itertools.product([given], REDUCTIONS if full else REDUCTIONS[:1], kinds if full else kinds[-1:])


@functools.lru_cache(maxsize=128)
def drawn(case: str, shape: Shape, ends: bool, seed: object) -> Arrays:
    """The inputs of a loss, before they have a dtype; drawing them takes longer than most calls."""
    name, _, variant = case.partition(":")
    loss = LOSSES[name]
    return tuple(FAMILIES[loss.family](loss, shape, generator(case, shape, seed), ends, variant))


def arrays(case: str, shape: Shape, dtype: str, *, ends: bool = True, seed: object = 0) -> Arrays:
    """The inputs of a loss, in the order of its signature; real ones in the dtype."""
    found = drawn(case, tuple(shape), ends, seed)
    return tuple(np.array(a, dtype=dtype if a.dtype.kind == "f" else a.dtype, order="C") for a in found)


def weight(case: str, shape: Shape, dtype: str, kind: str) -> np.ndarray[Any, Any] | None:
    """No weight, one for each value of the loss ("full"), or one for each sample ("sample"); a fifth are zero."""
    if kind == "none":
        return None
    return drawn_weight(case, shape, kind).astype(dtype)


@functools.lru_cache(maxsize=128)
def drawn_weight(case: str, shape: Shape, kind: str) -> np.ndarray[Any, Any]:
    random = generator(case, shape, kind)
    size = shape if kind == "full" else shape[:1]
    return np.where(random.random(size) < 0.2, 0.0, random.uniform(0.1, 2.0, size))


def weights(case: str) -> tuple[str, ...]:
    """The kinds of weight that a loss takes."""
    return ("none", "full", "sample") if record(case).weighted else ("none",)


def shapes(case: str) -> tuple[Shape, ...]:
    """Shapes of the unreduced loss to try: of several blocks for a loss that stands for its kind alone."""
    found = SHAPES[case] if case in SHAPES else SHAPES[record(case).family]
    return found if stands_for_its_kind(case) else tuple(shape for shape in found if small_enough(shape))


def small_enough(shape: Shape) -> bool:
    """Whether a problem is below a thousand values."""
    return math.prod(shape) < 1000 and shape not in PIXELS


def small(case: str) -> Shape:
    """A shape of seven samples, where a loss has samples."""
    return SMALL.get(case, SMALL.get(record(case).family, (7,)))


def solid(case: str) -> Shape:
    """A shape of several blocks, with several axes where a loss has them."""
    return SOLID[case] if case in SOLID else SOLID[record(case).family]


def middle(case: str) -> Shape:
    """The largest shape below a thousand values."""
    return max(filter(small_enough, shapes(case)), key=math.prod)


def largest(case: str) -> Shape:
    """A shape of several blocks."""
    return max((*shapes(case), solid(case)), key=lambda shape: math.prod(shape) * PIXELS.get(shape, 1))


def option_values(loss: Loss, option: str) -> list[Any]:
    """Values other than the default that an option may have."""
    default = loss.defaults[option]
    if isinstance(default, bool):
        return [not default]
    domain = loss.domains.get(option)
    if domain is None:
        return []
    return [value for value in OPTION_VALUES if value in domain and value != default][:2]


def required(case: str) -> dict[str, Any]:
    """The options that make a case what it is, and a value for each option that has no default."""
    name, _, variant = case.partition(":")
    loss = LOSSES[name]
    given = VARIANTS.get(name, {}).get(variant, {})
    missing = [option for option, default in loss.defaults.items() if default is inspect.Parameter.empty]
    return given | {option: option_values(loss, option)[0] for option in missing if option not in given}


def options(case: str) -> Iterator[dict[str, Any]]:
    """The default options, then each option by itself at other values of its domain."""
    loss, always = record(case), required(case)
    yield always
    decided = {option for given in VARIANTS.get(loss.name, {}).values() for option in given}
    for option in loss.defaults:
        if option in decided or option in SILENT.get(case, ()):
            continue
        for value in option_values(loss, option):
            if always.get(option) != value:
                yield {**always, option: value}


def outside(domain: Domain) -> list[float]:
    """Values that a domain does not contain: NaN, just past its ends, far away, between its integers."""
    found = [math.nan]
    for end, far in ((domain.low, -math.inf), (domain.high, math.inf)):
        found.append(far)
        if abs(end) < 1e300:
            rounded = np.float32(end)  # an open end itself
            found += [float(rounded), float(np.nextafter(rounded, np.float32(far)))]
    if domain.integers:
        found.append(0.5)
    return [value for value in found if value not in domain]
