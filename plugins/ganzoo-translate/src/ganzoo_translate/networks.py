"""The U-Net, and what all networks of this plugin share."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import torch
from torch import Tensor, nn

from ganzoo import Generator
from ganzoo.layers import LeakyReLU, Size, halved_sides, halving_kernel
from ganzoo_translate.errors import TranslateError

#: The lesser side of pictures; they are halved down to 4.
SIDES = (16, 28, 32, 64, 128)
LEAK = 0.2  # Isola et al. 2017, appendix 6.1
INIT_STD = 0.02  # Isola et al. 2017, appendix 6.2
#: The widest layer as a multiple of the one next to the picture (Isola et al. 2017, appendix 6.1).
MAX_FACTOR = 8
NORMS = ("batch", "instance", "none")


def normalised(channels: int, norm: str) -> list[nn.Module]:
    """The normalisation of maps; instance norm has a learnt scale too."""
    if norm not in NORMS:
        raise TranslateError(f"norm is one of {', '.join(NORMS)}, found {norm!r}")
    if norm == "batch":
        return [nn.BatchNorm2d(channels)]
    return [nn.InstanceNorm2d(channels, affine=True)] if norm == "instance" else []


def initialise(module: nn.Module) -> None:
    """Draw weights from N(0, 0.02), and scales of norms from N(1, 0.02)."""
    if isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
        nn.init.normal_(module.weight, 0.0, INIT_STD)
    elif isinstance(module, nn.BatchNorm2d | nn.InstanceNorm2d):
        nn.init.normal_(module.weight, 1.0, INIT_STD)
        nn.init.zeros_(module.bias)


def preserve(module: nn.Module) -> None:
    """Draw weights that keep the size of values where no norm does (He et al. 2015, eq. 14)."""
    if isinstance(module, nn.Conv2d):
        nn.init.kaiming_normal_(module.weight, LEAK)


def checked_condition(shape: Sequence[int], sides: tuple[int, int]) -> tuple[int, int, int]:
    """The shape of conditions, which must be pictures of the same sides."""
    if len(shape) != 3 or tuple(shape[1:]) != sides:
        height, width = sides
        raise TranslateError(
            f"conditions are pictures of the samples' sides, [C, {height}, {width}], found "
            f"{list(shape)}"
        )
    return int(shape[0]), *sides


class Translator(Generator):
    """A generator of pictures from conditions of the same sides.

    With `keep_known` the condition's last channel is alpha, and what is known stays bit for bit:
    y = m x + (1 - m) G(x) (Pathak et al. 2016, section 3.2, where m marks the hole).
    """

    def __init__(
        self,
        condition_shape: Sequence[int],
        size: Size,
        channels: int,
        latent_dim: int,
        keep_known: bool,
    ) -> None:
        super().__init__()
        self.sides = halved_sides(size, SIDES)
        self.sample_shape = (channels, *self.sides[0])
        self.condition_shape = checked_condition(condition_shape, self.sides[0])
        self.latent_dim, self.keep_known = latent_dim, keep_known
        if keep_known and self.condition_shape[0] != channels + 1:
            raise TranslateError(
                f"keep_known needs conditions of {channels + 1} channels, the last one alpha, "
                f"found {self.condition_shape[0]}; pairs made by the transform mask have them"
            )

    def composed(self, made: Tensor, conditions: Tensor) -> Tensor:
        """What was made, with the known pixels in their places where there are any."""
        if not self.keep_known:
            return made
        return torch.where(conditions[:, -1:] > 0, conditions[:, :-1].to(made.dtype), made)


class UNet(Translator):
    """Conditions [N, C', H, W] and latents [N, D] -> pictures [N, C, H, W] (Isola et al. 2017).

    Maps are halved down to 4 pixels and doubled again; each map on the way up is joined by the map
    of its size on the way down, unless `skips` is off, which leaves the encoder and decoder of
    Pathak et al. 2016. Latents are added to the smallest map; they stand in for the paper's
    dropout, and `latent_dim` 0 gives one answer. `width` is the number of channels beside the
    picture; `size` is 16, 28, 32, 64 or 128, or [height, width].
    """

    def __init__(
        self,
        condition_shape: Sequence[int],
        size: Size = 32,
        channels: int = 3,
        width: int = 32,
        latent_dim: int = 0,
        keep_known: bool = False,
        skips: bool = True,
        norm: str = "batch",
    ) -> None:
        super().__init__(condition_shape, size, channels, latent_dim, keep_known)
        assert self.condition_shape is not None
        self.skips = skips
        widths = [width * min(2**stage, MAX_FACTOR) for stage in range(len(self.sides))]
        self.first = nn.Conv2d(self.condition_shape[0], width, 3, 1, 1)
        self.down, self.up = nn.ModuleList(), nn.ModuleList()
        for number, sides in enumerate(self.sides[:-1]):
            narrow, wide = widths[number : number + 2]
            kernel, deepest = halving_kernel(sides), number == len(widths) - 2
            self.down.append(
                nn.Sequential(
                    LeakyReLU(LEAK),
                    nn.Conv2d(narrow, wide, kernel, 2, 1),
                    *normalised(wide, norm),
                )
            )
            self.up.insert(
                0,
                nn.Sequential(
                    nn.ReLU(),
                    nn.ConvTranspose2d(wide if deepest else self._both(wide), narrow, kernel, 2, 1),
                    *normalised(narrow, norm),
                ),
            )
        smallest = widths[-1] * prod(self.sides[-1])
        self.varied = nn.Linear(latent_dim, smallest) if latent_dim else None
        self.last = nn.Sequential(
            nn.ReLU(), nn.Conv2d(self._both(width), channels, 3, 1, 1), nn.Tanh()
        )
        self.apply(initialise)

    def _both(self, channels: int) -> int:
        """Channels of a map on the way up, with the one that joins it."""
        return 2 * channels if self.skips else channels

    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """Latents [N, D] and conditions -> pictures [N, C, H, W] in [-1, 1]."""
        assert labels is not None  # `load` explains it to users
        maps = [self.first(labels)]
        for layer in self.down:
            maps.append(layer(maps[-1]))
        rising = maps.pop()
        if self.varied is not None:
            rising = rising + self.varied(latents).view_as(rising)
        for layer in self.up:
            rising, aside = layer(rising), maps.pop()
            if self.skips:
                rising = torch.cat([rising, aside], 1)
        return self.composed(self.last(rising), labels)
