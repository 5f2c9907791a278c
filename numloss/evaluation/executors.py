"""Who computes the tasks: this thread, a few threads, or any executor of concurrent.futures.

Whoever it is, results are given in the order of the tasks.
"""

from __future__ import annotations

import contextlib
import itertools
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
        idle: list[Readers] = []

        def run_here(task: Task) -> list[list[Part]]:
            try:
                readers = idle.pop()
            except IndexError:
                readers = stack.enter_context(contextlib.closing(Readers()))
            try:
                return run(task, readers)
            finally:
                idle.append(readers)

        if workers == 1:
            yield from map(run_here, tasks)
            return
        remaining = iter(tasks)
        # the first task may compile kernels, which threads should not do side by side
        for task in itertools.islice(remaining, 1):
            yield run_here(task)
        # this thread is one of the workers
        with ThreadPoolExecutor(workers - 1, "numloss-evaluation") as pool:
            yield from _through(pool, run_here, remaining, workers, helps=True)


def _through(
    executor: Executor, run: Run, tasks: Iterable[Task], workers: int, helps: bool = False
) -> Generator[list[list[Part]]]:
    """Through an executor; when an error ends this, what waits is cancelled. Who `helps` works while it would wait."""
    waiting: deque[tuple[Task, Future[list[list[Part]]]]] = deque()

    def first() -> list[list[Part]]:
        while helps and not waiting[0][1].done() and _help(run, waiting):
            pass
        return _result(waiting.popleft()[1])

    with contextlib.ExitStack() as stack:
        stack.callback(lambda: [future.cancel() for _, future in waiting])
        for task in tasks:
            waiting.append((task, _submitted(executor, run, task)))
            if len(waiting) > AHEAD * workers:
                yield first()
        while waiting:
            yield first()


def _help(run: Run, waiting: deque[tuple[Task, Future[list[list[Part]]]]]) -> bool:
    """Run the first task here that nobody has begun; False if there is none."""
    for k, (task, future) in enumerate(waiting):
        if future.cancel():
            here: Future[list[list[Part]]] = Future()
            try:
                here.set_result(run(task))
            except Exception as error:
                here.set_exception(error)  # its turn comes after that of the tasks before
            waiting[k] = task, here
            return True
    return False


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
