"""How a step would scale to a thousand ranks: a model, fed and checked with what is measured here.

    python benchmarks/scaling_model.py [--batch 512] [--measured 1 2 4] [--plot scaling.png] [--json]

Measured: steps of one rank for four sizes of batch, which give the time of a row and what no rank can save (the pass
of the optimiser over all parameters); latency and bandwidth of sums on this machine; and whole steps of the global
batch on the numbers of ranks in --measured, against which the model is printed. Modelled: everything else. A sum of n
bytes over p ranks takes 2 log2(p) latencies, and moves 2 (p - 1) / p n bytes at the bandwidth of a rank, as
recursive halving and doubling does (Thakur, Rabenseifner and Gropp, 2005). Nodes are assumed to be alike, and nothing
else to use their network; --ethernet and --infiniband have the latency and the bandwidth of a rank there.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

RANKS = [2**k for k in range(11)]
ONE_THREAD = dict.fromkeys(("NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")


@dataclass(frozen=True)
class Network:
    """Seconds of a message, and bytes a second that a rank sends."""

    name: str
    latency: float
    bandwidth: float

    def sum(self, size: float, ranks: int) -> float:
        """Seconds to add up so many bytes."""
        if ranks == 1:
            return 0.0
        return 2.0 * math.log2(ranks) * self.latency + 2.0 * (ranks - 1) / ranks * size / self.bandwidth


@dataclass(frozen=True)
class Work:
    """Seconds of a row, those that each rank spends whatever its rows, and the bytes of a sum."""

    row: float
    fixed: float
    message: int

    def step(self, rows: int, ranks: int, network: Network, crowd: float = 1.0) -> float:
        """Seconds of a step of a global batch; the rank with the most rows decides. `crowd` ranks share a core."""
        return crowd * (self.fixed + self.row * math.ceil(rows / ranks)) + network.sum(self.message, ranks)


def bench(ranks: int, batch: int, mpiexec: list[str], steps: int) -> dict[str, Any]:
    """What `numloss cluster bench` measures."""
    line = [*mpiexec, "-n", str(ranks), sys.executable, "-m", "numloss", "cluster", "bench", "--json"]
    line += ["--batch-size", str(batch), "--steps", str(steps)]
    done = subprocess.run(line, capture_output=True, text=True, env={**os.environ, **ONE_THREAD})
    if done.returncode:
        raise SystemExit(done.stdout + done.stderr)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def fitted(batches: list[int], seconds: list[float], message: int) -> Work:
    """The straight line through the times of one rank; small batches count as much as large ones."""
    rows, times = np.array(batches, float), np.array(seconds)
    (fixed, row), *_ = np.linalg.lstsq(np.stack([1.0 / times, rows / times], 1), np.ones(len(rows)), rcond=None)
    return Work(float(row), max(float(fixed), 0.0), message)


def here(found: dict[str, Any]) -> Network:
    """The network of the measured ranks: latency of its smallest sum, bandwidth of one of the message's size."""
    stages = 2.0 * math.log2(found["ranks"])
    moved = 2.0 * (found["ranks"] - 1) / found["ranks"] * found["message"]
    return Network("this machine", found["latency"] / stages, moved / found["exchange"])


def curve(work: Work, batch: int, network: Network, weak: bool) -> list[float]:
    """Efficiency for each number of ranks: of a batch that all share, or with `weak` of so many rows a rank."""
    one = work.step(batch, 1, network)
    if weak:
        return [one / work.step(batch * ranks, ranks, network) for ranks in RANKS]
    return [one / ranks / work.step(batch, ranks, network) for ranks in RANKS]


def plot(path: Path, curves: dict[str, list[float]], measured: dict[int, float]) -> None:
    """Draw the model as lines, and what was measured as dots."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.subplots()
    for name, values in curves.items():
        axes.plot(RANKS, values, label=f"modelled: {name}")
    axes.plot(list(measured), list(measured.values()), "ko", label="measured here")
    axes.set(xscale="log", xlabel="ranks", ylabel="efficiency", ylim=(0.0, 1.1))
    axes.set_xticks(RANKS, [str(ranks) for ranks in RANKS])
    axes.legend()
    figure.savefig(path, dpi=120)


def main() -> None:
    """Measure, fit, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--batch", type=int, default=512)
    parser.add_argument("--measured", type=int, nargs="*", default=[1, 2, 4], help="numbers of ranks to run here")
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--ethernet", type=float, nargs=2, default=(30e-6, 1.1e9), help="seconds, bytes a second")
    parser.add_argument("--infiniband", type=float, nargs=2, default=(2e-6, 11e9), help="seconds, bytes a second")
    parser.add_argument("--mpiexec", default=str(Path(sys.executable).parent / "mpiexec"))
    parser.add_argument("--plot", type=Path)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    mpiexec, batch = shlex.split(arguments.mpiexec), arguments.batch
    batches = [batch, batch // 2, batch // 4, batch // 8]
    alone = [bench(1, rows, mpiexec, arguments.steps) for rows in batches]
    work = fitted(batches, [found["step"] for found in alone], alone[0]["message"])
    together = {ranks: bench(ranks, batch, mpiexec, arguments.steps) for ranks in arguments.measured}
    machine = here(next(found for ranks, found in together.items() if ranks > 1))
    crowds = {ranks: max(1.0, ranks / (os.cpu_count() or 1)) for ranks in together}
    checks = {n: (found["step"], work.step(batch, n, machine, crowds[n])) for n, found in together.items()}
    networks = [Network("Ethernet", *arguments.ethernet), Network("InfiniBand", *arguments.infiniband)]
    curves = {
        f"{network.name}, {batch} rows {'a rank' if weak else 'a step'}": curve(work, batch, network, weak)
        for weak in (False, True)
        for network in networks
    }
    if arguments.plot:
        one = together.get(1, alone[0])["step"]
        plot(arguments.plot, curves, {n: one / n / step for n, (step, _) in checks.items() if crowds[n] == 1.0})
    if arguments.json:
        print(json.dumps({"work": vars(work), "machine": vars(machine), "checks": checks, "curves": curves}, indent=2))
        return
    print(f"measured: {work.row * 1e6:.4g} us a row, {work.fixed * 1e3:.4g} ms a step, {work.message} bytes a sum")
    print(f"measured: {machine.latency * 1e6:.3g} us, {machine.bandwidth / 1e9:.3g} GB/s between ranks here")
    for ranks, (step, modelled) in checks.items():
        note = f", {crowds[ranks]:g} ranks on a core" if crowds[ranks] > 1.0 else ""
        print(f"{ranks} ranks: measured {step * 1e3:.2f} ms, modelled {modelled * 1e3:.2f} ms{note}")
    print("modelled efficiency")
    print(f"{'ranks':>44} " + " ".join(f"{ranks:6d}" for ranks in RANKS))
    for name, values in curves.items():
        print(f"{name:>44} " + " ".join(f"{value:6.2f}" for value in values))


if __name__ == "__main__":
    main()
