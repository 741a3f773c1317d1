"""Ways through the latents and styles of a model."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Unpack

import torch
from torch import Tensor

from ganzoo.arguments import whole
from ganzoo.errors import UsageError
from ganzoo.interfaces import StyleGenerator

if TYPE_CHECKING:
    from ganzoo.zoo import Model
    from ganzoo.zoo.requests import Options

__all__ = ["slerp", "walk"]


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
    frames: int = 8,
    *,
    closed: bool = False,
    **options: Unpack[Options],
) -> Tensor:
    """Samples on the way through the first latents of some seeds, `frames` between two of them.

    The last seed's sample ends it, or a `closed` way returns to the first one. `options` are those
    of `Model.sample`. A `StyleGenerator` is led straight through its styles.
    """
    frames = whole("frames", frames, least=1)
    if len(seeds) < 2:
        raise UsageError(f"a walk leads through 2 seeds or more, found {len(seeds)}")
    stops = torch.cat([model.latents(1, seed=seed) for seed in [*seeds, *seeds[: int(closed)]]])
    shares = torch.arange(frames) / frames
    if isinstance(model.generator, StyleGenerator):
        points = model.styles(stops, options.get("labels"))
        between = [torch.lerp(a, b, shares[:, None, None]) for a, b in pairwise(points)]
    else:
        points = stops
        between = [slerp(a, b, shares) for a, b in pairwise(points)]
    way = torch.cat(between if closed else [*between, points[-1:]])
    options["styles" if way.dim() == 3 else "latents"] = way
    options["seed"] = seeds[0]
    return model.sample(**options)
