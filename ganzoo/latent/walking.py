"""Ways through the latents and styles of a model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Unpack

import torch
from torch import Tensor

from ganzoo.arguments import whole
from ganzoo.errors import UsageError
from ganzoo.interfaces import StyleGenerator

if TYPE_CHECKING:
    from ganzoo.zoo import Model
    from ganzoo.zoo.requests import Options


def slerp(start: Tensor, end: Tensor, share: Tensor) -> Tensor:
    """Spherical interpolation (Shoemake 1985): latents [D], [D] and shares [F] -> [F, D].

    sin((1 - t) a) / sin(a) start + sin(t a) / sin(a) end, with a the angle between the two; it
    keeps the length that normal latents have, where a straight line would pass near 0. Latents on
    one line through 0 are joined by it.
    """
    cosine = torch.nn.functional.cosine_similarity(start.double(), end.double(), dim=0)
    angle = cosine.clamp(-1, 1).acos()
    t = share.double()[:, None]
    if angle.sin().abs() < 1e-6:
        way = (1 - t) * start + t * end
    else:
        way = (((1 - t) * angle).sin() * start + (t * angle).sin() * end) / angle.sin()
    return way.to(start.dtype)


def walk(
    model: Model,
    seeds: Sequence[int],
    frames: int = 90,
    *,
    closed: bool = True,
    **options: Unpack[Options],
) -> Tensor:
    """Samples [frames, *S] on the way through the first latents of two or more seeds.

    A closed way leads from its last frame to its first; another ends in the last seed's sample. It
    is spherical in latents and straight in the styles of a `StyleGenerator` (Karras et al. 2019).
    `options` are those of `Model.sample`. Without labels or conditions, all frames share those of
    the first seed's first sample. `UsageError` for a model without latents.
    """
    if len(seeds) < 2:
        raise UsageError(f"a walk leads through 2 seeds or more, found {len(seeds)}")
    frames = whole("frames", frames, least=2)
    options = one_label(model, seeds[0], options)
    stops = first_points(model, seeds, options)
    options["styles" if stops.dim() == 3 else "latents"] = _along(stops, frames, closed=closed)
    return model.sample(**options)


def one_label(model: Model, seed: int, options: Options) -> Options:
    """Options with the label or condition of a seed's first sample, unless they have their own."""
    options = {**options, "seed": seed}
    if options.get("labels") is None and options.get("conditions") is None:
        drawn = model.labels(1, seed=seed)
        if model.generator.num_classes is not None and drawn is not None:
            options["labels"] = int(drawn[0])
        elif drawn is not None:
            options["conditions"] = drawn[0]
    return options


def first_points(model: Model, seeds: Sequence[int], options: Options) -> Tensor:
    """The first latents of seeds [K, D], or their styles [K, L, W] where the model has styles."""
    require_latents(model)
    latents = torch.cat([model.latents(1, seed=seed) for seed in seeds])
    if isinstance(model.generator, StyleGenerator):
        told = options.get("labels"), options.get("conditions")
        return model.styles(latents, told[0], conditions=told[1])
    return latents.cpu()


def require_latents(model: Model) -> None:
    """Refuse a model that draws from its conditions alone."""
    if model.generator.latent_dim == 0:
        raise UsageError(
            f"{model.card.name} has no latents to steer: its samples follow from their conditions"
        )


def between(start: Tensor, end: Tensor, shares: Tensor) -> Tensor:
    """Points on the way from one to another: latents [D] -> [F, D], styles [L, W] -> [F, L, W]."""
    if start.dim() == 1:
        return slerp(start, end, shares)
    return torch.lerp(start, end, shares.to(start)[:, None, None])


def _along(stops: Tensor, frames: int, *, closed: bool) -> Tensor:
    """As many points as frames, at equal steps along the way through the stops."""
    legs, steps = (len(stops), frames) if closed else (len(stops) - 1, frames - 1)
    place = torch.arange(frames) * legs  # in whole numbers, so that stops are met exactly
    leg = (place // steps).clamp_max(legs - 1)
    shares = (place - leg * steps).double() / steps
    way = [
        between(stops[number], stops[(number + 1) % len(stops)], shares[leg == number])
        for number in range(legs)
    ]
    return torch.cat(way)
