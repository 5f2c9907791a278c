"""Cross-entropy of the logits of a linear layer, from its definition."""

from oracles import cross_entropy


def count(hidden, classifier, target, **options):
    return cross_entropy.count(hidden @ classifier.T, target, **options)


def value(hidden, classifier, target, *, bias=0.0, **options):
    return cross_entropy.value(hidden @ classifier.T + bias, target, **options)
