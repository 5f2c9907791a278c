"""What divergences of two sets of logits and their gradients are at any distance, from mpmath, kept in a fixture.

Each is a sum over classes of a term of p and q, with the slope of that with respect to q; all else is the same for all:
a temperature, a softmax, and a target that names some of the classes. Rows and answers lie in the fixture together.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import mpmath as mp
import numpy as np

Array = np.ndarray[Any, Any]
Term = Callable[[Any, Any], tuple[Any, Any]]
FIXTURE = Path(__file__).parent / "fixtures" / "divergences.npz"
DISTANCES = (1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1.0, 10.0, 100.0, 1e3)
ROWS, CLASSES, NAMED, DIGITS = 2, 6, 3, 120


def ratio(p: Any, q: Any) -> Any:
    """log(p / q), 0 where there is no p."""
    return mp.log(p / q) if p > 0 else mp.mpf(0)


def forward(p: Any, q: Any) -> tuple[Any, Any]:
    return p * ratio(p, q), -p / q


def reverse(p: Any, q: Any) -> tuple[Any, Any]:
    if p == 0 or q == 0:
        return (mp.inf, mp.inf) if q > 0 else (mp.mpf(0), mp.mpf(0))
    return q * mp.log(q / p), mp.log(q / p) + 1


def jeffreys(p: Any, q: Any) -> tuple[Any, Any]:
    (one, pull), (other, push) = forward(p, q), reverse(p, q)
    return one + other, pull + push


def skew(p: Any, q: Any) -> tuple[Any, Any]:
    m = (p + 7 * q) / 8
    return p * ratio(p, m), -p * mp.mpf(7) / 8 / m


def skew_reverse(p: Any, q: Any) -> tuple[Any, Any]:
    m = (3 * q + 5 * p) / 8
    return q * mp.log(q / m), mp.log(q / m) + 1 - q * mp.mpf(3) / 8 / m


def alpha(share: Any) -> Term:
    def term(p: Any, q: Any) -> tuple[Any, Any]:
        a, b = mp.mpf(share), 1 - mp.mpf(share)
        return (a * p + b * q - p**a * q**b) / (a * b), (1 - (p / q) ** a) / a

    return term


def jensen_shannon(share: Any) -> Term:
    def term(p: Any, q: Any) -> tuple[Any, Any]:
        a, b = mp.mpf(share), 1 - mp.mpf(share)
        m = a * p + b * q
        return a * p * ratio(p, m) + b * q * mp.log(q / m), b * mp.log(q / m)

    return term


def variation(p: Any, q: Any) -> tuple[Any, Any]:
    return abs(p - q) / 2, mp.sign(q - p) / 2


# The name of a case: the loss, its options, and the term of a class.
TERMS: dict[str, tuple[str, dict[str, Any], Term]] = {
    "forward": ("kl_logits", {}, forward),
    "reverse": ("kl_logits", {"direction": "reverse"}, reverse),
    "jeffreys": ("kl_logits", {"direction": "jeffreys"}, jeffreys),
    "skew": ("skew_kl", {"alpha": 0.125}, skew),
    "skew reverse": ("skew_kl", {"alpha": 0.375, "direction": "reverse"}, skew_reverse),
    "alpha": ("alpha_divergence", {"alpha": 0.25}, alpha(0.25)),
    "Jensen and Shannon": ("js_logits", {}, jensen_shannon(0.5)),
    "Jensen and Shannon of shares": ("js_logits", {"beta": 0.25}, jensen_shannon(0.25)),
    "variation": ("total_variation", {}, variation),
    "distillation": ("distillation", {"alpha": 1.0}, forward),
    "distillation of labels": ("distillation", {"alpha": 0.5}, forward),
}
# What teacher: all classes, or named ones with a rest, and the temperature.
FORMS = [("all", 1.0), ("all", 4.0), ("all", 0.25), ("tail", 1.0), ("drop", 1.0), ("zero", 1.0), ("tail", 2.0)]


def cases() -> Iterator[tuple[str, str, float]]:
    """What is asked: a term, a form, a temperature."""
    for name in TERMS:
        for form, temperature in FORMS:
            if form == "zero" and name in ("reverse", "jeffreys"):
                continue  # infinite: the rest is in one of the two alone
            yield name, form, temperature


def rows() -> dict[str, Array]:
    """Logits, others at each distance from them, and classes of each row with their log-probabilities."""
    random = np.random.default_rng(7)
    x = random.normal(0.0, 3.0, (len(DISTANCES) * ROWS, CLASSES)).astype(np.float32)
    y = (x + np.repeat(DISTANCES, ROWS)[:, None] * random.normal(0.0, 1.0, x.shape)).astype(np.float32)
    wide = y.astype(np.float64) - y.max(axis=1, keepdims=True)
    wide -= np.log(np.exp(wide).sum(axis=1, keepdims=True))
    indices = random.permuted(np.argsort(-y, axis=1)[:, :NAMED], axis=1)
    return {"x": x, "y": y, "indices": indices, "logs": np.take_along_axis(wide, indices, axis=1).astype(np.float32)}


def softmax(z: list[Any]) -> list[Any]:
    powers = [mp.exp(each) for each in z]
    total = mp.fsum(powers)
    return [each / total for each in powers]


def stands(x: list[Any], indices: list[int], logs: list[Any], form: str) -> tuple[list[Any], list[Any], list[Any]]:
    """Probabilities of the named classes and of the rest, q and p; and what each class has of the rest."""
    q = softmax(x)
    rest = [each if j not in indices else mp.mpf(0) for j, each in enumerate(q)]
    own = [q[j] for j in indices] + ([] if form == "drop" else [mp.fsum(rest)])
    given = [mp.exp(each) for each in logs]
    left = max(1 - mp.fsum(given), mp.mpf(0))
    given += [] if form == "drop" else [left if form == "tail" else mp.mpf(0)]
    shares = [each / mp.fsum(rest) for each in rest]
    return [each / mp.fsum(own) for each in own], [each / mp.fsum(given) for each in given], shares


def answer(case: tuple[str, str, float], row: dict[str, list[Any]], label: int) -> list[Any]:
    """The divergence of a row and its gradient."""
    (loss, options, term), form, temperature = TERMS[case[0]], case[1], mp.mpf(case[2])
    x = [each / temperature for each in row["x"]]
    if form == "all":
        q, p, shares = softmax(x), softmax([each / temperature for each in row["y"]]), []
    else:
        q, p, shares = stands(x, row["indices"], row["logs"], form)
    found = [term(one, other) for one, other in zip(p, q, strict=True)]
    value, mean = mp.fsum(each for each, _ in found), mp.fsum(k * g for k, (_, g) in zip(q, found, strict=True))
    slopes = [k * (g - mean) / temperature for k, (_, g) in zip(q, found, strict=True)]
    if form != "all":
        named, rest = slopes[:NAMED], slopes[NAMED] if form != "drop" else mp.mpf(0)
        slopes = [rest * share for share in shares]
        for j, each in zip(row["indices"], named, strict=True):
            slopes[j] = each
    if loss == "distillation":
        share, hard = mp.mpf(options["alpha"]), softmax(row["x"])
        value = share * temperature**2 * value - (1 - share) * mp.log(hard[label])
        pulls = [each - (1 if j == label else 0) for j, each in enumerate(hard)]
        slopes = [share * temperature**2 * s + (1 - share) * pull for s, pull in zip(slopes, pulls, strict=True)]
    return [value, *slopes]


def compute(case: tuple[str, str, float], given: dict[str, Array], some: slice = slice(None)) -> Array:
    """What mpmath says of some rows: the value and the gradient of each."""
    with mp.workdps(DIGITS):
        wide = {name: [[mp.mpf(v) for v in row] for row in given[name].tolist()] for name in ("x", "y", "logs")}
        wide["indices"] = given["indices"].tolist()
        places = range(len(given["x"]))[some]
        found = [answer(case, {name: each[i] for name, each in wide.items()}, i % CLASSES) for i in places]
        return np.array([[float(each) for each in row] for row in found])


@functools.cache
def kept() -> dict[str, Array]:
    """Rows and answers."""
    with np.load(FIXTURE) as file:
        return dict(file)


def name_of(case: tuple[str, str, float]) -> str:
    return f"{case[0]}, {case[1]} at {case[2]}"


def main() -> None:
    """Write the fixture anew."""
    given = rows()
    np.savez_compressed(FIXTURE, **given, **{name_of(case): compute(case, given) for case in cases()})
    print(f"{FIXTURE.stat().st_size} bytes in {FIXTURE}")
