"""What the two backends for host arrays share: from checked arrays to the problem that a loop reads.

A problem is one bytes object, integers then floats; its layout is described at the head of each file in
numloss/loops. Arrays enter it as the address of the array object: the loops read the address of the data
themselves, which is ten times cheaper than asking NumPy for it.
"""

from __future__ import annotations

import functools
import importlib
import math
import struct
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import arguments as check
from . import threads

if TYPE_CHECKING:
    from ..registry import Loss

Array = np.ndarray[Any, Any]
Operand = tuple[int, int, int]

CODES = {"f": 1, "d": 2, "b": 3, "B": 4, "?": 4, "h": 5, "H": 6, "i": 7, "I": 8, "l": 9, "q": 9, "L": 10, "Q": 10}
BLOCK = 16384
MOST_BLOCKS = 65536
FLOAT32, FLOAT64 = np.dtype(np.float32), np.dtype(np.float64)
WEIGHT_OPERAND = 15


@functools.lru_cache(maxsize=256)
def packer(integers: int, floats: int) -> Callable[..., bytes]:
    """Packs so many integers and floats."""
    return struct.Struct(f"{integers}q{floats}d").pack


def block_size(elements: int) -> int:
    """Elements of a block: a function of the problem's size alone, so that sums do not depend on threads."""
    size = BLOCK
    while elements > size * MOST_BLOCKS:
        size *= 2
    return size


def operand(array: Array, real: np.dtype[Any], kept: list[Any], domain: int = 0) -> Operand:
    """The three integers of an array; what they point to is appended to `kept`, which must outlive the call."""
    dtype = array.dtype
    code = 0 if dtype is real else CODES[dtype.char]
    if code and dtype == real:
        code = 0
    if array.flags.c_contiguous:
        return id(array), code + 16 * domain, 0
    shape, strides = simplified(array.shape, array.strides)
    layout = np.array([len(shape), *shape, *strides], dtype=np.int64)
    kept.append(layout)
    return id(array), code + 16 * domain, layout.__array_interface__["data"][0]


def simplified(shape: tuple[int, ...], strides: tuple[int, ...]) -> tuple[list[int], list[int]]:
    """Shape and strides with axes merged where one stride describes both."""
    merged_shape, merged_strides = [1], [0]
    for size, stride in zip(shape, strides, strict=True):
        if size == 1:
            continue
        if merged_shape[-1] == 1:
            merged_shape[-1], merged_strides[-1] = size, stride
        elif merged_strides[-1] == size * stride:
            merged_shape[-1] *= size
            merged_strides[-1] = stride
        else:
            merged_shape.append(size)
            merged_strides.append(stride)
    return merged_shape, merged_strides


def is_f_order(array: Array) -> bool:
    """True if the array lies in memory in Fortran order and not in C order."""
    flags = array.flags
    return flags.f_contiguous and not flags.c_contiguous


def _family(name: str) -> Any:
    """The module of a family, imported when first used."""
    return importlib.import_module(f".{name}", __package__)


class HostBackend:
    """The common half of `numba` and `cython`. The other half compiles or finds kernels and runs them."""

    name = ""

    def tile(self, loss: Loss, dtype: str, mode: int) -> int:
        """Address of the tile of a loss."""
        raise NotImplementedError

    def loop(self, name: str, dtype: str) -> int:
        """Address of a loop over one block."""
        raise NotImplementedError

    def run(self, loop: int, problem: bytes, blocks: int, workers: int) -> tuple[float, float, float]:
        """Run all blocks; returns the sums of the first two partial results and the first complaint."""
        raise NotImplementedError

    def kernel(self, loss: Loss, loop: str, real: np.dtype[Any], mode: int) -> tuple[int, int]:
        """Addresses of the loop and of the tile, remembered with the loss."""
        key = (self.name, loop, real.char, mode)
        found = loss.kernels.get(key)
        if found is None:
            dtype = real.name
            found = (self.loop(loop, dtype), self.tile(loss, dtype, mode))
            loss.kernels[key] = found
        return found

    def workers(self, work: float) -> int:
        """Threads for a call that takes so many nanoseconds on one."""
        return threads.limit() if work > threads.PARALLEL_PAYS_AT else 1

    def launch(self, loop: int, integers: list[int], floats: list[float], blocks: int, work: float) -> Any:
        """Pack a problem and run it."""
        if blocks == 0:
            return 0.0, 0.0, -1.0
        problem = packer(len(integers), len(floats))(*integers, *floats)
        workers = self.workers(work)
        if workers == 1 or blocks == 1:
            return self.run(loop, problem, blocks, 1)
        with threads.team() as alone:
            return self.run(loop, problem, blocks, workers if alone else 1)

    def weight_sum(self, loss: Loss, weight: Array, real: np.dtype[Any]) -> float:
        """The sum of the weights, which a weighted mean must know before its gradient is scaled."""
        kept: list[Any] = []
        size = block_size(weight.size)
        blocks = -(-weight.size // size)
        integers = [weight.size, size, 0, 0, 0, 0, 1, 0, 1, real.itemsize, 15, 0, *operand(weight, real, kept)]
        results = self.launch(self.loop("weight_block", real.name), integers, [0.0, 0.0], blocks, weight.size * 0.2)
        if results[2] >= 0.0:
            self.complain(loss, results[2], (), weight)
        return results[1]

    def complain(self, loss: Loss, code: float, arrays: tuple[Array, ...], weight: Array | None) -> None:
        """Raise for the first value that a loop found outside its domain."""
        position, which = divmod(int(code), 16)
        if which == WEIGHT_OPERAND:
            assert weight is not None
            bad = int(np.count_nonzero(~(weight >= 0)))
            check.value_outside(loss, "weight", weight, position, ">= 0, not NaN", bad)
        names = (*loss.inputs, *loss.per_element)
        domain = loss.domains[names[which]]
        array = arrays[which]
        good = (array >= domain.low) & (array <= domain.high)
        if domain.integers:
            good &= array == np.rint(array)
        bad = int(array.size - np.count_nonzero(good))
        check.value_outside(loss, names[which], array, position, domain.text, bad)

    def rowwise(self, *call: Any) -> Any:
        """Rows of scores against labels or distributions."""
        return _family("host_rowwise").rowwise(self, *call)

    def selected(self, *call: Any) -> Any:
        """A chosen entry of each row."""
        return _family("host_selected").selected(self, *call)

    def embedding(self, *call: Any) -> Any:
        """Pairs of vectors."""
        return _family("host_embedding").embedding(self, *call)

    def regional(self, *call: Any) -> Any:
        """Sums over regions."""
        return _family("host_regional").regional(self, *call)

    # elementwise ----------------------------------------------------------------------------------------------

    def elementwise(
        self,
        loss: Loss,
        mode: int,
        arguments: tuple[Any, ...],
        options: dict[str, Any],
        pair: bool,
        argnums: tuple[int, ...] | None,
        bound: bool,
    ) -> Any:
        """A scalar law at every element."""
        pred = arguments[0]
        if type(pred) is not np.ndarray or (pred.dtype is not FLOAT32 and pred.dtype is not FLOAT64):
            pred = check.prediction(loss, loss.inputs[0], pred)
        real, shape = pred.dtype, pred.shape
        arrays = [pred]
        for name, value in zip(loss.inputs[1:], arguments[1:], strict=True):
            if type(value) is not np.ndarray or value.dtype is not real:
                value = check.host_array(loss, name, value)
            if value.shape != shape:
                check.same_shape(loss, name, value.shape, shape, loss.inputs[0])
            arrays.append(value)
        constants = [0.0] * len(arrays)
        for name in loss.per_element:
            value = options.get(name, loss.defaults[name])
            array, constant = per_element(loss, name, value, shape)
            arrays.append(array)
            constants.append(constant)
        get = options.get
        params = [check.number(loss, name, get(name, loss.defaults[name])) for name in loss.params]
        reduction = check.reduction_of(loss, options) if options else loss.reduction
        weight = get("weight")
        if weight is not None:
            weight = check.host_array(loss, "weight", weight)
            check.weight_shape(loss, weight, shape)
        count = len(loss.wrt)
        wanted = reduction == "none" and not pair
        given_slopes = given_curvatures = given_values = None
        if get("out") is not None:
            out = options["out"]
            if mode == 0:
                if not wanted:
                    raise ValueError(f"{loss.name}: out needs reduction='none'; a reduced loss is a float")
                given_values = out
            elif mode == 1:
                given_slopes = out
            else:
                if not isinstance(out, tuple) or len(out) != 2:
                    raise TypeError(f"{loss.name}: out must be the pair (gradient, curvature)")
                given_slopes, given_curvatures = out
        real_arrays = [a for a in arrays if a is not None]
        outputs: list[Array] = []
        direct = 1
        if mode:
            for given in slots(loss, given_slopes, argnums, "gradient"):
                outputs.append(check.output(loss, given, pred, shape, real_arrays, "gradient"))
                if given is not None:
                    direct = 0 if any(given is a or check_same(given, a) for a in real_arrays) else direct
        if mode == 2:
            for given in slots(loss, given_curvatures, argnums, "curvature"):
                outputs.append(check.output(loss, given, pred, shape, real_arrays, "curvature"))
                if given is not None:
                    direct = 0 if any(given is a or check_same(given, a) for a in real_arrays) else direct
        values = check.output(loss, given_values, pred, shape, real_arrays, "values") if wanted else None
        if values is not None and mode == 0 and any(values is a for a in real_arrays):
            direct = 0
        if len(outputs) > 1 and overlapping(outputs):
            raise ValueError(f"{loss.name}: the arrays of out overlap each other")
        # one order for everything: C, or Fortran seen transposed
        spread_weight = check.spread(weight, shape) if weight is not None else None
        flipped = len(shape) > 1 and is_f_order(pred)

        def seen(array: Array) -> Array:
            return array.T if flipped else array

        elements = pred.size
        scale = 1.0
        total = float(elements)
        if reduction == "mean" and not pair:
            if weight is not None and mode:
                total = self.weight_sum(loss, seen(spread_weight), real)  # type: ignore[arg-type]
            scale = 1.0 / total if total > 0.0 else 0.0
        loop, tile = self.kernel(loss, "elementwise_block", real, mode)
        size = block_size(elements)
        inputs = len(arrays)
        integers = [
            elements,
            size,
            tile,
            inputs,
            count if mode else 0,
            1 if mode == 2 else 0,
            0 if weight is None else 1,
            1 if wanted else 0,
            direct,
            real.itemsize,
            0,
            len(params),
        ]
        floats = [scale, loss.least if bound else -math.inf]
        kept: list[Any] = []
        names = (*loss.inputs, *loss.per_element)
        for name, array, constant in zip(names, arrays, constants, strict=True):
            domain = loss.domains.get(name)
            if array is None:
                integers += (0, 0, -1)
                floats += (constant, -math.inf, math.inf)
                continue
            view = seen(array)
            kept.append(view)
            if domain is None:
                integers += operand(view, real, kept)
                floats += (0.0, 0.0, 0.0)
            else:
                integers += operand(view, real, kept, domain.check)
                floats += (0.0, domain.low, domain.high)
        others = [spread_weight] if spread_weight is not None else []
        others += [values] if values is not None else []
        for array in (*others, *outputs):
            view = seen(array)
            kept.append(view)
            integers += operand(view, real, kept)
        integers[10] = len(integers)
        floats += params
        blocks = -(-elements // size)
        results = self.launch(loop, integers, floats, blocks, elements * loss.cost)
        if results[2] >= 0.0:
            views = tuple(a if a is None else seen(a) for a in arrays)
            self.complain(loss, results[2], views, None if spread_weight is None else seen(spread_weight))
        if weight is not None:
            total = results[1]
        places = None if argnums is None else tuple(loss.wrt.index(k) for k in argnums)
        return finished(results[0], total, reduction, pair, mode, values, outputs, count, places)


def finished(
    value: float,
    total: float,
    reduction: str,
    pair: bool,
    mode: int,
    values: Any,
    outputs: list[Any],
    count: int,
    argnums: tuple[int, ...] | None,
) -> Any:
    """What the caller gets: the value, the pair or the array, then gradients and curvatures."""
    result: Any
    if pair:
        result = (value, total)
    elif reduction == "mean":
        result = value / total if total > 0.0 else 0.0
    elif reduction == "sum":
        result = value
    else:
        result = values
    if mode == 0:
        return result
    if count == 1:
        return (result, *outputs)
    slopes, curvatures = tuple(outputs[:count]), tuple(outputs[count:])
    if argnums is not None:
        slopes = tuple(slopes[k] for k in argnums)
        curvatures = tuple(curvatures[k] for k in argnums) if curvatures else ()
        if len(slopes) == 1:
            return (result, slopes[0]) if mode == 1 else (result, slopes[0], curvatures[0])
    return (result, slopes) if mode == 1 else (result, slopes, curvatures)


def slots(loss: Loss, given: Any, argnums: tuple[int, ...] | None, what: str) -> list[Any]:
    """`out` in the order of the law's slopes; None where argnums leaves one out, which is computed all the same."""
    chosen = loss.wrt if argnums is None else argnums
    arrays = dict(zip(chosen, check.several(loss, given, len(chosen), what), strict=True))
    return [arrays.get(k) for k in loss.wrt]


def check_same(given: Array, array: Array) -> bool:
    """True if two different array objects are the same memory; cheap where both own theirs."""
    if given.base is None and array.base is None:
        return False
    return check.same_memory(given, array)


def overlapping(outputs: list[Array]) -> bool:
    """True if two of the output arrays may share memory."""
    return any(np.may_share_memory(a, b) for k, a in enumerate(outputs) for b in outputs[:k])


def per_element(loss: Loss, name: str, value: Any, shape: tuple[int, ...]) -> tuple[Array | None, float]:
    """An option that may be one number or an array that follows the last axes of the prediction."""
    if value is None or np.ndim(value) == 0:
        return None, check.number(loss, name, value)
    array = check.host_array(loss, name, value)
    try:
        return np.broadcast_to(array, shape), 0.0
    except ValueError:
        raise ValueError(
            f"{loss.name}: {name} has shape {array.shape}; it must be a number or fit the last axes of {shape}"
        ) from None
