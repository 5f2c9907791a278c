"""Elementwise losses at infinities, NaN and ties."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from cases import CASES, DTYPES, record, required
from compare import told
from test_tails import computed

from numloss.domains import REAL

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
    "cispo": [
        ((-INF, 0.0, 1.0), (0.0, 0.0, 0.0)),
        ((INF, 0.0, 1.0), (-INF, -5.0, 0.0)),
        ((-2.0, -2.0, 0.0), (0.0, 0.0, 0.0)),
        ((NAN, 0.0, 1.0), (NAN, NAN, 0.0)),
    ],
    "sapo": [
        ((INF, 0.0, 1.0), (-4.0, 0.0, 0.0)),
        ((0.5, 0.0, 0.0), (0.0, 0.0, 0.0)),
        ((NAN, 0.0, 1.0), (NAN, NAN, NAN)),
    ],
    "clipped_value": [
        ((INF, 0.0, 0.0), (INF, INF, 2.0)),
        ((1.0, 0.0, 2.0), (3.0625, 0.0, 0.0)),
        ((NAN, 0.0, 2.0), (NAN, NAN, 2.0)),
    ],
    "kl_estimate": [
        ((INF, 0.0), (INF, 1.0, 0.0)),
        ((-INF, 0.0), (INF, -INF, INF)),
        ((2.0, 2.0), (0.0, 0.0, 1.0)),
        ((NAN, 0.0), (NAN, NAN, NAN)),
    ],
    "ipo": [((INF, 0.0, 0.0, 0.0), (INF, INF, -INF, 2.0, 2.0)), ((0.5, 0.0, 0.0, 0.0), (0.0, 0.0, 0.0, 2.0, 2.0))],
    "nca": [
        ((INF, 0.0, 0.0, 0.0), (INF, 0.5, 0.25, 0.0, 0.125)),
        ((0.0, INF, 0.0, 0.0), (INF, -0.25, 0.5, 0.375, 0.0)),
    ],
    "apo": [((INF, -INF, 0.0, 0.0), (0.0, 0.0, 0.0, 0.0, 0.0)), ((-INF, INF, 0.0, 0.0), (2.0, 0.0, 0.0, 0.0, 0.0))],
    "kto": [((INF, 0.0, 1.0), (0.0, 0.0, 0.0)), ((INF, 0.0, 0.0), (1.0, 0.0, 0.0)), ((NAN, 0.0, 1.0), (NAN, NAN, NAN))],
    "bco": [((INF, 0.0, 1.0), (0.0, 0.0, 0.0)), ((INF, 0.0, 0.0), (INF, 1.0, 0.0)), ((NAN, 0.0, 1.0), (NAN, NAN, NAN))],
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
    "clipped_value": {"epsilon": 0.25},
    **{name: {"beta": 1.0} for name in ("ipo", "nca", "apo", "kto", "bco")},
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


PREDICTIONS = (-INF, -1e30, -2.0, -1.0, -1e-30, 0.0, 1e-30, 0.5, 2.0, 1e30, INF, NAN)
SCALARS = [case for case in CASES if record(case).family == "elementwise" and record(case).columns == 1]


@pytest.mark.parametrize("case", SCALARS)
def test_what_counts_nothing_hides_nothing(case: str, backend: str) -> None:
    """A guard for 0 * inf lets no NaN through that is there beside the smallest number, and no value without slope."""
    loss = record(case)
    domains = [loss.domains.get(name, REAL) for name in loss.inputs]
    first = [x for x in PREDICTIONS if x in domains[0] or x != x]
    for k, domain in enumerate(domains[1:], 1):
        if 0.0 not in domain or domain.integers:
            continue
        ones = [np.full(len(first), 1.0 if 1.0 in each else each.high, np.float32) for each in domains[1:]]
        given = [np.array(first, np.float32), *ones]
        answers = []
        side = -1.0 if domain.high == 0.0 else 1.0
        for beside in (0.0, side * float(np.finfo(np.float32).tiny), side):
            given[k] = np.full(len(first), beside, np.float32)
            found = computed(loss.name, backend, tuple(given), required(case))
            answers.append(np.isnan(found))
            with told(loss=case, beside=beside):
                finite = np.isfinite(given[0])
                np.testing.assert_array_equal(np.isnan(found[0])[finite], np.isnan(found[1])[finite])
        with told(loss=case, beside=loss.inputs[k]):
            np.testing.assert_array_equal(answers[0], answers[1])
