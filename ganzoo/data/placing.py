"""Where a data set lies: on the device where training happens, if it fits there."""

from __future__ import annotations

import torch
from torch import Tensor

#: The share of a GPU's free memory that a data set may take; the rest is for networks.
SHARE = 0.25


def has_room(device: torch.device, needed: int) -> bool:
    """Whether that many bytes fit: always on the CPU, on a GPU in a quarter of what is free."""
    if device.type != "cuda":
        return device.type == "cpu"
    free, _ = torch.cuda.mem_get_info(device)
    return needed <= SHARE * free


def beside(indices: Tensor, data: Tensor) -> Tensor:
    """The indices on the data's device; the host waits only for those that come from a GPU."""
    return indices.to(data.device, non_blocking=data.is_cuda)
