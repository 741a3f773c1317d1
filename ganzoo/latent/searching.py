"""The search for the latents or styles that draw a few images."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from ganzoo import sampling
from ganzoo.interfaces import Extractor, StyleGenerator

if TYPE_CHECKING:
    from ganzoo.zoo import Model

#: Samples among which the starts are chosen.
CANDIDATES = 128
#: Adam's first step size, which falls to 0 as a cosine.
RATE = 0.1
#: Weight of the features' mean squared distance beside the pixels'.
FEATURES = 0.02
#: All starts go on for this part of the steps, and then each image's best one alone.
TRIAL = 4
#: A mean squared difference at which a drawing equals its image to the eye: 40 dB of a span of 2.
DONE = 4e-4


class Search:
    """What draws n images, from several starts each: a row is one start of one image."""

    def __init__(
        self,
        model: Model,
        images: Tensor,
        labels: Tensor | None,
        extractor: Extractor | None,
        seed: int,
    ) -> None:
        self.model, self.seed, self.labels = model, seed, labels
        self.images = images.to(model.device)
        self.extractor = None if extractor is None else extractor.to(model.device)
        self.best: list[Tensor] = []
        self.errors = [math.inf] * len(images)

    def best_of(self, starts: int, steps: int) -> tuple[Tensor, Tensor]:
        """The best points met [n, ...] on the CPU, and the mean squared errors of pixels [n]."""
        starts = min(starts, CANDIDATES)
        numbers = torch.arange(len(self.images), device=self.model.device)
        self.owners = numbers.repeat_interleave(starts)  # the image that each row draws
        self.points = self.nearest(starts).requires_grad_()
        self.best = [*self.points.detach()[::starts]]
        self.optimizer = torch.optim.Adam([self.points], lr=RATE)
        with torch.no_grad():
            self.features = None if self.extractor is None else self.extractor(self.images)
        for step in range(steps):
            self.optimizer.param_groups[0]["lr"] = RATE * (1 + math.cos(math.pi * step / steps)) / 2
            errors = self.step()
            if step + 1 == steps // TRIAL:
                self.keep(_least(errors, self.owners.tolist()))
            open_rows = [r for r, n in enumerate(self.owners.tolist()) if self.errors[n] > DONE]
            if not open_rows:
                break
            self.keep(open_rows)
        else:
            with torch.no_grad():
                drawn = self.drawn(self.points)
                self.record(self.points.detach(), squares(drawn, self.images[self.owners]))
        return torch.stack(self.best).cpu(), torch.tensor(self.errors)

    def step(self) -> list[float]:
        """One step of all rows; their errors before it."""
        drawn = self.drawn(self.points)
        errors = squares(drawn, self.images[self.owners])
        loss = errors
        if self.extractor is not None and self.features is not None:
            loss = loss + FEATURES * squares(self.extractor(drawn), self.features[self.owners])
        self.optimizer.zero_grad()
        loss.sum().backward()  # type: ignore[no-untyped-call]
        self.record(self.points.detach(), errors.detach())
        self.optimizer.step()
        return errors.tolist()

    def record(self, points: Tensor, errors: Tensor) -> None:
        """Remember the points that come closer to their image than any before."""
        for row, (number, error) in enumerate(
            zip(self.owners.tolist(), errors.tolist(), strict=True)
        ):
            if error < self.errors[number]:
                self.errors[number], self.best[number] = error, points[row].clone()

    def keep(self, rows: list[int]) -> None:
        """Go on with these rows alone, and with what the optimizer knows of them."""
        if len(rows) == len(self.owners):
            return
        known = self.optimizer.state[self.points]
        self.points = self.points.detach()[rows].clone().requires_grad_()
        self.owners = self.owners[rows]
        self.optimizer = torch.optim.Adam([self.points], lr=RATE)
        self.optimizer.state[self.points] = {
            name: value[rows] if value.dim() else value for name, value in known.items()
        }

    @torch.no_grad()
    def nearest(self, starts: int) -> Tensor:
        """For each image the points of the nearest of a seed's samples: [n * starts, ...]."""
        latents = self.model.latents(CANDIDATES, seed=self.seed)
        candidates: dict[int | None, tuple[Tensor, Tensor]] = {}
        chosen = []
        for number, image in enumerate(self.images):
            label = None if self.labels is None else int(self.labels[number])
            if label not in candidates:
                drawn = self.model.sample(latents=latents, labels=label, seed=self.seed)
                candidates[label] = (self.in_styles(latents, label), drawn.to(image.device))
            points, drawn = candidates[label]
            order = squares(drawn, image[None]).argsort(stable=True)
            chosen.append(points[order[:starts]])
        return torch.cat(chosen).clone()

    def in_styles(self, latents: Tensor, label: int | None) -> Tensor:
        """Latents [n, D], or their styles [n, L, W] for a model that has them."""
        if isinstance(self.model.generator, StyleGenerator):
            return self.model.styles(latents, label).to(self.model.device)
        return latents

    def drawn(self, points: Tensor) -> Tensor:
        """The samples of latents or styles, with gradients."""
        generator = self.model.generator
        labels = None if self.labels is None else self.labels[self.owners]
        with sampling.seeded_layers(self.seed, self.model.device):
            if isinstance(generator, StyleGenerator):
                return generator.synthesise(points, labels)
            samples: Tensor = generator(points, labels)
            return samples


def squares(one: Tensor, other: Tensor) -> Tensor:
    """Mean squared differences of rows: [n]."""
    return (one - other).flatten(1).square().mean(1)


def _least(errors: list[float], owners: list[int]) -> list[int]:
    """For each owner the row with the least error."""
    best: dict[int, int] = {}
    for row, owner in enumerate(owners):
        if owner not in best or errors[row] < errors[best[owner]]:
            best[owner] = row
    return [*best.values()]
