"""Losses of lists of uneven length against XGBoost's own objective and optax.

    python benchmarks/ranked.py [--lists 10000] [--lengths 20 180] [--loss listnet] [--ranks 32] [--turns 9] [--save]

A million rows in ten thousand lists of 20 to 180, float32, on all cores. The contestants take turns; medians count.
lambdarank gives gradient and curvature; XGBoost has no call for its objective alone, so a round with stumps by
rank:ndcg is timed, and the same round by squared error is taken off it. listnet gives value and gradient; optax is
given padded lists with a mask, compiled by jax, and once more the softmax of the targets ready-made. --save writes to
results/.
"""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np
from session import keep

import numloss as nl
from numloss.backends import threads
from numloss.bench import environment
from numloss.bench.contest import BACKENDS, Call, medians

STUMPS = {"max_depth": 1, "tree_method": "hist", "disable_default_eval_metric": 1}


def lists(count: int, shortest: int, longest: int) -> tuple[Any, Any, Any]:
    """Scores, relevance, and how long each list is."""
    random = np.random.default_rng(20260101)
    lengths = random.integers(shortest, longest + 1, count)
    rows = int(lengths.sum())
    return random.standard_normal(rows, np.float32), random.integers(0, 5, rows).astype(np.float32), lengths


def ours(name: str, pred: Any, target: Any, lengths: Any, backend: str, ranks: int | None) -> Call:
    """numloss, gradients written to memory that is reused."""
    groups, out = np.append(0, np.cumsum(lengths)), np.ones_like(pred)
    if name == "listnet":
        return lambda: nl.value_and_grad(nl.listnet)(pred, target, groups=groups, backend=backend, out=out)
    bends, options = np.ones_like(pred), {"groups": groups, "k": ranks, "reduction": "sum", "backend": backend}
    return lambda: nl.value_grad_hess(nl.lambdarank)(pred, target, **options, out=(out, bends))


def in_xgboost(pred: Any, target: Any, lengths: Any, ranks: int | None) -> dict[str, Call]:
    """Rounds of a booster of stumps, by pairs of lists and by squared error."""
    import xgboost

    data = xgboost.DMatrix(pred[:, None], label=target, group=lengths, base_margin=pred)
    pairs = {"lambdarank_pair_method": "topk", "lambdarank_num_pair_per_sample": ranks or int(lengths.max())}
    pairs |= {"objective": "rank:ndcg", "lambdarank_normalization": False, "ndcg_exp_gain": True}
    calls: dict[str, Call] = {}
    for name, options in (("rank:ndcg", pairs), ("squared error", {"objective": "reg:squarederror"})):
        booster = xgboost.Booster({**STUMPS, **options, "nthread": threads.cores()}, [data])
        rounds = iter(range(10**6))
        calls[f"xgboost, {name}"] = lambda booster=booster, rounds=rounds: booster.update(data, next(rounds))
    return calls


def in_optax(pred: Any, target: Any, lengths: Any) -> dict[str, Call]:
    """optax by jax, on lists that are padded and masked before; it, or we before, make the targets a distribution."""
    import jax
    from optax.losses import ranking_softmax_loss

    mask = np.arange(lengths.max()) < lengths[:, None]
    padded, scores, wanted = np.zeros((3, *mask.shape), np.float32)
    padded[mask], scores[mask], wanted[mask] = pred, target, np.exp(target)
    wanted /= wanted.sum(axis=1, keepdims=True)

    def whole(x: Any, y: Any, m: Any) -> Any:
        return ranking_softmax_loss(x, jax.nn.softmax(y, where=m), where=m)

    def half(x: Any, y: Any, m: Any) -> Any:
        return ranking_softmax_loss(x, y, where=m)

    expected = nl.listnet(pred, target, groups=np.append(0, np.cumsum(lengths)))
    calls: dict[str, Call] = {}
    for name, function, targets in (("optax", whole, scores), ("optax, softmax given", half, wanted)):
        step = jax.jit(jax.value_and_grad(function))
        given = [jax.numpy.asarray(array) for array in (padded, targets, mask)]
        calls[name] = lambda step=step, given=given: jax.block_until_ready(step(*given))
        np.testing.assert_allclose(calls[name]()[0], expected, rtol=1e-4)
    return calls


def contest(name: str, given: tuple[Any, Any, Any], ranks: int | None, turns: int) -> dict[str, float]:
    """Medians in milliseconds; the objective of XGBoost is the difference of its two."""
    calls = {backend: ours(name, *given, backend, ranks) for backend in BACKENDS}
    calls |= in_optax(*given) if name == "listnet" else in_xgboost(*given, ranks)
    took = medians(calls, turns)
    if name == "lambdarank":
        took["xgboost, the objective"] = took["xgboost, rank:ndcg"] - took["xgboost, squared error"]
    return took


def main() -> None:
    """Print the comparisons, and keep them if asked to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lists", type=int, default=10_000)
    parser.add_argument("--ranks", type=int, default=32, help="pairs of the first so many ranks with all lower ones")
    parser.add_argument("--lengths", type=int, nargs=2, default=(20, 180), help="of the shortest and the longest list")
    parser.add_argument("--loss", choices=("listnet", "lambdarank"), help="this one alone")
    parser.add_argument("--turns", type=int, default=9)
    parser.add_argument("--save", action="store_true")
    options = parser.parse_args()
    given = lists(options.lists, *options.lengths)
    found: dict[str, Any] = {**environment.describe(), "lists": options.lists, "median_ms": {}}
    for name, ranks in (("listnet", None), ("lambdarank", options.ranks), ("lambdarank", None)):
        if options.loss not in (None, name):
            continue
        took = contest(name, given, ranks, options.turns)
        title = name if name == "listnet" else f"{name}, k={ranks}"
        found["median_ms"][title] = took
        print(f"{title}, {len(given[0])} rows in {options.lists} lists")
        for who, each in took.items():
            print(f"  {who:<24}{each:10.2f} ms{each / took[BACKENDS[0]]:8.2f} x {BACKENDS[0]}")
    if options.save:
        keep(found, "ranked")


if __name__ == "__main__":
    main()
