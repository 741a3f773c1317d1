"""Residual translators: one network, or one for each direction (Zhu et al. 2017)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from ganzoo.layers import Size
from ganzoo_translate.errors import TranslateError
from ganzoo_translate.networks import Translator, initialise, normalised, preserve

#: Halvings before the residual blocks (Zhu et al. 2017, appendix 7.2).
HALVINGS = 2


class Block(nn.Module):
    """x + F(x), with two 3x3 convolutions (Zhu et al. 2017, appendix 7.2)."""

    def __init__(self, width: int, norm: str) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(width, width, 3, 1, 1, padding_mode="reflect"),
            *normalised(width, norm),
            nn.ReLU(),
            nn.Conv2d(width, width, 3, 1, 1, padding_mode="reflect"),
            *normalised(width, norm),
        )

    def forward(self, maps: Tensor) -> Tensor:
        """Maps [N, C, H, W] -> maps of the same shape."""
        changed: Tensor = maps + self.layers(maps)
        return changed


class Residual(nn.Module):
    """Pictures [N, inputs, H, W] -> [N, outputs, H, W]: two halvings, blocks, two doublings."""

    def __init__(self, inputs: int, outputs: int, width: int, blocks: int, norm: str) -> None:
        super().__init__()
        if type(blocks) is not int or blocks < 1:
            raise TranslateError(f"blocks is a whole number of 1 or more, found {blocks!r}")
        layers: list[nn.Module] = [
            nn.Conv2d(inputs, width, 7, 1, 3, padding_mode="reflect"),
            *normalised(width, norm),
            nn.ReLU(),
        ]
        for stage in range(HALVINGS):
            wide = width * 2 ** (stage + 1)
            layers += [nn.Conv2d(wide // 2, wide, 3, 2, 1), *normalised(wide, norm), nn.ReLU()]
        layers += [Block(width * 2**HALVINGS, norm) for _ in range(blocks)]
        for stage in reversed(range(HALVINGS)):
            narrow = width * 2**stage
            layers += [
                nn.ConvTranspose2d(2 * narrow, narrow, 3, 2, 1, output_padding=1),
                *normalised(narrow, norm),
                nn.ReLU(),
            ]
        last = nn.Conv2d(width, outputs, 7, 1, 3, padding_mode="reflect")
        self.layers = nn.Sequential(*layers, last, nn.Tanh())
        self.apply(preserve if norm == "none" else initialise)
        if norm == "none":
            self._begin_calmly(last)

    def _begin_calmly(self, last: nn.Conv2d) -> None:
        """Without norms blocks begin as x + 0 (Zhang et al. 2019, section 3.2), and tanh near 0."""
        initialise(last)
        for layer in self.layers:
            if isinstance(layer, Block):
                end = layer.layers[-1]
                assert isinstance(end, nn.Conv2d)  # no norm follows it
                nn.init.zeros_(end.weight)

    def forward(self, pictures: Tensor) -> Tensor:
        """Pictures -> pictures in [-1, 1]."""
        made: Tensor = self.layers(pictures)
        return made


class ResidualTranslator(Translator):
    """Conditions [N, C', H, W] and latents [N, D] -> pictures (Johnson et al. 2016).

    Latents are shown as maps beside the condition, one value to a map; `latent_dim` 0 gives one
    answer. `size` is 16, 28, 32, 64 or 128, or [height, width].
    """

    def __init__(
        self,
        condition_shape: Sequence[int],
        size: Size = 32,
        channels: int = 3,
        width: int = 32,
        blocks: int = 6,
        latent_dim: int = 0,
        keep_known: bool = False,
        norm: str = "instance",
    ) -> None:
        super().__init__(condition_shape, size, channels, latent_dim, keep_known)
        assert self.condition_shape is not None
        inputs = self.condition_shape[0] + latent_dim
        self.there = Residual(inputs, channels, width, blocks, norm)

    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """Latents [N, D] and conditions -> pictures [N, C, H, W] in [-1, 1]."""
        assert labels is not None  # `load` explains it to users
        maps = latents[:, :, None, None].expand(-1, -1, *labels.shape[2:])
        return self.composed(self.there(torch.cat([labels, maps.to(labels.dtype)], 1)), labels)


class CycleTranslator(Translator):
    """Two residual networks: inputs to targets, which are its samples, and `back` to inputs.

    It takes no latents; conditions [N, C', H, W] are the inputs.
    """

    def __init__(
        self,
        condition_shape: Sequence[int],
        size: Size = 32,
        channels: int = 3,
        width: int = 32,
        blocks: int = 6,
        norm: str = "instance",
    ) -> None:
        super().__init__(condition_shape, size, channels, latent_dim=0, keep_known=False)
        assert self.condition_shape is not None
        inputs = self.condition_shape[0]
        self.there = Residual(inputs, channels, width, blocks, norm)
        self.back = Residual(channels, inputs, width, blocks, norm)

    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """Conditions [N, C', H, W] -> pictures [N, C, H, W] in [-1, 1]."""
        assert labels is not None  # `load` explains it to users
        made: Tensor = self.there(labels)
        return made
