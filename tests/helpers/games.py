"""DESIGN's other games, each written on the interfaces alone and in a few lines.

They prove that the contract carries them; `tests/parts/test_games.py` trains each with the engine.
"""

from __future__ import annotations

import math
from itertools import pairwise
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, cross_entropy, softplus

from ganzoo import Dataset, Discriminator, Generator, Loss, Round, Terms
from ganzoo.losses import (
    gradient_penalty,
    interpolate,
    logistic_fake,
    logistic_real,
    non_saturating_generator,
    norm,
    scores,
)
from ganzoo.plugins import PART_HOOKS, PluginSource
from tiny import TinyDiscriminator, TinyGenerator, tiny_plugin


def write_vectors(samples: Tensor, path: Path) -> list[Path]:
    """Write samples of any shape as lines of numbers."""
    path = path.with_suffix(".txt")
    path.write_text("\n".join(str(row) for row in samples.flatten(1).tolist()))
    return [path]


def mlp(*widths: int) -> nn.Sequential:
    """Linear layers of the given widths with softplus between them."""
    layers: list[nn.Module] = []
    for inputs, outputs in pairwise(widths):
        layers += [nn.Linear(inputs, outputs), nn.Softplus()]
    return nn.Sequential(*layers[:-1])


class LogisticGame(Loss):
    """The non-saturating game, to which a game below adds its difference."""

    def discriminator(self, round: Round) -> Terms:
        real, fake = scores(round)
        return {"real": logistic_real(real), "fake": logistic_fake(fake)}

    def generator(self, round: Round) -> Terms:
        return {"generator": non_saturating_generator(round.discriminator(round.fake))}


# --- AC-GAN (Odena et al. 2017) ---------------------------------------------------------------


class ClassifyingDiscriminator(Discriminator):
    """Publishes `scores` [N] and `classes` [N, num_classes] in one pass; is never told a label."""

    def __init__(self, num_classes: int = 8, width: int = 64) -> None:
        super().__init__()
        self.sample_shape, self.num_classes = (2,), num_classes
        self.trunk = nn.Sequential(mlp(2, width, width), nn.Softplus())
        self.head = nn.Linear(width, 1 + num_classes)

    def forward(self, samples: Tensor, labels: Tensor | None = None) -> Tensor:
        return self.outputs(samples, labels)["scores"]

    def outputs(self, samples: Tensor, labels: Tensor | None = None) -> dict[str, Tensor]:
        made = self.head(self.trunk(samples))
        return {"scores": made[:, 0], "classes": made[:, 1:]}


class ACGAN(Loss):
    """Both players want the class to be recognised."""

    needs = frozenset({"classes"})

    def discriminator(self, round: Round) -> Terms:
        real = round.discriminator.outputs(round.real)
        fake = round.discriminator.outputs(round.fake)
        return {
            "real": logistic_real(real["scores"]),
            "fake": logistic_fake(fake["scores"]),
            "real_class": cross_entropy(real["classes"], round.labels, reduction="none"),
            "fake_class": cross_entropy(fake["classes"], round.labels, reduction="none"),
        }

    def generator(self, round: Round) -> Terms:
        fake = round.discriminator.outputs(round.fake)
        return {
            "generator": non_saturating_generator(fake["scores"]),
            "class": cross_entropy(fake["classes"], round.labels, reduction="none"),
        }


# --- InfoGAN (Chen et al. 2016) ---------------------------------------------------------------


class CodedGenerator(TinyGenerator):
    """The last `codes` numbers of a latent are a one-hot code."""

    def __init__(self, noise: int = 2, codes: int = 4) -> None:
        super().__init__(latent_dim=noise + codes, width=64)
        self.noise, self.codes = noise, codes

    def sample_latents(self, n: int, *, rng: torch.Generator) -> Tensor:
        noise = torch.randn(n, self.noise, generator=rng)
        codes = torch.randint(self.codes, (n,), generator=rng)
        return torch.cat([noise, nn.functional.one_hot(codes, self.codes).float()], 1)


class CodeReader(Discriminator):
    """Publishes `scores` [N] and `codes` [N, codes], what the sample says of its code."""

    def __init__(self, codes: int = 4, width: int = 64) -> None:
        super().__init__()
        self.sample_shape = (2,)
        self.body = mlp(2, width, width, 1 + codes)

    def forward(self, samples: Tensor, labels: Tensor | None = None) -> Tensor:
        return self.outputs(samples)["scores"]

    def outputs(self, samples: Tensor, labels: Tensor | None = None) -> dict[str, Tensor]:
        made = self.body(samples)
        return {"scores": made[:, 0], "codes": made[:, 1:]}


class InfoGAN(LogisticGame):
    """A bound on the mutual information between code and sample, in both turns."""

    needs = frozenset({"codes"})

    def information(self, round: Round) -> Tensor:
        read = round.discriminator.outputs(round.fake)["codes"]
        return cross_entropy(read, round.latents[:, -read.shape[1] :].argmax(1), reduction="none")

    def discriminator(self, round: Round) -> Terms:
        return {**super().discriminator(round), "information": self.information(round)}

    def generator(self, round: Round) -> Terms:
        return {**super().generator(round), "information": self.information(round)}


# --- PacGAN (Lin et al. 2018), patches, scales ------------------------------------------------


class PackedDiscriminator(Discriminator):
    """Scores packs of m samples: [N, 2] -> [N / m]."""

    def __init__(self, pack: int = 2, width: int = 32) -> None:
        super().__init__()
        self.sample_shape, self.pack = (2,), pack
        self.body = mlp(2 * pack, width, 1)

    def forward(self, samples: Tensor, labels: Tensor | None = None) -> Tensor:
        return self.body(samples.reshape(len(samples) // self.pack, -1)).squeeze(1)


class PatchDiscriminator(Discriminator):
    """Scores of overlapping patches: [N, 1, 8, 8] -> [N, 9]."""

    def __init__(self, width: int = 8) -> None:
        super().__init__()
        self.sample_shape = (1, 8, 8)
        self.body = nn.Sequential(
            nn.Conv2d(1, width, 4, stride=2), nn.Softplus(), nn.Conv2d(width, 1, 1), nn.Flatten()
        )

    def forward(self, samples: Tensor, labels: Tensor | None = None) -> Tensor:
        return self.body(samples)


class MultiScaleDiscriminator(Discriminator):
    """A patch discriminator at full size and one at half: [N, 1, 8, 8] -> [N, 9 + 1]."""

    def __init__(self) -> None:
        super().__init__()
        self.sample_shape = (1, 8, 8)
        self.fine, self.coarse = PatchDiscriminator(), PatchDiscriminator()

    def forward(self, samples: Tensor, labels: Tensor | None = None) -> Tensor:
        return torch.cat([self.fine(samples), self.coarse(avg_pool2d(samples, 2))], 1)


class Stripes(Dataset):
    """512 images of horizontal or vertical stripes, [1, 8, 8] in [-1, 1]."""

    sample_shape = (1, 8, 8)
    num_classes = 2

    def __len__(self) -> int:
        return 512

    def batch(self, indices: Tensor) -> tuple[Tensor, Tensor]:
        labels, phases = indices % 2, indices // 2 % 8
        waves = (torch.arange(8) + phases[:, None]).mul(math.pi / 4).sin()
        rows = waves[:, None, :].expand(-1, 8, 8)
        images = torch.where(labels.bool()[:, None, None], rows, rows.mT)
        return images.unsqueeze(1).contiguous(), labels


# --- Feature matching (Salimans et al. 2016), perceptual --------------------------------------


class FeatureDiscriminator(TinyDiscriminator):
    """Publishes the hidden layer as `features` [N, F]."""

    def outputs(self, samples: Tensor, labels: Tensor | None = None) -> dict[str, Tensor]:
        features = self.layers[:2](samples)
        return {"scores": self.layers[2](features).squeeze(1), "features": features}


class FeatureMatching(LogisticGame):
    """The generator matches the mean of the features (section 3.1): one value, expanded."""

    needs = frozenset({"features"})

    def generator(self, round: Round) -> Terms:
        real = round.discriminator.outputs(round.real)["features"].mean(0)
        fake = round.discriminator.outputs(round.fake)["features"].mean(0)
        return {"features": (real - fake).square().sum().expand(len(round.fake))}


class Perceptual(LogisticGame):
    """The generator nears real samples in the features of a network that is never trained."""

    def __init__(self) -> None:
        self.features = nn.Sequential(nn.Linear(2, 16), nn.Tanh())

    def generator(self, round: Round) -> Terms:
        apart = self.features(round.fake) - self.features(round.real)
        return {"perceptual": apart.square().sum(1)}


# --- BEGAN (Berthelot et al. 2017) ------------------------------------------------------------


class AutoEncoder(Discriminator):
    """The score is minus the error of rebuilding the sample: [N, 2] -> [N]."""

    def __init__(self) -> None:
        super().__init__()
        self.sample_shape = (2,)
        self.body = mlp(2, 16, 1, 16, 2)

    def forward(self, samples: Tensor, labels: Tensor | None = None) -> Tensor:
        return -(self.body(samples) - samples).abs().mean(1)


class BEGAN(Loss):
    """Equilibrium between the errors on real and on fake, held by the buffer k."""

    def __init__(self, gamma: float = 0.5, rate: float = 0.05) -> None:
        self.gamma, self.rate = gamma, rate
        self.register_buffer("k", torch.zeros(()))

    def discriminator(self, round: Round) -> Terms:
        real, fake = scores(round)
        terms = {"real": -real, "fake": self.k * fake}
        balance = (self.gamma * -real.mean() + fake.mean()).detach()
        self.k = (self.k + self.rate * balance).clamp(0, 1)
        return terms

    def generator(self, round: Round) -> Terms:
        return {"generator": -round.discriminator(round.fake)}


# --- Path length (Karras et al. 2020), DRAGAN (Kodali et al. 2017), clipping ------------------


def path_lengths(samples: Tensor, latents: Tensor, noise: Tensor) -> Tensor:
    """|J^T y| of each row, for y of unit variance over the sample: [N]."""
    (gradient,) = torch.autograd.grad((samples * noise).sum(), latents, create_graph=True)
    return norm(gradient)


class PathLength(LogisticGame):
    """The generator's steps in latent space have one length, near its running mean."""

    def __init__(self, decay: float = 0.1) -> None:
        self.decay = decay
        self.register_buffer("mean", torch.zeros(()))

    def generator(self, round: Round) -> Terms:
        latents = round.latents.detach().requires_grad_()
        samples = round.generator(latents)
        noise = round.normal(*samples.shape) / math.sqrt(samples[0].numel())
        lengths = path_lengths(samples, latents, noise)
        self.mean = torch.lerp(self.mean, lengths.mean().detach(), self.decay)
        return {**super().generator(round), "path": 0.1 * (lengths - self.mean).square()}


class DRAGAN(LogisticGame):
    """Slopes of 1 between the data and its noisy neighbours."""

    double_backward = True

    def discriminator(self, round: Round) -> Terms:
        near = round.real + 0.5 * round.real.std() * round.normal(*round.real.shape)
        points = interpolate(near, round.real, round.uniform(len(near)))
        return {
            **super().discriminator(round),
            "penalty": 10 * gradient_penalty(round.discriminator, points),
        }


class Clipped(Loss):
    """The critic's value with clipped weights (Arjovsky et al. 2017)."""

    def __init__(self, limit: float = 0.05) -> None:
        self.limit = limit

    def discriminator(self, round: Round) -> Terms:
        real, fake = scores(round)
        return {"critic": fake - real}

    def generator(self, round: Round) -> Terms:
        return {"generator": -round.discriminator(round.fake)}

    def constrain(self, discriminator: Discriminator) -> None:
        for parameter in discriminator.parameters():
            parameter.clamp_(-self.limit, self.limit)


# --- pix2pix (Isola et al. 2017): a picture is the condition -----------------------------------


class Conditions(Dataset):
    """Targets [4], whose conditions [4] are what they are to be made of: target = -condition."""

    kind, sample_shape, value_range, condition_shape = "vectors", (4,), None, (4,)

    def __init__(self) -> None:
        self.sources = torch.rand(512, 4, generator=torch.Generator().manual_seed(0)) * 2 - 1

    def __len__(self) -> int:
        return len(self.sources)

    def batch(self, indices: Tensor) -> tuple[Tensor, Tensor]:
        return -self.sources[indices], self.sources[indices]


class Translator(Generator):
    """Conditions [N, 4] -> samples [N, 4]; there is no latent."""

    def __init__(self) -> None:
        super().__init__()
        self.latent_dim, self.sample_shape, self.condition_shape = 0, (4,), (4,)
        self.body = mlp(4, 64, 4)

    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        return self.body(labels)


class PairDiscriminator(Discriminator):
    """Samples [N, 4] beside their conditions [N, 4] -> scores [N]."""

    def __init__(self) -> None:
        super().__init__()
        self.sample_shape, self.condition_shape = (4,), (4,)
        self.body = mlp(8, 32, 1)

    def forward(self, samples: Tensor, labels: Tensor | None = None) -> Tensor:
        return self.body(torch.cat([samples, labels], 1)).squeeze(1)


class Pix2Pix(LogisticGame):
    """The game, and nearness to the one right answer."""

    def generator(self, round: Round) -> Terms:
        apart = (round.fake - round.real).abs().flatten(1).mean(1)
        round.log("apart", apart)
        return {**super().generator(round), "nearness": 10 * apart}


# --- CycleGAN (Zhu et al. 2017) and pix2pix as composite players --------------------------------


class Halves(Dataset):
    """Pairs [2, 2] of a point of domain a and one of domain b: b is a, turned by 90 degrees.

    `paired` says whether the two belong together.
    """

    kind, sample_shape, value_range = "vectors", (2, 2), None

    def __init__(self, paired: bool = False) -> None:
        rng = torch.Generator().manual_seed(0)
        a = torch.tensor([1.0, 0.0]) + 0.3 * torch.randn(512, 2, generator=rng)
        b = torch.stack([-a[:, 1], a[:, 0]], 1)
        self.pairs = torch.stack([a, b if paired else b.roll(7, 0)], 1)

    def __len__(self) -> int:
        return len(self.pairs)

    def batch(self, indices: Tensor) -> tuple[Tensor, None]:
        return self.pairs[indices], None


class TwoWays(Generator):
    """Two networks, a to b and b to a; without a latent it translates the examples it keeps."""

    def __init__(self, width: int = 32) -> None:
        super().__init__()
        self.latent_dim, self.sample_shape = 0, (2, 2)
        self.ab, self.ba = mlp(2, width, 2), mlp(2, width, 2)
        self.register_buffer("examples", Halves().pairs[:64].clone())

    def translate(self, pairs: Tensor) -> Tensor:
        a, b = pairs.unbind(1)
        return torch.stack([self.ba(b), self.ab(a)], 1)

    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        return self.translate(self.examples[torch.arange(len(latents)) % len(self.examples)])


class TwoJudges(Discriminator):
    """A discriminator for each domain: pairs [N, 2, 2] -> scores [N, 2]."""

    def __init__(self, width: int = 32) -> None:
        super().__init__()
        self.sample_shape = (2, 2)
        self.of_a, self.of_b = mlp(2, width, 1), mlp(2, width, 1)

    def forward(self, samples: Tensor, labels: Tensor | None = None) -> Tensor:
        a, b = samples.unbind(1)
        return torch.cat([self.of_a(a), self.of_b(b)], 1)


class CycleGAN(Loss):
    """Each translation looks real, and the way back leads home."""

    def discriminator(self, round: Round) -> Terms:
        fake = round.generator.module.translate(round.real).detach()
        real = round.discriminator(round.real)
        return {"real": softplus(-real), "fake": softplus(round.discriminator(fake))}

    def generator(self, round: Round) -> Terms:
        translate = round.generator.module.translate
        fake = translate(round.real)
        home = (translate(fake) - round.real).abs().flatten(1).mean(1)
        round.log("astray", home)
        return {"generator": softplus(-round.discriminator(fake)), "cycle": 10 * home}


class PairedTranslation(CycleGAN):
    """pix2pix on pairs: the translation's other half is known."""

    def generator(self, round: Round) -> Terms:
        fake = round.generator.module.translate(round.real)
        apart = (fake - round.real).abs().flatten(1).mean(1)
        round.log("apart", apart)
        return {"generator": softplus(-round.discriminator(fake)), "nearness": 10 * apart}


# --- Deep enough for a ring of Gaussians ---------------------------------------------------------


def rectified(*widths: int) -> nn.Sequential:
    """Linear layers of the given widths with leaky rectifiers between them."""
    layers: list[nn.Module] = []
    for inputs, outputs in pairwise(widths):
        layers += [nn.Linear(inputs, outputs), nn.LeakyReLU(0.2)]
    return nn.Sequential(*layers[:-1])


class DeepGenerator(TinyGenerator):
    """Latents [N, 4] -> points [N, 2] through two hidden layers."""

    def __init__(self, width: int = 64) -> None:
        super().__init__()
        self.layers = rectified(4, width, width, 2)


class DeepDiscriminator(TinyDiscriminator):
    """Points [N, 2] -> scores [N] through two hidden layers."""

    def __init__(self, width: int = 64) -> None:
        super().__init__()
        self.layers = rectified(2, width, width, 1)


# --- Players and losses that are odd on purpose -------------------------------------------------


class DropoutGenerator(TinyGenerator):
    """A generator that draws inside its layers."""

    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        return nn.functional.dropout(super().forward(latents, labels), 0.2, self.training)


class DropoutDiscriminator(TinyDiscriminator):
    """A discriminator that draws inside its layers."""

    def forward(self, samples: Tensor, labels: Tensor | None = None) -> Tensor:
        return super().forward(nn.functional.dropout(samples, 0.2, self.training), labels)


class NormedGenerator(TinyGenerator):
    """A generator with batch norm."""

    def __init__(self) -> None:
        super().__init__()
        self.layers.insert(1, nn.BatchNorm1d(32))


class SpectralDiscriminator(TinyDiscriminator):
    """A discriminator under spectral normalisation (Miyato et al. 2018)."""

    def __init__(self) -> None:
        super().__init__()
        for index in (0, 2):
            nn.utils.parametrizations.spectral_norm(self.layers[index])


class TiedGenerator(TinyGenerator):
    """A generator that uses one layer twice, under two names."""

    def __init__(self) -> None:
        super().__init__()
        self.twice = nn.Linear(4, 4)
        self.again = self.twice

    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        return super().forward(self.again(self.twice(latents).tanh()), labels)


class Liar(TinyGenerator):
    """A generator that makes three numbers where it promises two."""

    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        return super().forward(latents, labels)[:, [0, 0, 1]]


class HalfFrozenDiscriminator(TinyDiscriminator):
    """A discriminator whose first layer is not to be trained."""

    def __init__(self) -> None:
        super().__init__()
        self.layers[0].requires_grad_(False)


class Watching(LogisticGame):
    """Notes what it sees of each turn in `seen`."""

    seen: list[dict[str, Any]] = []  # noqa: RUF012 (shared on purpose: the engine builds the loss)

    def note(self, mover: str, round: Round) -> None:
        self.seen.append(
            {
                "mover": mover,
                "real": round.real.clone(),
                "fake": round.fake.detach().clone(),
                "latents": round.latents.clone(),
                "labels": round.labels,
                "fake_has_graph": round.fake.requires_grad,
                "trainable": [p.requires_grad for p in round.discriminator.module.parameters()],
                "training": round.discriminator.module.training & round.generator.module.training,
                "images_seen": round.images_seen,
                "step": round.step,
                "turn": round.turn,
                "uniform": [round.uniform(4), round.uniform(4)],
                "normal": round.normal(2, 3),
            }
        )

    def discriminator(self, round: Round) -> Terms:
        self.note("discriminator", round)
        return super().discriminator(round)

    def generator(self, round: Round) -> Terms:
        self.note("generator", round)
        return super().generator(round)


class Scalar(LogisticGame):
    """A loss that takes the mean itself, as it must not."""

    def generator(self, round: Round) -> Terms:
        return {"mine": super().generator(round)["generator"].mean()}


class Number(LogisticGame):
    """A loss that returns a plain number."""

    def discriminator(self, round: Round) -> Terms:
        return {**super().discriminator(round), "extra": 0.0}


class Nothing(LogisticGame):
    """A loss that forgets to return."""

    def generator(self, round: Round) -> Terms:
        super().generator(round)


class NothingLater(LogisticGame):
    """A loss that forgets to return from its third turn on."""

    def discriminator(self, round: Round) -> Terms:
        return super().discriminator(round) if round.turn < 2 else None


class Untouched(LogisticGame):
    """A loss whose generator's term does not depend on the generator."""

    def generator(self, round: Round) -> Terms:
        return {"apart": round.real.flatten(1).sum(1)}


class LazyMean(LogisticGame):
    """A loss whose state is not known before the first turn."""

    def __init__(self) -> None:
        self.register_buffer("mean", None)

    def generator(self, round: Round) -> Terms:
        now = round.fake.mean(0).detach()
        self.mean = now if self.mean is None else torch.lerp(self.mean, now, 0.1)
        return {**super().generator(round), "near": 0.1 * (round.fake - self.mean).square().sum(1)}


class Broken(LogisticGame):
    """A loss that reads an output without saying that it needs it."""

    def generator(self, round: Round) -> Terms:
        return {"style": round.generator.outputs(round.latents)["styles"]}


_LOSSES = {
    "acgan": ACGAN,
    "infogan": InfoGAN,
    "feature-matching": FeatureMatching,
    "perceptual": Perceptual,
    "began": BEGAN,
    "path-length": PathLength,
    "dragan": DRAGAN,
    "clipped": Clipped,
    "pix2pix": Pix2Pix,
    "cyclegan": CycleGAN,
    "paired-translation": PairedTranslation,
    "watching": Watching,
    "scalar": Scalar,
    "number": Number,
    "nothing": Nothing,
    "nothing-later": NothingLater,
    "untouched": Untouched,
    "lazy-mean": LazyMean,
    "broken": Broken,
}
_GENERATORS = {
    "coded": CodedGenerator,
    "translator": Translator,
    "two-ways": TwoWays,
    "deep": DeepGenerator,
    "dropout": DropoutGenerator,
    "normed": NormedGenerator,
    "tied": TiedGenerator,
    "liar": Liar,
}
_DISCRIMINATORS = {
    "classifying": ClassifyingDiscriminator,
    "code-reader": CodeReader,
    "packed": PackedDiscriminator,
    "patch": PatchDiscriminator,
    "multi-scale": MultiScaleDiscriminator,
    "features": FeatureDiscriminator,
    "auto-encoder": AutoEncoder,
    "pairs": PairDiscriminator,
    "two-judges": TwoJudges,
    "deep": DeepDiscriminator,
    "dropout": DropoutDiscriminator,
    "spectral": SpectralDiscriminator,
    "half-frozen": HalfFrozenDiscriminator,
}
_DATASETS = {"stripes": Stripes, "conditions": Conditions, "halves": Halves}


def games_plugin() -> PluginSource:
    """The tiny plugin with every part above."""

    def targets(parts: dict[str, type]) -> dict[str, str]:
        return {name: f"games:{part.__name__}" for name, part in parts.items()}

    return tiny_plugin(
        **{
            PART_HOOKS["loss"]: targets(_LOSSES),
            PART_HOOKS["generator"]: targets(_GENERATORS),
            PART_HOOKS["discriminator"]: targets(_DISCRIMINATORS),
            PART_HOOKS["dataset"]: targets(_DATASETS),
            PART_HOOKS["writer"]: {"vectors": "games:write_vectors"},
        }
    )
