"""MNIST and Fashion-MNIST from their files, and mnist-mini, which is in the package."""

from __future__ import annotations

import functools
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar

import torch
from safetensors.torch import load_file
from torch import Tensor

from ganzoo.cache.places import data_root
from ganzoo.data.picture_form import Size
from ganzoo.data.pixels import PixelDataset, check_split
from ganzoo.errors import DataError, one_line

MINI = Path(__file__).with_name("mnist-mini.safetensors")
#: What the names of the files of each split begin with.
PREFIXES = {"train": "train", "test": "t10k"}
#: The classes by number; Zalando's as their README lists them, in lower case.
DIGITS = tuple("0123456789")
ARTICLES = (
    *("t-shirt", "trouser", "pullover", "dress", "coat"),
    *("sandal", "shirt", "sneaker", "bag", "ankle-boot"),
)


class MNISTMini(PixelDataset):
    """2,000 training and 1,000 test digits of MNIST, as many of each class; CC BY-SA 3.0."""

    extractor, control = "cnn-mnist", "ae-mnist"
    class_names = DIGITS

    def __init__(self, split: str = "train", size: Size = 28, channels: int = 1) -> None:
        check_split(split)
        tensors = load_file(MINI)
        super().__init__(tensors[f"{split}.images"], tensors[f"{split}.labels"], size, channels)


class _FromFiles(PixelDataset):
    """60,000 training and 10,000 test images of 28x28, in files of MNIST's format.

    `folder` is the name of torchvision's class, and of the folder where it stores them.
    """

    folder: ClassVar[str]

    def __init__(self, split: str = "train", size: Size = 28, channels: int = 1) -> None:
        super().__init__(*read_or_fetch(self.folder, split), size, channels)

    @classmethod
    def is_here(cls) -> bool:
        """Whether its files are in the data folder."""
        return is_here(cls.folder)


class MNIST(_FromFiles):
    """Handwritten digits (LeCun, Cortes and Burges; CC BY-SA 3.0): 28x28, grey, ten classes."""

    folder = "MNIST"
    extractor, control = "cnn-mnist", "ae-mnist"
    class_names = DIGITS


class FashionMNIST(_FromFiles):
    """Zalando's articles (Xiao et al. 2017; MIT): 28x28, grey, ten classes."""

    folder = "FashionMNIST"
    extractor, control = "cnn-fashion-mnist", "ae-fashion-mnist"
    class_names = ARTICLES


def files_of(folder: str, split: str) -> tuple[Path, Path]:
    """The files of a split's images and labels, below $GANZOO_DATA as torchvision stores them."""
    raw, prefix = data_root() / folder / "raw", PREFIXES[split]
    return raw / f"{prefix}-images-idx3-ubyte", raw / f"{prefix}-labels-idx1-ubyte"


def is_here(folder: str, *, packed: bool = True) -> bool:
    """Whether both splits' files are in the data folder; with `packed`, .gz files count too."""
    files = [file for split in PREFIXES for file in files_of(folder, split)]
    return all(f.is_file() or (packed and Path(f"{f}.gz").is_file()) for f in files)


def read_or_fetch(folder: str, split: str) -> tuple[Tensor, Tensor]:
    """Images uint8 [M, 28, 28] and labels uint8 [M], through torchvision's download if absent."""
    check_split(split)
    if not is_here(folder, packed=False):
        _fetch(folder)
    try:
        images, labels = (read_idx(file) for file in files_of(folder, split))
    except (OSError, ValueError) as error:
        place = data_root() / folder
        raise DataError(
            f"{folder} in {data_root()} is damaged ({one_line(error)}); remove {place}, and it is "
            "fetched again"
        ) from error
    return images, labels


def read_idx(file: Path) -> Tensor:
    """A file of MNIST's format: two zeros, the type (8: bytes), the dimensions, sizes, values."""
    data = file.read_bytes()
    if data[:3] != b"\0\0\x08" or len(data) < 4 * (1 + data[3]):
        raise ValueError(f"{file.name} has no header of MNIST's format")
    shape = struct.unpack_from(f">{data[3]}I", data, 4)
    values = torch.frombuffer(bytearray(data[4 + 4 * len(shape) :]), dtype=torch.uint8)
    if len(values) != torch.Size(shape).numel():
        raise ValueError(f"{file.name} has {len(values):,} values and a header for {list(shape)}")
    return values.view(shape)


def _fetch(folder: str) -> None:
    """Download a set into the data folder, or unpack the .gz files that are there."""
    import torchvision.datasets

    root = data_root()
    try:
        with fetching():
            getattr(torchvision.datasets, folder)(root, download=True)
    except Exception as error:
        raise DataError(
            f"{folder} is not in {root} and cannot be fetched ({one_line(error)}); put its files "
            f"into {root / folder / 'raw'}, or use mnist-mini, which is in the package"
        ) from error


@contextmanager
def fetching() -> Iterator[None]:
    """Show torchvision's progress bar on a terminal only: in a log it is garbage."""
    from torchvision.datasets import utils

    bar = utils.tqdm
    utils.tqdm = functools.partial(bar, disable=None)  # None: unless stderr is a terminal
    try:
        yield
    finally:
        utils.tqdm = bar
