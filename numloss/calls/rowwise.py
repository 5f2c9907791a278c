"""The options of rowwise losses as numbers, the same for every backend."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from ..loops.codes import LABELS, LOG_DISTRIBUTION, LOG_PROBABILITIES, LOGITS, PROBABILITIES
from .checks import integer, number

if TYPE_CHECKING:
    from ..registry import Loss

FLOATS = {"label_smoothing": "smoothing", "z_loss": "zeta", "eps": "eps"}


class RowOptions:
    """What a rowwise call asks for.

    scores and target say how pred and target are to be read; entropy adds sum q log q; smoothing, zeta (the
    z-loss), cap (0: none), eps; ignore is a label or None; factor multiplies the losses of each class; tau times the
    logarithm of prior is added to the scores of each; params are those of the law.
    """

    __slots__ = (
        *("axis", "cap", "class_weight", "entropy", "eps", "factor", "ignore", "params", "prior", "scores"),
        *("smoothing", "target", "tau", "zeta"),
    )

    def __init__(self) -> None:
        self.axis: Any = 1
        self.scores, self.target, self.entropy = LOGITS, LABELS, 0
        self.smoothing = self.zeta = self.cap = self.eps = 0.0
        self.ignore: int | None = None
        self.class_weight: Any = None
        self.factor: Any = None
        self.prior: Any = None
        self.tau = 0.0
        self.params: list[float] = []


def flag(loss: Loss, name: str, value: Any) -> bool:
    """An option that is true or false."""
    if not isinstance(value, (bool, np.bool_)):
        raise TypeError(f"{loss.name}: {name} must be True or False, got {value!r}")
    return bool(value)


def is_distribution(target: Any) -> bool:
    """True for floating targets, which are distributions; integers are labels."""
    dtype = getattr(target, "dtype", None)
    if dtype is None:
        dtype = np.asarray(target).dtype
    return getattr(dtype, "kind", "") == "f" or "float" in str(dtype)


def options_of(loss: Loss, arguments: tuple[Any, ...], given: dict[str, Any]) -> RowOptions:
    """The options of a call, defaults filled in and checked."""
    result = RowOptions()
    facts = loss.rows
    result.scores, result.entropy = facts["scores"], int(facts["entropy"])
    result.target = facts["target"] if facts["target"] is not None else int(is_distribution(arguments[1]))
    if given or loss.eager:
        merged = {**loss.defaults, **given}
        set_options(loss, result, merged)
    elif "ignore_index" in loss.defaults:
        result.ignore = loss.defaults["ignore_index"]
    result.params = [number(loss, name, given.get(name, loss.defaults[name])) for name in loss.params]
    return result


def set_options(loss: Loss, result: RowOptions, options: dict[str, Any]) -> None:
    """Read the options that a rowwise loss may have, by name."""
    for name, attribute in FLOATS.items():
        if name in options:
            setattr(result, attribute, number(loss, name, options[name]))
    if options.get("softcap") is not None:
        result.cap = number(loss, "softcap", options["softcap"])
    if "from_probabilities" in options and flag(loss, "from_probabilities", options["from_probabilities"]):
        result.scores = PROBABILITIES
        if result.zeta or result.cap:
            raise ValueError(f"{loss.name}: z_loss and softcap act on logits; from_probabilities has none")
    elif result.eps:
        raise ValueError(f"{loss.name}: eps clips probabilities; it needs from_probabilities=True")
    if "from_logits" in options:
        result.scores = LOGITS if flag(loss, "from_logits", options["from_logits"]) else LOG_PROBABILITIES
    if "log_target" in options and flag(loss, "log_target", options["log_target"]):
        result.target = LOG_DISTRIBUTION
    if "ignore_index" in options:
        result.ignore = ignored_label(loss, options["ignore_index"])
    if loss.rows["factor"] is not None:
        result.factor = options[loss.rows["factor"]]
    if loss.rows["factor"] != "class_weight":
        result.class_weight = options.get("class_weight")
    if "prior" in options:
        result.prior, result.tau = options["prior"], number(loss, "tau", options["tau"])
    result.axis = options.get("axis", 1)


def ignored_label(loss: Loss, value: Any) -> int | None:
    """ignore_index: an integer of int64, or None for none."""
    if value is None:
        return None
    return integer(loss, "ignore_index", value, "an integer or None")


def rows_shape(pred: Any, axis: int) -> tuple[int, ...]:
    """The shape without the axis of the classes."""
    return tuple(pred.shape[:axis] + pred.shape[axis + 1 :])


def check_labels(loss: Loss, array: Any, pred: Any, axis: int) -> None:
    """Labels are integers with the shape of the rows."""
    rows = rows_shape(pred, axis)
    if array.dtype.kind not in "iu":
        if array.shape == rows:
            raise TypeError(
                f"{loss.name}: target has dtype {array.dtype}; labels are integers: convert them to int64, or give a "
                f"distribution with the shape of {loss.inputs[0]}"
            )
        raise ValueError(
            f"{loss.name}: target has shape {array.shape} and dtype {array.dtype}; it must be integer labels of "
            f"shape {rows} or a floating distribution of shape {pred.shape}"
        )
    if array.shape != rows:
        raise ValueError(
            f"{loss.name}: target has shape {array.shape}; labels of {loss.inputs[0]} {pred.shape} have shape {rows}"
        )


def bad_label(loss: Loss, target: np.ndarray[Any, Any], classes: int, axis: int, ignore: int | None) -> NoReturn:
    """The sentence about the first label out of range."""
    wrong = (target < 0) | (target >= classes)
    if ignore is not None:
        wrong &= target != ignore
    index = np.unravel_index(int(np.flatnonzero(wrong.ravel())[0]), target.shape)
    where = ", ".join(str(int(i)) for i in index)
    hint = "Labels start at 0"
    if ignore is None or ignore < 0:
        hint += f"; to skip padding pass ignore_index={int(target[index])}"
    raise IndexError(
        f"{loss.name}: target[{where}] = {target[index]} is outside [0, {classes}) ({loss.inputs[0]} has {classes} "
        f"classes on axis {axis}); {int(np.count_nonzero(wrong))} of {target.size} targets are bad. {hint}."
    )
