"""Pictures whose conditions are two things, each with two values, and a number."""

from __future__ import annotations

import torch
from torch import Tensor

from ganzoo import Dataset

NAMES = ("hair=long", "hair=short", "glasses=none", "glasses=round", "age")


class Told(Dataset):
    """Pictures [1, 16, 16] whose condition is two things and a number."""

    sample_shape, condition_shape = (1, 16, 16), (5,)
    condition_names = NAMES

    def __init__(self, split: str = "train", names: int = 5) -> None:
        rng = torch.Generator().manual_seed({"train": 0, "test": 1}[split])
        self.condition_names = NAMES[:names]
        hair, glasses = torch.randint(2, (2, 64), generator=rng)
        codes = [torch.eye(2)[hair], torch.eye(2)[glasses], torch.rand(64, 1, generator=rng)]
        self.conditions = torch.cat(codes, 1)

    def __len__(self) -> int:
        return 64

    def batch(self, indices: Tensor) -> tuple[Tensor, Tensor]:
        told = self.conditions[indices]
        shade = told[:, 0] - told[:, 2]
        return shade[:, None, None, None].expand(-1, 1, 16, 16).clone(), told
