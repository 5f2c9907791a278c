"""Layers with forward and backward passes, in NumPy, without allocation inside the loop."""

from .layers import Layer, Linear, ReLU
from .network import Sequential, mlp
from .parameters import Parameters

__all__ = ["Layer", "Linear", "Parameters", "ReLU", "Sequential", "mlp"]
