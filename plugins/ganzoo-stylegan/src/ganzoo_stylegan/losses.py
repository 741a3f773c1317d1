"""StyleGAN2's game: non-saturating, with R1 and the path length, both lazy (Karras et al. 2020)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import ClassVar

import torch
from torch import Tensor

from ganzoo import Player, Round, Terms
from ganzoo.layers import differentiated_twice
from ganzoo.losses import NonSaturating

#: Penalties come at every 16th turn of the discriminator and every 8th of the generator
#: (Karras et al. 2020, section 3.1).
R1_INTERVAL, PATH_INTERVAL = 16, 8


def lazy(interval: int, lr: float = 0.002, beta2: float = 0.99) -> dict[str, object]:
    """Adam whose rate and betas count the lazy penalty as a separate step (appendix B)."""
    share = interval / (interval + 1)
    return {"name": "adam", "lr": lr * share, "arguments": {"betas": [0.0, beta2**share]}}


def path_lengths(
    generator: Player, latents: Tensor, labels: Tensor | None, noise: Tensor
) -> Tensor:
    """|J_w^T y| for each latent: how images change with their styles (Karras et al. 2020, eq. 4).

    `noise` [N, C, H, W] is normal. It is divided by the root of H * W, and squares are averaged
    over the style's layers: the paper's weight ln 2 / (r^2 (ln r - ln 2)) is then 2 at every
    resolution r, for there are 2 (log2 r - 1) layers. float32, and can be differentiated again.
    """
    with torch.autocast(latents.device.type, enabled=False), differentiated_twice():
        published = generator.outputs(latents, labels)
        images, styles = published["samples"], published["styles"]
        weighed = (images * noise).sum() / math.sqrt(images.shape[-2] * images.shape[-1])
    (slope,) = torch.autograd.grad(weighed, styles, create_graph=True)
    return (slope.square().sum(2).mean(1) + 1e-12).sqrt()


class StyleGAN2(NonSaturating):
    """The non-saturating game with lazy R1 and a lazy path-length penalty.

    Each `path_interval`-th turn the generator also minimises (|J_w^T y| - a)^2 for every second
    latent, where a is the running mean of the lengths. Both penalties are multiplied by their
    intervals. `path_share` is the total weight of all lengths so far in `path_length`: the quotient
    of the two is a mean without a bias towards its initial 0.
    """

    path_length: Tensor
    path_share: Tensor
    recipe: ClassVar[Mapping[str, object]] = {
        "optimizers": {
            "generator": lazy(PATH_INTERVAL),
            "discriminator": lazy(R1_INTERVAL),
        },
    }

    def __init__(
        self,
        r1_gamma: float = 1.0,
        r2_gamma: float = 0.0,
        penalty_interval: int = R1_INTERVAL,
        path_weight: float = 2.0,
        path_interval: int = PATH_INTERVAL,
        path_decay: float = 0.99,
    ) -> None:
        super().__init__(r1_gamma, r2_gamma, penalty_interval)
        if path_weight < 0 or path_interval < 1 or not 0 <= path_decay < 1:
            raise ValueError(
                "path_weight is 0 or more, path_interval 1 or more and path_decay in [0, 1), found "
                f"{path_weight}, {path_interval} and {path_decay}"
            )
        self.path_weight, self.path_interval = path_weight, path_interval
        self.path_decay = path_decay
        self.takes_path = path_weight > 0  # a schedule may change the weight
        self.needs = frozenset({"styles"}) if self.takes_path else frozenset()
        self.register_buffer("path_length", torch.zeros(()))
        self.register_buffer("path_share", torch.zeros(()))

    def generator(self, round: Round) -> Terms:
        """The non-saturating term, and the path-length penalty when it is due."""
        terms = super().generator(round)
        if self.takes_path and round.due(self.path_interval):
            terms["path"] = self.path_penalty(round)
        return terms

    def path_penalty(self, round: Round) -> Tensor:
        """Weighted penalties of every second latent: [N / 2].

        Lengths are compared with the mean of earlier turns, so that ranks and micro-batches change
        nothing; the first ones with their own mean.
        """
        latents = round.latents[::2]
        labels = None if round.labels is None else round.labels[::2]
        noise = round.normal(len(round.latents), *round.fake.shape[1:])[::2]
        lengths = path_lengths(round.generator, latents, labels, noise)
        round.log("path_length", lengths)
        here = lengths.detach().mean()
        mean = torch.where(self.path_share > 0, self.path_length / self.path_share, here)
        self.path_length = torch.lerp(here, self.path_length, self.path_decay)
        self.path_share = torch.lerp(torch.ones_like(here), self.path_share, self.path_decay)
        return self.path_weight * self.path_interval * (lengths - mean).square()
