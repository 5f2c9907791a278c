"""The `cuda` backend: device arrays, through kernels that Numba compiles from the same laws as on the host."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...calls.tokens import settled
from ...calls.topk import names_classes
from ...errors import BackendUnavailable
from ...loops.codes import CURVATURE
from .. import family

if TYPE_CHECKING:
    from ...calls.arrays import Arrays
    from ...calls.request import Request
    from ...calls.widened import Widened

INSTALL = "pip install 'numloss[cuda13]' (or numloss[cuda12]), next to an NVIDIA driver"


class CudaBackend:
    """Arrays on a CUDA device. Reduced values are 0-d float64 arrays of the library of the prediction."""

    name = "cuda"

    def compute(self, request: Request) -> Any:
        """What a request asks for, by the module of the loss's family."""
        if request.mode > CURVATURE:
            raise BackendUnavailable(
                f"{request.loss.name}: second derivatives of rows of scores are computed on the host alone; "
                "give arrays of the host"
            )
        request = self.settled(request)
        named = names_classes(request)
        module = family(__package__, "topk" if named else request.loss.family)
        found = None if getattr(module, "READS_HALVES", False) else self.widened(request)
        if found is not None:
            return found.answered(self.compute(found.request))
        if named:
            return module.compute(self.compute, request)
        return module.compute(request)

    def added_at_cuts(self, request: Request, lower: Any, upper: Any) -> Any:
        """Slopes by both ends of intervals, added up for each cut."""
        return family(__package__, "cuts").added_at_cuts(request, lower, upper)

    def place(self, request: Request) -> Arrays:
        """The library that the arrays of a request are of."""
        from .libraries import library_of

        return library_of(request.arguments[0])

    def settled(self, request: Request) -> Request:
        """The same request, of what stands for tokens where their sequences count."""
        if "denominator" not in request.loss.defaults:
            return request
        packed = family(__package__, "packed")
        return settled(self.place(request), request, lambda tokens: packed.summed(request, tokens))

    def widened(self, request: Request) -> Widened | None:
        """The call with copies in float32 of what has 16 bits, if anything has."""
        from .halves import widened

        return widened(request)


def backend() -> CudaBackend:
    """The backend, or BackendUnavailable."""
    try:
        from numba import config, cuda
    except ImportError as error:
        raise BackendUnavailable(f"Numba cannot be imported ({error}); {INSTALL}") from None
    if getattr(config, "ENABLE_CUDASIM", 0):
        return CudaBackend()
    if getattr(cuda, "implementation", "") != "NVIDIA":
        raise BackendUnavailable(f"numba-cuda is not installed; {INSTALL}")
    if not cuda.is_available():
        raise BackendUnavailable(f"numba-cuda finds no CUDA device or driver; {INSTALL}")
    return CudaBackend()
