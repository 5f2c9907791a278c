"""A language model of characters: trained here, its logits saved, and scored from the files as any model's are."""

import tempfile
from functools import partial
from pathlib import Path

import numpy as np

import numloss as nl
from numloss.data import dataset
from numloss.nn import GELU, Linear, Network
from numloss.train import Adam, Step, Trainer, cosine, objective

CONTEXT, HIDDEN, EPOCHS, ROWS = 4, 64, 2, 128
UNSEEN = 8


def texts() -> list[str]:
    """What there is to read: the pages of the losses."""
    found = [getattr(nl, loss["name"]).__doc__ or "" for loss in nl.list_losses()]
    return [text.split("Parameters")[0].lower() for text in found]


def windows(text: str, letters: str) -> tuple[np.ndarray, np.ndarray]:
    """For each character of a text the ones before it, a one among zeros for each, and its number."""
    codes = np.array([letters.find(letter) for letter in " " * CONTEXT + text])
    before = np.lib.stride_tricks.sliding_window_view(codes[:-1], CONTEXT)
    return np.eye(len(letters), dtype=np.float32)[before].reshape(len(before), -1), codes[CONTEXT:]


def trained(features: np.ndarray, labels: np.ndarray, outputs: int, epochs: int) -> Network:
    """A network that says which character comes next."""
    network = Network([Linear(HIDDEN), GELU(), Linear(outputs)], features.shape[1], rows=ROWS, seed=0)
    data = dataset(features, labels, name="characters")
    factor = partial(cosine, steps=epochs * -(-len(data) // ROWS))
    adam = Adam(network.parameters.values.size)
    Trainer(Step(network, objective(nl.cross_entropy, data), adam, rate=4e-3, factor=factor), data).run(epochs)
    return network


def main() -> None:
    """Train a model for a while and one for longer, save their logits for texts they have not seen, and compare."""
    pages = texts()
    letters = " " + "".join(sorted(set("".join(pages)) - {" "}))
    seen = [windows(page, letters) for page in pages[UNSEEN:]]
    features, labels = np.concatenate([x for x, _ in seen]), np.concatenate([y for _, y in seen])
    unseen = [windows(page, letters) for page in pages[:UNSEEN]]
    target = np.concatenate([y for _, y in unseen])
    with tempfile.TemporaryDirectory() as folder:
        paths = {}
        for name, epochs in (("short", 1), ("long", EPOCHS)):
            network = trained(features, labels, len(letters), epochs)
            paths[name] = Path(folder, f"{name}.npy")
            np.save(paths[name], np.concatenate([network.predict(x) for x, _ in unseen]).astype(np.float16))
        documents = np.repeat(np.arange(UNSEEN), [len(y) for _, y in unseen])
        result = nl.score(paths, target, reference="long", documents=documents, bytes=np.ones(len(target)))
        print(result)
        for name, path in paths.items():
            logits = np.load(path).astype(np.float64)
            sums = np.log(np.exp(logits).sum(axis=1))
            exact = np.exp(np.mean(sums - logits[np.arange(len(target)), target]))
            print(f"{name}: perplexity {result.perplexity(name):.6f}, by NumPy in float64 {exact:.6f}")


if __name__ == "__main__":
    main()
