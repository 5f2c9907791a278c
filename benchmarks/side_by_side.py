"""numloss and its peers, side by side in one run: `python benchmarks/side_by_side.py --help`.

Every contestant first shows the right answer; then all take turns, a copy of the same number of bytes among them.
Figures are medians. The results file names the machine, the versions, and what else was running.
"""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path
from typing import Any

import fresh
from report import fastest, measured
from session import Session, figures, process_on

import numloss as nl
from numloss.bench.arrays import inputs
from numloss.bench.cases import BIG, COMPUTE_BOUND, ONE_CALL, SCORECARD, SMALL, SWEPT, USUAL, Case, cases, sweep
from numloss.bench.contest import BACKENDS, ROUNDS, numloss_call, race
from numloss.bench.environment import as_avx2
from numloss.bench.peers import NAMES


def scorecard(session: Session) -> None:
    """The cases that have targets, with all cores."""
    for case in SCORECARD:
        session.compete("scorecard", case)


def value_alone(session: Session) -> None:
    """Without the gradient: nothing is written, so the floor is what has to be read."""
    for case in (Case("mse", (BIG,)), Case("cross_entropy", (16384, 1000)), Case("cross_entropy", (1024, 32000))):
        session.compete("value", case, mode="value")


def one_call(session: Session) -> None:
    """A small batch, where the call costs more than the kernel; of one row, where there is hardly a kernel."""
    session.compete("one call", ONE_CALL)
    session.compete("one call", Case("cross_entropy", (1, 10)), peers=())


def curvature(session: Session) -> None:
    """Gradient and curvature as boosted trees want them, beside scikit-learn's."""
    for loss in ("mse", "huber", "quantile", "bce_with_logits"):
        session.compete("curvature", Case(loss, (USUAL,)), mode="value_grad_hess", peers=("scikit-learn",))


def threads(session: Session) -> None:
    """All cores over one, for losses that compute more than they move."""
    for case in COMPUTE_BOUND:
        sized = session.wanted(case)
        if sized is not None:
            session.attempt("threads", sized.name, partial(scaling, sized, session), figures)


def scaling(case: Case, session: Session) -> dict[str, Any]:
    """Each backend with all threads and with one, taking turns."""
    arrays = inputs(case)
    calls: dict[str, Any] = {}
    for backend in BACKENDS:
        call = numloss_call(case, arrays, "value_and_grad", backend)

        def alone(call: Any = call) -> None:
            with nl.num_threads(1):
                call()

        calls |= {backend: call, f"{backend}, 1 thread": alone}
    times = race(calls, session.options.seconds, session.options.rounds)
    least = {name: 1e3 * min(each) for name, each in times.items()}
    ratios = {backend: least[f"{backend}, 1 thread"] / least[backend] for backend in BACKENDS}
    return {"case": case.name, "threads": session.threads, "least_ms": least, "all_over_one": ratios}


def one_thread(session: Session) -> None:
    """The scorecard in a process that has one core, as a rank of a cluster has."""
    with process_on(1) as pool:
        for case in SCORECARD:
            if case.dtype == "float32":
                session.compete("one thread", case, threads=1, pool=pool)


def sizes(session: Session) -> None:
    """Every family from a few hundred elements to a million; the worst point against the fastest peer is printed."""
    for loss in SWEPT:
        for case in sweep(loss):
            if session.options.size == "full" or case.size <= SMALL:
                session.compete("sizes", case, seconds=0.3, sizes_vary=True)
    ratios = {}
    for record in measured(session.results, "sizes"):
        _, ours, peer, theirs = fastest(record)
        if peer:
            ratios[record["case"]] = theirs / ours
    if ratios:
        worst = min(ratios, key=lambda name: ratios[name])
        session.add("worst size", {"case": worst, "ratio": ratios[worst]}, f"{worst}: {ratios[worst]:.2f} x a peer")


def startup(session: Session) -> None:
    """Fresh processes, from the start of the interpreter to their first loss."""
    for what, (options, cold) in fresh.STARTS.items():
        session.attempt("startup", what, partial(fresh.startup, what, options, cold), figures)
    session.attempt("startup", "numloss --help", fresh.help_page, figures)


def memory(session: Session) -> None:
    """What calls of four million elements at most allocate beside their inputs and outputs."""
    for name in ("mse 2^24", "cross_entropy (16384, 1000)", "dice (8, 4, 256, 256)", "contrastive (65536, 128)"):
        for backend in BACKENDS:
            session.attempt("memory", name, partial(fresh.memory, name, backend), figures)


def registry(session: Session) -> None:
    """Every other loss there is."""
    for case in cases():
        if not case.scorecard and case != ONE_CALL:
            session.compete("registry", case)


SECTIONS = (scorecard, value_alone, one_call, threads, one_thread, curvature, startup, memory, sizes, registry)


def parsed() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    names = [section.__name__ for section in SECTIONS]
    parser.add_argument("--sections", nargs="+", choices=names, default=names, metavar="SECTION", help=", ".join(names))
    parser.add_argument("--cases", nargs="+", metavar="TEXT", help="only cases with one of these texts in their names")
    parser.add_argument("--peers", nargs="*", choices=NAMES, default=NAMES, metavar="PEER", help=", ".join(NAMES))
    parser.add_argument("--avx2", action="store_true", help="all of them as on a CPU that has AVX2, but not AVX-512")
    parser.add_argument("--size", choices=("small", "full"), default="full", help="small: to try the benchmarks out")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="at most so many turns each")
    parser.add_argument("--seconds", type=float, default=2.0, help="for the turns of a case, three turns at least")
    parser.add_argument("--budget", type=float, default=480.0, help="seconds after which no further case is begun")
    parser.add_argument("--output", type=Path, help="results file; by default results/<date>-<machine>.json")
    return parser.parse_args()


def main() -> None:
    """Run the sections in the order of their importance; a wrong answer or another failure ends in status 1."""
    options = parsed()
    if options.avx2:
        as_avx2()
    session = Session(options)
    print(f"{session.results['machine']}\nload {session.results['load_before']}\n")
    for section in SECTIONS:
        if section.__name__ in options.sections:
            section(session)
    print(f"\n{session.path}")
    if session.failed:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
