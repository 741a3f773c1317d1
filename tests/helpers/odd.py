"""Parts that are right, and not like others: no check may find fault with them."""

from __future__ import annotations

import functools
import itertools

import torch
from torch import nn
from torch.nn.functional import cross_entropy, softplus
from torch.nn.utils.parametrizations import spectral_norm, weight_norm

from broken import SHAPE, Game, Halves, Image, Judge
from ganzoo import Dataset, Discriminator, Generator
from ganzoo.losses import scores


class NormedSpectrum(Judge):
    """Spectral norm (Miyato et al. 2018): its passes move vectors that it keeps."""

    def __init__(self):
        super().__init__()
        self.body[0], self.body[2] = spectral_norm(self.body[0]), spectral_norm(self.body[2])


class NormedWeights(Image):
    """Weight norm."""

    def __init__(self):
        super().__init__()
        self.paint[0] = weight_norm(self.paint[0])


class Classifier(Judge):
    """Says the class itself, and one more for fakes (Salimans et al. 2016, section 5)."""

    def __init__(self):
        super().__init__()
        self.num_classes = 2
        self.classes = nn.Linear(16, 3)

    def forward(self, samples, labels=None):
        return self.outputs(samples, labels)["scores"]

    def outputs(self, samples, labels=None):
        features = self.body[1](self.body[0](samples.flatten(1)))
        return {"scores": self.body[2](features).squeeze(1), "classes": self.classes(features)}


class ClassGame(Game):
    """Reads the classes."""

    needs = frozenset({"classes"})

    def discriminator(self, round):
        said = round.discriminator.outputs(round.real)["classes"]
        wrong = cross_entropy(said, round.labels, reduction="none")
        return {**super().discriminator(round), "class": wrong}


class Told(Image):
    """A generator of two classes."""

    def __init__(self):
        super().__init__(num_classes=2)


class Encoding(Image):
    """Has an encoder that the loss calls by name (BiGAN, Donahue et al. 2017)."""

    def __init__(self):
        super().__init__()
        self.encoder = nn.Linear(16, 4)


class EncodingGame(Game):
    """Holds the encoder to find latents again."""

    def generator(self, round):
        found = round.generator.module.encoder(round.fake.flatten(1))
        lost = (found - round.latents).square().mean(1)
        return {**super().generator(round), "lost": lost}


class Windowed(Game):
    """Keeps what it computed once."""

    @functools.cached_property
    def window(self):
        return torch.linspace(0.5, 1, 4)

    def generator(self, round):
        return {"generator": softplus(-round.discriminator(round.fake * self.window))}


class Few(Halves):
    """Ten samples."""

    def __len__(self):
        return 10


class Positive(Dataset):
    """Brightness in (0, 1)."""

    kind, sample_shape, value_range = "halves", SHAPE, (0.0, 1.0)

    def __len__(self):
        return 64

    def batch(self, indices):
        columns = torch.tensor([0.1, 0.2, 0.8, 0.9]).expand(len(indices), 1, 4, 4)
        return columns + (indices / 1000)[:, None, None, None], None


class PositiveImage(Image):
    """Brightness in (0, 1)."""

    def forward(self, latents, labels=None):
        return super().forward(latents, labels) / 2 + 0.5


class LogJudge(Judge):
    """Takes the logarithm of brightness."""

    def forward(self, samples, labels=None):
        return super().forward((samples + 1e-3).log(), labels)


class Maps(Generator):
    """Latents [N, 4] -> maps of features [N, 8, 4, 4], of any value."""

    def __init__(self):
        super().__init__()
        self.latent_dim, self.sample_shape = 4, (8, 4, 4)
        self.layers = nn.Sequential(nn.Linear(4, 128), nn.Unflatten(1, (8, 4, 4)))

    def forward(self, latents, labels=None):
        return self.layers(latents)


class MapJudge(Discriminator):
    """Maps [N, 8, 4, 4] -> scores of patches [N, 4]."""

    independent = True

    def __init__(self):
        super().__init__()
        self.sample_shape = (8, 4, 4)
        self.layers = nn.Sequential(
            nn.Conv2d(8, 32, 3, padding=1),
            nn.LeakyReLU(0.2),
            nn.Conv2d(32, 1, 3, stride=2, padding=1),
            nn.Flatten(),
        )

    def forward(self, samples, labels=None):
        return self.layers(samples)


class Constant(Generator):
    """No latents at all: one picture, and noise inside."""

    def __init__(self):
        super().__init__()
        self.latent_dim, self.sample_shape = 0, SHAPE
        self.picture = nn.Parameter(torch.zeros(1, *SHAPE))
        self.noise = nn.Parameter(torch.full((1, *SHAPE), 0.1))

    def forward(self, latents, labels=None):
        drawn = torch.randn(len(latents), *SHAPE)
        return (self.picture + self.noise * drawn).tanh()


class Pairs(Judge):
    """Scores pairs (PacGAN), and says so."""

    independent = False

    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(32, 16), nn.Softplus(), nn.Linear(16, 1))

    def forward(self, samples, labels=None):
        return self.body(samples.reshape(len(samples) // 2, 32)).squeeze(1)


class Perceptual(Game):
    """Looks through a network that nobody trains, which counts what it sees."""

    def __init__(self):
        super().__init__()
        self.eye = nn.Sequential(nn.Flatten(), nn.Linear(16, 8), nn.BatchNorm1d(8)).eval()

    def generator(self, round):
        seen = (self.eye(round.fake) - self.eye(round.real)).abs().mean(1)
        return {**super().generator(round), "seen": 0.1 * seen}


class Lazy(Game):
    """Has a term at every second turn that reaches a layer nobody else does."""

    def discriminator(self, round):
        real, fake = scores(round)
        terms = {"real": softplus(-real), "fake": softplus(fake)}
        if round.turn % 2:
            terms["extra"] = (
                round.discriminator.module.extra(round.real.flatten(1)).square().mean(1)
            )
        return terms


class Extra(Judge):
    """Has a head for that."""

    def __init__(self):
        super().__init__()
        self.extra = nn.Linear(16, 2)


class Elsewhere(Halves):
    """Data that nobody has here; building it would fetch it."""

    built = itertools.count()

    def __init__(self):
        next(self.built)

    @classmethod
    def is_here(cls):
        return False
