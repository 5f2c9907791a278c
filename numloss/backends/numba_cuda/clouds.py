"""The clouds family on a device: a law of the squared distances of all pairs of points of two clouds.

A walk takes each point of one cloud to all of the other, as on the host. Iterations of Sinkhorn are launched one after
the other, as many as there may be: a sample that has settled passes them by, so that nobody waits for the device.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

from ...calls.clouds import MOST_TIMES, Plan, TwoClouds
from . import clouds_kernels as kernels
from . import jit
from .arrays import DeviceArray
from .call import Call
from .clouds_texts import Points, Walked
from .reduction import conclude, rows_of_a_block

if TYPE_CHECKING:
    from ...calls.request import Request


class Walks:
    """One call, and the addresses of what is known of its samples and points, in float64."""

    def __init__(self, call: Call, given: TwoClouds) -> None:
        self.call, self.given, self.dtype = call, given, given.real.name
        self.clouds = [self.points(cloud) for cloud in given.clouds]
        self.units, self.counts, self.losses = (call.workspace(max(1, given.samples)) for _ in range(3))
        self.slopes = [self.doubles(size * given.entries) if given.mode else 0 for size in given.sizes]
        params = given.parameters()
        self.scales, self.count = params.shape
        self.params = call.library.numbers(params, call.kept)[1]
        for numbers, size in ((self.losses, 1), *zip(self.slopes, given.sizes, strict=True)):
            each = given.entries if numbers != self.losses else 1
            self.spread(kernels.clearing_kernel(), given.samples * size * each if numbers else 0, numbers)
        self.begin(())

    def points(self, cloud: DeviceArray) -> Points:
        """A cloud, or the gradient by it, as kernels read and write it."""
        strides = cloud.strides if len(cloud.shape) == 3 else (0, *cloud.strides)
        return Points(cloud.address, *strides)

    def doubles(self, a_sample: int) -> int:
        """Address of so many numbers for each sample."""
        return self.call.workspace(max(1, self.given.samples * a_sample))

    def launch(self, kernel: Any, blocks: int, *arguments: Any) -> None:
        """Run a kernel on so many blocks."""
        if blocks:
            kernel.launch(self.call.stream, blocks, jit.THREADS, *arguments)

    def spread(self, kernel: Any, count: int, *arguments: Any) -> None:
        """Run a kernel with a thread for each of so many."""
        self.launch(kernel, -(-count // jit.THREADS), count, *arguments)

    def begin(self, between: tuple[int, ...], rates: int = 0, settled: int = 0) -> None:
        """Find units and weights of the samples, or of the plan between clouds the rates that it begins with."""
        given, (one, other) = self.given, between or (0, 1)
        known: dict[str, float] = {"rate": 0.0, "first": 0.0, "p": 0.0}
        if between:
            plan = cast(Plan, given)
            first = 1.0 / (plan.eps * MOST_TIMES) if plan.scaling else 0.0
            known = {"rate": 1.0 / plan.eps, "first": first, "p": plan.exponent}
        header = kernels.Begun(
            rows=given.sizes[one],
            columns=given.sizes[other],
            entries=given.entries,
            units=self.call.workspace(max(1, given.samples)) if between else self.units,
            counts=self.counts,
            rates=rates,
            settled=settled,
            weighted=given.request.weighting(given.weight),
            weight=self.call.described(given.weight, given.real),
            **known,
        )
        self.launch(kernels.beginning_kernel(self.dtype), given.samples, header, self.clouds[one], self.clouds[other])

    def header(self, one: int, other: int, factor: float = 0.0, **known: int) -> Walked:
        """A walk from one cloud to another."""
        sizes = self.given.sizes
        nothing = dict.fromkeys(Walked.fields(), 0)
        facts: dict[str, Any] = {"rows": sizes[one], "columns": sizes[other], "entries": self.given.entries}
        facts |= {"scales": self.scales, "count": self.count, "units": self.units, "params": self.params}
        facts |= {"counts": self.counts, "slopes": self.slopes[one], "factor": factor, **known}
        return Walked(**{**nothing, **facts})

    def walk(self, one: int, other: int, factor: float | None, own: int = 0, **known: int) -> int:
        """Address of what the law of each point with all others adds up to; with a factor gradients are added, too."""
        given, sums = self.given, self.doubles(self.given.sizes[one])
        header = self.header(one, other, factor or 0.0, sums=sums, own=own, plan=int("rates" in known), **known)
        kernel = kernels.walking_kernel(given.loss.law, self.count, self.dtype, int(factor is not None))
        blocks = given.samples * given.sizes[one]
        self.launch(kernel, blocks, header, self.clouds[one], self.clouds[other])
        return sums

    def gather(self, cloud: int, numbers: int, factor: float, masses: int = 0, constant: float = 0.0) -> None:
        """Add to the loss of each sample a factor times the sum of numbers of the points of a cloud."""
        given = self.given
        header = kernels.Gathered(given.sizes[cloud], self.losses, numbers, masses, factor, constant)
        self.launch(kernels.gathering_kernel(), given.samples, header)

    def end(self) -> Any:
        """Add up the losses, write the gradients, and give the caller the result."""
        call, given = self.call, self.given
        block = rows_of_a_block(given.samples, 1)
        blocks = -(-given.samples // block)
        partials = call.workspace(4 * max(1, blocks)), blocks
        header = kernels.Ended(
            samples=given.samples,
            block=block,
            losses=self.losses,
            weighted=given.request.weighting(given.weight),
            weight=call.described(given.weight, given.real),
            values=call.described(given.values, given.real),
        )
        self.launch(kernels.ending_kernel(self.dtype), blocks, header, partials[0])
        scale = call.pulled()
        if given.mode and given.request.averaged:
            scale = call.workspace(1)
            call.finish(*partials, None, scale=scale)
        for k, output in enumerate(given.outputs):
            size, slopes = given.sizes[k], self.slopes[k]
            if given.wanted[k]:
                places = size, given.entries, slopes, scale, self.points(output)
                self.spread(kernels.delivering_kernel(self.dtype), given.samples * size * given.entries, *places)
        return conclude(call, partials, None, (given.values, given.outputs), [], given.complain)


def discrepancy(walks: Walks) -> None:
    """The law between the points of each cloud, less twice that between the clouds."""
    given, (n, m) = walks.given, walks.given.sizes
    pairs, across = given.pairs(), max(1, n * m)
    for k, wanted in enumerate(given.wanted):
        sums = walks.walk(k, k, 2.0 / pairs[k] if wanted else None, int(given.flag("unbiased")))
        walks.gather(k, sums, 1.0 / pairs[k])
    sums = walks.walk(0, 1, -2.0 / across if given.wanted[0] else None)
    walks.gather(0, sums, -2.0 / across)
    if given.wanted[1]:
        walks.walk(1, 0, -2.0 / across)


class Transport:
    """The plans of a call."""

    def __init__(self, walks: Walks) -> None:
        self.walks, self.given = walks, cast(Plan, walks.given)
        library, kept = walks.call.library, walks.call.kept
        self.masses = [library.numbers(masses, kept)[1] for masses in self.given.given_masses]

    def potentials(self, cloud: int) -> int:
        """Address of a 0 for each point of a cloud."""
        found, size = self.walks.doubles(self.given.sizes[cloud]), self.given.sizes[cloud]
        self.walks.spread(kernels.clearing_kernel(), self.given.samples * size, found)
        return found

    def step(self, one: int, other: int, known: dict[str, int]) -> None:
        """New potentials of the points of one cloud."""
        walks, given = self.walks, self.given
        header = walks.header(one, other, **known)
        kernel = kernels.stepping_kernel(given.loss.law, walks.count, walks.dtype)
        walks.launch(kernel, given.samples * given.sizes[one], header, walks.clouds[one], walks.clouds[other])

    def advance(self, one: int, other: int, known: dict[str, int], done: int) -> None:
        """What a step leaves for the next."""
        given = self.given
        header = kernels.Advanced(
            rows=given.sizes[one],
            columns=given.sizes[other],
            done=done,
            errors=known["sums"],
            iterations=given.iterations,
            rate=1.0 / given.eps,
            tolerance=given.tolerance,
            faster=1.0 / given.scaling if given.scaling else 1.0,
            **{name: known[name] for name in ("rates", "settled", "masses", "potentials", "others")},
        )
        self.walks.launch(kernels.advancing_kernel(), given.samples, header)

    def iterate(self, one: int, other: int) -> dict[str, int]:
        """The iterations of a plan between two clouds, or within one; addresses of what it is made of."""
        walks = self.walks
        rates, settled, done = (walks.doubles(1) for _ in range(3))
        walks.spread(kernels.clearing_kernel(), self.given.samples, done)
        walks.begin((one, other), rates, settled)
        own = self.potentials(one)
        others = own if one == other else self.potentials(other)
        updated, sums, unread = own, walks.doubles(self.given.sizes[one]), walks.doubles(self.given.sizes[other])
        if one == other:
            updated = self.potentials(one)
        known = {"rates": rates, "settled": settled, "potentials": own, "others": others, "updated": updated}
        known |= {"sums": sums, "masses": self.masses[one], "other_masses": self.masses[other]}
        back = {**known, "potentials": others, "others": own, "updated": others, "sums": unread}
        back |= {"masses": self.masses[other], "other_masses": self.masses[one]}
        for _ in range(self.given.falling + self.given.iterations):
            self.step(one, other, {**known, "partly": int(one == other)})
            if one == other:
                walks.spread(kernels.taking_kernel(), self.given.samples * self.given.sizes[one], updated, own)
            else:
                self.step(other, one, back)
            self.advance(one, other, known, done)
        return {name: known[name] for name in ("rates", "potentials", "others", "masses", "other_masses")}

    def across(self) -> None:
        """The cost of transport from the first cloud to the second."""
        walks, given, known = self.walks, self.given, self.iterate(0, 1)
        back = {**known, "potentials": known["others"], "others": known["potentials"]}
        back |= {"masses": known["other_masses"], "other_masses": known["masses"]}
        for one, found in ((0, known), (1, back)):
            if given.wanted[one]:
                walks.walk(one, 1 - one, 1.0, **found)
            walks.gather(one, found["potentials"], given.eps, found["masses"])

    def within(self, cloud: int) -> None:
        """Half the cost of transport from a cloud to itself, taken off."""
        walks, given, known = self.walks, self.given, self.iterate(cloud, cloud)
        sums = walks.walk(cloud, cloud, -1.0 if given.wanted[cloud] else None, **known)
        walks.gather(cloud, known["potentials"], -given.eps, known["masses"])
        walks.gather(cloud, sums, 0.5 * given.eps, known["masses"], -0.5 * given.eps)


def transport(walks: Walks) -> None:
    """What transport costs, and with `debias` less what it costs within each cloud."""
    found = Transport(walks)
    found.across()
    if found.given.debias:
        found.within(0)
        found.within(1)


RULES: dict[str, tuple[type[TwoClouds], Callable[[Walks], None]]] = {
    "discrepancy": (TwoClouds, discrepancy),
    "transport": (Plan, transport),
}


def compute(request: Request) -> Any:
    """Run a loss of two clouds of points."""
    call = Call(request)
    reading, rule = RULES[request.loss.rows["rule"]]
    with call.library.current():
        walks = Walks(call, reading(call.library, request))
        rule(walks)
        return walks.end()
