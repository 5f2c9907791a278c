"""Tight curvatures: slope / residual, of losses of which it majorises, and of no others."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from calls import each
from cases import required
from compare import assert_same_bits

import numloss as nl
from numloss.registry import LOSSES

TIGHT = sorted(name for name, loss in LOSSES.items() if loss.tight)
RESIDUALS = np.concatenate([np.linspace(-9.0, 9.0, 181), 10.0 ** np.arange(-40, 4), -(10.0 ** np.arange(-40, 4))])


@pytest.mark.parametrize("name", each(TIGHT))
def test_the_parabola_at_any_residual_lies_above_the_loss(name: str, backend: str) -> None:
    function = partial(LOSSES[name].function, **required(name))
    for dtype in ("float32", "float64"):
        r = RESIDUALS.astype(dtype)
        zeros = np.zeros_like(r)
        step = nl.value_grad_hess(function, curvature="tight")
        _, slope, bend = step(r, zeros, reduction="sum", backend=backend)
        value = function(r, zeros, reduction="none", backend=backend)
        assert np.all(bend > 0.0) and bend.dtype == dtype
        wide, slope, bend = r.astype(np.float64), slope.astype(np.float64), bend.astype(np.float64)
        apart = wide[None, :] - wide[:, None]
        above = value[:, None] + slope[:, None] * apart + 0.5 * bend[:, None] * apart**2 - value[None, :]
        terms = value[:, None] + abs(slope[:, None] * apart) + 0.5 * bend[:, None] * apart**2 + value[None, :]
        # values of residuals next to nothing underflow
        assert np.all(above >= -16.0 * np.finfo(dtype).eps * terms - np.finfo(dtype).tiny)


@pytest.mark.parametrize("name", each(TIGHT))
def test_it_is_the_slope_by_the_residual_and_at_0_the_exact_one(name: str, backend: str) -> None:
    function = partial(LOSSES[name].function, **required(name))
    random = np.random.default_rng(5)
    pred, target = random.normal(0.0, 3.0, (2, 700)).astype(np.float32)
    target[:40] = pred[:40]
    for options in ({}, {"weight": random.uniform(0.1, 2.0, 700)}, {"reduction": "sum"}):
        calls = [nl.value_grad_hess(function, curvature=policy) for policy in ("tight", "exact")]
        (value, slope, bend), (same, again, exact) = (f(pred, target, **options, backend=backend) for f in calls)
        assert value == same
        assert_same_bits(slope, again)
        residual = pred - target
        np.testing.assert_allclose(bend[40:], slope[40:] / residual[40:], rtol=1e-6, atol=1e-16)
        assert_same_bits(bend[:40], exact[:40])
        given, out = pred.copy(), np.empty_like(pred)
        calls[0](given, target, **options, out=(given, out), backend=backend)
        assert_same_bits(given, slope)
        assert_same_bits(out, bend)


def test_other_losses_have_none(backend: str) -> None:
    for name in ("mae", "bce_with_logits", "cross_entropy", "gaussian_nll"):
        with pytest.raises(ValueError, match=f"{name} has no tight curvature"):
            nl.value_grad_hess(LOSSES[name].function, curvature="tight")
    with pytest.raises(ValueError, match="curvature must be 'exact', 'bound', 'tight' or 'full', got 'loose'"):
        nl.value_grad_hess(nl.huber, curvature="loose")
