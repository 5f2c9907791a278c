"""Identity preference optimisation, from its definition."""

from points import preferences


def value(chosen, rejected, reference_chosen, reference_rejected, *, beta=0.1):
    return ((chosen - reference_chosen) - (rejected - reference_rejected) - 1 / (2 * beta)) ** 2


def exact(chosen, rejected, reference_chosen, reference_rejected, *, beta=0.1):
    left = (chosen - reference_chosen) - (rejected - reference_rejected) - 1 / (2 * beta)
    return left**2, (2 * left, -2 * left), (2, 2)


TAILS = [(preferences, {"beta": 0.125})]
