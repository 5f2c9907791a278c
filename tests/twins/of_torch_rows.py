"""Losses of rows as they are written with PyTorch where they come from."""

from __future__ import annotations

from typing import Any

from generators import CLASSES

from twins.twin import ROWS, Options, Random, Twin


def _counts(random: Random) -> Options:
    return {"counts": random.integers(1, 500, CLASSES.get(ROWS, 5)).astype("float64")}


def _ldam(t: Any, x: Any, y: Any, counts: Any, scale: float, margin: float, class_weight: Any) -> Any:
    margins = 1.0 / t.sqrt(t.sqrt(t.as_tensor(counts)))
    margins = margins * (margin / margins.max())
    moved = t.where(t.nn.functional.one_hot(y, x.shape[1]) == 1, x - margins, x)
    return t.nn.functional.cross_entropy(scale * moved, y, weight=t.as_tensor(class_weight), reduction="sum")


def _ldam_options(random: Random) -> Options:
    weight = random.uniform(0.2, 2.0, CLASSES.get(ROWS, 5))
    return {**_counts(random), "scale": 8.0, "margin": float(random.uniform(0.1, 0.9)), "class_weight": weight}


def _hazards(t: Any, x: Any, k: Any, event: Any) -> Any:
    wanted = t.zeros_like(x).scatter(-1, k[..., None], event[..., None].to(x.dtype))
    each = t.nn.functional.binary_cross_entropy_with_logits(x, wanted, reduction="none")
    return each.cumsum(-1).gather(-1, k[..., None]).sum()


def _pmf(t: Any, x: Any, k: Any, event: Any) -> Any:
    x, k = t.nn.functional.pad(x, (0, 1)), k[..., None]
    later = t.where(t.arange(x.shape[-1]) > k, x, -t.inf).logsumexp(-1)
    return (x.logsumexp(-1) - t.where(event > 0.0, x.gather(-1, k)[..., 0], later)).sum()


def _mtlr(t: Any, x: Any, k: Any, event: Any) -> Any:
    return _pmf(t, x.flip(-1).cumsum(-1).flip(-1), k, event)


def _rates(t: Any, x: Any, k: Any, event: Any, fraction: Any) -> Any:
    k, rates = k[..., None], t.nn.functional.softplus(x)
    own = rates.gather(-1, k)[..., 0]
    before = t.nn.functional.pad(rates, (1, 0)).cumsum(-1).gather(-1, k)[..., 0]
    return (before + fraction * own - event * own.log()).sum()


def _mixture(t: Any, logits: Any, mean: Any, log_scale: Any, y: Any, df: float | None = None) -> Any:
    d = t.distributions
    part = d.Normal(mean, log_scale.exp()) if df is None else d.StudentT(df, mean, log_scale.exp())
    part = part if mean.ndim == logits.ndim else d.Independent(part, 1)
    return -d.MixtureSameFamily(d.Categorical(logits=logits), part).log_prob(y).sum()


def _dirichlet(t: Any, x: Any, y: Any) -> Any:
    return -t.distributions.Dirichlet(x.exp(), validate_args=False).log_prob(y).sum()


def _polya(t: Any, x: Any, y: Any) -> Any:
    a, n = x.exp(), y.sum(-1)
    beta = (t.lgamma(a + y) - t.lgamma(a)).sum(-1) - t.lgamma(a.sum(-1) + n) + t.lgamma(a.sum(-1))
    return -(beta + t.lgamma(n + 1.0) - t.lgamma(y + 1.0).sum(-1)).sum()


def _seesaw(t: Any, x: Any, y: Any, counts: Any, p: float, q: float) -> Any:
    own, seen = t.nn.functional.one_hot(y, x.shape[-1]), t.as_tensor(counts).clamp(min=1.0)
    ratio = seen[None, :] / seen[:, None]
    factors = t.where(ratio < 1.0, ratio**p, 1.0)[y]
    scores = x.detach().softmax(-1)
    above = scores / scores.gather(-1, y[..., None]).clamp(min=1e-2)
    factors = factors * t.where(above > 1.0, above**q, 1.0)
    moved = x + factors.log() * (1 - own)
    return t.nn.functional.cross_entropy(moved, y, reduction="sum")


def _seesaw_options(random: Random) -> Options:
    counts = random.integers(0, 500, 5).astype("float64")
    return {"counts": counts, "p": float(random.uniform(0.2, 1.0)), "q": float(random.uniform(0.5, 3.0))}


def _moderate(x: Any, y: Any) -> Any:
    return x / 8.0, y


def _degrees(random: Random) -> Options:
    return {"df": float(random.uniform(1.0, 20.0))}


TWINS = [
    Twin("torch", "LDAMLoss of its authors", "ldam", _ldam, _ldam_options),
    Twin("torch", "SeesawLoss of mmdetection", "seesaw", _seesaw, _seesaw_options, convention="it counts labels"),
    Twin("torch", "NLLLogistiHazardLoss of pycox", "logistic_hazard", _hazards),
    Twin("torch", "NLLPMFLoss of pycox", "pmf_survival", _pmf, convention="it adds 1e-7 before logarithms"),
    Twin("torch", "NLLMTLRLoss of pycox", "mtlr", _mtlr, convention="it adds 1e-7 before logarithms"),
    Twin("torch", "NLLPCHazardLoss of pycox", "pc_hazard", _rates),
    Twin("torch", "MixtureSameFamily of Normal", "mixture_nll", _mixture),
    Twin("torch", "MixtureSameFamily of StudentT", "mixture_nll", _mixture, _degrees),
    Twin("torch", "MixtureSameFamily of Independent", "mixture_vector_nll", _mixture),
    Twin(
        *("torch", "Dirichlet.log_prob", "dirichlet_nll", _dirichlet),
        convention="it takes concentrations",
        inputs=_moderate,
    ),
    Twin(
        *("torch", "DirichletMultinomial of Pyro", "dirichlet_multinomial_nll", _polya),
        convention="it takes concentrations",
        inputs=_moderate,
    ),
]
