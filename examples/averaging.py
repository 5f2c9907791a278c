"""Averaging: several networks that differ by their seeds alone, and what the mean of their answers is worth."""

import numpy as np

import numloss as nl
from numloss.data import Standardiser, digits, split
from numloss.train import Settings, fit


def main() -> None:
    """Train five networks on the same rows and average their probabilities."""
    data, test = split(digits().flat(), 0.25, seed=0)
    scaling = Standardiser.of(data.features)
    data, test = data.scaled(scaling), test.scaled(scaling)
    mean = np.zeros((len(test), data.outputs))
    for seed in range(5):
        settings = Settings(hidden=(64,), epochs=15, test_fraction=0.0, standardise=False, seed=seed)
        outputs = fit(nl.cross_entropy, settings, data=data).network.predict(test.features).astype(np.float64)
        odds = np.exp(outputs - outputs.max(axis=1, keepdims=True))
        probabilities = odds / odds.sum(axis=1, keepdims=True)
        mean += probabilities / 5
        report(f"network {seed}", probabilities, test.target)
    report("mean of five", mean, test.target)


def report(name: str, probabilities: np.ndarray, labels: np.ndarray) -> None:
    """Accuracy and cross-entropy of probabilities."""
    loss = nl.cross_entropy(probabilities, labels, from_probabilities=True, eps=1e-12)
    print(f"{name}: accuracy {np.mean(probabilities.argmax(axis=1) == labels):.1%}, cross-entropy {loss:.4f}")


if __name__ == "__main__":
    main()
