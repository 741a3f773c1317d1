"""CIFAR-10 from its binary files, which need no unpickling as torchvision's do."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor

from ganzoo.cache.places import data_root
from ganzoo.data.mnist import fetching
from ganzoo.data.picture_form import Size
from ganzoo.data.pixels import PixelDataset, check_split
from ganzoo.errors import DataError, one_line

FOLDER = "cifar-10-batches-bin"
FILES = {
    "train": tuple(f"data_batch_{number}.bin" for number in range(1, 6)),
    "test": ("test_batch.bin",),
}
URL = "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz"
MD5 = "c32a1d4ab5d03f1284b67883e8d87530"  # as the page of the data set states it
#: Bytes of an image: its class, then red, green and blue, each row by row.
RECORD = 1 + 3 * 32 * 32
CLASSES = (
    *("airplane", "automobile", "bird", "cat", "deer"),
    *("dog", "frog", "horse", "ship", "truck"),
)


class CIFAR10(PixelDataset):
    """50,000 training and 10,000 test photos of ten things, 32x32 in colour (Krizhevsky 2009).

    They are read from the binary version, `cifar-10-batches-bin/` below $GANZOO_DATA, and fetched
    there if absent (170 MB). Its pickled version, which torchvision fetches, is never read.
    """

    class_names = CLASSES

    def __init__(self, split: str = "train", size: Size = 32, channels: int = 3) -> None:
        check_split(split)
        if not self.is_here():
            fetch()
        pieces = [read(data_root() / FOLDER / name) for name in FILES[split]]
        images, labels = (torch.cat(parts) for parts in zip(*pieces, strict=True))
        super().__init__(images, labels, size, channels)
        self.num_classes = len(CLASSES)

    @classmethod
    def is_here(cls) -> bool:
        """Whether its files are in the data folder."""
        names = [name for split in FILES.values() for name in split]
        return all((data_root() / FOLDER / name).is_file() for name in names)


def read(file: Path) -> tuple[Tensor, Tensor]:
    """Images uint8 [M, 3, 32, 32] and classes uint8 [M] of a binary file."""
    data = file.read_bytes()
    if not data or len(data) % RECORD or max(data[::RECORD]) >= len(CLASSES):
        raise DataError(
            f"{file} is damaged: {len(data):,} bytes are not images of {RECORD:,} bytes with a "
            f"class from 0 to 9; remove {file.parent}, and it is fetched again"
        )
    rows = torch.frombuffer(bytearray(data), dtype=torch.uint8).view(-1, RECORD)
    return rows[:, 1:].reshape(-1, 3, 32, 32), rows[:, 0]


def fetch() -> None:
    """Download and unpack the binary version into the data folder."""
    from torchvision.datasets.utils import download_and_extract_archive

    root = data_root()
    try:
        root.mkdir(parents=True, exist_ok=True)
        with fetching():
            download_and_extract_archive(URL, root, md5=MD5, remove_finished=True)
    except Exception as error:
        raise DataError(
            f"CIFAR-10 is not in {root} and cannot be fetched ({one_line(error)}); unpack "
            f"{Path(URL).name} there, so that {root / FOLDER} holds its files"
        ) from error
