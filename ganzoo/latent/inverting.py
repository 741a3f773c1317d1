"""The latents or styles that draw a given picture, by optimisation."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from ganzoo.arguments import seed_of, whole
from ganzoo.errors import UsageError, WeightsError
from ganzoo.extractors import extractors_of, open_extractor
from ganzoo.interfaces import Extractor, StyleGenerator
from ganzoo.latent.files import fingerprint, read_file, write_file
from ganzoo.latent.searching import Search
from ganzoo.latent.walking import require_latents

if TYPE_CHECKING:
    from ganzoo.zoo import Model
    from ganzoo.zoo.requests import GivenLabels

#: Images that are inverted together.
TOGETHER = 8


@dataclass(frozen=True, eq=False)
class Inversion:
    """What draws n pictures: `points` are latents [n, D], or styles [n, L, W].

    `psnr` [n] says how close the drawings come, in dB; `model` is the sha256 of the weights.
    """

    points: Tensor
    psnr: Tensor
    model: str

    def save(self, path: str | Path) -> None:
        """Write a safetensors file, which `read_latents` and `ganzoo edit` read."""
        name = "styles" if self.points.dim() == 3 else "latents"
        about = {"model": self.model, "psnr": [round(one, 3) for one in self.psnr.tolist()]}
        write_file(Path(path), "latents", {name: self.points}, about)


def read_latents(path: str | Path, model: Model) -> Tensor:
    """Latents [n, D] or styles [n, L, W] of a model; `WeightsError` for another model's."""
    tensors, _ = read_file(Path(path), "latents", model)
    points = tensors.get("styles", tensors.get("latents"))
    generator = model.generator
    shape: tuple[int, ...] = (generator.latent_dim,)
    if points is not None and points.dim() == 3 and isinstance(generator, StyleGenerator):
        shape = (generator.style_layers, generator.style_dim)
    if points is None or not len(points) or tuple(points.shape[1:]) != shape:
        raise WeightsError(f"{path} holds no latents or styles of {model.card.name}")
    return points


def invert(
    model: Model,
    images: Tensor,
    *,
    labels: GivenLabels = None,
    starts: int = 4,
    steps: int = 200,
    seed: int = 0,
) -> Inversion:
    """Latents, or a style for each layer, whose samples come closest to images [n, *S].

    From the `starts` nearest of a seed's samples, Adam minimises the mean squared difference of
    pixels, and that of features if the extractor of the model's data set takes such images (Karras
    et al. 2020, appendix D; styles for each layer after Abdal et al. 2019). After a quarter of the
    steps only the start with the least difference of pixels goes on; an image is done at 40 dB.
    `labels` are required for a model with classes.
    """
    _check(model, images, labels)
    starts, steps = whole("starts", starts, least=1), whole("steps", steps, least=1)
    seed, extractor = seed_of(seed), _extractor_for(model)
    numbers = _numbers(model, len(images), labels)
    found, errors = list[Tensor](), list[Tensor]()
    for first in range(0, len(images), TOGETHER):
        part = slice(first, first + TOGETHER)
        own = None if numbers is None else numbers[part]
        search = Search(model, images[part].float(), own, extractor, seed)
        points, error = search.best_of(starts, steps)
        found.append(points)
        errors.append(error)
    psnr = 10 * torch.log10(4 / torch.cat(errors).clamp_min(1e-12))  # values span 2
    return Inversion(torch.cat(found), psnr, fingerprint(model))


def _check(model: Model, images: Tensor, labels: GivenLabels) -> None:
    """Refuse what cannot be inverted."""
    require_latents(model)
    name, generator = model.card.name, model.generator
    shape = tuple(generator.sample_shape)
    if tuple(images.shape[1:]) != shape or not len(images):
        raise UsageError(f"{name} draws samples of shape {list(shape)}, found {list(images.shape)}")
    if generator.condition_shape is not None:
        raise UsageError(f"{name} takes conditions, which invert cannot know")
    if generator.num_classes is not None and labels is None:
        raise UsageError(f"{name} takes a class: give the label of the images")


def _numbers(model: Model, n: int, labels: GivenLabels) -> Tensor | None:
    """Labels int64 [n] on the model's device; None without classes."""
    from ganzoo.zoo.requests import labels_for

    rows = labels_for(model, n, 0, labels)
    return None if rows is None else rows[:n].to(model.device)


def _extractor_for(model: Model) -> Extractor | None:
    """The extractor of the model's data set, if it takes samples of this shape."""
    name, _ = extractors_of(model.card.require_config().recipe.data)
    if name is None:
        return None
    extractor = open_extractor(name)
    taken = extractor.sample_shape
    return extractor if taken in (None, tuple(model.generator.sample_shape)) else None
