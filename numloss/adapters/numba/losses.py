"""What Numba asks for the text of a loss."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from numba import types

from ...registry import Loss
from . import elementwise, rowwise
from .calls import function_of, refuse, signature_of

FAMILIES: dict[str, Any] = {"elementwise": elementwise, "rowwise": rowwise, "distilled": rowwise}


def maker(loss: Loss) -> Callable[..., Any]:
    """The function that gives Numba the text of a call, for arguments of these types."""
    signature = signature_of(loss)

    def implementation(*given: Any) -> Any:
        module = FAMILIES.get(loss.family)
        if module is None:
            refuse(loss, "only losses of elements and of rows can be called in compiled functions; call it from Python")
        # what was left out comes as its default
        kinds = [each if isinstance(each, types.Type) else types.Omitted(each) for each in given]
        return module.implementation(loss, dict(zip(signature, kinds, strict=True)))

    called = function_of(
        signature, [f"return _implementation({', '.join(signature)})"], {"_implementation": implementation}
    )
    return cast("Callable[..., Any]", called)
