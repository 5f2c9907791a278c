"""What elementwise losses are at their points, from mpmath; most of it is kept in a fixture.

An answer is kept as the float that is nearest to it, what is left of it, and the unit in which errors are counted: that
of the last place of the number, or of the largest term where terms cancel, which is the oracle's `scale`. It is found
by what it follows from, the points, the options and the text of the oracle; what is not kept is computed.
"""

from __future__ import annotations

import functools
import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mpmath as mp
import numpy as np
from tails import Case, inputs, oracle

from numloss.registry import LOSSES, law_arguments

Array = np.ndarray[Any, Any]
FIXTURE = Path(__file__).parent / "fixtures" / "from_mpmath.npz"
# Enough for 1 - e^-745 to differ from 1.
DIGITS = 400
# Of a unit, so that the rest of an answer is a small integer.
PARTS = 200


@dataclass(frozen=True)
class Answers:
    """Value, slopes and curvatures at each point, a row for each of them."""

    nearest: Array
    rest: Array
    exponent: Array

    def distances(self, output: int, found: Array) -> Array:
        """Of what a backend says, in units.

        Numbers past the largest float must have become infinite; half a unit below it both are right.
        """
        nearest, info = self.nearest[output], np.finfo(found.dtype)
        with np.errstate(invalid="ignore", over="ignore"):
            apart = (found.astype(np.longdouble) - nearest) / np.ldexp(np.longdouble(1), self.exponent[output])
            distance = np.abs(apart - self.rest[output] / np.longdouble(PARTS))
            huge = np.abs(nearest) >= info.max * (1 - 4 * info.eps)
        infinite = np.isinf(found) | np.isinf(nearest)
        right = np.isinf(found) & huge & (np.signbit(found) == np.signbit(nearest))
        distance = np.where(infinite, np.where(right, 0.0, np.inf), distance)
        return np.where(np.isnan(distance), np.inf, distance).astype(np.float64)


@functools.cache
def text(name: str) -> str:
    """An oracle and those that it imports, without the points that it names."""
    found = Path(oracle(name).__file__).read_text().partition("\n\nTAILS = ")[0]
    found = re.sub(r"^from points import .*\n", "", found, flags=re.MULTILINE)
    others = re.findall(r"^from oracles\.(\w+)|^from oracles import (\w+)", found, re.MULTILINE)
    return found + "".join(text(first or second) for first, second in others)


def key(case: Case, dtype: str) -> str:
    """What an answer follows from."""
    points = b"".join(array.tobytes() for array in inputs(case, dtype))
    options = repr(sorted(case[2].items())) + " ".join(as_given(case[0]))
    parts = (dtype.encode(), options.encode(), text(case[0]).encode(), points)
    return hashlib.sha256(b"|".join(parts)).hexdigest()[:16]


def as_given(name: str) -> tuple[str, ...]:
    """The options that a loss reads to all their digits, since its law takes what is derived of them, too."""
    return tuple(sorted({option for made in LOSSES[name].derived.values() for option in law_arguments(made)}))


def exact_option(value: Any, dtype: np.dtype[Any]) -> Any:
    """An option as the law reads it, in the dtype of the prediction."""
    if isinstance(value, (bool, str)):
        return value
    if isinstance(value, tuple):
        return tuple(exact_option(each, dtype) for each in value)
    return mp.mpf(float(dtype.type(value)))


def flat(parts: Any) -> list[Any]:
    """Value, slopes and curvatures in one list."""
    return [leaf for part in parts for leaf in (part if isinstance(part, tuple) else (part,))]


def compute(name: str, arrays: tuple[Array, ...], options: dict[str, Any]) -> Answers:
    """What mpmath says."""
    dtype = arrays[0].dtype
    wide = as_given(name)
    given = {o: exact_option(value, np.dtype(np.float64) if o in wide else dtype) for o, value in options.items()}
    scale = getattr(oracle(name), "scale", None)
    with mp.workdps(DIGITS):
        rows = [[mp.mpf(x) for x in row] for row in zip(*(a.tolist() for a in arrays), strict=True)]
        true = [flat(oracle(name).exact(*row, **given)) for row in rows]
        terms = [flat(scale(*row, **given)) for row in rows] if scale else [[0] * len(true[0])] * len(rows)
        points = zip(true, terms, strict=True)
        cells = [[cell(x, size, dtype) for x, size in zip(*point, strict=True)] for point in points]
    nearest, rest, exponent = zip(*(zip(*row, strict=True) for row in zip(*cells, strict=True)), strict=True)
    return Answers(np.array(nearest, dtype), np.array(rest, np.int8), np.array(exponent, np.int16))


def cell(true: Any, size: Any, dtype: np.dtype[Any]) -> tuple[float, int, int]:
    """A number as it is kept."""
    info = np.finfo(dtype)
    smallest = int(info.minexp) - int(info.nmant)
    true = mp.mpf(true)
    if abs(true) > mp.mpf(float(info.max)) * (1 + mp.mpf(float(info.eps)) / 4):
        return float(mp.sign(true)) * np.inf, 0, 0
    size = max(abs(true), abs(mp.mpf(size)))
    exponent = max(int(mp.frexp(size)[1]) - 1 - int(info.nmant), smallest) if size else smallest
    nearest = dtype.type(min(max(float(true), -float(info.max)), float(info.max)))
    rest = (true - mp.mpf(float(nearest))) / mp.ldexp(1, exponent)
    return float(nearest), int(mp.nint(PARTS * rest)), exponent


@functools.cache
def kept() -> tuple[dict[str, list[int]], dict[str, Array]]:
    """Where each answer lies in the arrays of its dtype: start, outputs and points."""
    with np.load(FIXTURE) as file:
        arrays = dict(file)
    return json.loads(bytes(arrays.pop("places"))), arrays


def answers(case: Case, dtype: str) -> Answers:
    """The answers of a case."""
    places, arrays = kept()
    name = key(case, dtype)
    if name not in places:
        return compute(case[0], inputs(case, dtype), case[2])
    start, outputs, points = places[name]
    part = slice(start, start + outputs * points)
    fields = (arrays[f"{field} {dtype}"][part].reshape(outputs, points) for field in ("nearest", "rest", "exponent"))
    return Answers(*fields)
