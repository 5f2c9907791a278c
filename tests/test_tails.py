"""Elementwise losses against mpmath where digits get lost: at the ends of domains, at ties, and far out in the tails.

The points, and the units in the last place that may be lost, are data. Where terms cancel the
oracle's `scale` names the largest term, and units are counted there; everything else keeps relative digits.
"""

from __future__ import annotations

import importlib
import itertools
from typing import Any

import mpmath as mp
import numpy as np
import pytest
from words import ulps

import numloss as nl
from numloss.registry import LOSSES

Array = np.ndarray[Any, Any]
DTYPES = ("float32", "float64")
# Units that may be lost, 4 unless stated: a dozen rounded factors meet in slope and curvature of the clipped label, and
# in the two terms of a slope by a shape.
UNITS = {"asymmetric_focal": 6.0, "adaptive_robust": 5.0}
# Enough for 1 - e^-745 to differ from 1.
DIGITS = 400

NEAR = (0.0, 1e-30, 1e-8, 0.17722236, 0.25, 0.5493061, 0.8, 1.0, 1.27, 2.97, 6.835225, 8.5)
FAR = (16.6, 37.0, 43.7, 80.0, 87.5, 103.0, 232.8, 700.0, 745.0)
LOGITS = tuple(sign * size for size in (*NEAR, *FAR) for sign in (1.0, -1.0))
SHARES = (0.0, 1e-30, 0.1, 0.5, 0.875, 1.0)
VARIANCES = (1e-6, 1e-3, 0.5, 1.0, 2.0, 1e4, 1e10, 1e18)
# The largest finite number, and the smallest normal and subnormal ones, of each dtype.
ENDS = {
    "float32": (3.4028235e38, 1.1754944e-38, 1e-45),
    "float64": (1.7976931348623157e308, 2.2250738585072014e-308, 5e-324),
}


def far(dtype: str) -> tuple[float, ...]:
    """Both signs of the ends of a dtype."""
    return tuple(sign * end for end in ENDS[dtype] for sign in (1.0, -1.0))


def residuals(dtype: str) -> list[tuple[float, ...]]:
    """Predictions and targets: far apart, equal, and neighbours."""
    pairs = [(x, t) for x in (*LOGITS, *far(dtype)) for t in (0.0, 0.3)]
    neighbour = float(np.nextafter(np.dtype(dtype).type(1.0), np.dtype(dtype).type(2.0)))
    return [*pairs, (0.4, 0.3), (0.2, 0.3), (1.0, 1.0), (neighbour, 1.0), (1.0, neighbour), (-1e30, -1e30)]


def probabilities(dtype: str) -> list[tuple[float, ...]]:
    """Probabilities up to the neighbours of 0 and 1."""
    below = float(np.nextafter(np.dtype(dtype).type(1.0), np.dtype(dtype).type(0.0)))
    inside = (ENDS[dtype][2], ENDS[dtype][1], 1e-30, 1e-8, 0.1, 0.25, 0.5, 0.7, 0.999, below)
    return [*itertools.product(inside, SHARES), (0.0, 0.0), (1.0, 1.0)]


def logits(dtype: str) -> list[tuple[float, ...]]:
    """Logits up to the largest numbers."""
    return list(itertools.product((*LOGITS, *far(dtype)), SHARES))


def normal_logits(dtype: str) -> list[tuple[float, ...]]:
    """Logits x without those where e^-|x| is subnormal: focal multiplies it, and its missing digits, by |x|."""
    normal = -np.log(np.finfo(dtype).tiny)
    return [(x, t) for x, t in logits(dtype) if not normal < abs(x) < normal + 60.0]


def normal_residuals(dtype: str) -> list[tuple[float, ...]]:
    """Residuals r without those where e^-(r * r) is subnormal: welsch multiplies it, and its missing digits, by r."""
    normal = -np.log(np.finfo(dtype).tiny)
    return [(x, t) for x, t in residuals(dtype) if not normal**0.5 < abs(x - t) < (normal + 60.0) ** 0.5]


def above_minus_one(dtype: str) -> list[tuple[float, ...]]:
    """Predictions and targets from the neighbour of -1 on, equal and neighbours among them."""
    one, two = np.ones(2, dtype), np.full(2, 2.0, dtype)
    after, before = (float(np.nextafter(one, sign * two)[0]) for sign in (1.0, 0.0))
    least = float(np.nextafter(-one, one)[0])
    sizes = (*(x for x in LOGITS if x > -1.0), *ENDS[dtype], least, -0.9, -0.5)
    return [*itertools.product(sizes, (0.0, 0.3, -0.5, 1e6, least)), (1.0, after), (after, 1.0), (1.0, before)]


def amounts(dtype: str) -> list[tuple[float, ...]]:
    """Logarithms of means, and amounts."""
    return list(itertools.product(LOGITS, (1e-30, 1e-3, 1.0, 2.5, 1e10)))


def counts(dtype: str) -> list[tuple[float, ...]]:
    """Logarithms of means, and counts, 0 among them."""
    return list(itertools.product((*LOGITS, *far(dtype)), (0.0, 0.5, 1.0, 3.0, 170.0, 1e6)))


def rates(dtype: str) -> list[tuple[float, ...]]:
    """Rates of which logarithms can be taken, and counts."""
    return [(abs(x), t) for x, t in counts(dtype)]


def normal_counts(dtype: str) -> list[tuple[float, ...]]:
    """Counts without means that are subnormal, whose missing digits are multiplied by the count."""
    normal = -np.log(np.finfo(dtype).tiny)
    return [(x, t) for x, t in counts(dtype) if not normal < abs(x) < normal + 60.0]


def normal_spreads(dtype: str) -> list[tuple[float, ...]]:
    """Residuals and scales without those where the density is subnormal, and its missing digits are multiplied."""
    normal, most = -np.log(np.finfo(dtype).tiny), np.log(np.finfo(dtype).max)
    found = [(x, t, s, ((x - t) / s) ** 2 / 2.0) for x, t, s in spreads(dtype)]
    return [(x, t, s) for x, t, s, power in found if not normal - most / 2.0 < power < normal + most]


def log_spreads(dtype: str) -> list[tuple[float, ...]]:
    """Residuals and logarithms of variances."""
    return [(x, 0.3, s) for x in (*LOGITS, 0.3, 1e15) for s in (-50.0, -1.0, 0.0, 0.7, 3.0, 60.0)]


def scores(dtype: str) -> list[tuple[float, ...]]:
    """Scores for both labels, and for the 0 that reads as -1."""
    return list(itertools.product((*LOGITS, *far(dtype)), (-1.0, 0.0, 1.0)))


def spreads(dtype: str) -> list[tuple[float, ...]]:
    """Residuals and variances."""
    return [(x, 0.3, v) for x in (*LOGITS, 0.3, 1e15) for v in VARIANCES]


def graded(dtype: str) -> list[tuple[float, ...]]:
    """Scores, and classes in an order."""
    return list(itertools.product((*LOGITS, *far(dtype)), (0.0, 1.0, 2.0, 3.0)))


def alone(dtype: str) -> list[tuple[float, ...]]:
    """Parameters."""
    return [(x,) for x in (*LOGITS, *far(dtype), 1e15)]


def ordered_pairs(dtype: str) -> list[tuple[float, ...]]:
    """Two scores, and which of them should be higher."""
    return [(x, t, sign) for x, t in residuals(dtype) for sign in (-1.0, 0.0, 1.0)]


def preferred_pairs(dtype: str) -> list[tuple[float, ...]]:
    """Two scores, and how sure it is that the first should be higher."""
    return [(x, t, share) for x, t in residuals(dtype) for share in SHARES]


def steps_of_policies(dtype: str) -> list[tuple[float, ...]]:
    """Two logarithms of probabilities, and advantages; ratios off the ends of what is clipped."""
    pairs = [(x, t) for x, t in residuals(dtype) if abs(abs(x - t) - 0.2) > 0.1]
    return [(x, t, advantage) for x, t in pairs for advantage in (-2.5, -1.0, 0.0, 0.3, 4.0)]


def preferences(dtype: str) -> list[tuple[float, ...]]:
    """What a policy and a reference say of two answers: near each other, and far apart."""
    return [(x, t, a, b) for x, t in residuals(dtype) for a, b in ((0.0, 0.0), (0.7, -1.3), (-16.6, 37.0))]


def shaped_residuals(dtype: str) -> list[tuple[float, ...]]:
    """Residuals with shapes and scales: the special ones, their neighbours, and others."""
    shapes = (1.9, 1.0, 0.3, 1e-8, 0.0, -1e-8, -2.0, -4.0)
    return [(x, t, alpha, c) for x, t in residuals(dtype) if abs(x) < 1e30 for alpha in shapes for c in (0.1, 3.0)]


def tasks(dtype: str) -> list[tuple[float, ...]]:
    """Losses, and logarithms of variances whose inverses are normal numbers."""
    return list(itertools.product((0.0, 1e-8, 0.3, 2.5, -1.0, 1e10), (-37.0, -1.27, -1e-8, 0.0, 0.5, 8.5, 60.0)))


def boxes(dtype: str) -> list[tuple[float, ...]]:
    """Boxes beside one: equal, neighbours, level at some edges, within, around, apart, turned."""
    target = (0.3, -0.2, 1.3, 0.6)
    moves = [
        *((0.0, 0.0, 0.0, 0.0), (1e-7, 0.0, 0.0, 0.0), (1e-5, -1e-5, 1e-5, 1e-5), (0.0, 0.1, 0.0, 0.3)),
        *((-0.2, 0.1, 0.3, 0.2), (0.1, 0.2, -0.3, -0.1), (-1.0, -2.0, 3.0, 4.0), (2.0, 0.3, 5.0, 0.0)),
        *((-9.0, 7.0, -8.0, 7.5), (0.4, 0.1, -0.5, 0.0), (30.0, 1e3, 31.0, 1e3)),
        *((2.0, 0.0, 0.5, 0.0), (0.9, 0.1, -0.9, 0.2)),
    ]
    near = [tuple(edge + step for edge, step in zip(target, steps, strict=True)) for steps in moves]
    found = [(*pred, *target) for pred in near]
    found += [(1e3 * a[0], *a[1:]) for a in found if a[2] > a[0] > 2.0]
    return [*found, (0.1, 0.1, 1e-3, 1e-3, 0.0, 0.0, 1e-3, 2e-3), (0.0, 0.0, 1e-3, 3e-3, 1e-4, 1e-4, 2e-3, 2e-3)]


# Each loss with its points, and the options to try them with. Options are exact in float32 or rounded to the dtype.
CASES: list[tuple[str, Any, dict[str, Any]]] = [
    ("mse", residuals, {}),
    ("mae", residuals, {}),
    ("huber", residuals, {}),
    ("huber", residuals, {"delta": 1e-3}),
    ("quantile", residuals, {"q": 0.1}),
    ("log_cosh", residuals, {}),
    ("bce", probabilities, {}),
    ("bce", probabilities, {"eps": 1e-7}),
    ("bce_with_logits", logits, {}),
    ("bce_with_logits", logits, {"pos_weight": 3.7}),
    ("bce_with_logits", logits, {"label_smoothing": 0.1}),
    ("focal", normal_logits, {}),
    ("focal", normal_logits, {"alpha": 0.25}),
    ("focal", normal_logits, {"gamma": 0.5}),
    ("focal", normal_logits, {"gamma": 0.0}),
    ("focal", normal_logits, {"gamma": 5.0}),
    ("asymmetric_focal", normal_logits, {"clip": 0.0}),
    ("asymmetric_focal", normal_logits, {"gamma_pos": 1.0, "clip": 0.05}),
    ("asymmetric_focal", normal_logits, {"gamma_neg": 0.5, "clip": 0.25}),
    ("hinge", scores, {}),
    ("hinge_embedding", scores, {}),
    ("squared_hinge", scores, {}),
    ("modified_huber", scores, {}),
    ("perceptron", scores, {}),
    ("soft_margin", scores, {}),
    ("exponential", scores, {}),
    ("smooth_l1", residuals, {}),
    ("smooth_l1", residuals, {"beta": 0.1}),
    ("pseudo_huber", residuals, {}),
    ("pseudo_huber", residuals, {"delta": 0.1}),
    ("expectile", residuals, {"q": 0.1}),
    ("epsilon_insensitive", residuals, {"epsilon": 0.1}),
    ("squared_epsilon_insensitive", residuals, {"epsilon": 0.1}),
    ("mape", residuals, {"eps": 1e-8}),
    ("smape", residuals, {"eps": 1e-8}),
    ("msle", above_minus_one, {}),
    ("cauchy", residuals, {}),
    ("cauchy", residuals, {"c": 0.1}),
    ("welsch", normal_residuals, {}),
    ("geman_mcclure", residuals, {}),
    ("geman_mcclure", residuals, {"c": 0.1}),
    ("tukey", residuals, {"c": 4.685}),
    ("tukey", residuals, {"c": 0.1}),
    ("fair", residuals, {}),
    ("fair", residuals, {"c": 0.1}),
    ("crps_gaussian", normal_spreads, {"eps": 1e-9}),
    ("general_robust", residuals, {}),
    ("general_robust", residuals, {"alpha": 2.0, "c": 0.1}),
    ("general_robust", residuals, {"alpha": 1.9, "c": 3.0}),
    ("general_robust", residuals, {"alpha": 0.0}),
    ("general_robust", residuals, {"alpha": -2.0}),
    ("adaptive_robust", shaped_residuals, {}),
    ("student_t_nll", spreads, {"eps": 1e-9}),
    ("student_t_nll", spreads, {"eps": 1e-9, "df": 2.5, "full": True}),
    ("linex", residuals, {}),
    ("linex", residuals, {"a": -0.3}),
    ("poisson_nll", counts, {}),
    ("poisson_nll", counts, {"full": True}),
    ("poisson_nll", rates, {"log_input": False}),
    ("tweedie", counts, {"power": 1.5}),
    ("tweedie", counts, {"power": 1.1}),
    ("negative_binomial_nll", normal_counts, {}),
    ("negative_binomial_nll", normal_counts, {"dispersion": 0.1, "full": True}),
    ("ordinal_logistic", graded, {"thresholds": (-1.5, 0.25, 2.0)}),
    ("ordinal_logistic", graded, {"thresholds": (8.5, 8.5009765625, 80.0)}),
    ("gaussian_nll_logvar", log_spreads, {}),
    ("gaussian_nll_logvar", log_spreads, {"full": True}),
    ("laplace_nll", spreads, {"eps": 1e-9}),
    ("laplace_nll", spreads, {"eps": 1e-9, "full": True}),
    ("gamma_deviance", amounts, {}),
    ("gaussian_nll", spreads, {"eps": 1e-9}),
    ("gaussian_nll", spreads, {"eps": 1e-9, "full": True}),
    ("margin_ranking", ordered_pairs, {"margin": 0.5}),
    ("ranknet", preferred_pairs, {}),
    ("ranknet", preferred_pairs, {"sigma": 0.3}),
    ("bpr", residuals, {}),
    ("iou", boxes, {"eps": 1e-7}),
    ("iou", boxes, {"eps": 0.1}),
    ("giou", boxes, {"eps": 1e-7}),
    ("diou", boxes, {"eps": 1e-7}),
    ("ciou", boxes, {"eps": 1e-7}),
    ("ppo_clip", steps_of_policies, {"epsilon": 0.2}),
    ("policy_gradient", residuals, {}),
    ("dpo", preferences, {"beta": 0.1}),
    ("dpo", preferences, {"beta": 1.0, "label_smoothing": 0.1}),
    ("uncertainty_weighted", tasks, {}),
    ("l1", alone, {"strength": 0.3}),
    ("l2", alone, {"strength": 0.3}),
    ("elastic_net", alone, {"l1": 0.3, "l2": 0.7}),
]


def named(case: tuple[str, Any, dict[str, Any]]) -> str:
    return "-".join([case[0], *(f"{name}={value}" for name, value in case[2].items())])


def oracle(name: str) -> Any:
    return importlib.import_module(f"oracles.{name}")


def flat(parts: Any) -> list[Any]:
    """Value, slopes and curvatures in one list."""
    return [leaf for part in parts for leaf in (part if isinstance(part, tuple) else (part,))]


def inputs(points: Any, dtype: str) -> tuple[Array, ...]:
    """The points that are finite in the dtype, an array for each input."""
    with np.errstate(over="ignore"):
        rows = np.array(points(dtype), dtype=dtype)
    return tuple(np.ascontiguousarray(column) for column in rows[np.all(np.isfinite(rows), axis=1)].T)


def exact_option(value: Any, dtype: np.dtype[Any]) -> Any:
    """An option as the law reads it, in the dtype of the prediction."""
    if isinstance(value, bool):
        return value
    if isinstance(value, tuple):
        return tuple(exact_option(each, dtype) for each in value)
    return mp.mpf(float(dtype.type(value)))


def exactly(name: str, arrays: tuple[Array, ...], options: dict[str, Any]) -> tuple[list[Any], list[Any]]:
    """What mpmath says for value, slopes and curvatures, and the largest terms of each."""
    given = {name: exact_option(value, arrays[0].dtype) for name, value in options.items()}
    rows = [[mp.mpf(x) for x in row] for row in zip(*(a.tolist() for a in arrays), strict=True)]
    true = [flat(oracle(name).exact(*row, **given)) for row in rows]
    scale = getattr(oracle(name), "scale", None)
    terms = [flat(scale(*row, **given)) for row in rows] if scale else [[0] * len(row) for row in true]
    return list(zip(*true, strict=True)), list(zip(*terms, strict=True))


def computed(name: str, backend: str, arrays: tuple[Array, ...], options: dict[str, Any]) -> list[Array]:
    """What a backend says; columns of inputs and of gradients one after the other."""
    loss = LOSSES[name]
    function = (nl.value_grad_hess if loss.curvature else nl.value_and_grad)(loss.function)
    if loss.columns == 1:
        return flat(function(*arrays, **options, reduction="none", backend=backend))
    whole = np.stack(arrays, axis=-1).reshape(len(arrays[0]), len(loss.inputs), loss.columns)
    value, slope = function(*whole.swapaxes(0, 1), **options, reduction="none", backend=backend)
    return [value, *np.ascontiguousarray(slope.T)]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("case", CASES, ids=named)
def test_tails(case: tuple[str, Any, dict[str, Any]], dtype: str, backend: str) -> None:
    name, points, options = case
    arrays = inputs(points, dtype)
    with mp.workdps(DIGITS):
        true, terms = exactly(name, arrays, options)
        for k, result in enumerate(computed(name, backend, arrays, options)):
            errors = ulps(result, list(true[k]), list(terms[k]))
            worst = int(np.argmax(errors))
            where = ", ".join(repr(float(a[worst])) for a in arrays)
            assert errors[worst] <= UNITS.get(name, 4.0), (
                f"output {k} of {name}({where}) is {result[worst]!r}, {errors[worst]:.2f} ulp "
                f"from {mp.nstr(true[k][worst], 20)}"
            )


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("case", CASES, ids=named)
def test_backends_agree_in_every_bit(case: tuple[str, Any, dict[str, Any]], dtype: str) -> None:
    name, points, options = case
    arrays = inputs(points, dtype)
    for one, other in zip(*(computed(name, b, arrays, options) for b in ("numba", "cython")), strict=True):
        assert one.tobytes() == other.tobytes()


def test_every_elementwise_loss_has_tails() -> None:
    assert {case[0] for case in CASES} == {loss.name for loss in LOSSES.values() if loss.family == "elementwise"}


INF, NAN = np.inf, np.nan
# Inputs, then the limits of value, slope and curvature. NaN where there is none.
LIMITS: dict[str, list[tuple[tuple[float, ...], tuple[float, ...]]]] = {
    "mse": [((INF, 0.0), (INF, INF, 2.0)), ((NAN, 0.0), (NAN, NAN, 2.0))],
    "mae": [((-INF, 0.0), (INF, -1.0, 0.0)), ((NAN, 0.0), (NAN, NAN, 0.0)), ((2.0, 2.0), (0.0, 0.0, 0.0))],
    "huber": [((-INF, 0.0), (INF, -1.0, 0.0)), ((NAN, 0.0), (NAN, NAN, 0.0)), ((1.0, 0.0), (0.5, 1.0, 1.0))],
    "quantile": [((INF, 0.0), (INF, 0.5, 0.0)), ((NAN, 0.0), (NAN, NAN, 0.0)), ((2.0, 2.0), (0.0, 0.0, 0.0))],
    "log_cosh": [((INF, 0.0), (INF, 1.0, 0.0)), ((-INF, 0.0), (INF, -1.0, 0.0)), ((NAN, 0.0), (NAN, NAN, NAN))],
    "bce": [
        ((0.0, 0.0), (0.0, 1.0, 1.0)),
        ((1.0, 1.0), (0.0, -1.0, 1.0)),
        ((0.0, 1.0), (INF, -INF, INF)),
        ((1.0, 0.0), (INF, INF, INF)),
        ((0.0, 0.5), (INF, -INF, INF)),
        ((1.0, 0.5), (INF, INF, INF)),
    ],
    "bce_with_logits": [
        ((INF, 1.0), (0.0, 0.0, 0.0)),
        ((-INF, 0.0), (0.0, 0.0, 0.0)),
        ((-INF, 1.0), (INF, -1.0, 0.0)),
        ((INF, 0.0), (INF, 1.0, 0.0)),
        ((INF, 0.25), (INF, 0.75, 0.0)),
        ((NAN, 1.0), (NAN, NAN, NAN)),
    ],
    "focal": [
        ((INF, 1.0), (0.0, 0.0, 0.0)),
        ((-INF, 0.0), (0.0, 0.0, 0.0)),
        ((-INF, 1.0), (INF, -1.0, 0.0)),
        ((INF, 0.0), (INF, 1.0, 0.0)),
        ((INF, 0.25), (INF, 0.75, 0.0)),
        ((NAN, 1.0), (NAN, NAN, NAN)),
    ],
    "hinge": [
        ((INF, 1.0), (0.0, 0.0, 0.0)),
        ((INF, 0.0), (INF, 1.0, 0.0)),
        ((1.0, 1.0), (0.0, 0.0, 0.0)),
        ((NAN, 1.0), (NAN, NAN, 0.0)),
    ],
    "squared_hinge": [
        ((INF, 1.0), (0.0, 0.0, 0.0)),
        ((INF, 0.0), (INF, INF, 2.0)),
        ((1.0, 1.0), (0.0, 0.0, 0.0)),
        ((NAN, 1.0), (NAN, NAN, 2.0)),
    ],
    "modified_huber": [
        ((INF, 1.0), (0.0, 0.0, 0.0)),
        ((INF, 0.0), (INF, 4.0, 0.0)),
        ((-1.0, 1.0), (4.0, -4.0, 2.0)),
        ((1.0, 1.0), (0.0, 0.0, 0.0)),
        ((NAN, 1.0), (NAN, NAN, 2.0)),
    ],
    "perceptron": [
        ((INF, 1.0), (0.0, 0.0, 0.0)),
        ((INF, 0.0), (INF, 1.0, 0.0)),
        ((0.0, 1.0), (0.0, -1.0, 0.0)),
        ((0.0, 0.0), (0.0, 1.0, 0.0)),
        ((NAN, 1.0), (NAN, NAN, 0.0)),
    ],
    "soft_margin": [
        ((INF, 1.0), (0.0, 0.0, 0.0)),
        ((-INF, 0.0), (0.0, 0.0, 0.0)),
        ((INF, 0.0), (INF, 1.0, 0.0)),
        ((NAN, 1.0), (NAN, NAN, NAN)),
    ],
    "exponential": [
        ((INF, 1.0), (0.0, 0.0, 0.0)),
        ((INF, 0.0), (INF, INF, INF)),
        ((NAN, 1.0), (NAN, NAN, NAN)),
    ],
    "smooth_l1": [((-INF, 0.0), (INF, -1.0, 0.0)), ((NAN, 0.0), (NAN, NAN, 0.0)), ((1.0, 0.0), (0.5, 1.0, 0.0))],
    "pseudo_huber": [((-INF, 0.0), (INF, -1.0, 0.0)), ((NAN, 0.0), (NAN, NAN, NAN)), ((2.0, 2.0), (0.0, 0.0, 1.0))],
    "expectile": [((-INF, 0.0), (INF, -INF, 1.0)), ((NAN, 0.0), (NAN, NAN, 1.0)), ((2.0, 2.0), (0.0, 0.0, 1.0))],
    "epsilon_insensitive": [
        ((-INF, 0.0), (INF, -1.0, 0.0)),
        ((NAN, 0.0), (NAN, NAN, 0.0)),
        ((2.0, 2.0), (0.0, 0.0, 0.0)),
    ],
    "squared_epsilon_insensitive": [
        ((-INF, 0.0), (INF, -INF, 2.0)),
        ((NAN, 0.0), (NAN, NAN, 2.0)),
        ((2.0, 2.0), (0.0, 0.0, 0.0)),
    ],
    "mape": [((-INF, 2.0), (INF, -0.5, 0.0)), ((NAN, 2.0), (NAN, NAN, 0.0)), ((2.0, 2.0), (0.0, 0.0, 0.0))],
    "smape": [
        ((INF, 2.0), (2.0, 0.0, 0.0)),
        ((-INF, 2.0), (2.0, 0.0, 0.0)),
        ((0.0, 2.0), (2.0, 0.0, 0.0)),
        ((NAN, 2.0), (NAN, NAN, 0.0)),
        ((2.0, 2.0), (0.0, 0.0, 0.0)),
        ((0.0, 0.0), (0.0, 0.0, 0.0)),
    ],
    "msle": [((INF, 1.0), (INF, 0.0, 0.0)), ((NAN, 1.0), (NAN, NAN, NAN)), ((0.0, 0.0), (0.0, 0.0, 2.0))],
    "cauchy": [((-INF, 0.0), (INF, 0.0, 0.0)), ((NAN, 0.0), (NAN, NAN, NAN)), ((2.0, 2.0), (0.0, 0.0, 1.0))],
    "welsch": [((-INF, 0.0), (0.5, 0.0, 0.0)), ((NAN, 0.0), (NAN, NAN, NAN)), ((2.0, 2.0), (0.0, 0.0, 1.0))],
    "geman_mcclure": [((-INF, 0.0), (0.5, 0.0, 0.0)), ((NAN, 0.0), (NAN, NAN, NAN)), ((2.0, 2.0), (0.0, 0.0, 1.0))],
    "tukey": [
        ((-INF, 0.0), (6.0, 0.0, 0.0)),
        ((NAN, 0.0), (NAN, NAN, NAN)),
        ((2.0, 2.0), (0.0, 0.0, 1.0)),
    ],
    "fair": [((-INF, 0.0), (INF, -1.0, 0.0)), ((NAN, 0.0), (NAN, NAN, NAN)), ((2.0, 2.0), (0.0, 0.0, 1.0))],
    "crps_gaussian": [
        ((INF, 0.0, 1.0), (INF, 1.0, 0.23369497725510907 - 0.7978845608028654, 0.0, 0.0)),
        ((NAN, 0.0, 1.0), (NAN, NAN, NAN, NAN, NAN)),
    ],
    "general_robust": [
        ((-INF, 0.0), (INF, -1.0, 0.0)),
        ((NAN, 0.0), (NAN, NAN, NAN)),
        ((2.0, 2.0), (0.0, 0.0, 1.0)),
    ],
    "student_t_nll": [
        ((INF, 0.0, 1.0), (INF, 0.0, -4.0, 0.0, 4.0)),
        ((NAN, 0.0, 1.0), (NAN, NAN, NAN, NAN, NAN)),
        ((2.0, 2.0, 1.0), (0.0, 0.0, 1.0, 1.25, -1.0)),
    ],
    "linex": [
        ((INF, 0.0), (INF, INF, INF)),
        ((-INF, 0.0), (INF, -1.0, 0.0)),
        ((NAN, 0.0), (NAN, NAN, NAN)),
        ((2.0, 2.0), (0.0, 0.0, 1.0)),
    ],
    "poisson_nll": [
        ((INF, 3.0), (INF, INF, INF)),
        ((-INF, 3.0), (INF, -3.0, 0.0)),
        ((-INF, 0.0), (0.0, 0.0, 0.0)),
        ((NAN, 3.0), (NAN, NAN, NAN)),
    ],
    "tweedie": [
        ((INF, 3.0), (INF, INF, INF)),
        ((-INF, 3.0), (INF, -INF, INF)),
        ((-INF, 0.0), (0.0, 0.0, 0.0)),
        ((NAN, 3.0), (NAN, NAN, NAN)),
    ],
    "negative_binomial_nll": [
        ((INF, 3.0), (INF, 1.0, 0.0)),
        ((-INF, 3.0), (INF, -3.0, 0.0)),
        ((-INF, 0.0), (0.0, 0.0, 0.0)),
        ((NAN, 3.0), (NAN, NAN, NAN)),
    ],
    "ordinal_logistic": [
        ((INF, 2.0), (0.0, 0.0, 0.0)),
        ((INF, 1.0), (INF, 1.0, 0.0)),
        ((INF, 0.0), (INF, 1.0, 0.0)),
        ((-INF, 0.0), (0.0, 0.0, 0.0)),
        ((-INF, 1.0), (INF, -1.0, 0.0)),
        *(((NAN, target), (NAN, NAN, NAN)) for target in (0.0, 1.0, 2.0)),
    ],
    "gaussian_nll_logvar": [
        ((INF, 0.0, 0.0), (INF, INF, -INF, 1.0, INF)),
        ((1.0, 0.0, INF), (INF, 0.0, 0.5, 0.0, 0.0)),
        ((NAN, 0.0, 0.0), (NAN, NAN, NAN, 1.0, NAN)),
        ((2.0, 2.0, -2000.0), (-1000.0, 0.0, 0.5, INF, 0.0)),
    ],
    "laplace_nll": [
        ((INF, 0.0, 1.0), (INF, 1.0, -INF, 0.0, INF)),
        ((NAN, 0.0, 1.0), (NAN, NAN, NAN, 0.0, NAN)),
        ((2.0, 2.0, 1.0), (0.0, 0.0, 1.0, 0.0, -1.0)),
    ],
    "gamma_deviance": [
        ((INF, 1.0), (INF, 1.0, 0.0)),
        ((-INF, 1.0), (INF, -INF, INF)),
        ((NAN, 1.0), (NAN, NAN, NAN)),
    ],
    "margin_ranking": [
        ((INF, 0.0, 1.0), (0.0, 0.0, 0.0, 0.0, 0.0)),
        ((INF, 0.0, 0.0), (INF, 1.0, -1.0, 0.0, 0.0)),
        ((1.0, 1.0, 1.0), (0.0, 0.0, 0.0, 0.0, 0.0)),
        ((NAN, 0.0, 1.0), (NAN, NAN, NAN, 0.0, 0.0)),
        ((0.0, NAN, 1.0), (NAN, NAN, NAN, 0.0, 0.0)),
    ],
    "ranknet": [
        ((INF, 0.0, 1.0), (0.0, 0.0, 0.0, 0.0, 0.0)),
        ((INF, 0.0, 0.0), (INF, 1.0, -1.0, 0.0, 0.0)),
        ((0.0, INF, 0.25), (INF, -0.25, 0.25, 0.0, 0.0)),
        ((0.0, NAN, 1.0), (NAN, NAN, NAN, NAN, NAN)),
    ],
    "bpr": [
        ((INF, 0.0), (0.0, 0.0, 0.0, 0.0, 0.0)),
        ((0.0, INF), (INF, -1.0, 1.0, 0.0, 0.0)),
        ((NAN, 0.0), (NAN, NAN, NAN, NAN, NAN)),
    ],
    "ppo_clip": [
        ((INF, 0.0, 1.0), (-1.25, 0.0, 0.0)),
        ((INF, 0.0, -1.0), (INF, INF, INF)),
        ((INF, 0.0, 0.0), (0.0, 0.0, 0.0)),
        ((-INF, 0.0, 1.0), (0.0, 0.0, 0.0)),
        ((-INF, 0.0, -1.0), (0.75, 0.0, 0.0)),
        ((NAN, 0.0, 0.0), (NAN, NAN, NAN)),
    ],
    "policy_gradient": [
        ((-INF, 2.0), (INF, -2.0, 0.0)),
        ((-INF, 0.0), (0.0, 0.0, 0.0)),
        ((NAN, 0.0), (NAN, 0.0, 0.0)),
    ],
    "dpo": [
        ((INF, 0.0, 0.0, 0.0), (0.0, 0.0, 0.0, 0.0, 0.0)),
        ((0.0, INF, 0.0, 0.0), (INF, -1.0, 1.0, 0.0, 0.0)),
        ((NAN, 0.0, 0.0, 0.0), (NAN, NAN, NAN, NAN, NAN)),
    ],
    "uncertainty_weighted": [
        ((INF, 0.0), (INF, 0.5, -INF, 0.0, INF)),
        ((0.0, -INF), (-INF, INF, 0.5, 0.0, 0.0)),
        ((NAN, 0.0), (NAN, 0.5, NAN, 0.0, NAN)),
    ],
    "l1": [((-INF,), (INF, -1.0, 0.0)), ((NAN,), (NAN, NAN, 0.0)), ((0.0,), (0.0, 0.0, 0.0))],
    "l2": [((-INF,), (INF, -INF, 2.0)), ((NAN,), (NAN, NAN, 2.0))],
    "elastic_net": [((-INF,), (INF, -INF, 2.0)), ((NAN,), (NAN, NAN, 2.0)), ((0.0,), (0.0, 0.0, 2.0))],
    "gaussian_nll": [
        ((INF, 0.0, 2.0), (INF, INF, -INF, 0.5, INF)),
        ((NAN, 0.0, 2.0), (NAN, NAN, NAN, 0.5, NAN)),
        ((0.0, 0.0, NAN), (NAN, NAN, NAN, NAN, NAN)),
    ],
}


OPTIONS_OF_LIMITS: dict[str, dict[str, Any]] = {
    "ordinal_logistic": {"thresholds": (-1.5, 0.25)},
    "elastic_net": {"l1": 1.0, "l2": 1.0},
    "tukey": {"c": 6.0},
    "ppo_clip": {"epsilon": 0.25},
    "dpo": {"beta": 1.0},
}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", LIMITS)
def test_limits(name: str, dtype: str, backend: str) -> None:
    """Infinities, NaN and ties."""
    arrays = tuple(np.array([given for given, _ in LIMITS[name]], dtype=dtype).T)
    expected = np.array([limits for _, limits in LIMITS[name]], dtype=dtype).T
    options = OPTIONS_OF_LIMITS.get(name, {})
    for result, limit in zip(computed(name, backend, arrays, options), expected, strict=True):
        np.testing.assert_array_equal(result, limit)
