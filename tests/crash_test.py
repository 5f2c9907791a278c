"""Kills training at random times and resumes it: `python tests/crash_test.py 200` does so 200 times.

Prints how often a process died and what it had reached. Ends in status 1 if a run that was killed does not end with
the weights of one that was not.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

import numloss as nl
from numloss.data import Dataset
from numloss.train import Settings, fit

SETTINGS = Settings(
    model="cnn", channels=(4,), dropout=0.2, batch_size=16, epochs=4, optimiser="adamw", rate=1e-2, l2=1e-4, clip=2.0,
    schedule="cosine", warmup=10, shift=1, flip=True, test_fraction=0.0, validation_fraction=0.2, seed=3,
)  # fmt: skip
EVERY = 4


def data() -> Dataset:
    """Images whose class is where they are bright."""
    draw = np.random.default_rng(0)
    labels = np.arange(400) % 4
    images = draw.normal(size=(400, 1, 6, 6)).astype(np.float32)
    for row, label in enumerate(labels):
        images[row, 0, 3 * (label // 2) :, 3 * (label % 2) :] += 1.0
    return Dataset("bright", images, labels, draw.uniform(0.5, 2.0, 400).astype(np.float32))


def train(folder: Path) -> None:
    """A run, or the rest of one; its weights and figures are a file at the end."""
    checkpoints = folder / "checkpoints"
    run = fit(nl.cross_entropy, SETTINGS, data=data(), folder=checkpoints, resume=True, every=EVERY, say=print)
    state = [run.network.parameters.values, *run.network.state.values()]
    figures = [[epoch.train_loss, epoch.validation_loss] for epoch in run.history.epochs]
    content = b"".join(array.tobytes() for array in [*state, np.array(figures)])
    (folder / "part").write_bytes(content)
    os.replace(folder / "part", folder / "done")


def started(folder: Path) -> int:
    """The number of a process that trains; forked, as starting Python anew would take longer than training."""
    folder.mkdir(exist_ok=True)
    process = os.fork()
    if process == 0:
        try:
            train(folder)
            os._exit(0)
        except BaseException as error:
            print(f"{type(error).__name__}: {error}", file=sys.stderr, flush=True)
            os._exit(1)
    return process


def main(kills: int, seed: int) -> int:
    """Kill so many times, over as many runs as that takes."""
    root = Path(tempfile.mkdtemp(prefix="numloss-crash-test-"))
    began = time.perf_counter()
    for warm in ("warm", "whole"):
        if os.waitpid(started(root / warm), 0)[1]:
            return 1
        lasted, began = time.perf_counter() - began, time.perf_counter()
    whole = (root / "whole" / "done").read_bytes()
    draw, died, runs, wrong, reached = random.Random(seed), 0, 0, 0, set[str]()
    while died < kills:
        folder = root / f"run{runs}"
        while not (folder / "done").exists():
            process = started(folder)
            if died < kills:
                time.sleep(draw.uniform(0.0, lasted))
                os.kill(process, signal.SIGKILL)
            _, status = os.waitpid(process, 0)
            died += os.WIFSIGNALED(status)
            if os.WIFEXITED(status) and status:
                return 1
            reached.update(path.name[:15] for path in (folder / "checkpoints").glob("step-*"))
        wrong += (folder / "done").read_bytes() != whole
        runs += 1
    shutil.rmtree(root)
    print(f"{died} kills in {runs} runs, {len(reached)} checkpoints met; {wrong} runs ended with other weights")
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0))
