"""Compiles kernels for a kind of device without having one, and reads what the assembler says about them."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any
from unittest import mock

MODULES = ("numba_cuda", "cuda.core", "cuda.bindings.nvjitlink", "nvidia")


def missing() -> str:
    """Why kernels cannot be compiled here, or nothing."""
    for name in MODULES:
        try:
            found = importlib.util.find_spec(name)
        except ModuleNotFoundError:
            found = None
        if found is None:
            return f"{name} is not installed (pip install 'numloss[cuda13]'); no driver is needed"
    return ""


@contextmanager
def compute_capability(capability: tuple[int, int]) -> Iterator[None]:
    """numba-cuda asks the current device what it is when it compiles a function that a kernel calls."""
    device = SimpleNamespace(compute_capability=capability)
    with mock.patch("numba.cuda.dispatcher.get_current_device", lambda: device):
        yield


@dataclass(frozen=True)
class Assembled:
    """A kernel in PTX, and what it needs on the device."""

    ptx: str
    registers: int
    spilled: int

    def count(self, pattern: str) -> int:
        """How many instructions match."""
        return len(re.findall(rf"^\s*(?:@\S+\s+)?{pattern}\b", self.ptx, re.MULTILINE))


def assembled(kernel: Any, capability: tuple[int, int]) -> Assembled:
    """A kernel of the backend, compiled for devices of a capability."""
    from cuda.bindings import nvjitlink

    from numloss.backends.numba_cuda.launch import ptx_of

    with compute_capability(capability):
        ptx, _ = ptx_of(kernel.text, kernel.signature, capability, kernel.bounds)
    options = [f"-arch=sm_{capability[0]}{capability[1]}", "-verbose", "-Xptxas=-v"]
    linker = nvjitlink.create(len(options), options)
    nvjitlink.add_data(linker, nvjitlink.InputType.PTX, ptx.encode(), len(ptx), "kernel")
    nvjitlink.complete(linker)
    log = bytearray(nvjitlink.get_info_log_size(linker))
    nvjitlink.get_info_log(linker, log)
    said = log.decode(errors="replace")
    registers, spilled = (re.search(p, said) for p in (r"Used (\d+) registers", r"(\d+) bytes spill stores"))
    assert registers and spilled, said
    return Assembled(ptx, int(registers[1]), int(spilled[1]))
