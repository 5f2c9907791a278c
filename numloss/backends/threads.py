"""How many threads a call may use, and when it must stay on one.

The bits of a result do not depend on any of this, so nobody notices when a call runs on one thread because it is
small, or because another thread is using the team.
"""

from __future__ import annotations

import contextlib
import contextvars
import functools
import itertools
import math
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import ContextVar
from pathlib import Path

# Nanoseconds of work above which a second thread saves more than waking it costs.
PARALLEL_PAYS_AT = 30e3
# The same for work that Python shares out, whose threads take longer to wake.
SHARING_PAYS_AT = 300e3
# Where Linux says which control groups this process is in, and what these are.
OWN_GROUPS, GROUPS = Path("/proc/self/cgroup"), Path("/sys/fs/cgroup")

_limit: ContextVar[int | None] = ContextVar("numloss_threads", default=None)
_process_limit: int | None = None
_team = threading.Lock()


def _after_fork() -> None:
    global _team
    _team = threading.Lock()
    _workers.cache_clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def affinity() -> set[int]:
    """The cores that the system lets this process run on."""
    return os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set(range(os.cpu_count() or 1))


def quota() -> float:
    """Whole cores' worth of time that this process may take, infinity if it is not limited.

    It belongs to a control group, which lies within others; each may have a limit, and the least of them counts. A
    container may see its own group as the outermost one, or the path that it has outside.
    """
    try:
        lines = OWN_GROUPS.read_text().splitlines()
    except OSError:
        return math.inf
    least = math.inf
    for line in lines:
        _, controllers, path = line.split(":", 2)  # no controllers are named in version 2
        if not controllers or "cpu" in controllers.split(","):
            root = GROUPS / controllers
            group = root.joinpath(*(part for part in path.split("/") if part not in ("", "..")))
            least = min(least, *map(_share, (group, *group.parents[: len(group.parts) - len(root.parts)])))
    return least if least == math.inf else max(1, int(least))


def _share(group: Path) -> float:
    """Cores' worth of time that a control group has, as version 2 or 1 says it."""
    for names in (("cpu.max",), ("cpu.cfs_quota_us", "cpu.cfs_period_us")):
        try:
            most, period = " ".join((group / name).read_text() for name in names).split()
            return int(most) / int(period) if int(most) > 0 else math.inf
        except (OSError, ValueError):  # no such file, or "max"
            continue
    return math.inf


@functools.lru_cache(maxsize=1)
def cores() -> int:
    """Cores that this process may use: affinity, the container's quota, NUMBA_NUM_THREADS, OMP_NUM_THREADS."""
    for name in ("NUMBA_NUM_THREADS", "OMP_NUM_THREADS"):
        value = os.environ.get(name, "").partition(",")[0]  # those of further levels follow
        if value.isdigit() and int(value) > 0:
            return int(value)
    return int(min(len(affinity()), quota()))


def limit() -> int:
    """Threads that a call may use now."""
    return _limit.get() or _process_limit or cores()


def _checked(n: int) -> int:
    if not isinstance(n, int) or isinstance(n, bool) or n < 1:
        raise ValueError(f"the number of threads must be an integer >= 1, got {n!r}")
    return n


def set_num_threads(n: int) -> None:
    """Use at most n threads in every call of this process from now on."""
    global _process_limit
    _process_limit = _checked(n)


@contextlib.contextmanager
def num_threads(n: int) -> Iterator[None]:
    """Use at most n threads inside the `with` block."""
    token = _limit.set(_checked(n))
    try:
        yield
    finally:
        _limit.reset(token)


class team:
    """The right to use several threads: one caller at a time has it, the others get False and stay on one.

    Not a generator of contextlib, which would cost every kernel of a step a microsecond more.
    """

    __slots__ = ("_alone", "_lock")

    def __enter__(self) -> bool:
        self._lock = _team
        self._alone = self._lock.acquire(blocking=False)
        return self._alone

    def __exit__(self, *error: object) -> None:
        if self._alone:
            self._lock.release()


@functools.lru_cache(maxsize=1)
def _workers(count: int) -> ThreadPoolExecutor:
    """Threads beside the caller's; they are kept, as starting one costs more than it saves."""
    return ThreadPoolExecutor(count, thread_name_prefix="numloss")


def share_out(task: Callable[[int, int], object], parts: int, work: float) -> None:
    """Call task(part, worker) for every part, on several threads if that pays and nobody else is using them.

    The tasks leave the interpreter for most of their time, and write to memory of their part or of their worker; a
    kernel inside of one stays on its thread. `work` is that of all together, in nanoseconds.
    """
    with team() as alone:
        in_turns(task, parts, limit() if work > SHARING_PAYS_AT and alone else 1)


def in_turns(task: Callable[[int, int], object], parts: int, count: int) -> None:
    """The same for who has the right to `count` threads: each takes the next part, and who has not begun is not waited
    for."""
    turn = itertools.count()  # whose next number is one step of the interpreter

    def work(worker: int) -> None:
        while (part := next(turn)) < parts:
            task(part, worker)

    called: list[Future[None]] = []
    if count > 1:
        workers = _workers(count - 1)
        for worker in range(1, min(count, parts)):
            called.append(workers.submit(contextvars.copy_context().run, work, worker))
    try:
        work(0)
    finally:
        for other in called:
            if not other.cancel():
                other.result()
