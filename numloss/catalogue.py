"""The table of losses, as data, and from names that people write to what they mean."""

from __future__ import annotations

import difflib
import inspect
import re
import sys
from collections.abc import Iterable
from typing import Any, NoReturn

from .dispatch import BACKENDS
from .registry import LOSSES, Loss

# What people ask for that is no loss, and near some names in letters only.
MEASURES = ("accuracy", "auc", "roc_auc", "f1", "f1_score", "precision", "recall", "r2", "r2_score", "error_rate")

# What people look for that descriptions do not say, with the losses for it.
TOPICS = {
    "class imbalance, imbalanced data, rare classes, long tail": (
        *("focal", "softmax_focal", "asymmetric_focal", "logit_adjusted_cross_entropy"),
        *("tversky", "focal_tversky", "unified_focal", "dice"),
    ),
    "outliers, robust regression, heavy tails": (
        *("huber", "mae", "pseudo_huber", "log_cosh", "cauchy", "geman_mcclure", "tukey", "welsch", "fair"),
        *("student_t_nll", "general_robust", "adaptive_robust"),
    ),
    "label noise, noisy labels": ("generalized_cross_entropy", "symmetric_cross_entropy"),
    "calibration, uncertainty, prediction intervals": (
        *("gaussian_nll", "beta_nll", "crps_gaussian", "student_t_nll", "quantile", "multi_quantile", "interval_score"),
        "cross_entropy",
    ),
    "survival analysis, time to event, censoring": (
        *("cox", "weibull_aft", "lognormal_aft", "loglogistic_aft", "censored_normal"),
        *("logistic_hazard", "pmf_survival", "mtlr", "pc_hazard", "deephit"),
    ),
    "forecasting, time series, ensembles, distributions": (
        *("multi_quantile", "quantile", "mase", "rmsse", "wape", "crps_ensemble", "energy_score", "variogram_score"),
        *("crps_gaussian", "mixture_nll", "soft_dtw"),
    ),
    "image quality, restoration, super-resolution": ("ssim", "ms_ssim", "charbonnier", "image_variation"),
    "segmentation, boundaries, tubes, vessels": (
        *("dice", "generalized_dice", "boundary", "hausdorff_dt", "cl_dice", "lovasz_softmax", "unified_focal"),
    ),
    "speech recognition, transcription, alignment": ("ctc", "transducer", "transducer_pruned", "crf"),
    "object detection, boxes": (
        *("giou", "ciou", "eiou", "siou", "mpdiou", "varifocal", "quality_focal", "heatmap_focal"),
    ),
    "generative models, vae, gan, optimal transport": (
        *("gaussian_prior_kl", "gaussian_kl", "wasserstein_gan", "sinkhorn_divergence", "mmd", "energy_distance"),
    ),
    "reinforcement learning, value functions, distributional": (
        *("td_error", "categorical_td", "quantile_huber", "two_hot", "hl_gauss", "policy_gradient", "ppo_clip"),
        *("sac_actor", "clipped_value", "advantage_weighted", "entropy"),
    ),
    "mixture of experts, routing": ("load_balancing", "router_z_loss"),
    "angles, directions, circular data": ("von_mises_nll",),
    "extremes, peaks over a threshold, tails": ("generalized_pareto_nll",),
    "learning to rank, search, ndcg": (
        *("lambdarank", "listnet", "listmle", "ranknet", "approx_ndcg", "xendcg", "neural_ndcg"),
    ),
    "count data, rates, zero-heavy amounts": (
        *("poisson_nll", "negative_binomial_nll", "tweedie", "gamma_deviance"),
        *("zero_inflated_poisson_nll", "hurdle_poisson_nll"),
        *("zero_inflated_negative_binomial_nll", "hurdle_negative_binomial_nll"),
    ),
    "ordered classes, ratings": ("ordinal_logistic", "coral", "corn", "ranked_probability"),
    "rlhf, alignment, language model preferences": ("dpo", "ipo", "kto", "orpo", "bradley_terry", "ppo_clip", "cispo"),
    "speech, sound, source separation, enhancement": ("si_sdr", "pit_si_sdr", "pit_mse", "multi_resolution_stft"),
    "self-supervised, contrastive learning, retrieval, embeddings": (
        *("info_nce", "nt_xent", "siglip", "supervised_contrastive", "triplet_margin", "circle", "bpr"),
        *("barlow_twins", "vicreg", "batch_hard_triplet", "proxy_anchor", "proxy_nca", "cosent", "koleo"),
        "cosine_embedding",
    ),
}


def list_losses(task: str | None = None) -> list[dict[str, Any]]:
    """What is known about every loss, or about those of a task, by task and name.

    Parameters
    ----------
    task : str, optional
        Only the losses of this task, such as ``"regression"``.

    Returns
    -------
    list of dict
        For each loss its ``name``, ``task`` and ``family``; ``inputs``; ``options`` with their defaults, and those that
        are ``required``; ``domains``, what inputs and options may be, in words; ``curvature``, whether it offers one,
        and ``hessian``, whether ``numloss.hvp`` knows all second derivatives; ``convex``; ``adds_up``, over ``"rows"``,
        ``"groups"`` or not at all (``"no"``); ``aliases``, its names elsewhere; ``presets``, functions that are this
        loss with the options there; and the ``backends`` that compute it.

    Raises
    ------
    ValueError
        If there is no such task.

    Examples
    --------
    >>> import numloss as nl
    >>> [loss["name"] for loss in nl.list_losses("boxes")]
    ['ciou', 'diou', 'eiou', 'giou', 'iou', 'mpdiou', 'siou']
    >>> [loss["name"] for loss in nl.list_losses() if "pinball" in loss["aliases"]]
    ['quantile']
    """
    tasks = sorted({loss.task for loss in LOSSES.values()})
    if task is not None and task not in tasks:
        raise ValueError(f"unknown task {task!r}; there are {', '.join(tasks)}")
    chosen = [loss for loss in LOSSES.values() if task in (None, loss.task)]
    return [_record(loss) for loss in sorted(chosen, key=lambda loss: (loss.task, loss.name))]


def _record(loss: Loss) -> dict[str, Any]:
    given = {name: default for name, default in loss.defaults.items() if default is not inspect.Parameter.empty}
    return {
        "name": loss.name,
        "task": loss.task,
        "family": loss.family,
        "inputs": list(loss.inputs),
        "options": given,
        "required": [name for name in loss.defaults if name not in given],
        "domains": {name: domain.text for name, domain in loss.domains.items()},
        "curvature": loss.curvature,
        "hessian": loss.hessian,
        "convex": loss.convex,
        "adds_up": loss.adds_up,
        "aliases": list(loss.aliases),
        "presets": {name: dict(options) for name, options in loss.presets.items()},
        "backends": list(BACKENDS),
    }


def summary(loss: Loss) -> str:
    """The first sentence of its docstring."""
    return inspect.cleandoc(loss.function.__doc__ or "").partition("\n")[0]


def found(words: Iterable[str]) -> list[Loss]:
    """The losses in whose names, summaries or docstrings all of these begin words; first those that they name."""
    wanted = [re.compile(rf"(?<![^\W_]){re.escape(word.lower())}") for word in words]
    ranked: list[tuple[int, str, Loss]] = []
    for loss in LOSSES.values():
        topics = (topic for topic, members in TOPICS.items() if loss.name in members)
        names = " ".join((loss.name, loss.task, *loss.aliases, *loss.presets, *topics)).lower()
        texts = (names, summary(loss).lower(), (loss.function.__doc__ or "").lower())
        places = [next((k for k, text in enumerate(texts) if word.search(text)), None) for word in wanted]
        if None not in places:
            ranked.append((sum(place for place in places if place is not None), loss.name, loss))
    return [loss for *_, loss in sorted(ranked, key=lambda each: each[:2])]


def _letters(name: str) -> str:
    """What is left of a name of any style: BCEWithLogitsLoss and bce_with_logits are the same."""
    return name.lower().replace("_", "").replace("-", "").removesuffix("loss")


def nearest(name: str, known: Iterable[str]) -> str:
    """The end of a sentence about an unknown name: the known one that it may have meant."""
    close = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    return f"; did you mean {close[0]}?" if close else ""


def unknown(name: str) -> NoReturn:
    """Raise for a name that the package does not have: an alias says what it is called here."""
    if name.startswith("_"):
        raise AttributeError(f"module 'numloss' has no attribute {name!r}")
    package, loss = sys.modules["numloss"], _named().get(_letters(name))
    called = f"numloss.returns.{name}" if name in package.returns.__all__ else loss.name if loss else None
    hint = f"; here it is called {called}" if called else nearest(name, package.__all__)
    raise AttributeError(f"module 'numloss' has no attribute {name!r}{hint}")


def _named() -> dict[str, Loss]:
    """Each loss by the letters of its name and of its aliases."""
    aliases = {_letters(alias): loss for loss in LOSSES.values() for alias in loss.aliases}
    return {**aliases, **{_letters(loss.name): loss for loss in LOSSES.values()}}


def loss_named(name: str) -> Loss:
    """The loss of that name or alias, in the style of any library; ValueError suggests the nearest."""
    names = _named()
    if _letters(name) not in names:
        for loss in LOSSES.values():
            if name in loss.presets:
                given = ", ".join(f"{option}={value!r}" for option, value in loss.presets[name].items())
                raise ValueError(f"{name!r} is the loss {loss.name} with {given}")
        measure = "; it says how good decisions are, and is no loss but a metric"
        known = (alias for loss in LOSSES.values() for alias in (loss.name, *loss.aliases))
        hint = measure if name in MEASURES else nearest(name, known)
        raise ValueError(f"unknown loss {name!r}{hint}; `numloss losses` lists them")
    return names[_letters(name)]
