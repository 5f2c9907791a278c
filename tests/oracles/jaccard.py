"""Jaccard loss, from its definition as a ratio of sets."""

from oracles.dice import lost, regions


def value(pred, target, *, smooth=1.0, **options):
    both, claimed, wanted = regions(pred, target, **options)
    return lost(both + smooth, claimed + wanted - both + smooth)
