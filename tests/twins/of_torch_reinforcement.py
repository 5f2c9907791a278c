"""Losses of policies, values and preferences as TRL and others write them down in PyTorch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twins.twin import Options, Random, Twin, drawn


def _between(**ends: tuple[float, float]) -> Callable[[Random], Options]:
    """An option of each name, drawn between its ends."""
    return lambda random: {name: float(random.uniform(*pair)) for name, pair in ends.items()}


def _log_sigmoid(t: Any, x: Any) -> Any:
    return t.nn.functional.logsigmoid(x)


def _ppo(t: Any, new: Any, old: Any, gain: Any, epsilon: float, epsilon_high: float, dual_clip: float) -> Any:
    ratio = t.exp(new - old)
    found = t.max(-gain * ratio, -gain * ratio.clamp(1.0 - epsilon, 1.0 + epsilon_high))
    return t.where(gain < 0, t.min(found, -gain * dual_clip), found).sum()


def _cispo(t: Any, new: Any, old: Any, gain: Any, epsilon_high: float) -> Any:
    ratio = t.exp(new - old).clamp(max=1.0 + epsilon_high).detach()
    return -(ratio * gain * new).sum()


def _sapo(t: Any, new: Any, old: Any, gain: Any, temperature: float, temperature_negative: float) -> Any:
    tau = t.where(gain > 0, t.full_like(gain, temperature), t.full_like(gain, temperature_negative))
    return -(t.sigmoid(tau * (t.exp(new - old) - 1.0)) * 4.0 / tau * gain).sum()


def _lead(chosen: Any, rejected: Any, before: Any, instead: Any) -> Any:
    return (chosen - rejected) - (before - instead)


def _dpo(t: Any, *given: Any, beta: float, label_smoothing: float) -> Any:
    x = beta * _lead(*given)
    return -(_log_sigmoid(t, x) * (1 - label_smoothing) + _log_sigmoid(t, -x) * label_smoothing).sum()


def _robust(t: Any, *given: Any, beta: float, label_smoothing: float, robust: bool) -> Any:
    assert robust
    x = beta * _lead(*given)
    kept, exchanged = _log_sigmoid(t, x) * (1 - label_smoothing), _log_sigmoid(t, -x) * label_smoothing
    return ((exchanged - kept) / (1 - 2 * label_smoothing)).sum()


def _kto(t: Any, new: Any, old: Any, good: Any, **options: float) -> Any:
    beta, apart = options["beta"], new - old - options["baseline"]
    chosen = options["desirable_weight"] * (1 - t.sigmoid(beta * apart))[good > 0]
    return chosen.sum() + (options["undesirable_weight"] * (1 - t.sigmoid(-beta * apart))[good <= 0]).sum()


def _orpo(t: Any, chosen: Any, rejected: Any, beta: float, alpha: float) -> Any:
    odds = (chosen - rejected) - (t.log1p(-t.exp(chosen)) - t.log1p(-t.exp(rejected)))
    return (-alpha * chosen - beta * _log_sigmoid(t, odds)).sum()


def _nca(t: Any, chosen: Any, rejected: Any, before: Any, instead: Any, beta: float) -> Any:
    first, second = beta * (chosen - before), beta * (rejected - instead)
    return -(_log_sigmoid(t, first) + 0.5 * _log_sigmoid(t, -first) + 0.5 * _log_sigmoid(t, -second)).sum()


def _apo_zero(t: Any, chosen: Any, rejected: Any, before: Any, instead: Any, beta: float) -> Any:
    return ((1 - t.sigmoid(beta * (chosen - before))) + t.sigmoid(beta * (rejected - instead))).sum()


def _apo_down(t: Any, chosen: Any, rejected: Any, before: Any, instead: Any, beta: float) -> Any:
    first, second = chosen - before, rejected - instead
    return (t.sigmoid(beta * first) + (1 - t.sigmoid(beta * (first - second)))).sum()


def _sppo(t: Any, chosen: Any, rejected: Any, before: Any, instead: Any, beta: float) -> Any:
    return ((chosen - before - 0.5 / beta) ** 2 + (rejected - instead + 0.5 / beta) ** 2).sum()


def _reward(t: Any, chosen: Any, rejected: Any, margin: float, centring: float) -> Any:
    return (centring * (chosen + rejected) ** 2 - _log_sigmoid(t, chosen - rejected - margin)).sum()


def _simpo(t: Any, chosen: Any, rejected: Any, beta: float, margin: float, label_smoothing: float) -> Any:
    logits = chosen - rejected - margin / beta
    kept = _log_sigmoid(t, beta * logits) * (1 - label_smoothing)
    return -(kept + _log_sigmoid(t, -beta * logits) * label_smoothing).sum()


def _clipped_value(t: Any, pred: Any, old: Any, target: Any, epsilon: float) -> Any:
    clipped = t.clamp(pred, old - epsilon, old + epsilon)
    return t.max((pred - target) ** 2, (clipped - target) ** 2).sum()


BETA = drawn("beta", 0.05, 1.0)
TWINS = [
    Twin(
        *("torch", "GRPOTrainer of TRL, epsilon_high and delta given", "ppo_clip", _ppo),
        _between(epsilon=(0.1, 0.3), epsilon_high=(0.2, 0.4), dual_clip=(2.0, 4.0)),
        convention="its delta is our dual_clip, its loss_type our denominator; means of tokens or sequences there",
    ),
    Twin("torch", "GRPOTrainer(loss_type='cispo') of TRL", "cispo", _cispo, drawn("epsilon_high", 0.5, 5.0)),
    Twin(
        *("torch", "GRPOTrainer(loss_type='sapo') of TRL", "sapo", _sapo),
        _between(temperature=(0.7, 1.4), temperature_negative=(0.7, 1.4)),
    ),
    Twin("torch", "DPOTrainer of TRL", "dpo", _dpo, _between(beta=(0.05, 1.0), label_smoothing=(0.0, 0.4))),
    Twin(
        *("torch", "DPOTrainer(loss_type='robust') of TRL", "dpo", _robust),
        lambda random: _between(beta=(0.05, 1.0), label_smoothing=(0.05, 0.4))(random) | {"robust": True},
    ),
    Twin(
        *("torch", "DPOTrainer(loss_type='ipo') of TRL", "ipo"),
        lambda t, *given, beta: ((_lead(*given) - 1 / (2 * beta)) ** 2).sum(),
        BETA,
        convention="of means over the tokens of an answer there, of sums in the paper",
    ),
    Twin(
        *("torch", "KTOTrainer of TRL", "kto", _kto),
        _between(beta=(0.05, 1.0), baseline=(0.0, 2.0), desirable_weight=(0.5, 2.0), undesirable_weight=(0.5, 2.0)),
        convention="the baseline is the mean of log-ratios of mismatched answers, 0 at least, made by the trainer",
    ),
    Twin("torch", "ORPOTrainer of TRL", "orpo", _orpo, _between(beta=(0.05, 1.0), alpha=(0.2, 1.0))),
    Twin("torch", "DPOTrainer(loss_type='nca_pair') of TRL", "nca", _nca, BETA),
    Twin("torch", "DPOTrainer(loss_type='apo_zero') of TRL", "apo", _apo_zero, BETA),
    Twin("torch", "DPOTrainer(loss_type='apo_down') of TRL", "apo:down", _apo_down, BETA),
    Twin("torch", "DPOTrainer(loss_type='sppo_hard') of TRL", "sppo", _sppo, BETA),
    Twin(
        *("torch", "RewardTrainer of TRL, with margins and center_rewards_coefficient", "bradley_terry", _reward),
        _between(margin=(0.0, 1.5), centring=(0.0, 0.1)),
    ),
    Twin(
        *("torch", "CPOTrainer(loss_type='simpo') of TRL", "bradley_terry", _simpo),
        _between(beta=(0.5, 2.5), margin=(0.0, 1.5), label_smoothing=(0.0, 0.4)),
        convention="its gamma is our margin; of means over the tokens of an answer",
    ),
    Twin(
        *("torch", "actor of SAC", "sac_actor"),
        lambda t, log_prob, q, other, alpha: (alpha * log_prob - t.min(q, other)).sum(),
        drawn("alpha", 0.05, 1.0),
    ),
    Twin(
        *("torch", "temperature of SAC", "sac_temperature"),
        lambda t, log_alpha, log_prob, target_entropy: (
            -(log_alpha.exp() * (log_prob + target_entropy).detach()).sum()
        ),
        drawn("target_entropy", -6.0, -1.0),
        convention="Stable-Baselines3 multiplies by the logarithm of the temperature instead",
    ),
    Twin("torch", "k1 of Schulman", "kl_estimate:k1", lambda t, new, old: (new - old).sum()),
    Twin("torch", "k2 of Schulman", "kl_estimate:k2", lambda t, new, old: ((new - old) ** 2 / 2).sum()),
    Twin("torch", "per_token_kl of TRL, k3 of Schulman", "kl_estimate", lambda t, new, old: (
        t.exp(old - new) - (old - new) - 1).sum()),
    Twin(
        *("torch", "clipped value loss of TRL and CleanRL", "clipped_value", _clipped_value),
        drawn("epsilon", 0.1, 0.5),
        convention="both take half of it",
    ),
]
