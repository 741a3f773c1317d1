"""mnist-mini: a few real digits in the package, for tests and machines with no network."""

from __future__ import annotations

from pathlib import Path

from safetensors.torch import load_file

from ganzoo.data.picture_form import Size
from ganzoo.data.pixels import PixelDataset, check_split

FILE = Path(__file__).with_name("mnist-mini.safetensors")


class MNISTMini(PixelDataset):
    """2,000 training and 1,000 test digits of MNIST, all classes alike; CC BY-SA 3.0."""

    extractor, control = "cnn-mnist", "ae-mnist"

    def __init__(self, split: str = "train", size: Size = 28, channels: int = 1) -> None:
        part = "train" if check_split(split) else "test"
        tensors = load_file(FILE)
        super().__init__(tensors[f"{part}.images"], tensors[f"{part}.labels"], size, channels)
