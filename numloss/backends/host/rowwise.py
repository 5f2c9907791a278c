"""The rowwise family on the host: rows of scores as the loops see them, with or without a teacher."""

from __future__ import annotations

import functools
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from ...calls.arrays import HOST
from ...calls.rowwise import Rows, merged, rows_of
from ...common.halves import is_half
from ...loops.codes import (
    CURVATURE,
    LABELS,
    LOGIT,
    LOGITS,
    MATRICES,
    OF_LABEL,
    PAIRS,
    PLACED,
    PRODUCT,
    RATIO,
    block_size,
)
from ...loops.headers import Distilled, Header, Hessians, Operand, Rowwise, Steps
from ..packing.operands import ABSENT, Array, Problem, code_of, in_place, label_operand, name_of, operand
from ..packing.rowwise import NO_STEPS, header_of
from ..packing.stored import Stored, StoredProblem, look_for_memory, stand_in
from . import plans

if TYPE_CHECKING:
    from ...calls.request import Request
    from . import HostBackend

GENERIC, FLAT, LONG = "rows_block", "flat_block", "long_block"
PIXELS, CLASSES, DISTILLED, DIVERGENCE = "pixels_block", "classes_block", "distilled_block", "divergence_block"
HESSIANS = "hessians_block"
# Those for logits with labels and no options.
PLAIN = (GENERIC, FLAT, LONG, PIXELS)
# Numbers of 16 bits are read and written as they are.
READS_HALVES = True
# Those that read and write numbers of 16 bits themselves.
OF_HALVES = (FLAT, LONG, PIXELS)
# Rows of fewer classes are pixels of a tile; then rows are worked on together; from LONG_FROM on, one by one.
FLAT_FROM, LONG_FROM = 8, 256


def three_axes(array: Array, axis: int) -> tuple[int, int, int, int, int, int] | None:
    """(outer, classes, inner) sizes and strides in elements of an array seen as three axes; None if it is not."""
    item = array.itemsize
    sizes, strides = array.shape, array.strides
    if not array.size:  # strides of nothing may be anything
        return math.prod(sizes[:axis]), sizes[axis], math.prod(sizes[axis + 1 :]), 0, 0, 0
    outer = merged(sizes[:axis], strides[:axis])
    inner = merged(sizes[axis + 1 :], strides[axis + 1 :])
    if outer is None or inner is None:
        return None
    # the stride of an axis of one entry says nothing
    parts = (outer[1], strides[axis] if sizes[axis] != 1 else item, inner[1])
    if any(part % item for part in parts):
        return None
    return outer[0], sizes[axis], inner[0], parts[0] // item, parts[1] // item, parts[2] // item


def in_three(array: Array, axis: int) -> tuple[Array, tuple[int, int, int, int, int, int]]:
    """The array, copied only if its layout is neither C, nor Fortran, nor regularly strided."""
    found = three_axes(array, axis)
    if found is None:
        array = np.ascontiguousarray(array)
        found = three_axes(array, axis)
        assert found is not None
    return array, found


def design_of(rows: Rows, mode: int, sizes: tuple[int, ...]) -> str:
    """The loop that serves a call: a function of the loss, the shapes and the options alone."""
    options, classes_law = rows.options, rows.loss.rows["classes"]
    if mode > CURVATURE:
        return HESSIANS
    if rows.teacher is not None:
        return DISTILLED
    if classes_law == RATIO:
        return DIVERGENCE
    if classes_law not in (OF_LABEL, LOGIT):
        return CLASSES
    plain = options.scores == LOGITS and options.target == LABELS and classes_law == OF_LABEL
    if not plain or options.smoothing or options.cap or options.frequency is not None:
        return GENERIC
    design = PLAIN[plain_design(*sizes[1:])]
    return GENERIC if design == LONG and mode == CURVATURE else design


def plain_design(classes: int, inner: int, outer_stride: int, class_stride: int, inner_stride: int) -> int:
    """The one of PLAIN that serves logits with labels and no options; compiled functions of a user ask it, too."""
    if classes < 2:
        return 0
    if classes < FLAT_FROM:
        return 3
    if inner == 1 and class_stride == 1 and outer_stride == classes:
        return 1 if classes < LONG_FROM else 2
    if inner > 1 and inner_stride == 1 and class_stride == inner and classes < LONG_FROM:
        return 3
    return 0


class Packed:
    """One call as a loop sees it: scores as (outer, classes, inner), and everything else in that order.

    `copies` are pairs of an array to write, and where the loop writes it because it cannot be written in place.
    """

    def __init__(self, rows: Rows, mode: int) -> None:
        self.rows, self.mode = rows, mode
        pred: Array = rows.pred
        if rows.loss.rows["classes"] == PAIRS and any(np.may_share_memory(out, pred) for out in rows.outputs):
            pred = pred.copy(order="K")  # all scores of a row are read until its end
        # Fortran order is C order of the transposed arrays
        self.flipped = bool(pred.flags.f_contiguous and not pred.flags.c_contiguous)
        self.real, self.size = rows.real, pred.size
        self.kept: list[Any] = []
        self.stored: list[Stored] = []
        self.copies: list[tuple[Array, Array]] = []
        self.view, self.sizes = self.three(pred)
        self.design = design_of(rows, mode, self.sizes)
        if is_half(pred.dtype) and self.design not in OF_HALVES:
            self.flipped = False
            self.view, self.sizes = self.three(self.standing(pred, "pred"))
            self.design = design_of(rows, mode, self.sizes)
        self.steps = Steps(*self.sizes[3:])
        self.header = self.pack()

    def seen(self, array: Array) -> Array:
        """The array in the order of memory; it lives as long as the call."""
        view = array.T if self.flipped else array
        self.kept.append(view)
        return view

    def standing(self, array: Array, field: str, written: bool = False) -> Array:
        """What stands for an array of 16 bits in the header, where a block of it is widened for the loop."""
        self.stored.append(Stored(array, field, written))
        return stand_in(array)

    def three(self, array: Array) -> tuple[Array, tuple[int, int, int, int, int, int]]:
        """An array of the scores' shape with the class axis in the middle, and its sizes and strides."""
        axis = self.rows.axis
        view, sizes = in_three(self.seen(array), array.ndim - 1 - axis if self.flipped else axis)
        self.kept.append(view)
        return view, sizes

    def described(self, array: Array) -> Operand:
        """An array whose steps the header has."""
        return in_place(array, code_of(array, self.real))

    def beside(self, array: Array) -> tuple[Operand, Steps]:
        """What has a number beside each score."""
        view, sizes = self.three(array)
        return self.described(view), Steps(*sizes[3:])

    def target(self) -> tuple[Operand, Steps]:
        """Labels, or a distribution or numbers with their strides."""
        if self.rows.options.target == LABELS:
            return label_operand(self.seen(self.rows.target), self.kept), NO_STEPS
        if self.rows.options.target >= PLACED:
            return self.numbers(self.seen(self.rows.target))
        return self.beside(self.rows.target)

    def numbers(self, array: Array) -> tuple[Operand, Steps]:
        """What has a number for each row, the same for all classes."""
        rows = self.rows
        axis = rows.pred.ndim - 1 - rows.axis if self.flipped else rows.axis
        found = three_axes(np.expand_dims(array, axis), axis)
        if found is None:
            array = np.ascontiguousarray(array)
            self.kept.append(array)
            found = three_axes(np.expand_dims(array, axis), axis)
            assert found is not None
        return self.described(array), Steps(outer=found[3], classes=0, inner=found[5])

    def optional(self, array: Array | None) -> Operand:
        """Weights or values, if there are any."""
        return ABSENT if array is None else operand(self.seen(array), self.real, self.kept)

    def written(self, k: int) -> tuple[Operand, Steps]:
        """Where the loop writes the gradient or the curvature, if it does."""
        if k >= len(self.rows.outputs):
            return ABSENT, NO_STEPS
        array = self.rows.outputs[k]
        if self.mode == MATRICES:
            return self.matrices(array)
        if self.stored and is_half(array.dtype):
            array = self.standing(array, ("gradient", "curvature")[k], True)
        if array.strides == self.view.strides and not self.flipped:  # what most are needs no look at its axes
            self.kept.append(array)
            return self.described(array), self.steps
        view, found = self.three(array)
        if self.needs_own_layout(found):
            view, found = self.three(np.empty_like(self.view.T if self.flipped else self.view, array.dtype))
        if not np.may_share_memory(view, array):
            self.copies.append((array, view.T if self.flipped else view))
        return self.described(view), Steps(*found[3:])

    def matrices(self, array: Array) -> tuple[Operand, Steps]:
        """Where the loop writes matrices: one after the other, in the order in which it sees the rows."""
        rows = array.ndim - 2
        axes = (*(reversed(range(rows)) if self.flipped else range(rows)), rows, rows + 1)
        view = array.transpose(axes)
        if not view.flags.c_contiguous:
            view = np.empty(view.shape, array.dtype)
            self.copies.append((array, view.transpose(axes)))
        self.kept.append(view)
        return self.described(view), NO_STEPS

    def needs_own_layout(self, found: tuple[int, ...]) -> bool:
        """Whether an array to write needs the layout of the scores, for the bits not to depend on where they go.

        Where classes lie side by side loops keep numbers in the memory of the gradient, or have their own order of
        additions.
        """
        if self.design in (FLAT, LONG):
            return found[3:] != self.sizes[3:]
        return self.design == GENERIC and self.sizes[4] == 1 and found[4] != 1

    def pack(self) -> Rowwise:
        """The header, still without the tile of the law."""
        rows, sizes = self.rows, self.sizes
        block = max(1, block_size(self.size) // max(sizes[1], 1))
        target, target_steps = self.target()
        gradient, gradient_steps = self.written(0)
        curvature, curvature_steps = self.written(1)
        return header_of(
            rows,
            min(self.mode, CURVATURE),
            (sizes[0] * sizes[2], sizes[2]),
            max(512, block) if self.design == PIXELS else block,
            [self.described(self.view), target, *map(self.optional, (rows.weight, rows.values)), gradient, curvature],
            [self.steps, target_steps, gradient_steps, curvature_steps],
            self.kept,
        )

    def problem(self, backend: HostBackend) -> Problem:
        """What is launched."""
        loss, header = self.rows.loss, self.header
        design = self.design
        if self.rows.law is None:
            address = backend.loop(design, name_of(self.real))
        else:
            address, header.tile = backend.kernel(loss, design, self.real, header.mode)
        whole: Header = header
        if self.rows.teacher is not None:
            teacher, steps = self.beside(self.rows.teacher)
            whole = Distilled(rows=header, teacher=teacher, teacher_steps=steps)
        elif design == HESSIANS:
            vector, steps = (ABSENT, NO_STEPS) if self.rows.vector is None else self.beside(self.rows.vector)
            whole = Hessians(rows=header, whole=self.mode == MATRICES, vector=vector, vector_steps=steps)
        work = self.size * loss.cost * (1.0 if design in OF_HALVES else 3.0)
        if self.mode == MATRICES:
            work *= max(1, self.sizes[1])
        blocks = -(-header.rows // header.block)
        if not self.stored:
            return Problem(address, whole, blocks, work)
        loop, size = backend.loop("stored_block", name_of(self.real)), (header.rows, header.block)
        return StoredProblem(loop, whole, blocks, work, address, size, self.stored, self.kept)


def compute(backend: HostBackend, request: Request) -> Any:
    """Run a rowwise loss, or one of rows that have a teacher beside their labels."""
    found = backend.widened(request) if request.mode > CURVATURE else None
    if found is not None:
        return found.answered(backend.compute(found.request))
    rows = rows_of(HOST, request)
    options, packed = rows.options, Packed(rows, request.mode)
    if packed.stored and rows.axis != rows.pred.ndim - 1:  # what is to be widened does not lie row by row
        found = backend.widened(request)
        assert found is not None
        return found.answered(backend.compute(found.request))
    problem, header = packed.problem(backend), packed.header
    total = float(header.rows)
    count = 0
    if request.averaged:
        if request.mode and not (rows.plain() and options.ignore is None):
            count = backend.loop("row_weights_block", name_of(packed.real))
            complain = functools.partial(rows.complain, flipped=packed.flipped)
            total = backend.counted(problem, count, header.rows * 2.0, complain)
    header.scale = request.scale(total)
    outcome = backend.launch(problem)
    if outcome.bad_at >= 0:
        look_for_memory(outcome.bad_in)
        rows.complain(outcome.bad_at, outcome.bad_in, packed.flipped)
    request.refuse_infinite(outcome.weight)
    for array, written in packed.copies:
        array[...] = written
    if not packed.stored and not packed.copies and request.mode != PRODUCT:
        fields: tuple[tuple[str, ...], tuple[str, ...]] = ("pred", "target"), ("gradient", "curvature")
        if request.mode == MATRICES:
            fields = ("rows.pred", "rows.target"), ("rows.gradient",)
        known = (header.class_weight, header.factors, header.offsets)
        tables = tuple(array for array in packed.kept if id(array) in known)
        plans.remember(backend, request, problem, float(header.rows), *fields, rows.values, False, count, tables)
    result = request.reduced(outcome.value, outcome.weight) if rows.values is None else rows.values
    return request.answer(result, list(rows.outputs))
