"""Mixing: the styles of two samples in one, or a grid between up to four samples."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Unpack

import torch
from torch import Tensor

from ganzoo.arguments import whole
from ganzoo.errors import UsageError
from ganzoo.interfaces import StyleGenerator
from ganzoo.latent.walking import between, first_points, one_label

if TYPE_CHECKING:
    from ganzoo.zoo import Model
    from ganzoo.zoo.requests import Options


def mix(
    model: Model,
    seeds: Sequence[int],
    layers: Collection[int] | None = None,
    *,
    steps: int = 7,
    **options: Unpack[Options],
) -> Tensor:
    """Samples [rows, columns, *S] that mix the first samples of K seeds.

    For a `StyleGenerator` [K, K, *S]: row r and column c show seed c's sample with the `layers` of
    seed r's styles (Karras et al. 2019, section 3.1), by default the first half of them, which are
    the coarse ones. The diagonal shows the seeds' own samples. For other generators [steps, steps,
    *S] between up to four seeds in the corners, in reading order, spherical along rows and then
    along columns; two seeds give one row, and with three the first also takes the fourth corner.
    `options` are those of `Model.sample`; labels and conditions as in `walk`.
    """
    options = one_label(model, seeds[0] if seeds else 0, options)
    if isinstance(model.generator, StyleGenerator):
        if len(seeds) < 2:
            raise UsageError(f"a mix takes 2 seeds or more, found {len(seeds)}")
        styles = first_points(model, seeds, options)
        mixed = _exchanged(styles, _checked_layers(model.generator.style_layers, layers))
        options["styles"] = mixed.flatten(0, 1)
    else:
        if layers is not None:
            raise UsageError(f"{model.card.name} has no styles to exchange; leave out layers")
        if not 2 <= len(seeds) <= 4:
            raise UsageError(
                f"{model.card.name} has no styles, so a mix takes 2 to 4 seeds for the corners of "
                f"a grid, found {len(seeds)}"
            )
        mixed = _bilinear(first_points(model, seeds, options), whole("steps", steps, least=2))
        options["latents"] = mixed.flatten(0, 1)
    samples = model.sample(**options)
    return samples.reshape(*mixed.shape[:2], *samples.shape[1:])


def _checked_layers(count: int, layers: Collection[int] | None) -> list[int]:
    """The numbers of the layers to exchange."""
    if layers is None:
        return [*range((count + 1) // 2)]
    numbers = [whole("a layer", layer, least=0, most=count - 1) for layer in layers]
    if not numbers:
        raise UsageError(f"no layers were given; the model has 0 to {count - 1}")
    return numbers


def _exchanged(styles: Tensor, layers: list[int]) -> Tensor:
    """Styles [K, L, W] -> [K, K, L, W]: row r has the layers of styles r, the rest of column c."""
    count = len(styles)
    mixed = styles.expand(count, *styles.shape).clone()
    mixed[:, :, layers] = styles[:, None, layers].expand(-1, count, -1, -1)
    return mixed


def _bilinear(corners: Tensor, steps: int) -> Tensor:
    """Two to four latents [K, D] -> [rows, steps, D], by `slerp` along both sides of a square."""
    shares = torch.linspace(0, 1, steps, dtype=torch.float64)
    top = between(corners[0], corners[1], shares)
    if len(corners) == 2:
        return top[None]
    bottom = between(corners[2], corners[-1 if len(corners) == 4 else 0], shares)
    return torch.stack([between(*ends, shares) for ends in zip(top, bottom, strict=True)], 1)
