"""Prints a hash of every result in the environment that it runs in, as JSON: equal bits are equal text.

    python tests/bit_digest.py --backend numba --threads 1 2 3 8 --cases mse huber

The environment chooses the rest: NUMBA_CPU_NAME, NUMLOSS_LEVEL.
The answer maps each number of threads to {"case dtype reduction weight output": hash}, and says under "ran" which
layer, level and CPU computed, and with how many threads at most, so that a test can tell that they really did.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cases
import numpy as np
from cases import (
    CASES,
    DTYPES,
    REDUCTIONS,
    arrays,
    largest,
    middle,
    options,
    record,
    required,
    stands_for_its_kind,
    weight,
    weights,
)
from compare import canonical_bytes

import numloss as nl
from numloss import dispatch
from numloss.backends import threads
from numloss.common.halves import widened
from numloss.registry import Loss

EACH_LOOP = tuple({record(name).family: name for name in reversed(CASES)}.values())
# Loops that have a text of their own beside the one of their family.
TRIED = (*EACH_LOOP, "cross_entropy:distributions", "iou", "lambdarank:many", "listnet:many", "multi_margin", "siglip")
SPECIAL = (np.nan, np.inf, -np.inf, 0.0, -0.0, 1e-45, -1e-310, 3e38, -1e300, 88.0, -104.0, 710.0)


class Ledger:
    """Runs as the backend would, and remembers the most threads that it was given."""

    def __init__(self, backend: Any) -> None:
        self.backend, self.run, self.most = backend, backend.run, 0
        self.driver = self.run.__module__.rpartition(".")[2]
        backend.run = self

    def __call__(self, loop: int, problem: bytes, blocks: int, workers: int) -> Any:
        self.most = max(self.most, workers)
        return self.run(loop, problem, blocks, workers)


class Inputs:
    """Draws inputs as `draw` does, but for those that a file has; one that is not there gets those that are drawn."""

    def __init__(self, draw: Callable[..., Any], path: Path) -> None:
        self.draw, self.path, self.new = draw, path, not path.exists()
        self.kept = {} if self.new else dict(np.load(path))

    def __call__(self, *problem: object) -> tuple[Any, ...]:
        places = [f"{problem} {position}" for position in range(len(record(str(problem[0])).inputs))]
        if self.new:
            self.kept.update(zip(places, self.draw(*problem), strict=True))
        return tuple(self.kept[place] for place in places)

    def save(self) -> None:
        if self.new:
            np.savez(self.path, **self.kept)


def digest(value: Any) -> str:
    """A hash of the bits of a float or an array, with one NaN for all."""
    return hashlib.sha256(canonical_bytes(np.asarray(value))).hexdigest()[:16]


def with_specials(loss: Loss, given: tuple[Any, ...]) -> tuple[Any, ...]:
    """The inputs with the ends of the number line among the predictions, where any number is allowed."""
    free = [k for k in loss.differentiable if loss.inputs[k] not in loss.domains]
    result = list(given)
    for k in free:
        result[k] = given[k].copy()
        with np.errstate(over="ignore"):
            result[k].ravel()[: 7 * len(SPECIAL) : 7] = np.array(SPECIAL, given[k].dtype)[: len(given[k].ravel()[::7])]
    return tuple(result)


def results(case: str, backend: str, dtype: str, parts: list[str], thorough: bool) -> Iterator[tuple[str, Any]]:
    """Every output of a loss on its largest problem, and of all options on a smaller one with special values.

    The first part is about the loops: unless `thorough`, only of the losses that stand for their kind.
    """
    if "loops" in parts and (thorough or stands_for_its_kind(case)):
        yield from largest_results(case, backend, dtype)
        if dtype == "float32":
            yield from halves_results(case, backend)
    if "laws" not in parts:
        return
    transform = nl.value_grad_hess if record(case).curvature else nl.value_and_grad
    given = with_specials(record(case), arrays(case, middle(case), dtype))
    for option in options(case):
        found = transform(record(case).function)(*given, **option, reduction="none", backend=backend)
        yield from labelled(f"special {option}", found)


def largest_results(case: str, backend: str, dtype: str) -> Iterator[tuple[str, Any]]:
    """Every output, reduction and weight on the largest problem."""
    loss, shape = record(case), largest(case)
    given = arrays(case, shape, dtype)
    transform = nl.value_grad_hess if loss.curvature else nl.value_and_grad
    for reduction in REDUCTIONS:
        for kind in weights(case):
            extra = {} if kind == "none" else {"weight": weight(case, shape, dtype, kind)}
            extra |= {"reduction": reduction, "backend": backend, **next(options(case))}
            yield f"{reduction} {kind} alone", loss.function(*given, **extra)
            yield from labelled(f"{reduction} {kind}", transform(loss.function)(*given, **extra))
            yield from labelled(f"{reduction} {kind} first", nl.value_and_grad(loss.function)(*given, **extra))


def halves_results(case: str, backend: str) -> Iterator[tuple[str, Any]]:
    """Value and gradients of numbers stored in 16 bits, whose bits are taken apart otherwise by each backend."""
    loss, given = record(case), arrays(case, middle(case), "float32", ends=False)
    for half in (np.dtype(np.float16), nl.bfloat16):
        stored = tuple(a if a.dtype.kind != "f" else cut(a, half) for a in given)
        found = nl.value_and_grad(loss.function)(*stored, **required(case), backend=backend)
        for label, part in labelled(f"halves {half}", found):
            yield label, widened(np.asarray(part))


def cut(numbers: np.ndarray[Any, Any], half: np.dtype[Any]) -> np.ndarray[Any, Any]:
    """Numbers of 16 bits near these."""
    if half == np.float16:
        return numbers.astype(half)
    return (numbers.view(np.uint32) >> 16).astype(np.uint16).view(half)


def labelled(label: str, parts: Any) -> Iterator[tuple[str, Any]]:
    for what, part in zip(("value", "gradient", "curvature"), parts, strict=False):
        for k, array in enumerate(part if isinstance(part, tuple) else (part,)):
            yield f"{label} {what} {k}", array


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--backend", default="numba")
    parser.add_argument("--threads", type=int, nargs="+", default=[1])
    parser.add_argument("--cases", nargs="+", default=CASES)
    parser.add_argument("--dtypes", nargs="+", default=DTYPES)
    parser.add_argument("--parts", nargs="+", default=["loops", "laws"])
    parser.add_argument("--without-team", action="store_true", help="as if kernels/team.pyx were not built")
    parser.add_argument("--inputs", type=Path, help="a file that gets all inputs, or has them: those of another CPU")
    chosen = parser.parse_args()
    if chosen.inputs:
        cases.drawn = Inputs(cases.drawn, chosen.inputs)
    if chosen.without_team:
        sys.modules["numloss.backends.host._team"] = None  # type: ignore[assignment]
    threads.PARALLEL_PAYS_AT = 0.0  # or small problems would stay on one thread
    backend = dispatch.load(chosen.backend)
    ledger = Ledger(backend)
    answer: dict[str, Any] = {"ran": {"backend": backend.name, "level": getattr(backend, "level", None)}}
    for count in chosen.threads:
        nl.set_num_threads(count)
        answer[str(count)] = {
            f"{case} {dtype} {label}": digest(value)
            for case in chosen.cases
            for dtype in chosen.dtypes
            for label, value in results(case, chosen.backend, dtype, chosen.parts, False)
        }
    if chosen.inputs:
        cases.drawn.save()
    answer["ran"] |= {"threads": ledger.most, "driver": ledger.driver}
    if chosen.backend == "numba":
        import numba

        answer["ran"]["cpu"] = numba.config.CPU_NAME or "native"
    print(json.dumps(answer))


if __name__ == "__main__":
    main()
