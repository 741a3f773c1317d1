"""The state of a training, which is what a checkpoint holds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from ganzoo.ema import Ema
from ganzoo.engine.health import Vitals
from ganzoo.engine.run.metrics import Meter
from ganzoo.errors import TrainingError
from ganzoo.interfaces import Discriminator, Generator, Loss


@dataclass
class TrainingState:
    """Both players, the average, the state of loss and augmentations, optimizers and counters.

    `images` counts real images shown, `turn` discriminator turns, `step` generator steps, `stream`
    rollbacks, and `seconds` the time spent over all sittings. `meter` holds the row of metrics
    under way, and `vitals` what the health checks remember.
    """

    generator: Generator
    discriminator: Discriminator
    average: Ema
    loss: Loss
    generator_optimizer: torch.optim.Optimizer
    discriminator_optimizer: torch.optim.Optimizer
    augmentations: nn.ModuleList = field(default_factory=nn.ModuleList)
    augmentation_names: tuple[str, ...] = ()
    images: int = 0
    turn: int = 0
    step: int = 0
    stream: int = 0
    seconds: float = 0.0
    sittings: int = 0
    meter: Meter = field(default_factory=Meter)
    vitals: Vitals = field(default_factory=Vitals)

    def tensors(self) -> dict[str, Tensor]:
        """Every tensor, under a name that begins with its owner."""
        tensors: dict[str, Tensor] = {}
        for owner, module in self._modules():
            tensors |= {f"{owner}.{name}": tensor for name, tensor in module.state_dict().items()}
        for owner, module in self._buffer_owners():
            tensors |= {f"{owner}.{name}": tensor for name, tensor in module.named_buffers()}
        for owner, optimizer in self._optimizers():
            state = optimizer.state_dict()
            groups = {f"group-{i}": group for i, group in enumerate(state["param_groups"])}
            for place, values in {**state["state"], **groups}.items():
                for name, value in values.items():
                    if isinstance(value, Tensor):
                        tensors[f"{owner}.{place}.{name}"] = value
        return tensors

    def plain(self) -> dict[str, Any]:
        """The counters, and the values of the optimizers that are not tensors, as JSON data."""
        plain: dict[str, Any] = {name: getattr(self, name) for name in _COUNTERS}
        plain |= {"meter": self.meter.plain(), "vitals": self.vitals.plain()}
        for owner, optimizer in self._optimizers():
            state = optimizer.state_dict()
            _refuse_unknown(owner, state["state"])
            plain[owner] = {
                "groups": [
                    {k: v for k, v in group.items() if k != "params" and _is_plain(v)}
                    for group in state["param_groups"]
                ],
                "state": {
                    str(index): {k: v for k, v in values.items() if _is_plain(v)}
                    for index, values in state["state"].items()
                },
            }
        return plain

    def restore(self, tensors: dict[str, Tensor], plain: dict[str, Any]) -> None:
        """Take over what `tensors` and `plain` returned."""
        groups: dict[str, dict[str, Tensor]] = {}
        for name, tensor in tensors.items():
            owner, _, rest = name.partition(".")
            groups.setdefault(owner, {})[rest] = tensor
        try:
            for owner, module in self._modules():
                module.load_state_dict(groups.get(owner, {}))
        except RuntimeError as error:
            raise TrainingError(f"the checkpoint belongs to different networks: {error}") from None
        device = next(self.discriminator.parameters()).device
        for owner, module in self._buffer_owners():
            kept = groups.get(owner, {})
            set_buffers(module, {name: buffer.to(device) for name, buffer in kept.items()})
        for owner, optimizer in self._optimizers():
            _restore_optimizer(optimizer, groups.get(owner, {}), plain[owner])
        for name in _COUNTERS:
            setattr(self, name, plain[name])
        self.meter.restore(plain["meter"])
        self.vitals = Vitals(**plain["vitals"])

    def _modules(self) -> Iterator[tuple[str, nn.Module]]:
        yield "generator", self.generator
        yield "discriminator", self.discriminator
        yield "average", self.average.module

    def _buffer_owners(self) -> Iterator[tuple[str, nn.Module]]:
        """Modules of which only the buffers are kept, which they replace rather than edit."""
        yield "loss", self.loss
        yield "augmentations", self.augmentations

    def _optimizers(self) -> Iterator[tuple[str, torch.optim.Optimizer]]:
        yield "generator_optimizer", self.generator_optimizer
        yield "discriminator_optimizer", self.discriminator_optimizer


_COUNTERS = ("images", "turn", "step", "stream", "seconds", "sittings")


def set_buffers(module: nn.Module, buffers: dict[str, Tensor]) -> None:
    """Replace a module's buffers by name, as a loss itself does."""
    for name, buffer in buffers.items():
        owner, _, last = name.rpartition(".")
        setattr(module.get_submodule(owner), last, buffer)


def _refuse_unknown(owner: str, state: dict[int, dict[str, Any]]) -> None:
    """Refuse an optimizer whose state no checkpoint can hold."""
    for values in state.values():
        for name, value in values.items():
            if not isinstance(value, Tensor) and not _is_plain(value):
                raise TrainingError(
                    f"the {owner.replace('_', ' ')} keeps {name!r}, a {type(value).__name__}, "
                    "which no checkpoint can hold; take another optimizer"
                )


def _is_plain(value: Any) -> bool:
    """Whether JSON can hold a value: numbers, text, and tuples of them."""
    if isinstance(value, tuple | list):
        return all(_is_plain(item) for item in value)
    return value is None or isinstance(value, bool | int | float | str)


def _restore_optimizer(
    optimizer: torch.optim.Optimizer, tensors: dict[str, Tensor], plain: dict[str, Any]
) -> None:
    """Put an optimizer's state and its groups' settings back.

    Each state tensor gets its parameter's memory layout, which files do not hold: fused steps go
    through both in the order of memory.
    """
    state: dict[int, dict[str, Any]] = {int(k): dict(v) for k, v in plain["state"].items()}
    groups = optimizer.state_dict()["param_groups"]
    for key, value in tensors.items():
        place, _, name = key.partition(".")
        if place.startswith("group-"):
            groups[int(place.removeprefix("group-"))][name] = value
        else:
            state.setdefault(int(place), {})[name] = value
    for group, kept in zip(groups, plain["groups"], strict=True):
        for name, value in kept.items():
            group[name] = tuple(value) if isinstance(group.get(name), tuple) else value
    optimizer.load_state_dict({"state": state, "param_groups": groups})
    for parameter, values in optimizer.state.items():
        for name, value in values.items():
            if isinstance(value, Tensor) and value.shape == parameter.shape:
                values[name] = torch.empty_like(parameter, dtype=value.dtype).copy_(value)
