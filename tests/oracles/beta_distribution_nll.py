"""Negative log-likelihood of a beta distribution, from its definition."""

import functools

import mpmath as mp
import numpy as np
from points import concentrations

psi, loggamma = functools.cache(mp.psi), functools.cache(mp.loggamma)
log_gamma = np.vectorize(lambda x: float(mp.loggamma(x)), otypes=[float])


def value(alpha, beta, target):
    t = np.asarray(target, dtype=np.float64)
    spread = log_gamma(alpha) + log_gamma(beta) - log_gamma(alpha + beta)
    return spread - (alpha - 1.0) * np.log(t) - (beta - 1.0) * np.log1p(-t)


def size(alpha, beta, target):
    return 1.0 + np.abs(log_gamma(alpha + beta)) + alpha * np.abs(np.log(target)) + beta * np.abs(np.log1p(-target))


def exact(alpha, beta, target):
    both, chance, rest = alpha + beta, mp.log(target), mp.log1p(-target)
    value = loggamma(alpha) + loggamma(beta) - loggamma(both) - (alpha - 1) * chance - (beta - 1) * rest
    slopes = psi(0, alpha) - psi(0, both) - chance, psi(0, beta) - psi(0, both) - rest
    return value, slopes, tuple(psi(1, x) - psi(1, both) for x in (alpha, beta))


def scale(alpha, beta, target):
    """The largest term, and what those of the sum move by with its last digit."""
    both, chance, rest = alpha + beta, mp.log(target), mp.log1p(-target)
    terms = [loggamma(alpha), loggamma(beta), loggamma(both), (alpha - 1) * chance, (beta - 1) * rest]
    terms.append(both * psi(0, both))
    slopes = [psi(0, alpha), chance], [psi(0, beta), rest]
    shared = psi(0, both), both * psi(1, both)
    return (
        max(map(abs, terms)),
        tuple(max(map(abs, (*each, *shared))) for each in slopes),
        tuple(max(psi(1, x), 2 * psi(1, both)) for x in (alpha, beta)),
    )


TAILS = [(concentrations, {})]
