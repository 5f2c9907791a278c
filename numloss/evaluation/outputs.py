"""Losses and gradients of single rows as .npy files, written block by block in any order.

The files have temporary names until every row is in them.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

import numpy as np

from ..common.files import atomic_write, destination
from ..data.source import Array

if TYPE_CHECKING:
    from .plan import Plan


@dataclass(frozen=True)
class Output:
    """A .npy file in the making: where it will be, where it is now, and what it holds."""

    path: str
    temporary: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    taken_up: bool

    @property
    def header(self) -> bytes:
        """What NumPy writes before the numbers."""
        stream = io.BytesIO()
        text = {"descr": np.lib.format.dtype_to_descr(self.dtype), "fortran_order": False, "shape": self.shape}
        np.lib.format.write_array_header_1_0(stream, text)
        return stream.getvalue()

    @property
    def row_bytes(self) -> int:
        """Bytes of a row."""
        return int(np.prod(self.shape[1:], dtype=np.int64)) * self.dtype.itemsize


def file_name(label: str) -> str:
    """A name for the file of a label, without what file systems or shells may not like."""
    return re.sub(r"[^\w.=,()+-]", "_", label) + ".npy"


@contextlib.contextmanager
def created(
    folder: str | os.PathLike[str] | None, labels: Sequence[str], shapes: list[Any], keep: bool
) -> Iterator[tuple[Output, ...]]:
    """A file for each label, at its full size; they take their names when the block ends without an error.

    `keep` leaves what is written where it is after an error, for a run that resumes.
    """
    if folder is None:
        yield ()
        return
    os.makedirs(folder, exist_ok=True)
    outputs = []
    names = [file_name(label) for label in labels]
    if len(set(names)) < len(names):
        raise ValueError(f"two results would be written to one file: {', '.join(names)}")
    with contextlib.ExitStack() as stack:
        for name, (shape, dtype) in zip(names, shapes, strict=True):
            path = Path(folder) / name
            if not destination(path)[1]:
                raise ValueError(f"{path}: not a regular file; rows are written to their places, in any order")
            file = stack.enter_context(atomic_write(path, keep=keep))
            output = Output(str(path), str(file.name), shape, dtype, taken_up=os.fstat(file.fileno()).st_size > 0)
            header = output.header
            size = len(header) + shape[0] * output.row_bytes
            os.ftruncate(file.fileno(), size)
            if hasattr(os, "posix_fallocate"):  # a full disk is told before the first row is computed
                os.posix_fallocate(file.fileno(), 0, size)
            os.pwrite(file.fileno(), header, 0)
            outputs.append(output)
        yield tuple(outputs)


class Written:
    """The open outputs of a task."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.handles: dict[str, int] = {}

    def losses(self, k: int, start: int, values: Array) -> None:
        """Write the losses of a block."""
        self._write(self.plan.losses_to[k], start, values)

    def gradients(self, k: int, start: int, values: Array) -> None:
        """Write the gradient of a block."""
        self._write(self.plan.gradients_to[k], start, values)

    def records(self, k: int, start: int, values: Array) -> None:
        """Write the records of a block."""
        self._write(self.plan.records_to[k], start, values)

    def _write(self, output: Output, start: int, values: Array) -> None:
        if output.temporary not in self.handles:
            self.handles[output.temporary] = os.open(output.temporary, os.O_WRONLY | os.O_CLOEXEC)
        rest = np.ascontiguousarray(values, output.dtype).reshape(-1).view(np.uint8).data
        at = len(output.header) + start * output.row_bytes
        while rest:
            done = os.pwrite(self.handles[output.temporary], rest, at)
            rest, at = rest[done:], at + done

    def __enter__(self) -> Written:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for handle in self.handles.values():
            os.close(handle)
