"""A discriminator that sees augmented samples, mirroring, and DiffAugment."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn

from ganzoo.errors import ConfigError, brief, did_you_mean
from ganzoo.interfaces import Augmentation, Discriminator, Draw


class Augmented(Discriminator):
    """A discriminator that sees augmented samples."""

    def __init__(
        self, inner: Discriminator, augmentations: nn.ModuleList, uniform: Draw, normal: Draw
    ) -> None:
        super().__init__()
        self.inner, self.augmentations = inner, augmentations
        self.uniform, self.normal = uniform, normal
        self.sample_shape = inner.sample_shape
        self.num_classes = inner.num_classes
        self.independent = inner.independent

    def forward(self, samples: Tensor, labels: Tensor | None = None) -> Tensor:
        """Samples [N, *S] -> the inner discriminator's scores."""
        scores: Tensor = self.inner(self.augment(samples), labels)
        return scores

    def outputs(self, samples: Tensor, labels: Tensor | None = None) -> dict[str, Tensor]:
        """Everything that the inner discriminator publishes."""
        return self.inner.outputs(self.augment(samples), labels)

    def augment(self, samples: Tensor) -> Tensor:
        """Samples [N, *S] -> as many, each changed by its own draws."""
        with torch.autocast(samples.device.type, enabled=False):
            for augmentation in self.augmentations:
                samples = augmentation(samples, self.uniform, self.normal)
        return samples


class Flip(Augmentation):
    """Mirrors half of the images."""

    sample_dims = 3

    def forward(self, samples: Tensor, uniform: Draw, normal: Draw) -> Tensor:
        """Images [N, C, H, W] -> as many, each mirrored or not."""
        return flip(samples, uniform(len(samples)))


class DiffAugment(Augmentation):
    """Colour, shifts and squares cut out (Zhao et al. 2020, section 4).

    `changes` are any of `color` (brightness, saturation and contrast), `translation` (shifts of up
    to an eighth of the image) and `cutout` (a blank square with half the image's sides). Blank is
    0, the middle of [-1, 1].
    """

    sample_dims = 3

    def __init__(self, changes: Iterable[str] = ("color", "translation", "cutout")) -> None:
        self.changes = (changes,) if isinstance(changes, str) else tuple(changes)
        for name in self.changes:
            if name not in CHANGES:
                raise ConfigError(
                    f"diffaugment: there is no {brief(name)}; {did_you_mean(str(name), CHANGES)}"
                )

    def forward(self, samples: Tensor, uniform: Draw, normal: Draw) -> Tensor:
        """Images [N, C, H, W] -> as many, each changed."""
        for name in self.changes:
            samples = CHANGES[name](samples, uniform)
        return samples


def flip(images: Tensor, drawn: Tensor) -> Tensor:
    """Mirror the images whose draw [N] is below a half."""
    return torch.where(_per_image(drawn < 0.5), images.flip(-1), images)


def color(images: Tensor, uniform: Draw) -> Tensor:
    """Brightness within [-0.5, 0.5], saturation within [0, 2], contrast within [0.5, 1.5]."""
    brightness, saturation, contrast = map(_per_image, uniform(len(images), 3).unbind(1))
    images = images + (brightness - 0.5)
    grey = images.mean(1, keepdim=True)
    images = torch.lerp(grey, images, 2 * saturation)
    middle = images.mean((1, 2, 3), keepdim=True)
    return torch.lerp(middle, images, 0.5 + contrast)


def translation(images: Tensor, uniform: Draw) -> Tensor:
    """Shift each image by whole pixels, up to an eighth of its sides; the rest is blank."""
    n, _, height, width = images.shape
    drawn = uniform(n, 2)
    down, right = _whole(drawn[:, 0], height // 8), _whole(drawn[:, 1], width // 8)
    rows = torch.arange(height, device=images.device) - down[:, None]
    columns = torch.arange(width, device=images.device) - right[:, None]
    inside = _within(rows, height)[:, None, :, None] & _within(columns, width)[:, None, None, :]
    rows, columns = rows.clamp(0, height - 1), columns.clamp(0, width - 1)
    each = torch.arange(n, device=images.device)[:, None, None]
    moved = images.permute(0, 2, 3, 1)[each, rows[:, :, None], columns[:, None, :]]
    return moved.permute(0, 3, 1, 2) * inside


def cutout(images: Tensor, uniform: Draw) -> Tensor:
    """Blank a square with half the image's sides, centred anywhere in the image."""
    n, _, height, width = images.shape
    drawn = uniform(n, 2)
    rows = _covered(drawn[:, 0], height)[:, None, :, None]
    columns = _covered(drawn[:, 1], width)[:, None, None, :]
    return images * ~(rows & columns)


CHANGES = {"color": color, "translation": translation, "cutout": cutout}


def _per_image(values: Tensor) -> Tensor:
    """[N] -> [N, 1, 1, 1]."""
    return values[:, None, None, None]


def _whole(drawn: Tensor, most: int) -> Tensor:
    """Uniform draws as whole numbers from -most to most."""
    return (drawn * (2 * most + 1)).floor().long() - most


def _within(places: Tensor, side: int) -> Tensor:
    return (places >= 0) & (places < side)


def _covered(drawn: Tensor, side: int) -> Tensor:
    """Which positions [N, side] an interval of half the side covers, centred anywhere."""
    start = (drawn * side).floor().long() - side // 4
    places = torch.arange(side, device=drawn.device)
    return (places >= start[:, None]) & (places < start[:, None] + side // 2)
