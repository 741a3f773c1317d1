"""Units of a generator: the channels of a layer's feature maps, and drawing without some."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from ganzoo import sampling
from ganzoo.errors import UsageError, did_you_mean
from ganzoo.latent.probing import given_for

if TYPE_CHECKING:
    from ganzoo.zoo import Model

#: By default units are those of the last layer whose maps have this part of the samples' height.
PART = 4


@dataclass(frozen=True)
class Layer:
    """A module of a generator by dotted name, which answers maps [N, units, height, width]."""

    name: str
    units: int
    height: int
    width: int

    def __str__(self) -> str:
        return f"{self.name} ({self.units} of {self.height}x{self.width})"


def layers_of(model: Model) -> list[Layer]:
    """The layers with feature maps, in the order in which they answer.

    Each answers once in a pass, with more channels than samples have.
    """
    shape, found = model.generator.sample_shape, dict[str, Layer]()
    if len(shape) != 3:
        return []
    repeated = set[str]()

    def look(name: str, output: Any) -> None:
        if isinstance(output, Tensor) and output.dim() == 4 and output.shape[1] > shape[0]:
            if name in found:
                repeated.add(name)
            found[name] = Layer(name, *output.shape[1:])

    modules = [(name, module) for name, module in model.generator.named_modules() if name]
    hooks = [
        module.register_forward_hook(lambda _, __, output, name=name: look(name, output))
        for name, module in modules
    ]
    try:
        _one_pass(model)
    finally:
        for hook in hooks:
            hook.remove()
    return [layer for name, layer in found.items() if name not in repeated]


def layer_of(model: Model, name: str | None = None) -> Layer:
    """A layer by name; by default the last one with maps of a quarter of the samples' height.

    `UsageError` if there is none, with the layers that there are.
    """
    layers = layers_of(model)
    if not layers:
        raise UsageError(
            f"{model.card.name} has no layer with feature maps [N, C, H, W], whose channels could "
            "be turned off"
        )
    if name is None:
        small = [one for one in layers if one.height * PART <= model.generator.sample_shape[1]]
        return small[-1] if small else layers[0]
    known = {one.name: one for one in layers}
    if name not in known:
        near = did_you_mean(name, known, otherwise=f"there are: {', '.join(map(str, layers))}")
        raise UsageError(f"{model.card.name} has no layer {name!r} with feature maps; {near}")
    return known[name]


@contextmanager
def seen(model: Model, layer: Layer) -> Iterator[list[Tensor]]:
    """What a layer answers in the block: its maps, one tensor for each pass."""
    maps: list[Tensor] = []
    hook = _module(model, layer).register_forward_hook(
        lambda _, __, output: maps.append(output.detach().float().cpu())
    )
    try:
        yield maps
    finally:
        hook.remove()


@contextmanager
def without(model: Model, layer: Layer, units: Tensor, values: Tensor) -> Iterator[None]:
    """In the block the maps of units int64 [m] are constant, at values [m]."""

    def remove(module: nn.Module, inputs: Any, output: Tensor) -> Tensor:
        output = output.clone()  # what is saved elsewhere stays as it is
        output[:, units.to(output.device)] = values.to(output)[:, None, None]
        return output

    hook = _module(model, layer).register_forward_hook(remove)
    try:
        yield
    finally:
        hook.remove()


def _module(model: Model, layer: Layer) -> nn.Module:
    return model.generator.get_submodule(layer.name)


@torch.no_grad()
def _one_pass(model: Model) -> None:
    """Draw two samples, in exactly one pass."""
    latents = model.latents(2, seed=0) if model.generator.latent_dim else torch.zeros(2, 0)
    with sampling.seeded_layers(0, model.device):
        model.generator(latents.to(model.device), given_for(model, 2, 0, None))
