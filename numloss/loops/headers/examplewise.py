"""Headers of losses of whole examples."""

from __future__ import annotations

from dataclasses import dataclass

from .common import Operand, Weights
from .structs import Double, Header, Int, Many, many


@dataclass
class ExampleArray(Header):
    """An array of which every example has `entries`, or that all examples share; `at`: the byte of scratch for them.

    `role`: numbers of the data's dtype, labels, or lengths; all are checked, from `low` to `high`. Where `lengths` is
    not -1 the array of that number says how many of the rows of an example count, each of `row` entries.
    """

    stored: Operand
    entries: Int
    row: Int
    shared: Int
    role: Int
    lengths: Int
    at: Int
    check: Int
    low: Double
    high: Double


@dataclass
class ExampleSlopes(Header):
    """The gradient, or the curvature, by the array of this number; `at`: the byte of scratch for it, `sums`: its place
    in those of a block if all examples share the array, `least`: what a curvature is at least, before it is scaled."""

    stored: Operand
    of: Int
    at: Int
    sums: Int
    least: Double


@dataclass
class Examplewise(Weights):
    """Whole examples, `elements` of them: a block has scratch of its own, and a loop takes up to `run` at a time.

    `loop`: the address of its machine code; `memory`: bytes of the scratch of a block, of which `values`, `reals`,
    `doubles` and `ints` are the bytes where those of the loop begin. `sums`: float64, for each block `sum_count`
    numbers, the gradients by what all examples share. `scaled`: the loop scales the other gradients itself.
    """

    loop: Int
    run: Int
    mode: Int
    memory: Int
    losses: Int
    reals: Int
    doubles: Int
    ints: Int
    sums: Int
    sum_count: Int
    array_count: Int
    slope_count: Int
    scaled: Int
    scale: Double
    values: Operand
    arrays: Many[ExampleArray] = many(8)
    slopes: Many[ExampleSlopes] = many(8)
    sizes: Many[Int] = many(8)
    params: Many[Double] = many(16)


class Examples(Header):
    """Some examples, as the loop of a loss takes them: addresses, and sizes and parameters in their declared order.

    `inputs`: the numbers of an array, in C order, example after example, or int64 where they are labels or lengths; 0
    where none were given. What is written: a float64 for each example to `losses`; where `mode` is not 0 the gradient
    of each of them, as long as the array, to `slopes`; where it is 2 the curvatures, too, behind all gradients. The
    other three are scratch. `factor`: what a loop that scales
    the gradient of its one example multiplies it by.
    """

    mode: Int
    factor: Double
    losses: Int
    reals: Int
    doubles: Int
    ints: Int
    inputs: Many[Int] = many(8)
    shared: Many[Int] = many(8)
    slopes: Many[Int] = many(8)
    sizes: Many[Int] = many(8)
    params: Many[Double] = many(16)
