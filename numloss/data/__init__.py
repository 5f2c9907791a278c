"""Where data comes from: arrays and files in chunks or whole; and how it is split, scaled and put into batches."""

from .batches import Augmentation, Gather
from .cifar10 import load_cifar10
from .dataset import Dataset, Standardiser, dataset, split
from .datasets import digits, from_npz, load
from .idx import load_idx
from .npy import NpyFile, load_npy
from .npz import load_npz
from .random import permutation

__all__ = [
    "Augmentation", "Dataset", "Gather", "NpyFile", "Standardiser", "dataset", "digits", "from_npz", "load",
    "load_cifar10", "load_idx", "load_npy", "load_npz", "permutation", "split",
]
