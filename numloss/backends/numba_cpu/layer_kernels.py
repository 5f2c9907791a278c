"""The kernels of layers and optimisers, called from Python with arrays and numbers."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ...loops.headers import Layer, Linear, Window
from .. import threads
from ..host.blas import gemm, is_alone
from ..host.launches import Notes
from ..packing.operands import Array
from . import compile as compiler
from .layers import activations, convolutions, images, matrices, normalisation, products, updates
from .layers.blocks import BLOCK

if TYPE_CHECKING:
    from ..host._plans import Launches

# Multiplications that a block of a product is worth, and blocks of one at most.
MULTIPLICATIONS = 3_200_000
MOST_BLOCKS = 16
# The units of products of matrices.
PRODUCTS = ("outputs", "inputs", "groups")
# Those that move windows over images; a group of these is laid out by one thread. Their number is one of its own, so
# that sums do not depend on threads.
WINDOWS = ("images", "groups")
GROUPS = 8
# Where the arrays stand in a header, and what writes so many of them, and numbers after them up to so many values.
ARRAYS_AT, NUMBERS_AT = Layer.place("arrays"), Layer.place("numbers")
MOST_ARRAYS = (NUMBERS_AT - ARRAYS_AT) // 8
CHANGING = {
    (arrays, values): struct.Struct(f"{arrays}q{8 * (MOST_ARRAYS - arrays)}x{values - arrays}d").pack_into
    for arrays in range(1, MOST_ARRAYS + 1)
    for values in range(arrays, arrays + (Layer.size() - NUMBERS_AT) // 8 + 1)
}
NO_WINDOW, NO_LINEAR = Window(0, 0, 0, 0, 0, 0, 0), Linear(0, 0, 0)


class Plan(NamedTuple):
    """How a text is run: over which units, and what it needs.

    `units` is "entries" of the first array, its "rows" of features, its "images", "groups" of them, or "whole" for one
    block; of a product of matrices, "outputs" or "inputs". `vectors` are left in the scratch by each block; `end` puts
    together what blocks left.
    `cost` is nanoseconds for an entry, or for a multiplication.
    """

    text: Callable[..., Any]
    arrays: int
    units: str
    cost: float = 0.15
    vectors: int = 0
    end: Callable[..., Any] | None = None


PLANS = {
    "copy": Plan(matrices.copy, 2, "entries"),
    "add": Plan(matrices.add, 3, "entries"),
    "multiply": Plan(matrices.multiply, 3, "entries"),
    "affine": Plan(matrices.affine, 4, "rows"),
    "scale_rows": Plan(matrices.scale_rows, 2, "rows"),
    "column_sums": Plan(matrices.column_sums, 2, "rows", 0.15, 1, matrices.column_sums_end),
    "scatter_rows": Plan(matrices.scatter_rows, 3, "whole"),
    "take_rows": Plan(matrices.take_rows, 3, "rows", 1.0),
    "take_labels": Plan(matrices.take_labels, 3, "rows", 1.0),
    "product": Plan(products.product, 4, "outputs", 0.02),
    "product_slope": Plan(products.product_slope, 3, "inputs", 0.02),
    "product_weight_slope": Plan(products.product_weight_slope, 4, "inputs", 0.02),
    "relu": Plan(activations.relu, 1, "entries"),
    "relu_slope": Plan(activations.relu_slope, 2, "entries"),
    "sigmoid": Plan(activations.sigmoid, 1, "entries", 0.6),
    "sigmoid_slope": Plan(activations.sigmoid_slope, 2, "entries"),
    "tanh": Plan(activations.tanh, 1, "entries", 0.8),
    "tanh_slope": Plan(activations.tanh_slope, 2, "entries"),
    "gelu": Plan(activations.gelu, 2, "entries", 3.0),
    "gelu_slope": Plan(activations.gelu_slope, 2, "entries", 4.0),
    "softmax": Plan(activations.softmax, 1, "rows", 1.0),
    "softmax_slope": Plan(activations.softmax_slope, 2, "rows", 0.5),
    "log_softmax": Plan(activations.log_softmax, 1, "rows", 1.0),
    "log_softmax_slope": Plan(activations.log_softmax_slope, 2, "rows", 0.5),
    "filters": Plan(convolutions.filters, 2, "images", 0.5),
    "convolve": Plan(convolutions.convolve, 5, "groups", 0.02),
    "convolve_slope": Plan(convolutions.convolve_slope, 8, "groups", 0.06, 0, convolutions.convolve_slope_end),
    "channels_first": Plan(images.channels_first, 2, "images", 0.5),
    "channels_last": Plan(images.channels_last, 2, "images", 0.5),
    "channel_means": Plan(images.channel_means, 2, "images"),
    "channel_means_slope": Plan(images.channel_means_slope, 2, "images"),
    "max_pool": Plan(images.max_pool, 3, "images", 0.5),
    "max_pool_slope": Plan(images.max_pool_slope, 3, "images", 2.0),
    "avg_pool": Plan(images.avg_pool, 2, "images", 0.5),
    "avg_pool_slope": Plan(images.avg_pool_slope, 2, "images", 2.0),
    "moments": Plan(normalisation.moments, 3, "rows", 0.3, 2, normalisation.moments_end),
    "statistics": Plan(normalisation.statistics, 5, "whole"),
    "normalise": Plan(normalisation.normalise, 6, "rows", 0.2),
    "normalise_sums": Plan(normalisation.normalise_sums, 6, "rows", 0.3, 2, normalisation.normalise_sums_end),
    "normalise_slope": Plan(normalisation.normalise_slope, 7, "rows", 0.2),
    "layer_norm": Plan(normalisation.layer_norm, 6, "rows", 0.5),
    "layer_norm_slope": Plan(normalisation.layer_norm_slope, 4, "rows", 0.5),
    "product_sums": Plan(normalisation.product_sums, 4, "rows", 0.3, 2, normalisation.product_sums_end),
    "square_sum": Plan(updates.square_sum, 1, "entries", 0.5),
    "sgd": Plan(updates.sgd, 3, "entries", 0.3),
    "adam": Plan(updates.adam, 4, "entries", 0.5),
    "rmsprop": Plan(updates.rmsprop, 4, "entries", 0.5),
}


class LayerKernel:
    """A compiled text with a header of its own: `kernel(*arrays, *numbers)`, arrays in C order and of one dtype.

    The arrays are those of a network, whose shapes were planned together; nothing is checked here.
    """

    def __init__(self, backend: Any, plan: Plan, dtype: str, integers: tuple[int, ...], notes: Notes) -> None:
        self.backend, self.plan, self.arrays, self.notes = backend, plan, plan.arrays, notes
        self.multiplies = plan.units in PRODUCTS
        self.loop = int(compiler.loop(plan.text, dtype).address)
        self.end = int(compiler.loop(plan.end, dtype).address) if plan.end else 0
        windows = 8 if self.multiplies else len(integers)
        self.window = Window(*integers[:windows]) if plan.units in WINDOWS else NO_WINDOW
        self.linear = Linear(*integers[-3:]) if self.multiplies else NO_LINEAR
        self.memory = bytearray(Layer.size())
        self.address = np.frombuffer(self.memory, np.uint8).ctypes.data
        self.scratch = np.empty(0)
        self.shape: tuple[int, ...] = ()
        self.blocks, self.work = 0, 0.0

    def __call__(self, *values: Any) -> float:
        """Run; returns what the blocks left as their first partial result, added up."""
        if values[0].shape != self.shape:
            self._fit(values[0])
        count = self.arrays
        # what changes from call to call is written where it lies
        CHANGING[count, len(values)](self.memory, ARRAYS_AT, *map(id, values[:count]), *values[count:])
        if self.notes.launches is not None:
            self._note(self.notes.launches, values[:count])
        if self.work > threads.PARALLEL_PAYS_AT and self.blocks > 1:
            total = self._share()
        else:
            total = self.backend.run_at(self.loop, self.address, self.blocks, 1)[0]
        if self.end:
            self.backend.run_at(self.end, self.address, 1, 1)
        return total  # type: ignore[no-any-return]

    def _fit(self, first: Array) -> None:
        """Fill in the head of the header from the shape of the first array."""
        width, units, work = first.shape[-1], self.plan.units, first.size
        per_block = 1
        if units == "entries":
            number, per_block = first.size, BLOCK
        elif units == "rows":
            number, per_block = first.size // width, max(1, BLOCK // width)
        elif units == "images":
            number = first.shape[0]
        elif units == "groups":
            number = first.shape[0]
            per_block = -(-number // min(GROUPS, max(number, 1)))
            window, linear = self.window, self.linear
            work = number * window.down * window.across * linear.inputs * linear.outputs
        elif units == "whole":
            number = per_block = first.size // width
        else:
            inputs, outputs = self.linear.inputs, self.linear.outputs
            number, width = outputs if units == "outputs" else inputs, first.size // width
            work = width * inputs * outputs
            per_block = _columns(number, work)
        blocks = -(-number // per_block) if number else 0
        needed = max(blocks, 1) * self.plan.vectors * width
        if needed > self.scratch.size:
            self.scratch = np.empty(needed)
        at = self.scratch.ctypes.data
        header = Layer(number, width, per_block, blocks, at, self.window, self.linear, (), ())
        self.memory[:ARRAYS_AT] = header.packed()[:ARRAYS_AT]
        self.shape, self.blocks, self.work = first.shape, blocks, work * self.plan.cost

    def _note(self, launches: Launches, arrays: tuple[Array, ...]) -> None:
        """Have what is launched now replayed later."""
        kept = self, self.scratch
        launches.add(
            self.loop, self.end, bytes(self.memory), ARRAYS_AT, arrays, self.blocks, self.work, self.multiplies, kept
        )

    def _share(self) -> float:
        """Run on several threads, unless somebody else is using them, or BLAS its own."""
        workers = threads.limit()
        if workers == 1 or (self.multiplies and not is_alone()):
            return float(self.backend.run_at(self.loop, self.address, self.blocks, 1)[0])
        with threads.team() as alone:
            return float(self.backend.run_at(self.loop, self.address, self.blocks, workers if alone else 1)[0])


def _columns(number: int, work: int) -> int:
    """Columns of a block of a product: sixteen or a multiple, which BLAS computes at once, or all."""
    blocks = min(MOST_BLOCKS, max(1, work // MULTIPLICATIONS))
    return -(-number // (16 * blocks)) * 16


def layer_kernel(
    backend: Any, dtype: str, name: str, integers: tuple[int, ...], notes: Notes
) -> LayerKernel | None:
    """A kernel for one caller; None for a product of matrices where NumPy does not show its BLAS."""
    plan = PLANS[name]
    if plan.units in PRODUCTS:
        if not gemm(dtype):
            return None
        integers = (*integers, gemm(dtype))
    return LayerKernel(backend, plan, dtype, integers, notes)
