"""Discriminators that judge patches: beside the input, or of two kinds of pictures."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from ganzoo import Discriminator
from ganzoo.layers import LeakyReLU, Size, halved_sides, halving_kernel
from ganzoo_translate.errors import TranslateError
from ganzoo_translate.networks import (
    LEAK,
    MAX_FACTOR,
    SIDES,
    checked_condition,
    initialise,
    normalised,
    preserve,
)

#: Halvings before patches are judged, where pictures are large enough.
LAYERS = 3


def patch_layers(
    inputs: int, sides: Sequence[tuple[int, int]], width: int, layers: int, norm: str
) -> tuple[nn.ModuleList, nn.Conv2d]:
    """Blocks that halve the maps, `layers` of them, and the convolution that scores patches.

    Isola et al. 2017, section 3.2.2.
    """
    if type(layers) is not int or not 1 <= layers < len(sides):
        raise TranslateError(
            f"layers is 1 to {len(sides) - 1} for pictures of {sides[0][1]}x{sides[0][0]}, "
            f"found {layers!r}"
        )
    blocks = nn.ModuleList()
    for number in range(layers):
        outputs = width * min(2**number, MAX_FACTOR)
        blocks.append(
            nn.Sequential(
                nn.Conv2d(inputs, outputs, halving_kernel(sides[number]), 2, 1),
                *normalised(outputs, norm if number else "none"),
                LeakyReLU(LEAK),
            )
        )
        inputs = outputs
    return blocks, nn.Conv2d(inputs, 1, 3, 1, 1)


def maps_of(blocks: nn.ModuleList, pictures: Tensor) -> list[Tensor]:
    """The maps of all blocks."""
    maps = [pictures]
    for block in blocks:
        maps.append(block(maps[-1]))
    return maps[1:]


class Patches(nn.Module):
    """Pictures [N, inputs, H, W] -> scores of patches [N, K]."""

    def __init__(
        self, inputs: int, sides: Sequence[tuple[int, int]], width: int, layers: int, norm: str
    ) -> None:
        super().__init__()
        self.blocks, self.last = patch_layers(inputs, sides, width, layers, norm)

    def forward(self, pictures: Tensor) -> Tensor:
        """The scores."""
        scores: Tensor = self.last(maps_of(self.blocks, pictures)[-1]).flatten(1)
        return scores


class PatchJudge(Discriminator):
    """A discriminator of patches, for pictures and conditions of the same sides."""

    def __init__(
        self, condition_shape: Sequence[int], size: Size, channels: int, norm: str
    ) -> None:
        super().__init__()
        self.sides = halved_sides(size, SIDES)
        self.sample_shape = (channels, *self.sides[0])
        self.condition_shape = checked_condition(condition_shape, self.sides[0])
        self.independent = norm != "batch"


class PatchDiscriminator(PatchJudge):
    """Pictures and conditions of the same sides -> a score of each patch, [N, K].

    A patch has 22 pixels with 2 layers, 46 with 3, the default where pictures have room for it. It
    publishes `features`, those of pix2pixHD.
    """

    def __init__(
        self,
        condition_shape: Sequence[int],
        size: Size = 32,
        channels: int = 3,
        width: int = 32,
        layers: int | None = None,
        norm: str = "none",
    ) -> None:
        super().__init__(condition_shape, size, channels, norm)
        assert self.condition_shape is not None
        inputs = channels + self.condition_shape[0]
        layers = min(LAYERS, len(self.sides) - 1) if layers is None else layers
        self.blocks, self.last = patch_layers(inputs, self.sides, width, layers, norm)
        self.apply(preserve if norm == "none" else initialise)

    def forward(self, samples: Tensor, labels: Tensor | None = None) -> Tensor:
        """Samples [N, C, H, W] and conditions -> scores [N, K] of patches."""
        scores: Tensor = self.last(self._maps(samples, labels)[-1]).flatten(1)
        return scores

    def outputs(self, samples: Tensor, labels: Tensor | None = None) -> dict[str, Tensor]:
        """`scores` [N, K], and `features` [N, F]: all maps, each divided by its number of values.

        The L1 distance of two rows of features is that of Wang et al. 2018, eq. 4.
        """
        maps = self._maps(samples, labels)
        features = torch.cat([one.flatten(1) / one[0].numel() for one in maps], 1)
        return {"scores": self.last(maps[-1]).flatten(1), "features": features}

    def _maps(self, samples: Tensor, labels: Tensor | None) -> list[Tensor]:
        """The maps of all blocks."""
        assert labels is not None  # `load` explains it to users
        return maps_of(self.blocks, torch.cat([samples, labels.to(samples.dtype)], 1))


class TwoPatchDiscriminators(PatchJudge):
    """A judge of targets and one of inputs: samples and conditions -> the scores of both, [N, 2 K].

    The conditions are judged as pictures, not beside the samples (Zhu et al. 2017, section 3.1).
    """

    def __init__(
        self,
        condition_shape: Sequence[int],
        size: Size = 32,
        channels: int = 3,
        width: int = 32,
        layers: int = 2,
        norm: str = "instance",
    ) -> None:
        super().__init__(condition_shape, size, channels, norm)
        assert self.condition_shape is not None
        self.of_targets = Patches(channels, self.sides, width, layers, norm)
        self.of_inputs = Patches(self.condition_shape[0], self.sides, width, layers, norm)
        self.apply(preserve if norm == "none" else initialise)

    def forward(self, samples: Tensor, labels: Tensor | None = None) -> Tensor:
        """Targets [N, C, H, W] and inputs [N, C', H, W] -> scores [N, 2 K]."""
        assert labels is not None  # `load` explains it to users
        inputs = labels.to(samples.dtype)
        return torch.cat([self.of_targets(samples), self.of_inputs(inputs)], 1)
