"""Adversarial training: the gradient of the loss with respect to the input finds the worst nearby image."""

import numpy as np

import numloss as nl
from numloss.data import Dataset, Standardiser, digits, permutation, split
from numloss.nn import Network, mlp
from numloss.train import Adam, Step, objective

ROWS, EPOCHS, REACH = 64, 12, 0.3
value_and_grad = nl.value_and_grad(nl.cross_entropy)


def attack(network: Network, x: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Each pixel moved by REACH in the direction that raises the loss (Goodfellow et al., 2015)."""
    moved = np.empty_like(x)
    for at in range(0, len(x), network.rows):
        rows = slice(at, at + network.rows)
        _, slope = value_and_grad(network.forward(x[rows]), labels[rows])
        moved[rows] = x[rows] + REACH * np.sign(network.backward(slope, wanted=True))
    return moved


def train(data: Dataset, adversarial: bool) -> Network:
    """A network trained on the images, or on half of them moved against it."""
    network = mlp(64, (128,), 10, rows=ROWS, seed=1)
    step = Step(network, objective(nl.cross_entropy, data), Adam(network.parameters.values.size), rate=2e-3)
    number = 0
    for epoch in range(EPOCHS):
        order = permutation(len(data), 1, epoch)
        for at in range(0, len(order), ROWS):
            x, labels = data.features[order[at : at + ROWS]], data.target[order[at : at + ROWS]]
            if adversarial:
                half = len(x) // 2
                x[:half] = attack(network, x[:half], labels[:half])
            step(x, labels, None, number)
            number += 1
    return network


def accuracy(network: Network, x: np.ndarray, labels: np.ndarray) -> float:
    """Share of rows whose largest output is that of their class."""
    return float(np.mean(network.predict(x).argmax(axis=1) == labels))


def main() -> None:
    """Train both ways and attack both networks."""
    train_part, test_part = split(digits().flat(), 0.25, seed=0)
    scaling = Standardiser.of(train_part.features)
    train_part, test_part = train_part.scaled(scaling), test_part.scaled(scaling)
    for name, adversarial in (("plain", False), ("adversarial", True)):
        network = train(train_part, adversarial)
        x, labels = test_part.features, test_part.target
        clean, attacked = accuracy(network, x, labels), accuracy(network, attack(network, x, labels), labels)
        print(f"{name} training: accuracy {clean:.1%}, under attack {attacked:.1%}")


if __name__ == "__main__":
    main()
