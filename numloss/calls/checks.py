"""Checks of arguments, and the sentences that say what is wrong with them.

A message names the loss, the argument, what was found and where, and what is allowed. Arrays are never printed
whole.
"""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

if TYPE_CHECKING:
    from ..registry import Loss

REDUCTIONS = ("mean", "sum", "none")
REAL_KINDS = "biuf"


def split_options(loss: Loss, arguments: tuple[Any, ...], options: dict[str, Any]) -> tuple[Any, ...]:
    """Arrays given by keyword moved to their place; the rest of `options` is checked against the signature."""
    if len(arguments) > len(loss.inputs):
        hint = ""
        if not loss.weighted:
            hint = "; a distance between two arrays is mae or mse"
        raise TypeError(
            f"{loss.name}: {len(arguments)} arrays given, but it takes {', '.join(loss.inputs)}; "
            f"everything else goes by keyword{hint}"
        )
    if len(arguments) < len(loss.inputs):
        missing = [name for name in loss.inputs[len(arguments) :] if name not in options]
        if missing:
            raise TypeError(f"{loss.name}: missing {', '.join(missing)}")
        arguments += tuple(options.pop(name) for name in loss.inputs[len(arguments) :])
    for name in options:
        if name not in loss.defaults and name not in ("weight", "reduction", "out", "backend"):
            known = [*loss.defaults, "weight", "reduction", "out", "backend"]
            raise TypeError(f"{loss.name}: unknown option {name!r}; it has {', '.join(known)}")
        if name == "weight" and not loss.weighted and options[name] is not None:
            instead = "; use strength" if "strength" in loss.defaults else ""
            raise TypeError(f"{loss.name}: {loss.inputs[0]} takes no weight{instead}")
    return arguments


def number(loss: Loss, name: str, value: Any) -> float:
    """An option that is a number, inside its domain, or the number that None stands for."""
    if value is None and name in loss.none:
        return loss.none[name]
    if value is inspect.Parameter.empty:
        raise TypeError(f"{loss.name}: missing {name}")
    try:
        result = float(value)
    except (TypeError, ValueError):
        raise TypeError(f"{loss.name}: {name} must be a number, got {type(value).__name__}") from None
    domain = loss.domains.get(name)
    if result != result or (domain is not None and result not in domain):
        allowed = domain.text if domain is not None else "a number, not NaN"
        raise ValueError(f"{loss.name}: {name} must be {allowed}, got {value!r}")
    return result


def integer(loss: Loss, name: str, value: Any, allowed: str = "an integer") -> int:
    """An option that is an integer of int64."""
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, np.integer)):
        raise TypeError(f"{loss.name}: {name} must be {allowed}, got {value!r}")
    if not -(2**63) <= value < 2**63:
        raise ValueError(f"{loss.name}: {name} = {value} does not fit into int64")
    return int(value)


def reduction_of(loss: Loss, options: dict[str, Any]) -> str:
    """The reduction, checked."""
    reduction = options.get("reduction")
    if reduction is None:
        return loss.reduction
    if not isinstance(reduction, str) or reduction not in REDUCTIONS:
        raise ValueError(f"{loss.name}: reduction must be one of 'mean', 'sum', 'none', got {reduction!r}")
    return reduction


def host_array(loss: Loss, name: str, value: Any) -> np.ndarray[Any, Any]:
    """Anything array-like on the host as a native, aligned NumPy array of real numbers."""
    if isinstance(value, np.ma.MaskedArray):
        raise TypeError(f"{loss.name}: {name} is a masked array; fill it, and pass the mask as weight")
    array = np.asarray(value)
    if array.dtype.kind not in REAL_KINDS:
        raise TypeError(f"{loss.name}: {name} has dtype {array.dtype}; real numbers are needed")
    if array.dtype.itemsize > 8 or array.dtype.char == "e":
        raise TypeError(f"{loss.name}: {name} has dtype {array.dtype}; convert it with {name}.astype(np.float32)")
    if not array.dtype.isnative or not array.flags.aligned:
        array = np.array(array, dtype=array.dtype.newbyteorder("="))
    return array


def prediction(loss: Loss, name: str, value: Any) -> np.ndarray[Any, Any]:
    """A prediction on the host: float32 or float64."""
    array = host_array(loss, name, value)
    if array.dtype.kind != "f":
        raise TypeError(
            f"{loss.name}: {name} has dtype {array.dtype}; predictions are float32 or float64. "
            f"Convert with {name}.astype(np.float32)"
        )
    return array


def same_shape(loss: Loss, name: str, shape: tuple[int, ...], expected: tuple[int, ...], of: str) -> None:
    """Shapes are equal or it is an error: nothing broadcasts silently."""
    if shape != expected:
        raise ValueError(f"{loss.name}: {name} has shape {shape}, but {of} has shape {expected}; they must be equal")


def shape_of_elements(loss: Loss, shape: tuple[int, ...]) -> tuple[int, ...]:
    """The shape of the unreduced loss: that of the prediction, without the last axis if its columns are one element."""
    if loss.columns == 1:
        return shape
    if not shape or shape[-1] != loss.columns:
        raise ValueError(
            f"{loss.name}: {loss.inputs[0]} has shape {shape}; its last axis must have {loss.columns} entries"
        )
    return shape[:-1]


def weight_shape(loss: Loss, weight: Any, shape: tuple[int, ...]) -> None:
    """A weight has the shape of the unreduced loss or one entry a sample."""
    if tuple(weight.shape) not in (shape, shape[:1]):
        raise ValueError(
            f"{loss.name}: weight has shape {tuple(weight.shape)}; it must be {shape} "
            f"(the unreduced loss) or {shape[:1]} (one weight a sample)"
        )


def weights(loss: Loss, value: Any, shape: tuple[int, ...]) -> np.ndarray[Any, Any]:
    """Weights on the host for a loss of this shape, looked at here since no loop does."""
    weight: np.ndarray[Any, Any] = host_array(loss, "weight", value)
    weight_shape(loss, weight, shape)
    bad = np.flatnonzero(~(weight.ravel() >= 0))
    if bad.size:
        value_outside(loss, "weight", weight, int(bad[0]), ">= 0, not NaN", int(bad.size))
    return weight


def spread(weight: np.ndarray[Any, Any], shape: tuple[int, ...]) -> np.ndarray[Any, Any]:
    """A weight a sample, seen with the shape of the unreduced loss, without a copy."""
    if weight.shape == shape:
        return weight
    return np.broadcast_to(weight.reshape(weight.shape + (1,) * (len(shape) - 1)), shape)


def output(loss: Loss, given: Any, like: np.ndarray[Any, Any], shape: tuple[int, ...], inputs: Any, what: str) -> Any:
    """An array to write to: the one given, checked, or a new one."""
    if given is None:
        return np.empty_like(like) if shape == like.shape else np.empty(shape, like.dtype)
    if not isinstance(given, np.ndarray):
        raise TypeError(f"{loss.name}: out for the {what} must be a NumPy array, got {type(given).__name__}")
    if given.shape != shape or given.dtype != like.dtype:
        raise ValueError(
            f"{loss.name}: out for the {what} has shape {given.shape} and dtype {given.dtype}; "
            f"it must have {shape} and {like.dtype}"
        )
    flags = given.flags
    if not flags.writeable or not flags.aligned or not given.dtype.isnative:
        raise ValueError(f"{loss.name}: out for the {what} must be writeable, aligned and of native byte order")
    if not flags.c_contiguous and 0 in given.strides and given.size > 1:
        raise ValueError(f"{loss.name}: out for the {what} has overlapping elements (a stride of 0)")
    for array in inputs:
        if given.base is None and array.base is None:
            continue
        if np.may_share_memory(given, array) and not same_memory(given, array):
            raise ValueError(
                f"{loss.name}: out for the {what} overlaps an input without being the same array; "
                "give the prediction itself or separate memory"
            )
    return given


def same_memory(a: np.ndarray[Any, Any], b: np.ndarray[Any, Any]) -> bool:
    """True if two arrays are the same elements in the same places."""
    return bool(
        a.__array_interface__["data"][0] == b.__array_interface__["data"][0]
        and a.shape == b.shape
        and a.strides == b.strides
        and a.dtype == b.dtype
    )


def several(loss: Loss, given: Any, count: int, what: str) -> tuple[Any, ...]:
    """`out` for so many arrays: one by itself, several as a tuple."""
    if given is None:
        return (None,) * count
    if count == 1 and not isinstance(given, tuple):
        return (given,)
    if not isinstance(given, tuple) or len(given) != count:
        raise TypeError(f"{loss.name}: out for the {what} must be a tuple of {count} arrays")
    return given


def value_outside(
    loss: Loss,
    name: str,
    array: Any,
    position: int,
    domain_text: str,
    bad: int,
    flipped: bool = False,
    column: tuple[int, ...] = (),
) -> NoReturn:
    """Raise for the value of an array that a loop found outside its domain; `flipped` if it saw it transposed.

    `column` is the place on the last axis, where the loop counted elements of several numbers.
    """
    shape = array.shape[:-1] if column else array.shape
    found_at = tuple(int(i) for i in np.unravel_index(position, shape[::-1] if flipped else shape))
    index = (*(found_at[::-1] if flipped else found_at), *column)
    where = ", ".join(map(str, index))
    found = array[index]
    count = f"; {bad} of {array.size} values are bad" if bad > 1 else ""
    raise ValueError(f"{loss.name}: {name}[{where}] = {found} is outside its domain: it must be {domain_text}{count}")
