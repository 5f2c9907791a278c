"""How a step would scale to a thousand ranks: a model, fed and checked with what is measured here.

    python benchmarks/scaling_model.py [--batch 512] [--measured 1 2 4] [--turns 3] [--save] [--from FILE]
                                       [--plot scaling.png] [--json]

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

from numloss.bench import environment
from numloss.common.files import write_json

RESULTS = Path(__file__).parent / "results"
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


@dataclass(frozen=True)
class Check:
    """Seconds of a step that several ranks share, measured and modelled, beside those of one rank.

    `crowd` ranks share a core; their efficiency is that of the part of the core that a rank has.
    """

    ranks: int
    crowd: float
    alone: float
    step: float
    model: float

    @property
    def measured(self) -> float:
        """The measured efficiency."""
        return self.alone * self.crowd / self.ranks / self.step

    @property
    def modelled(self) -> float:
        """The modelled efficiency."""
        return self.alone * self.crowd / self.ranks / self.model


def bench(ranks: int, batch: int, arguments: argparse.Namespace) -> dict[str, Any]:
    """What `numloss cluster bench` measures: medians, of which the least of all turns count."""
    line = [*shlex.split(arguments.mpiexec), "-n", str(ranks), sys.executable, "-m", "numloss", "cluster", "bench"]
    line += ["--json", "--batch-size", str(batch), "--steps", str(arguments.steps)]
    turns = []
    for _ in range(arguments.turns):
        done = subprocess.run(line, capture_output=True, text=True, env={**os.environ, **ONE_THREAD})
        if done.returncode:
            raise SystemExit(done.stdout + done.stderr)
        turns.append(json.loads(done.stdout))
    least = {name: min(turn[name] for turn in turns) for name in ("step", "overlapped", "exchange", "latency")}
    return {**turns[0], **least}


def measured(arguments: argparse.Namespace) -> dict[str, Any]:
    """Everything that is measured, as JSON keeps it: one rank with several batches, several ranks with one."""
    batch = arguments.batch
    alone = [bench(1, rows, arguments) for rows in (batch, batch // 2, batch // 4, batch // 8)]
    together = [bench(ranks, batch, arguments) for ranks in arguments.measured]
    return {"batch": batch, "alone": alone, "together": together}


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


def plot(path: Path, curves: dict[str, list[float]], checks: list[Check]) -> None:
    """Draw the model as lines, and what was measured as dots."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 5), layout="constrained")
    axes = figure.subplots()
    for k, (name, values) in enumerate(curves.items()):
        axes.plot(RANKS, values, color=f"C{k % 2}", linestyle=("-", "--")[k // 2], label=f"modelled: {name}")
    axes.plot([c.ranks for c in checks], [c.modelled for c in checks], "k:", label="modelled: this machine")
    for crowded, face, name in ((False, "k", "measured here"), (True, "w", "measured here, ranks sharing a core")):
        dots = [check for check in checks if (check.crowd > 1.0) == crowded]
        if dots:
            axes.plot([c.ranks for c in dots], [c.measured for c in dots], "ko", markerfacecolor=face, label=name)
    axes.set(xscale="log", xlabel="ranks of one thread", ylabel="efficiency", ylim=(0.0, 1.05))
    axes.set_xticks(RANKS, [str(ranks) for ranks in RANKS])
    axes.minorticks_off()
    figure.legend(loc="outside lower center", ncols=2, frameon=False)
    figure.savefig(path, dpi=120)


def checked(found: dict[str, Any], work: Work, machine: Network) -> list[Check]:
    """The model beside each number of ranks that was measured."""
    checks = []
    for several in found["together"]:
        ranks, crowd = several["ranks"], max(1.0, several["ranks"] / found["machine"]["cores"])
        model = work.step(found["batch"], ranks, machine, crowd)
        checks.append(Check(ranks, crowd, found["alone"][0]["step"], several["step"], model))
    return checks


def arguments_of() -> argparse.Namespace:
    """What the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--batch", type=int, default=512)
    parser.add_argument("--measured", type=int, nargs="*", default=[1, 2, 4], help="numbers of ranks to run here")
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--turns", type=int, default=3, help="of each measurement; the least counts")
    parser.add_argument("--ethernet", type=float, nargs=2, default=(30e-6, 1.1e9), help="seconds, bytes a second")
    parser.add_argument("--infiniband", type=float, nargs=2, default=(2e-6, 11e9), help="seconds, bytes a second")
    parser.add_argument("--mpiexec", default=str(Path(sys.executable).parent / "mpiexec"))
    parser.add_argument("--save", action="store_true", help="write what was measured to benchmarks/results")
    parser.add_argument("--from", dest="file", type=Path, help="take what was measured from such a file")
    parser.add_argument("--plot", type=Path)
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


def main() -> None:
    """Measure or read, fit, print."""
    arguments = arguments_of()
    if arguments.file:
        found = json.loads(arguments.file.read_text())
    else:
        found = {**environment.describe(), **measured(arguments), "load_after": environment.load()}
    if arguments.save:
        write_json(RESULTS / f"{environment.short_name(found)}-cluster.json", found)
    alone, batch = found["alone"], found["batch"]
    work = fitted([one["batch"] for one in alone], [one["step"] for one in alone], alone[0]["message"])
    machine = here(next(several for several in found["together"] if several["ranks"] > 1))
    checks = checked(found, work, machine)
    networks = [Network("Ethernet", *arguments.ethernet), Network("InfiniBand", *arguments.infiniband)]
    curves = {
        f"{network.name}, {batch} rows {'a rank' if weak else 'a step'}": curve(work, batch, network, weak)
        for weak in (False, True)
        for network in networks
    }
    if arguments.plot:
        plot(arguments.plot, curves, checks)
    if arguments.json:
        told = {"work": vars(work), "machine": vars(machine), "checks": [vars(check) for check in checks]}
        print(json.dumps({**told, "curves": curves}, indent=2))
        return
    report(work, machine, checks, curves)


def report(work: Work, machine: Network, checks: list[Check], curves: dict[str, list[float]]) -> None:
    """Print what was measured and what is modelled."""
    print(f"measured: {work.row * 1e6:.4g} us a row, {work.fixed * 1e3:.4g} ms a step, {work.message} bytes a sum")
    print(f"measured: {machine.latency * 1e6:.3g} us, {machine.bandwidth / 1e9:.3g} GB/s between ranks here")
    for check in checks:
        note = f", {check.crowd:g} ranks on a core" if check.crowd > 1.0 else ""
        times = f"measured {check.step * 1e3:.2f} ms, modelled {check.model * 1e3:.2f} ms"
        efficiency = f"efficiency {check.measured:.2f}, modelled {check.modelled:.2f}"
        print(f"{check.ranks} rank{'s' * (check.ranks > 1)}: {times}; {efficiency}{note}")
    print("modelled efficiency")
    print(f"{'ranks':>44} " + " ".join(f"{ranks:6d}" for ranks in RANKS))
    for name, values in curves.items():
        print(f"{name:>44} " + " ".join(f"{value:6.2f}" for value in values))


if __name__ == "__main__":
    main()
