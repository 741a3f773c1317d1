"""The Wasserstein games: one value of the critic, three ways to keep it Lipschitz."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from math import inf
from typing import ClassVar

import torch
from torch import Tensor

from ganzoo import Discriminator, Loss, Round, Terms
from ganzoo.losses import interpolate, norm, score_gradient, scores


def critic_value(real: Tensor, fake: Tensor) -> Tensor:
    """f(G(z)) - f(x), whose mean estimates minus the distance (Arjovsky et al. 2017, eq. 2)."""
    return fake - real


def two_sided(gradient_norm: Tensor) -> Tensor:
    """(|grad f| - 1)^2 (Gulrajani et al. 2017, eq. 3)."""
    return (gradient_norm - 1).square()


def one_sided(gradient_norm: Tensor) -> Tensor:
    """max(0, |grad f| - 1)^2: only steeper slopes are penalised (Petzka et al. 2018, eq. 8)."""
    return (gradient_norm - 1).clamp(min=0).square()


def clip_weights(module: torch.nn.Module, limit: float) -> None:
    """Clamp each parameter to [-limit, limit] in place (Arjovsky et al. 2017, algorithm 1)."""
    torch._foreach_clamp_min_(list(module.parameters()), -limit)
    torch._foreach_clamp_max_(list(module.parameters()), limit)


class WGAN(Loss):
    """Weight clipping (Arjovsky et al. 2017, algorithm 1)."""

    recipe: ClassVar[Mapping[str, object]] = {
        "discriminator_steps": 5,
        "optimizers": {
            "generator": {"name": "rmsprop", "lr": 5e-5, "arguments": {"momentum": 0.0}},
            "discriminator": {"name": "rmsprop", "lr": 5e-5, "arguments": {"momentum": 0.0}},
        },
    }

    def __init__(self, clip: float = 0.01) -> None:
        if not clip > 0:
            raise ValueError(f"clip must be above 0, found {clip}")
        self.clip = clip

    def discriminator(self, round: Round) -> Terms:
        """Separate the scores of real and fake samples."""
        return {"critic": critic_value(*scores(round))}

    def generator(self, round: Round) -> Terms:
        """Raise the fakes' scores."""
        return {"generator": -round.discriminator(round.fake)}

    def constrain(self, discriminator: Discriminator) -> None:
        """Clip the critic's weights after each of its steps."""
        clip_weights(discriminator, self.clip)


class PenalisedWGAN(Loss, ABC):
    """A penalty on the critic's gradient between pairs of real and fake samples."""

    double_backward = True
    recipe: ClassVar[Mapping[str, object]] = {
        "discriminator_steps": 5,
        "optimizers": {
            "generator": {"name": "adam", "lr": 1e-4, "arguments": {"betas": [0.0, 0.9]}},
            "discriminator": {"name": "adam", "lr": 1e-4, "arguments": {"betas": [0.0, 0.9]}},
        },
    }

    def __init__(self, penalty: float = 10.0) -> None:
        if not 0 <= penalty < inf:  # NaN is in no range
            raise ValueError(f"penalty must be 0 or more, found {penalty}")
        self.penalty = penalty

    @staticmethod
    @abstractmethod
    def excess(gradient_norm: Tensor) -> Tensor:
        """The penalty for gradients of these norms: [N] -> [N]."""

    def discriminator(self, round: Round) -> Terms:
        """Separate the scores of real and fake samples, with penalised slopes."""
        between = interpolate(round.real, round.fake, round.uniform(len(round.real)))
        slopes = norm(score_gradient(round.discriminator, between))
        round.log("slope", slopes)
        return {
            "critic": critic_value(*scores(round)),
            "penalty": self.penalty * self.excess(slopes),
        }

    def generator(self, round: Round) -> Terms:
        """Raise the fakes' scores."""
        return {"generator": -round.discriminator(round.fake)}


class WGANGP(PenalisedWGAN):
    """Slopes of 1 everywhere between real and fake (Gulrajani et al. 2017, algorithm 1)."""

    @staticmethod
    def excess(gradient_norm: Tensor) -> Tensor:
        """Slopes above and below 1 are penalised."""
        return two_sided(gradient_norm)


class WGANLP(PenalisedWGAN):
    """Slopes of at most 1: the Lipschitz penalty (Petzka, Fischer and Lukovnikov 2018)."""

    @staticmethod
    def excess(gradient_norm: Tensor) -> Tensor:
        """Only slopes above 1 are penalised."""
        return one_sided(gradient_norm)
