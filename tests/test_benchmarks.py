"""What benchmarks say of themselves is so: names of sizes, shares of time."""

from __future__ import annotations

import json

import numpy as np
from process import TESTS, python

from numloss.bench.arrays import inputs
from numloss.bench.cases import cases

BENCHMARKS = TESTS.parent / "benchmarks"
NAMES = """
    import json, sys
    sys.path.insert(0, {folder!r})
    import pytest, test_speed

    def named(size):
        found = {{}}
        config = type("Config", (), {{"getoption": lambda self, name: size}})()
        metafunc = type("Metafunc", (), {{
            "config": config, "fixturenames": ["case"],
            "parametrize": lambda self, name, cases, ids: found.update(zip(ids, [list(case.shape) for case in cases])),
        }})()
        test_speed.pytest_generate_tests(metafunc)
        return found

    print(json.dumps([named("small"), named("full")]))
"""


def test_a_benchmark_is_called_by_the_size_that_is_measured() -> None:
    small, full = json.loads(python(NAMES.format(folder=str(BENCHMARKS))).stdout.splitlines()[-1])
    assert len(small) == len(full)
    for shapes in (small, full):
        for name, shape in shapes.items():
            size = 1
            for axis in shape:
                size *= axis
            said = [f"2^{size.bit_length() - 1}"] if len(shape) == 1 else []
            assert any(text in name for text in (*said, f"({', '.join(map(str, shape))})"))
    assert any("2^14" in name for name in small) and not any("2^24" in name for name in small)


def test_every_loss_takes_what_is_drawn_for_it(backend: str) -> None:
    for case in cases():
        small = case.at_most(1 << 10)
        value = small.record.function(*inputs(small), **small.keywords, backend=backend)
        assert np.isfinite(value), (case.name, value)


SHARES = """
    import sys
    sys.path.insert(0, {folder!r})
    import numpy as np, training

    class Trainer:
        history = type("History", (), {{"steps": 0}})()
        stopped = False
        def stop(self, why):
            self.stopped = True

    shares = training.Shares.__new__(training.Shares)
    shares.spent, shares.fastest, shares.calls, shares.cost = {{}}, {{training.PYTHON: np.inf}}, 0, 0.0
    shares.began, shares.end = 0.0, 0.0  # the time is over before the first stretch is
    trainer = Trainer()
    while not trainer.stopped:
        trainer.history.steps += 1
        shares.spent["loss"] = 0.5
        shares.stepped(trainer, 0.0)
    print(all(np.isfinite(list(shares.fastest.values()))), trainer.history.steps)
"""


def test_shares_of_a_step_that_takes_longer_than_the_time_are_numbers() -> None:
    assert python(SHARES.format(folder=str(BENCHMARKS))).stdout.split() == ["True", "40"]


COMPETITORS = """
    import os, subprocess, sys, time
    sys.path.insert(0, {folder!r})
    import busy
    started, seen = [], []

    class Kept(subprocess.Popen):
        def __init__(self, *arguments):
            super().__init__(*arguments)
            started.append(self)

    def call():
        wanted = time.monotonic() + 60.0
        while [os.getpriority(os.PRIO_PROCESS, process.pid) for process in started] != [19, 19]:
            assert time.monotonic() < wanted
        seen.append([process.poll() for process in started])
        raise KeyboardInterrupt

    busy.SETTLE, busy.subprocess.Popen = 0.0, Kept
    try:
        with busy.competitors(2, 19):
            busy.measure({{"call": call}}, None, 1, 1)
    except KeyboardInterrupt:
        print(seen, all(process.poll() for process in started))
"""


def test_competitors_end_with_what_they_compete_with() -> None:
    assert python(COMPETITORS.format(folder=str(BENCHMARKS))).stdout.strip() == "[[None, None]] True"
