"""Layers that compute what torch's do, in less time, and convolutions made to be penalised."""

from ganzoo.layers.convolution import convolve, spread
from ganzoo.layers.fast import (
    LeakyReLU,
    NarrowConv2d,
    NarrowConvTranspose2d,
    differentiated_twice,
)

__all__ = [
    "LeakyReLU",
    "NarrowConv2d",
    "NarrowConvTranspose2d",
    "convolve",
    "differentiated_twice",
    "spread",
]
