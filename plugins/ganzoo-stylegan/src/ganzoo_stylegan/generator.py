"""The style-based generator (Karras et al. 2019 and 2020)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from ganzoo import StyleGenerator
from ganzoo.layers import doubled_sides, embedding
from ganzoo_stylegan.layers import (
    EPSILON,
    LARGEST,
    ROOT_2,
    Double,
    EqualisedConv2d,
    EqualisedLinear,
    Modulated,
    Noise,
    check,
    leak,
    widths_of,
)

#: The mapping network learns a hundred times slower (Karras et al. 2019, appendix C).
MAPPING_RATE = 0.01
NOISES = ("fixed", "random", "none")
ARCHITECTURES = ("skip", "residual")


def normalised(values: Tensor) -> Tensor:
    """Rows [N, D] of mean square 1."""
    return values * torch.rsqrt(values.square().mean(1, keepdim=True) + EPSILON)


class Mapping(nn.Module):
    """Latents [N, D] and labels -> a style [N, W] each (Karras et al. 2019, section 2).

    `labels` is a layer from labels to vectors [N, D], which are appended to the latents.
    """

    def __init__(
        self, latent_dim: int, style_dim: int, layers: int, labels: nn.Module | None
    ) -> None:
        super().__init__()
        self.labels = labels
        inputs = latent_dim * (1 if labels is None else 2)
        sizes = [inputs, *[style_dim] * layers]
        made: list[nn.Module] = []
        for before, after in pairwise(sizes):
            made += [EqualisedLinear(before, after, gain=ROOT_2, rate=MAPPING_RATE), leak()]
        self.layers = nn.Sequential(*made)

    def forward(self, latents: Tensor, labels: Tensor | None) -> Tensor:
        """Latents and labels, each normalised, joined, and mapped in float32."""
        with torch.autocast(latents.device.type, enabled=False):
            inputs = normalised(latents.float())
            if self.labels is not None:
                inputs = torch.cat([inputs, normalised(self.labels(labels))], dim=1)
            style: Tensor = self.layers(inputs)
        return style


class Styled(nn.Module):
    """A modulated 3x3 convolution, noise, bias and leak; with `taps` the map is doubled."""

    def __init__(
        self,
        style_dim: int,
        inputs: int,
        outputs: int,
        side: int,
        noise: str,
        taps: Sequence[int] | None = None,
    ) -> None:
        super().__init__()
        self.conv = Modulated(style_dim, inputs, outputs, 3, gain=ROOT_2, taps=taps)
        self.bias = nn.Parameter(torch.zeros(outputs))
        self.noise = None if noise == "none" else Noise(side, noise)
        self.leak = leak()

    def forward(self, maps: Tensor, style: Tensor) -> Tensor:
        """Maps [N, inputs, H, W] and style [N, W] -> [N, outputs, side, side]."""
        made: Tensor = self.conv(maps, style, self.bias * ROOT_2)
        if self.noise is not None:
            made = self.noise(made)
        leaked: Tensor = self.leak(made)
        return leaked


class ToImage(nn.Module):
    """A modulated 1x1 convolution to the image's channels, not demodulated."""

    def __init__(self, style_dim: int, inputs: int, channels: int) -> None:
        super().__init__()
        self.conv = Modulated(style_dim, inputs, channels, 1, demodulate=False)
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, maps: Tensor, style: Tensor) -> Tensor:
        """Maps [N, C, H, W] and style [N, W] -> images [N, channels, H, W]."""
        made: Tensor = self.conv(maps, style, self.bias)
        return made


class Shortcut(nn.Module):
    """Around a stage: a 1x1 convolution, then doubled sides."""

    def __init__(self, inputs: int, outputs: int, taps: Sequence[int]) -> None:
        super().__init__()
        self.conv = EqualisedConv2d(inputs, outputs, 1, bias=False)
        self.enlarge = Double(taps)

    def forward(self, maps: Tensor) -> Tensor:
        """Maps [N, inputs, H, W] -> [N, outputs, 2H, 2W]."""
        made: Tensor = self.enlarge(self.conv(maps))
        return made


class StyleGAN2Generator(StyleGenerator):
    """Latents [N, D] -> images [N, C, size, size], through a style for each layer.

    `size` is 4 or 7 doubled, up to 128; `widths` is the channels of all stages, or a list from the
    smallest map to the image. Each stage has two styles: one for its convolutions, and one for its
    step to the image, which it shares with the next stage's first convolution (Karras et al. 2020,
    figure 7). `architecture` is `skip` (the sum of an image from every stage) or `residual`;
    `mixing` is the share of training samples with the styles of two latents, exchanged at a random
    layer (Karras et al. 2019, section 3.1); `noise` is `fixed` (constant in eval mode, so that a
    latent is one picture), `random` or `none`. With `num_classes` an embedding of the label, with
    `condition_shape` [K] one of K numbers, is appended to the latent.
    """

    def __init__(
        self,
        latent_dim: int = 128,
        style_dim: int = 128,
        mapping_layers: int = 4,
        size: int = 64,
        channels: int = 3,
        widths: int | Sequence[int] | None = None,
        num_classes: int | None = None,
        architecture: str = "skip",
        noise: str = "fixed",
        taps: Sequence[int] = (1, 3, 3, 1),
        mixing: float = 0.9,
        condition_shape: Sequence[int] | None = None,
    ) -> None:
        check(channels, taps)
        sides = doubled_sides(size, LARGEST)
        stages = widths_of(widths, sides)
        _check_options(mapping_layers, architecture, noise, mixing)
        super().__init__(style_dim, 2 * len(sides))
        self.latent_dim, self.sample_shape = latent_dim, (channels, size, size)
        self.num_classes, self.mixing = num_classes, mixing
        self.condition_shape = None if condition_shape is None else tuple(condition_shape)
        labels = embedding(num_classes, condition_shape, latent_dim)
        self.mapping = Mapping(latent_dim, style_dim, mapping_layers, labels)
        self.constant = nn.Parameter(torch.randn(stages[0], sides[0], sides[0]))
        steps = list(zip(pairwise(stages), sides[1:], strict=True))
        self.grow = nn.ModuleList(
            Styled(style_dim, before, after, side, noise, taps) for (before, after), side in steps
        )
        self.refine = nn.ModuleList(
            Styled(style_dim, width, width, side, noise)
            for width, side in zip(stages, sides, strict=True)
        )
        residual = architecture == "residual"
        self.shortcuts = nn.ModuleList(
            Shortcut(before, after, taps) for (before, after), _ in steps if residual
        )
        shown = stages[-1:] if residual else stages
        self.show = nn.ModuleList(ToImage(style_dim, width, channels) for width in shown)
        self.enlarge = Double(taps)

    def styles(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """Latents [N, D], labels or conditions -> styles [N, L, W]; training mixes some."""
        if self.training and self.mixing > 0:
            return self.mixed_styles(latents, labels)
        style: Tensor = self.mapping(latents, labels)
        return style[:, None].expand(-1, self.style_layers, -1)

    def mixed_styles(self, latents: Tensor, labels: Tensor | None) -> Tensor:
        """Styles of two latents for `mixing` of the samples, the second from some layer on."""
        n, device = len(latents), latents.device
        twice = None if labels is None else torch.cat([labels, labels])
        first, second = self.mapping(torch.cat([latents, torch.randn_like(latents)]), twice).chunk(
            2
        )
        cut = torch.randint(1, self.style_layers, (n, 1, 1), device=device)
        mixes = torch.rand(n, 1, 1, device=device) < self.mixing
        layer = torch.arange(self.style_layers, device=device)[:, None]
        return torch.where(mixes & (layer >= cut), second[:, None], first[:, None])

    def synthesise(self, styles: Tensor, labels: Tensor | None = None) -> Tensor:
        """Styles [N, L, W] -> images [N, C, size, size], clamped to [-1, 1] in eval mode."""
        each = styles.unbind(1)
        maps = self.refine[0](self.constant.expand(len(styles), -1, -1, -1), each[0])
        image: Tensor = self.grown(maps, each) if self.shortcuts else self.added_up(maps, each)
        return image if self.training else image.clamp(-1.0, 1.0)

    def added_up(self, maps: Tensor, each: Sequence[Tensor]) -> Tensor:
        """The smallest maps -> the sum of all stages' images, each doubled on its way."""
        image: Tensor = self.show[0](maps, each[1])
        for stage, grow in enumerate(self.grow, start=1):
            maps = self.refine[stage](grow(maps, each[2 * stage - 1]), each[2 * stage])
            image = self.enlarge(image) + self.show[stage](maps, each[2 * stage + 1])
        return image

    def grown(self, maps: Tensor, each: Sequence[Tensor]) -> Tensor:
        """The smallest maps -> the last stage's image; each stage has a shortcut around it."""
        for stage, grow in enumerate(self.grow, start=1):
            made = self.refine[stage](grow(maps, each[2 * stage - 1]), each[2 * stage])
            maps = (made + self.shortcuts[stage - 1](maps)) * math.sqrt(0.5)
        image: Tensor = self.show[-1](maps, each[-1])
        return image


def _check_options(mapping_layers: int, architecture: str, noise: str, mixing: float) -> None:
    """Refuse arguments for which there is no generator."""
    if mapping_layers < 1:
        raise ValueError(f"mapping_layers is 1 or more, found {mapping_layers}")
    if architecture not in ARCHITECTURES:
        raise ValueError(f"architecture is {' or '.join(ARCHITECTURES)}, found {architecture!r}")
    if noise not in NOISES:
        raise ValueError(f"noise is {', '.join(NOISES[:-1])} or {NOISES[-1]}, found {noise!r}")
    if not 0 <= mixing <= 1:
        raise ValueError(f"mixing is a share between 0 and 1, found {mixing}")
