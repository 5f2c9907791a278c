"""The text of a tile: one law applied to at most 512 elements. Also read when the package is built."""

try:
    from . import codes
except ImportError:  # the build reads this file without its package
    import codes  # type: ignore[import-not-found, no-redef]

VALUE, SLOPE, CURVATURE = 0, 1, 2
TILE = 512
# How many thirty-twos of elements a tile computes before it looks at them.
TOGETHER = 4
ENDED = (codes.NUMBER, codes.NUMBER_OR_NAN, codes.WHOLE)

# The name of a stage, which of the law's arguments it takes, and how many numbers it gives.
Stage = tuple[str, tuple[int, ...], int]


def tile_text(
    law: str,
    inputs: int,
    params: int,
    slopes: int,
    mode: int,
    constants: str = "",
    of: tuple[int, ...] = (),
    count: int = 0,
    checks: tuple[int, ...] | None = None,
    stages: tuple[Stage, ...] = (),
    groups: str = "groups",
) -> str:
    """Source of the tile of a law with so many inputs, parameters and differentiable inputs.

    mode: VALUE, SLOPE (value and slopes) or CURVATURE (all three). The tile takes the addresses of its inputs,
    of the values, the slopes and the curvatures in this order. `constants` gives `count` numbers that follow from the
    parameters `of` alone: they are computed once a tile and passed to the law after its parameters.

    With `checks`, one for each input, it is a tile of elements: it also adds the values to 32 lanes, whose address
    comes last, multiplies slopes and curvatures by their scale, and returns what is not 0 if an input is outside its
    domain. It works on whole thirty-twos of elements, on memory that is nobody else's; what does so is a function of
    its own, of the name `groups`. What the `stages` of the law give, which it takes last, such a tile computes for
    `TOGETHER` thirty-twos of elements, one stage after the other: a CPU has too few instructions waiting to see the
    next element behind a long law.
    """
    names = [f"x{k}" for k in range(inputs)]
    outputs = ["v", *(f"s{k}" for k in range(slopes) if mode >= SLOPE)]
    outputs += [f"h{k}" for k in range(slopes) if mode >= CURVATURE]
    numbers = [f"p{k} = params[{k}]" for k in range(params)]
    numbers += constants_text(constants, [f"p{k}" for k in of], count)
    known = [f"at_{name}[k]" for name in names] + [f"p{k}" for k in range(params)] + [f"k{k}" for k in range(count)]
    if checks is not None:
        given = known + [f"kept{k}[i]" for k in range(sum(found for _, _, found in stages))]
        element = element_text(law, given, slopes)
        return tile_of_elements(names, outputs, numbers, stages_text(stages, given), element, mode, checks, groups)
    element = element_text(law, known, slopes)
    lines = ["def tile(c: Ints, params: Reals, n: Int) -> Int:"]
    lines += [f"    at_{name} = reals(c[{k}])" for k, name in enumerate(names + outputs)]
    lines += [f"    {line}" for line in numbers]
    lines += ["    for k in range(n):", f"        {element}"]
    lines += [f"        at_{name}[k] = {name}" for name in outputs]
    return "\n".join([*lines, "    return 0", ""])


def tile_of_elements(
    names: list[str],
    outputs: list[str],
    numbers: list[str],
    stages: list[list[str]],
    element: str,
    mode: int,
    checks: tuple[int, ...],
    groups: str,
) -> str:
    """Source of a tile that also checks, scales and adds up."""
    room = f"stack_reals({32 * TOGETHER})"
    kept = [f"kept{k} = {room}" for k in range(sum(len(stage) - 1 for stage in stages))]
    arrays = [f"at_{name}" for name in names + outputs]
    given = f"{': Reals, '.join(arrays)}: Reals, lanes: Doubles, params: Reals, n: Int"
    lines = ["@apart", f"def {groups}({given}) -> Int:"]
    lines += [f"    {line}" for line in [*numbers, *limits_text(mode, checks), *kept, "bad = 0"]]
    lines += [f"    for first in range(0, n, {TOGETHER}):", "        start = 32 * first"]
    lines += [f"        m = n - first if n - first < {TOGETHER} else {TOGETHER}"]
    every = ["        for i in range(32 * m):", "            k = start + i"]
    for stage in stages:
        lines += [*every, *(f"            {line}" for line in stage)]
    lines += [*every, f"            {element}"]
    whole = [k for k, check in enumerate(checks) if check == codes.WHOLE]
    lines += [f"            odd{k}[i] = at_x{k}[k] - rint(at_x{k}[k])" for k in whole]
    lines += [f"            at_{name}[k] = {scaled(name)}" for name in outputs]
    lines += [f"        bad = bad + {test}" for k, check in enumerate(checks) for test in tests_text(k, check)]
    lines += ["        add32(offset(at_v, start), m, lanes)", "    return bad", ""]
    lines += ["def tile(c: Ints, params: Reals, n: Int) -> Int:"]
    taken = ", ".join(f"reals(c[{k}])" for k in range(len(arrays)))
    lines += [f"    return {groups}({taken}, doubles(c[{len(arrays)}]), params, n // 32)", ""]
    return "\n".join(lines)


def stages_text(stages: tuple[Stage, ...], known: list[str]) -> list[list[str]]:
    """What each stage computes of element k, the i-th of its thirty-twos, and keeps."""
    found, first = [], 0
    for name, of, count in stages:
        numbers = [f"n{first + k}" for k in range(count)]
        lines = [f"{', '.join(numbers)} = {name}({', '.join(known[k] for k in of)})"]
        found.append(lines + [f"kept{number[1:]}[i] = {number}" for number in numbers])
        first += count
    return found


def element_text(law: str, arguments: list[str], slopes: int) -> str:
    """The law of element k: v, s0, h0, and so on are its value, slopes and curvatures."""
    parts = [[f"{name}{k}" for k in range(slopes)] for name in "sh"]
    unpack = [", ".join(part) if slopes == 1 else f"({', '.join(part)})" for part in parts]
    return f"v, {unpack[0]}, {unpack[1]} = {law}({', '.join(arguments)})"


def scaled(name: str) -> str:
    """A value as it is, a slope times its scale, a curvature after it has been bounded."""
    number = f"(least if {name} < least else {name})" if name[0] == "h" else name
    return number if name == "v" else f"{number} * scale"


def limits_text(mode: int, checks: tuple[int, ...]) -> list[str]:
    """What a tile of elements reads once."""
    lines = [f"scale = params[{codes.SCALE}]"] if mode >= SLOPE else []
    lines += [f"least = params[{codes.LEAST}]"] if mode >= CURVATURE else []
    for k, check in enumerate(checks):
        if check in ENDED:
            lines += [f"low{k} = params[{codes.ENDS + 2 * k}]", f"high{k} = params[{codes.ENDS + 2 * k + 1}]"]
        if check == codes.WHOLE:
            lines.append(f"odd{k} = stack_reals({32 * TOGETHER})")
    return lines


def tests_text(k: int, check: int) -> list[str]:
    """Whether one of 32 numbers of an input is outside its domain."""
    x = f"offset(at_x{k}, start), m"
    within = f"outside32({x}, low{k}, high{k})"
    return {
        codes.UNCHECKED: [],
        codes.NOT_NAN: [f"nan32({x})"],
        codes.NUMBER: [within],
        codes.NUMBER_OR_NAN: [f"beyond32({x}, low{k}, high{k})"],
        codes.WHOLE: [within, f"outside32(odd{k}, m, 0.0, 0.0)"],
    }[check]


def constants_text(constants: str, arguments: list[str], count: int) -> list[str]:
    """The statement that computes k0, k1, ... from parameters, if there are any."""
    names = ", ".join(f"k{k}" for k in range(count))
    return [f"{names} = {constants}({', '.join(arguments)})"] if count else []


def step_tile_text(law: str, arrays: int, results: int, params: int, groups: str = "groups") -> str:
    """Source of the tile of a scan: one step of a law of a state, so many arrays and parameters.

    It takes the addresses of the states, of the arrays and of the results; the next states are written over the states.
    """
    names = ["at_s", *(f"at_x{k}" for k in range(arrays)), *(f"at_r{k}" for k in range(results))]
    given = [f"{name}[k]" for name in names[: 1 + arrays]] + [f"p{k}" for k in range(params)]
    found = ["s", *(f"r{k}" for k in range(results))]
    lines = ["@apart", f"def {groups}({': Reals, '.join(names)}: Reals, params: Reals, n: Int) -> Int:"]
    lines += [f"    p{k} = params[{k}]" for k in range(params)]
    lines += ["    for k in range(n):", f"        {', '.join(found)} = {law}({', '.join(given)})"]
    lines += [f"        at_{name}[k] = {name}" for name in found]
    lines += ["    return 0", "", "def tile(c: Ints, params: Reals, n: Int) -> Int:"]
    taken = ", ".join(f"reals(c[{k}])" for k in range(len(names)))
    return "\n".join([*lines, f"    return {groups}({taken}, params, n)", ""])
