"""The regional family on a device: sums over the pixels of each class, a law of the sums, and the gradient."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from ...calls import checks as check
from ...calls.rowwise import flag, ignored_label
from ..host.regional import activation_of
from ..host.rowwise import bad_label
from . import checks, jit
from .arrays import DeviceArray
from .call import ABSENT, FLOAT64, Call
from .elementwise import over_elements
from .regional_kernels import LANES, gradient_kernel, sums_kernel, totals_kernel, values_kernel
from .regional_texts import SOFTMAX
from .rowwise import NO_ROWS, check_labels, in_rows, outputs_of

if TYPE_CHECKING:
    from ...calls.request import Request

BLOCK, GRADIENT_BLOCK = 1024, 256
MOST_SUMS = 32768
NO_SLOPES = (0, 0, 0, 0)


def pixels_of_a_block(pixels: int, samples: int, classes: int) -> int:
    """A function of the shape alone; the blocks are few enough that their sums stay small."""
    size = BLOCK
    while pixels > size and -(-pixels // size) * samples * classes > MOST_SUMS:
        size *= 2
    return size


def _target(call: Call, value: Any, pred: DeviceArray, activation: int) -> tuple[DeviceArray, bool]:
    """The target, and whether it is labels."""
    loss = call.loss
    array = checks.real_array(loss, "target", value, call.library)
    if array.shape == pred.shape:
        return array, False
    if activation != SOFTMAX:
        raise ValueError(
            f"{loss.name}: target has shape {array.shape}, pred has {pred.shape}; they must be equal "
            "(labels, without the class axis, need activation='softmax')"
        )
    check_labels(loss, array, pred, 1)
    return array, True


class Regions:
    """One call: its arrays, and the kernels that read them."""

    def __init__(self, call: Call, arguments: tuple[Any, ...], given: dict[str, Any]) -> None:
        loss, options = call.loss, {**call.loss.defaults, **given}
        self.call = call
        pred = self.pred = checks.prediction(loss, "pred", arguments[0], call.library)
        if pred.ndim < 2:
            raise ValueError(f"{loss.name}: pred has shape {pred.shape}; it needs a batch axis and a class axis")
        self.activation = activation_of(loss, options["activation"])
        self.target, self.labelled = _target(call, arguments[1], pred, self.activation)
        self.ignore = ignored_label(loss, options["ignore_index"])
        if self.ignore is not None and not self.labelled:
            raise ValueError(f"{loss.name}: ignore_index needs integer labels as target")
        self.per_sample = flag(loss, "per_sample", options["per_sample"])
        self.samples, self.classes, self.pixels = *pred.shape[:2], math.prod(pred.shape[2:])
        self.shape = pred.shape[:2] if self.per_sample else pred.shape[1:2]

    def launch(self, kernel: Any, block: int, sums: int, partials: int, out: Any, slopes: tuple[int, ...]) -> None:
        """A kernel over the pixels of each sample, in blocks of so many."""
        call, real = self.call, self.pred.dtype
        per = -(-self.pixels // block)
        integers = [sums, block, partials, per, self.pixels, self.classes]
        integers += (int(self.ignore is not None), self.ignore or 0, *in_rows(self.pred, 1, real, call))
        integers += NO_ROWS if self.labelled else in_rows(self.target, 1, real, call)
        integers += NO_ROWS if out is None else in_rows(out, 1, real, call)
        integers += call.operand(self.target, real) if self.labelled else ABSENT
        integers += slopes
        compiled = kernel(self.activation, self.labelled, real.name)
        compiled.launch(call.stream, self.samples * per, jit.THREADS, tuple(integers))

    def sums(self) -> tuple[Any, ...]:
        """tp, fp and fn of each region, float64 arrays of the library; raises for a bad target."""
        call, library = self.call, self.call.library
        block = pixels_of_a_block(self.pixels, self.samples, self.classes)
        blocks = self.samples * -(-self.pixels // block) if self.pred.size else 0
        places = call.workspace(max(3 * blocks * self.classes, 1))
        if blocks:
            partials = call.workspace(4 * blocks)
            self.launch(sums_kernel, block, places, partials, None, NO_SLOPES)
            call.settle(call.finish(partials, blocks, None), self.explain)
        totals = tuple(library.empty(self.shape, FLOAT64) for _ in range(3))
        regions = math.prod(self.shape)
        if regions:
            joined = blocks // self.samples if self.per_sample else blocks
            written = (library.describe(array).address for array in totals)
            totals_kernel().launch(call.stream, regions, LANES, (places, joined, self.classes, *written))
        return totals

    def gradient(self, slopes: tuple[Any, ...], out: DeviceArray) -> None:
        """Write the gradient, from the slopes of the regions."""
        if self.pred.size:
            places = [self.call.library.describe(array).address for array in slopes]
            step = self.classes if self.per_sample else 0
            self.launch(gradient_kernel, GRADIENT_BLOCK, 0, 0, out, (*places, step))

    def give(self, result: Any, values: DeviceArray) -> None:
        """Write unreduced values, which are float64, to where the caller wants them."""
        call, real = self.call, self.pred.dtype
        if values.size:
            address = call.library.describe(result).address
            integers = (values.size, address, *call.operand(values, real))
            blocks = -(-values.size // jit.THREADS)
            values_kernel(real.name).launch(call.stream, blocks, jit.THREADS, integers)

    def explain(self, position: int, operand: int) -> None:
        """Raise for the first label or target outside its domain, in the words that host arrays have."""
        loss, host = self.call.loss, self.call.library.download(self.target.owner)
        if self.labelled:
            bad_label(loss, host, self.classes, 1, self.ignore)
        wrong = ~((host >= 0) & (host <= 1))
        first, bad = int(np.argmax(wrong.ravel())), int(np.count_nonzero(wrong))
        check.value_outside(loss, "target", host, first, "in [0, 1]", bad)


def compute(request: Request) -> Any:
    """Run a loss of regions: sums, the law of the sums, and the gradient."""
    call = Call(request)
    loss, mode, given = request.loss, request.mode, request.options
    with call.library.current():
        regions = Regions(call, request.arguments, given)
        values, outputs = outputs_of(call, regions.pred, regions.shape, [regions.pred, regions.target])
        passed = {name: given[name] for name in ("weight", *loss.params) if name in given}
        passed["reduction"] = request.reduction
        law = request.of(loss.regions, min(mode, 1), regions.sums(), passed, request.pair)
        # the law runs on the stream of the prediction, whose arrays the sums are not
        answer = over_elements(Call(law, request.arguments[0]))
        result, slopes = answer if mode else (answer, ())
        if values is not None:
            regions.give(result, values)
            result = values.owner
        if mode == 0:
            return result
        regions.gradient(slopes, outputs[0])
        return result, outputs[0].owner
