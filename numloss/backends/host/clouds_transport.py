"""Sinkhorn's iterations on the host, of all samples of a call, each until its own plan is near enough."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from ...loops.codes import COSTS_KEPT, COSTS_MADE, POWERS_KEPT, POWERS_MADE
from ..packing.operands import Array
from .clouds_walks import Walks, last_sums

if TYPE_CHECKING:
    from ...calls.clouds import Plan

# Costs that are kept for the iterations take no more than this.
KEPT_BYTES = 2**28
# Powers are those of potentials that differ by no more than this from those of now.
FAR = {4: 20.0, 8: 200.0}
FROM_REFERENCES = (("potentials", "references"), ("others_exact", "other_references"))


class Transport:
    """The plans of a call. Potentials are those of the definition over eps."""

    def __init__(self, walks: Walks) -> None:
        self.walks, self.given, self.real = walks, cast("Plan", walks.given), walks.real
        self.exact = self.given.given_masses
        self.masses = [masses.astype(self.real) for masses in self.exact]
        self.last = np.full(self.given.samples, 1.0 / self.given.eps)

    def zeros(self, cloud: int) -> Array:
        """A number for each point."""
        return np.zeros(self.exact[cloud].shape)

    def rates(self, clouds: tuple[int, ...]) -> Array:
        """What costs between points of these clouds are multiplied by at first."""
        points = [self.walks.clouds[k].points for k in clouds]
        low = np.minimum.reduce([cloud.min(axis=1, initial=np.inf) for cloud in points])
        high = np.maximum.reduce([cloud.max(axis=1, initial=-np.inf) for cloud in points])
        return self.given.first_rates((high - low).astype(np.float64), self.walks.units)

    def steps(self, header: Any, known: dict[str, Array], masses: Array, moved: list[str]) -> Iterator[None]:
        """Before each step rates rise to what they shall be; after it a sample whose plan is near enough settles.

        Costs are computed in the first step. In the second one without another rate powers take their place, for as
        long as the potentials, which are `moved`, are near to those that the powers are of.
        """
        given, rates, settled = self.given, known["rates"], known["settled"]
        done = np.zeros(given.samples, np.int64)
        while not settled.all():
            yield
            there = (rates == self.last) & (settled == 0)
            done += there
            near = ~(last_sums(masses * known["sums"]) > given.tolerance)
            settled[there & (near | (done >= given.iterations))] = 1
            if header.costs:
                self.keep_next(there, known)
            faster = np.minimum(self.last, rates / given.scaling) if given.scaling else self.last
            for name in moved:
                known[name] *= (faster / rates)[:, None]
            rates[...] = faster

    def keep_next(self, steady: Array, known: dict[str, Array]) -> None:
        """What is kept of each sample in the next step; `steady` are those whose rates stay."""
        keeps, away = known["keeps"], np.zeros(self.given.samples)
        for one, other in FROM_REFERENCES:
            away = np.maximum(away, np.abs(known[one] - known[other]).max(axis=1, initial=0.0))
        before = keeps < POWERS_MADE
        # what is NaN is so in what is kept, too
        keeps[~before] = np.where(away[~before] > FAR[self.real.itemsize], COSTS_MADE, POWERS_KEPT)
        keeps[before] = np.where(steady[before], POWERS_MADE, COSTS_KEPT)

    def begin(self, one: int, other: int, across: bool) -> tuple[Any, dict[str, Array]]:
        """The problem of the steps from one cloud to another, and its arrays."""
        samples, sizes = self.given.samples, self.given.sizes
        rows, columns = self.zeros(one), self.zeros(other)
        known = {"rates": self.rates((one, other)), "potentials": rows, "updated": rows, "others_exact": columns}
        if not across:
            known |= {"updated": self.zeros(one), "others_exact": rows}
        known |= {"others": columns.astype(self.real), "weights": columns.astype(self.real), "sums": self.zeros(one)}
        known |= {"references": self.zeros(one), "other_references": self.zeros(other)}
        known |= {"masses": self.masses[one], "other_masses": self.masses[other]}
        known |= {name: np.zeros(samples, np.int64) for name in ("settled", "lost", "keeps")}
        header = self.walks.header(self.walks.clouds[one], self.walks.clouds[other], 0, **known)
        if across:
            known["shares"] = np.empty(samples * header.blocks * sizes[other])
            header.shares = id(known["shares"])
        if samples * sizes[one] * sizes[other] * self.real.itemsize <= KEPT_BYTES:
            known["costs"] = np.empty(samples * sizes[one] * sizes[other], self.real)
            header.costs = id(known["costs"])
        return header, known

    def across(self, factors: Array) -> Array:
        """The cost of transport from the first cloud to the second; gradients of both are added."""
        walks = self.walks
        header, known = self.begin(0, 1, True)
        for _ in self.steps(header, known, self.exact[0], ["potentials", "others_exact"]):
            known["others"][...] = known["others_exact"]
            walks.launch("transport_rows_block", header, header.blocks)
            walks.launch("transport_columns_block", header, -(-header.columns // 512), 0.0)
            if known["lost"].any():
                self.look_again(known)
        return self.cost_across(factors, known["rates"], known["potentials"], known["others_exact"])

    def look_again(self, known: dict[str, Array]) -> None:
        """The potentials of the second cloud of samples that are lost, each from its largest power on."""
        turned = ("rates", "others_exact", "others_exact", "other_masses", "masses")
        names = ("rates", "potentials", "updated", "masses", "other_masses")
        arrays = {name: known[other] for name, other in zip(names, turned, strict=True)}
        arrays |= {"others": known["potentials"].astype(self.real), "sums": self.zeros(1)}
        arrays |= {"settled": (known["lost"] == 0).astype(np.int64), "keeps": np.zeros_like(known["keeps"])}
        clouds = self.walks.clouds
        header = self.walks.header(clouds[1], clouds[0], 0, **arrays)
        self.walks.launch("transport_rows_block", header, header.blocks)
        known["lost"][...] = 0

    def plan(self, one: int, other: int, factors: Array | None, rates: Array, own: Array, others: Array) -> Array:
        """A walk with what the plan takes from each point of a cloud to those of another."""
        known = {"rates": rates, "potentials": own, "others": others.astype(self.real)}
        known |= {"masses": self.masses[one], "other_masses": self.masses[other]}
        return self.walks.walk(one, other, factors, 0, **known)

    def cost_across(self, factors: Array, rates: Array, rows: Array, columns: Array) -> Array:
        """The cost, and the gradients by both clouds."""
        given = self.given
        if given.wanted[0]:
            self.plan(0, 1, factors, rates, rows, columns)
        if given.wanted[1]:
            self.plan(1, 0, factors, rates, columns, rows)
        return np.asarray(given.eps * (last_sums(self.exact[0] * rows) + last_sums(self.exact[1] * columns)))

    def within(self, cloud: int, factors: Array) -> Array:
        """Twice the cost of transport from a cloud to itself; what it takes off the gradient is added."""
        given, walks, masses = self.given, self.walks, self.exact[cloud]
        header, known = self.begin(cloud, cloud, False)
        header.partly = 1
        potentials = known["potentials"]
        for _ in self.steps(header, known, masses, ["potentials"]):
            known["others"][...] = potentials
            walks.launch("transport_rows_block", header, header.blocks)
            np.copyto(potentials, known["updated"], where=(known["settled"] == 0)[:, None])
            walks.launch("transport_columns_block", header, -(-header.columns // 512), 0.0)
        wanted = -factors if given.wanted[cloud] else None
        sums = self.plan(cloud, cloud, wanted, known["rates"], potentials, potentials)
        return np.asarray(given.eps * (2.0 * last_sums(masses * potentials) - (last_sums(masses * sums) - 1.0)))
