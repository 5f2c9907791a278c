"""The header of a scan, of arguments on the host or on a device."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from ...loops.codes import UNCHECKED
from ...loops.headers import Bounds, Scan, Strip
from .operands import ABSENT, code_of, in_place, name_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ...calls.scans import Scans

UNBOUND = Bounds(check=UNCHECKED, low=-math.inf, high=math.inf, constant=0.0)
NO_STRIP = Strip(ABSENT, 0, 0, 0, UNBOUND)


def strip_of(call: Scans, name: str, array: Any, shift: int = 0) -> Strip:
    """An array of steps and columns, or of columns alone, as loops read it."""
    if array is None:
        return NO_STRIP
    size, strides = array.dtype.itemsize, array.strides
    step, column = (0, strides[0]) if len(strides) == 1 else strides
    domain, bounds = call.loss.domains.get(name), UNBOUND
    if domain is not None and not domain.free:
        low, high = domain.ends(name_of(call.real))
        bounds = Bounds(check=domain.check(False), low=low, high=high, constant=0.0)
    operand = in_place(array, code_of(array, call.real), call.place)
    return Strip(operand, step // size, column // size, shift, bounds)


def header_of(call: Scans, seen: Mapping[str, Any], sizes: tuple[int, int, int, int], tile: int = 0) -> Scan:
    """The header of a problem, of arrays of steps and columns by name; what is written has the names of its results.

    sizes: columns, those of a block, steps and columns that are read at a time.
    """
    columns, block, stretch, width = sizes
    shared = call.beyond is not None
    before = call.before if shared else None
    inputs = [
        strip_of(call, before, seen[before], 1) if name == "next_value" and before else strip_of(call, name, seen[name])
        for name in call.reads
    ]
    apart = "next_value" if shared else None
    outputs = [strip_of(call, "", None if name == apart else seen[f"out {name}"]) for name in call.writes]
    beyond = "out next_value" if call.back else "next_value"
    return Scan(
        steps=call.steps,
        columns=columns,
        block=block,
        itemsize=call.real.itemsize,
        tile=tile,
        backward=not call.back,
        stretch=stretch,
        width=width,
        window=call.window,
        input_count=len(inputs),
        output_count=len(outputs),
        param_count=len(call.params),
        cut=call.reads.index("truncated"),
        following=call.reads.index("next_value") if shared and not call.back else -1,
        pulled=next((k for k, name in enumerate(call.reads) if name in call.loss.results), len(inputs)),
        carried=call.writes.index("next_value") if before and call.back else -1,
        into=call.writes.index(before) if before and call.back else 0,
        beyond=strip_of(call, "next_value", seen[beyond]) if shared and beyond in seen else NO_STRIP,
        inputs=inputs,
        outputs=outputs,
        params=call.params,
    )
