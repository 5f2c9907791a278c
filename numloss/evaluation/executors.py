"""Who computes the tasks: this thread, a few threads, or any executor of concurrent.futures.

Whoever it is, results are given in the order of the tasks.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import BrokenExecutor, Executor, Future, ThreadPoolExecutor
from typing import Any

from .block import Readers, run
from .plan import Task
from .totals import Part

Run = Callable[[Task], list[list[Part]]]
# Tasks that wait in line for each worker, so that none is idle while results are added up.
AHEAD = 2
# What is assumed of an executor that does not say how many workers it has.
WORKERS = 8


def end_with_parent() -> None:
    """In a worker process: end when the process that started it does, which else is waited for, for ever.

    What is typed at a keyboard goes to all processes; the parent alone answers to it.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()

    def watch() -> None:
        if parent is not None:
            parent.join()
            os._exit(1)

    threading.Thread(target=watch, name="numloss-parent", daemon=True).start()


def workers_of(executor: Executor) -> int:
    """How many tasks an executor runs at once, as far as it says."""
    count: Any = getattr(executor, "_max_workers", None) or getattr(executor, "num_workers", None)
    client: Any = getattr(executor, "_client", None)
    if client is not None:  # of Dask
        count = sum(client.nthreads().values())
    return count if isinstance(count, int) and count > 0 else WORKERS


def in_order(tasks: Iterable[Task], executor: Executor | None, workers: int) -> Generator[list[list[Part]]]:
    """The parts of each task."""
    if executor is not None:
        yield from _through(executor, run, tasks, workers)
        return
    with contextlib.ExitStack() as stack:
        own = threading.local()

        def run_here(task: Task) -> list[list[Part]]:
            if not hasattr(own, "readers"):
                own.readers = stack.enter_context(contextlib.closing(Readers()))
            return run(task, own.readers)

        if workers == 1:
            yield from map(run_here, tasks)
            return
        remaining = iter(tasks)
        # the first task may compile kernels, which threads should not do side by side
        yield run_here(next(remaining))
        with ThreadPoolExecutor(workers, "numloss-evaluation") as pool:
            yield from _through(pool, run_here, remaining, workers)


def _through(executor: Executor, run: Run, tasks: Iterable[Task], workers: int) -> Generator[list[list[Part]]]:
    """Through an executor; when an error ends this, what waits is cancelled."""
    waiting: deque[Future[list[list[Part]]]] = deque()
    with contextlib.ExitStack() as stack:
        stack.callback(lambda: [future.cancel() for future in waiting])
        for task in tasks:
            waiting.append(_submitted(executor, run, task))
            if len(waiting) > AHEAD * workers:
                yield _result(waiting.popleft())
        while waiting:
            yield _result(waiting.popleft())


def _submitted(executor: Executor, run: Run, task: Task) -> Future[list[list[Part]]]:
    try:
        return executor.submit(run, task)
    except BrokenExecutor as error:
        raise ChildProcessError(f"a worker ended before its work was done: {error}") from error


def _result(future: Future[list[list[Part]]]) -> list[list[Part]]:
    try:
        return future.result()
    except BrokenExecutor as error:
        raise ChildProcessError(f"a worker ended before its work was done: {error}") from error
