"""How a model draws its latents, as far as a page can do the same."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from ganzoo import Model
from ganzoo_web.pages.packing import floats

#: Latents in a block, as `Model.latents` draws them.
BLOCK = 64
#: Seeds whose latents are stored if the page cannot draw them, and the most numbers of them.
SEEDS, MOST_NUMBERS = 64, 2_000_000
_PROBES = (0, 1, 12345)


def latents_of(model: Model) -> dict[str, Any]:
    """What the page needs to draw the latents and classes that `model.sample` draws.

    Normal and uniform latents are drawn in the page for every seed. Those of a generator with
    another `sample_latents` are stored for the first seeds.
    """
    width = model.generator.latent_dim
    about: dict[str, Any] = {"width": width, "classes": _classes(model)}
    law = next((name for name, draw in _LAWS.items() if _follows(model, draw)), None)
    if law is not None:
        return {**about, "law": law}
    seeds = max(1, min(SEEDS, MOST_NUMBERS // (BLOCK * width)))
    table = torch.stack([model.latents(BLOCK, seed=seed) for seed in range(seeds)])
    return {**about, "law": "table", "seeds": seeds, "table": floats(table)}


def _classes(model: Model) -> dict[str, Any] | None:
    """The number of classes, their names, and the shares in which they are drawn."""
    count = model.generator.num_classes
    if count is None:
        return None
    config = model.card.require_config()
    return {"count": count, "names": [*model.class_names], "shares": [*config.class_shares]}


def _normal(like: Tensor, rng: torch.Generator) -> Tensor:
    return torch.randn(like.shape, generator=rng)


def _uniform(like: Tensor, rng: torch.Generator) -> Tensor:
    return torch.rand(like.shape, generator=rng) * 2 - 1


_LAWS = {"normal": _normal, "uniform": _uniform}


def _follows(model: Model, draw: Any) -> bool:
    """Whether a generator's own latents are those of a law, from generators with equal seeds."""
    for seed in _PROBES:
        rngs = [torch.Generator().manual_seed(seed) for _ in range(2)]
        drawn = model.generator.sample_latents(BLOCK, rng=rngs[0])
        if not torch.allclose(drawn.float(), draw(drawn, rngs[1]), rtol=0, atol=1e-6):
            return False
    return True
