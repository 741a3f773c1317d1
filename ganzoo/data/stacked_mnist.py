"""Stacked-MNIST: three digits as red, green and blue, which makes a thousand countable modes.

PacGAN's protocol (Lin et al. 2018, arXiv 1712.04086): 128,000 fixed images, whose digits are drawn
once, with replacement.
"""

from __future__ import annotations

import hashlib

import torch
from torch import Tensor

from ganzoo.data.devices import beside, has_room
from ganzoo.data.mnist import MNIST
from ganzoo.data.picture_form import Size
from ganzoo.errors import DataError
from ganzoo.interfaces import Dataset
from ganzoo.seeds import derive


class StackedMNIST(Dataset):
    """Three digits of MNIST in one image; the label is 100 red + 10 green + blue.

    Memory holds the digits uint8 [M, 1, H, W] and the three numbers of each image, int32
    [length, 3]; images are put together batch by batch.
    """

    num_classes = 1000

    def __init__(self, split: str = "train", size: Size = 32, length: int = 128_000) -> None:
        if length < 1:
            raise DataError(f"length must be 1 or more, found {length}")
        self.digits = MNIST(split, size)
        self.sample_shape = (3, *self.digits.sample_shape[1:])
        rng = torch.Generator().manual_seed(derive("stacked-mnist", split))
        self.triples = torch.randint(
            len(self.digits), (length, 3), generator=rng, dtype=torch.int32
        )

    @classmethod
    def is_here(cls) -> bool:
        """Whether MNIST's files are in the data folder."""
        return MNIST.is_here()

    def __len__(self) -> int:
        return len(self.triples)

    def batch(self, indices: Tensor) -> tuple[Tensor, Tensor]:
        """Indices [N] -> images float32 [N, 3, H, W] in [-1, 1], labels int64 [N]."""
        triples = self.triples.index_select(0, beside(indices, self.triples))
        digits, labels = self.digits.batch(triples.flatten())
        red, green, blue = labels.view(-1, 3).unbind(1)
        return digits.view(-1, *self.sample_shape), 100 * red + 10 * green + blue

    def class_counts(self) -> Tensor:
        """Number of images of each class, int64 [1000]."""
        places = torch.tensor([100, 10, 1])
        digits = self.digits.labels.cpu()[self.triples.cpu().long()]
        return (digits * places).sum(1).bincount(minlength=self.num_classes)

    def to(self, device: torch.device) -> None:
        """Move the digits and the triples to the device if they fit there."""
        held = (self.digits.images, self.digits.labels, self.triples)
        if has_room(device, sum(tensor.nbytes for tensor in held)):
            self.digits.to(device)
            self.triples = self.triples.to(device)

    def content_hash(self) -> str:
        """Sha256 over the digits' hash and the triples, which together determine the images."""
        digest = hashlib.sha256(self.digits.content_hash().encode())
        digest.update(self.triples.cpu().numpy().tobytes())
        return digest.hexdigest()
