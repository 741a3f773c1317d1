"""Faster layers than torch's, convolutions for penalties, labels as vectors, and sides of maps."""

from ganzoo.layers.convolution import convolve, spread
from ganzoo.layers.embedding import embedding
from ganzoo.layers.fast import (
    LeakyReLU,
    NarrowConv2d,
    NarrowConvTranspose2d,
    differentiated_twice,
)
from ganzoo.layers.sides import Size, doubled_sides, halved_sides, halving_kernel, stage_widths

__all__ = [
    "LeakyReLU",
    "NarrowConv2d",
    "NarrowConvTranspose2d",
    "Size",
    "convolve",
    "differentiated_twice",
    "doubled_sides",
    "embedding",
    "halved_sides",
    "halving_kernel",
    "spread",
    "stage_widths",
]
