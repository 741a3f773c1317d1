"""MNIST and Fashion-MNIST, as torchvision reads and fetches them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, ClassVar

import platformdirs

from ganzoo.data.fetching import fetching
from ganzoo.data.picture_form import Size
from ganzoo.data.pixels import PixelDataset, check_split
from ganzoo.errors import DataError, one_line


def data_root() -> Path:
    """Where data sets lie: $GANZOO_DATA, else the user's cache folder."""
    given = os.environ.get("GANZOO_DATA")
    return Path(given).expanduser() if given else platformdirs.user_cache_path("ganzoo") / "data"


def lies_here(name: str) -> bool:
    """Whether all files of one of torchvision's MNIST-like sets lie in the data folder."""
    import torchvision.datasets

    reader = getattr(torchvision.datasets, name)
    raw = data_root() / name / "raw"
    files = (Path(url).stem for url, _ in reader.resources)
    return all((raw / file).is_file() or (raw / f"{file}.gz").is_file() for file in files)


def open_torchvision(name: str, split: str) -> Any:
    """Open one of torchvision's MNIST-like sets, fetching it where it is absent."""
    import torchvision.datasets

    train, root = check_split(split), data_root()
    reader = getattr(torchvision.datasets, name)
    try:
        return reader(root, train=train, download=False)
    except RuntimeError:
        pass  # not there yet
    except Exception as error:
        raise DataError(
            f"{name} in {root} is damaged ({one_line(error)}); remove {root / name} and it is "
            "fetched again"
        ) from error
    try:
        with fetching():
            return reader(root, train=train, download=True)
    except Exception as error:
        raise DataError(
            f"{name} is not in {root} and cannot be fetched ({one_line(error)}); put its files "
            f"into {root / name / 'raw'}, or take mnist-mini, which is in the package"
        ) from error


class _TorchvisionPixels(PixelDataset):
    """A set of torchvision's by class name: 60,000 training and 10,000 test images of 28x28."""

    reader: ClassVar[str]

    def __init__(self, split: str = "train", size: Size = 28, channels: int = 1) -> None:
        found = open_torchvision(self.reader, split)
        super().__init__(found.data, found.targets, size, channels)

    @classmethod
    def is_here(cls) -> bool:
        """Whether its files lie in the data folder."""
        return lies_here(cls.reader)


class MNIST(_TorchvisionPixels):
    """Handwritten digits (LeCun, Cortes and Burges; CC BY-SA 3.0): 28x28, grey, ten classes."""

    reader = "MNIST"
    extractor, control = "cnn-mnist", "ae-mnist"


class FashionMNIST(_TorchvisionPixels):
    """Zalando's articles (Xiao et al. 2017; MIT): 28x28, grey, ten classes."""

    reader = "FashionMNIST"
    extractor, control = "cnn-fashion-mnist", "ae-fashion-mnist"
