"""The points of tests/points.py that each elementwise loss is held to: its `TAILS`, and some of all sizes."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from seeds import generator

from numloss.domains import NONNEGATIVE, REAL, Domain
from numloss.registry import LOSSES

# A loss with its points, and the options to try them with. Options are exact in float32 or rounded to the dtype.
Case = tuple[str, Any, dict[str, Any]]


def oracle(name: str) -> Any:
    """The module of a loss."""
    return importlib.import_module(f"oracles.{name}")


CASES: list[Case] = [
    (name, *each)
    for name, loss in LOSSES.items()
    if loss.family == "elementwise"
    for each in getattr(oracle(name), "TAILS", ())
]


# Sizes that all of a loss is brought to, one thing at a time: squares of them overflow or are nothing.
SIZES = {"float32": (1.0, 1e30, 1e-30, 1e20, 1e-20), "float64": (1.0, 1e250, 1e-250, 1e160, 1e-160)}
POINTS = 48
# Options that may have any size are tried at both of these; a tenth of a step is too near to an end of what is clipped.
OPTION_SIZES = (1e30, 1e-30)
NEAR_KINKS = {("ppo_clip", "epsilon"), ("clipped_value", "epsilon")}


def sizes_of(domain: Domain, dtype: str) -> list[float]:
    """Numbers of a domain, of all sizes that it has."""
    if domain.integers:
        return [float(x) for x in range(int(domain.low), int(min(domain.high, domain.low + 3.0)) + 1)]
    if domain.high == 0.0:
        return [-1.9, -0.9, -0.25, -1e-8]
    if domain.high <= 2.0:
        return [x for x in (-1.9, -0.9, 0.0, 1e-8, 0.25, 1.0) if x in domain]
    return [size * x for size in SIZES[dtype] for x in (0.0, 0.7, -1.9, 3.3) if size * x in domain]


def of_all_sizes(name: str, positive: bool) -> Callable[[str], list[tuple[float, ...]]]:
    """Points of a loss whose inputs are of all sizes, each by itself."""
    loss = LOSSES[name]
    domains = [loss.domains.get(given, REAL) for given in loss.inputs]
    if positive:
        domains[0] = NONNEGATIVE

    def points(dtype: str) -> list[tuple[float, ...]]:
        random = generator("sizes", name)
        return [tuple(random.choice(sizes_of(domain, dtype)) for domain in domains) for _ in range(POINTS)]

    return points


def scaled_cases() -> Iterator[Case]:
    """Each loss of numbers at points of all sizes, and with each of its options at both ends."""
    for name, loss in sorted(LOSSES.items()):
        if loss.family != "elementwise" or loss.columns > 1 or loss.cuts is not None:
            continue
        missing = [option for option, default in loss.defaults.items() if default is inspect.Parameter.empty]
        plain = {option: default for option, default in loss.defaults.items() if type(default) in (bool, float)}
        plain |= dict.fromkeys(missing, 1.0)
        yield name, of_all_sizes(name, False), plain
        for option, default in loss.defaults.items():
            if type(default) is bool:
                yield name, of_all_sizes(name, option == "log_input"), {**plain, option: not default}
            domain = loss.domains.get(option)
            if type(default) is bool or domain is None or (name, option) in NEAR_KINKS:
                continue
            sizes = (size * (default or 1.0) for size in OPTION_SIZES if option not in missing and default is not None)
            for value in OPTION_SIZES if option in missing else sizes:
                if value in domain:
                    yield name, of_all_sizes(name, False), {**plain, option: value}


SCALED = list(scaled_cases())


def named(case: Case) -> str:
    """A loss and its options."""
    return "-".join([case[0], *(f"{name}={value}" for name, value in case[2].items())])


def inputs(case: Case, dtype: str) -> tuple[np.ndarray[Any, Any], ...]:
    """The points of which no number is too large for the dtype, an array for each input."""
    points = np.array(case[1](dtype))
    with np.errstate(over="ignore"):
        rows = points.astype(dtype)
    fitting = np.all(np.isfinite(rows) == np.isfinite(points), axis=1)
    return tuple(np.ascontiguousarray(column) for column in rows[fitting].T)
