"""The sequence family on a device. Lengths and labels pass over the host, where they are checked and counted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..host.sequence import Sequences, Targets
from . import checks, jit
from .arrays import DeviceArray
from .call import ABSENT, Call
from .reduction import conclude
from .rowwise import outputs_of
from .sequence_kernels import steps_kernel, walk_kernel

if TYPE_CHECKING:
    from ...calls.request import Request

NOWHERE = (0, 0, 0, 0)


def places_of(array: DeviceArray) -> tuple[int, int, int, int]:
    """Address, and bytes from step to step, from sequence to sequence and from class to class."""
    return array.address, array.strides[0], array.strides[1], array.strides[2]


def occurrences(targets: Targets) -> tuple[Any, Any]:
    """Where each blank and label comes next, counted from the beginning of its sequence, and which are the first."""
    counts = targets.counts + 1
    owner = np.repeat(np.arange(len(counts)), counts)
    order = np.lexsort((np.arange(len(owner)), targets.classes, owner))
    one, other = order[:-1], order[1:]
    same = (owner[one] == owner[other]) & (targets.classes[one] == targets.classes[other])
    following, first = np.full(len(owner), -1), np.ones(len(owner), np.int64)
    following[one[same]] = (other - targets.starts[owner[other]])[same]
    first[other[same]] = 0
    return following, first


def on_host(call: Call, arguments: tuple[Any, ...], given: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The arguments with everything but pred brought to the host."""
    loss, library = call.loss, call.library
    small = [checks.real_array(loss, loss.inputs[k], arguments[k], library) for k in range(1, len(arguments))]
    if given.get("weight") is not None:
        weight = checks.real_array(loss, "weight", given["weight"], library)
        given = {**given, "weight": library.download(weight.owner)}
    return (arguments[0], *(library.download(array.owner) for array in small)), given


def tables(call: Call, batch: Sequences, factors: Any, averaged: bool) -> list[int]:
    """The addresses, on the device, of what is known of each sequence and of each label."""
    following, first = occurrences(batch.targets)
    integers = (batch.used, batch.targets.counts, batch.targets.starts)
    numbers = (factors, batch.shares(averaged), batch.losses())
    found = []
    for array in (*integers, *numbers, batch.targets.classes, following, first):
        moved = call.library.upload(np.ascontiguousarray(array, np.float64 if array.dtype.kind == "f" else np.int64))
        call.kept.append(moved)
        found.append(int(call.library.describe(moved).address))
    return found


def compute(request: Request) -> Any:
    """Run a loss of sequences."""
    call, loss, arguments = Call(request), request.loss, request.arguments
    with call.library.current():
        pred = checks.prediction(loss, "pred", arguments[0], call.library)
        batch = Sequences(loss, pred.shape, *on_host(call, arguments, request.options))
        averaged = request.pair or request.averaged
        values, outputs = outputs_of(call, pred, (batch.count,), [pred])
        scale = request.scale(batch.total)
        partials = call.workspace(4 * max(batch.count, 1))
        width = int(batch.targets.counts.max(initial=0)) + 2
        integers = [*pred.shape, int(batch.from_logits), len(outputs), width, *places_of(pred)]
        integers += places_of(outputs[0]) if outputs else NOWHERE
        integers += call.operand(values, pred.dtype) if values is not None else ABSENT
        integers += (partials, *tables(call, batch, batch.shares(averaged) * scale, averaged))
        rows = max(1, batch.steps * batch.count)
        integers += (call.workspace(rows * width), call.workspace(rows))
        integers += (call.workspace(max(1, batch.count) * width * (4 * batch.steps + 14)), int(batch.zero_infinity))
        if batch.steps * batch.count:
            blocks = batch.steps * batch.count
            steps_kernel(pred.dtype.name).launch(call.stream, blocks, jit.THREADS, tuple(integers))
        if batch.count:
            walk_kernel(pred.dtype.name).launch(call.stream, batch.count, jit.THREADS, tuple(integers))
        return conclude(call, (partials, batch.count), batch.total, (values, outputs), [], lambda *_: None)
