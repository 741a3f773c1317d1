"""Gradient penalties for losses to combine; each returns unweighted values [N]."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import torch
from torch import Tensor

from ganzoo.layers import differentiated_twice

#: A `Player`, or any function from samples to their scores.
Judge: TypeAlias = Callable[[Tensor], Tensor]
#: Keeps the norm's gradient finite if a gradient is exactly zero.
_TINY = 1e-12


def score_gradient(player: Judge, samples: Tensor) -> Tensor:
    """Gradient of each sample's score: samples [N, *S] -> [N, *S], in float32.

    Can be differentiated again. Scores of several patches, or of a pack, are summed.
    """
    with torch.autocast(samples.device.type, enabled=False), torch.enable_grad():
        samples = samples.detach().float().requires_grad_()
        with differentiated_twice():
            scores = player(samples).float()
        (gradient,) = torch.autograd.grad(scores.sum(), samples, create_graph=True)
    return gradient


def squared_norm(gradient: Tensor) -> Tensor:
    """Squared Euclidean norm of each row: [N, *S] -> [N]."""
    return gradient.flatten(1).square().sum(1)


def norm(gradient: Tensor) -> Tensor:
    """Euclidean norm of each row: [N, *S] -> [N]."""
    return (squared_norm(gradient) + _TINY).sqrt()


def r1_penalty(player: Judge, real: Tensor) -> Tensor:
    """|grad D(x)|^2 at real samples; multiply by gamma / 2 (Mescheder et al. 2018, eq. 9)."""
    return squared_norm(score_gradient(player, real))


def r2_penalty(player: Judge, fake: Tensor) -> Tensor:
    """|grad D(G(z))|^2 at fake samples; multiply by gamma / 2 (Mescheder et al. 2018, eq. 10)."""
    return squared_norm(score_gradient(player, fake))


def interpolate(real: Tensor, fake: Tensor, uniform: Tensor) -> Tensor:
    """One point on the line between each pair (Gulrajani et al. 2017, algorithm 1).

    `uniform` [N] in [0, 1): 1 is the real end.
    """
    share = uniform.to(real).reshape(-1, *[1] * (real.dim() - 1))
    return torch.lerp(fake, real, share)


def gradient_penalty(player: Judge, samples: Tensor, target: float = 1.0) -> Tensor:
    """(|grad D| - target)^2 at the given samples (Gulrajani et al. 2017, eq. 3)."""
    return (norm(score_gradient(player, samples)) - target).square()
