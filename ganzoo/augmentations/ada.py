"""Adaptive discriminator augmentation (Karras et al. 2020, "... with Limited Data").

Each change is applied to an image with the probability `strength`, which follows the
discriminator's confidence on real samples. Ranges are those of the paper's appendix B, where blits,
geometry and colour together are called bgc.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import TypeAlias

import torch
from torch import Tensor

from ganzoo.augmentations.resampling import resampled
from ganzoo.errors import ConfigError, brief, did_you_mean
from ganzoo.interfaces import Augmentation, Draw

#: Discriminator turns between two changes of the strength (section 3.1).
EVERY = 4
BGC = ("blit", "geometry", "color")
KINDS = (*BGC, "cutout")
#: A probability: a number, or a tensor of no dimensions if it adapts.
Strength: TypeAlias = float | Tensor


class Ada(Augmentation):
    """Blits, geometry, colour and cutout with probability `strength` (Karras et al. 2020).

    `changes` are any of `blit` (mirrors, right angles and shifts by whole pixels), `geometry`
    (scaling, rotation and shifts), `color` (of 1 or 3 channels) and, not by default, `cutout` (a
    rectangle of half the sides becomes 0). `strength` is the probability of each change, and a
    mapping from changes to shares multiplies it. With a `target` it adapts: it rises while the
    mean sign of real scores, r_t of eq. 1, is above the target, and falls while it is below, from 0
    to 1 in `speed` images. With `target` None it is constant, or a schedule changes it. r_t
    requires that 0 separates real from fake scores, so adapting does not suit Wasserstein and
    relativistic losses.

    Differences from the paper: the filter of its one resampling (see resampling.py), and a strength
    of at most 1.
    """

    sample_dims = 3
    strength: Strength
    signs: Tensor
    observed: Tensor
    turns: Tensor

    def __init__(
        self,
        changes: Iterable[str] | Mapping[str, float] = BGC,
        strength: float = 0.0,
        target: float | None = 0.6,  # section 3.1
        speed: int = 500_000,  # section 3.1
    ) -> None:
        kinds = (changes,) if isinstance(changes, str) else changes
        self.changes = dict(kinds if isinstance(kinds, Mapping) else dict.fromkeys(kinds, 1.0))
        _check(self.changes, strength, target, speed)
        self.target, self.speed = target, speed
        self.adaptive = target is not None
        if target is None:
            self.strength = strength
            return
        self.register_buffer("strength", torch.tensor(float(strength)))
        for name in ("signs", "observed", "turns"):
            self.register_buffer(name, torch.zeros(()))

    def forward(self, samples: Tensor, uniform: Draw, normal: Draw) -> Tensor:
        """Images [N, C, H, W] in [-1, 1] -> as many, each changed; colours may leave that range."""
        maps = [
            MAPS[kind](samples, uniform, normal, self.strength * self.changes[kind])
            for kind in MAPS
            if kind in self.changes
        ]
        if maps:
            places, moved = maps[0] if len(maps) == 1 else _joined(*maps)
            samples = torch.where(_per_image(moved), resampled(samples, places[:, :2]), samples)
        for kind in PAINTS:
            if kind in self.changes:
                strength = self.strength * self.changes[kind]
                samples = PAINTS[kind](samples, uniform, normal, strength)
        return samples

    def observe(self, scores: Tensor) -> None:
        """Add the mean sign of a share's real scores to that of the last turns."""
        self.signs = self.signs + scores.sign().mean()
        self.observed = self.observed + 1

    def adapt(self, images: int) -> None:
        """Every fourth turn, move the strength so that r_t approaches the target."""
        if self.target is None:
            return
        turns = self.turns + 1
        due = turns >= EVERY
        overfitting = self.signs / self.observed.clamp(min=1)  # r_t, eq. 1
        way = torch.sign(overfitting - self.target) * (self.observed > 0)
        moved = (self.strength + way * (EVERY * images / self.speed)).clamp(0, 1)
        self.strength = torch.where(due, moved, self.strength)
        nothing = torch.zeros_like(turns)
        self.turns = torch.where(due, nothing, turns)
        self.signs = torch.where(due, nothing, self.signs)
        self.observed = torch.where(due, nothing, self.observed)

    def figures(self) -> Mapping[str, Strength]:
        """The strength."""
        return {"strength": self.strength}


def blit(images: Tensor, uniform: Draw, normal: Draw, strength: Strength) -> tuple[Tensor, Tensor]:
    """Mirrors, right angles, and shifts by whole pixels up to an eighth of the sides.

    Returns where each pixel is read [N, 3, 3], and which images are changed [N].
    """
    height, width = images.shape[-2:]
    drawn = uniform(len(images), 7)
    on = drawn[:, :3] < strength
    mirrored = (2 * drawn[:, 3]).floor() * on[:, 0]
    quarters = (4 * drawn[:, 4]).floor() * on[:, 1]
    across, down = (
        ((2 * place - 1) * 0.125 * side).round() * on[:, 2]
        for place, side in zip(drawn[:, 5:].unbind(1), (width, height), strict=True)
    )
    places = _scaled(1 - 2 * mirrored, torch.ones_like(mirrored))
    places = _after(places, _turned(math.pi / 2 * quarters))
    return _after(places, _shifted(-across, -down)), on.any(1)


def geometry(
    images: Tensor, uniform: Draw, normal: Draw, strength: Strength
) -> tuple[Tensor, Tensor]:
    """Isotropic and anisotropic scales 2 ** N(0, 0.2 ** 2), rotations, shifts N(0, 0.125 ** 2).

    There are two rotations, before and after the anisotropic scaling, with the strength as their
    joint probability.
    Returns where each pixel is read [N, 3, 3], and which images are changed [N].
    """
    height, width = images.shape[-2:]
    drawn, noise = uniform(len(images), 7), normal(len(images), 4)
    scales, shifts = drawn[:, :3] < strength, noise[:, 2:] * 0.125
    turns = (1 - drawn[:, 3:5]) ** 2 > 1 - strength  # drawn < 1 - sqrt(1 - strength)
    alike, apart = (2 ** (-0.2 * noise[:, :2] * scales[:, :2])).unbind(1)
    before, after = (math.pi * (2 * drawn[:, 5:] - 1) * turns).unbind(1)
    across, down = (shifts * scales[:, 2:]).unbind(1)
    places = _after(_scaled(alike, alike), _turned(-before))
    places = _after(places, _scaled(apart, 1 / apart))
    places = _after(places, _turned(-after))
    places = _after(places, _shifted(-width * across, -height * down))
    return places, scales.any(1) | turns.any(1)


def color(images: Tensor, uniform: Draw, normal: Draw, strength: Strength) -> Tensor:
    """Brightness, contrast, luma's sign, hue and saturation, of 1 or 3 channels.

    Grey is the axis (1, 1, 1) of the colours: contrast and luma's sign change the component along
    it, hue rotates the component across it, and saturation scales that.
    """
    if images.shape[1] not in (1, 3):
        raise ConfigError(
            f"ada: color takes images of 1 or 3 channels, and these have "
            f'{images.shape[1]}; --set \'augmentation.ada=["blit", "geometry"]\' leaves it out'
        )
    drawn, noise = uniform(len(images), 7), normal(len(images), 3)
    on = drawn[:, :5] < strength
    brightness = _per_image(0.2 * noise[:, 0] * on[:, 0])
    contrast = _per_image(2 ** (0.5 * noise[:, 1] * on[:, 1]))
    sign = _per_image(1 - 2 * (2 * drawn[:, 5]).floor() * on[:, 2])
    hue = _per_image(math.pi * (2 * drawn[:, 6] - 1) * on[:, 3])
    saturation = _per_image(2 ** (noise[:, 2] * on[:, 4]))
    grey = images.mean(1, keepdim=True)
    crossed = (images.roll(1, 1) - images.roll(-1, 1)) / math.sqrt(3)  # the axis x the colour
    turned = hue.cos() * (images - grey) + hue.sin() * crossed
    changed = contrast * (sign * (grey + brightness) + saturation * turned)
    return torch.where(_per_image(on.any(1)), changed, images)


def cutout(images: Tensor, uniform: Draw, normal: Draw, strength: Strength) -> Tensor:
    """A rectangle of half the sides, with its middle anywhere, becomes 0."""
    height, width = images.shape[-2:]
    drawn = uniform(len(images), 3)
    on, across, down = (part.reshape(-1, 1, 1) for part in drawn.unbind(1))
    x, y = ((torch.arange(side, device=images.device) + 0.5) / side for side in (width, height))
    inside = ((x - across).abs() < 0.25) & ((y[:, None] - down).abs() < 0.25)
    return images * ~(inside & (on < strength))[:, None]


#: Geometric changes, in the order in which they are applied.
MAPS: Mapping[str, Callable[[Tensor, Draw, Draw, Strength], tuple[Tensor, Tensor]]] = {
    "blit": blit,
    "geometry": geometry,
}
#: Changes of values, in the order in which they follow.
PAINTS: Mapping[str, Callable[[Tensor, Draw, Draw, Strength], Tensor]] = {
    "color": color,
    "cutout": cutout,
}


def _joined(first: tuple[Tensor, Tensor], then: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
    """Two geometric changes, one after the other."""
    return _after(first[0], then[0]), first[1] | then[1]


def _after(first: Tensor, then: Tensor) -> Tensor:
    """Where a pixel is read if `then` [N, 3, 3] follows `first`.

    Summed explicitly, since a GPU may round the terms of a matrix product.
    """
    return (first[:, :, :, None] * then[:, None]).sum(2)


def _scaled(x: Tensor, y: Tensor) -> Tensor:
    nothing, one = torch.zeros_like(x), torch.ones_like(x)
    return _matrix(x, nothing, nothing, nothing, y, nothing, nothing, nothing, one)


def _turned(angle: Tensor) -> Tensor:
    nothing, one = torch.zeros_like(angle), torch.ones_like(angle)
    cos, sin = angle.cos(), angle.sin()
    return _matrix(cos, -sin, nothing, sin, cos, nothing, nothing, nothing, one)


def _shifted(x: Tensor, y: Tensor) -> Tensor:
    nothing, one = torch.zeros_like(x), torch.ones_like(x)
    return _matrix(one, nothing, x, nothing, one, y, nothing, nothing, one)


def _matrix(*entries: Tensor) -> Tensor:
    """Nine entries [N] -> matrices [N, 3, 3], row by row."""
    return torch.stack(entries, 1).reshape(-1, 3, 3)


def _per_image(values: Tensor) -> Tensor:
    """[N] -> [N, 1, 1, 1]."""
    return values[:, None, None, None]


def _check(shares: Mapping[str, float], strength: float, target: float | None, speed: int) -> None:
    for name, share in shares.items():
        if name not in KINDS:
            raise ConfigError(f"ada: there is no {brief(name)}; {did_you_mean(str(name), KINDS)}")
        if isinstance(share, bool) or not isinstance(share, int | float) or not 0 <= share <= 1:
            raise ConfigError(f"ada: the share of {name} is from 0 to 1, found {brief(share)}")
    if not 0 <= strength <= 1:
        raise ConfigError(f"ada: strength is a probability, from 0 to 1; found {strength}")
    if target is not None and not -1 < target < 1:
        raise ConfigError(
            f"ada: target is a mean of signs, between -1 and 1, or null; found {target}"
        )
    if speed < 1:
        raise ConfigError(f"ada: speed must be 1 or more images, found {speed}")
