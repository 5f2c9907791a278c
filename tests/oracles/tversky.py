"""Tversky loss, from its definition: the differences of two sets have weights of their own."""

from oracles.dice import lost, regions


def value(pred, target, *, alpha=0.5, beta=0.5, smooth=1.0, **options):
    both, claimed, wanted = regions(pred, target, **options)
    return lost(both + smooth, both + alpha * (claimed - both) + beta * (wanted - both) + smooth)
