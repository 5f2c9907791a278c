"""Self-play preference optimisation, from its definition."""

from points import preferences


def value(chosen, rejected, reference_chosen, reference_rejected, *, beta=0.1):
    return (chosen - reference_chosen - 0.5 / beta) ** 2 + (rejected - reference_rejected + 0.5 / beta) ** 2


def exact(chosen, rejected, reference_chosen, reference_rejected, *, beta=0.1):
    first, second = chosen - reference_chosen - 1 / (2 * beta), rejected - reference_rejected + 1 / (2 * beta)
    return first**2 + second**2, (2 * first, 2 * second), (2, 2)


TAILS = [(preferences, {"beta": 0.125})]
