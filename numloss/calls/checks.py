"""Checks of arguments, and the sentences that say what is wrong with them.

A message names the loss, the argument, what was found and where, and what is allowed. Arrays are never printed
whole.
"""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from ..loops.codes import DISTRIBUTION, INDICATORS, LEVELS, MEMBERS, SIGNED, UNWEIGHTED, WEIGHTED
from .arrays import HOST

if TYPE_CHECKING:
    from ..domains import Domain
    from ..registry import Loss
    from .arrays import Arrays

REDUCTIONS = ("mean", "sum", "none", "top")
# Which losses reduction="top" keeps: how many, and from where on.
FOR_TOP = ("top", "above")
# The options that every loss has, but for the first where it takes no weights.
SHARED = ("weight", "reduction", *FOR_TOP, "out", "backend")


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
    common = ("out", "backend") if loss.results else SHARED
    for name in options:
        if name not in loss.defaults and name not in common:
            known = [*loss.defaults, *common]
            raise TypeError(f"{loss.name}: unknown option {name!r}; it has {', '.join(known)}")
        if name == "weight" and name not in loss.defaults and not loss.weighted and options[name] is not None:
            instead = "; use strength" if "strength" in loss.defaults else ""
            raise TypeError(f"{loss.name}: {loss.inputs[0]} takes no weight{instead}")
    return arguments


def number(loss: Loss, name: str, value: Any, real: np.dtype[Any] | None = None) -> float:
    """An option that is a number, inside its domain, or the number that None stands for.

    With the dtype of the data, what the data are computed with: inside of the domain in that dtype, too.
    """
    if value is None and name in loss.none:
        return loss.none[name]
    if value is inspect.Parameter.empty:
        raise TypeError(f"{loss.name}: missing {name}")
    if name in loss.words:
        known = loss.words[name]
        if not isinstance(value, str) or value not in known:
            raise ValueError(f"{loss.name}: {name} must be {' or '.join(map(repr, known))}, got {value!r}")
        return known[value]
    result = value if type(value) is float else plain_number(loss, name, value)
    domain = loss.domains.get(name)
    if result != result or (domain is not None and result not in domain):
        allowed = domain.text if domain is not None else "a number, not NaN"
        raise ValueError(f"{loss.name}: {name} must be {allowed}, got {value!r}")
    return result if real is None or domain is None else number_in(loss, name, result, domain, real)


def number_in(loss: Loss, name: str, value: float, domain: Domain, real: np.dtype[Any]) -> float:
    """An option as a dtype has it: next to an end that the domain leaves out, the last number before it.

    Where that is another number altogether, as the smallest float32 is beside 1e-46, it is an error.
    """
    low, high = domain.ends(real.char)
    if low <= value <= high:
        return value
    with np.errstate(over="ignore", under="ignore"):
        seen = float(real.type(value))
    if low <= seen <= high:
        return value
    nearest = min(max(seen, low), high)
    if abs(nearest - value) > float(np.finfo(real).eps) * abs(value):
        raise ValueError(
            f"{loss.name}: {name} must be {domain.text} in {real.name}, the dtype of {loss.inputs[0]}, too; "
            f"{value!r} is {seen!r} there"
        )
    return nearest


def plain_number(loss: Loss, name: str, value: Any) -> float:
    """What an option of any numeric type is as a float: no text, and no truth where the loss has a number."""
    wrong: tuple[type, ...] = (str, bytes, bytearray)
    if not isinstance(loss.defaults.get(name), bool):
        wrong += (bool, np.bool_)
    try:
        if isinstance(value, wrong) or np.ndim(value):
            raise TypeError(type(value))
        return float(value)
    except (TypeError, ValueError):
        raise TypeError(f"{loss.name}: {name} must be a number, got {type(value).__name__}") from None


def integer(loss: Loss, name: str, value: Any, allowed: str = "an integer") -> int:
    """An option that is an integer of int64."""
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, np.integer)):
        raise TypeError(f"{loss.name}: {name} must be {allowed}, got {value!r}")
    if not -(2**63) <= value < 2**63:
        raise ValueError(f"{loss.name}: {name} = {value} does not fit into int64")
    return int(value)


def reduction_of(loss: Loss, options: dict[str, Any]) -> str:
    """The reduction, checked."""
    reduction = options.get("reduction", loss.reduction)
    if not isinstance(reduction, str) or reduction not in REDUCTIONS:
        hint = "; 'none' is a word" if reduction is None else ""
        words = ", ".join(map(repr, REDUCTIONS))
        raise ValueError(f"{loss.name}: reduction must be one of {words}, got {reduction!r}{hint}")
    top, above = options.get("top"), options.get("above")
    if top is not None or above is not None or reduction == "top":
        check_top(loss, reduction, top, above)
    return reduction


def check_top(loss: Loss, reduction: str, top: Any, above: Any) -> None:
    """What says which losses reduction="top" keeps, checked."""
    if reduction != "top":
        raise ValueError(f"{loss.name}: top and above say what reduction='top' keeps; the reduction is {reduction!r}")
    if top is None and above is None:
        raise ValueError(f"{loss.name}: reduction='top' needs top, how many losses it keeps, or above, or both")
    if top is not None:
        number = plain_number(loss, "top", top)
        whole = isinstance(top, (int, np.integer))
        if not (number >= 1 if whole else 0.0 < number <= 1.0):
            raise ValueError(
                f"{loss.name}: top must be an integer >= 1, or a share of the losses in (0, 1], got {top!r}"
            )
    if above is not None and plain_number(loss, "above", above) != above:
        raise ValueError(f"{loss.name}: above must be a number, not NaN, got {above!r}")


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


def weight_shape(loss: Loss, weight: Any, shape: tuple[int, ...], name: str = "weight") -> None:
    """A weight has the shape of the unreduced loss or one entry a sample."""
    if tuple(weight.shape) not in (shape, shape[:1]):
        raise ValueError(
            f"{loss.name}: {name} has shape {tuple(weight.shape)}; it must be {shape} "
            f"(the unreduced loss) or {shape[:1]} (one a sample)"
        )


def integers(place: Arrays, loss: Loss, name: str, value: Any) -> Any:
    """An argument as an array of integers."""
    array = place.real(loss, name, value)
    if array.dtype.kind not in "iu":
        raise TypeError(f"{loss.name}: {name} has dtype {array.dtype}; integers are needed")
    return array


def indices(place: Arrays, loss: Loss, name: str, value: Any, rows: int) -> Any:
    """An argument as an array of one integer a row."""
    array = integers(place, loss, name, value)
    same_shape(loss, name, array.shape, (rows,), "the batch")
    return array


def weighting(weight: Any, signed: bool) -> int:
    """Whether there are weights, and of which kind, as loops know it."""
    return UNWEIGHTED if weight is None else SIGNED if signed else WEIGHTED


def weights(loss: Loss, value: Any, shape: tuple[int, ...]) -> np.ndarray[Any, Any]:
    """Weights on the host for a loss of this shape, looked at here since no loop does."""
    weight: np.ndarray[Any, Any] = HOST.real(loss, "weight", value)
    weight_shape(loss, weight, shape)
    bad = np.flatnonzero(is_no_weight(weight).ravel())
    if bad.size:
        bad_weight(loss, weight, int(bad[0]))
    return weight


def is_no_weight(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Where numbers are negative, infinite or NaN."""
    return np.asarray(~((array >= 0) & (array < np.inf)))


def several(loss: Loss, given: Any, count: int, what: str) -> tuple[Any, ...]:
    """`out` for so many arrays: one by itself, several as a tuple."""
    if given is None:
        return (None,) * count
    if count == 1 and not isinstance(given, tuple):
        return (given,)
    if not isinstance(given, tuple) or len(given) != count:
        raise TypeError(f"{loss.name}: out for the {what} must be a tuple of {count} arrays")
    return given


def first_of(loss: Loss, name: str, wrong: np.ndarray[Any, Any]) -> int:
    """Where the first value is that is wrong, of an array in which a loop found one."""
    found = np.flatnonzero(wrong.ravel())
    if not found.size:
        raise RuntimeError(f"{loss.name}: {name} was changed by another thread while the loss was computed")
    return int(found[0])


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


def bad_weight(loss: Loss, weight: np.ndarray[Any, Any], position: int, flipped: bool = False) -> NoReturn:
    """Raise for the first weight that is negative, infinite or NaN."""
    bad = int(np.count_nonzero(is_no_weight(weight)))
    value_outside(loss, "weight", weight, position, ">= 0 and finite", bad, flipped)


def bad_number(
    loss: Loss, operand: int, array: Any, real: str, position: int, flipped: bool = False, counted: bool = True
) -> NoReturn:
    """Raise for the first number outside its domain of an operand of a law, as the array that all its columns are of.

    `real` is the dtype of the data. `flipped`: the loop saw the arrays transposed. `counted`: say how many there are;
    not where the gradient has already overwritten some of them.
    """
    which, column = divmod(operand, loss.columns)
    name = (*loss.inputs, *loss.per_element)[which]
    domain, bad = loss.domains[name], 1
    if counted:
        low, high = domain.ends(real)
        wide = np.asarray(array, dtype=np.float64)
        wrong = (wide < low) | (wide > high)
        if which not in loss.differentiable:
            wrong |= np.isnan(wide)
        if domain.integers:
            wrong |= wide != np.rint(wide)
        bad = int(np.count_nonzero(wrong))
    place = (column,) if loss.columns > 1 else ()
    value_outside(loss, name, array, position, domain.text, bad, flipped, place)


def bad_distribution(loss: Loss, target: np.ndarray[Any, Any], kind: int) -> NoReturn:
    """The sentence about the first entry that no distribution, or no indicator of a class, has."""
    text, wrong = "not NaN", np.isnan(target)
    if kind == DISTRIBUTION:
        text, wrong = ">= 0, not NaN", ~(target >= 0)
    elif kind == INDICATORS:
        text, wrong = "in [0, 1]", ~((target >= 0) & (target <= 1))
    elif kind == MEMBERS:
        text, wrong = "0 or 1", ~((target == 0) | (target == 1))
    value_outside(loss, "target", target, first_of(loss, "target", wrong), text, int(np.count_nonzero(wrong)))


def bad_probability(
    loss: Loss, pred: np.ndarray[Any, Any], labels: np.ndarray[Any, Any] | None, axis: int, row: int, flipped: bool
) -> NoReturn:
    """The sentence about the first entry of a row that is no probability; with a label about that of the label.

    The row is counted in the order of memory. Others may have been overwritten by a gradient.
    """
    shape = pred.shape[:axis] + pred.shape[axis + 1 :]
    place = np.unravel_index(row, shape[::-1] if flipped else shape)
    index = tuple(int(i) for i in (place[::-1] if flipped else place))
    entries = np.moveaxis(pred, axis, -1)[index]
    bad = (entries < 0) | (entries > 1)
    found = first_of(loss, loss.inputs[0], bad) if labels is None else int(labels[index])
    where = np.ravel_multi_index((*index[:axis], found, *index[axis:]), pred.shape)
    value_outside(loss, loss.inputs[0], pred, int(where), "in [0, 1] with from_probabilities=True", 1)


def bad_label(loss: Loss, target: np.ndarray[Any, Any], labels: int, axis: int, ignore: int | None) -> NoReturn:
    """The sentence about the first label out of range."""
    wrong = (target < 0) | (target >= labels)
    if ignore is not None:
        wrong &= target != ignore
    index = np.unravel_index(first_of(loss, "target", wrong), target.shape)
    where = ", ".join(str(int(i)) for i in index)
    hint = "Labels start at 0"
    if (ignore is None or ignore < 0) and target[index] < 2**63:
        hint += f"; to skip padding pass ignore_index={int(target[index])}"
    found = f"{labels - 1} levels" if loss.rows.get("classes") == LEVELS else f"{labels} classes"
    raise IndexError(
        f"{loss.name}: target[{where}] = {target[index]} is outside [0, {labels}) ({loss.inputs[0]} has {found} "
        f"on axis {axis}); {int(np.count_nonzero(wrong))} of {target.size} targets are bad. {hint}."
    )
