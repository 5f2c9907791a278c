"""The text of a walk: one law over one tile of 512 elements, 32 lanes wide, as source generated per law.

A lane takes `width` neighbouring elements at a time, 128 bits with the vector words or one element with `read`.
Elements that lie 128 apart meet in one slot, which is added in the order of numloss/loops/sums.py, so that the
sums have the bits of the host. Header of the problem c, in integers:

    0 elements   1 elements of a block   2 address of the partial results   3 address of the scale, or 0
    4 weighted   5 the values are wanted
    6 onwards: three integers an operand: inputs, weight, values, slopes, curvatures, absent ones 0

Numbers r, of the dtype of the data: scale (if c[3] is 0), least curvature, then for each input its constant,
lowest and highest value, then the parameters of the law.
"""

from __future__ import annotations

from dataclasses import dataclass

from ...loops.codes import WEIGHT_OPERAND
from ...loops.tiles import constants_text

TILE, SLOTS, LANES = 512, 128, 32
OPERANDS_AT = 6
NO_COMPLAINT = 1 << 62


@dataclass(frozen=True)
class Shape:
    """What a walk has to know of a law: the check of each input, as in numloss/domains.py, and counts.

    No input at all is the walk that only adds up weights. `wide`: every operand is a constant or lies in C order in
    the dtype of the data, aligned to 16 bytes. What follows from the parameters `constants_of` alone is
    `constants_count` numbers, computed once for a walk. The last `lookups` inputs are tables, whose entry
    the second input names, if it is a whole number that they have. `large`: the law keeps many numbers at once.
    """

    checks: tuple[int, ...]
    constants: tuple[bool, ...]
    params: int
    slopes: int
    mode: int
    wide: bool
    constants_of: tuple[int, ...] = ()
    constants_count: int = 0
    lookups: int = 0
    large: bool = False

    @property
    def outputs(self) -> int:
        """Slopes and curvatures together."""
        return self.slopes * self.mode

    @property
    def integers(self) -> int:
        """Length of c."""
        return OPERANDS_AT + 3 * (len(self.checks) + 2 + self.outputs)

    @property
    def numbers(self) -> int:
        """Length of r."""
        return 2 + 3 * len(self.checks) + self.params


def key(at: int, operand: int) -> int:
    """A complaint as one integer; the smallest is the one that a serial loop would meet first."""
    return (at // 512) * 8192 + operand * 512 + at % 512


def position_of(complaint: int) -> tuple[int, int]:
    """Position and operand of a complaint."""
    tile, rest = divmod(complaint, 8192)
    return tile * 512 + rest % 512, rest // 512


def _load(index: int, width: int, at: int, constant: bool) -> str:
    """Expression for `width` elements of the operand at c[at], as a tuple."""
    place = f"c[{at}], c[{at + 1}], c[{at + 2}], r[{2 + 3 * index}]"
    if width == 1:
        return f"(read({place}, at),)"
    vector = f"load_vector(reals(c[{at}]), at)"
    if not constant:
        return vector
    return f"({', '.join([f'r[{2 + 3 * index}]'] * width)}) if c[{at + 2}] == -1 else {vector}"


def _store(width: int, at: int, name: str) -> str:
    """Statement that writes the variables name0, name1, ... to the operand at c[at]."""
    if width == 1:
        return f"write(c[{at}], c[{at + 2}], at, {name}0)"
    return f"store_vector(reals(c[{at}]), at, ({', '.join(f'{name}{i}' for i in range(width))}))"


def _inputs(shape: Shape, width: int) -> list[str]:
    """Reading the inputs and testing their domains."""
    lines = []
    for k, check in enumerate(shape.checks):
        if k >= len(shape.checks) - shape.lookups:
            entries = [f"look_up(reals(c[{OPERANDS_AT + 3 * k}]), x1[{i}], r[6], r[7])" for i in range(width)]
            lines.append(f"x{k} = ({', '.join(entries)},)")
            continue
        lines.append(f"x{k} = {_load(k, width, OPERANDS_AT + 3 * k, shape.constants[k])}")
        low, high = f"r[{3 + 3 * k}]", f"r[{4 + 3 * k}]"
        for i in range(width if check else 0):
            x = f"x{k}[{i}]"
            whole = f" and {x} == rint({x})" if check == 2 else ""
            wrong = f"{x} < {low} or {x} > {high}" if check == 3 else f"not ({x} >= {low} and {x} <= {high}{whole})"
            lines.append(f"if {wrong}:")
            lines.append(f"    first = min(first, key(at + {i}, {k}))")
    return lines


def _params(shape: Shape) -> list[str]:
    """The parameters of the law."""
    return [f"r[{2 + 3 * len(shape.checks) + k}]" for k in range(shape.params)]


def _law(shape: Shape, width: int) -> list[str]:
    """The law at each element; v, s and h are its value, slopes and curvatures."""
    inputs = len(shape.checks)
    if not inputs:
        return [f"v{i} = zero" for i in range(width)]
    params = _params(shape) + [f"k{k}" for k in range(shape.constants_count)]
    lines = []
    for i in range(width):
        slopes = ", ".join(f"s{k}_{i}" for k in range(shape.slopes))
        curvatures = ", ".join(f"h{k}_{i}" for k in range(shape.slopes))
        if shape.slopes > 1:
            slopes, curvatures = f"({slopes})", f"({curvatures})"
        arguments = ", ".join([f"x{k}[{i}]" for k in range(inputs)] + params)
        lines.append(f"v{i}, {slopes}, {curvatures} = law({arguments})")
    return lines


def _outputs(shape: Shape, width: int) -> list[str]:
    """Weighting the values, writing them, the slopes and the curvatures."""
    weight_at = OPERANDS_AT + 3 * len(shape.checks)
    lines = ["if c[4] == 1:"]
    vector = f"load_vector(reals(c[{weight_at}]), at)"
    single = f"(read(c[{weight_at}], c[{weight_at + 1}], c[{weight_at + 2}], zero, at),)"
    lines.append(f"    w = {single if width == 1 else vector}")
    for i in range(width):
        lines.append(f"    if not w[{i}] >= zero:")
        lines.append(f"        first = min(first, key(at + {i}, {WEIGHT_OPERAND}))")
        lines.append(f"    w{i} = w[{i}]")
        # what has weight 0 counts nothing, even where it is inf or NaN
        lines.append(f"    v{i} = v{i} * w{i} if w{i} > zero else zero")
        lines.append(f"    f{i} = w{i} * scale")
    lines.append("else:")
    lines += [f"    w{i}, f{i} = zero, scale" for i in range(width)]
    # a value that an error will name is not overwritten
    lines += ["if c[5] == 1 and first == NO_COMPLAINT:", f"    {_store(width, weight_at + 3, 'v')}"]
    for part in range(shape.mode):
        for k in range(shape.slopes):
            name = f"{'sh'[part]}{k}_"
            for i in range(width):
                if part == 1:
                    lines.append(f"{name}{i} = r[1] if {name}{i} < r[1] else {name}{i}")
                lines.append(f"{name}{i} = {name}{i} * f{i} if c[4] == 0 or w{i} > zero else zero")
            store = _store(width, weight_at + 6 + 3 * (part * shape.slopes + k), name)
            lines += ["if first == NO_COMPLAINT:", f"    {store}"]
    return lines


def walk_text(shape: Shape, width: int) -> str:
    """Source of `walk`, which returns the first complaint and leaves the sums of the slots in sums and weights."""
    sums = [f"{name}{i}" for name in "ab" for i in range(width)]
    weights = [f"{name}{i}" for name in "de" for i in range(width)]
    body = _inputs(shape, width) + _law(shape, width) + _outputs(shape, width)
    empty = ", ".join(f"v{i}, w{i}" for i in range(width))
    params = _params(shape)
    constants = constants_text("constants", [params[k] for k in shape.constants_of], shape.constants_count)
    lines = [
        "def walk(c, r, scale, start, stop, lane, sums, weights, row, first):",
        *[f"    {line}" for line in constants],
        f"    for h in range({SLOTS // (LANES * width)}):",
        f"        slot = (h * {LANES} + lane) * {width}",
        f"        {' = '.join(sums + weights)} = zero",
        f"        for j in range({TILE // SLOTS}):",
        f"            at = start + slot + {SLOTS} * j",
        f"            {empty} = {', '.join(['zero'] * 2 * width)}",
        "            if at < stop:",
        *[f"                {line}" for line in body],
    ]
    for i in range(width):
        lines.append(f"            a{i}, b{i} = b{i}, a{i} + v{i}")
        lines.append(f"            d{i}, e{i} = e{i}, d{i} + w{i}")
    for i in range(width):
        lines.append(f"        sums[row + slot + {i}] = a{i} + b{i}")
        lines.append(f"        if c[4] == 1:\n            weights[row + slot + {i}] = d{i} + e{i}")
    lines.append("    return first")
    return "\n".join(lines) + "\n"
