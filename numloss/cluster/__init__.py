"""Several processes on one run: `with joined() as cluster` under mpiexec or srun, and alone everywhere else."""

from .alike import check_alike
from .members import ALONE, Cluster, Pending
from .start import KINDS, joined, launched, mpi_library
from .threads import threads_of_rank

__all__ = [
    "ALONE", "KINDS", "Cluster", "Pending", "check_alike", "joined", "launched", "mpi_library", "threads_of_rank",
]
