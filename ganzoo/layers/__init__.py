"""Faster versions of torch's layers, and convolutions for networks under a penalty."""

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
