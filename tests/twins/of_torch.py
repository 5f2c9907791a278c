"""Functions of PyTorch that are losses of numloss."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twins.twin import (
    Options,
    Twin,
    class_weight,
    drawn,
    smoothed,
)


def _torch_weight(t: Any, options: Options) -> Any:
    return None if "class_weight" not in options else t.tensor(options["class_weight"])


def _f(name: str, *names: str) -> Callable[..., Any]:
    """A function of torch.nn.functional that takes our options under these names, with reduction="sum"."""

    def call(t: Any, *given: Any, **options: Any) -> Any:
        renamed = {theirs: options[ours] for ours, theirs in (pair.split("=") for pair in names) if ours in options}
        if "class_weight" in options:
            renamed["weight"] = _torch_weight(t, options)
        return getattr(t.nn.functional, name)(*given, **renamed, reduction="sum")

    return call


def _listed(t: Any, members: Any) -> Any:
    """The places of the ones of each row, and -1 in the rest of it."""
    order = t.argsort(-members, dim=1, stable=True)
    return t.where(members.gather(1, order) > 0, order, -1)


def _logs(t: Any, scores: Any, temperature: float = 1.0) -> Any:
    return t.log_softmax(scores / temperature, 1)


def _to_mixture(t: Any, own: Any, other: Any, share: float) -> Any:
    """KL of log-probabilities to their mixture with others, of which they make up a share."""
    mixture = t.log(share * own.exp() + (1.0 - share) * other.exp())
    return t.nn.functional.kl_div(mixture, own, log_target=True, reduction="sum")


TWINS = [
    Twin("torch", "mse_loss", "mse", _f("mse_loss")),
    Twin("torch", "l1_loss", "mae", _f("l1_loss")),
    Twin("torch", "huber_loss", "huber", _f("huber_loss", "delta=delta"), drawn("delta", 0.2, 3.0)),
    Twin("torch", "smooth_l1_loss", "smooth_l1", _f("smooth_l1_loss", "beta=beta"), drawn("beta", 0.2, 3.0)),
    Twin("torch", "binary_cross_entropy", "bce", _f("binary_cross_entropy"), convention="it clamps log p at -100"),
    Twin(
        *("torch", "binary_cross_entropy_with_logits", "bce_with_logits"),
        lambda t, x, y, pos_weight: t.nn.functional.binary_cross_entropy_with_logits(
            x, y, pos_weight=t.tensor(pos_weight, dtype=x.dtype), reduction="sum"
        ),
        drawn("pos_weight", 0.3, 3.0),
    ),
    Twin("torch", "soft_margin_loss", "soft_margin", lambda t, x, y: t.nn.functional.soft_margin_loss(
        x, t.where(y > 0, 1.0, -1.0), reduction="sum"), convention="a target of 0 is -1 here"),
    Twin(
        *("torch", "gaussian_nll_loss", "gaussian_nll", _f("gaussian_nll_loss", "full=full", "eps=eps")),
        lambda random: {"full": bool(random.integers(2)), "eps": 1e-6},
    ),
    Twin("torch", "poisson_nll_loss", "poisson_nll", _f("poisson_nll_loss"), convention="full: Stirling's"),
    Twin(
        *("torch", "poisson_nll_loss(log_input=False)", "poisson_nll:rates"),
        lambda t, x, y: t.nn.functional.poisson_nll_loss(x, y, log_input=False, eps=0.0, reduction="sum"),
        convention="it adds eps=1e-8 to the rate",
    ),
    Twin(
        *("torch", "hinge_embedding_loss", "hinge_embedding"),
        lambda t, x, y, margin: t.nn.functional.hinge_embedding_loss(
            x, t.where(y > 0, 1.0, -1.0), margin=margin, reduction="sum"
        ),
        drawn("margin", 0.3, 3.0),
        convention="a target of 0 is -1 here",
    ),
    Twin(
        *("torch", "margin_ranking_loss", "margin_ranking"),
        lambda t, a, b, sign, margin: t.nn.functional.margin_ranking_loss(
            a, b, t.where(sign > 0, 1.0, -1.0), margin=margin, reduction="sum"
        ),
        drawn("margin", 0.0, 2.0),
    ),
    Twin(
        *("torch", "cosine_embedding_loss", "cosine_embedding"),
        lambda t, a, b, same, margin: t.nn.functional.cosine_embedding_loss(
            a, b, t.where(same > 0, 1.0, -1.0), margin=margin, reduction="sum"
        ),
        drawn("margin", -0.5, 0.5),
        convention="a target of 0 is -1 here; it adds 1e-12 to squared lengths",
        inputs=lambda a, b, same: (1000.0 * a, 1000.0 * b, same),
    ),
    Twin(
        *("torch", "triplet_margin_loss", "triplet_margin"),
        lambda t, a, b, c, **options: t.nn.functional.triplet_margin_loss(a, b, c, eps=0.0, reduction="sum", **options),
        lambda random: {
            "margin": float(random.uniform(0.3, 2.0)), "p": int(random.integers(1, 3)), "swap": bool(random.integers(2))
        },
        convention="it adds eps=1e-6 to each difference",
    ),
    Twin("torch", "cross_entropy", "cross_entropy", _f("cross_entropy", "label_smoothing=label_smoothing"), smoothed),
    Twin(
        *("torch", "cross_entropy of distributions", "cross_entropy:distributions"),
        *(_f("cross_entropy", "label_smoothing=label_smoothing"), smoothed),
        convention="weighted means divide by N there, by the weights here",
    ),
    Twin("torch", "nll_loss", "nll", _f("nll_loss"), class_weight, convention="all rows ignored: nan there, 0 here"),
    Twin("torch", "kl_div", "kl_div", _f("kl_div"), convention="its mean is over elements, ours over rows (batchmean)"),
    Twin("torch", "kl_div(log_target=True)", "kl_div:logarithms", lambda t, x, y, **_: t.nn.functional.kl_div(
        x, y, log_target=True, reduction="sum")),
    Twin(
        *("torch", "multi_margin_loss", "multi_margin", _f("multi_margin_loss", "p=p", "margin=margin")),
        lambda random: {"p": int(random.integers(1, 3)), "margin": float(random.uniform(0.3, 2.0))},
        convention="no label can be ignored there",
    ),
    Twin(
        *("torch", "ctc_loss", "ctc"),
        lambda t, x, y, steps, labels, **options: t.nn.functional.ctc_loss(
            t.log_softmax(x, 2), y, steps, labels, reduction="sum", **options
        ),
        lambda random: {"zero_infinity": bool(random.integers(2))},
        convention="without an alignment the gradient is nan there, 0 here",
    ),
    Twin(
        *("torch", "multilabel_soft_margin_loss", "multilabel_soft_margin", _f("multilabel_soft_margin_loss")),
        class_weight,
    ),
    Twin(
        *("torch", "multilabel_margin_loss", "multilabel_margin"),
        lambda t, x, y: t.nn.functional.multilabel_margin_loss(x, _listed(t, y), reduction="sum"),
        convention="labels are listed there, and -1 ends them",
    ),
    Twin(
        *("torch", "kl_div(log_target=True) of two log_softmax", "kl_logits"),
        lambda t, x, y, temperature: t.nn.functional.kl_div(
            _logs(t, x, temperature), _logs(t, y, temperature), log_target=True, reduction="sum"
        ),
        drawn("temperature", 0.5, 4.0),
        convention="its mean is over elements, ours over rows (batchmean); distillation multiplies by temperature**2",
    ),
    Twin(
        *("torch", "distributions.kl_divergence of two Categorical", "kl_logits:reverse"),
        lambda t, x, y: t.distributions.kl_divergence(
            *(t.distributions.Categorical(logits=scores / 3.0) for scores in (x, y))
        ).sum(),
        convention="logits are divided by the temperature before",
    ),
    Twin(
        *("torch", "kl_div to a mixture, from both sides", "js_logits"),
        lambda t, x, y, beta: (
            beta * _to_mixture(t, _logs(t, y), _logs(t, x), beta)
            + (1.0 - beta) * _to_mixture(t, _logs(t, x), _logs(t, y), 1.0 - beta)
        ),
        drawn("beta", 0.1, 0.9),
        convention="distillation libraries take 0 and 1 for beta as both divergences of Kullback and Leibler",
    ),
    Twin(
        *("torch", "kl_div to a mixture", "skew_kl"),
        lambda t, x, y, alpha: _to_mixture(t, _logs(t, y), _logs(t, x), alpha),
        drawn("alpha", 0.05, 0.5),
        convention="the share of what is compared with is 1 - alpha",
    ),
    Twin(
        *("torch", "l1_loss of two softmax", "total_variation"),
        lambda t, x, y: t.nn.functional.l1_loss(t.softmax(x, 1), t.softmax(y, 1), reduction="sum"),
        times=0.5,
        convention="twice ours there",
    ),
    Twin(
        *("torch", "mse_loss of the square roots of two softmax", "alpha_divergence"),
        lambda t, x, y: t.nn.functional.mse_loss(t.softmax(x, 1).sqrt(), t.softmax(y, 1).sqrt(), reduction="sum"),
        times=2.0,
        convention="alpha=0.5 there, and half of ours",
    ),
]
