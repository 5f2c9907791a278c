"""What the objectives of boosted trees share, tested without any of the libraries."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
from doors import charbonnier, tamed

import numloss as nl
from numloss.adapters.boosting.links import LINKS
from numloss.adapters.boosting.objective import POLICIES, Objective
from numloss.registry import LOSSES

ROWS = 400


def drawn(seed: int = 3) -> tuple[np.ndarray, np.ndarray]:
    """Numbers with a long tail, and weights."""
    rng = np.random.default_rng(seed)
    return 3.0 + rng.standard_t(2, size=ROWS), rng.uniform(0.2, 3.0, ROWS)


NUMBERS, WEIGHT = drawn()
BINARY = (NUMBERS > 4.0).astype(np.float32)
LABELS = np.digitize(NUMBERS, [2.0, 3.0, 5.0]).astype(np.float32)
POSITIVE = np.abs(NUMBERS) + 0.1


def weighted_quantile(q: float) -> tuple[float, float]:
    """Two neighbours of the target between which its quantile lies."""
    order = np.argsort(NUMBERS)
    reached = np.cumsum(WEIGHT[order]) / WEIGHT.sum()
    at = int(np.searchsorted(reached, q))
    return NUMBERS[order][max(at - 1, 0)], NUMBERS[order][min(at + 1, ROWS - 1)]


MEAN = float(np.average(NUMBERS, weights=WEIGHT))
SHARE = float(np.average(BINARY, weights=WEIGHT))
STARTS: dict[str, tuple[Callable[..., Any], np.ndarray, float]] = {
    "mse": (nl.mse, NUMBERS, MEAN),
    "bce_with_logits": (nl.bce_with_logits, BINARY, np.log(SHARE / (1 - SHARE))),
    "poisson_nll": (nl.poisson_nll, POSITIVE, np.log(np.average(POSITIVE, weights=WEIGHT))),
    "gamma_deviance": (nl.gamma_deviance, POSITIVE, np.log(np.average(POSITIVE, weights=WEIGHT))),
    "msle": (nl.msle, POSITIVE, np.expm1(np.average(np.log1p(POSITIVE), weights=WEIGHT))),
    "exponential": (nl.exponential, BINARY, 0.5 * np.log(SHARE / (1 - SHARE))),
}


@pytest.mark.parametrize("name", STARTS)
def test_the_start_is_the_best_constant(name: str) -> None:
    loss, target, expected = STARTS[name]
    assert Objective(loss).start(target, WEIGHT) == pytest.approx(expected, rel=1e-8, abs=1e-9)


@pytest.mark.parametrize("q", [0.1, 0.5, 0.93])
def test_the_start_of_quantiles_is_a_quantile(q: float) -> None:
    low, high = weighted_quantile(q)
    assert low <= Objective(nl.quantile, q=q).start(NUMBERS, WEIGHT) <= high


@pytest.mark.parametrize("loss", [nl.cauchy, nl.welsch, nl.tukey, nl.geman_mcclure, nl.huber, nl.focal, charbonnier])
def test_no_other_constant_is_better(loss: Callable[..., Any]) -> None:
    two_heaps = np.concatenate([NUMBERS[:100] - 40.0, NUMBERS[100:]])
    target = BINARY if loss is nl.focal else two_heaps
    best = Objective(loss).start(target, WEIGHT)
    at_best = loss(np.full(ROWS, best), target, weight=WEIGHT)
    for other in np.linspace(target.min() - 1.0, target.max() + 1.0, 301):
        assert loss(np.full(ROWS, other), target, weight=WEIGHT) >= at_best * (1.0 - 1e-9)


def test_starts_of_several_scores() -> None:
    frequencies = np.bincount(LABELS.astype(int), WEIGHT, 4) / WEIGHT.sum()
    classes = Objective(nl.cross_entropy).start(LABELS, WEIGHT)
    assert np.allclose(classes, np.log(frequencies), atol=1e-9)
    one_against_all = Objective(nl.bce_with_logits).start(LABELS, WEIGHT, outputs=4)
    assert np.allclose(one_against_all, np.log(frequencies / (1 - frequencies)), atol=1e-8)
    both = Objective(nl.mse).start(np.stack([NUMBERS, BINARY], 1), WEIGHT)
    assert np.allclose(both, [MEAN, SHARE])
    spread = np.log(np.average((NUMBERS - MEAN) ** 2, weights=WEIGHT))
    assert np.allclose(Objective(nl.gaussian_nll_logvar).start(NUMBERS, WEIGHT, outputs=2), [MEAN, spread])
    assert Objective(nl.cox).start(NUMBERS) == 0.0


def test_the_start_of_softmax_focal_has_no_slope() -> None:
    goal = Objective(nl.softmax_focal, gamma=1.5)
    scores = np.broadcast_to(goal.start(LABELS, WEIGHT), (ROWS, 4))
    slope, _ = goal.gradients(scores, LABELS, WEIGHT)
    assert np.abs(slope.sum(axis=0)).max() < 1e-5 * np.abs(slope).sum()


def test_a_start_is_finite_where_the_best_is_not() -> None:
    for target in (np.ones(9), np.zeros(9)):
        found = Objective(nl.bce_with_logits).start(target)
        assert 10.0 < (found if target[0] else -found) < 64.0
    assert np.isfinite(Objective(nl.cross_entropy).start(np.zeros(9), outputs=3)).all()
    assert Objective(nl.mse).start(np.full(9, 1e6)) == pytest.approx(1e6)


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_slopes_have_the_layout_of_scores_and_are_of_the_sum(order: Any, dtype: type) -> None:
    scores = np.random.default_rng(0).normal(size=(ROWS, 4)).astype(dtype).copy(order=order)
    given = WEIGHT.astype(np.float32)
    slope, curvature = Objective(nl.cross_entropy).gradients(scores, LABELS, given)
    assert slope.dtype == curvature.dtype == dtype
    assert slope.strides == curvature.strides == scores.strides
    plain, bent = Objective(nl.cross_entropy).gradients(scores, LABELS)
    assert np.allclose(slope, plain * given[:, None], rtol=1e-5, atol=1e-7)
    assert np.allclose(curvature, bent * given[:, None], rtol=1e-5, atol=1e-7)
    assert np.allclose(plain.sum(axis=1), 0.0, atol=1e-5)


def test_columns_are_parameters() -> None:
    scores = np.random.default_rng(0).normal(size=(ROWS, 2))
    slope, curvature = Objective(nl.gaussian_nll_logvar).gradients(scores, NUMBERS, WEIGHT)
    precision = np.exp(-scores[:, 1]) * WEIGHT
    assert np.allclose(slope[:, 0], (scores[:, 0] - NUMBERS) * precision)
    assert np.allclose(curvature[:, 0], precision)
    assert np.allclose(slope[:, 1], 0.5 * (WEIGHT - (scores[:, 0] - NUMBERS) ** 2 * precision))


def test_times_are_negative_where_nothing_happened() -> None:
    time = np.where(BINARY > 0, POSITIVE, -POSITIVE)
    slope, _ = Objective(nl.cox).gradients(NUMBERS, time)
    assert np.allclose(slope, nl.grad(nl.cox)(NUMBERS, POSITIVE, BINARY, reduction="sum"))


def test_lists_need_groups_and_one_weight_each() -> None:
    goal, groups = Objective(nl.lambdarank), np.array([0, 100, 100, 250, ROWS])
    relevance = LABELS
    with pytest.raises(ValueError, match="compares the rows of a list, and the data have no groups"):
        goal.gradients(NUMBERS, relevance)
    of_lists = np.array([1.0, 5.0, 2.0, 3.0])
    by_list, _ = goal.gradients(NUMBERS, relevance, of_lists, groups)
    by_row, _ = goal.gradients(NUMBERS, relevance, np.repeat(of_lists, np.diff(groups)), groups)
    assert np.array_equal(by_list, by_row)
    with pytest.raises(ValueError, match="rows of one list have different ones"):
        goal.gradients(NUMBERS, relevance, WEIGHT, groups)


REFUSALS = {
    "dice": "does not add up over rows",
    "lovasz_hinge": "does not add up over rows",
    "info_nce": "does not add up over rows",
    "triplet_margin": "offers no curvature",
    "bce": "its pred must be in \\[0, 1\\]",
    "nll": "takes probabilities or their logarithms",
    "gaussian_nll": "its var must be >= 0",
    "td_error": "it takes q, action",
    "arcface": "its scores are cosines",
}


@pytest.mark.parametrize("name", REFUSALS)
def test_what_cannot_be_an_objective_says_why(name: str) -> None:
    with pytest.raises(ValueError, match=f"^{name} is no objective here: .*{REFUSALS[name]}"):
        Objective(name)


@pytest.mark.parametrize("name", sorted(LOSSES))
def test_every_loss_is_an_objective_or_says_why_not(name: str) -> None:
    try:
        goal = Objective(name, **({"thresholds": [0.0, 1.0]} if name == "ordinal_logistic" else {}))
    except ValueError as error:
        assert str(error).startswith(f"{name} is no objective here: ")
        return
    assert goal.form in ("elements", "labels", "rows", "lists", "survival", "columns")


def test_bad_input_is_named() -> None:
    with pytest.raises(TypeError, match="unknown option 'gama'; did you mean gamma"):
        Objective(nl.focal, gama=2)
    with pytest.raises(TypeError, match="weight is no option of an objective"):
        Objective(partial(nl.focal, weight=WEIGHT))
    with pytest.raises(ValueError, match="curvature must be"):
        Objective(nl.focal, curvature="loose")
    with pytest.raises(ValueError, match="unknown link 'logit'"):
        Objective(nl.focal, link="logit")
    with pytest.raises(ValueError, match=r"target\[1\] = 0.5 is no label"):
        Objective(nl.cross_entropy).gradients(np.zeros((2, 3)), np.array([1.0, 0.5]))
    with pytest.raises(IndexError, match=r"target\[1\] = 3 is outside \[0, 3\)"):
        Objective(nl.focal).gradients(np.zeros((2, 3)), np.array([1.0, 3.0]))
    with pytest.raises(ValueError, match="a row has one: set the number of classes"):
        Objective(nl.cross_entropy).gradients(np.zeros(2), np.zeros(2))
    with pytest.raises(ValueError, match="its scores are no probabilities"):
        Objective(nl.hinge).predict_proba(np.zeros(2))
    with pytest.raises(ValueError, match="its parts read labels in different ways"):
        Objective(nl.combine((1.0, nl.mse), (1.0, nl.cross_entropy)))


@pytest.mark.parametrize("loss", [partial(nl.focal, gamma=1.5), nl.combine((0.5, nl.mse), (1.0, nl.mae)), charbonnier])
def test_objectives_can_be_copied_and_pickled(loss: Callable[..., Any]) -> None:
    goal = Objective(loss)
    expected = goal.gradients(NUMBERS, BINARY, WEIGHT)
    for other in (copy.deepcopy(goal), pickle.loads(pickle.dumps(goal))):
        assert all(map(np.array_equal, other.gradients(NUMBERS, BINARY, WEIGHT), expected))
        assert repr(other) == repr(goal)


def test_probabilities_add_up_to_1() -> None:
    scores = np.linspace(-40.0, 40.0, 81)
    for name in ("bce_with_logits", "focal", "exponential", "modified_huber"):
        found = Objective(name).predict_proba(scores)
        assert found.shape == (81, 2)
        assert np.allclose(found.sum(axis=1), 1.0)
    assert Objective("focal").predict_proba(scores)[0, 1] == pytest.approx(np.exp(-40.0), rel=1e-12)
    rows = np.stack([scores, -scores, 0.5 * scores], axis=1)
    for name in ("cross_entropy", "focal"):
        assert np.allclose(Objective(name).predict_proba(rows).sum(axis=1), 1.0)
    assert np.array_equal(Objective(tamed).predict_proba(rows), Objective("cross_entropy").predict_proba(rows))
    ordered = Objective("ordinal_logistic", thresholds=[-1.0, 0.0, 2.0]).predict_proba(scores)
    assert ordered.shape == (81, 4)
    assert np.allclose(ordered.sum(axis=1), 1.0)
    assert np.allclose(Objective("poisson_nll").link(scores), np.exp(scores))
    assert np.allclose(Objective("hinge", link="sigmoid").predict_proba(scores).sum(axis=1), 1.0)


def test_tables_name_losses() -> None:
    for name in (*LINKS, *POLICIES):
        assert name in LOSSES


def test_slopes_that_somebody_holds_are_not_written_over() -> None:
    goal = Objective(nl.mse)
    slope, curvature = goal.gradients(NUMBERS, NUMBERS + 1.0)
    part = curvature[:3]
    kept, bent = slope.copy(), part.copy()
    del curvature
    again, _ = goal.gradients(NUMBERS, NUMBERS - 1.0, WEIGHT)
    assert np.array_equal(slope, kept)
    assert np.array_equal(part, bent)
    assert not np.shares_memory(again, slope)
    place = again.ctypes.data
    del again, _
    assert goal.gradients(NUMBERS, NUMBERS)[0].ctypes.data == place


def test_robust_losses_have_the_tight_curvature() -> None:
    residual = NUMBERS - 1.0
    slope, curvature = Objective(nl.cauchy, c=0.7).gradients(NUMBERS, np.ones(ROWS))
    assert np.allclose(curvature, slope / residual)
    assert np.array_equal(Objective(nl.mse).gradients(NUMBERS, BINARY)[1], np.full(ROWS, 2.0))
    _, bound = Objective(nl.cauchy, c=0.7, curvature="bound").gradients(NUMBERS, np.ones(ROWS))
    assert np.all(curvature <= bound * (1.0 + 1e-12))
