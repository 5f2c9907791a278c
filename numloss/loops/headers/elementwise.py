"""Headers of the elementwise family."""

from __future__ import annotations

from dataclasses import dataclass

from .common import Bounds, Operand, Weights
from .structs import Double, Header, Int, Many, many


@dataclass
class Copied(Header):
    """An array of any dtype and layout, and one of the data's dtype or of 16 bits that its numbers go to."""

    elements: Int
    block: Int
    itemsize: Int
    source: Operand
    sink: Operand


@dataclass
class Elementwise(Weights):
    """A scalar law applied to every element.

    `curved`: curvatures follow the slopes. `direct`: tiles may write to the outputs themselves. `least`: what no
    curvature is below. `tight`: it is slope / residual.
    """

    tile: Int
    input_count: Int
    slope_count: Int
    curved: Int
    tight: Int
    unreduced: Int
    direct: Int
    param_count: Int
    scale: Double
    least: Double
    values: Operand
    inputs: Many[Operand] = many(8)
    outputs: Many[Operand] = many(8)
    bounds: Many[Bounds] = many(8)
    params: Many[Double] = many(16)


@dataclass
class ElementwiseSums(Header):
    """Several laws of the same inputs and weights, in blocks of one size, whose sums alone are wanted."""

    count: Int
    laws: Many[Elementwise] = many(8)
