"""Data on the device where training happens, and pixels as bytes and as floats."""

from __future__ import annotations

import torch
from torch import Tensor

#: The share of a GPU's free memory that a data set may use; the rest is for networks.
SHARE = 0.25


def has_room(device: torch.device, needed: int) -> bool:
    """Whether `needed` bytes fit: always on the CPU, on a GPU into a quarter of its free memory."""
    if device.type != "cuda":
        return device.type == "cpu"
    free, _ = torch.cuda.mem_get_info(device)
    return needed <= SHARE * free


def moved_if_room(device: torch.device, *tensors: Tensor) -> tuple[Tensor, ...]:
    """The tensors on the device if all of them fit there, else unchanged."""
    if not has_room(device, sum(tensor.nbytes for tensor in tensors)):
        return tensors
    return tuple(tensor.to(device) for tensor in tensors)


def beside(indices: Tensor, data: Tensor) -> Tensor:
    """The indices on the data's device; the host waits only for indices that come from a GPU."""
    return moved(indices, data.device) if data.is_cuda else indices.to(data.device)


def moved(values: Tensor, device: torch.device) -> Tensor:
    """Values on a device; from the CPU to a GPU through pinned memory, without waiting."""
    if device.type != "cuda":
        return values.to(device)
    return pinned(values, device).to(device, non_blocking=True)


def pinned(values: Tensor, device: torch.device) -> Tensor:
    """Values from which a device copies without making the host wait."""
    return values.pin_memory() if device.type == "cuda" and not values.is_cuda else values


def as_floats(pixels: Tensor) -> Tensor:
    """Bytes 0 to 255 -> float32 in [-1, 1], bit-equal on every device.

    CUDA multiplies by the rounded inverse of a plain number, and divides by a tensor.
    """
    half = torch.full((), 127.5, device=pixels.device) if pixels.is_cuda else 127.5
    return pixels.float().div_(half).sub_(1.0)


def as_bytes(samples: Tensor) -> Tensor:
    """Values in [-1, 1] -> uint8, the inverse of `as_floats`; values outside are clipped."""
    return samples.add(1).mul(127.5).round().clamp(0, 255).byte()
