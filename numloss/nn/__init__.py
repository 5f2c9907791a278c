"""Layers with forward and backward passes on the CPU, without allocation inside the loop."""

from .activations import GELU, LogSoftmax, ReLU, Sigmoid, Softmax, Tanh
from .convolution import Conv2d
from .dropout import Dropout
from .initial import kaiming, xavier
from .layer import Layer
from .linear import Affine, Embedding, Flatten, Linear
from .models import cnn, mlp
from .network import Network
from .normalisation import BatchNorm1d, BatchNorm2d, LayerNorm
from .parameters import Parameters
from .pooling import AvgPool2d, GlobalAvgPool2d, MaxPool2d
from .sequential import Residual, Sequential

__all__ = [
    "Affine", "AvgPool2d", "BatchNorm1d", "BatchNorm2d", "Conv2d", "Dropout", "Embedding", "Flatten", "GELU",
    "GlobalAvgPool2d", "Layer", "LayerNorm", "Linear", "LogSoftmax", "MaxPool2d", "Network", "Parameters", "ReLU",
    "Residual", "Sequential", "Sigmoid", "Softmax", "Tanh", "cnn", "kaiming", "mlp", "xavier",
]
