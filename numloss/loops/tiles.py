"""The text of a tile: one law applied to at most 512 elements. Also read when the package is built."""

VALUE, SLOPE, CURVATURE = 0, 1, 2
TILE = 512


def tile_text(
    law: str,
    inputs: int,
    params: int,
    slopes: int,
    mode: int,
    constants: str = "",
    of: tuple[int, ...] = (),
    count: int = 0,
) -> str:
    """Source of the tile of a law with so many inputs, parameters and differentiable inputs.

    mode: VALUE, SLOPE (value and slopes) or CURVATURE (all three). The tile takes the addresses of its inputs,
    of the values, the slopes and the curvatures in this order. `constants` gives `count` numbers that follow from the
    parameters `of` alone: they are computed once a tile and passed to the law after its parameters.
    """
    names = [f"x{k}" for k in range(inputs)]
    slope_names = [f"s{k}" for k in range(slopes)]
    curvature_names = [f"h{k}" for k in range(slopes)]
    outputs = ["v"]
    if mode >= SLOPE:
        outputs += slope_names
    if mode >= CURVATURE:
        outputs += curvature_names
    lines = ["def tile(c: Ints, params: Reals, n: Int) -> Int:"]
    lines += [f"    at_{name} = reals(c[{k}])" for k, name in enumerate(names + outputs)]
    lines += [f"    p{k} = params[{k}]" for k in range(params)]
    lines += [f"    {line}" for line in constants_text(constants, [f"p{k}" for k in of], count)]
    lines += ["    for i in range(n):"]
    numbers = [f"p{k}" for k in range(params)] + [f"k{k}" for k in range(count)]
    arguments = ", ".join([f"at_{name}[i]" for name in names] + numbers)
    unpack = [", ".join(part) if slopes == 1 else f"({', '.join(part)})" for part in (slope_names, curvature_names)]
    lines += [f"        v, {unpack[0]}, {unpack[1]} = {law}({arguments})"]
    lines += [f"        at_{name}[i] = {name}" for name in outputs]
    lines += ["    return 0"]
    return "\n".join(lines) + "\n"


def constants_text(constants: str, arguments: list[str], count: int) -> list[str]:
    """The statement that computes k0, k1, ... from parameters, if there are any."""
    names = ", ".join(f"k{k}" for k in range(count))
    return [f"{names} = {constants}({', '.join(arguments)})"] if count else []
