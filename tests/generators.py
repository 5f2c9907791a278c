"""The shapes and meanings of the inputs of each family of losses."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np

from numloss.domains import BINARY, NONNEGATIVE, REAL, UNIT, Domain
from numloss.loops.codes import (
    DISTRIBUTION,
    INDICATORS,
    LABELS,
    LEVELS,
    LOG_DISTRIBUTION,
    LOG_PROBABILITIES,
    LOGIT,
    LOGITS,
    MEMBERS,
    PLACED,
    PROBABILITIES,
    SCORES,
)
from numloss.registry import LOSSES, Loss
from numloss.transforms.points import draw, softmax, together

Shape = tuple[int, ...]
Array = np.ndarray[Any, Any]
Arrays = tuple[Array, ...]
Random = np.random.Generator


def elementwise(loss: Loss, shape: Shape, random: Random, ends: bool, variant: str) -> Arrays:
    """Every input has the shape of the loss; what is differentiated stays off the ends of its domain."""
    if (found := together(loss, shape, random, ends)) is not None:
        return found
    if loss.inputs[:2] == ("log_prob", "old_log_prob"):
        old = random.normal(-2.0, 1.0, shape)  # a ratio is a power of the difference: they are near each other
        return old + random.normal(0.0, 0.6, shape), old, random.normal(0.0, 3.0, shape)
    domains = [loss.domains.get(name, REAL) for name in loss.inputs]
    if "other_log_var" in loss.inputs:
        return tuple(random.normal(0.0, 0.7, shape) for _ in loss.inputs)
    if loss.inputs[1:] == ("lower", "upper"):
        pred, lower, upper = (draw(domain, shape, random, ends) for domain in domains)
        known = (random.random(shape) < 0.25) & (lower > 0.0 if domains[1].low == 0.0 else True)
        # logarithms of times, of which powers are taken
        return pred * (0.1 if domains[1].low == 0.0 else 1.0), lower, np.where(known, lower, upper)
    if loss.cuts is not None:
        domains[1] = Domain(0.0, len(VARIANTS[loss.name][""][loss.cuts]), integers=True)
    if variant == "rates":
        domains[0] = NONNEGATIVE
    return tuple(draw(d, shape, random, ends and k not in loss.differentiable) for k, d in enumerate(domains))


# Shapes whose problems have their own number of classes; the others have 5.
CLASSES = {(1,): 1, (9,): 2, (11,): 300, (3,): 5000}


def rowwise(loss: Loss, shape: Shape, random: Random, ends: bool, variant: str) -> Arrays:
    """Scores with classes on axis 1, and labels without that axis or a distribution over it."""
    full = (shape[0], CLASSES.get(shape, 5), *shape[1:])
    scores = random.normal(0.0, 3.0, full)
    meaning = {"probabilities": PROBABILITIES, "logits": LOGITS}.get(variant, loss.rows["scores"])
    if meaning == PROBABILITIES:
        scores = softmax(scores / 12.0)  # off the ends, where values are infinite
    elif meaning == LOG_PROBABILITIES and loss.rows["target"] not in (INDICATORS, MEMBERS):
        scores = np.log(softmax(scores))
    elif loss.rows["classes"] == LOGIT:
        scores = random.uniform(-0.95, 0.95, full)  # cosines
    wanted = {"distributions": DISTRIBUTION, "logarithms": LOG_DISTRIBUTION}.get(variant, loss.rows["target"] or LABELS)
    if wanted == LABELS:
        labels = random.integers(0, full[1] + (loss.rows["classes"] == LEVELS), shape)
        if ends and loss.defaults.get("ignore_index") is not None:
            labels[random.random(shape) < 0.1] = loss.defaults["ignore_index"]
        return scores, labels
    if wanted in (INDICATORS, MEMBERS):
        return scores, draw(UNIT if wanted == INDICATORS else BINARY, full, random, ends)
    if wanted == SCORES:
        return scores, random.normal(0.0, 2.0, full)
    if wanted >= PLACED:
        numbers = random.uniform(-1.0, full[1] + 0.5, shape)
        return scores, np.rint(numbers * 4.0) / 4.0 if ends else numbers
    target = softmax(random.normal(0.0, 2.0, full))
    if wanted == LOG_DISTRIBUTION:
        return scores, np.log(target)
    if ends:
        target[random.random(full) < 0.1] = 0.0
        target[:, 0] = np.where(target.any(axis=1), target[:, 0], 1.0)
        target /= target.sum(axis=1, keepdims=True)
    return scores, target


def distilled(loss: Loss, shape: Shape, random: Random, ends: bool, variant: str) -> Arrays:
    """Logits of a student and a teacher who agree here and there, and labels."""
    student, labels = rowwise(loss, shape, random, ends, variant)
    return student, student + random.normal(0.0, 2.0, student.shape), labels


# Pixels of each class of regional problems of these shapes; the others have 6. Dimensions of vectors; else 5.
PIXELS = {(1, 1): 40000, (3, 4): 1931, (2,): 6007}
DIMENSIONS = {(1,): 1, (11,): 300}


def regional(loss: Loss, shape: Shape, random: Random, ends: bool, variant: str) -> Arrays:
    """Scores of (samples, classes, pixels), and how much each pixel belongs to each class, or its label."""
    samples, classes = shape if len(shape) == 2 else (*shape, 3) if "pool" in loss.rows else (3, *shape)
    full = (samples, classes, PIXELS.get(shape, 6))
    if variant == "labels":
        return random.normal(0.0, 2.0, full), random.integers(0, classes, (samples, full[2]))
    pred = random.uniform(0.02, 0.98, full) if variant == "probabilities" else random.normal(0.0, 2.0, full)
    return pred, draw(loss.domains.get("target", UNIT), full, random, ends)


def ordered(loss: Loss, shape: Shape, random: Random, ends: bool, variant: str) -> Arrays:
    """Scores of (samples, classes, pixels), and the label of each pixel; or which pixels belong to each class."""
    samples, classes = shape if len(shape) == 2 else (3, *shape)
    full = (samples, classes, PIXELS.get(shape, 6))
    pred = random.normal(0.0, 2.0, full)
    if loss.rows["activation"] is None:
        return pred, (random.random(full) < 0.4).astype(np.float64)
    # of the last of several classes there is nothing
    return pred, random.integers(0, classes - 1 if classes > 2 else classes, (samples, full[2]))


def embedding(loss: Loss, shape: Shape, random: Random, ends: bool, variant: str) -> Arrays:
    """Vectors at distances around 1, and how much each pair belongs together."""
    dimensions = DIMENSIONS.get(shape, 5)
    vectors = [random.normal(0.0, (2.0 * dimensions) ** -0.5, (*shape, dimensions)) for _ in loss.differentiable]
    return *vectors, *(draw(loss.domains[name], shape, random, ends) for name in loss.inputs[len(vectors) :])


def action_value(loss: Loss, shape: Shape, random: Random, ends: bool, variant: str) -> Arrays:
    """Values of 4 actions, the one taken, the reward, values of the 3 actions that follow, and whether they do."""
    q, next_q = random.normal(0.0, 2.0, (*shape, 4)), random.normal(0.0, 2.0, (*shape, 3))
    reward, done = random.normal(0.0, 2.0, shape), draw(loss.domains["done"], shape, random, ends)
    return q, random.integers(0, 4, shape), reward, next_q, done


def head(loss: Loss, shape: Shape, random: Random, ends: bool, variant: str) -> Arrays:
    """Rows of 6 features, the weights of a last layer for them, and labels."""
    classes = CLASSES.get(shape, 5)
    features, weights = random.normal(0.0, 1.0, (*shape, 6)), random.normal(0.0, 1.0, (classes, 6))
    labels = random.integers(0, classes, shape)
    labels[random.random(shape) < 0.1] = loss.defaults["ignore_index"]
    return features, weights, labels


def similarity(loss: Loss, shape: Shape, random: Random, ends: bool, variant: str) -> Arrays:
    """Vectors, those of a pair nearer to each other than the others; and labels that some rows have alone."""
    dimensions = DIMENSIONS.get(shape, 5)
    things = random.normal(0.0, 1.0, (*shape, dimensions))
    vectors = [things + random.normal(0.0, 0.7, things.shape) for _ in loss.differentiable]
    return *vectors, *(random.integers(-3, 1 + len(things) // 2, shape) for _ in loss.inputs[len(vectors) :])


def clouds(loss: Loss, shape: Shape, random: Random, ends: bool, variant: str) -> Arrays:
    """Clouds of a few points each, the second a little larger and apart from the first."""
    points, other, entries = (35, 530, 6) if shape == (3,) else (3, 4, 2)
    return random.normal(0.0, 0.5, (*shape, points, entries)), random.normal(0.2, 0.6, (*shape, other, entries))


# How long the lists of ranked problems of these shapes are: some empty, some around the edge of a tile, enough of them
# for several blocks.
LENGTHS: dict[Shape, tuple[int, ...]] = {
    (7,): (3, 0, 1, 6, 2, 5, 9),
    (23,): (0, 511, 512, 700, *(k * k % 97 for k in range(18)), 0),
}
GROUPS = {shape: (0, *itertools.accumulate(lengths)) for shape, lengths in LENGTHS.items()}


def ranked(loss: Loss, shape: Shape, random: Random, ends: bool, variant: str) -> Arrays:
    """Scores of the rows of all lists, and their relevance; or times, many of them tied, and which were events."""
    rows = sum(LENGTHS[shape])
    scores = random.normal(0.0, 2.0, rows)
    if loss.name == "cox":
        return scores, np.ceil(random.gamma(2.0, 3.0, rows)), random.integers(0, 2, rows)
    if loss.domains["target"].integers:
        return scores, random.integers(0, 5, rows)
    return scores, random.normal(0.0, 2.0, rows)


# Steps and classes of sequences of these shapes; the others have 6 and 4.
SEQUENCES = {(1,): (3, 2), (11,): (70, 20), (67,): (40, 5)}


def sequence(loss: Loss, shape: Shape, random: Random, ends: bool, variant: str) -> Arrays:
    """Scores of steps, sequences and classes, of which 0 is the blank; labels, and how many of each count."""
    steps, classes = SEQUENCES.get(shape, (6, 4))
    pred = random.normal(0.0, 2.0, (steps, *shape, classes))
    if variant == "logarithms":
        pred = np.log(softmax(pred.swapaxes(1, 2))).swapaxes(1, 2)
    target = random.integers(1, classes, (*shape, max(1, steps // 3)))
    lengths, labels = random.integers(steps // 2, steps + 1, shape), random.integers(0, target.shape[1] + 1, shape)
    if not ends:
        labels = np.minimum(labels, lengths // 2)
    return pred, target, lengths, labels


# Sizes of named axes of whole examples of these shapes; the others have those that come first.
AXES: dict[str, dict[Shape | None, int]] = {
    "member": {None: 7, (3,): 1, (4,): 300, (11,): 32, (513,): 50},
    "class": {None: 5, (3,): 1, (4,): 1100, (11,): 32},
    "token": {None: 6, (3,): 1, (4,): 40},
    "expert": {None: 5, (4,): 20},
    "row": {None: 3, (3,): 1, (4,): 40},
    "column": {None: 4, (1,): 1, (4,): 35, (11,): 600},
    "height": {None: 5, (4,): 19, (11,): 9},
    "width": {None: 6, (4,): 33, (11,): 40},
    "bin": {None: 6, (3,): 1, (11,): 40},
    "component": {None: 3, (3,): 1, (11,): 20},
    "step": {None: 6, (4,): 700},
    "entry": {None: 3, (3,): 40, (11,): 33},
    "quantile": {None: 5, (3,): 1, (4,): 200, (11,): 32},
    "sample": {None: 7, (3,): 1, (4,): 64, (7,): 5},
    "length": {None: 3},
    "source": {None: 2, (3,): 1, (4,): 5, (7,): 3},
    "atom": {None: 5, (3,): 2, (4,): 601, (11,): 51},
    "category": {None: 5, (1,): 1, (3,): 2, (4,): 130, (11,): 32},
    "frame": {None: 4, (3,): 1, (4,): 20, (11,): 9},
    "label": {None: 2, (3,): 1, (4,): 17, (11,): 7},
    "state": {None: 3, (3,): 2, (4,): 18, (11,): 8},
    "symbol": {None: 4, (3,): 3, (4,): 40, (11,): 600},
    "band": {None: 2, (3,): 1, (4,): 4, (11,): 3},
    "other": {None: 3, (3,): 1, (4,): 23, (11,): 20},
    "dimension": {None: 2, (3,): 1, (4,): 5},
    "document": {None: 5, (3,): 1, (4,): 40, (11,): 16},
    "tag": {None: 3, (3,): 1, (4,): 20, (11,): 9},
    "instance": {None: 6, (3,): 2, (4,): 40, (11,): 17},
    "feature": {None: 3, (3,): 40, (4,): 70, (11,): 33},
    "pair": {None: 6, (3,): 1, (4,): 600, (11,): 33},
    "proxy": {None: 4, (3,): 2, (4,): 37, (11,): 9},
}
FEW = ((0,), (1,), (3,), (7,), (11,), (40,), (3, 5))


def examplewise(loss: Loss, shape: Shape, random: Random, ends: bool, variant: str) -> Arrays:
    """Arrays with the axes that the loss declares; numbers that are equal here and there."""
    facts, found = loss.rows, []
    named = {axis for name in loss.inputs for axis in facts["axes"][name] if axis != "..."}
    sizes = {axis: AXES[axis].get(shape, AXES[axis][None]) for axis in named}
    for k, name in enumerate(loss.inputs):
        axes = facts["axes"][name]
        full = (*(shape if axes[0] == "..." else ()), *(sizes[axis] for axis in axes if axis != "..."))
        if name in facts["labels"]:
            # neither the first nor the last, which may be the blank
            blank, axis = int("blank" in loss.defaults and name == "target"), facts["labels"][name]
            low, high = (blank, sizes[axis] - blank) if axis else (-3, full[-1] // 2 - 2)
            found.append(random.integers(low, high, full))
        elif name in facts["lengths"]:
            size = sizes[facts["lengths"][name]]
            count = random.integers(0 if ends else 1, size + 1, full)
            # labels need a step
            found.append(np.where(found[-1] > 0, count, 0) if name == "target_lengths" else count)
        else:
            domain = loss.domains.get(name, REAL)
            numbers = draw(domain, full, random, ends and k not in loss.differentiable)
            if name.startswith("log_"):  # of which powers are taken
                numbers = 0.25 * numbers
            rounded, whole = np.rint(numbers), random.random(full) < 0.5
            whole &= (rounded >= domain.low) & (rounded <= domain.high)
            found.append(np.where(whole, rounded, numbers) if ends else numbers)
    if loss.name == "ms_ssim":  # pixels are of one sign
        found = [abs(array) for array in found]
    # signals that are all but orthogonal are at a pole, of which no difference shows a slope, and so are images
    if loss.name in ("si_sdr", "pit_si_sdr", "ms_ssim"):
        found[0] = found[0] + found[1]
    if loss.name == "transducer_pruned":  # bands that an alignment passes through
        (*_, frames, wide, _), steps = found[0].shape, found[3]
        found[4] = np.minimum(found[4], (wide - 1) * steps)
        rise, t = np.maximum(0, found[4] - wide + 1)[..., None], np.arange(frames)
        found[2] = np.minimum(rise * t // np.maximum(1, steps - 1)[..., None], rise)
    if variant == "shares":  # each by itself, and far from its neighbours, whose order matters
        found[0] = 1.0 / (1.0 + np.exp(-found[0] / 4.0))
    if variant == "probabilities":
        found[0] = np.moveaxis(softmax(np.moveaxis(found[0], -1, 1) / 12.0), 1, -1) if found[0].size else found[0]
    return tuple(found)


FAMILIES: dict[str, Callable[[Loss, Shape, Random, bool, str], Arrays]] = {
    "elementwise": elementwise,
    "rowwise": rowwise,
    "distilled": distilled,
    "regional": regional,
    "embedding": embedding,
    "action_value": action_value,
    "head": head,
    "similarity": similarity,
    "clouds": clouds,
    "ranked": ranked,
    "sequence": sequence,
    "ordered": ordered,
    "examplewise": examplewise,
}
# Losses that read their inputs in several ways: the options that each way needs.
VARIANTS: dict[str, dict[str, dict[str, Any]]] = {
    "cross_entropy": {"": {}, "distributions": {}, "probabilities": {"from_probabilities": True}},
    "js_div": {"": {}, "logits": {"from_logits": True}},
    "two_hot": {
        "": {},
        "linear": {"low": -0.75, "high": 3.25},
        "symlog": {"low": -2.0, "high": 1.5, "spacing": "symlog"},
        "symexp": {"low": -3.0, "high": 4.0, "spacing": "symexp"},
    },
    "hl_gauss": {"": {}, "ends": {"low": -0.75, "high": 3.25}},
    "apo": {"": {}, "down": {"anchor": "down"}},
    "kl_estimate": {"": {}, "k1": {"estimator": "k1"}, "k2": {"estimator": "k2"}},
    "poisson_nll": {"": {}, "rates": {"log_input": False}},
    "kl_div": {"": {}, "logits": {"from_logits": True}, "logarithms": {"log_target": True}},
    "skew_kl": {"": {}, "reverse": {"direction": "reverse", "alpha": 0.4}},
    "kl_logits": {"": {}, "reverse": {"direction": "reverse", "temperature": 3.0}},
    "ordinal_logistic": {"": {"thresholds": (-1.5, 0.25, 2.0)}},
    "crps_ensemble": {
        "": {},
        "fair": {"estimator": "almost fair", "lower": -1.0},
        "weighted": {"estimator": "fair", "member_weight": np.arange(1.0, 8.0), "upper": 2.5},
    },
    "load_balancing": {"": {}, "two": {"top_k": 2}},
    "cl_dice": {"": {}, "shares": {"from_logits": False}},
    "hausdorff_dt": {"": {}, "shares": {"from_logits": False}},
    "image_variation": {"": {}, "anisotropic": {"norm": "anisotropic"}},
    "sinkhorn_divergence": {
        "": {"eps": 2.0, "tolerance": 1e-11, "iterations": 40},
        "transport": {"eps": 1.0, "tolerance": 1e-11, "iterations": 40, "debias": False, "p": 1},
    },
    "energy_score": {"": {}, "fair": {"estimator": "fair"}},
    "batch_hard_triplet": {"": {}, "semihard": {"mining": "semihard"}},
    "proxy_nca": {"": {}, "all": {"among": "all"}},
    "variogram_score": {"": {}, "weighted": {"pair_weight": np.arange(9.0).reshape(3, 3), "p": 2.0}},
    "ssim": {"": {"window": 3}},
    "ms_ssim": {"": {"window": 3, "level_weight": np.array([0.3, 0.7])}},
    "multi_resolution_stft": {"": {"resolutions": np.array([[8, 3, 6], [4, 1, 3]]), "w_lin_mag": 0.5, "eps": 0.25}},
    "ctc": {
        "": {},
        "logarithms": {"from_logits": False},
        "priors": {"log_priors": np.log([0.7, 0.05, 0.2, 0.05]), "prior_scale": 0.3},
    },
    "generalized_dice": {"": {}, "labels": {}},
    "dino": {"": {}, "center": {"center": np.linspace(-1.0, 1.5, 5), "student_temperature": 0.5}},
    "entmax": {"": {}, "near": {"alpha": 1.0625}},
    "multi_quantile": {
        "": {},
        "crossing": {
            **{"levels": np.array([0.0625, 0.25, 0.5, 0.75, 0.9375]), "crossing": 0.75, "margin": 0.5},
            "doubled": True,
        },
    },
    "quantile_huber": {"": {}, "taus": {"taus": np.linspace(0.0, 1.0, 5)}},
    "categorical_td": {"": {}, "ends": {"low": -0.75, "high": 3.25}},
    "ranked_probability": {"": {}, "probabilities": {"from_probabilities": True}},
    "soft_dtw": {"": {}, "lengths": {"input_lengths": np.array(3), "target_lengths": np.array(2), "gamma": 0.3}},
    "crf": {
        "": {},
        "ends": {"lengths": np.array(3), "start": np.array([0.5, -1.0, 2.0]), "end": np.array([0.0, 1.0, -3.0])},
    },
    "neural_ndcg": {"": {}, "lengths": {"lengths": np.array(3), "k": 2}},
    "transducer": {"": {}, "first": {"blank": 0}, "logarithms": {"from_logits": False}},
    "transducer_simple": {"": {}, "smoothed": {"blank": 0, "lm_scale": 0.25}},
    "transducer_pruned": {"": {}, "first": {"blank": 0}, "logarithms": {"from_logits": False}},
    "lovasz_softmax": {"": {}, "all": {"classes": "all"}, "sample": {"per_sample": True}},
    "lovasz_hinge": {"": {}, "batch": {"per_sample": False}},
    "dice": {
        "": {},
        "batch": {"per_sample": False},
        "labels": {"activation": "softmax"},
        "probabilities": {"activation": None},
        "softmax": {"activation": "softmax"},
    },
}
# Pointers fit one number of rows: the shapes of ranked losses are variants.
MANY = {"groups": GROUPS[23,]}
LISTS = sorted(name for name, loss in LOSSES.items() if loss.family == "ranked")
VARIANTS |= {name: {"": {"groups": GROUPS[7,]}, "many": MANY} for name in LISTS}
VARIANTS["xendcg"] |= {"drawn": {"groups": GROUPS[7,], "gamma": np.linspace(0.0, 1.0, sum(LENGTHS[7,]))}}
VARIANTS["xendcg"]["many"] = {**MANY, "gamma": 0.25}
VARIANTS["cox"] |= {"efron": {"groups": GROUPS[7,], "ties": "efron"}}
VARIANTS["lambdarank"] |= {"first": {"groups": GROUPS[7,], "k": 2}, "many": {**MANY, "k": 40}}
RANKED = [f"{name}:{variant}".rstrip(":") for name in LISTS for variant in VARIANTS[name]]
# What the loop of regions does is tried with dice; the others are laws of the same sums.
REGIONAL = sorted(name for name, loss in LOSSES.items() if loss.family == "regional")
VARIANTS |= {name: {"": {}, "batch": {"per_sample": False}} for name in REGIONAL if name not in VARIANTS}
PLANES = ("load_balancing", "load_balancing:two", "image_variation", "image_variation:anisotropic")
PLANES += ("cl_dice", "cl_dice:shares", "hausdorff_dt", "hausdorff_dt:shares", "unified_focal")
POOLED = ("generalized_dice", "generalized_dice:labels")
OF_BATCHES = ("lovasz_softmax", "lovasz_softmax:all", "lovasz_hinge:batch")
# Options that say nothing in a case: eps clips probabilities, the others act on logits.
SILENT: dict[str, tuple[str, ...]] = {
    "cross_entropy": ("eps",),
    "cross_entropy:distributions": ("eps",),
    "cross_entropy:probabilities": ("z_loss", "softcap"),
    # beyond the other threshold, which is given, it is refused
    "crps_ensemble:fair": ("upper",),
    "categorical_td": ("low", "high"),
    "multi_quantile": ("margin",),
    "categorical_td:ends": ("low", "high"),
    "crps_ensemble:weighted": ("lower",),
    # a number of each row
    "xendcg:drawn": ("gamma",),
    # that of another class may be among the labels
    **dict.fromkeys(("transducer", "transducer_pruned", "transducer_simple"), ("blank",)),
}
# Both ends of a line depend on each other.
for name in ("two_hot", "hl_gauss"):
    SILENT |= {f"{name}:{variant}".rstrip(":"): ("low", "high") for variant in VARIANTS[name]}
# What only a mean over tokens is divided by, see test_denominators.py.
for name in (name for name, loss in LOSSES.items() if "denominator" in loss.defaults):
    SILENT |= {f"{name}:{variant}".rstrip(":"): ("length",) for variant in VARIANTS.get(name, ("",))}
# Shapes of the unreduced loss: around the edges of tiles (512) and blocks (16384), primes, several axes, no values.
SHAPES: dict[str, tuple[Shape, ...]] = {
    "elementwise": (
        *((n,) for n in (0, 1, 7, 511, 512, 513, 16383, 16384, 16385, 65599)),
        *((4, 5), (0, 3), (3, 0), (5, 7, 11)),
    ),
    "rowwise": (
        *((n,) for n in (0, 1, 3, 7, 9, 11, 103, 513, 3276, 3277, 13127)),
        *((4, 2), (0, 3), (3, 0), (3, 5, 7), (2, 16384)),
    ),
    "distilled": (*((n,) for n in (0, 1, 3, 7, 9, 11, 513, 3277)), (4, 2), (0, 3), (3, 5, 7)),
    "regional": ((0, 3), (1, 1), (2, 3), (7, 2), (3, 4), (67, 5)),
    **{f"{name}:batch": ((1,), (3,), (5,)) for name in REGIONAL},
    **dict.fromkeys(POOLED, ((0,), (1,), (2,), (7,), (67,))),
    "embedding": tuple((n,) for n in (0, 1, 2, 7, 11, 101, 513, 3277, 13127)),
    "action_value": tuple((n,) for n in (0, 1, 2, 7, 101, 511, 512, 513, 16385, 65599)),
    "head": tuple((n,) for n in (0, 1, 7, 11, 513)),
    "similarity": tuple((n,) for n in (0, 1, 2, 7, 11, 300)),
    "clouds": tuple((n,) for n in (0, 1, 2, 3, 7)),
    **{case: ((23,),) if case.endswith("many") else ((7,),) for case in RANKED},
    "sequence": tuple((n,) for n in (0, 1, 7, 11, 67)),
    "ctc:priors": ((0,), (7,)),  # of four classes
    "ordered": ((0, 3), (1, 1), (2, 3), (7, 2), (3, 4)),
    "examplewise": (*((n,) for n in (0, 1, 3, 4, 7, 11, 513, 2053)), (4, 2), (0, 3), (3, 0), (3, 5, 7)),
    **dict.fromkeys(PLANES, ((0,), (1,), (3,), (4,), (7,), (11,), (3, 5))),
    "energy_score": FEW,
    "energy_score:fair": ((1,), (7,), (11,), (3, 5)),
    "variogram_score": FEW,
    **dict.fromkeys(("deephit", "neural_ndcg"), FEW),
    "neural_ndcg:lengths": ((0,), (1,), (7,), (3, 5)),
    "variogram_score:weighted": ((1,), (7,), (3, 5)),
    **dict.fromkeys(("ssim", "ms_ssim"), ((0,), (4,), (7,), (11,), (3, 5))),
    "ssim": ((0,), (4,), (7,), (11,), (3, 5)),
    "multi_resolution_stft": ((0,), (1,), (4,), (7,), (3, 5)),
    "crps_ensemble:fair": ((0,), (1,), (4,), (11,), (3, 5, 7)),
    "crps_ensemble:weighted": ((0,), (1,), (2,), (7,), (3, 5, 7)),
    **dict.fromkeys(("quantile_huber:taus", "dino:center"), ((0,), (1,), (2,), (7,), (3, 5, 7))),
    "multi_quantile:crossing": ((0,), (1,), (2,), (7,), (3, 5, 7)),
    "soft_dtw:lengths": ((0,), (1,), (7,), (3, 5, 7)),
    **dict.fromkeys(("crf:ends", "soft_dtw:lengths"), ((0,), (1,), (7,), (3, 5, 7))),
    **dict.fromkeys(OF_BATCHES, ((1,), (3,), (5,))),
}
# A small shape for every case, and one of several tiles and blocks, with several axes where a loss has them.
SMALL: dict[str, Shape] = {"regional": (7, 2), "ordered": (7, 2), "clouds": (2,)}
SMALL |= dict.fromkeys((*OF_BATCHES, *(f"{name}:batch" for name in REGIONAL)), (5,))
SMALL |= dict.fromkeys(POOLED, (7,))
SMALL |= {case: SHAPES[case][0] for case in RANKED}
SOLID: dict[str, Shape] = {
    "elementwise": (3, 71, 97),
    "rowwise": (3, 61, 23),
    "distilled": (3, 61, 23),
    "regional": (3, 4),
    **{f"{name}:batch": (5,) for name in REGIONAL},
    **dict.fromkeys(POOLED, (2,)),
    "embedding": (4099,),
    "action_value": (20011,),
    "head": (513,),
    "similarity": (300,),
    "clouds": (3,),
    **{case: SHAPES[case][0] for case in RANKED},
    "sequence": (67,),
    "ctc:priors": (7,),
    "ordered": (3, 4),
    "examplewise": (3, 41, 53),
    **dict.fromkeys(OF_BATCHES, (5,)),
}
