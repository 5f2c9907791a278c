"""Points where elementwise losses lose digits: ends of domains, ties, and far out in the tails."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np

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


def sure_qualities(dtype: str) -> list[tuple[float, ...]]:
    """The same without tiny targets far out: a power of one is subnormal, and its missing digits multiplied by |x|."""
    return [(x, t) for x, t in normal_logits(dtype) if abs(x) < 1e30 or not 0.0 < t < 1e-8]


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


def gated_counts(dtype: str) -> list[tuple[float, ...]]:
    """Logarithms of means, counts, and logits of the probability of a zero; no powers that are subnormal."""
    normal = -np.log(np.finfo(dtype).tiny)
    gates = (0.0, -1e-8, 1.27, -8.5, 16.6, -43.7, -700.0)
    found = [(x, t, g) for x in LOGITS if abs(x) < normal for t in (0.0, 0.5, 1.0, 3.0, 170.0) for g in gates]
    with np.errstate(over="ignore"):
        return [p for p in found if p[1] > 0.0 or not 0.8 * normal < abs(p[2] + np.exp(p[0])) < normal + 60.0]


def some_counts(dtype: str) -> list[tuple[float, ...]]:
    """Counts about the one from which Stirling's series holds, also of a small size."""
    return list(itertools.product((-1.27, 0.0, 5.13), (5.5, 6.0, 6.25, 6.5, 7.0)))


def sized_counts(dtype: str) -> list[tuple[float, ...]]:
    """Logarithms of means, counts, sizes of negative binomial distributions, and logits of more zeros."""
    means = (-43.7, -8.5, -1e-8, 0.0, 1.27, 5.13, 16.6)
    sizes = (1e-8, 0.3, 1.0, 5.1, 7.7, 12.5, 3e3, 1e12)
    found = list(itertools.product(means, (0.0, 0.5, 1.0, 3.0, 6.0, 170.0), sizes, (0.0, 1.27, -8.5)))
    normal = -np.log(np.finfo(dtype).tiny)
    return [p for p in found if p[1] > 0.0 or not abs(p[3] + p[2] * np.log1p(np.exp(p[0]) / p[2]) - normal) < 60.0]


def rates(dtype: str) -> list[tuple[float, ...]]:
    """Rates of which logarithms can be taken, and counts."""
    return [(abs(x), t) for x, t in counts(dtype)]


def normal_counts(dtype: str) -> list[tuple[float, ...]]:
    """Counts without means that are subnormal, whose missing digits are multiplied by the count."""
    normal = -np.log(np.finfo(dtype).tiny)
    return [(x, t) for x, t in counts(dtype) if not normal < abs(x) < normal + 60.0]


def near_counts(dtype: str) -> list[tuple[float, ...]]:
    """Counts and means that are normal, and so are those over a tiny size."""
    return [(x, t) for x, t in counts(dtype) if abs(x) < 80.0]


def normal_spreads(dtype: str) -> list[tuple[float, ...]]:
    """Residuals and scales without those where the density is subnormal, and its missing digits are multiplied."""
    normal, most = float(-np.log(np.finfo(dtype).tiny)), float(np.log(np.finfo(dtype).max))
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


def intervals(dtype: str) -> list[tuple[float, ...]]:
    """Ends of intervals, some turned round, and observed values."""
    return [(x, t, y) for x, t in residuals(dtype) for y in (0.0, 0.3, -16.6, 700.0)]


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


def weighted_steps(dtype: str) -> list[tuple[float, ...]]:
    """The same without ratios that are subnormal, whose missing digits are multiplied by the logarithm."""
    normal = -np.log(np.finfo(dtype).tiny)
    return [point for point in steps_of_policies(dtype) if not normal < point[1] - point[0] < normal + 60.0]


def gated_steps(dtype: str) -> list[tuple[float, ...]]:
    """The same without powers of ratios that are subnormal, whose missing digits are multiplied by the ratio."""
    normal = -np.log(np.finfo(dtype).tiny)
    with np.errstate(over="ignore"):
        ratios = [(point, np.expm1(point[0] - point[1])) for point in steps_of_policies(dtype)]
    return [point for point, ratio in ratios if not 0.9 * normal < ratio < normal + 60.0]


def moved_values(dtype: str) -> list[tuple[float, ...]]:
    """Values before and after, and returns; off the ends of what is clipped."""
    found = [(x, t, y) for x, t in residuals(dtype) for y in (0.0, 0.25, 2.0, -16.6)]
    return [(x, t, y) for x, t, y in found if abs(abs(x - t) - 0.2) > 1e-3]


def critics(dtype: str) -> list[tuple[float, ...]]:
    """Logarithms of probabilities, and what two critics say."""
    return [(a, x, t) for x, t in residuals(dtype) for a in (0.0, -1.27, 8.5)]


def temperatures(dtype: str) -> list[tuple[float, ...]]:
    """Logarithms of temperatures, and of probabilities."""
    normal = -np.log(np.finfo(dtype).tiny)
    return [(x, a) for x in LOGITS if abs(x) < normal for a in (0.0, -1.27, 8.5, 1.0 + 1e-6)]


def judged(dtype: str) -> list[tuple[float, ...]]:
    """What a policy and a reference say of an answer, and whether it is good."""
    return [(x, t, float(good)) for x, t in residuals(dtype) for good in (0, 1)]


def likelihoods(dtype: str) -> list[tuple[float, ...]]:
    """Mean logarithms of the probabilities of tokens of two answers, up to near certainty."""
    sizes = (*NEAR[1:], *FAR)
    return [(-x, -t) for x in sizes for t in (1e-8, 0.25, 0.8, 1.0, 6.835225, 43.7)]


def preferences(dtype: str) -> list[tuple[float, ...]]:
    """What a policy and a reference say of two answers: near each other, and far apart."""
    return [(x, t, a, b) for x, t in residuals(dtype) for a, b in ((0.0, 0.0), (0.7, -1.3), (-16.6, 37.0))]


def shaped_residuals(dtype: str) -> list[tuple[float, ...]]:
    """Residuals with shapes and scales: the special ones, their neighbours, and others."""
    shapes = (1.9, 1.0, 0.3, 1e-8, 0.0, -1e-8, -2.0, -4.0)
    return [(x, t, alpha, c) for x, t in residuals(dtype) if abs(x) < 1e30 for alpha in shapes for c in (0.1, 3.0)]


def tasks(dtype: str) -> list[tuple[float, ...]]:
    """Losses, and logarithms of variances; some whose inverses are no normal numbers, where the products are."""
    near = itertools.product((0.0, 1e-8, 0.3, 2.5, -1.0, 1e10), (-37.0, -1.27, -1e-8, 0.0, 0.5, 8.5, 60.0))
    normal, most = -np.log(np.finfo(dtype).tiny), np.log(np.finfo(dtype).max)
    return [*near, (np.exp(-most / 1.5), 1.3 * -most), (1e-30, 10.0 - most), (1e20, normal + 5.0), (-1e30, normal)]


def signed_distances(dtype: str) -> list[tuple[float, ...]]:
    """Logits, and distances of both signs, without powers that are subnormal, whose missing digits are multiplied."""
    normal = -np.log(np.finfo(dtype).tiny)
    near = [x for x in (*LOGITS, *far(dtype)[:2]) if not normal < abs(x) < normal + 60.0]
    return list(itertools.product(near, (-37.0, -1.0, 0.0, 0.25, 700.0)))


def margins(dtype: str) -> list[tuple[float, ...]]:
    """Two scores, and by how much the first should be higher: as it is, nearly, or not at all."""
    found = [(x, t, aim) for x, t in residuals(dtype) for aim in (0.0, 1.5, -16.6)]
    kind = np.dtype(dtype).type
    return [*found, *((x, t, float(kind(x) - kind(t))) for x, t in residuals(dtype) if abs(x) < 1e30)]


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


def bounds(dtype: str) -> list[tuple[float, ...]]:
    """Predictions between or beyond bounds that are equal, near each other, far apart, infinite, or turned round."""
    after = float(np.nextafter(np.dtype(dtype).type(0.3), np.dtype(dtype).type(1.0)))
    ends = [(0.3, 0.3), (0.3, after), (0.3, 0.4), (-1.9, 2.3), (2.3, -1.9), (-37.0, 80.0), (1e10, 2e10)]
    ends += [(-np.inf, 0.3), (0.3, np.inf), (-np.inf, np.inf), (8.5, 9.7)]
    return [(x, *pair) for x in (*LOGITS, 0.3, 1e15, -1e15) for pair in ends]


def times(dtype: str) -> list[tuple[float, ...]]:
    """Logarithms of times, and bounds of times: equal, near each other, far apart, 0, infinite, or turned round."""
    after = float(np.nextafter(np.dtype(dtype).type(1.3), np.dtype(dtype).type(2.0)))
    ends = [(1.3, 1.3), (1.3, after), (1.3, 1.7), (30.0, 2e3), (2e3, 30.0), (1e-30, 1e30), (1e10, 1e10)]
    ends += [(0.0, 1.3), (1.3, np.inf), (0.0, np.inf), (1e-3, 1.1e-3)]
    return [(x, *pair) for x in LOGITS for pair in ends]


def no_density_is_subnormal(z: np.ndarray, dtype: str) -> bool:
    """Whether that of distances in units of the scale, or of their squares, is nothing or has all its digits."""
    normal = -np.log(np.finfo(dtype).tiny)
    powers = np.array([*np.abs(z), *(0.5 * np.square(z))])
    return not np.any((normal < powers) & (powers < normal + 60.0))


def normal_bounds(sigma: float) -> Callable[[str], list[tuple[float, ...]]]:
    """Bounds without those that are so many sigma away that a density is subnormal, which sigma divides."""
    return lambda dtype: [p for p in bounds(dtype) if no_density_is_subnormal(np.subtract(p[1:], p[0]) / sigma, dtype)]


def normal_times(sigma: float) -> Callable[[str], list[tuple[float, ...]]]:
    """The same of times."""

    def points(dtype: str) -> list[tuple[float, ...]]:
        with np.errstate(divide="ignore"):
            return [p for p in times(dtype) if no_density_is_subnormal((np.log(p[1:]) - p[0]) / sigma, dtype)]

    return points


def normals(dtype: str) -> list[tuple[float, ...]]:
    """Means and logarithms of variances."""
    return list(itertools.product((0.0, 1e-8, -1.27, 8.5, -700.0), (*LOGITS, 1.2, 1.3, -1.2, -1.3)))


def two_normals(dtype: str) -> list[tuple[float, ...]]:
    """The same of two distributions, near each other and far apart."""
    others = ((0.0, 0.0), (1e-8, -1.27), (-1.27, 0.5493061), (8.5, 16.6))
    found = [(*one, *other) for one in normals(dtype) for other in others]
    # the ratio of variances is no number where its half is one
    return [p for p in found if not 0.0 < p[1] - p[3] - np.log(np.finfo(dtype).max) < 1.0]


def concentrations(dtype: str) -> list[tuple[float, ...]]:
    """Both numbers of a beta distribution, and shares."""
    sizes = (1e-20, 0.5, 1.0, 2.0, 33.3, 1e4)
    return list(itertools.product(sizes, sizes, (1e-30, 0.25, 0.999)))


def exceedances(dtype: str) -> list[tuple[float, ...]]:
    """Scales, shapes around 0 and up to -1, and what exceeds a threshold: some at or beyond the end."""
    before = 1.0 - 4.0 * float(np.finfo(dtype).eps)
    shapes = (-0.999, -0.5, -0.25, -1e-3, -1e-8, -1e-30, 0.0, 1e-30, 1e-8, 1e-3, 0.1, 0.5, 1.0, 3.0, 37.0)
    sizes = (0.0, 1e-30, 1e-8, 1e-3, 0.3, 1.0 - 1e-6, 1.0, 1.27, 1.9, 2.97, 3.999, 8.5, 37.0, 745.0, 1e6, 1e15)
    found = [(scale, shape, scale * x) for scale in (1e-3, 1.0, 33.3) for shape in shapes for x in sizes]
    return [*found, *((1.0, shape, -before / shape) for shape in (-0.5, -0.25, -1e-3))]


def angles(dtype: str) -> list[tuple[float, ...]]:
    """Angles of many turns, near multiples of an eighth of one, and concentrations."""
    turns = (0.0, 1e-30, 1e-8, 0.3, -0.785398, 1.5707964, -2.3561945, 3.1415927, 4.712389, 6.2831855, 100.0, -9999.7)
    sizes = (0.0, 1e-30, 1e-8, 1e-3, 0.5, 1.0, 1.7499, 1.75, 2.4, 2.9999, 3.0, 5.0, 6.0, 13.9, 14.0, 50.0, 1e6, 1e20)
    return list(itertools.product(turns, (0.0, 0.3, 710.0), sizes))
