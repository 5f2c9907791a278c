"""Steps of two ranks against one, a thread each, and against torch's DistributedDataParallel over gloo.

    python benchmarks/cluster.py [--only mlp mlp128 cnn] [--rounds 5] [--ranks 2] [--mpiexec "mpiexec"]

Each contestant is a job of its own; jobs take turns, and the median of all their medians counts. A step has the same
global batch whatever the number of ranks; matrix products and kernels run on one thread of each rank. DDP averages the
gradients of its ranks, which is the same only where all have the same number of rows, as here.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import socket
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

CASES = {
    "mlp": ("mlp", "784", 512),
    "mlp128": ("mlp", "784", 128),
    "cnn": ("cnn", "1x28x28", 512),
}
HIDDEN, CHANNELS, STEPS = (1024, 1024), (16, 32), 20
ONE_THREAD = dict.fromkeys(("NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")


def ours(case: str, ranks: int, mpiexec: list[str]) -> dict[str, float]:
    """What `numloss cluster bench` measures on so many ranks."""
    model, inputs, rows = CASES[case]
    line = [*mpiexec, "-n", str(ranks), sys.executable, "-m", "numloss", "cluster", "bench", "--json"]
    line += ["--model", model, "--inputs", inputs, "--batch-size", str(rows), "--steps", str(STEPS)]
    done = subprocess.run(line, capture_output=True, text=True, env={**os.environ, **ONE_THREAD})
    if done.returncode:
        raise SystemExit(done.stdout + done.stderr)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def torchs(case: str, ranks: int) -> float:
    """Seconds of a step of DistributedDataParallel."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    common = {**os.environ, **ONE_THREAD, "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "WORLD_SIZE": str(ranks)}
    jobs = [
        subprocess.Popen(
            [sys.executable, __file__, "--torch-rank", case], env={**common, "RANK": str(rank)},
            stdout=subprocess.PIPE, text=True,
        )
        for rank in range(ranks)
    ]  # fmt: skip
    said = [job.communicate()[0] for job in jobs]
    return max(map(float, said))


def torch_rank(case: str) -> None:
    """One rank of torch: print the median time of its steps."""
    import torch

    model, inputs, rows = CASES[case]
    torch.set_num_threads(1)
    torch.distributed.init_process_group("gloo")
    share = rows // torch.distributed.get_world_size()
    shape = tuple(map(int, inputs.split("x")))
    network = torch.nn.parallel.DistributedDataParallel(torch.nn.Sequential(*_torch_layers(model, shape)))
    optimiser = torch.optim.Adam(network.parameters())
    x, labels, taken = torch.randn(share, *shape), torch.arange(share) % 10, []
    for _ in range(STEPS + 3):
        torch.distributed.barrier()
        began = time.perf_counter()
        optimiser.zero_grad()
        torch.nn.functional.cross_entropy(network(x), labels).backward()
        optimiser.step()
        taken.append(time.perf_counter() - began)
    print(np.median(taken[3:]))
    torch.distributed.destroy_process_group()


def _torch_layers(model: str, shape: tuple[int, ...]) -> list:
    """The layers of `numloss.nn.mlp` and `cnn`."""
    from torch import nn

    if model == "mlp":
        widths = [*shape, *HIDDEN]
        hidden = [layer for pair in zip(widths, HIDDEN) for layer in (nn.Linear(*pair), nn.ReLU())]  # noqa: B905
        return [*hidden, nn.Linear(HIDDEN[-1], 10)]
    channels, height, width = shape
    layers = []
    for filters in CHANNELS:
        layers += [nn.Conv2d(channels, filters, 3, padding=1), nn.BatchNorm2d(filters), nn.ReLU(), nn.MaxPool2d(2)]
        channels, height, width = filters, height // 2, width // 2
    return [*layers, nn.Flatten(), nn.Linear(channels * height * width, 10)]


def run(case: str, arguments: argparse.Namespace) -> None:
    """Print steps per second of each contestant."""
    mpiexec, ranks = shlex.split(arguments.mpiexec), arguments.ranks
    times: dict[str, list[float]] = {}
    for _ in range(arguments.rounds):
        for count in (1, ranks):
            found = ours(case, count, mpiexec)
            times.setdefault(f"numloss, {count}", []).append(found["step"])
            if count > 1:
                times.setdefault(f"numloss, {count}, overlapped", []).append(found["overlapped"])
                times.setdefault("   its sum", []).append(found["exchange"])
        if not arguments.no_torch:
            times.setdefault(f"torch DDP, {ranks}", []).append(torchs(case, ranks))
    one = np.median(times["numloss, 1"])
    print(f"{case}: {CASES[case][2]} rows a step")
    for name, taken in times.items():
        middle = np.median(taken)
        print(f"   {name:<26}{middle * 1e3:9.2f} ms {min(taken) * 1e3:9.2f} least {one / middle:6.2f} x")


def main() -> None:
    """Run the cases that are asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="*", choices=CASES, default=list(CASES))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--ranks", type=int, default=2)
    parser.add_argument("--mpiexec", default=str(Path(sys.executable).parent / "mpiexec"))
    parser.add_argument("--no-torch", action="store_true")
    parser.add_argument("--torch-rank", choices=CASES, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.torch_rank:
        torch_rank(arguments.torch_rank)
        return
    for case in arguments.only:
        run(case, arguments)


if __name__ == "__main__":
    main()
