"""The `numba` backend: kernels compiled when first needed and kept on disk."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from ...errors import BackendUnavailable
from ..host import HostBackend
from ..host.launches import Notes

if TYPE_CHECKING:
    from ...registry import Loss


class NumbaBackend(HostBackend):
    """Host arrays through Numba."""

    name = "numba"

    def __init__(self, compiler: Any) -> None:
        self.compiler = compiler
        self.has_team = True
        try:
            driver = importlib.import_module("numloss.backends.host._team")
        except ImportError:
            self.has_team = False
            driver = importlib.import_module("numloss.backends.numba_cpu.in_python")
        self.run, self.run_at = driver.run, driver.run_at  # type: ignore[method-assign]

    def tile(self, loss: Loss, dtype: str, mode: int) -> int:
        if loss.results:
            law, arrays, written = loss.step(mode)
            return int(self.compiler.step_tile(law, dtype, len(arrays), len(written), len(loss.params)).address)
        return int(self.compiler.tile(loss.law, dtype, *loss.tile_shape, mode, *loss.tile).address)

    def loop(self, name: str, dtype: str) -> int:
        return int(self.compiler.loop(self.compiler.LOOPS[name], dtype).address)

    def compile_driver(self) -> None:
        """Compile what runs blocks, or find it in the cache; kernels/team.pyx was compiled with the package."""
        if not self.has_team:
            self.compiler.driver()

    def layer_names(self) -> list[str]:
        """The kernels of layers and optimisers."""
        from .layer_kernels import PLANS

        return list(PLANS)

    def compile_layer(self, dtype: str, name: str) -> None:
        """Compile a kernel of the layers and optimisers, or find it in the cache."""
        from .layer_kernels import PLANS

        for text in (PLANS[name].text, PLANS[name].end):
            if text is not None:
                self.compiler.loop(text, dtype)

    def layer_kernel(self, dtype: str, name: str, *integers: int, notes: Notes | None = None) -> Any:
        """A kernel of the layers and optimisers, for one caller; None for a product that only NumPy can reach."""
        from .layer_kernels import layer_kernel

        return layer_kernel(self, dtype, name, integers, notes or Notes())


def backend() -> NumbaBackend:
    """The backend, or BackendUnavailable."""
    try:
        import numba  # noqa: F401
    except ImportError as error:
        raise BackendUnavailable(f"Numba cannot be imported ({error}); pip install numba") from None
    # a mistake in a file of numloss is no missing library: what it raises goes on
    from . import compile as compiler

    return NumbaBackend(compiler)
