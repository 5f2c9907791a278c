"""Headers of rows of scores with labels, distributions or a teacher; and what loops know of a row."""

from __future__ import annotations

from dataclasses import dataclass

from .common import Operand
from .structs import Double, Header, Int, Many, many


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
    what is added to their scores, or what a law of logits is told of the label's, both array objects or 0, as class
    weights. Labels are below `labels`, and one that is `ignored` counts nothing if there is such a label (`ignores`).
    `zeta`: of the z-loss. `softcap`: 0 for none. `eps`: what probabilities are clipped to. `least`: what no
    bound of a curvature is below. `temperature`: what logits of two distributions are divided by.
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
    bound: Int
    labels: Int
    class_weight: Int
    factors: Int
    offsets: Int
    scale: Double
    smoothing: Double
    zeta: Double
    softcap: Double
    eps: Double
    least: Double
    temperature: Double
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
    params: Many[Double] = many(3)


@dataclass
class Distilled(Header):
    """Rows of logits with labels and a teacher; the parameters are the temperature and alpha."""

    rows: Rowwise
    teacher: Operand
    teacher_steps: Steps


@dataclass
class Hessians(Header):
    """Rows of scores whose second derivatives are wanted: their product with a vector, or one by one if `whole`.

    The mode of the rows is that of a curvature, and what is wanted goes where their gradient would: products like that,
    matrices one after the other, in the order of the rows.
    """

    rows: Rowwise
    whole: Int
    vector: Operand
    vector_steps: Steps


@dataclass
class Topk(Header):
    """Rows of logits with a target that names `count` classes of each, see topk.py.

    `rest`: what becomes of the other classes. All addresses are those of array objects, with the classes of a row side
    by side: the named classes as they were given and in order, their log-probabilities; scores and target of the rows
    that stand for these; slopes and curvatures of them. `keep`: how much counts of what is in the gradient already;
    `factor`: what the divergence is multiplied by.
    """

    rows: Rowwise
    count: Int
    rest: Int
    indices: Int
    ordered: Int
    logs: Int
    own: Int
    given: Int
    slopes: Int
    bends: Int
    keep: Double
    factor: Double


class Row(Header):
    """One row: its largest score, what is taken off scores, and e^(score - base - shift), the terms.

    The pivot, where the top is, is left out of the `others`. Then the sum of the targets, and that of their products
    with top - score; and that of the targets beside the pivot's, where it is needed.
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
    beside: Double


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

    `taken`, `rest` and `less` are taken off its scores. With a threshold `support` is how many classes have a
    probability, or of squares the sum of their roots, `beside` that of all but the largest, and `cost` what the row
    costs beside them. Sums of the slopes and curvatures; and what these are multiplied by.
    """

    taken: Double
    rest: Double
    less: Double
    threshold: Double
    support: Double
    beside: Double
    cost: Double
    slopes: Double
    bends: Double
    factor: Double


class Ratios(Header):
    """One row of two distributions, see rowwise_ratios.py.

    `place`: the address of its gradient where that is written one class after the other, or 0. What it is compared
    with: its address, dtype, the elements between its classes, and what it is (`form`). `kept`: whether all of its
    terms fit into memory, `far`: whether some class has a ratio that is looked at by itself, `fine`: how many digits
    logarithms have beside those of numbers, `flat`: whether in place of the distances there is what their powers are
    more than 1, or (2) a row is so far apart that differences have their digits, `raw`: whether both are taken as they
    are, not up to a factor. The temperature's `inverse`; `top`, `base` and `shift` of what is compared with; `x` less
    `y` and `low` is where distances are counted from, and `centre` their mean; the sum of the terms; the means of
    e^u - 1 (`rise`) and of e^u - 1 - u (`curve`), and the logarithm of 1 + rise (`lift`). What terms are multiplied by
    (`share`), what a divergence is (`mass`), and what is added to it (`extra`). The largest probability of the
    predictions, the pivot's (`peak`), and what it leaves; where ratios are far, what is taken off the predictions, and
    what their terms are multiplied by. Sums of the slopes and
    curvatures of a law beside those of the pivot, which are its `own`.
    """

    place: Int
    data: Int
    kind: Int
    stride: Int
    form: Int
    kept: Int
    far: Int
    fine: Int
    flat: Int
    raw: Int
    pivot: Int
    inverse: Double
    top: Double
    base: Double
    shift: Double
    x: Double
    y: Double
    low: Double
    centre: Double
    total: Double
    rise: Double
    curve: Double
    lift: Double
    share: Double
    mass: Double
    extra: Double
    peak: Double
    left: Double
    z_base: Double
    z_shift: Double
    z_share: Double
    slopes: Double
    bends: Double
    own_slope: Double
    own_bend: Double


class Excess(Header):
    """A threshold of scores: how far it is below the largest, the rest of that; the sums of what lies above it, or of
    the squares of that, and of the roots of probabilities, or how many there are."""

    near: Double
    rest: Double
    beyond: Double
    roots: Double


class Measures(Header):
    """Up to 512 rows with labels: tops, what was taken off the scores, terms, sums of the other terms, and scores."""

    top: Many[Double] = many(512)
    taken: Many[Double] = many(512)
    label_term: Many[Double] = many(512)
    others: Many[Double] = many(512)
    label_score: Many[Double] = many(512)


class Soon(Header):
    """What memory brings, a piece at a time, while others are computed: where the first piece of what is read soon is,
    how many bytes further that of the next row and the next one of a row, and how many numbers of the data's dtype a
    piece has, 0 if nothing is wanted; and the same of what is written soon.

    What is asked for all at once memory brings one after the other, while all else waits.
    """

    read: Int
    read_row: Int
    read_piece: Int
    read_count: Int
    written: Int
    written_row: Int
    written_piece: Int
    written_count: Int
