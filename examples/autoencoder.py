"""An autoencoder: the target is the input, and a narrow layer in the middle has to hold what matters."""

from functools import partial

import numpy as np

import numloss as nl
from numloss.data import dataset, digits, split
from numloss.nn import GELU, Linear, Network
from numloss.train import Adam, Step, Trainer, cosine, objective

NARROW, EPOCHS, ROWS = 8, 60, 32


def main() -> None:
    """Press 64 pixels into 8 numbers, and compare with as many principal components."""
    pixels = digits().flat().features / 16.0
    seen, unseen = split(dataset(pixels, pixels, name="digits onto themselves"), 0.25, seed=0)
    layers = [Linear(128), GELU(), Linear(NARROW), Linear(128), GELU(), Linear(64)]
    network = Network(layers, 64, rows=ROWS, seed=0)
    factor = partial(cosine, steps=EPOCHS * -(-len(seen) // ROWS))
    adam = Adam(network.parameters.values.size)
    Trainer(Step(network, objective(nl.mse, seen), adam, rate=3e-3, factor=factor), seen).run(EPOCHS)

    mean = seen.features.mean(axis=0)
    basis = np.linalg.svd(seen.features - mean, full_matrices=False)[2][:NARROW]
    linear = (unseen.features - mean) @ basis.T @ basis + mean
    error = nl.mse(network.predict(unseen.features), unseen.features)
    print(f"mean squared error on {len(unseen)} digits never seen: {error:.5f}")
    print(f"{NARROW} principal components: {nl.mse(linear, unseen.features):.5f}; "
          f"the mean digit: {nl.mse(np.tile(mean, (len(unseen), 1)), unseen.features):.5f}")  # fmt: skip


if __name__ == "__main__":
    main()
