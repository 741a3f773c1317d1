"""Directions in a model's latents or styles that change one thing about its samples."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

import torch
from torch import Tensor

from ganzoo.errors import UsageError, WeightsError, did_you_mean
from ganzoo.interfaces import StyleGenerator
from ganzoo.latent.files import fingerprint, read_file, write_file
from ganzoo.latent.walking import one_label

if TYPE_CHECKING:
    from ganzoo.zoo import Model
    from ganzoo.zoo.requests import Options


@dataclass(frozen=True, eq=False)
class Directions:
    """K named directions of length 1: `vectors` [K, D] in latents, or [K, W] in styles.

    In `styles` a vector is added to every layer. `sigmas` [K] are the standard deviations of the
    model's own latents or styles along the directions. `model` is the sha256 of its weights.
    """

    names: tuple[str, ...]
    vectors: Tensor
    sigmas: Tensor
    in_styles: bool
    method: str
    model: str

    def __len__(self) -> int:
        return len(self.names)

    def save(self, path: str | Path) -> None:
        """Write a safetensors file; equal directions give equal bytes."""
        about = {
            "names": list(self.names),
            "in_styles": self.in_styles,
            "method": self.method,
            "model": self.model,
        }
        tensors = {"vectors": self.vectors, "sigmas": self.sigmas}
        write_file(Path(path), "directions", tensors, about)

    @classmethod
    def read(cls, path: str | Path, model: Model) -> Directions:
        """A model's directions from a file; `WeightsError` for another model's."""
        tensors, about = read_file(Path(path), "directions", model)
        try:
            names, vectors, sigmas = tuple(about["names"]), tensors["vectors"], tensors["sigmas"]
            made = cls(names, vectors, sigmas, about["in_styles"], about["method"], about["model"])
        except KeyError as error:
            raise WeightsError(f"{path} has no {error}; find the directions again") from None
        if made.vectors.shape != (len(names), width_of(model)) or sigmas.shape != (len(names),):
            raise WeightsError(f"{path}: its shapes do not fit; find the directions again")
        return made

    def step(self, amounts: Mapping[str, float]) -> Tensor:
        """The sum [D] or [W] of amount times sigma times the vector of each name."""
        total = torch.zeros_like(self.vectors[0])
        for name, amount in amounts.items():
            if name not in self.names:
                near = did_you_mean(name, self.names, otherwise="there are: {}")
                raise UsageError(f"there is no direction {name!r}; {near}")
            number = self.names.index(name)
            total += amount * self.sigmas[number] * self.vectors[number]
        return total


def width_of(model: Model) -> int:
    """The number of coordinates of a direction: of a style, or of the latents."""
    generator = model.generator
    return generator.style_dim if isinstance(generator, StyleGenerator) else generator.latent_dim


def points_of(model: Model, n: int, seed: int, labels: Any) -> Tensor:
    """Latents float64 [n, D] of a seed, or their styles [n, W], averaged over the layers."""
    latents = model.latents(n, seed=seed)
    if isinstance(model.generator, StyleGenerator):
        drawn = model.labels(n, seed=seed) if labels is None else None
        if model.generator.condition_shape is not None:
            return model.styles(latents, conditions=drawn).mean(1).double()
        return model.styles(latents, drawn if labels is None else labels).mean(1).double()
    return latents.cpu().double()


def edit(
    model: Model,
    points: Tensor,
    directions: Directions,
    amounts: Mapping[str, float],
    **options: Unpack[Options],
) -> Tensor:
    """Samples [n, *S] of latents [n, D] or styles [n, L, W] moved by `amounts` of sigma each.

    A model with styles moves the styles of given latents. `options` are those of `Model.sample`.
    `UsageError` for a name that is not there, or another model's directions.
    """
    return _drawn(model, points, directions, directions.step(amounts), options)


def strips(
    model: Model,
    directions: Directions,
    *,
    columns: int = 7,
    reach: float = 3.0,
    **options: Unpack[Options],
) -> Tensor:
    """Samples [K, columns, *S]: a seed's first sample moved from -reach to reach sigmas.

    `options` are those of `Model.sample`; `seed` is 0 by default.
    """
    seed = options.get("seed") or 0
    amounts = torch.linspace(-reach, reach, columns)
    steps = [directions.step({name: a}) for name in directions.names for a in amounts.tolist()]
    start = model.latents(1, seed=seed)
    drawn = one_label(model, seed, options)
    samples = _drawn(model, start, directions, torch.stack(steps), drawn)
    return samples.reshape(len(directions), columns, *samples.shape[1:])


def _drawn(
    model: Model, points: Tensor, directions: Directions, steps: Tensor, options: Options
) -> Tensor:
    """The samples of latents [n, D] or styles [n, L, W] moved by steps [D or W], or one each."""
    if directions.model != fingerprint(model):
        raise UsageError(f"these directions belong to another model than {model.card.name}")
    seed = options.setdefault("seed", 0)
    if model.generator.num_classes is not None and options.get("labels") is None:
        options["labels"] = model.labels(len(points), seed=seed or 0)
    if directions.in_styles:
        if points.dim() == 2:
            told = options.get("labels"), options.get("conditions")
            points = model.styles(points, told[0], conditions=told[1])
        options["styles"] = points.cpu() + (steps if steps.dim() == 1 else steps[:, None])
    else:
        options["latents"] = points.cpu() + steps
    return model.sample(**options)
