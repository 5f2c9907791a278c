"""Losses of images and signals where the registry's cases, which are small, do not look."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from compare import assert_close
from oracles import cl_dice, hausdorff_dt, ms_ssim
from oracles import multi_resolution_stft as stft_oracle
from oracles.ssim import value
from seeds import generator

import numloss as nl

SHAPES = [(11, (2, 37, 40)), (5, (5, 31)), (33, (33, 34)), (1, (3, 4)), (7, (9, 7))]


@pytest.mark.parametrize(("window", "shape"), SHAPES)
def test_windows_of_every_width(backend: str, window: int, shape: tuple[int, ...]) -> None:
    random = generator("ssim", window)
    target, step = random.random(shape), random.standard_normal(shape)
    pred = target + 0.1 * random.standard_normal(shape)
    found, slopes = nl.value_and_grad(nl.ssim)(pred, target, window=window, reduction="none", backend=backend)
    assert_close(found, value(pred, target, window=window), ulp=16, scale=1.0)
    ahead, behind = (value(pred + h * step, target, window=window).sum() for h in (1e-5, -1e-5))
    np.testing.assert_allclose((slopes * step).sum(), (ahead - behind) / 2e-5, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize(
    ("window", "shape", "levels"),
    [(3, (2, 37, 40), (0.2, 0.3, 0.5)), (5, (65, 66), None), (33, (33, 34), (1.0,)), (3, (9, 10), (0.0, 0.7))],
)
def test_levels_of_every_size(
    backend: str, window: int, shape: tuple[int, ...], levels: tuple[float, ...] | None
) -> None:
    random = generator("ms_ssim", window)
    target, step = random.random(shape), random.standard_normal(shape)
    pred = target + 0.1 * random.standard_normal(shape)
    given = {} if levels is None else {"level_weight": np.array(levels)}

    def exact(x: np.ndarray[Any, Any]) -> Any:
        return ms_ssim.value(x, target, window=window, **given)

    found, slopes = nl.value_and_grad(nl.ms_ssim)(
        pred, target, window=window, **given, reduction="none", backend=backend
    )
    assert_close(found, exact(pred), ulp=16, scale=1.0)
    ahead, behind = (exact(pred + h * step).sum() for h in (1e-5, -1e-5))
    np.testing.assert_allclose((slopes * step).sum(), (ahead - behind) / 2e-5, rtol=1e-6, atol=1e-8)


def test_images_with_nothing_in_common_at_a_level_have_no_slope(backend: str) -> None:
    image = generator("opposite").random((12, 13))
    found = nl.value_and_grad(nl.ms_ssim)(1.0 - image, image, window=3, level_weight=np.ones(2), backend=backend)
    assert found[0] == 1.0
    assert not found[1].any()
    with pytest.raises(ValueError, match="too small for 5 levels of window = 3: they need more than 32 of both"):
        nl.ms_ssim(image, image, window=3, backend=backend)


def test_nearly_equal_images_keep_their_digits(backend: str) -> None:
    random = generator("nearly equal")
    target = (random.random((24, 30)) + 0.5).astype(np.float32)
    pred = target + np.float32(1e-4) * random.standard_normal(target.shape).astype(np.float32)
    for loss, given in ((nl.ssim, {}), (nl.ms_ssim, {"window": 3, "level_weight": np.array([0.4, 0.3, 0.3])})):
        exact = loss(pred.astype(np.float64), target.astype(np.float64), **given, backend=backend)
        assert 0.0 < exact < 1e-5
        assert abs(loss(pred, target, **given, backend=backend) - exact) < 1e-5 * exact
        same, slopes = nl.value_and_grad(loss)(target, target, **given, backend=backend)
        assert same == 0.0
        assert not slopes.any()


def test_windows_that_do_not_fit_are_told() -> None:
    image = np.zeros((2, 10, 12))
    with pytest.raises(ValueError, match="ssim: window = 11 is larger than images of 10 rows and 12 columns"):
        nl.ssim(image, image)
    with pytest.raises(ValueError, match="ssim: window = 4 is even"):
        nl.ssim(image, image, window=4)


def test_good_predictions_of_signals_keep_their_digits(backend: str) -> None:
    random = generator("signals")
    target = random.standard_normal((3, 2000)).astype(np.float32)
    pred = np.float32(2.0) * target + np.float32(2e-4) * random.standard_normal(target.shape).astype(np.float32)
    for zero_mean in (False, True):
        extra = {"zero_mean": zero_mean, "reduction": "none", "backend": backend}
        exact, slopes = nl.value_and_grad(nl.si_sdr)(pred.astype(np.float64), target.astype(np.float64), **extra)
        found, narrow = nl.value_and_grad(nl.si_sdr)(pred, target, **extra)
        assert (exact < -78.0).all()
        np.testing.assert_allclose(found, exact, atol=1e-4)
        np.testing.assert_allclose(narrow, slopes, atol=1e-4 * np.abs(slopes).max())


def test_signals_without_a_part_of_the_target_have_a_finite_loss(backend: str) -> None:
    for pred, target in (([1.0, 0.0], [0.0, 2.0]), ([0.0, 0.0], [1.0, 2.0]), ([1.0, 2.0], [0.0, 0.0])):
        value, slopes = nl.value_and_grad(nl.si_sdr)(np.array(pred), np.array(target), backend=backend)
        assert value == pytest.approx(80.0)
        assert np.isfinite(slopes).all()


def test_skeletons_of_tubes_and_of_maps_that_are_all_equal(backend: str) -> None:
    random = generator("tubes")
    x, y = np.meshgrid(np.arange(30.0), np.arange(23.0))
    target = (abs(y - 11.0 - 6.0 * np.sin(x / 5.0)) < 4.0).astype(np.float64)
    pred, step = 2.0 * target - 1.0 + random.standard_normal(target.shape), random.standard_normal(target.shape)
    found, slopes = nl.value_and_grad(nl.cl_dice)(pred, target, iterations=6, backend=backend)
    assert_close(np.float64(found), cl_dice.value(pred, target, iterations=6), ulp=16, scale=1.0)
    ahead, behind = (cl_dice.value(pred + h * step, target, iterations=6) for h in (1e-6, -1e-6))
    np.testing.assert_allclose((slopes * step).sum(), (ahead - behind) / 2e-6, rtol=1e-5)
    nothing, all_of_it = np.zeros((5, 6)), np.ones((5, 6))
    for given, expected in (
        ((target, target), 0.0),
        ((nothing, nothing), 0.0),
        ((all_of_it, all_of_it), 0.0),
        ((nothing, all_of_it), 0.5),  # nothing is claimed, and there is no skeleton within
    ):
        value, slopes = nl.value_and_grad(nl.cl_dice)(*given, from_logits=False, smooth=0.0, backend=backend)
        assert value == expected
        assert np.isfinite(slopes).all()


@pytest.mark.parametrize(
    ("shape", "share"), [((2, 17, 23), 0.5), ((2, 21, 12), 0.02), ((9, 14), 0.97), ((3, 1, 8), 0.4)]
)
def test_distances_to_boundaries_are_exact(backend: str, shape: tuple[int, ...], share: float) -> None:
    random = generator("boundaries", shape)
    target, pred = (random.random(shape) < share).astype(np.float64), random.random(shape)
    pred = np.where(random.random(shape) < 0.9, target, pred)
    for alpha in (2.0, 1.0):
        given = {"from_logits": False, "alpha": alpha}
        found = nl.hausdorff_dt(pred, target, **given, reduction="none", backend=backend)
        assert_close(found, hausdorff_dt.value(pred, target, **given), ulp=16)


def test_the_first_of_assignments_that_are_as_good_is_taken() -> None:
    pred, target = np.array([[2.0], [2.0], [6.0]]), np.array([[1.0], [7.0], [3.0]])
    value, slopes = nl.value_and_grad(nl.pit_mse)(pred, target)
    assert value == 1.0
    np.testing.assert_array_equal(3.0 / 2.0 * slopes[:, 0], [1.0, -1.0, -1.0])


def test_more_sources_than_are_assigned_are_told() -> None:
    with pytest.raises(ValueError, match="pit_si_sdr: pred has 11 sources; assignments are looked for of 10 at most"):
        nl.pit_si_sdr(np.zeros((11, 3)), np.zeros((11, 3)))


def test_spectra_of_signals_that_are_reflected_at_both_ends(backend: str) -> None:
    random = generator("spectra")
    target, step = random.standard_normal((2, 300)), random.standard_normal((2, 300))
    pred = target + 0.3 * random.standard_normal(target.shape)
    resolutions = np.array([[512, 60, 201], [64, 7, 64], [4, 1, 1]])
    extra = {"resolutions": resolutions, "w_lin_mag": 0.5}
    function = nl.value_and_grad(nl.multi_resolution_stft)
    found, slopes = function(pred, target, **extra, reduction="none", backend=backend)
    np.testing.assert_allclose(found, stft_oracle.value(pred, target, **extra), rtol=1e-13)
    ahead, behind = (stft_oracle.value(pred + h * step, target, **extra).sum() for h in (1e-7, -1e-7))
    np.testing.assert_allclose((slopes * step).sum(), (ahead - behind) / 2e-7, rtol=1e-6)
    same, slopes = function(target, target, **extra, backend=backend)
    assert same == 0.0
    assert not slopes.any()


def test_resolutions_that_do_not_fit_are_told() -> None:
    signal = np.ones(100)
    for given in ([[12, 3, 6]], [[8, 3, 9]], [[256, 3, 9]], [[2, 1, 2]]):
        with pytest.raises(ValueError, match="multi_resolution_stft: resolutions need a transform that is a power of"):
            nl.multi_resolution_stft(signal, signal, resolutions=np.array(given))
    with pytest.raises(ValueError, match="multi_resolution_stft: resolutions need"):
        nl.multi_resolution_stft(signal, signal)
