"""Headers of the kernels of layers and optimisers, which Numba compiles: numloss/backends/numba_cpu/layers."""

from __future__ import annotations

from dataclasses import dataclass

from .structs import Double, Header, Int, Many, many


@dataclass
class Window(Header):
    """Windows that move over images of so many channels, with zeros around them; so many of them down and across."""

    height: Int
    width: Int
    channels: Int
    side: Int
    stride: Int
    down: Int
    across: Int
    padding: Int = 0


@dataclass
class Linear(Header):
    """A product with weights of the shape (inputs, outputs); `gemm` is the address of BLAS's function."""

    inputs: Int
    outputs: Int
    gemm: Int


@dataclass
class Layer(Header):
    """A kernel runs over units: entries, rows of features, or images; of columns of the weights in a product.

    `width` are the features of a row of the first array, of a product the rows of the batch. Blocks leave what they
    found in the scratch, float64 numbers. Arrays and numbers are those of the call, in its order.
    """

    units: Int
    width: Int
    per_block: Int
    blocks: Int
    scratch: Int
    window: Window
    linear: Linear
    arrays: Many[Int] = many(8)
    numbers: Many[Double] = many(8)
