"""Squared error of margins between scores, from its definition."""

from points import margins


def value(positive, negative, target):
    return (positive - negative - target) ** 2


def exact(positive, negative, target):
    error = positive - negative - target
    return error**2, (2 * error, -2 * error), (2, 2)


TAILS = [(margins, {})]
