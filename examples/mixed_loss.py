"""A mixture of losses is a loss: cross-entropy for the class, focal loss for hard rows, penalties on the weights."""

from functools import partial

import numloss as nl
from numloss.train import Settings, fit


def main() -> None:
    """Train on the parts and on their mixture, with the same settings."""
    smooth, hard = partial(nl.cross_entropy, label_smoothing=0.1), partial(nl.focal, gamma=1.5)
    mixed = nl.combine((0.7, smooth), (0.3, hard))
    for loss in (smooth, hard, mixed):
        run = fit(loss, Settings(epochs=15, l2=1e-4, l1=1e-5))
        print(f"{run.loss}: accuracy {run.test['accuracy']:.1%}")


if __name__ == "__main__":
    main()
