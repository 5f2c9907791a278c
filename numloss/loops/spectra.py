"""Magnitudes of short-time spectra of a signal against those of another, in several resolutions.

A frame is a stretch of the signal times a window, reflected where it lies beyond an end. Its spectrum is that of half
as many complex numbers, which are its even and its odd samples; that is computed in passes from one half of the scratch
to the other (Stockham), which leave it in order. Gradients go back by the same way, a frame at a time: all that the
second walk over the frames needs of the first are two sums. Cosines are those of the text, no library's.
"""

from __future__ import annotations

from ..scalar import log, maximum, sqrt
from .codes import REFUSED
from .crps_ensemble import score
from .headers import Examples, Result
from .image_variation import sum_of_row
from .language import (
    Double,
    Doubles,
    Int,
    Real,
    Reals,
    apart,
    double,
    doubles,
    integer,
    noinline,
    offset,
    real,
    reals,
    stack_doubles,
)
from .sums import report

# The places of sizes, arrays and parameters in the declaration.
SAMPLES = 0
RESOLUTIONS = 1
PRED = 0
TARGET = 1
GIVEN = 2
W_SC = 0
W_LOG = 1
W_LIN = 2
EPS = 3
# Samples of the longest transform.
LONGEST = 32768


def turned(a: Int, b: Int) -> Double:
    """The cosine of a turn times a / b, where 0 <= a <= b and b is a multiple of 8: by its series, up to pi / 4."""
    a = b - a if 2 * a > b else a
    sign = double(1.0)
    if 4 * a > b:
        a = b // 2 - a
        sign = double(-1.0)
    odd = 1 if 8 * a > b else 0
    x = double(6.283185307179586) * double(b // 4 - a if odd == 1 else a) / double(b)
    # 1 - x^2 / 2 + ..., or x - x^3 / 6 + ...
    term = x if odd == 1 else double(1.0)
    total = double(0.0)
    for k in range(12):
        total = total + term
        term = term * (-x * x) / double((2 * k + 1 + odd) * (2 * k + 2 + odd))
    return sign * total


@noinline
def fill_window(length: Int, n: Int, w: Reals) -> Int:
    """A periodic Hann window in the middle of a transform: the square of the sine of half a turn."""
    before = (n - length) // 2
    for i in range(n):
        w[i] = 0.0
    for i in range(length):
        # cos(pi / 2 - pi i / length), in turns of 8 * length
        distance = length - 2 * i if 2 * i < length else 2 * i - length
        s = turned(2 * distance, 8 * length)
        w[before + i] = real(s * s)
    return 0


@noinline
def fill_turns(n: Int, cos: Reals, sin: Reals) -> Int:
    """Cosines of half a turn in n // 2 steps, and what their sines are below 0."""
    for i in range(n // 2):
        cos[i] = real(turned(8 * i, 8 * n))
        sin[i] = real(-turned((8 * i + 6 * n) % (8 * n), 8 * n))
    return 0


@apart
def turn_pairs(
    x: Reals,
    y: Reals,
    other_x: Reals,
    other_y: Reals,
    stretches: Int,
    m: Int,
    cos: Reals,
    sin: Reals,
    u: Reals,
    v: Reals,
    other_u: Reals,
    other_v: Reals,
) -> Int:
    """A pass of a transform: sums and turned differences of numbers that are half of it apart, in stretches of m."""
    for j in range(stretches):
        a = cos[2 * j * m]
        b = sin[2 * j * m]
        at = j * m
        for k in range(m):
            p = x[at + k] - other_x[at + k]
            q = y[at + k] - other_y[at + k]
            u[2 * at + k] = x[at + k] + other_x[at + k]
            v[2 * at + k] = y[at + k] + other_y[at + k]
            other_u[2 * at + k] = p * a - q * b
            other_v[2 * at + k] = p * b + q * a
    return 0


@noinline
def transform(z: Reals, half: Int, cos: Reals, sin: Reals) -> Reals:
    """The transform of `half` complex numbers, real parts before imaginary ones; other scratch follows. Where it is."""
    at = 0
    m = 1
    while m < half:
        x = offset(z, 2 * half * at)
        y = offset(x, half)
        u = offset(z, 2 * half * (1 - at))
        v = offset(u, half)
        apart_by = half // 2
        other_x = offset(x, apart_by)
        other_y = offset(y, apart_by)
        turn_pairs(x, y, other_x, other_y, apart_by // m, m, cos, sin, u, v, offset(u, m), offset(v, m))
        at = 1 - at
        m = 2 * m
    return offset(z, 2 * half * at)


@apart
def window_inside(x: Reals, w: Reals, half: Int, z: Reals, y: Reals) -> Int:
    """A frame that lies in the signal: even samples and odd ones, times the window."""
    for i in range(half):
        z[i] = w[2 * i] * x[2 * i]
        y[i] = w[2 * i + 1] * x[2 * i + 1]
    return 0


def reflected(k: Int, n: Int) -> Int:
    """Which sample is seen at a place beyond an end."""
    k = -k if k < 0 else k
    return 2 * (n - 1) - k if k >= n else k


@noinline
def read_frame(x: Reals, n: Int, first: Int, w: Reals, half: Int, z: Reals) -> Int:
    """A frame of a signal of n samples that begins at `first`, times the window."""
    if first >= 0 and first + 2 * half <= n:
        return window_inside(offset(x, first), w, half, z, offset(z, half))
    for i in range(half):
        z[i] = w[2 * i] * x[reflected(first + 2 * i, n)]
        z[half + i] = w[2 * i + 1] * x[reflected(first + 2 * i + 1, n)]
    return 0


@apart
def split_spectrum(x: Reals, y: Reals, half: Int, cos: Reals, sin: Reals, u: Reals, v: Reals) -> Int:
    """The spectrum of a frame, of half + 1 complex numbers, of that of its even and odd samples."""
    u[0] = x[0] + y[0]
    v[0] = 0.0
    u[half] = x[0] - y[0]
    v[half] = 0.0
    for k in range(1, half):
        a = 0.5 * (x[k] + x[half - k])
        b = 0.5 * (y[k] - y[half - k])
        p = 0.5 * (y[k] + y[half - k])
        q = -0.5 * (x[k] - x[half - k])
        u[k] = a + (p * cos[k] - q * sin[k])
        v[k] = b + (p * sin[k] + q * cos[k])
    return 0


@apart
def join_slopes(u: Reals, v: Reals, half: Int, cos: Reals, sin: Reals, x: Reals, y: Reals) -> Int:
    """Slopes of a spectrum as a spectrum of even and odd samples, with the other sign of all angles."""
    for k in range(half):
        a = u[k] + u[half - k]
        b = v[k] - v[half - k]
        p = u[k] - u[half - k]
        q = v[k] + v[half - k]
        x[k] = a - (p * -sin[k] + q * cos[k])
        y[k] = -(b + (p * cos[k] - q * -sin[k]))
    return 0


@apart
def squares_of(u: Reals, v: Reals, n: Int, eps: Real, out: Reals) -> Int:
    """Squares of magnitudes, at least eps."""
    for k in range(n):
        out[k] = maximum(u[k] * u[k] + v[k] * v[k], eps)
    return 0


@apart
def compare_magnitudes(p: Reals, q: Reals, n: Int, logs: Reals, rest: Reals, apart_by: Reals, size: Reals) -> Int:
    """Of squares of magnitudes: how far their logarithms are apart, differences, their sizes; the second magnitude."""
    for k in range(n):
        a = sqrt(p[k])
        b = sqrt(q[k])
        d = (p[k] - q[k]) / (a + b)
        logs[k] = 0.5 * abs(log(p[k] / q[k]))
        rest[k] = d
        apart_by[k] = abs(d)
        size[k] = b
    return 0


@apart
def slopes_of_bins(
    u: Reals, v: Reals, p: Reals, q: Reals, n: Int, eps: Real, by_rest: Real, by_log: Real, by_size: Real
) -> Int:
    """Slopes by a spectrum, in its place."""
    for k in range(n):
        a = sqrt(p[k])
        d = (p[k] - q[k]) / (a + sqrt(q[k]))
        sign = 1.0 if p[k] > q[k] else (-1.0 if p[k] < q[k] else p[k] - q[k])
        slope = by_rest * d + sign * (by_log / a + by_size)
        # what is less than eps has none
        slope = slope / a if u[k] * u[k] + v[k] * v[k] >= eps or p[k] != p[k] else 0.0
        u[k] = u[k] * slope
        v[k] = v[k] * slope
    return 0


@noinline
def add_frame(z: Reals, half: Int, first: Int, w: Reals, n: Int, sums: Doubles) -> Int:
    """Add the slopes of a frame to those of the samples that are seen in it."""
    for i in range(half):
        k = reflected(first + 2 * i, n)
        sums[k] = sums[k] + double(w[2 * i] * z[i])
        k = reflected(first + 2 * i + 1, n)
        sums[k] = sums[k] - double(w[2 * i + 1] * z[half + i])
    return 0


def frame_part(e: Examples, n: Int, part: Int) -> Reals:
    """Scratch of a transform of n samples: the window (0), cosines (2), sines (3), work (4), and from 8 on a line each.

    A part is a little more than half as long as the transform.
    """
    return offset(reals(e.reals), part * (n // 2 + 16))


@noinline
def spectrum_of(e: Examples, x: Reals, first: Int, n: Int, part: Int) -> Int:
    """The spectrum of a frame to two parts, and its squares to the next."""
    half = n // 2
    cos = frame_part(e, n, 2)
    sin = frame_part(e, n, 3)
    z = frame_part(e, n, 4)
    read_frame(x, e.sizes[SAMPLES], first, frame_part(e, n, 0), half, z)
    z = transform(z, half, cos, sin)
    u = frame_part(e, n, part)
    v = frame_part(e, n, part + 1)
    split_spectrum(z, offset(z, half), half, cos, sin, u, v)
    squares_of(u, v, half + 1, real(e.params[EPS]), frame_part(e, n, part + 2))
    return 0


@noinline
def add_spectra(e: Examples, pred: Reals, target: Reals, n: Int, hop: Int, totals: Doubles) -> Int:
    """Sums over all frames: of distances of logarithms, squares of differences, their sizes, squares of the target."""
    frames = e.sizes[SAMPLES] // hop + 1
    count = n // 2 + 1
    for k in range(4):
        totals[k] = double(0.0)
    for t in range(frames):
        spectrum_of(e, target, t * hop - n // 2, n, 8)
        spectrum_of(e, pred, t * hop - n // 2, n, 11)
        logs = frame_part(e, n, 4)
        rest = frame_part(e, n, 5)
        sizes = frame_part(e, n, 6)
        magnitudes = frame_part(e, n, 7)
        compare_magnitudes(frame_part(e, n, 13), frame_part(e, n, 10), count, logs, rest, sizes, magnitudes)
        totals[0] = totals[0] + sum_of_row(logs, count)
        totals[1] = totals[1] + score(rest, rest, count)
        totals[2] = totals[2] + sum_of_row(sizes, count)
        totals[3] = totals[3] + score(magnitudes, magnitudes, count)
    return frames


@noinline
def add_resolution(
    e: Examples, pred: Reals, target: Reals, n: Int, hop: Int, by_rest: Double, by_log: Double, by_size: Double
) -> Int:
    """Add the gradient of a resolution."""
    half = n // 2
    cos = frame_part(e, n, 2)
    sin = frame_part(e, n, 3)
    for t in range(e.sizes[SAMPLES] // hop + 1):
        first = t * hop - half
        spectrum_of(e, target, first, n, 8)
        spectrum_of(e, pred, first, n, 11)
        u = frame_part(e, n, 11)
        v = frame_part(e, n, 12)
        p = frame_part(e, n, 13)
        q = frame_part(e, n, 10)
        eps = real(e.params[EPS])
        slopes_of_bins(u, v, p, q, half + 1, eps, real(by_rest), real(by_log), real(by_size))
        # both ends stand for themselves, all others for two
        u[0] = 2.0 * u[0]
        u[half] = 2.0 * u[half]
        v[0] = 0.0
        v[half] = 0.0
        z = frame_part(e, n, 4)
        join_slopes(u, v, half, cos, sin, z, offset(z, half))
        z = transform(z, half, cos, sin)
        add_frame(z, half, first, frame_part(e, n, 0), e.sizes[SAMPLES], doubles(e.doubles))
    return 0


def resolution(e: Examples, k: Int, part: Int) -> Int:
    """The transform (0), the hop (1) or the window (2) of a resolution; if none are given those of auraloss."""
    if e.inputs[GIVEN] != 0:
        return integer(double(reals(e.inputs[GIVEN])[3 * k + part]))
    if part == 0:
        return 1024 if k == 0 else (2048 if k == 1 else 512)
    if part == 1:
        return 120 if k == 0 else (240 if k == 1 else 50)
    return 600 if k == 0 else (1200 if k == 1 else 240)


def fits(e: Examples, k: Int) -> Int:
    """Whether a resolution is one, and goes with the signal."""
    n = resolution(e, k, 0)
    power = 4
    while power < n and power < LONGEST:
        power = 2 * power
    window = resolution(e, k, 2)
    right = power == n and n // 2 < e.sizes[SAMPLES]
    return integer(right and resolution(e, k, 1) >= 1 and window >= 1 and window <= n)


@noinline
def one_signal_spectra(e: Examples, i: Int, count: Int) -> Double:
    """The mean loss of a signal over resolutions; its gradient."""
    samples = e.sizes[SAMPLES]
    pred = offset(reals(e.inputs[PRED]), i * samples)
    target = offset(reals(e.inputs[TARGET]), i * samples)
    totals = stack_doubles(4)
    loss = double(0.0)
    if e.mode > 0:
        for j in range(samples):
            doubles(e.doubles)[j] = double(0.0)
    for k in range(count):
        n = resolution(e, k, 0)
        hop = resolution(e, k, 1)
        fill_window(resolution(e, k, 2), n, frame_part(e, n, 0))
        fill_turns(n, frame_part(e, n, 2), frame_part(e, n, 3))
        bins = double(add_spectra(e, pred, target, n, hop, totals) * (n // 2 + 1))
        distance = sqrt(totals[1])
        size = sqrt(totals[3])
        loss = loss + e.params[W_SC] * (distance / size)
        loss = loss + (e.params[W_LOG] * totals[0] + e.params[W_LIN] * totals[2]) / bins
        if e.mode > 0:
            # a bin that stands for two has half of it in each
            each = double(2 * count)
            by_rest = e.params[W_SC] / (distance * size * each) if totals[1] != double(0.0) else double(0.0)
            by_log = e.params[W_LOG] / (bins * each)
            add_resolution(e, pred, target, n, hop, by_rest, by_log, e.params[W_LIN] / (bins * each))
    if e.mode > 0:
        g = offset(reals(e.slopes[0]), i * samples)
        for j in range(samples):
            g[j] = real(doubles(e.doubles)[j])
    return loss / double(count)


def multi_resolution_stft_examples(e: Examples, partial: Result, n: Int) -> Int:
    """Losses and gradients of n signals."""
    count = e.sizes[RESOLUTIONS] if e.inputs[GIVEN] != 0 else 3
    for i in range(n):
        for k in range(count):
            if fits(e, k) == 0:
                report(partial, i, REFUSED)
                return 0
        doubles(e.losses)[i] = one_signal_spectra(e, i, count)
    return 0
