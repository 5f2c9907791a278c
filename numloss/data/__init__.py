"""Where data comes from: .npy files in chunks, .npz archives, the digits; and how it is split and scaled."""

from .dataset import Dataset, Standardiser, digits, from_npz, split
from .npy import NpyFile, load_npy
from .npz import load_npz
from .random import permutation

__all__ = ["Dataset", "NpyFile", "Standardiser", "digits", "from_npz", "load_npy", "load_npz", "permutation", "split"]
