"""The text of a tile: one law applied to at most 512 elements. Also read when the package is built."""

VALUE, SLOPE, CURVATURE = 0, 1, 2
TILE = 512


def tile_text(law: str, inputs: int, params: int, slopes: int, mode: int) -> str:
    """Source of the tile of a law with so many inputs, parameters and differentiable inputs.

    mode: VALUE, SLOPE (value and slopes) or CURVATURE (all three). The tile takes the addresses of its inputs,
    of the values, the slopes and the curvatures in this order.
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
    lines += ["    for i in range(n):"]
    arguments = ", ".join([f"at_{name}[i]" for name in names] + [f"p{k}" for k in range(params)])
    unpack = [", ".join(part) if slopes == 1 else f"({', '.join(part)})" for part in (slope_names, curvature_names)]
    lines += [f"        v, {unpack[0]}, {unpack[1]} = {law}({arguments})"]
    lines += [f"        at_{name}[i] = {name}" for name in outputs]
    lines += ["    return 0"]
    return "\n".join(lines) + "\n"
