"""From a text to a cubin, and from a cubin to a launch: all that is tied to numba-cuda's compiler and cuda.core.

Kernels are compiled here rather than by `cuda.jit` for two reasons. Multiplications and additions must not be fused,
or results would differ from the host's, and `cuda.jit` does not offer that. And a launch through cuda.core with
addresses and numbers costs a few microseconds, where `cuda.jit` types every argument anew.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from cuda.core import Device, LaunchConfig, ObjectCode, Program, ProgramOptions, Stream, launch
from numba import types
from numba.cuda.compiler import compile_cuda, kernel_fixup
from numba.cuda.cudadrv import nvvm

from ...loops.headers import Header

OPTIONS = {"fastmath": False, "opt": 3, "fma": False}
C_TYPES: dict[Any, Any] = {types.int64: ctypes.c_int64, types.float32: ctypes.c_float, types.float64: ctypes.c_double}


def ptx_of(
    text: Callable[..., None], signature: tuple[types.Type, ...], capability: tuple[int, int], bounds: tuple[int, int]
) -> tuple[str, str]:
    """PTX of a kernel, and its name there; bounds as in target.kernel."""
    result = compile_cuda(text, types.void, signature, nvvm_options=dict(OPTIONS), cc=capability)
    library = result.library
    function = library.get_function(result.fndesc.llvm_func_name)
    library._entry_name = result.fndesc.llvm_func_name
    kernel_fixup(function, False)
    nvvm.set_launch_bounds(function, bounds)
    return library.get_asm_str(cc=capability), function.name


def flat(kinds: Iterable[types.Type]) -> Iterator[Any]:
    """The ctypes of the parameters that arguments become: tuples are passed element by element."""
    for kind in kinds:
        if isinstance(kind, types.BaseTuple):
            yield from flat(kind.types)
        else:
            yield C_TYPES[kind]


class DeviceKernel:
    """A kernel compiled for each kind of device that it meets."""

    def __init__(self, text: Callable[..., None], signature: tuple[types.Type, ...], bounds: tuple[int, int]) -> None:
        self.text, self.signature, self.bounds = text, signature, bounds
        self.parameters = list(flat(signature))
        self.loaded: dict[int, Any] = {}

    def load(self, device: Any) -> Any:
        """The kernel on a device."""
        major, minor = device.compute_capability
        ptx, name = ptx_of(self.text, self.signature, (major, minor), self.bounds)
        options = ProgramOptions(arch=f"sm_{major}{minor}")
        cubin = Program(ptx, "ptx", options).compile("cubin")
        return ObjectCode.from_cubin(bytes(cubin.code)).get_kernel(name)

    def launch(self, stream: int, blocks: int, threads: int, *arguments: Any) -> None:
        """Run on the current device, in order with the other work of the stream with this handle."""
        device = Device()
        loaded = self.loaded.get(device.device_id)
        if loaded is None:
            loaded = self.loaded[device.device_id] = self.load(device)
        values: list[Any] = []
        for argument in arguments:
            if isinstance(argument, Header):
                values += argument.lister()(argument)
            else:
                values += argument if isinstance(argument, tuple) else (argument,)
        converted = [kind(value) for kind, value in zip(self.parameters, values, strict=True)]
        launch(Stream.from_handle(stream), LaunchConfig(grid=blocks, block=threads), loaded, *converted)
