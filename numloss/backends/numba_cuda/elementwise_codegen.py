"""The text of a walk: one law over one tile of 512 elements, 32 lanes wide, as source generated per law.

A lane takes `width` neighbouring elements at a time, 128 bits with the vector words, eight where some operands have 16
bits, or one element with `read`. Elements that lie 128 apart meet in one slot, or 256 apart where there are eight: what
those of two slots add up to is then the same; sums are in float64, as on the host, in an order of their own. Its header
c is Elementwise of numloss/loops/headers, or Weights without a law.
"""

from __future__ import annotations

from dataclasses import dataclass

from ...loops.codes import UNCHECKED, WEIGHT_OPERAND
from ...loops.tiles import constants_text

TILE, LANES = 512, 32
# Numbers of 16 bits in 128 bits.
EIGHT = 8


@dataclass(frozen=True)
class Shape:
    """What a walk has to know of a law: the check of each input, as in numloss/domains.py, and counts.

    No input at all is the walk that only adds up weights. constants: whether each input is one number for all.
    `width`: how many elements a lane takes at a time, see `width_of` in reading.py. What follows
    from the parameters `constants_of` alone is `constants_count` numbers, computed once for a walk. The last `lookups`
    inputs are tables, whose entry the second input names, if it is a whole number that they have. `large`: the law
    keeps many numbers at once. `tight`: its curvature is slope / residual.
    """

    checks: tuple[int, ...]
    constants: tuple[bool, ...]
    params: int
    slopes: int
    mode: int
    width: int
    constants_of: tuple[int, ...] = ()
    constants_count: int = 0
    lookups: int = 0
    large: bool = False
    tight: bool = False

    @property
    def slots(self) -> int:
        """How many sums a tile has."""
        return 256 if self.width == EIGHT else 128

    @property
    def outputs(self) -> int:
        """Slopes and curvatures together."""
        return self.slopes * self.mode

    @property
    def counts(self) -> dict[str, int]:
        """How many the header has of what there may be many of."""
        inputs = len(self.checks)
        return {"inputs": inputs, "bounds": inputs, "outputs": self.outputs, "params": self.params}


def _load(operand: str, width: int, constant: str) -> str:
    """Expression for `width` elements of an operand, as a tuple."""
    if width == 1:
        return f"(read({operand}, {constant}, at),)"
    return f"load_eight({operand}, {constant}, at)" if width == EIGHT else f"load_vector(reals({operand}.array), at)"


def _store(operand: str, width: int, name: str) -> list[str]:
    """Writing the variables name0, name1, ...; a value that an error will name is not overwritten."""
    values = [f"{name}{i}" for i in range(width)]
    wide = f"store_vector(reals({operand}.array), at, ({', '.join(values)}))"
    if width == EIGHT:
        wide = f"store_eight({operand}, at, ({', '.join(values)}))"
    return ["if first == NO_COMPLAINT:", f"    {f'write({operand}, at, {values[0]})' if width == 1 else wide}"]


def _inputs(shape: Shape, width: int) -> list[str]:
    """Reading the inputs and testing their domains."""
    lines = []
    for k, check in enumerate(shape.checks):
        operand, bounds = f"c.inputs[{k}]", f"c.bounds[{k}]"
        if k >= len(shape.checks) - shape.lookups:
            ends = "c.bounds[1].low, c.bounds[1].high"
            chosen = (f"look_up(reals({operand}.array), x1[{i}], {ends})" for i in range(width))
            lines.append(f"x{k} = ({', '.join(chosen)},)")
            continue
        number = f"({f'{bounds}.constant, ' * width})"
        lines.append(f"x{k} = {number if shape.constants[k] else _load(operand, width, 'zero')}")
        for i in range(width if check != UNCHECKED else 0):
            lines.append(f"if outside(x{k}[{i}], {check}, {bounds}.low, {bounds}.high) == 1:")
            lines.append(f"    first = min(first, key(at + {i}, {k}))")
    return lines


def _params(shape: Shape) -> list[str]:
    """The parameters of the law."""
    return [f"c.params[{k}]" for k in range(shape.params)]


def _law(shape: Shape, width: int) -> list[str]:
    """The law at each element; v, s and h are its value, slopes and curvatures."""
    inputs = len(shape.checks)
    if not inputs:
        return [f"v{i} = zero" for i in range(width)]
    params = _params(shape) + [f"k{k}" for k in range(shape.constants_count)]
    lines = []
    for i in range(width):
        slopes, curvatures = (", ".join(f"{name}{k}_{i}" for k in range(shape.slopes)) for name in "sh")
        if shape.slopes > 1:
            slopes, curvatures = f"({slopes})", f"({curvatures})"
        arguments = ", ".join([f"x{k}[{i}]" for k in range(inputs)] + params)
        lines.append(f"v{i}, {slopes}, {curvatures} = law({arguments})")
        if shape.tight:
            lines.append(f"r{i} = x0[{i}] - x1[{i}]")
            lines.append(f"h0_{i} = s0_{i} / r{i} if abs(r{i}) > NEXT_TO_NOTHING else h0_{i}")
    return lines


def _weights(width: int) -> list[str]:
    """Reading the weights, testing them, and weighting the values."""
    lines = [f"w = {_load('c.weight', width, 'zero')}"]
    for i in range(width):
        lines.append(f"if c.weighted == WEIGHTED and outside(w[{i}], NUMBER, zero, infinite) == 1:")
        lines.append(f"    first = min(first, key(at + {i}, {WEIGHT_OPERAND}))")
        lines.append(f"w{i} = w[{i}]")
        # what has weight 0 counts nothing, even where it is inf or NaN
        lines.append(f"t{i} = double(v{i}) * double(w{i}) if w{i} != zero else double(zero)")
        lines.append(f"v{i} = v{i} * w{i} if w{i} != zero else zero")
    return lines


def _outputs(shape: Shape, width: int) -> list[str]:
    """Weighting the values, writing them, the slopes and the curvatures."""
    if not shape.checks:
        return _weights(width)
    lines = ["if c.weighted != UNWEIGHTED:"]
    lines += [f"    {line}" for line in _weights(width)]
    lines += [f"    f{i} = weight_factor(w{i}, scale)" for i in range(width)]
    lines.append("else:")
    lines += [f"    w{i}, f{i}, t{i} = zero, real(scale), double(v{i})" for i in range(width)]
    lines.append("if c.unreduced == 1:")
    lines += [f"    {line}" for line in _store("c.values", width, "v")]
    for k in range(shape.outputs):
        name = f"{'sh'[k // shape.slopes]}{k % shape.slopes}_"
        for i in range(width):
            if k >= shape.slopes:
                lines.append(f"{name}{i} = c.least if {name}{i} < c.least else {name}{i}")
            lines.append(f"{name}{i} = {name}{i} * f{i} if c.weighted == UNWEIGHTED or w{i} != zero else zero")
        lines += _store(f"c.outputs[{k}]", width, name)
    return lines


def walk_text(shape: Shape, width: int) -> str:
    """Source of `walk`, which returns the first complaint and leaves the sums of the slots in sums and weights."""
    # four elements of a slot are added in pairs, two need one sum
    pairs = shape.slots == 128
    sums = [f"{name}{i}" for name in "ab"[: 1 + pairs] for i in range(width)]
    weights = [f"{name}{i}" for name in "de"[: 1 + pairs] for i in range(width)]
    body = _inputs(shape, width) + _law(shape, width) + _outputs(shape, width)
    empty = ", ".join(f"t{i}, w{i}" for i in range(width))
    params = _params(shape)
    constants = constants_text("constants", [params[k] for k in shape.constants_of], shape.constants_count)
    lines = [
        "def walk(c, scale, start, stop, lane, sums, weights, row, first):",
        *[f"    {line}" for line in constants],
        f"    for h in range({shape.slots // (LANES * width)}):",
        f"        slot = (h * {LANES} + lane) * {width}",
        f"        {' = '.join(sums + weights)} = double(zero)",
        f"        for j in range({TILE // shape.slots}):",
        f"            at = start + slot + {shape.slots} * j",
        f"            {empty} = {', '.join(['double(zero), zero'] * width)}",
        "            if at < stop:",
        *[f"                {line}" for line in body],
    ]
    for i in range(width):
        for total, other, term in ((f"a{i}", f"b{i}", f"t{i}"), (f"d{i}", f"e{i}", f"double(w{i})")):
            more = f"{total}, {other} = {other}, {total} + {term}" if pairs else f"{total} = {total} + {term}"
            lines.append(f"            {more}")
    for i in range(width):
        lines.append(f"        sums[row + slot + {i}] = a{i}{f' + b{i}' * pairs}")
        lines.append(f"        if weighted(c):\n            weights[row + slot + {i}] = d{i}{f' + e{i}' * pairs}")
    lines.append("    return first")
    return "\n".join(lines) + "\n"
