"""The `numba` backend: kernels compiled when first needed and kept on disk."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...errors import BackendUnavailable
from ..host import HostBackend

if TYPE_CHECKING:
    from ...registry import Loss


class NumbaBackend(HostBackend):
    """Host arrays through Numba."""

    name = "numba"

    def __init__(self, compiler: Any) -> None:
        import numba

        self.compiler, self.numba = compiler, numba
        self.kept: list[Any] = []
        self.serial = compiler.driver(False)
        self.parallel: Any = None

    def tile(self, loss: Loss, dtype: str, mode: int) -> int:
        return int(self.compiler.tile(loss.law, dtype, *loss.tile_shape, mode, *loss.constant_part).address)

    def loop(self, name: str, dtype: str) -> int:
        return int(self.compiler.loop(self.compiler.LOOPS[name], dtype).address)

    def run(self, loop: int, problem: bytes, blocks: int, workers: int) -> Any:
        return self.run_at(loop, id(problem), blocks, workers)

    def run_at(self, loop: int, head: int, blocks: int, workers: int) -> Any:
        """Run all blocks of the problem whose bytes object is at `head`."""
        if workers == 1:
            return self.serial(loop, head, blocks)
        if self.parallel is None:
            self.parallel = self.compiler.driver(True)
        numba = self.numba
        before = numba.get_num_threads()
        wanted = min(workers, numba.config.NUMBA_NUM_THREADS)
        if wanted == before:
            return self.parallel(loop, head, blocks)
        # the number of threads is a setting of the calling thread; it is put back
        numba.set_num_threads(wanted)
        try:
            return self.parallel(loop, head, blocks)
        finally:
            numba.set_num_threads(before)

    def layer_names(self) -> list[str]:
        """The kernels of layers and optimisers."""
        from .layer_kernels import PLANS

        return list(PLANS)

    def layer_kernel(self, dtype: str, name: str, *integers: int) -> Any:
        """A kernel of the layers and optimisers, for one caller; None for a product that only NumPy can reach."""
        from .layer_kernels import layer_kernel

        return layer_kernel(self, dtype, name, integers)


def backend() -> NumbaBackend:
    """The backend, or BackendUnavailable."""
    try:
        import numba  # noqa: F401
    except ImportError as error:
        raise BackendUnavailable(f"Numba cannot be imported ({error}); pip install numba") from None
    # a mistake in a file of numloss is no missing library: what it raises goes on
    from . import compile as compiler

    return NumbaBackend(compiler)
