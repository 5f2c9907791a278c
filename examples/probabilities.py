"""A network that ends in a softmax, trained on its probabilities, beside one that is trained on its logits."""

from functools import partial

import numloss as nl
from numloss.train import Settings, fit


def main() -> None:
    """Both networks have the same first weights and see the same rows."""
    settings = Settings(epochs=10)
    on_probabilities = partial(nl.cross_entropy, from_probabilities=True, eps=1e-7)
    for name, loss in (("probabilities", on_probabilities), ("logits", nl.cross_entropy)):
        run = fit(loss, settings)
        last = type(run.network.layers[-1]).__name__
        print(f"{name}: accuracy {run.test['accuracy']:.1%}, loss {run.test['loss']:.4f}, last layer {last}")


if __name__ == "__main__":
    main()
