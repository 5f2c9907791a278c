"""Inputs of a case, from a fixed seed, and the bytes that nobody can avoid moving."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, TypeAlias

import numpy as np

from ..common.halves import BFLOAT16, FLOAT32, is_half
from ..domains import REAL, Domain
from ..loops.codes import DISTRIBUTION, INDICATORS, LOG_PROBABILITIES, MEMBERS, PLACED, SCORES
from ..transforms.points import together
from .cases import Case

Array: TypeAlias = np.ndarray[Any, Any]
SEED = 20260101
CACHE_LINE = 64
# Inputs of which a loss needs one entry of each row: a cache line a row has to be read.
ONE_OF_EACH_ROW = {("nll", "pred"), ("td_error", "q")}


def normal(random: np.random.Generator, shape: tuple[int, ...], dtype: Any) -> Array:
    """Standard normal numbers, drawn in the dtype wanted."""
    return random.standard_normal(shape, dtype=dtype)


def elementwise(case: Case, random: np.random.Generator) -> tuple[Array, ...]:
    """Values inside the domain of each input: labels where a domain is an interval that is not differentiated."""
    loss, dtype = case.record, np.dtype(case.dtype)
    if loss.columns == 4:
        return boxes(case, random)
    if (found := together(loss, case.shape, random, False)) is not None:
        return tuple(array.astype(dtype) for array in found)

    def draw(position: int, name: str) -> Array:
        domain = loss.domains.get(name, REAL)
        if "thresholds" in case.options and domain.integers:
            return random.integers(0, len(case.options["thresholds"]) + 1, case.shape).astype(dtype)
        labels = domain.high == 1.0 and 1.0 in domain and position not in loss.differentiable
        return inside(domain, case.shape, dtype, random, labels)

    return tuple(draw(position, name) for position, name in enumerate(loss.inputs))


def inside(
    domain: Domain, shape: tuple[int, ...], dtype: np.dtype[Any], random: np.random.Generator, ends: bool = False
) -> Array:
    """Values inside of a domain; its ends alone where it has whole numbers, or if they are wanted."""
    if domain.integers or ends:
        chosen: Array = np.where(random.random(shape, dtype) < 0.5, dtype.type(domain.low), dtype.type(domain.high))
        return chosen
    if domain.high > 1.0 and domain.low < -1e300:
        return normal(random, shape, dtype)
    numbers: Array = random.random(shape, dtype)
    if domain.high <= 0.0:
        numbers = dtype.type(domain.high - 0.5) - numbers
    elif domain.high <= 1.0:
        numbers = dtype.type(0.98) * numbers + dtype.type(0.01)
    else:
        numbers = numbers + dtype.type(domain.low + 0.5)
    return numbers


def boxes(case: Case, random: np.random.Generator) -> tuple[Array, ...]:
    """Boxes at least 0.1 wide and tall, and predictions that are off by less than half of that at each edge."""
    low = random.random((*case.shape[:-1], 2))
    target = np.concatenate([low, low + random.uniform(0.1, 0.5, low.shape)], axis=-1)
    pred = target + random.uniform(-0.045, 0.045, target.shape)
    return pred.astype(case.dtype), target.astype(case.dtype)


def log_softmax(scores: Array) -> Array:
    """Log-probabilities of scores along axis 1."""
    shifted = scores - scores.max(axis=1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True)))


def rowwise(case: Case, random: np.random.Generator) -> tuple[Array, ...]:
    """Scores as the loss wants them, and labels, a distribution, scores of a teacher, or which classes are there."""
    facts, dtype = case.record.rows, np.dtype(case.dtype)
    pred = dtype.type(2.0) * normal(random, case.shape, dtype)
    if facts["target"] in (INDICATORS, MEMBERS):
        return pred, (random.random(case.shape, dtype) < 0.1).astype(dtype)
    if facts["target"] == SCORES:
        return pred, dtype.type(2.0) * normal(random, case.shape, dtype)
    if (facts["target"] or 0) >= PLACED:
        return pred, dtype.type(case.shape[1]) * random.random((case.shape[0], *case.shape[2:]), dtype)
    if facts["scores"] == LOG_PROBABILITIES and not case.options.get("from_logits"):
        pred = log_softmax(pred)
    if facts["target"] == DISTRIBUTION:
        return pred, np.exp(log_softmax(normal(random, case.shape, dtype)))
    labels = random.integers(0, case.shape[1], (case.shape[0], *case.shape[2:]))
    return pred, labels


def distilled(case: Case, random: np.random.Generator) -> tuple[Array, ...]:
    """Logits of a student and of its teacher, and labels."""
    pred, labels = rowwise(case, random)
    return pred, pred + normal(random, case.shape, pred.dtype), labels


def regional(case: Case, random: np.random.Generator) -> tuple[Array, ...]:
    """Logits of pixels and masks of the same shape."""
    dtype = np.dtype(case.dtype)
    return normal(random, case.shape, dtype), (random.random(case.shape, dtype) < 0.3).astype(dtype)


def embedding(case: Case, random: np.random.Generator) -> tuple[Array, ...]:
    """Vectors about 1 apart, half of their pairs of the same thing where that has to be known."""
    dtype, loss = np.dtype(case.dtype), case.record
    scale = dtype.type(0.7 / np.sqrt(case.shape[1]))
    vectors = [scale * normal(random, case.shape, dtype) for _ in loss.differentiable]
    known = loss.inputs[len(vectors) :]
    return *vectors, *((random.random(case.shape[0], dtype) < 0.5).astype(dtype) for _ in known)


def action_value(case: Case, random: np.random.Generator) -> tuple[Array, ...]:
    """Values of actions before and after, the actions taken, rewards, and where an episode ended."""
    rows, dtype = case.shape[:1], np.dtype(case.dtype)
    done = (random.random(rows, dtype) < 0.1).astype(dtype)
    action = random.integers(0, case.shape[1], rows)
    q, reward, following = (normal(random, shape, dtype) for shape in (case.shape, rows, case.shape))
    return q, action, reward, following, done


def head(case: Case, random: np.random.Generator) -> tuple[Array, ...]:
    """What a last layer is given, its weights for a thousand classes, and labels."""
    dtype, classes = np.dtype(case.dtype), 1000
    classifier = normal(random, (classes, case.shape[1]), dtype) / dtype.type(np.sqrt(case.shape[1]))
    return normal(random, case.shape, dtype), classifier, random.integers(0, classes, case.shape[0])


def similarity(case: Case, random: np.random.Generator) -> tuple[Array, ...]:
    """Vectors, those of a pair nearer to each other than to others; two rows of each label."""
    dtype, loss, things = np.dtype(case.dtype), case.record, normal(random, case.shape, np.dtype(case.dtype))
    vectors = [things + normal(random, case.shape, dtype) for _ in loss.differentiable]
    return *vectors, *(random.permutation(case.shape[0]) // 2 for _ in loss.inputs[len(vectors) :])


def clouds(case: Case, random: np.random.Generator) -> tuple[Array, ...]:
    """Two clouds of points for each sample, one a little apart from the other."""
    dtype = np.dtype(case.dtype)
    return normal(random, case.shape, dtype), normal(random, case.shape, dtype) + dtype.type(0.3)


def ranked(case: Case, random: np.random.Generator) -> tuple[Array, ...]:
    """Scores of the rows of all lists, and their relevance; or times, and which of them are events."""
    dtype = np.dtype(case.dtype)
    pred, target = normal(random, (2, case.size), dtype)
    if case.loss == "cox":
        return pred, np.rint(dtype.type(10.0) * target), random.integers(0, 2, case.size)
    return pred, random.integers(0, 5, case.size).astype(dtype) if case.record.domains["target"].integers else target


def sequence(case: Case, random: np.random.Generator) -> tuple[Array, ...]:
    """Logits of sequences that all have the same length, and a label for every fifth step."""
    steps, count, classes = case.shape
    target = random.integers(1, classes, (count, max(1, steps // 5)))
    lengths = np.full(count, steps), np.full(count, min(target.shape[1], steps))
    return normal(random, case.shape, np.dtype(case.dtype)), target, *lengths


def ordered(case: Case, random: np.random.Generator) -> tuple[Array, ...]:
    """Logits of pixels, and masks of the same shape or labels."""
    pred, masks = regional(case, random)
    if case.record.rows["activation"] is None:
        return pred, masks
    return pred, random.integers(0, case.shape[1], (case.shape[0], *case.shape[2:]))


def examplewise(case: Case, random: np.random.Generator) -> tuple[Array, ...]:
    """Arrays with the axes that the loss declares: those of the first are the last of its shape, the others have 8.

    Between 8 labels there are 9 states.
    """
    loss, axes = case.record, case.record.rows["axes"]
    named = axes[loss.inputs[0]][1:]
    leading = case.shape[: len(case.shape) - len(named)]
    sizes = {"state": 9, **dict(zip(named, case.shape[len(leading) :], strict=True))}
    found = []
    for name in loss.inputs:
        full = (*(leading if "..." in axes[name] else ()), *(sizes.get(a, 8) for a in axes[name] if a != "..."))
        if name in loss.rows["labels"]:
            # not the last, which may be a blank
            found.append(random.integers(0, sizes.get(loss.rows["labels"][name], 8) - 1, full))
        elif name in loss.rows["lengths"]:
            found.append(np.full(full, sizes.get(loss.rows["lengths"][name], 8)))
        else:
            found.append(inside(loss.domains.get(name, REAL), full, np.dtype(case.dtype), random))
    if "starts" in loss.inputs:  # bands from the first label to the last, or no alignment passes through them
        frames, wide = found[0].shape[-3:-1]
        found[2] = np.broadcast_to(np.arange(frames) * max(0, 9 - wide) // (frames - 1), found[2].shape).copy()
    return tuple(found)


BUILDERS = (
    elementwise, rowwise, distilled, regional, embedding, action_value, head, similarity, clouds, ranked, sequence,
    ordered, examplewise,
)  # fmt: skip
FAMILIES = {f.__name__: f for f in BUILDERS}


def inputs(case: Case) -> tuple[Array, ...]:
    """The arrays of a case, the same in every process; those of 16 bits are drawn in float32 and rounded."""
    family = case.record.family
    if family not in FAMILIES:
        raise LookupError(f"{case.loss}: no inputs for the family {family}; numloss/bench/arrays.py draws them")
    dtype = dtype_of(case.dtype)
    drawn = replace(case, dtype="float32") if is_half(dtype) else case
    arrays = FAMILIES[family](drawn, np.random.default_rng(SEED))
    return tuple(rounded(array, dtype) if array.dtype.kind == "f" else array for array in arrays)


def dtype_of(name: str) -> np.dtype[Any]:
    """A dtype by its name, which NumPy does not know of bfloat16."""
    return BFLOAT16 if name == "bfloat16" else np.dtype(name)


def rounded(array: Array, dtype: np.dtype[Any]) -> Array:
    """Numbers of float32 to the nearest of 16 bits; others as they are."""
    if not is_half(dtype) or array.dtype != FLOAT32:
        return array
    if dtype != BFLOAT16:
        return array.astype(dtype)
    bits = array.view(np.uint32)
    return ((bits + 0x7FFF + (bits >> 16 & 1)) >> 16).astype(np.uint16).view(BFLOAT16)


def outputs(case: Case, arrays: tuple[Array, ...]) -> Any:
    """Gradients to write to, their pages already touched: one array, or a tuple of several."""
    gradients = tuple(touched(arrays[k]) for k in case.record.differentiable)
    return gradients if len(gradients) > 1 else gradients[0]


def touched(array: Array) -> Array:
    """Memory for an array like this one, written once."""
    made = np.empty_like(array)
    made.view(np.uint8)[...] = 1
    return made


def floor_bytes(case: Case, arrays: tuple[Array, ...], mode: str) -> tuple[int, str]:
    """Bytes of the unavoidable passes of a mode, and these passes in words.

    Each input is read once, each gradient (and curvature) written once.
    """
    loss = case.record
    total, read = 0, []
    for name, array in zip(loss.inputs, arrays, strict=True):
        if (loss.name, name) in ONE_OF_EACH_ROW:
            total += len(array) * min(CACHE_LINE, array[0].nbytes)
            read.append(f"a line of each row of {name}")
        else:
            total += array.nbytes
            read.append(name)
    written = {"value": 0, "grad": 1, "value_and_grad": 1, "value_grad_hess": 2}[mode]
    total += written * sum(arrays[k].nbytes for k in loss.differentiable)
    names = ", ".join(loss.inputs[k] for k in loss.differentiable)
    writes = ("", f"; write the gradient of {names}", f"; write gradient and curvature of {names}")[written]
    return total, f"read {', '.join(read)}{writes}"
