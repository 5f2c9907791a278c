"""The main job from end to end: train on handwritten digits, evaluate predictions from files, compare backends."""

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

import numloss as nl
from numloss.train import Run, Settings, fit, write

OUT = Path("demo-output")
console = Console(highlight=False)


# A convolutional network: the settings that `numloss train --model cnn` takes as flags.
SETTINGS = Settings(model="cnn", epochs=15, rate=5e-3, schedule="one_cycle")


def train() -> Run:
    """Train a small convolutional network on 1294 digits, choose the epoch with 144 and test it on the other 359."""
    with console.status("training"):
        run = fit(partial(nl.cross_entropy, label_smoothing=0.05), SETTINGS)
    epochs, seconds = run.history.epochs, sum(epoch.seconds for epoch in run.history.epochs)
    rows = run.parts.test.target
    console.print(f"[bold]1. Training[/bold] a cnn on the digits: {len(epochs)} epochs in {seconds:.2f} s")
    console.print(f"   accuracy on {len(rows)} digits never seen: [bold]{run.test['accuracy']:.1%}[/bold]\n")
    return run


def evaluate(run: Run) -> None:
    """Write predictions to files and evaluate them with several losses, two passes over the files in all."""
    test = run.parts.test
    arrays = {"logits": run.network.predict(test.features), "labels": test.target, "one_hot": np.eye(10)[test.target]}
    for name, values in arrays.items():
        np.save(OUT / f"{name}.npy", values)
    pred = OUT / "logits.npy"
    smoothed = partial(nl.cross_entropy, label_smoothing=0.1)
    by_label = nl.evaluate([nl.cross_entropy, smoothed], pred, OUT / "labels.npy")
    by_class = nl.evaluate([nl.bce_with_logits, nl.hinge, nl.mse], pred, OUT / "one_hot.npy")
    table = Table("loss", "options", "mean", "weight", box=None, padding=(0, 3))
    for score in by_label.scores + by_class.scores:
        options = ", ".join(f"{name}={value}" for name, value in score.options.items())
        table.add_row(score.loss, options, f"{score.mean:.4f}", f"{score.weight:.0f}")
    console.print("[bold]2. Evaluation[/bold] of the predictions, streamed from .npy files")
    console.print(table, "")


def compare_backends() -> None:
    """Loss and gradient of a larger batch on every backend for host arrays, side by side."""
    random = np.random.default_rng(0)
    pred, target = random.normal(size=(65536, 10)).astype(np.float32), random.integers(0, 10, 65536)
    grad, first = np.empty_like(pred), None
    table = Table("backend", "loss", "gradient", "time", box=None, padding=(0, 3))
    for name in ("numba", "cython"):
        try:
            with nl.use_backend(name), console.status(f"compiling for {name}"):
                loss, _ = nl.value_and_grad(nl.cross_entropy)(pred, target, out=grad)
                milliseconds = 1e3 * best_time(partial(nl.value_and_grad(nl.cross_entropy), pred, target, out=grad))
        except nl.BackendUnavailable as error:
            table.add_row(name, "not available", str(error), "")
            continue
        result = (loss, grad.tobytes())
        first = first or result
        same = "same bits" if result == first else "OTHER BITS"
        table.add_row(name, f"{loss:.17g}", same, f"{milliseconds:.2f} ms")
    console.print("[bold]3. Backends[/bold] on this machine: cross-entropy and its gradient, (65536, 10)")
    console.print(table, "")


def best_time(call: Callable[[], object]) -> float:
    """The fastest of 20 runs, in seconds: what the machine can do when nothing else runs on it."""
    times = []
    for _ in range(20):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return min(times)


def main() -> None:
    """Run the three parts and say where the files are."""
    OUT.mkdir(exist_ok=True)
    run = train()
    paths = write(run, OUT)
    evaluate(run)
    compare_backends()
    console.print("[bold]Files[/bold]")
    for name, path in paths.items():
        console.print(f"   {name:<12}{path}")
    console.print(f"   {'predictions':<12}{OUT / 'logits.npy'}, labels.npy, one_hot.npy")


if __name__ == "__main__":
    main()
