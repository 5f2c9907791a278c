"""The header of losses of clouds of points."""

from __future__ import annotations

from dataclasses import dataclass

from .structs import Double, Header, Int


@dataclass
class Clouds(Header):
    """Each point of a cloud with all points of another one, in each of so many samples.

    The first has `rows` points, so many a block and so many blocks a sample, the second `columns`. What are no numbers
    of this kind are array objects, or 0. `first` has the entries of a point side by side, `second` one entry of all
    points; both are in `units`, a double for each sample. The law takes `scales` rows of `count` parameters, doubles.
    `own`: both clouds are the same, and no point is compared with itself.

    sums: a double for each point of the first cloud, what its law adds up to; slopes: doubles, to which its gradient is
    added, times the double that each sample has among `factors`.

    rates: a double for each sample, what costs are multiplied by in a plan of transport. potentials: doubles of the
    first cloud, and where new ones go; others: those of the second in the dtype of the data, and what they are rounded
    from. references: of both clouds, potentials of the powers that are kept; weights: masses of the second times the
    powers of what its potentials are beyond these. masses: what each point has, in the dtype of the data. `partly`: a
    new potential is two thirds of the way to what it ought to be. shares: doubles for each block and column, or 0.
    Integers of each sample: `keeps` what lies in `costs`, `settled` what stays, `lost` what has columns beyond reach.
    No exponent is below `low`, and sums of powers are trusted from `least` to `most`.
    """

    rows: Int
    columns: Int
    entries: Int
    block: Int
    blocks: Int
    itemsize: Int
    tile: Int
    mode: Int
    scales: Int
    count: Int
    own: Int
    plan: Int
    partly: Int
    first: Int
    second: Int
    units: Int
    params: Int
    costs: Int
    keeps: Int
    factors: Int
    sums: Int
    slopes: Int
    rates: Int
    potentials: Int
    updated: Int
    others: Int
    others_exact: Int
    references: Int
    other_references: Int
    weights: Int
    masses: Int
    other_masses: Int
    shares: Int
    settled: Int
    lost: Int
    low: Double
    least: Double
    most: Double
