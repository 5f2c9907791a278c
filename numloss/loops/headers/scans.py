"""Headers of scans over steps."""

from __future__ import annotations

from dataclasses import dataclass

from .common import Bounds, Operand
from .structs import Double, Header, Int, Many, many


@dataclass
class Strip(Header):
    """An array of steps and columns: from step to step and from column to column, in its elements, and how its numbers
    are checked. At each step that of `shift` steps later is read."""

    operand: Operand
    step: Int
    column: Int
    shift: Int
    bounds: Bounds


@dataclass
class Scan(Header):
    """A law of one step, walked over all of them: of a state and what lies at the step it makes the next state and what
    is written there. A column is a walk of its own.

    `backward`: from the last step to the first. `stretch` steps of `width` columns are read at a time, at most 1024.
    `window`: where it is not 0, the walk of each result has so many steps and a state of its own; all arrays have the
    dtype of the data then, and columns side by side.

    The input `cut` is 1 at the last step of a walk, whatever its array says. `following`, if it is not -1, is the input
    that at the last step of all is read from `beyond`, and from that alone if it has no array. Inputs from `pulled` on
    are what is pulled back: in a window they are there at its first step alone. The output `carried`, if it is not -1,
    is no array: it is added to the output `into` of the next step, and written to `beyond` at the last.
    """

    steps: Int
    columns: Int
    block: Int
    itemsize: Int
    tile: Int
    backward: Int
    stretch: Int
    width: Int
    window: Int
    input_count: Int
    output_count: Int
    param_count: Int
    cut: Int
    following: Int
    pulled: Int
    carried: Int
    into: Int
    beyond: Strip
    inputs: Many[Strip] = many(9)
    outputs: Many[Strip] = many(3)
    params: Many[Double] = many(6)
