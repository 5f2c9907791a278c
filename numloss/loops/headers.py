"""What a loop reads of a problem and what it leaves behind: declared once, for the host, for Numba and for C.

A header is a struct of eight-byte numbers in the order of its annotations:

    rows: Int                            an integer; or the address of an array object, or of machine code
    scale: Double                        a float64, whatever the data
    pred: Operand                        another header inside of this one
    inputs: Many[Operand] = many(8)      room for up to eight; likewise Many[Int] and Many[Double]

A loop reads them by name: `c.rows`, `c.pred.kind`, `c.inputs[k].kind`. The host writes them by name, all of them, as
with any dataclass; what a `Many` has no numbers for is 0, and an operand of zeros is absent. A header that only
loops write is no dataclass. The build reads this file without numloss.
"""

from __future__ import annotations

import functools
import struct
from collections.abc import Callable, Iterator
from collections.abc import Sequence as Many
from dataclasses import Field, dataclass, field
from typing import Any, NamedTuple, TypeAlias

Int: TypeAlias = int
Double: TypeAlias = float
NUMBERS = {"Int": "q", "Double": "d"}


def many(count: int) -> Any:
    """Room for so many."""
    return field(metadata={"count": count})


class Place(NamedTuple):
    """A field: Int, Double or the name of a header; how many there is room for, 0 if it is one; its first byte."""

    kind: str
    count: int
    at: int


class Header:
    """A struct; the names and types of its fields are its annotations."""

    @classmethod
    @functools.cache
    def fields(cls) -> dict[str, Place]:
        """Its fields, in the order of memory."""
        found: dict[str, Place] = {}
        given, at = getattr(cls, "__dataclass_fields__", vars(cls)), 0
        for name, text in cls.__annotations__.items():
            room = given.get(name)
            count = room.metadata.get("count", 0) if isinstance(room, Field) else 0
            kind = text.removeprefix("Many[").removesuffix("]")
            found[name] = Place(kind, count, at)
            at += size_of(kind) * (count or 1)
        return found

    @classmethod
    @functools.cache
    def size(cls) -> int:
        """Its bytes."""
        return sum(size_of(kind) * (count or 1) for kind, count, _ in cls.fields().values())

    @classmethod
    @functools.cache
    def form(cls) -> str:
        """The format of its bytes, for `struct`: a field of many is bytes, filled up with zeros."""
        parts = []
        for kind, count, _ in cls.fields().values():
            parts.append(f"{count * size_of(kind)}s" if count else NUMBERS.get(kind) or HEADERS[kind].form())
        return "".join(parts)

    @classmethod
    @functools.cache
    def described(cls) -> str:
        """All that compiled code knows of it, as text."""
        parts = [f"{n} {p.kind} {p.count}" for n, p in cls.fields().items()]
        parts += [HEADERS[p.kind].described() for p in cls.fields().values() if p.kind in HEADERS]
        return f"{cls.__name__}({', '.join(parts)})"

    @classmethod
    @functools.cache
    def reader(cls) -> Callable[[Any], tuple[Any, ...]]:
        """What reads its parts, as `form` has them: a function with all fields spelt out, which is quick."""
        texts: list[str] = []
        scope: dict[str, Any] = {}
        for name, (kind, count, _) in cls.fields().items():
            if count:
                texts.append(f"{name}(h.{name})")
                scope[name] = packer_of_many(kind, count)
            elif kind in NUMBERS:
                texts.append(f"h.{name}")
            else:
                texts.append(f"*{kind}(h.{name})")
                scope[kind] = HEADERS[kind].reader()
        read: Callable[[Any], tuple[Any, ...]] = eval(f"lambda h: ({', '.join(texts)},)", scope)
        return read

    @classmethod
    @functools.cache
    def packer(cls) -> Callable[..., bytes]:
        """What packs its parts."""
        return struct.Struct(cls.form()).pack

    @classmethod
    @functools.cache
    def lister(cls) -> Callable[[Any], tuple[float, ...]]:
        """What lists its numbers, of many as many as there are: the arguments that kernels of a device take."""
        texts = []
        for name, (kind, count, _) in cls.fields().items():
            if kind in NUMBERS:
                texts.append(f"*h.{name}" if count else f"h.{name}")
            else:
                texts.append(f"*[x for each in h.{name} for x in {kind}(each)]" if count else f"*{kind}(h.{name})")
        scope = {kind: HEADERS[kind].lister() for kind, _, _ in cls.fields().values() if kind in HEADERS}
        found: Callable[[Any], tuple[float, ...]] = eval(f"lambda h: ({', '.join(texts)},)", scope)
        return found

    def packed(self) -> bytes:
        """The bytes that a loop reads."""
        return self.packer()(*self.reader()(self))

    @classmethod
    def place(cls, name: str) -> int:
        """The first byte of a field."""
        return cls.fields()[name].at

    def operands(self) -> Iterator[tuple[str, int, Operand]]:
        """Its operands: the field, as `field.field` in a header inside of this one, the first byte, and the operand."""
        for name, (kind, count, start) in self.fields().items():
            value = getattr(self, name)
            for k, each in enumerate(value if count else (value,)):
                at = start + k * size_of(kind)
                if kind == "Operand":
                    yield name, at, each
                elif kind in HEADERS:
                    yield from ((f"{name}.{inner}", at + place, found) for inner, place, found in each.operands())


def size_of(kind: str) -> int:
    """The bytes of a kind of field."""
    return 8 if kind in NUMBERS else HEADERS[kind].size()


def packer_of_many(kind: str, count: int) -> Callable[[Many[Any]], bytes]:
    """What packs a field of many; bytes of zeros may be left away at the end."""
    header = HEADERS.get(kind)
    pack, read = (header.packer(), header.reader()) if header else (None, None)

    def packed(values: Many[Any]) -> bytes:
        if len(values) > count:
            raise ValueError(f"room for {count} {kind}, not for {len(values)}")
        if pack is None or read is None:
            return struct.pack(f"{len(values)}{NUMBERS[kind]}", *values)
        return b"".join([pack(*read(each)) for each in values])

    return packed


@dataclass
class Operand(Header):
    """An array, see operands.py: the address of the array object, the code of its dtype, and its layout."""

    array: Int
    kind: Int
    layout: Int


class Result(Header):
    """What a block leaves: the sums of values and weights, and where the first value outside its domain is, or -1."""

    value: Double
    weight: Double
    bad_at: Int
    bad_in: Int


@dataclass
class Bounds(Header):
    """Of an input of a law: how its numbers are checked, between which ends, and its number if it is one for all."""

    check: Int
    low: Double
    high: Double
    constant: Double


@dataclass
class Weights(Header):
    """The weights alone, to be added up."""

    elements: Int
    block: Int
    itemsize: Int
    weight: Operand


@dataclass
class Elementwise(Header):
    """A scalar law applied to every element.

    `curved`: curvatures follow the slopes. `direct`: tiles may write to the outputs themselves. `least`: what no
    curvature is below.
    """

    elements: Int
    block: Int
    tile: Int
    input_count: Int
    slope_count: Int
    curved: Int
    weighted: Int
    unreduced: Int
    direct: Int
    itemsize: Int
    param_count: Int
    scale: Double
    least: Double
    weight: Operand
    values: Operand
    inputs: Many[Operand] = many(8)
    outputs: Many[Operand] = many(8)
    bounds: Many[Bounds] = many(8)
    params: Many[Double] = many(16)


# Rows


@dataclass
class Steps(Header):
    """How many elements apart neighbours are: in the outer axes, in the axis of the classes, and in the inner axes."""

    outer: Int
    classes: Int
    inner: Int


@dataclass
class Rowwise(Header):
    """Rows of scores with labels or distributions: row outer * inner size + i of so many classes.

    `tile`: that of the law, or 0, and `law_kind` what it is for. `factors`: of the losses of the classes, `offsets`:
    what is added to their scores, both array objects or 0, as class weights. `ignores`: the label `ignored` counts
    nothing. `entropy`: that of the target is added. `zeta`: of the z-loss. `softcap`: 0 for none. `eps`: what
    probabilities are clipped to. `least`: what no bound of a curvature is below.
    """

    rows: Int
    block: Int
    tile: Int
    law_kind: Int
    classes: Int
    inner: Int
    mode: Int
    itemsize: Int
    score_kind: Int
    target_kind: Int
    weighted: Int
    unreduced: Int
    ignores: Int
    ignored: Int
    entropy: Int
    bound: Int
    class_weight: Int
    factors: Int
    offsets: Int
    scale: Double
    smoothing: Double
    zeta: Double
    softcap: Double
    eps: Double
    least: Double
    pred: Operand
    target: Operand
    weight: Operand
    values: Operand
    gradient: Operand
    curvature: Operand
    pred_steps: Steps
    target_steps: Steps
    gradient_steps: Steps
    curvature_steps: Steps
    params: Many[Double] = many(2)


@dataclass
class Distilled(Header):
    """Rows of logits with labels and a teacher; the parameters are the temperature and alpha."""

    rows: Rowwise
    teacher: Operand
    teacher_steps: Steps


class Row(Header):
    """One row: its largest score, what is taken off scores, and e^(score - base - shift), the terms.

    The pivot, where the top is, is left out of the `others`. Then the sum of the targets, of their products with
    top - score, and their entropy.
    """

    pivot: Int
    top: Double
    base: Double
    shift: Double
    pivot_term: Double
    others: Double
    label_score: Double
    label_term: Double
    targets: Double
    cross: Double
    entropy: Double


class Pull(Header):
    """What the gradient of a row needs.

    `coefficient`: of the probabilities; `own`: the target of the label; `z_weight`: the z-loss times the weight of the
    row; `bend`: the curvature of the law.
    """

    coefficient: Double
    own: Double
    z_weight: Double
    bend: Double


class ClassRow(Header):
    """One row by a law of each class.

    `taken` and `rest` are taken off its scores. With a softmax `left` is what the largest probability leaves; with
    a threshold `support` is how many classes have a probability. Sums of the slopes and curvatures; and what these are
    multiplied by.
    """

    taken: Double
    rest: Double
    left: Double
    threshold: Double
    support: Double
    slopes: Double
    bends: Double
    factor: Double


class Excess(Header):
    """By how much scores are more than that of a label: the largest, and the sum of what lies above a threshold."""

    largest: Double
    beyond: Double


class Measures(Header):
    """Up to 512 rows with labels: tops, what was taken off the scores, terms, sums of the other terms, and scores."""

    top: Many[Double] = many(512)
    taken: Many[Double] = many(512)
    label_term: Many[Double] = many(512)
    others: Many[Double] = many(512)
    label_score: Many[Double] = many(512)


# The regional and the ordered family.


@dataclass
class Regions(Header):
    """Pixels, those of each class of each sample, or of all samples, being a region.

    `pixels`: of a sample. `block`: pixels of a block; `parts`: blocks of a class of a sample. `ignores`: whether the
    label `ignored` counts nothing. `per_sample`: regions from those of one sample to those of the next, 0 where all
    samples share theirs. Steps lead from sample to sample, from class to class, and from pixel to pixel.
    """

    samples: Int
    classes: Int
    pixels: Int
    block: Int
    parts: Int
    activation: Int
    labelled: Int
    ignores: Int
    ignored: Int
    per_sample: Int
    itemsize: Int
    pred: Operand
    target: Operand
    gradient: Operand
    pred_steps: Steps
    target_steps: Steps
    gradient_steps: Steps


@dataclass
class RegionSums(Header):
    """Sums of regions, and slopes by them: tp, fp and fn, in array objects of float64.

    `sums` has the shape (3, parts, samples, classes), each of the slopes (samples, classes) or (classes,).
    """

    regions: Regions
    sums: Int
    slopes: Many[Int] = many(3)


@dataclass
class SortedRegions(Header):
    """Regions whose errors are sorted.

    Block b takes every `stride`-th region, of which none has more than `most` pixels. Array objects: `results` by
    region the loss, whether any pixel belongs to it, and what its slopes are multiplied by (float64, three rows);
    `scratch` (int64, four times `most` a block); `errors`, later slopes, of the dtype of the data and of shape
    (classes, samples, pixels). With a softmax the gradient holds the probabilities.
    """

    regions: Regions
    stride: Int
    most: Int
    results: Int
    scratch: Int
    errors: Int


# The embedding family.


@dataclass
class Vectors(Header):
    """An array of shape (rows, entries), and how many elements lie from one of each to the next."""

    operand: Operand
    per_row: Int
    per_entry: Int


@dataclass
class VectorSum(Header):
    """A sum over the entries of two vectors, and whether it is the first that adds to the gradient of each."""

    kind: Int
    one: Int
    other: Int
    first_of_one: Int
    first_of_other: Int


@dataclass
class Embedding(Header):
    """A law of sums over the entries of two or three vectors, and of what is known of the row."""

    rows: Int
    block: Int
    tile: Int
    entries: Int
    vector_count: Int
    sum_count: Int
    sloped: Int
    weighted: Int
    unreduced: Int
    itemsize: Int
    param_count: Int
    scale: Double
    vectors: Many[Vectors] = many(3)
    known: Operand
    weight: Operand
    values: Operand
    gradients: Many[Vectors] = many(3)
    sums: Many[VectorSum] = many(3)
    bounds: Bounds
    params: Many[Double] = many(5)


# Products of matrices.


@dataclass
class Matrix(Header):
    """A matrix as BLAS reads it: an array object, whether it is seen transposed, and from row to row in memory."""

    array: Int
    flipped: Int
    step: Int


@dataclass
class Product(Header):
    """y = a b or y += a b: so many rows, or columns, of y, and how many of them a block makes.

    `others` are the columns, or rows, of y; `terms` those of a sum; `gemm` is the address of BLAS's function.
    """

    lines: Int
    block: Int
    by_columns: Int
    others: Int
    terms: Int
    adds: Int
    gemm: Int
    a: Matrix
    b: Matrix
    y: Matrix


# Lists


@dataclass
class Ranked(Header):
    """Lists of uneven length, each the rows of a group.

    `firsts`: the first group of each block and, at the end, all groups; `pointers`: where the rows of each group begin
    and, at the end, all rows; both int64. `ranks`: the pairs that count are those of the first so many ranks, 0: all.
    `efron`: ties as Efron has them, not Breslow. `bound`: curvatures are bounds. A row of scratch has room for `rows`.
    `discounts` are those of `longest` ranks.
    """

    firsts: Int
    pointers: Int
    mode: Int
    ranks: Int
    efron: Int
    bound: Int
    itemsize: Int
    rows: Int
    int_scratch: Int
    real_scratch: Int
    double_scratch: Int
    discounts: Int
    longest: Int
    scale: Double
    least: Double
    sigma: Double
    pred: Operand
    target: Operand
    event: Operand
    weight: Operand
    values: Operand
    gradient: Operand
    curvature: Operand
    target_bounds: Bounds
    event_bounds: Bounds


@dataclass
class Discounts(Header):
    """Of ranks, in the data's dtype: first all the numbers, then what each of them lacks."""

    ranks: Int
    block: Int
    out: Int


class Side(Header):
    """The scores or the targets of a list: the largest, its place and its power, and the sum of all other powers."""

    top: Double
    place: Int
    power: Double
    others: Double


class Rank(Header):
    """One rank of a list, whose discount is two numbers; and 1 / the best gain of the list."""

    score: Double
    gain: Double
    discount: Double
    discount_rest: Double
    sigma: Double
    share: Double


class RiskSums(Header):
    """What a walk back through a list adds up: the largest score, the powers of all, of all but the largest.

    Of a step, as shares of all: what came after, what belongs to no event of the step, what belongs to its events.
    """

    top: Double
    total: Double
    others: Double
    after: Double
    quiet: Double
    loud: Double


class StepSums(Header):
    """Sums over the events of a step, whose k-th has the sum s = quiet + share * loud of 1."""

    inverse: Double
    shared: Double
    inverse_square: Double
    shared_square: Double
    passed: Double
    passed_square: Double
    passed_rest: Double


class Carried(Header):
    """Sums over all events so far: of y, y * y and y * (1 - y), the share of their sums that a row has in its own."""

    y: Double
    square: Double
    rest: Double


# Sequences


@dataclass
class SequenceStrides(Header):
    """From step to step, from sequence to sequence, from class to class."""

    step: Int
    sequence: Int
    entry: Int


@dataclass
class Sequence(Header):
    """Sequences of classes and their labels; a block takes every `blocks`-th of them in the `order`.

    Of each sequence: `used` steps, -1 if only zeros are written, `counts` labels, `starts` of its blank and labels in
    `labels`, all int64; in float64 the `factors` of its slopes, and its loss. Scratch of a block: `line_size` numbers
    of the data's dtype, `state_size` in float64. `width`: entries of a column of states; `stretch`: steps of which all
    states are kept.
    """

    sequences: Int
    blocks: Int
    steps: Int
    classes: Int
    from_logits: Int
    width: Int
    stretch: Int
    line_size: Int
    state_size: Int
    order: Int
    used: Int
    counts: Int
    starts: Int
    labels: Int
    factors: Int
    losses: Int
    lines: Int
    states: Int
    pred: Operand
    pred_strides: SequenceStrides
    gradient: Operand
    gradient_strides: SequenceStrides


class Power(Header):
    """A number as a mantissa and an exponent of 2."""

    mantissa: Double
    exponent: Double


# Chosen actions


@dataclass
class ActionStrides(Header):
    """From row to row and from action to action."""

    row: Int
    action: Int


@dataclass
class ActionValue(Header):
    """A law of the chosen entry of each row and of a target that is made from the next row.

    `bound`: curvatures are bounds, none of them below `least`.
    """

    rows: Int
    block: Int
    tile: Int
    actions: Int
    next_actions: Int
    mode: Int
    bound: Int
    itemsize: Int
    param_count: Int
    scale: Double
    least: Double
    discount: Double
    q: Operand
    action: Operand
    reward: Operand
    next_q: Operand
    done: Operand
    next_action: Operand
    weight: Operand
    values: Operand
    gradient: Operand
    curvature: Operand
    q_strides: ActionStrides
    next_q_strides: ActionStrides
    gradient_strides: ActionStrides
    curvature_strides: ActionStrides
    params: Many[Double] = many(5)


HEADERS: dict[str, type[Header]] = {header.__name__: header for header in Header.__subclasses__()}
