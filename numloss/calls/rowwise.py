"""What a rowwise loss takes, checked: options as numbers, scores, a target, and numbers for each class."""

from __future__ import annotations

import math
from collections.abc import Sequence as Many
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from ..common.halves import is_floating, working
from ..domains import NONNEGATIVE
from ..loops.codes import (
    BOUND,
    CURVATURE,
    INDICATORS,
    LABELS,
    LEVELS,
    LOG_DISTRIBUTION,
    LOG_PROBABILITIES,
    LOGITS,
    MEMBERS,
    PLACED,
    PREDICTION_OPERAND,
    PROBABILITIES,
    WEIGHT_OPERAND,
)
from ..registry import law_arguments
from .arrays import FLOAT32, HOST, is_float32
from .checks import (
    bad_distribution,
    bad_label,
    bad_probability,
    bad_weight,
    integer,
    number,
    same_shape,
    value_outside,
    weighting,
)
from .hessians import second_of, vector_of
from .outputs import outputs_of

if TYPE_CHECKING:
    from ..registry import Law, Loss
    from .arrays import Arrays
    from .request import Request

FLOATS = {"label_smoothing": "smoothing", "z_loss": "zeta", "eps": "eps"}


class RowOptions:
    """What a rowwise call asks for.

    scores and target say how pred and target are to be read; smoothing, zeta (the z-loss), cap (0: none), eps; ignore
    is a label or None; factor multiplies the losses of each class; frequency is how frequent each is, and beside what
    else its offset follows from; the temperature divides logits; params are those of the law.
    """

    __slots__ = (
        *("axis", "beside", "cap", "class_weight", "eps", "factor", "frequency", "ignore", "params", "scores"),
        *("smoothing", "target", "temperature", "zeta"),
    )

    def __init__(self) -> None:
        self.axis: Any = 1
        self.scores, self.target = LOGITS, LABELS
        self.smoothing = self.zeta = self.cap = self.eps = 0.0
        self.ignore: int | None = None
        self.class_weight: Any = None
        self.factor: Any = None
        self.frequency: Any = None
        self.beside: list[float] = []
        self.temperature = 1.0
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
    kind = getattr(dtype, "kind", "")
    # the text of a dtype takes as long to make as a small kernel runs
    return kind == "f" or (kind not in ("i", "u") and "float" in str(dtype))


def options_of(loss: Loss, arguments: tuple[Any, ...], given: dict[str, Any]) -> RowOptions:
    """The options of a call, defaults filled in and checked."""
    result = RowOptions()
    facts = loss.rows
    result.scores = facts["scores"]
    result.target = facts["target"] if facts["target"] is not None else int(is_distribution(arguments[1]))
    if given or loss.eager:
        merged = {**loss.defaults, **given}
        set_options(loss, result, merged, dtype_of(arguments[0]))
    elif "ignore_index" in loss.defaults:
        result.ignore = loss.defaults["ignore_index"]
    return result


def dtype_of(pred: Any) -> np.dtype[Any] | None:
    """The dtype of scores of float32, of any library; None where options have all the digits that data have."""
    return FLOAT32 if is_float32(pred) else None


def set_options(loss: Loss, result: RowOptions, options: dict[str, Any], real: np.dtype[Any] | None) -> None:
    """Read the options that a rowwise loss may have, by name, for scores of a dtype."""
    for name, attribute in FLOATS.items():
        if name in options:
            setattr(result, attribute, number(loss, name, options[name], real))
    if options.get("softcap") is not None:
        result.cap = number(loss, "softcap", options["softcap"], real)
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
    if "temperature" in options:
        result.temperature = number(loss, "temperature", options["temperature"], real)
    if "rest" in loss.words and number(loss, "rest", options["rest"]):
        raise ValueError(f"{loss.name}: rest says what becomes of classes that indices do not name; give indices")
    if loss.rows.get("offsets"):
        frequency, *others = law_arguments(loss.rows["offsets"])
        result.frequency = options[frequency]
        result.beside = [number(loss, name, options[name], real) for name in others]
    if result.target >= PLACED:
        check_ends(loss, options["low"], options["high"])
    result.axis = options.get("axis", 1)


def check_ends(loss: Loss, low: Any, high: Any) -> None:
    """Where the classes of numbers begin lies below where they end."""
    if high is not None and not number(loss, "low", low) < number(loss, "high", high):
        raise ValueError(f"{loss.name}: high = {high} must be above low = {low}")


def ignored_label(loss: Loss, value: Any) -> int | None:
    """ignore_index: an integer of int64, or None for none."""
    if value is None:
        return None
    return integer(loss, "ignore_index", value, "an integer or None")


def ignored_among(ignore: int | None, labels: Any) -> int | None:
    """The ignored label, if labels of this dtype can be that: loops read a large unsigned one as a negative number."""
    return None if ignore is not None and ignore < 0 and labels.dtype.kind == "u" else ignore


@dataclass
class Rows:
    """One call: scores and what belongs to them, as arrays of one place; `axis` is that of the classes."""

    place: Arrays
    loss: Loss
    options: RowOptions
    pred: Any
    axis: int
    target: Any
    weight: Any = None
    teacher: Any = None
    vector: Any = None
    values: Any = None
    outputs: Many[Any] = ()
    bound: bool = False
    signed: bool = False

    @property
    def weighting(self) -> int:
        """Whether there are weights, and of which kind, as loops know it."""
        return weighting(self.weight, self.signed)

    @property
    def real(self) -> np.dtype[Any]:
        """The dtype of the data, in which the loops work."""
        return working(self.pred.dtype)

    @property
    def shape(self) -> tuple[int, ...]:
        """That of the rows."""
        return rows_shape(self.pred, self.axis)

    @property
    def classes(self) -> int:
        """How many there are."""
        return int(self.pred.shape[self.axis])

    @property
    def labels(self) -> int:
        """How many labels there are: of levels one more than these."""
        return self.classes + int(self.loss.rows.get("classes") == LEVELS)

    def class_weight(self) -> np.ndarray[Any, Any] | None:
        """The weight of each label, on the host, in the dtype of the data."""
        return self.per_class("class_weight", self.options.class_weight, self.labels)

    def factors(self) -> np.ndarray[Any, Any] | None:
        """What the losses of each class are multiplied by."""
        return self.per_class(self.loss.rows.get("factor", ""), self.options.factor)

    def offsets(self) -> Any:
        """What is added to the scores of each class, or what a law of logits is told of that of the label."""
        given = self.options.frequency
        if given is None:
            return None
        return class_offsets(self.loss, self.place.on_host(given), self.options.beside, self.classes, self.real)

    @property
    def law(self) -> Law | None:
        """The law of the loss, unless with these parameters it is what loops compute without one."""
        return None if self.loss.plain == tuple(self.options.params) else self.loss.law

    def plain(self) -> bool:
        """Whether every row counts 1, unless its label is ignored."""
        return self.weight is None and self.options.class_weight is None

    def per_class(self, name: str, value: Any, count: int | None = None) -> np.ndarray[Any, Any] | None:
        """An option that is a number for each class, or for each of so many labels, if it was given."""
        if value is None:
            return None
        count = self.classes if count is None else count
        return per_class(self.loss, name, self.place.on_host(value), count, self.real)

    def complain(self, position: int, operand: int, flipped: bool = False) -> NoReturn:
        """Raise for the first bad weight, label or target that a kernel found; `flipped` if it saw rows transposed."""
        if operand == WEIGHT_OPERAND:
            bad_weight(self.loss, HOST.spread(self.place.on_host(self.weight), self.shape), position, flipped)
        target = self.place.on_host(self.target)
        if operand == PREDICTION_OPERAND:
            labels = target if self.options.target == LABELS and not self.options.smoothing else None
            bad_probability(self.loss, self.place.on_host(self.pred), labels, self.axis, position, flipped)
        if self.options.target == LABELS:
            bad_label(self.loss, target, self.labels, self.axis, self.options.ignore)
        bad_distribution(self.loss, target, self.options.target)


def rows_of(place: Arrays, request: Request, replaced: bool = True) -> Rows:
    """What was given. replaced: whether a gradient may take the place of the predictions."""
    loss, arguments = request.loss, request.arguments
    options = options_of(loss, arguments, request.options)
    pred = place.prediction(loss, loss.inputs[0], arguments[0])
    axis = class_axis(loss, pred, options.axis)
    shape, target = rows_shape(pred, axis), target_of(place, loss, options, arguments[-1], pred, axis)
    if options.target == LABELS:
        options.ignore = ignored_among(options.ignore, target)
    count_levels(loss, options, pred.shape[axis])
    rows = Rows(place, loss, options, pred, axis, target, request.weight(place, shape), bound=request.policy == BOUND)
    rows.signed = request.signed
    # where numbers lie among the classes is known in float64
    options.params = request.parameters(rows.real if options.target < PLACED else np.dtype(np.float64))
    if request.mode > CURVATURE:
        rows.vector = vector_of(place, request, pred)
        rows.outputs = second_of(place, request, pred, (*shape, rows.classes, rows.classes))
    else:
        overwritten = loss.inputs[:1] if request.mode == 1 and replaced else ()
        rows.values, rows.outputs = outputs_of(place, request, pred, shape, overwritten)
    if len(arguments) > 2:
        rows.teacher = teacher_of(rows, arguments[1])
    if rows.classes == 0 and math.prod(shape) > 0:
        raise ValueError(f"{loss.name}: {loss.inputs[0]} has shape {pred.shape}: no classes on axis {axis}")
    return rows


def rows_shape(pred: Any, axis: int) -> tuple[int, ...]:
    """The shape without the axis of the classes."""
    return tuple(pred.shape[:axis] + pred.shape[axis + 1 :])


def class_axis(loss: Loss, pred: Any, axis: Any) -> int:
    """The class axis, counted from the front."""
    if pred.ndim < 2:
        raise ValueError(
            f"{loss.name}: {loss.inputs[0]} has shape {pred.shape}; it needs a batch axis and a class axis, (N, C)"
        )
    if isinstance(axis, bool) or not isinstance(axis, (int, np.integer)):
        raise TypeError(f"{loss.name}: axis must be an integer, got {type(axis).__name__}")
    if not -pred.ndim <= axis < pred.ndim:
        axes = pred.ndim
        raise ValueError(f"{loss.name}: axis = {axis} is outside [{-axes}, {axes}) ({loss.inputs[0]} has {axes} axes)")
    return int(axis) % int(pred.ndim)


def target_of(place: Arrays, loss: Loss, options: RowOptions, value: Any, pred: Any, axis: int) -> Any:
    """Labels or numbers with the shape of the rows, or a distribution with that of the predictions."""
    array = place.real(loss, "target", value)
    if options.target == LABELS:
        check_labels(loss, array, pred, axis)
        return array
    if options.target >= PLACED:
        if array.shape != rows_shape(pred, axis):
            raise ValueError(
                f"{loss.name}: target has shape {array.shape}; numbers for the rows of {loss.inputs[0]} {pred.shape} "
                f"have shape {rows_shape(pred, axis)}"
            )
        return array
    if not is_floating(array.dtype) and options.target not in (INDICATORS, MEMBERS):
        raise TypeError(f"{loss.name}: target has dtype {array.dtype}; a distribution is floating")
    same_shape(loss, "target", array.shape, pred.shape, loss.inputs[0])
    return array


def teacher_of(rows: Rows, value: Any) -> Any:
    """Logits with the shape of the predictions."""
    loss, place = rows.loss, rows.place
    array = place.real(loss, "teacher", value)
    if not is_floating(array.dtype):
        raise TypeError(f"{loss.name}: teacher has dtype {array.dtype}; logits are floating")
    same_shape(loss, "teacher", array.shape, rows.pred.shape, loss.inputs[0])
    return array


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


def per_class(loss: Loss, name: str, value: Any, classes: int, real: np.dtype[Any]) -> np.ndarray[Any, Any]:
    """An option that is a number for each class, or where it may be one number that for all of them; a new array."""
    domain = loss.domains.get(name, NONNEGATIVE)
    if np.ndim(value) == 0 and name in loss.domains:
        value = np.full(classes, number(loss, name, value))
    array = HOST.real(loss, name, value)
    if array.shape != (classes,):
        raise ValueError(f"{loss.name}: {name} has shape {array.shape}; {loss.inputs[0]} has {classes} classes")
    wide = array.astype(np.float64)  # the largest float64 is no float32
    bad = np.flatnonzero(~((wide >= domain.low) & (wide <= domain.high)))
    if bad.size:
        value_outside(loss, name, array, int(bad[0]), domain.text, int(bad.size))
    with np.errstate(over="ignore"):  # what the dtype does not hold is infinite, as in parameters of laws
        return np.array(array, dtype=real)


def levels_asked(levels: int) -> np.ndarray[Any, Any]:
    """How many levels each label answers for: those below it and the one that it does not reach."""
    return np.arange(1.0, levels + 2.0).clip(0.0, levels)


def count_levels(loss: Loss, options: RowOptions, levels: int) -> None:
    """Let rows of levels count as many as their labels answer for, where the loss says so."""
    if loss.rows.get("asked"):
        options.class_weight = levels_asked(levels)


def class_offsets(loss: Loss, given: Any, beside: Many[float], classes: int, real: np.dtype[Any]) -> Any:
    """What follows from how frequent the classes are, computed in float64, in the dtype of the data."""
    offsets = loss.rows["offsets"]
    wide = per_class(loss, law_arguments(offsets)[0], given, classes, np.dtype(np.float64))
    return np.ascontiguousarray(offsets(wide, *beside), dtype=real)


def merged(sizes: Many[int], strides: Many[int]) -> tuple[int, int] | None:
    """Size and stride of several axes seen as one; None where one stride does not describe them."""
    size, stride = 1, 0
    for n, step in zip(reversed(sizes), reversed(strides), strict=True):
        if n == 1:
            continue
        if size == 1:
            size, stride = n, step
        elif step == size * stride:
            size *= n
        else:
            return None
    return size, stride
