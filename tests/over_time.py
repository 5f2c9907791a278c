"""Arrays over time for tests: what functions of numloss.returns are given, and what they are by their definitions.

Every step is added up by itself from what lies behind it, in float64: no state is carried from one to the next.
"""

from __future__ import annotations

from typing import Any

import numpy as np

import numloss as nl

Array = np.ndarray[Any, Any]
NAMES = ("gae", "vtrace", "retrace", "lambda_returns", "n_step", "discounted")
OPTIONS: dict[str, dict[str, Any]] = {
    "gae": {"discount": 0.9, "lam": 0.8},
    "vtrace": {"discount": 0.9, "lam": 0.8, "clip_rho": 1.25, "clip_c": 0.75, "clip_pg_rho": 1.5},
    "retrace": {"discount": 0.9, "lam": 0.8, "clip_c": 1.25},
    "lambda_returns": {"discount": 0.9, "lam": 0.8},
    "n_step": {"discount": 0.9, "n": 3},
    "discounted": {"discount": 0.9},
}


def function(name: str) -> Any:
    return getattr(nl.returns, name)


def inputs(name: str) -> tuple[str, ...]:
    """What a function is given by position."""
    found: tuple[str, ...] = function(name).__loss__.inputs
    return found


def given(name: str, shape: tuple[int, ...], dtype: str = "float64", seed: int = 0) -> tuple[Array, ...]:
    """Its inputs, of this shape with time first."""
    random = np.random.default_rng(seed)
    return tuple(random.standard_normal(shape).astype(dtype) for _ in inputs(name))


def flags(shape: tuple[int, ...], share: float = 0.2, seed: int = 9) -> tuple[Array, Array]:
    """Where episodes are terminated, and where they are truncated."""
    random = np.random.default_rng(seed)
    return random.random(shape) < share, random.random(shape) < share


def naive(name: str, arrays: tuple[Array, ...], terminated: Array, truncated: Array, **options: Any) -> list[Array]:
    """The results by their definitions, of arrays of one shape."""
    wide = {key: array.astype(np.float64) for key, array in zip(inputs(name), arrays, strict=True)}
    wide |= {"next_value": wide.get("next_value", options.get("next_value", np.zeros(arrays[0].shape)))}
    going = 1.0 - terminated.astype(np.float64)
    kept = going * (1.0 - truncated.astype(np.float64))
    kept[-1:] = 0.0
    made = np.vectorize(lambda *_: 0.0, otypes=[float])(arrays[0])
    results = [made.copy() for _ in function(name).__loss__.results]
    for at in np.ndindex(*arrays[0].shape):
        column = {key: array[(slice(None), *at[1:])] for key, array in wide.items()}
        here = going[(slice(None), *at[1:])], kept[(slice(None), *at[1:])]
        for result, value in zip(results, OF_STEP[name](at[0], column, *here, **options), strict=True):
            result[at] = value
    return results


def errors(x: dict[str, Array], going: Array, discount: float) -> Array:
    return np.asarray(x["reward"] + discount * going * x["next_value"] - x["value"])


def ratios(x: dict[str, Array], most: float) -> Array:
    return np.asarray(np.minimum(np.exp(x["log_prob"] - x["old_log_prob"]), most))


def gae(t: int, x: dict[str, Array], going: Array, kept: Array, discount: float, lam: float) -> tuple[float, ...]:
    advantage = float(chain(t, errors(x, going, discount), discount * lam * kept))
    return advantage, advantage + x["value"][t]


def chain(t: int, terms: Array, factors: Array) -> float:
    """The sum of the terms from step t on, each times all factors of the steps from t to it."""
    return sum(float(terms[s] * np.prod(factors[t:s])) for s in range(t, len(terms)))


def vtrace(
    t: int, x: dict[str, Array], going: Array, kept: Array, discount: float, lam: float, clip_rho: float, clip_c: float,
    clip_pg_rho: float,
) -> tuple[float, ...]:  # fmt: skip
    error = errors(x, going, discount)
    rho, c = ratios(x, clip_rho), ratios(x, clip_c)
    change = chain(t, rho * error, discount * lam * kept * c)
    behind = chain(t + 1, rho * error, discount * lam * kept * c) if t + 1 < len(error) else 0.0
    return x["value"][t] + change, ratios(x, clip_pg_rho)[t] * (error[t] + discount * lam * kept[t] * behind)


def retrace(
    t: int, x: dict[str, Array], going: Array, kept: Array, discount: float, lam: float, clip_c: float
) -> tuple[float, ...]:
    # the paper's form: the value, and errors of it behind this step, each times the traces on the way
    error = errors({**x, "value": x["q"]}, going, discount)
    trace = np.append(lam * ratios(x, clip_c)[1:], 0.0)
    return (x["q"][t] + chain(t, error, discount * kept * trace),)


def mixed(t: int, x: dict[str, Array], going: Array, kept: Array, discount: float, lam: float, n: int) -> float:
    """The reward and what follows it, from the last of n steps back."""
    last = min(t + n, len(going)) - 1
    total = 0.0
    for s in range(last, t - 1, -1):
        share = lam * (kept[s] > 0.0) if s < last else 0.0
        total = x["reward"][s] + discount * going[s] * ((1.0 - share) * x["next_value"][s] + share * total)
    return float(total)


OF_STEP: dict[str, Any] = {
    "gae": gae,
    "vtrace": vtrace,
    "retrace": retrace,
    "lambda_returns": lambda *x, **o: (mixed(*x, **o, n=1 << 30),),
    "n_step": lambda *x, **o: (mixed(*x, **o, lam=1.0),),
    "discounted": lambda *x, discount, next_value=None: (mixed(*x, discount=discount, lam=1.0, n=1 << 30),),
}
