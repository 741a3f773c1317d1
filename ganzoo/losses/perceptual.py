"""Distances of pictures in the maps of a frozen network, and smoothness; each gives values [N]."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from ganzoo.errors import ConfigError, did_you_mean


def content_distance(maps: Tensor, wanted: Tensor) -> Tensor:
    """|phi(x) - phi(y)|^2 / (C H W) of maps [N, C, H, W] (Johnson et al. 2016, eq. 2)."""
    return (maps - wanted).square().flatten(1).mean(1)


def gram(maps: Tensor) -> Tensor:
    """Maps [N, C, H, W] -> products of channels over C H W: [N, C, C] (Johnson et al., eq. 3)."""
    rows = maps.flatten(2)
    return rows @ rows.mT / (rows.shape[1] * rows.shape[2])


def style_distance(maps: Tensor, wanted: Tensor) -> Tensor:
    """|G(x) - G(y)|^2, squared Frobenius norm of two Gram matrices (Johnson et al., eq. 4).

    The maps may have different sides: style knows no places (Gatys et al. 2016, section 2.2).
    """
    return (gram(maps) - gram(wanted)).square().flatten(1).sum(1)


def feature_matching(fake: Sequence[Tensor], real: Sequence[Tensor]) -> Tensor:
    """The sum over layers of the mean |D_i(x) - D_i(G)| (Wang et al. 2018, eq. 4)."""
    layers = zip(fake, real, strict=True)
    distances = [(one - other).abs().flatten(1).mean(1) for one, other in layers]
    return torch.stack(distances).sum(0)


def total_variation(pictures: Tensor) -> Tensor:
    """Mean |x(i+1, j) - x(i, j)| + |x(i, j+1) - x(i, j)| (Rudin, Osher and Fatemi 1992).

    The differences are taken in pictures [N, C, H, W]; this is the anisotropic form.
    """
    down = (pictures[:, :, 1:] - pictures[:, :, :-1]).abs().flatten(1).mean(1)
    across = (pictures[..., 1:] - pictures[..., :-1]).abs().flatten(1).mean(1)
    return down + across


class LayerMaps(nn.Module):
    """The maps that layers of a frozen network give: an extractor's, ours or timm's.

    `layers` are names of modules, as in `named_modules`; by default all ReLUs, or all convolutions
    in a network without any. Only outputs [N, C, H, W] count. Held by a loss, its parameters stay
    out of checkpoints.
    """

    def __init__(self, network: nn.Module, layers: Sequence[str] | None = None) -> None:
        super().__init__()
        self.network = network.eval().requires_grad_(False)
        modules = dict(network.named_modules())
        chosen = _of_type(modules, nn.ReLU) or _of_type(modules, nn.Conv2d)
        chosen = chosen if layers is None else list(layers)
        for name in chosen:
            if name not in modules:
                raise ConfigError(
                    f"{type(network).__name__} has no layer {name!r}; {did_you_mean(name, modules)}"
                )
        self.layers = tuple(chosen)

    def forward(self, pictures: Tensor) -> list[Tensor]:
        """Pictures [N, C, H, W] -> the maps of the layers, in the order of the pass."""
        maps: list[Tensor] = []
        modules = dict(self.network.named_modules())
        hooks = [
            modules[name].register_forward_hook(lambda _, __, output: maps.append(output))
            for name in self.layers
        ]
        try:
            self.network(pictures)
        finally:
            for hook in hooks:
                hook.remove()
        return [one for one in maps if isinstance(one, Tensor) and one.dim() == 4]

    def train(self, mode: bool = True) -> LayerMaps:
        """Stay in eval mode: the network is frozen."""
        super().train(mode)
        self.network.eval()
        return self


def _of_type(modules: dict[str, nn.Module], kind: type[nn.Module]) -> list[str]:
    return [name for name, module in modules.items() if isinstance(module, kind)]
