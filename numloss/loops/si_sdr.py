"""The scale-invariant ratio of a signal to its distortion.

Products and what is left of the prediction are computed in float64: of nearly equal signals it is all that counts.
"""

from __future__ import annotations

from .crps_ensemble import score
from .headers import Examples, Result
from .image_variation import sum_of_row
from .language import Double, Int, Reals, apart, double, double_log, doubles, noinline, offset, real, reals
from .sums import sixteens

# The places of sizes, arrays and parameters in the declaration.
SAMPLES = 0
PRED = 0
TARGET = 1
ZERO_MEAN = 0
EPS = 1


@apart
def shifted_signal(x: Reals, n: Int, more: Double, out: Reals) -> Int:
    """A signal and a number, rounded once."""
    for i in range(n):
        out[i] = real(double(x[i]) + more)
    return 0


@apart
def combined(x: Reals, y: Reals, n: Int, by_x: Double, by_y: Double, more: Double, out: Reals) -> Int:
    """Sums of multiples of two signals, and a number, rounded once."""
    for i in range(n):
        out[i] = real((by_x * double(x[i]) + by_y * double(y[i])) + more)
    return 0


@noinline
def mean_of(x: Reals, n: Int, wanted: Double) -> Double:
    """The mean of a signal where it is to be taken off, else 0."""
    return double(0.0) if wanted == double(0.0) else sum_of_row(x, n) / double(n)


@noinline
def signal_loss(
    pred: Reals,
    target: Reals,
    n: Int,
    zero_mean: Double,
    eps: Double,
    share_of: Double,
    graded: Int,
    x: Reals,
    g: Reals,
) -> Double:
    """Less the ratio of a signal in decibels; where it is graded its gradient, times a share. `x`: scratch."""
    y = offset(x, sixteens(n))
    rest = offset(y, sixteens(n))
    mx = mean_of(pred, n, zero_mean)
    my = mean_of(target, n, zero_mean)
    shifted_signal(pred, n, -mx, x)
    shifted_signal(target, n, -my, y)
    energy = score(y, y, n)
    share = score(x, y, n) / (energy + eps)
    # of what was given, which is not rounded
    combined(pred, target, n, double(1.0), -share, share * my - mx, rest)
    noise = score(rest, rest, n) + eps
    kept = share * share * energy / noise
    ratio = kept + eps
    # 10 / log(10)
    decibels = double(10.0) / double_log(double(10.0))
    if graded > 0:
        factor = share_of * double(-2.0) * decibels / (ratio * noise)
        by_target = factor * share * (energy + kept * eps) / (energy + eps)
        combined(y, rest, n, by_target, -factor * kept, double(0.0), g)
    return -decibels * double_log(ratio)


def si_sdr_examples(e: Examples, partial: Result, n: Int) -> Int:
    """Losses, and gradients, of n signals."""
    count = e.sizes[SAMPLES]
    x = reals(e.reals)
    for i in range(n):
        pred = offset(reals(e.inputs[PRED]), i * count)
        target = offset(reals(e.inputs[TARGET]), i * count)
        g = offset(reals(e.slopes[0]), i * count) if e.mode > 0 else x
        doubles(e.losses)[i] = signal_loss(
            pred, target, count, e.params[ZERO_MEAN], e.params[EPS], double(1.0), e.mode, x, g
        )
    return 0
