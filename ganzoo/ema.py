"""The exponential moving average of a generator, and the batch statistics that go with it."""

from __future__ import annotations

import copy
from collections.abc import Iterable

import torch
from torch import Tensor
from torch.nn.modules.batchnorm import _BatchNorm

from ganzoo.interfaces import Generator, StyleGenerator


class Ema:
    """The average of a generator's parameters over its training.

    Its batch-norm statistics and its average style are not averaged: each `snapshot` recomputes
    them, since those of the live network visibly spoil samples. Other buffers are copied from the
    live network.
    """

    def __init__(self, generator: Generator) -> None:
        self.module = copy.deepcopy(generator).eval().requires_grad_(False)
        self._live = generator
        self._pairs: tuple[list[Tensor], list[Tensor]] = (
            list(self.module.parameters()),
            list(generator.parameters()),  # optimizers and checkpoints change them in place
        )

    @torch.no_grad()
    def update(self, share: float) -> None:
        """Move each parameter by `share` of the way to the live one's."""
        torch._foreach_lerp_(*self._pairs, share)

    @torch.no_grad()
    def snapshot(self, batches: Iterable[tuple[Tensor, Tensor | None]]) -> Generator:
        """A copy in eval mode, recalibrated over batches of (latents, labels)."""
        copied = copy.deepcopy(self.module)
        for buffer, live in zip(copied.buffers(), self._live.buffers(), strict=True):
            buffer.copy_(live)
        recalibrate(copied, batches)
        return copied


def lerp_share(images: float, half_life: float) -> float:
    """The share of each step with which an average moves half way in `half_life` images."""
    return 1.0 - 0.5 ** (images / half_life) if half_life > 0 else 1.0


@torch.no_grad()
def recalibrate(module: Generator, batches: Iterable[tuple[Tensor, Tensor | None]]) -> None:
    """Recompute batch statistics and the average style over batches of (latents, labels).

    Each batch-norm statistic becomes its plain mean over the batches, then the average style the
    mean of their styles. The network is left in eval mode.
    """
    module.eval()
    if isinstance(module, StyleGenerator):
        batches = [*batches]  # read twice: styles may come from layers with batch norm
        recompute_statistics(module, batches)
        recompute_average_style(module, batches)
    else:
        recompute_statistics(module, batches)


def recompute_statistics(
    module: Generator, batches: Iterable[tuple[Tensor, Tensor | None]]
) -> None:
    """Set each batch-norm statistic to its plain mean over the batches."""
    norms = [m for m in module.modules() if isinstance(m, _BatchNorm) and m.track_running_stats]
    if not norms:
        return
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # torch's name for the cumulative mean
        norm.train()
    for latents, labels in batches:
        module(latents, labels)
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
        norm.eval()


def recompute_average_style(
    module: StyleGenerator, batches: Iterable[tuple[Tensor, Tensor | None]]
) -> None:
    """Set the average style to the mean over the batches' styles and their layers."""
    means = [module.styles(latents, labels).float().mean((0, 1)) for latents, labels in batches]
    module.average_style.copy_(torch.stack(means).mean(0))
