"""The `cuda` backend: device arrays, through kernels that Numba compiles from the same laws as on the host."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...errors import BackendUnavailable

if TYPE_CHECKING:
    from ...registry import Loss

INSTALL = "pip install 'numloss[cuda13]' (or numloss[cuda12]), next to an NVIDIA driver"


class CudaBackend:
    """Arrays on a CUDA device. Reduced values are 0-d float64 arrays of the library of the prediction."""

    name = "cuda"

    def elementwise(self, loss: Loss, *call: Any) -> Any:
        """A scalar law at every element."""
        from .elementwise import elementwise

        return elementwise(loss, *call)

    def rowwise(self, loss: Loss, *call: Any) -> Any:
        """Rows of scores against labels or distributions."""
        from .rowwise import rowwise

        return rowwise(loss, *call)

    def embedding(self, loss: Loss, *call: Any) -> Any:
        """A law of the distance of two vectors."""
        from .embedding import embedding

        return embedding(loss, *call)

    def selected(self, loss: Loss, *call: Any) -> Any:
        """A law of one chosen entry of each row."""
        from .selected import selected

        return selected(loss, *call)

    def regional(self, loss: Loss, *call: Any) -> Any:
        """Sums over regions."""
        from .regional import regional

        return regional(loss, *call)

    def ranked(self, loss: Loss, *call: Any) -> Any:
        """Lists of uneven length."""
        from .ranked import ranked

        return ranked(loss, *call)

    def distilled(self, loss: Loss, *call: Any) -> Any:
        """Rows of scores between those of a teacher and labels."""
        from .rowwise import rowwise

        return rowwise(loss, *call)

    def head(self, loss: Loss, *call: Any) -> Any:
        """The logits of a last layer."""
        from .head import head

        return head(loss, *call)

    def sequence(self, loss: Loss, *call: Any) -> Any:
        """Sequences of classes against their labels."""
        from .sequence import sequence

        return sequence(loss, *call)

    def ordered(self, loss: Loss, *call: Any) -> Any:
        """The errors of regions, sorted."""
        from .ordered import ordered

        return ordered(loss, *call)

    def similarity(self, loss: Loss, *call: Any) -> Any:
        """All pairs of a batch."""
        from .similarity import similarity

        return similarity(loss, *call)


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
