"""Rowwise losses in compiled functions: of scores (N, C), or of one row (C,), with what their targets may be."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
from numba import types

from ...backends.host import rowwise as host
from ...calls import rowwise as read
from ...domains import NONNEGATIVE
from ...loops.codes import (
    CODES,
    DISTRIBUTION,
    I8,
    LABELS,
    LEVELS,
    LOG_DISTRIBUTION,
    LOG_PROBABILITIES,
    LOGIT,
    LOGITS,
    OF_LABEL,
    PLACED,
    PROBABILITIES,
    RATIO,
    SCORES,
    block_size,
)
from ...registry import Loss, law_arguments
from .calls import jitable, number_text, refuse
from .elementwise import Arrays
from .kernels import Found, kernel, through_python


def implementation(loss: Loss, kinds: dict[str, types.Type]) -> Any:
    """The text of a call, for arguments of these types."""
    pred = types.unliteral(kinds[loss.inputs[0]])
    if not isinstance(pred, types.Array) or pred.ndim not in (1, 2):
        got = f"{pred.ndim} axes" if isinstance(pred, types.Array) else str(pred)
        refuse(loss, f"{loss.inputs[0]} must be an array (N, C), or one row (C,), got {got}; call it from Python")
    return rows(Rows(loss, kinds))


class Rows(Arrays):
    """A call with rows of scores."""

    def __init__(self, loss: Loss, kinds: dict[str, types.Type]) -> None:
        super().__init__(loss, kinds)
        self.alone = self.pred.ndim == 1
        # conditions that never hold, of arrays that must live until the loop has run
        self.kept: list[str] = []
        self.axes = 1
        self.write(f"_shape = ({'1' if self.alone else f'{self.name}.shape[0]'},)")

    def called(self) -> Any:
        """The function of Python that answers what is odd."""
        return functools.partial(of_one_row, self.loss.function) if self.alone else self.loss.function

    def scores(self, place: str, steps: str, name: str) -> None:
        """Fill the operand of an array with a number for each score, and how far apart these lie."""
        kind, code = self.array_kind(name), self.code(name)
        if kind.ndim != self.pred.ndim:
            self.refuse(
                f"{name} has {kind.ndim} axes, but {self.name} has {self.pred.ndim}; their shapes must be equal"
            )
        self.watch(f"{name}.shape != {self.name}.shape")
        at, self.places = self.places, self.places + 1
        self.write(f"_plain({place}, _heads, {at}, _data_of({name}), {code})")
        outer = "0" if self.alone else f"({name}.strides[0] if _rows > 1 else 0)"
        self.write(f"_outer, _class = {outer}, ({name}.strides[-1] if _classes > 1 else {name}.itemsize)")
        self.watch(f"_outer % {name}.itemsize != 0 or _class % {name}.itemsize != 0")
        self.write(f"_outer, _class = _outer // {name}.itemsize, _class // {name}.itemsize")
        self.write(f"{steps}.classes = _class")
        self.write(f"{steps}.outer = 0 if _flipped else _outer", f"{steps}.inner = _outer if _flipped else 0")

    def labels(self, place: str, name: str) -> None:
        """Fill the operand of the labels."""
        kind = self.kind(name)
        integer = isinstance(kind, types.Integer)
        if self.alone and integer:
            self.write("_label = _stack_ints(1)", f"_label[0] = {name}")
            at, self.places = self.places, self.places + 1
            self.write(f"_plain({place}, _heads, {at}, _address(_label), {I8})")
            return
        if (
            not isinstance(kind, types.Array)
            or not isinstance(kind.dtype, types.Integer)
            or kind.ndim != 1
            or self.alone
        ):
            wanted = "an integer" if self.alone else "an array of integers (N,)"
            self.refuse(f"{name} must be {wanted}: the label of {'the row' if self.alone else 'each row'}; got {kind}")
        self.watch(f"{name}.shape[0] != _rows")
        code = CODES[np.dtype(str(kind.dtype)).char]
        self.operand(place, name, "_shape", f"{name}.strides", code, kind.layout == "C")

    def numbers(self, place: str, steps: str, name: str) -> None:
        """Fill the operand of an array with a number for each row, and how far apart these lie."""
        kind = self.array_kind(name)
        if self.alone or kind.ndim != 1:
            self.refuse(f"{name} has a number for each row of {self.name} (N, C); call it from Python for other shapes")
        self.watch(f"{name}.shape[0] != _rows")
        at, self.places = self.places, self.places + 1
        self.write(f"_plain({place}, _heads, {at}, _data_of({name}), {self.code(name)})")
        self.watch(f"{name}.strides[0] % {name}.itemsize != 0")
        self.write(f"_step = {name}.strides[0] // {name}.itemsize if _rows > 1 else 0", f"{steps}.classes = 0")
        self.write(f"{steps}.outer = 0 if _flipped else _step", f"{steps}.inner = _step if _flipped else 0")

    def table(self, field: str, name: str) -> None:
        """Fill a field with where loops find a number for each class."""
        kind = self.kind(name)
        domain = self.loss.domains.get(name, NONNEGATIVE)
        known = isinstance(kind, types.Array)
        if known and kind.ndim != 1:
            self.refuse(f"{name} has {kind.ndim} axes; it has one number for each class")
        if not known and name not in self.loss.domains:
            self.refuse(f"{name} must be an array of a number for each class, got {kind}")
        given = name if known else f"_full(_classes, {self.number(name)})"
        self.scope |= {"_full": np.full, "_table_of": table_of}
        if known:
            self.code(name)
            self.watch(f"{name}.shape[0] != _classes")
        low, high = number_text(domain.low), number_text(domain.high)
        self.write(f"_{field}, _bad_table = _table_of({given}, {low}, {high}, _real)")
        self.watch("_bad_table")
        self.place_table(field)

    def place_table(self, field: str) -> None:
        """Fill a field with the address of a table of that name."""
        at, self.places = self.places, self.places + 1
        self.write(f"_heads[{at}] = _data_of(_{field})", f"_h.{field} = _head_at(_heads, {at})")
        self.kept.append(f"_{field}.size < 0")


def of_one_row(function: Any, *inputs: Any, **options: Any) -> Any:
    """A loss of one row, which Python calls with a batch of that row."""
    return function(*(np.asarray(each)[None] for each in inputs), **options)


@jitable
def table_of(given, low, high, real):  # type: ignore[no-untyped-def]
    """Numbers for each class in a dtype, and whether some of them are outside of their domain."""
    table = np.empty(given.shape[0], real)
    bad = False
    for k in range(given.shape[0]):
        bad = bad or not low <= np.float64(given[k]) <= high
        table[k] = given[k]
    return table, bad


def rows(w: Rows) -> Any:
    """The header of the loops of rows, filled by compiled code; see backends/packing/rowwise.py."""
    loss, facts = w.loss, w.loss.rows
    w.refuse_options()
    if w.is_given("axis") and w.literal_integer("axis") not in ((1, -1) if not w.alone else (-1,)):
        w.refuse("axis must be the last one in compiled functions: 1, or leave it away")
    if w.is_given("rest") and w.literal("rest") != loss.defaults["rest"]:
        w.refuse("rest says what becomes of classes that indices do not name, which are for calls from Python")
    if w.alone and w.reduction() == "none":
        w.refuse("one row has one loss: leave reduction away")
    if w.alone and w.is_given("weight"):
        w.refuse("weight is for (N, C); multiply the loss of one row by it")
    teacher = len(loss.inputs) > 2
    w.begin("Distilled" if teacher else "Rowwise", 8 + 2 * teacher)
    w.write("_h = _whole.rows" if teacher else "_h = _whole")
    w.write(f"_rows, _classes = _shape[0], {w.name}.shape[-1]", "_count = _rows")
    w.watch("(_classes == 0 and _rows > 0)")
    w.scores("_h.pred", "_h.pred_steps", w.name)
    w.write("_outer_step, _class_step = _outer, _class")
    target, shape_of_target = targets(w)
    if teacher:
        w.scores("_whole.teacher", "_whole.teacher_steps", loss.inputs[1])
    for name, value in (("rows", "_rows"), ("classes", "_classes"), ("inner", "_rows if _flipped else 1")):
        w.write(f"_h.{name} = {value}")
    w.write(f"_h.labels = _classes + {int(facts['classes'] == LEVELS)}")
    w.write(f"_h.itemsize = {w.real.itemsize}", f"_h.law_kind = {facts.get('classes', OF_LABEL)}", "_h.scale = 1.0")
    w.write(f"_h.least = {number_text(loss.least)}", f"_h.target_kind = {target}")
    score_kind = options(w)
    w.write(f"_h.score_kind = {score_kind}")
    parameters(w)
    if (facts["target"] or LABELS) >= PLACED:
        w.watch("not _h.params[0] < _h.params[1]")
    weighted = w.weight() or w.is_given("class_weight") or facts.get("asked", False)
    loop = design(w, teacher, shape_of_target)
    return w.end(loop, weighted, "_weight", " or ".join(w.kept))


def targets(w: Rows) -> tuple[str, bool]:
    """Fill the operand of the target; what it is, as an expression, and whether it is labels."""
    loss, name = w.loss, w.loss.inputs[-1]
    kind, known = w.kind(name), w.loss.rows["target"]
    if known is None:
        dtype = kind.dtype if isinstance(kind, types.Array) else kind
        known = DISTRIBUTION if isinstance(dtype, types.Float) else LABELS
    if known == LABELS:
        w.labels("_h.target", name)
        return str(LABELS), True
    if known >= PLACED:
        w.numbers("_h.target", "_h.target_steps", name)
        return str(known), False
    array = w.array_kind(name)
    if known in (DISTRIBUTION, SCORES) and not isinstance(array.dtype, types.Float):
        w.refuse(f"{name} is an array of {array.dtype}; a distribution is floating")
    w.scores("_h.target", "_h.target_steps", name)
    if "log_target" in loss.defaults:
        return f"({LOG_DISTRIBUTION} if {w.flag('log_target')} else {known})", False
    return str(known), False


def options(w: Rows) -> str:
    """Fill what the options say, as `set_options` of calls/rowwise.py reads them; what the scores are."""
    loss, score_kind = w.loss, str(w.loss.rows["scores"])
    fields = {"label_smoothing": "smoothing", "z_loss": "zeta", "eps": "eps", "temperature": "temperature"}
    w.write("_h.temperature = 1.0")
    for name, field in fields.items():
        if name in loss.defaults:
            w.write(f"_h.{field} = {w.number(name)}")
    if "softcap" in loss.defaults and w.is_given("softcap"):
        w.write(f"_h.softcap = {w.number('softcap')}")
    if "from_probabilities" in loss.defaults:
        flag = w.flag("from_probabilities")
        w.watch(f"({flag} and (_h.zeta != 0.0 or _h.softcap != 0.0)) or (not {flag} and _h.eps != 0.0)")
        score_kind = f"({PROBABILITIES} if {flag} else {score_kind})"
    if "from_logits" in loss.defaults:
        score_kind = f"({LOGITS} if {w.flag('from_logits')} else {LOG_PROBABILITIES})"
    if "ignore_index" in loss.defaults:
        ignored(w)
    factor = loss.rows.get("factor")
    if factor is not None and w.is_given(factor):
        w.table("factors", factor)
    if factor != "class_weight" and "class_weight" in loss.defaults and w.is_given("class_weight"):
        w.table("class_weight", "class_weight")
    if loss.rows.get("asked"):
        asked = w.named(jitable(read.levels_asked), "levels_asked")
        w.write(f"_class_weight = {asked}(_classes).astype(_real)")
        w.place_table("class_weight")
    if loss.rows.get("offsets"):
        offsets(w)
    return score_kind


def ignored(w: Rows) -> None:
    """Fill which label counts nothing, if one does."""
    known, kind = w.literal("ignore_index"), w.kind("ignore_index")
    if known is None:
        return
    if known is ... and not isinstance(kind, types.Integer):
        w.refuse(f"ignore_index must be an integer or None, got {kind}")
    value = "ignore_index" if known is ... else str(known)
    target = w.kind(w.loss.inputs[-1])
    dtype = target.dtype if isinstance(target, types.Array) else target
    unsigned = isinstance(dtype, types.Integer) and not dtype.signed
    w.write(f"_h.ignores = {f'1 if {value} >= 0 else 0' if unsigned else 1}", f"_h.ignored = {value}")


def offsets(w: Rows) -> None:
    """Fill what is added to the scores of each class, which Python computes: logarithms are those of NumPy."""
    name, *others = law_arguments(w.loss.rows["offsets"])
    if not w.is_given(name):
        w.refuse(f"missing {name}")
    kind = w.kind(name)
    if isinstance(kind, types.Array) and kind.ndim != 1:
        w.refuse(f"{name} has one number for each class")
    w.code(name)
    computed = Found(functools.partial(class_offsets, w.loss, w.real), None)
    made = types.Array(getattr(types, w.dtype), 1, "C")
    taken = ", ".join((name, *others, "classes"))
    in_python = through_python(computed, taken, taken, made)
    given = ", ".join((name, *map(w.number, others), "_classes"))
    w.write(f"_offsets = {w.named(in_python, 'offsets_of')}({given})")
    w.place_table("offsets")


def class_offsets(loss: Loss, real: Any, given: Any, *others: Any) -> Any:
    """What follows from how frequent each class is; the last number is how many there are."""
    *beside, classes = others
    return read.class_offsets(loss, given, beside, classes, real)


def parameters(w: Rows) -> None:
    """Fill the parameters of the law, and the address of its tile unless loops know the loss without one."""
    loss, given = w.loss, w.parameters()
    for k, each in enumerate(given):
        w.write(f"_h.params[{k}] = {each}")
    if loss.law is None:
        return
    tile = f"_h.tile = {w.named(kernel(loss, '', w.dtype), 'tile')}()"
    plain = [f"{each} == {number_text(value)}" for each, value in zip(given, loss.plain or (), strict=False)]
    w.write(f"if not ({' and '.join(plain)}):" if plain else "if True:", f"    {tile}")


def design(w: Rows, teacher: bool, labels: bool) -> str:
    """Choose the loop, as `design_of` of backends/host/rowwise.py does, and the size of its blocks."""
    loss, of_class = w.loss, w.loss.rows["classes"]
    w.write(f"_size = {w.named(jitable(block_size), 'block_size')}(_rows * _classes)")
    w.write("_block = max(1, _size // max(_classes, 1))")
    if teacher or of_class == RATIO or of_class not in (OF_LABEL, LOGIT):
        name = host.DISTILLED if teacher else host.DIVERGENCE if of_class == RATIO else host.CLASSES
        w.write(f"_loop = {w.named(kernel(None, name, w.dtype), 'loop')}()")
    else:
        w.write("_design = 0")
        if labels and of_class == OF_LABEL and not loss.rows.get("offsets"):
            chosen = w.named(jitable(host.plain_design), "plain_design")
            w.write(f"if _h.score_kind == {LOGITS} and _h.smoothing == 0.0 and _h.softcap == 0.0:")
            steps = "0 if _flipped else _outer_step, _class_step, _outer_step if _flipped else 0"
            w.write(f"    _design = {chosen}(_classes, _h.inner, {steps})")
        w.write("_loop = 0")
        for k, name in enumerate(host.PLAIN):
            w.write(f"if _design == {k}:", f"    _loop = {w.named(kernel(None, name, w.dtype), 'loop')}()")
        w.write(f"if _design == {host.PLAIN.index(host.PIXELS)}:", "    _block = max(512, _block)")
    w.write("_h.block = _block", "_blocks = (_rows + _block - 1) // _block")
    return "_loop"
