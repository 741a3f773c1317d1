"""The data: digits, each with its left half as the condition."""

from ganzoo import Dataset
from ganzoo.datasets import load

SIDE = 28
HALF = SIDE // 2


class Halves(Dataset):
    """Digits of mnist-mini [1, 28, 28]; the condition [1, 28, 14] of each is its left half."""

    sample_shape = (1, SIDE, SIDE)
    condition_shape = (1, SIDE, HALF)

    def __init__(self, split="train"):
        self.digits = load("mnist-mini", split=split)

    def __len__(self):
        return len(self.digits)

    def batch(self, indices):
        digits, _ = self.digits.batch(indices)
        return digits, digits[..., :HALF].contiguous()

    def to(self, device):
        self.digits.to(device)

    def content_hash(self):
        return self.digits.content_hash()
