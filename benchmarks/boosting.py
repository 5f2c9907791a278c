"""Boosted trees with objectives of numloss against each library's own, and focal loss against what people write.

    python benchmarks/boosting.py [--rows 1000000] [--features 20] [--rounds 10] [--turns 5] [--threads 2]
                                  [--only xgboost] [--save]

A figure is the time of training, without that of reading rows; the contestants take turns, and medians count. CatBoost
asks for scores of classes row by row, a call of Python each: of these it gets few.
"""

from __future__ import annotations

import argparse
import importlib
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
from session import keep

import numloss as nl
from numloss.adapters.boosting.objective import Objective
from numloss.bench import environment
from numloss.bench.contest import Call, medians

CLASSES = 5
# Rows of CatBoost with several scores: each is a call of Python.
FEW = 50_000
Data = dict[str, np.ndarray]
# What each library calls an objective, the loss here, and the kind of target.
CASES: dict[str, list[tuple[str, Callable[..., Any], str]]] = {
    "xgboost": [("binary:logistic", nl.bce_with_logits, "binary"), ("multi:softprob", nl.cross_entropy, "label")],
    "lightgbm": [
        ("binary", nl.bce_with_logits, "binary"),
        ("huber", partial(nl.huber, delta=0.9), "number"),
        ("multiclass", nl.cross_entropy, "label"),
    ],
    "catboost": [("Logloss", nl.bce_with_logits, "binary"), ("MultiClass", nl.cross_entropy, "label")],
}


def arrays(rows: int, features: int) -> Data:
    """Features and targets of each kind, float32."""
    random = np.random.default_rng(20261130)
    x = random.standard_normal((rows, features), np.float32)
    score = x[:, 0] + x[:, 1] ** 2 - 1.0 + 0.5 * x[:, 2] * x[:, 3]
    noisy = score + random.standard_normal(rows, np.float32)
    label = np.digitize(noisy, np.quantile(noisy, np.linspace(0, 1, CLASSES + 1)[1:-1]))
    return {"x": x, "binary": np.float32(noisy > 0), "number": noisy, "label": np.float32(label)}


def of_xgboost(data: Data, kind: str, name: str, goal: Any, rounds: int, threads: int) -> dict[str, Call]:
    """Training by XGBoost, with its own objective and with ours."""
    import xgboost

    rows = xgboost.QuantileDMatrix(data["x"], data[kind], nthread=threads)
    several = {"num_class": CLASSES, "base_score": [0.0] * CLASSES} if kind == "label" else {}
    usual = {"nthread": threads, "tree_method": "hist", "max_depth": 6, **several}
    begin = {} if several else {"base_score": 0.0}
    own = {**usual, "objective": name, **({} if several else {"base_score": 0.5})}
    return {
        "own": lambda: xgboost.train(own, rows, rounds),
        "numloss": lambda: xgboost.train({**usual, **begin}, rows, rounds, obj=goal),
    }


def of_lightgbm(data: Data, kind: str, name: str, goal: Any, rounds: int, threads: int) -> dict[str, Call]:
    """Training by LightGBM."""
    import lightgbm

    reading = {"num_threads": threads, "verbose": -1, "deterministic": True, "force_row_wise": True}
    classes = CLASSES if kind == "label" else 1
    usual = {**reading, "num_leaves": 31, "boost_from_average": False, "num_class": classes, "alpha": 0.9}
    rows = lightgbm.Dataset(data["x"], data[kind], params=reading).construct()
    train = partial(lightgbm.train, train_set=rows, num_boost_round=rounds)
    return {
        "own": lambda: train({**usual, "objective": name}),
        "numloss": lambda: train({**usual, "objective": goal}),
    }


def of_catboost(data: Data, kind: str, name: str, goal: Any, rounds: int, threads: int) -> dict[str, Call]:
    """Training by CatBoost, which measures a metric of its own; and with an objective that computes nothing."""
    import catboost

    usual: dict[str, Any] = {
        "iterations": rounds, "thread_count": threads, "verbose": False, "allow_writing_files": False, "depth": 6,
        "leaf_estimation_iterations": 1, "leaf_estimation_method": "Newton", "learning_rate": 0.3, "random_seed": 0,
        **({"classes_count": CLASSES} if kind == "label" else {}),
    }  # fmt: skip
    rows = catboost.Pool(data["x"], data[kind])
    rows.quantize()
    own = {**usual, "loss_function": name, **({} if kind == "label" else {"boost_from_average": False})}
    ours = {**usual, "loss_function": goal, "eval_metric": name}
    calls = {"own": own, "numloss": ours, "nothing": {**ours, "loss_function": Nothing()}}
    return {who: partial(catboost.CatBoost(params).fit, rows) for who, params in calls.items()}


class Nothing:
    """What CatBoost's way to an objective costs: slopes and curvatures that nobody had to compute."""

    no_jit = True

    def calc_ders_range(self, approxes: np.ndarray, targets: np.ndarray, weights: np.ndarray | None) -> np.ndarray:
        """The same for every row."""
        ders = np.full((len(approxes), 2), -1.0)
        ders[::2, 0] = 1.0
        return ders

    def calc_ders_multi(self, approxes: np.ndarray, targets: float, weights: float | None) -> tuple[Any, Any]:
        """The same for every class."""
        return np.linspace(-1.0, 1.0, len(approxes)), -np.eye(len(approxes))


TRAINED: dict[str, Callable[..., dict[str, Call]]] = {
    "xgboost": of_xgboost, "lightgbm": of_lightgbm, "catboost": of_catboost,
}  # fmt: skip


def focal_in_numpy(scores: np.ndarray, target: np.ndarray, gamma: float = 2.0) -> tuple[np.ndarray, np.ndarray]:
    """Slope and curvature of focal loss as people write them for a booster."""
    sign = 2.0 * target - 1.0
    p = 1.0 / (1.0 + np.exp(-sign * scores))
    rest = 1.0 - p
    log_p = np.log(p)
    inner = gamma * p * log_p - rest
    slope = sign * rest**gamma * inner
    curvature = p * rest * (rest**gamma * (gamma * log_p + gamma + 1.0) - gamma * rest ** (gamma - 1.0) * inner)
    return slope, curvature


def focal(data: Data, turns: int) -> dict[str, float]:
    """Milliseconds of the slopes and curvatures of focal loss."""
    scores = data["number"]
    goal = Objective(nl.focal, curvature="exact")
    both = goal.gradients(scores, data["binary"]), focal_in_numpy(scores, data["binary"])
    for ours, theirs in zip(*both, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-3, atol=1e-5)
    calls = {
        "numloss": lambda: goal.gradients(scores, data["binary"]),
        "numpy": lambda: focal_in_numpy(scores, data["binary"]),
    }
    return medians(calls, turns)


def measured(options: argparse.Namespace, data: Data) -> Iterator[dict[str, Any]]:
    """A record of each library and objective."""
    for library, cases in CASES.items():
        if options.only not in (None, library):
            continue
        adapter = importlib.import_module(f"numloss.adapters.{library}")
        for name, loss, kind in cases:
            few = FEW if (library, kind) == ("catboost", "label") else len(data["x"])
            part = {key: array[:few] for key, array in data.items()}
            # the curvature that LightGBM has for this loss, so that both grow the same trees
            goal = adapter.objective(loss, curvature="bound" if name == "huber" else None)
            arguments = part, kind, name, goal, options.rounds, options.threads
            took = medians(TRAINED[library](*arguments), options.turns)
            yield {"library": library, "objective": name, "median_ms": took}


def main() -> None:
    """Print the comparison, and keep it if asked to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    sizes = (("rows", 1_000_000), ("features", 20), ("rounds", 10), ("turns", 5), ("threads", 2))
    for word, default in sizes:
        parser.add_argument(f"--{word}", type=int, default=default)
    parser.add_argument("--only", choices=CASES)
    parser.add_argument("--save", action="store_true")
    options = parser.parse_args()
    nl.set_num_threads(options.threads)
    data = arrays(options.rows, options.features)
    took = focal(data, options.turns)
    print(f"focal, slope and curvature: {took['numloss']:.2f} ms, NumPy {took['numpy'] / took['numloss']:.1f} x")
    records = []
    for record in measured(options, data):
        records.append(record)
        own = record["median_ms"]["own"]
        rest = ", ".join(f"{who} {ms / own:.2f} x" for who, ms in record["median_ms"].items() if who != "own")
        print(f"{record['library']:<10}{record['objective']:<18}{own:8.0f} ms, {rest}")
    if options.save:
        found = {**environment.describe(), **vars(options), "focal_median_ms": took, "records": records}
        keep(found, f"boosting-{options.rows}x{options.features}")


if __name__ == "__main__":
    main()
