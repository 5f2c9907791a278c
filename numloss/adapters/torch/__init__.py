"""Every loss of numloss as a function of tensors that autograd, torch.compile and nn.Module know.

    from numloss.adapters import torch as nt
    nt.focal(logits, target, gamma=1.5).backward()

Functions have the names and options of numloss, and its conventions; those of `functional` and the modules of `nn`
have the names, options and conventions of PyTorch. A loss of your own, a combination or a partial becomes one by
`wrap`. Tensors lie on the CPU or on a CUDA device. The gradient is computed in the same pass as the value, where a
tensor asks for it; with ``reduction="none"`` in the backward pass, by `numloss.vjp`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...catalogue import unknown as _unknown
from ...common.extras import optional as _optional
from ...registry import LOSSES as _LOSSES

_optional("torch", "torch", "numloss.adapters.torch")
from . import batched as _batched  # noqa: E402, F401
from . import functional, nn  # noqa: E402
from . import second as _second  # noqa: E402, F401
from .memory import clear as clear_memory  # noqa: E402
from .operators import wrapped as wrap  # noqa: E402

__all__ = ["clear_memory", "functional", "nn", "wrap", *sorted(_LOSSES)]

_functions: dict[str, Callable[..., Any]] = {}


def __getattr__(name: str) -> Any:
    if name in _LOSSES:
        if name not in _functions:
            _functions[name] = wrap(_LOSSES[name].function)
        return _functions[name]
    return _unknown(name)


def __dir__() -> list[str]:
    return __all__
