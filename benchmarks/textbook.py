"""A plain GAN training as tutorials write it, which `train_step.py` and a test compare with ours.

It has the networks, batch and mathematics of the zoo's recipes, and every habit that costs time: a
DataLoader over PIL images, optimizers with their defaults, fakes generated once for each player,
the discriminator's gradients computed in the generator's turn, `.item()` at every step.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import torch
from PIL import Image
from torch import Tensor, nn
from torch.utils.data import DataLoader
from torchvision import transforms


class PILImages(torch.utils.data.Dataset):
    """Grey images uint8 [N, 1, H, W] as torchvision's MNIST returns them, with a label."""

    def __init__(self, images: Tensor, size: int) -> None:
        self.images = images[:, 0]
        self.transform = transforms.Compose(
            [
                transforms.Resize(size),
                transforms.ToTensor(),
                transforms.Normalize([0.5], [0.5]),
            ]
        )

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        return self.transform(Image.fromarray(self.images[index].numpy())), 0


def batches(images: Tensor, batch: int, size: int) -> Iterator[Tensor]:
    """Endless batches of images resized to `size`."""
    loader = DataLoader(PILImages(images, size), batch_size=batch, shuffle=True, drop_last=True)
    while True:
        for real, _ in loader:
            yield real


class Logistic:
    """The non-saturating game with R1 at every k-th turn."""

    def __init__(self, r1_gamma: float, penalty_interval: int) -> None:
        self.gamma, self.interval = r1_gamma, penalty_interval
        self.criterion = nn.BCEWithLogitsLoss()

    def discriminator(self, network: nn.Module, real: Tensor, fake: Tensor, turn: int) -> Tensor:
        real_scores, fake_scores = network(real), network(fake)
        loss = self.criterion(real_scores, torch.ones_like(real_scores))
        loss = loss + self.criterion(fake_scores, torch.zeros_like(fake_scores))
        if self.gamma and turn % self.interval == 0:
            real = real.clone().requires_grad_(True)
            scores = network(real)
            (gradient,) = torch.autograd.grad(scores.sum(), real, create_graph=True)
            penalty = gradient.pow(2).reshape(len(real), -1).sum(1).mean()
            loss = loss + self.gamma / 2 * self.interval * penalty
        return loss

    def generator(self, network: nn.Module, fake: Tensor) -> Tensor:
        scores = network(fake)
        return self.criterion(scores, torch.ones_like(scores))

    def constrain(self, network: nn.Module) -> None:
        pass


class Wasserstein:
    """The Wasserstein game with clipped weights, or with a penalty on the critic's gradient."""

    def __init__(self, clip: float | None = None, penalty: float = 0.0) -> None:
        self.clip, self.penalty = clip, penalty
        self.shares: Tensor | None = None  #: where on the lines to penalise; drawn where None

    def discriminator(self, network: nn.Module, real: Tensor, fake: Tensor, turn: int) -> Tensor:
        loss = -network(real).mean() + network(fake).mean()
        if self.penalty:
            shares = torch.rand(len(real)) if self.shares is None else self.shares
            shares = shares.reshape(-1, 1, 1, 1)
            between = (shares * real + (1 - shares) * fake).requires_grad_(True)
            scores = network(between)
            (gradient,) = torch.autograd.grad(
                scores, between, torch.ones_like(scores), create_graph=True
            )
            norms = gradient.reshape(len(real), -1).norm(2, dim=1)
            loss = loss + self.penalty * ((norms - 1) ** 2).mean()
        return loss

    def generator(self, network: nn.Module, fake: Tensor) -> Tensor:
        return -network(fake).mean()

    def constrain(self, network: nn.Module) -> None:
        if self.clip is not None:
            for parameter in network.parameters():
                parameter.data.clamp_(-self.clip, self.clip)


def game_of(loss: str, arguments: Mapping[str, Any]) -> Logistic | Wasserstein:
    """The textbook's form of one of the zoo's losses."""
    if loss == "wgan":
        return Wasserstein(clip=arguments.get("clip", 0.01))
    if loss == "wgan-gp":
        return Wasserstein(penalty=arguments.get("penalty", 10.0))
    return Logistic(arguments.get("r1_gamma", 0.0), arguments.get("penalty_interval", 1))


class Textbook:
    """Both networks, their optimizers and the average, one step at a time."""

    def __init__(
        self,
        generator: nn.Module,
        average: nn.Module,
        discriminator: nn.Module,
        generator_optimizer: torch.optim.Optimizer,
        discriminator_optimizer: torch.optim.Optimizer,
        game: Logistic | Wasserstein,
    ) -> None:
        self.generator, self.average, self.critic = generator, average, discriminator
        self.generator_optimizer = generator_optimizer
        self.discriminator_optimizer = discriminator_optimizer
        self.game = game
        self.turn = 0

    def discriminator_turn(self, real: Tensor, latents: Tensor) -> float:
        """Take one step of the discriminator; return its loss."""
        self.discriminator_optimizer.zero_grad()
        fake = self.generator(latents).detach()
        loss = self.game.discriminator(self.critic, real, fake, self.turn)
        loss.backward()
        self.discriminator_optimizer.step()
        self.game.constrain(self.critic)
        self.turn += 1
        return loss.item()

    def generator_turn(self, latents: Tensor, decay: float) -> float:
        """Take one step of the generator and of its average; return the loss."""
        self.generator_optimizer.zero_grad()
        loss = self.game.generator(self.critic, self.generator(latents))
        loss.backward()
        self.generator_optimizer.step()
        with torch.no_grad():
            pairs = zip(self.average.parameters(), self.generator.parameters(), strict=True)
            for averaged, live in pairs:
                averaged.mul_(decay).add_(live, alpha=1 - decay)
        return loss.item()


def textbook_of(config: Any, device: torch.device, game: Any = None) -> tuple[Textbook, Any, Any]:
    """The plain loop on a recipe's networks, with the state and setup that these came from.

    Networks, layers and optimizers are torch's own; `game` is the textbook's form of the loss.
    """
    from ganzoo.engine.prepare import prepare

    state, setup = prepare(config, device)
    for network in (state.generator, state.discriminator, state.average.module):
        make_plain(network)
        network.to(memory_format=torch.contiguous_format)
    for parameter in setup.trainable:
        parameter.requires_grad_(True)
    recipe = config.recipe
    kinds = {"adam": torch.optim.Adam, "rmsprop": torch.optim.RMSprop}

    def optimizer(spec: Any, network: Any) -> Any:
        return kinds[spec.name](network.parameters(), lr=spec.lr, **spec.arguments)

    loop = Textbook(
        state.generator,
        state.average.module,
        state.discriminator,
        optimizer(recipe.optimizers.generator, state.generator),
        optimizer(recipe.optimizers.discriminator, state.discriminator),
        game or game_of(recipe.loss.name.rpartition("/")[2], recipe.loss.arguments),
    )
    return loop, state, setup


def make_plain(module: Any) -> None:
    """Let ganzoo's layers compute as torch's do."""
    from field_networks import UpsampledConv2d
    from torch.nn import Conv2d, Sequential, Upsample

    from ganzoo import layers

    for name, child in list(module.named_children()):
        if isinstance(child, UpsampledConv2d):
            conv = Conv2d(child.in_channels, child.out_channels, 3, padding=1)
            conv.weight, conv.bias = child.weight, child.bias  # the optimizer's own
            setattr(module, name, Sequential(Upsample(scale_factor=2), conv))
        elif type(child).__module__ == layers.__name__:
            child.__class__ = type(child).__bases__[0]
        else:
            make_plain(child)
