"""Functions of other libraries that are losses of numloss, and every convention that keeps them from being equal.

    python tests/twins.py     writes tests/fixtures/from_twins.json, with the libraries that are installed

Each gives the sum of its losses in float64. What differs is data: a factor, an option that has another name or sense,
or a sentence where the two part for good.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import itertools
import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from cases import arrays, record
from generators import CLASSES, GROUPS
from seeds import generator

FIXTURE = Path(__file__).parent / "fixtures" / "from_twins.json"
ROWS = (7,)
LISTS = list(itertools.pairwise(GROUPS[ROWS]))
DRAWS = 4

Options = dict[str, Any]
Random = np.random.Generator
Answer = tuple[float, tuple[np.ndarray[Any, Any], ...]]


@dataclass(frozen=True)
class Twin:
    """A function of a library: `call` takes the library's module and arrays and our options, and gives a sum.

    `options` draws options; `times` is what its value must be multiplied by to be ours. `inputs` leaves those that both
    take alike. `sums_in` is the dtype in which it adds up, whatever it is given.
    """

    library: str
    name: str
    case: str
    call: Callable[..., Any]
    options: Callable[[Random], Options] = lambda random: {}
    times: float = 1.0
    convention: str = ""
    inputs: Callable[..., Any] = lambda *given: given
    sums_in: str = "float64"

    def __str__(self) -> str:
        return f"{self.library} {self.name}: {self.case}"


def _by(name: str, low: float, high: float) -> Callable[[Random], Options]:
    return lambda random: {name: float(random.uniform(low, high))}


def _class_weight(random: Random) -> Options:
    return {"class_weight": random.uniform(0.2, 2.0, CLASSES.get(ROWS, 5))}


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


def _hard(pred: Any, target: Any) -> Any:
    return pred, np.rint(target)


def _positive(pred: Any, target: Any) -> Any:
    return abs(pred), abs(target)


def _logs(t: Any, scores: Any, temperature: float = 1.0) -> Any:
    return t.log_softmax(scores / temperature, 1)


def _to_mixture(t: Any, own: Any, other: Any, share: float) -> Any:
    """KL of log-probabilities to their mixture with others, of which they make up a share."""
    mixture = t.log(share * own.exp() + (1.0 - share) * other.exp())
    return t.nn.functional.kl_div(mixture, own, log_target=True, reduction="sum")


def _smoothed(random: Random) -> Options:
    return {"label_smoothing": float(random.uniform(0.0, 0.5)), **_class_weight(random)}


TORCH = [
    Twin("torch", "mse_loss", "mse", _f("mse_loss")),
    Twin("torch", "l1_loss", "mae", _f("l1_loss")),
    Twin("torch", "huber_loss", "huber", _f("huber_loss", "delta=delta"), _by("delta", 0.2, 3.0)),
    Twin("torch", "smooth_l1_loss", "smooth_l1", _f("smooth_l1_loss", "beta=beta"), _by("beta", 0.2, 3.0)),
    Twin("torch", "binary_cross_entropy", "bce", _f("binary_cross_entropy"), convention="it clamps log p at -100"),
    Twin(
        *("torch", "binary_cross_entropy_with_logits", "bce_with_logits"),
        lambda t, x, y, pos_weight: t.nn.functional.binary_cross_entropy_with_logits(
            x, y, pos_weight=t.tensor(pos_weight, dtype=x.dtype), reduction="sum"
        ),
        _by("pos_weight", 0.3, 3.0),
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
        _by("margin", 0.3, 3.0),
        convention="a target of 0 is -1 here",
    ),
    Twin(
        *("torch", "margin_ranking_loss", "margin_ranking"),
        lambda t, a, b, sign, margin: t.nn.functional.margin_ranking_loss(
            a, b, t.where(sign > 0, 1.0, -1.0), margin=margin, reduction="sum"
        ),
        _by("margin", 0.0, 2.0),
    ),
    Twin(
        *("torch", "cosine_embedding_loss", "cosine_embedding"),
        lambda t, a, b, same, margin: t.nn.functional.cosine_embedding_loss(
            a, b, t.where(same > 0, 1.0, -1.0), margin=margin, reduction="sum"
        ),
        _by("margin", -0.5, 0.5),
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
    Twin("torch", "cross_entropy", "cross_entropy", _f("cross_entropy", "label_smoothing=label_smoothing"), _smoothed),
    Twin(
        *("torch", "cross_entropy of distributions", "cross_entropy:distributions"),
        *(_f("cross_entropy", "label_smoothing=label_smoothing"), _smoothed),
        convention="weighted means divide by N there, by the weights here",
    ),
    Twin("torch", "nll_loss", "nll", _f("nll_loss"), _class_weight, convention="all rows ignored: nan there, 0 here"),
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
        _class_weight,
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
        _by("temperature", 0.5, 4.0),
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
        _by("beta", 0.1, 0.9),
        convention="distillation libraries take 0 and 1 for beta as both divergences of Kullback and Leibler",
    ),
    Twin(
        *("torch", "kl_div to a mixture", "skew_kl"),
        lambda t, x, y, alpha: _to_mixture(t, _logs(t, y), _logs(t, x), alpha),
        _by("alpha", 0.05, 0.5),
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


def _last(x: Any) -> Any:
    return x[..., None]


def _one_hot(labels: Any, scores: Any) -> Any:
    return (labels[:, None] == np.arange(scores.shape[1])).astype(scores.dtype)


def _rows_of(*arrays: Any) -> Any:
    return importlib.import_module("jax").numpy.concatenate(arrays)


def _beyond(size: int, lengths: Any) -> Any:
    """1 where a place lies beyond a length."""
    return (np.arange(size) >= lengths[:, None]) * 1.0


OPTAX = [
    Twin("optax", "squared_error", "mse", lambda o, x, y: o.squared_error(x, y).sum()),
    Twin("optax", "l2_loss", "mse", lambda o, x, y: o.l2_loss(x, y).sum(), times=2.0, convention="half of the square"),
    Twin(
        *("optax", "huber_loss", "huber", lambda o, x, y, delta: o.huber_loss(x, y, delta=delta).sum()),
        _by("delta", 0.2, 3.0),
    ),
    Twin("optax", "log_cosh", "log_cosh", lambda o, x, y: o.log_cosh(x, y).sum()),
    Twin(
        *("optax", "sigmoid_binary_cross_entropy", "bce_with_logits"),
        lambda o, x, y: o.sigmoid_binary_cross_entropy(x, y).sum(),
    ),
    Twin(
        *("optax", "sigmoid_focal_loss", "focal"),
        lambda o, x, y, alpha, gamma: o.sigmoid_focal_loss(x, y, alpha=alpha, gamma=gamma).sum(),
        lambda random: {"alpha": float(random.uniform(0.1, 0.9)), "gamma": float(random.uniform(0.5, 3.0))},
        convention="of a soft target the probability is mixed there, the two losses here",
        inputs=_hard,
    ),
    Twin("optax", "hinge_loss", "hinge", lambda o, x, y: o.hinge_loss(x, (y > 0) * 2.0 - 1.0).sum()),
    Twin(
        *("optax", "perceptron_loss", "perceptron", lambda o, x, y: o.perceptron_loss(x, (y > 0) * 2.0 - 1.0).sum()),
        convention="at a score of 0 half of a mistake's slope there, all of it here",
    ),
    Twin(
        *("optax", "softmax_cross_entropy_with_integer_labels", "cross_entropy"),
        lambda o, x, y: o.softmax_cross_entropy_with_integer_labels(x, y).sum(),
        convention="classes on the last axis; no label can be ignored",
    ),
    Twin(
        *("optax", "softmax_cross_entropy", "cross_entropy:distributions"),
        lambda o, x, y: o.softmax_cross_entropy(x, y).sum(),
    ),
    Twin(
        *("optax", "ranking_softmax_loss", "listnet"),
        lambda o, x, y: sum(
            o.ranking_softmax_loss(x[a:b], np.exp(y[a:b]) / np.exp(y[a:b]).sum()) for a, b in LISTS if a < b
        ),
        convention="targets are the distribution itself there, scores of it here; lists are padded and masked",
    ),
    Twin("optax", "kl_divergence", "kl_div", lambda o, x, y: o.kl_divergence(x, y).sum()),
    Twin(
        *("optax", "kl_divergence_with_log_targets", "kl_div:logarithms"),
        lambda o, x, y, **_: o.kl_divergence_with_log_targets(x, y).sum(),
    ),
    Twin(
        *("optax", "multiclass_hinge_loss", "multiclass_hinge"),
        lambda o, x, y: o.multiclass_hinge_loss(x, y).sum(),
    ),
    Twin("optax", "multiclass_sparsemax_loss", "sparsemax", lambda o, x, y: o.multiclass_sparsemax_loss(x, y).sum()),
    Twin(
        *("optax", "poly_loss_cross_entropy", "poly1_cross_entropy"),
        lambda o, x, y, epsilon: o.poly_loss_cross_entropy(x, _one_hot(y, x), epsilon=epsilon).sum(),
        _by("epsilon", -0.5, 3.0),
        convention="targets are distributions there, labels here",
    ),
    Twin(
        *("optax", "ntxent", "nt_xent"),
        lambda o, x, y, temperature: ROWS[0] * o.ntxent(_rows_of(x, y), np.tile(np.arange(ROWS[0]), 2), temperature),
        _by("temperature", 0.1, 1.0),
        convention="one array of all views with labels there; its mean is over pairs",
    ),
    Twin(
        *("optax", "ctc_loss", "ctc"),
        lambda o, x, y, steps, labels: o.ctc_loss(
            x.swapaxes(0, 1), _beyond(x.shape[0], steps), y, _beyond(y.shape[1], labels), log_epsilon=-1e9
        ).sum(),
        convention="sequences on the first axis, lengths as 0 and 1 for each step; a log of 0 is log_epsilon",
    ),
]


def _keras(name: str) -> Callable[..., Any]:
    """A function of keras.losses on columns, since it takes the mean over the last axis; target first."""
    return lambda k, x, y, **options: getattr(k.losses, name)(_last(y), _last(x), **options).sum()


def _signed(name: str) -> Callable[..., Any]:
    return lambda k, x, y: getattr(k.losses, name)(_last((y > 0) * 2.0 - 1.0), _last(x)).sum()


KERAS = [
    Twin("keras", "mean_squared_error", "mse", _keras("mean_squared_error"), sums_in="float32"),
    Twin("keras", "mean_absolute_error", "mae", _keras("mean_absolute_error"), sums_in="float32"),
    Twin(
        *("keras", "mean_absolute_percentage_error", "mape", _keras("mean_absolute_percentage_error")),
        times=0.01,
        convention="100 times the fraction there",
        sums_in="float32",
    ),
    Twin(
        *("keras", "mean_squared_logarithmic_error", "msle", _keras("mean_squared_logarithmic_error")),
        convention="values below 0 are clipped there",
        inputs=_positive,
        sums_in="float32",
    ),
    Twin("keras", "huber", "huber", _keras("huber"), _by("delta", 0.2, 3.0), sums_in="float32"),
    Twin("keras", "log_cosh", "log_cosh", _keras("log_cosh"), sums_in="float32"),
    Twin(
        *("keras", "binary_crossentropy", "bce", _keras("binary_crossentropy")),
        convention="it clips p at 1e-7",
        sums_in="float32",
    ),
    Twin(
        *("keras", "binary_crossentropy(from_logits=True)", "bce_with_logits"),
        lambda k, x, y, label_smoothing: k.losses.binary_crossentropy(
            _last(y), _last(x), from_logits=True, label_smoothing=label_smoothing
        ).sum(),
        _by("label_smoothing", 0.0, 0.4),
        sums_in="float32",
    ),
    Twin(
        *("keras", "binary_focal_crossentropy", "focal"),
        lambda k, x, y, gamma: k.losses.binary_focal_crossentropy(
            _last(y), _last(x), gamma=gamma, from_logits=True
        ).sum(),
        _by("gamma", 0.5, 3.0),
        convention="of a soft target the probability is mixed there, the two losses here",
        inputs=_hard,
        sums_in="float32",
    ),
    Twin("keras", "hinge", "hinge", _signed("hinge"), sums_in="float32"),
    Twin("keras", "squared_hinge", "squared_hinge", _signed("squared_hinge"), sums_in="float32"),
    Twin(
        *("keras", "sparse_categorical_crossentropy", "cross_entropy"),
        lambda k, x, y: k.losses.sparse_categorical_crossentropy(y, x, from_logits=True).sum(),
    ),
    Twin(
        *("keras", "categorical_crossentropy", "cross_entropy:distributions"),
        lambda k, x, y, label_smoothing: k.losses.categorical_crossentropy(
            y, x, from_logits=True, label_smoothing=label_smoothing
        ).sum(),
        _by("label_smoothing", 0.0, 0.4),
    ),
]


def _sklearn(name: str, **ours: str) -> Callable[..., Any]:
    """A class of sklearn._loss: its sum and its gradient."""

    def call(s: Any, x: Any, y: Any, **options: Any) -> Any:
        loss = getattr(s, name)(**{theirs: options[mine] for theirs, mine in ours.items()})
        value, slope = loss.loss_gradient(y_true=np.asarray(y, np.float64), raw_prediction=x)
        return float(value.sum()), (slope,)

    return call


SKLEARN = [
    Twin("sklearn", "HalfSquaredError", "mse", _sklearn("HalfSquaredError"), times=2.0, convention="half of it"),
    Twin("sklearn", "AbsoluteError", "mae", _sklearn("AbsoluteError")),
    Twin("sklearn", "PinballLoss", "quantile", _sklearn("PinballLoss", quantile="q"), _by("q", 0.1, 0.9)),
    Twin("sklearn", "HalfBinomialLoss", "bce_with_logits", _sklearn("HalfBinomialLoss")),
    Twin("sklearn", "HalfPoissonLoss", "poisson_nll", _sklearn("HalfPoissonLoss")),
    Twin("sklearn", "HalfGammaLoss", "gamma_deviance", _sklearn("HalfGammaLoss")),
    Twin(
        *("sklearn", "HalfTweedieLoss", "tweedie", _sklearn("HalfTweedieLoss", power="power")),
        _by("power", 1.1, 1.9),
        convention="terms of the target alone are added where there is a deviance",
    ),
    Twin(
        *("sklearn", "HalfMultinomialLoss", "cross_entropy", _sklearn("HalfMultinomialLoss", n_classes="classes")),
        lambda random: {"classes": CLASSES.get(ROWS, 5)},
        convention="labels are floats there",
    ),
]
def _softmax(j: Any, *scores: Any) -> Any:
    return [j.nn.softmax(each, axis=1) for each in scores]


JAX = [
    Twin(
        *("jax", "scipy.special.rel_entr of two softmax", "kl_logits"),
        lambda j, x, y: j.scipy.special.rel_entr(*_softmax(j, y, x)).sum(),
        convention="terms may be negative there",
    ),
    Twin(
        *("jax", "scipy.special.kl_div of two softmax", "kl_logits:reverse"),
        lambda j, x, y: j.scipy.special.kl_div(*_softmax(j, x / 3.0, y / 3.0)).sum(),
        convention="logits are divided by the temperature before",
    ),
]
TWINS = [*TORCH, *OPTAX, *KERAS, *SKLEARN, *JAX]
MODULES = {
    "torch": "torch",
    "optax": "optax.losses",
    "keras": "keras",
    "sklearn": "sklearn._loss",
    "jax": "jax",
}
PACKAGES = {"sklearn": "scikit-learn"}


def given(twin: Twin, draw: int) -> tuple[tuple[np.ndarray[Any, Any], ...], Options]:
    """The inputs of a twin, all labels counting, and options."""
    inputs = arrays(twin.case, ROWS, "float64", ends=False, seed=draw)
    if record(twin.case).family == "rowwise":
        inputs = tuple(np.where(a < 0, 0, a) if a.dtype.kind == "i" else a for a in inputs)
    return twin.inputs(*inputs), twin.options(generator("options", str(twin), draw))


def answer(twin: Twin, draw: int) -> Answer:
    """What the library says: the sum, and the gradients of what our loss differentiates."""
    os.environ.setdefault("KERAS_BACKEND", "jax")
    module = importlib.import_module(MODULES[twin.library])
    (inputs, options), differentiable = given(twin, draw), record(twin.case).differentiable
    if twin.library == "sklearn":
        value, slopes = twin.call(module, *inputs, **options)
    elif twin.library == "torch":
        tensors = [module.tensor(a, requires_grad=k in differentiable) for k, a in enumerate(inputs)]
        total = twin.call(module, *tensors, **options)
        total.backward()
        value, slopes = float(total.detach()), tuple(tensors[k].grad.numpy() for k in differentiable)
    else:
        jax = importlib.import_module("jax")
        jax.config.update("jax_enable_x64", True)
        module.config.set_floatx("float64") if twin.library == "keras" else None
        function = jax.value_and_grad(lambda *a: twin.call(module, *a, **options), argnums=differentiable)
        value, slopes = function(*map(jax.numpy.asarray, inputs))
    return twin.times * float(value), tuple(twin.times * np.asarray(slope) for slope in slopes)


def installed(library: str) -> str | None:
    """The version of a library, None if it is not here."""
    try:
        return importlib.metadata.version(PACKAGES.get(library, library))
    except importlib.metadata.PackageNotFoundError:
        return None


def main() -> None:
    """Write the answers of all libraries that are installed."""
    found = [
        {"twin": str(twin), "value": (each := answer(twin, 0))[0], "slopes": [slope.tolist() for slope in each[1]]}
        for twin in TWINS
        if installed(twin.library)
    ]
    versions = {library: version for library in MODULES if (version := installed(library))}
    FIXTURE.write_text(json.dumps({"versions": versions, "answers": found}, indent=1) + "\n")
    print(f"{len(found)} answers of {versions}")


if __name__ == "__main__":
    main()
