"""Losses of rows that a user makes of a law: those of numloss, written in one line, and what such a law may not be."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from compare import assert_close
from machine import missing
from seeds import generator

import numloss as nl
from numloss.domains import POSITIVE
from numloss.scalar import expm1, log1p, maximum, softplus

pytestmark = pytest.mark.skipif("numba" in missing(), reason=f"numba: {missing().get('numba')}")
Loss = Callable[..., Any]
SCORES = generator("own rows").normal(0.0, 2.0, (41, 6, 3))
LABELS = generator("own labels").integers(0, 6, (41, 3))
SHARES = generator("own shares").random((41, 6, 3))


def poly1(nll, p, rest, epsilon):  # type: ignore[no-untyped-def]
    return nll + epsilon * rest


def generalized(nll, p, rest, q):  # type: ignore[no-untyped-def]
    return -expm1(-q * nll) / q


def focal(nll, p, rest):  # type: ignore[no-untyped-def]
    return rest * rest * nll


def hinge(gap, own, margin):  # type: ignore[no-untyped-def]
    return maximum(0.0, margin + gap)


def cosface(cosine, own, scale, margin):  # type: ignore[no-untyped-def]
    return scale * (cosine - margin * own)


def binary(score, target):  # type: ignore[no-untyped-def]
    return softplus(score) - target * score


# A law with its options of rowwise, the loss that it is, and the parameters of both.
LAWS: dict[str, tuple[Loss, dict[str, Any], Loss, dict[str, float]]] = {
    "a label and those beside it": (poly1, {}, nl.poly1_cross_entropy, {"epsilon": 1.5}),
    "a power of the label's": (generalized, {}, nl.generalized_cross_entropy, {"q": 0.7}),
    "the square of what is missing": (focal, {}, nl.softmax_focal, {}),
    "the mean over margins": (hinge, {"of": "margin", "over": "mean"}, nl.multi_margin, {"margin": 1.0}),
    "the largest margin": (hinge, {"of": "margin", "over": "largest"}, nl.multiclass_hinge, {"margin": 1.0}),
    "logits": (cosface, {"of": "logit"}, nl.cosface, {"scale": 4.0, "margin": 0.3}),
    "each class": (binary, {"of": "class", "over": "mean"}, nl.multilabel_soft_margin, {}),
}


@pytest.mark.parametrize("name", LAWS)
def test_one_line_is_the_loss_of_numloss(name: str) -> None:
    law, asked, known, parameters = LAWS[name]
    own = nl.rowwise(law, **asked, **parameters)  # type: ignore[arg-type]
    target = SHARES if asked.get("of") == "class" else LABELS
    weight = np.abs(SCORES[:, 0])
    for policy in ("exact", "bound"):
        found, expected = (
            nl.value_grad_hess(loss, curvature=policy)(SCORES, target, **parameters, weight=weight, reduction="sum")
            for loss in (own, known)
        )
        for a, b in zip(found, expected, strict=True):
            assert_close(np.asarray(a), np.asarray(b), ulp=64, scale=1.0)


def test_a_sum_is_the_mean_of_all_classes_times_their_number() -> None:
    for of, target in (("margin", LABELS), ("class", SHARES)):
        law = hinge if of == "margin" else binary
        options = {"margin": 0.5} if of == "margin" else {}
        total, mean = (
            nl.value_and_grad(nl.rowwise(law, of=of, over=over, **options))(SCORES, target) for over in ("sum", "mean")
        )
        for a, b in zip(total, mean, strict=True):
            assert_close(np.asarray(a), 6.0 * np.asarray(b), ulp=16)


def test_the_options_of_rows() -> None:
    tamed = nl.rowwise(lambda nll, p, rest, scale: scale * log1p(nll / scale), name="tamed", scale=2.0)
    labels = np.where(LABELS == 2, -100, LABELS)
    weights = np.linspace(0.5, 2.0, 6)
    nll = nl.cross_entropy(SCORES, labels, reduction="none")
    counts = np.where(labels == -100, 0.0, weights[LABELS])
    found = tamed(SCORES, labels, class_weight=weights)
    assert found == pytest.approx((counts * 2.0 * np.log1p(nll / 2.0)).sum() / counts.sum())
    moved = tamed(np.moveaxis(SCORES, 1, -1), labels, class_weight=weights, axis=-1)
    assert moved == pytest.approx(found, rel=1e-14)
    assert "scale" in str(__import__("inspect").signature(tamed))
    with pytest.raises(IndexError, match=r"tamed: target\[0, 0\] = . is outside"):
        tamed(SCORES, LABELS + np.int64(6) * (np.arange(41)[:, None] == 0))


def test_what_is_no_law_of_rows() -> None:
    law: Any = poly1
    with pytest.raises(ValueError, match="of must be one of 'label', 'margin', 'logit', 'class', got 'row'"):
        nl.rowwise(law, of="row", epsilon=1.0)
    with pytest.raises(ValueError, match="over must be 'sum' or 'mean' for of='class', got 'largest'"):
        nl.rowwise(binary, of="class", over="largest")
    with pytest.raises(ValueError, match="axis is an option that the loss has already"):
        nl.rowwise(lambda nll, p, rest, axis: nll, axis=1.0)
    with pytest.raises(TypeError, match="3 inputs, and one parameter for each option"):
        nl.rowwise(hinge, margin=1.0)
    with pytest.raises(TypeError, match="the law has 4 parameters; there is room for 3"):
        nl.rowwise(lambda nll, p, rest, a, b, c, d: nll, a=1.0, b=1.0, c=1.0, d=1.0)
    with pytest.raises(ValueError, match="poly1: epsilon must be > 0"):
        nl.rowwise(law, epsilon=1.0, domains={"epsilon": POSITIVE})(SCORES, LABELS, epsilon=-1.0)
