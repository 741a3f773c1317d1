"""Parts with the mistakes of a first plugin, written as a beginner writes them.

Images are [1, 4, 4] in [-1, 1]; `Painter`, `Critic` and `Stripes` beside them are right.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import nn
from torch.nn.functional import softplus

from ganzoo import Dataset, Discriminator, Generator, Loss


class Painter(Generator):
    """Right."""

    latent_dim, sample_shape = 8, (1, 4, 4)

    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 16), nn.Tanh())

    def forward(self, latents, labels=None):
        return self.net(latents).view(-1, 1, 4, 4)


class Critic(Discriminator):
    """Right."""

    sample_shape = (1, 4, 4)
    independent = True

    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(
            nn.Flatten(), nn.Linear(16, 16), nn.LeakyReLU(0.2), nn.Linear(16, 1)
        )

    def forward(self, samples, labels=None):
        return self.net(samples).squeeze(1)


class Stripes(Dataset):
    """Right: 64 striped images of two classes."""

    sample_shape, num_classes = (1, 4, 4), 2

    def __init__(self):
        row = torch.tensor([-0.9, -0.5, 0.5, 0.9])
        self.images = torch.stack([row.roll(i).expand(1, 4, 4) for i in range(64)])
        self.labels = torch.arange(64) % 2

    def __len__(self):
        return 64

    def batch(self, indices):
        return self.images[indices], self.labels[indices]


# --- Constructors --------------------------------------------------------------------------------


class NoSuper(Generator):
    """Forgets super().__init__()."""

    def __init__(self):
        self.latent_dim, self.sample_shape = 8, (1, 4, 4)
        self.net = nn.Linear(8, 16)

    def forward(self, latents, labels=None):
        return self.net(latents).tanh().view(-1, 1, 4, 4)


class NoSuperNoLayers(Generator):
    """Forgets super().__init__(), and torch does not notice at once."""

    def __init__(self):
        self.latent_dim, self.sample_shape = 16, (1, 4, 4)

    def forward(self, latents, labels=None):
        return latents.tanh().view(-1, 1, 4, 4)


class NoSuperCritic(Discriminator):
    """Forgets it in the discriminator."""

    def __init__(self):
        self.sample_shape = (1, 4, 4)
        self.weight = nn.Parameter(torch.zeros(16))

    def forward(self, samples, labels=None):
        return samples.flatten(1) @ self.weight


class NotImported(Generator):
    """Uses a name that it does not import."""

    def __init__(self):
        super().__init__()
        self.latent_dim, self.sample_shape = 8, (1, 4, 4)
        self.net = Sequential(nn.Linear(8, 16), nn.Tanh())  # noqa: F821

    def forward(self, latents, labels=None):
        return self.net(latents).view(-1, 1, 4, 4)


class NotInstalled(Generator):
    """Imports what is not installed."""

    def __init__(self):
        super().__init__()
        from einopps import rearrange

        self.rearrange = rearrange

    def forward(self, latents, labels=None):
        return self.rearrange(latents)


class MisspeltLayer(Painter):
    """Misspells a layer."""

    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(8, 16), nn.TanH())


class NoDefault(Painter):
    """Needs to be told how many blocks it has."""

    def __init__(self, blocks):
        super().__init__()
        self.blocks = blocks


class Foward(Generator):
    """Misspells forward."""

    latent_dim, sample_shape = 8, (1, 4, 4)

    def foward(self, latents, labels=None):
        return latents


class PlainList(Generator):
    """Keeps its layers in a list."""

    latent_dim, sample_shape = 8, (1, 4, 4)

    def __init__(self):
        super().__init__()
        self.layers = [nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 16), nn.Tanh()]

    def forward(self, latents, labels=None):
        for layer in self.layers:
            latents = layer(latents)
        return latents.view(-1, 1, 4, 4)


# --- Passes --------------------------------------------------------------------------------------


class NoLabels(Painter):
    """Has no classes, and so takes no labels."""

    def forward(self, latents):
        return self.net(latents).view(-1, 1, 4, 4)


class NoLabelsCritic(Critic):
    """Has no classes, and so takes no labels."""

    def forward(self, x):
        return self.net(x).squeeze(1)


class NoRng(Painter):
    """Draws latents as everybody does."""

    def sample_latents(self, n):
        return torch.randn(n, 8)


class Misread(Painter):
    """Misspells what it made in __init__."""

    def forward(self, latents, labels=None):
        return self.nett(latents).view(-1, 1, 4, 4)


class NoChannel(Painter):
    """Leaves the channel out of the shape it says."""

    sample_shape = (4, 4)


class WrongLatents(Painter):
    """Says more latents than its first layer takes."""

    latent_dim = 16


class WrongSize(Critic):
    """Says images of another size than its layers take."""

    sample_shape = (1, 8, 8)


class SigmoidCritic(Critic):
    """Ends in a sigmoid, as the first paper has it."""

    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Flatten(), nn.Linear(16, 1), nn.Sigmoid())


class UnitPainter(Painter):
    """Paints in [0, 1]."""

    def forward(self, latents, labels=None):
        return torch.sigmoid(super().forward(latents))


class NumpyCritic(Critic):
    """Goes through numpy."""

    def forward(self, samples, labels=None):
        flat = np.clip(samples.detach().numpy().reshape(len(samples), -1), -1, 1)
        return torch.from_numpy(flat).sum(1)


class NumpyPainter(Painter):
    """Goes through numpy, which torch refuses only when it trains."""

    def forward(self, latents, labels=None):
        made = np.clip(self.net(latents).numpy(), -0.9, 0.9)
        return torch.from_numpy(made).view(-1, 1, 4, 4)


class ShiftingCritic(Critic):
    """Centres its inputs where they lie."""

    def forward(self, samples, labels=None):
        samples -= 0.5
        return self.net(samples).squeeze(1)


class InPlaceCritic(Critic):
    """Begins with an activation in place."""

    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.LeakyReLU(0.2, inplace=True), nn.Flatten(), nn.Linear(16, 1))


class TensorOutputs(Painter):
    """Publishes the samples alone."""

    def outputs(self, latents, labels=None):
        return self.forward(latents, labels)


# --- Losses --------------------------------------------------------------------------------------


class Game(Loss):
    """Right."""

    def discriminator(self, round):
        real, fake = round.discriminator(round.real), round.discriminator(round.fake)
        return {"real": softplus(-real), "fake": softplus(fake)}

    def generator(self, round):
        return {"fake": softplus(-round.discriminator(round.fake))}


class Averaged(Game):
    """Takes the mean."""

    def generator(self, round):
        return {"fake": softplus(-round.discriminator(round.fake)).mean()}


class Bare(Game):
    """Returns the loss, and no dict."""

    def discriminator(self, round):
        return softplus(-round.discriminator(round.real)).mean()


class OneSided(Loss):
    """Forgets the generator's turn."""

    def discriminator(self, round):
        return {"real": softplus(-round.discriminator(round.real))}


# --- Data ----------------------------------------------------------------------------------------


class Bytes(Stripes):
    """Gives bytes."""

    def batch(self, indices):
        images, labels = super().batch(indices)
        return images.add(1).mul(127.5).to(torch.uint8), labels


class FloatLabels(Stripes):
    """Gives labels as floats."""

    def __init__(self):
        super().__init__()
        self.labels = self.labels.float()


class TorchData(torch.utils.data.Dataset):
    """A data set of torch's."""

    def __len__(self):
        return 64

    def __getitem__(self, index):
        return torch.zeros(1, 4, 4), 0


class NoFile(Stripes):
    """Reads a file that is nowhere."""

    def __init__(self):
        self.images = torch.from_numpy(np.load("/nowhere/images.npy"))
