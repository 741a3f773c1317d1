"""All that a training is, and so all that a checkpoint holds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from ganzoo.errors import TrainingError
from ganzoo.interfaces import Discriminator, Generator, Loss
from ganzoo.wrappers import Ema


@dataclass
class TrainingState:
    """Both players, the average, the loss's state, the optimizers and the counters.

    `images`, `turn` and `step` count real images shown, discriminator turns and generator steps
    done; `stream` the rollbacks; `seconds` the time spent, over all sittings.
    """

    generator: Generator
    discriminator: Discriminator
    average: Ema
    loss: Loss
    generator_optimizer: torch.optim.Optimizer
    discriminator_optimizer: torch.optim.Optimizer
    images: int = 0
    turn: int = 0
    step: int = 0
    stream: int = 0
    seconds: float = 0.0
    sittings: int = 0

    def counters(self) -> dict[str, int | float]:
        """The counters, as JSON data."""
        return {name: getattr(self, name) for name in _COUNTERS}

    def tensors(self) -> dict[str, Tensor]:
        """Every tensor, by a name that says whose it is."""
        found: dict[str, Tensor] = {}
        for owner, module in self._modules():
            found |= {f"{owner}.{name}": tensor for name, tensor in module.state_dict().items()}
        found |= {f"loss.{name}": tensor for name, tensor in self.loss.named_buffers()}
        for owner, optimizer in self._optimizers():
            for index, values in optimizer.state_dict()["state"].items():
                for name, value in values.items():
                    tensor = value if isinstance(value, Tensor) else torch.tensor(value)
                    found[f"{owner}.{index}.{name}"] = tensor
        return found

    def restore(self, tensors: dict[str, Tensor], counters: dict[str, Any]) -> None:
        """Take over what `tensors` and `counters` gave; all of it is checked by name and shape."""
        groups: dict[str, dict[str, Tensor]] = {}
        for name, tensor in tensors.items():
            owner, _, rest = name.partition(".")
            groups.setdefault(owner, {})[rest] = tensor
        try:
            for owner, module in self._modules():
                module.load_state_dict(groups.get(owner, {}))
        except RuntimeError as error:
            raise TrainingError(f"the checkpoint is of other networks: {error}") from None
        device = next(self.discriminator.parameters()).device
        for name, buffer in groups.get("loss", {}).items():
            owner, _, last = name.rpartition(".")
            setattr(self.loss.get_submodule(owner), last, buffer.to(device))
        for owner, optimizer in self._optimizers():
            _restore_optimizer(optimizer, groups.get(owner, {}))
        for name in _COUNTERS:
            setattr(self, name, counters[name])

    def _modules(self) -> Iterator[tuple[str, nn.Module]]:
        yield "generator", self.generator
        yield "discriminator", self.discriminator
        yield "average", self.average.module

    def _optimizers(self) -> Iterator[tuple[str, torch.optim.Optimizer]]:
        yield "generator_optimizer", self.generator_optimizer
        yield "discriminator_optimizer", self.discriminator_optimizer


_COUNTERS = ("images", "turn", "step", "stream", "seconds", "sittings")


def _restore_optimizer(optimizer: torch.optim.Optimizer, values: dict[str, Tensor]) -> None:
    state: dict[int, dict[str, Tensor]] = {}
    for key, value in values.items():
        index, _, name = key.partition(".")
        state.setdefault(int(index), {})[name] = value
    groups = optimizer.state_dict()["param_groups"]
    optimizer.load_state_dict({"state": state, "param_groups": groups})
