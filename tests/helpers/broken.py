"""Parts that are wrong in one way each, on top of parts that are right in every way.

Each class below is what a check of `ganzoo.testing` is there for: the docstring says the mistake as
its author would make it. Images are [1, 4, 4] in [-1, 1].
"""

from __future__ import annotations

import math
import random
import threading
import time
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn.functional import one_hot, softplus

from ganzoo import (
    Augmentation,
    Dataset,
    Discriminator,
    Draw,
    Extractor,
    Figure,
    FigureInput,
    Generator,
    Loss,
    Round,
    Schedule,
    StyleGenerator,
    Terms,
    Tracker,
    Writer,
)
from ganzoo.losses import gradient_penalty, interpolate, scores
from ganzoo.plugins import PluginSource
from ganzoo.testing.plugin_sources import offering

SHAPE = (1, 4, 4)

# --- Right in every way --------------------------------------------------------------------------


class Image(Generator):
    """Latents [N, 4] and labels [N] -> images [N, 1, 4, 4] in [-1, 1]."""

    def __init__(self, num_classes: int | None = None) -> None:
        super().__init__()
        self.latent_dim, self.sample_shape, self.num_classes = 4, SHAPE, num_classes
        self.body = nn.Sequential(nn.Linear(4 + (num_classes or 0), 16), nn.ReLU())
        self.paint = nn.Sequential(nn.Linear(16, 16), nn.Tanh())

    def told(self, latents: Tensor, labels: Tensor | None) -> Tensor:
        if self.num_classes is None:
            return latents
        return torch.cat([latents, one_hot(labels, self.num_classes).float()], 1)

    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        return self.paint(self.body(self.told(latents, labels))).unflatten(1, SHAPE)


class Judge(Discriminator):
    """Images [N, 1, 4, 4] -> scores [N]."""

    independent = True

    def __init__(self, num_classes: int | None = None) -> None:
        super().__init__()
        self.sample_shape, self.num_classes = SHAPE, num_classes
        inputs = math.prod(SHAPE) + (num_classes or 0)
        self.body = nn.Sequential(nn.Linear(inputs, 16), nn.Softplus(), nn.Linear(16, 1))

    def told(self, samples: Tensor, labels: Tensor | None) -> Tensor:
        flat = samples.flatten(1)
        if self.num_classes is None:
            return flat
        return torch.cat([flat, one_hot(labels, self.num_classes).float()], 1)

    def forward(self, samples: Tensor, labels: Tensor | None = None) -> Tensor:
        return self.body(self.told(samples, labels)).squeeze(1)


class Game(Loss):
    """The non-saturating game."""

    def discriminator(self, round: Round) -> Terms:
        real, fake = scores(round)
        return {"real": softplus(-real), "fake": softplus(fake)}

    def generator(self, round: Round) -> Terms:
        return {"generator": softplus(-round.discriminator(round.fake))}


class Halves(Dataset):
    """64 images that are dark on one side and bright on the other."""

    kind = "halves"
    sample_shape = SHAPE
    num_classes = 2

    def __len__(self) -> int:
        return 64

    def batch(self, indices: Tensor) -> tuple[Tensor, Tensor | None]:
        columns = torch.tensor([-0.9, -0.8, 0.8, 0.9]).expand(len(indices), 1, 4, 4)
        labels = indices % 2
        flipped = torch.where(labels.bool()[:, None, None, None], columns.flip(3), columns)
        return flipped + (indices / 1000)[:, None, None, None], labels


class RightSide(Figure):
    """The share of images whose bright side is the one that their label asks for."""

    title = "right side"
    protocol = "images that are bright where their label says"
    direction, best = "higher", 1.0
    needs = frozenset({"labels"})

    def applies_to(self, data: Dataset) -> bool:
        return data.kind == "halves"

    def measure(self, drawn: FigureInput) -> float:
        left, right = drawn.samples[..., 0].flatten(1), drawn.samples[..., -1].flatten(1)
        bright_right = right.mean(1) > left.mean(1)
        return float((bright_right == (drawn.labels == 0)).float().mean())


class TornConditions(Halves):
    """Promises conditions of two numbers and gives one."""

    num_classes, condition_shape = None, (2,)

    def batch(self, indices):
        samples, _ = super().batch(indices)
        return samples, samples.mean((1, 2, 3))[:, None]


def write_halves(samples: Tensor, path: Path) -> list[Path]:
    """Write images as lines of numbers."""
    path = path.with_suffix(".txt")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(str(row) for row in samples.flatten(1).tolist()))
    return [path]


class Brighter(Augmentation):
    """Makes each image brighter or darker by a draw of its own, and more so as scores rise."""

    adaptive = True

    def __init__(self) -> None:
        self.register_buffer("size", torch.tensor(0.1))

    def forward(self, samples: Tensor, uniform: Draw, normal: Draw) -> Tensor:
        drawn = uniform(len(samples), *[1] * (samples.dim() - 1))
        return samples + self.size * (2 * drawn - 1)

    def observe(self, scores: Tensor) -> None:
        self.size = self.size + 0.01 * scores.sign().mean()


class Falling(Schedule):
    """In a straight line to 0."""

    needs_total = True

    def value(self, start: float, images: int, total: int) -> float:
        return start * max(0.0, 1 - images / total)


# --- Generators ----------------------------------------------------------------------------------


class SigmoidImage(Image):
    """Images in [0, 1], as many other libraries have them."""

    def forward(self, latents, labels=None):
        return torch.sigmoid(super().forward(latents, labels).atanh())


class UnboundedImage(Image):
    """No tanh at the end."""

    def __init__(self):
        super().__init__()
        self.paint = nn.Sequential(nn.Linear(16, 16))


class DeafImage(Image):
    """Takes conditions and forgets them."""

    condition_shape = (1, 2)


class ClasslessImage(Image):
    """Takes labels and forgets them."""

    def __init__(self, num_classes=3):
        super().__init__()
        self.num_classes = num_classes

    def told(self, latents, labels):
        return latents


class CentredImage(Image):
    """Takes the batch's mean away, in eval mode too."""

    def forward(self, latents, labels=None):
        features = self.body(latents)
        return self.paint(features - features.mean(0)).unflatten(1, SHAPE)


class SummedImage(Image):
    """Divides by the size of the batch."""

    def forward(self, latents, labels=None):
        return super().forward(latents / len(latents), labels)


class SeededImage(Image):
    """Sets a seed, to be reproducible."""

    def __init__(self):
        torch.default_generator.manual_seed(42)
        super().__init__()


class NumpyImage(Image):
    """Draws first weights with numpy."""

    def __init__(self):
        super().__init__()
        drawn = np.random.normal(size=(16, 16))
        self.paint[0].weight.data = torch.tensor(drawn, dtype=torch.float32)


class UnusedImage(Image):
    """Makes a layer and never uses it."""

    def __init__(self):
        super().__init__()
        self.extra = nn.Linear(16, 16)


class FrozenImage(Image):
    """Runs under no_grad."""

    @torch.no_grad()
    def forward(self, latents, labels=None):
        return super().forward(latents, labels)


class RoundedImage(Image):
    """Rounds to grey levels."""

    def forward(self, latents, labels=None):
        return super().forward(latents, labels).mul(127).round().div(127)


class SteepImage(Image):
    """Takes a root whose gradient is infinite at 0."""

    def forward(self, latents, labels=None):
        made = super().forward(latents, labels)
        return made - (made - made).abs().sqrt()


class GraphImage(Image):
    """Keeps a tensor with a graph."""

    def __init__(self):
        super().__init__()
        self.scale = self.paint[0].weight.norm() * 0 + 1

    def forward(self, latents, labels=None):
        return super().forward(latents, labels) * self.scale.detach()


class LambdaImage(Image):
    """Keeps a function of its first layers."""

    def __init__(self):
        super().__init__()
        body, paint = self.body, self.paint
        self.draw = lambda latents: paint(body(latents))

    def forward(self, latents, labels=None):
        return self.draw(latents).unflatten(1, SHAPE)


class SharedImage(Image):
    """Keeps its layers where all of its kind have them."""

    layers: ClassVar[list[nn.Module]] = []

    def __init__(self):
        super().__init__()
        self.layers[:] = [self.body, self.paint]

    def forward(self, latents, labels=None):
        body, paint = self.layers
        return paint(body(latents)).unflatten(1, SHAPE)

    def __deepcopy__(self, memo):
        copied = type(self).__new__(type(self))
        memo[id(self)] = copied
        nn.Module.__init__(copied)
        for name, value in vars(self).items():
            copied.__dict__.setdefault(name, value)
        copied._modules = dict(self._modules)
        return copied


class StrayImage(Image):
    """Draws a tensor that is neither parameter nor buffer."""

    def __init__(self):
        super().__init__()
        self.shift = torch.randn(16)

    def forward(self, latents, labels=None):
        return self.paint(self.body(latents) + self.shift).unflatten(1, SHAPE)


class UnsavedImage(StrayImage):
    """Draws a buffer that is not saved."""

    def __init__(self):
        super().__init__()
        del self.shift
        self.register_buffer("shift", torch.randn(16), persistent=False)


class DoubleImage(Image):
    """Lets a numpy constant in."""

    def forward(self, latents, labels=None):
        return super().forward(latents, labels) * torch.tensor(0.5, dtype=torch.float64).expand(4)


class SqueezedImage(Image):
    """Squeezes all there is to squeeze."""

    def forward(self, latents, labels=None):
        return super().forward(latents, labels).squeeze()


class FixedImage(Image):
    """Knows the batch size beforehand."""

    def forward(self, latents, labels=None):
        return super().forward(latents, labels).view(2, *SHAPE)


class GlobalLatents(Image):
    """Draws latents from torch's global generator."""

    def sample_latents(self, n, *, rng):
        return torch.randn(n, self.latent_dim)


class WideLatents(Image):
    """Draws other latents than it says."""

    def sample_latents(self, n, *, rng):
        return torch.randn(n, 5, generator=rng)[:, :4].double()


class DriftingImage(Image):
    """Goes on averaging in eval mode."""

    def __init__(self):
        super().__init__()
        self.register_buffer("seen", torch.zeros(16))

    def forward(self, latents, labels=None):
        features = self.body(latents)
        self.seen.lerp_(features.detach().mean(0), 0.1)
        return self.paint(features).unflatten(1, SHAPE)


class NoisyImage(Image):
    """Draws noise with numpy."""

    def forward(self, latents, labels=None):
        noise = np.random.normal(size=latents.shape)
        return super().forward(latents + torch.tensor(noise).float(), labels)


class ReseedingImage(Image):
    """Seeds in forward."""

    def forward(self, latents, labels=None):
        torch.default_generator.manual_seed(0)
        return super().forward(latents, labels)


class ListShape(Image):
    """Says its shape as a list."""

    def __init__(self):
        super().__init__()
        self.sample_shape = [1, 4, 4]


class Needy(Image):
    """Cannot be built without an argument that nobody can guess."""

    def __init__(self, alphabet):
        super().__init__()
        self.alphabet = alphabet


class Module(nn.Module):
    """No generator at all."""


class OtherOutputs(Image):
    """Computes samples twice, and not alike."""

    def outputs(self, latents, labels=None):
        return {"samples": self(latents, labels).clamp(-0.01, 0.01)}


class NoSamples(Image):
    """Publishes under a name of its own."""

    def outputs(self, latents, labels=None):
        return {"images": self(latents, labels)}


class ShapelessImage(Image):
    """Never says its shape."""

    def __init__(self):
        super().__init__()
        del self.sample_shape


class PairImage(Image):
    """Returns features beside the images."""

    def forward(self, latents, labels=None):
        return super().forward(latents, labels), latents


class RootImage(Image):
    """Takes the root of what may be below 0."""

    def forward(self, latents, labels=None):
        return super().forward(latents, labels).sqrt()


class UnlabelledOutputs(Image):
    """Forgets the labels in outputs."""

    def __init__(self, num_classes=3):
        super().__init__(num_classes)

    def outputs(self, latents, labels=None):
        return {"samples": self(latents)}


class OwnSourceImage(Image):
    """Draws first weights from a generator of its own, seeded by the clock."""

    def __init__(self):
        super().__init__()
        rng = torch.Generator()
        rng.seed()
        nn.init.normal_(self.paint[0].weight, generator=rng)


class RandomWidthImage(Image):
    """Draws how wide it is."""

    def __init__(self):
        super().__init__()
        width = 16 + int(torch.randint(1, 1000, ()))
        self.body = nn.Sequential(nn.Linear(4, width), nn.ReLU())
        self.paint = nn.Sequential(nn.Linear(width, 16), nn.Tanh())


class ExtraStateImage(Image):
    """Keeps what is no tensor among its weights."""

    def get_extra_state(self):
        return {"epochs": 3}

    def set_extra_state(self, state):
        pass


class FixedLatents(Image):
    """Seeds the generator that it is given."""

    def sample_latents(self, n, *, rng):
        return torch.randn(n, 4, generator=torch.Generator().manual_seed(0))


class WanderingStyles(StyleGenerator):
    """Draws in `styles`, in eval mode too."""

    latent_dim, sample_shape = 4, (1, 4, 4)

    def __init__(self):
        super().__init__(style_dim=3, style_layers=1)
        self.mapping, self.body = nn.Linear(4, 3), nn.Linear(3, 16)

    def styles(self, latents, labels=None):
        made = self.mapping(latents)
        return (made + torch.randn_like(made))[:, None]

    def synthesise(self, styles, labels=None):
        return self.body(styles[:, 0]).tanh().unflatten(1, (1, 4, 4))


def make_module():
    """A function that makes no generator."""
    return Module()


# --- Discriminators ------------------------------------------------------------------------------


class SigmoidJudge(Judge):
    """Gives probabilities."""

    def forward(self, samples, labels=None):
        return torch.sigmoid(super().forward(samples, labels))


class NormedJudge(Judge):
    """Has batch norm, and says that it keeps samples apart."""

    def __init__(self):
        super().__init__()
        self.body.insert(1, nn.BatchNorm1d(16))


class HonestNormedJudge(NormedJudge):
    """Has batch norm and says so: wrong under a penalty only."""

    independent = False


class MinibatchJudge(Judge):
    """Compares the samples of a batch (Salimans et al. 2016): by design, so it is to be waived."""

    independent = False

    def forward(self, samples, labels=None):
        made = super().forward(samples, labels)
        return made + (made - made.mean(0)).abs()


class PackedJudge(Judge):
    """Scores pairs, and says that it keeps samples apart."""

    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(32, 16), nn.Softplus(), nn.Linear(16, 1))

    def forward(self, samples, labels=None):
        return self.body(samples.reshape(len(samples) // 2, 32)).squeeze(1)


class ShiftingJudge(Judge):
    """Centres its inputs in place."""

    def forward(self, samples, labels=None):
        return super().forward(samples.sub_(0.1), labels)


class MapJudge(Judge):
    """Leaves maps of scores as they are."""

    def __init__(self):
        super().__init__()
        self.body = nn.Conv2d(1, 1, 2)

    def forward(self, samples, labels=None):
        return self.body(samples)


class ColumnJudge(Judge):
    """Leaves a column of scores."""

    def forward(self, samples, labels=None):
        return super().forward(samples, labels)[:, None]


class ClasslessJudge(Judge):
    """Takes labels and forgets them."""

    def __init__(self, num_classes=3):
        super().__init__()
        self.num_classes = num_classes

    def told(self, samples, labels):
        return samples.flatten(1)


class Once(torch.autograd.Function):
    """A softplus that can be differentiated once."""

    @staticmethod
    def forward(ctx, values):
        ctx.save_for_backward(values)
        return softplus(values)

    @staticmethod
    @once_differentiable
    def backward(ctx, gradient):
        (values,) = ctx.saved_tensors
        return gradient * values.sigmoid()


class OnceJudge(Judge):
    """Has an activation without a second derivative."""

    def forward(self, samples, labels=None):
        features = self.body[0](self.told(samples, labels))
        return self.body[2](Once.apply(features)).squeeze(1)


class CutJudge(Judge):
    """Detaches what its weights would have a second gradient through."""

    def forward(self, samples, labels=None):
        flat = self.told(samples, labels)
        steep = (flat * self.body[0].weight.detach().sum(0)).sum(1)
        return steep + super().forward(samples.detach())


class SteepJudge(Judge):
    """Takes a root at exactly 0."""

    def forward(self, samples, labels=None):
        nothing = (samples - samples.detach()).flatten(1)
        return super().forward(samples) + nothing.square().sum(1).sqrt()


# --- Losses --------------------------------------------------------------------------------------


class ScalarGame(Game):
    """Takes the mean, as everybody does elsewhere."""

    def generator(self, round):
        return {"generator": super().generator(round)["generator"].mean()}


class ForgetfulGame(Game):
    """Forgets to return."""

    def generator(self, round):
        super().generator(round)


class NumberGame(Game):
    """Returns a number."""

    def discriminator(self, round):
        return {**super().discriminator(round), "extra": 0.0}


class NamelessGame(Game):
    """Names terms by numbers."""

    def discriminator(self, round):
        return dict(enumerate(super().discriminator(round).values()))


class InfiniteGame(Game):
    """Takes a log at 0."""

    def discriminator(self, round):
        real, _ = scores(round)
        return {**super().discriminator(round), "log": (real - real).log()}


class DetachedGame(Game):
    """Detaches what it should move."""

    def generator(self, round):
        return {"generator": softplus(-round.discriminator(round.fake.detach()))}


class LateGame(Game):
    """Goes wrong at the third turn only."""

    def discriminator(self, round):
        terms = super().discriminator(round)
        return terms if round.turn != 2 else {"real": terms["real"].mean()}


class ReadingGame(Game):
    """Reads what nobody publishes, without saying that it needs it."""

    def generator(self, round):
        return {"style": round.generator.outputs(round.latents)["styles"]}


class NeedingGame(ReadingGame):
    """Says that it needs what nobody publishes."""

    needs = frozenset({"styles"})


class RandomGame(Game):
    """Draws with torch.rand."""

    def discriminator(self, round):
        noisy = round.real + 0.1 * torch.randn_like(round.real)
        return {"real": softplus(-round.discriminator(noisy)), **super().discriminator(round)}


class NumpyGame(Game):
    """Draws with numpy."""

    def generator(self, round):
        weight = float(np.random.uniform())
        return {"generator": weight * super().generator(round)["generator"]}


class OwnRandomGame(Game):
    """Draws from a generator of its own that nobody seeds alike."""

    drawn: ClassVar[torch.Generator] = torch.Generator()

    def generator(self, round):
        weight = torch.rand((), generator=self.drawn)
        return {"generator": weight * super().generator(round)["generator"]}


class InPlaceGame(Game):
    """Edits its buffer in place."""

    def __init__(self):
        self.register_buffer("mean", torch.zeros(()))

    def generator(self, round):
        self.mean.lerp_(round.fake.detach().mean(), 0.1)
        return super().generator(round)


class GraphGame(Game):
    """Keeps a graph in its buffer."""

    def __init__(self):
        self.register_buffer("mean", torch.zeros(()))

    def generator(self, round):
        self.mean = torch.lerp(self.mean, round.fake.mean(), 0.1)
        return super().generator(round)


class CountingGame(Game):
    """Counts on itself: a run that goes on counts from the beginning."""

    def __init__(self):
        self.count = 0

    def discriminator(self, round):
        self.count += 1
        return {k: v / self.count for k, v in super().discriminator(round).items()}


class SteppingGame(Game):
    """Clips weights in its turn."""

    def generator(self, round):
        with torch.no_grad():
            for parameter in round.discriminator.module.parameters():
                parameter.clamp_(-0.01, 0.01)
        return super().generator(round)


class BackwardGame(Game):
    """Goes back by itself."""

    def discriminator(self, round):
        terms = super().discriminator(round)
        sum(terms.values()).mean().backward(retain_graph=True)
        return terms


class EvalGame(Game):
    """Puts the discriminator into eval mode."""

    def generator(self, round):
        round.discriminator.module.eval()
        return super().generator(round)


class FreezingGame(Game):
    """Freezes the generator in the discriminator's turn."""

    def discriminator(self, round):
        round.generator.module.requires_grad_(False)
        return super().discriminator(round)


class PenalisedGame(Game):
    """A gradient penalty."""

    double_backward = True

    def discriminator(self, round):
        between = interpolate(round.real, round.fake, round.uniform(len(round.real)))
        penalty = gradient_penalty(round.discriminator, between)
        return {**super().discriminator(round), "penalty": 10 * penalty}


class UnclaimedGame(PenalisedGame):
    """A gradient penalty that it does not tell of."""

    double_backward = False


class LazyUnclaimedGame(Game):
    """A gradient penalty at every fourth turn that it does not tell of."""

    def discriminator(self, round):
        terms = super().discriminator(round)
        if round.turn % 4 == 3:
            terms["penalty"] = gradient_penalty(round.discriminator, round.real)
        return terms


class MisspeltRecipe(Game):
    """Misspells a key of its recipe."""

    recipe: ClassVar[dict[str, Any]] = {"discriminator_step": 5}


class UnknownOptimizer(Game):
    """Names an optimizer that is nobody's."""

    recipe: ClassVar[dict[str, Any]] = {
        "optimizers": {"generator": {"name": "adamm"}, "discriminator": {"name": "adam"}}
    }


class WastefulGame(Game):
    """Makes fakes anew in the discriminator's turn, with a graph."""

    def discriminator(self, round):
        fake = round.discriminator(round.generator(round.latents))
        return {"real": softplus(-round.discriminator(round.real)), "fake": softplus(fake)}


class TurnedGame(Game):
    """Has a sign the wrong way round."""

    def generator(self, round):
        return {"generator": softplus(round.discriminator(round.fake))}


class BatchGame(Game):
    """Squares a mean over the batch."""

    def generator(self, round):
        mean = round.discriminator(round.fake).mean()
        return {"generator": (mean - 1).square().expand(len(round.fake))}


class LateInPlaceGame(InPlaceGame):
    """Edits its buffer in place, at the second step only."""

    def generator(self, round):
        if round.step == 1:
            self.mean.lerp_(round.fake.detach().mean(), 0.1)
        return Game.generator(self, round)


class HalfGame(Game):
    """Never shows the discriminator what one of the generator's layers makes."""

    def generator(self, round):
        painted = round.generator.module.body(round.latents)
        told = round.generator.module.paint(painted.detach()).unflatten(1, SHAPE)
        return {"generator": softplus(-round.discriminator(told))}


class MismatchedGame(Game):
    """Draws for three samples only."""

    def discriminator(self, round):
        between = interpolate(round.real, round.fake, round.uniform(3))
        return {**super().discriminator(round), "between": round.discriminator(between)}


class LockedGame(Game):
    """Keeps a lock."""

    def __init__(self):
        self.lock = threading.Lock()


class HiddenCount(Game):
    """Counts in a global: a run that goes on in another process counts from the beginning."""

    counts: ClassVar[dict[int, float]] = {}

    def discriminator(self, round):
        count = self.counts[round.step] = self.counts.get(round.step, 0.0) + 1
        return {k: v / count for k, v in super().discriminator(round).items()}


# --- Data ----------------------------------------------------------------------------------------


class RandomHalves(Halves):
    """Augments at random."""

    def batch(self, indices):
        samples, labels = super().batch(indices)
        return samples * torch.rand(len(samples), 1, 1, 1), labels


class NormalisedHalves(Halves):
    """Normalises each batch."""

    def batch(self, indices):
        samples, labels = super().batch(indices)
        return (samples - samples.mean(0)).clamp(-1, 1), labels


class UnseededHalves(Halves):
    """Draws its samples anew each time it is built."""

    def __init__(self):
        self.noise = torch.rand(64, 1, 1, 1) / 100

    def batch(self, indices):
        samples, labels = super().batch(indices)
        return samples + self.noise[indices] - 0.01, labels


class ByteHalves(Halves):
    """Leaves bytes as they are."""

    def batch(self, indices):
        samples, labels = super().batch(indices)
        return samples.add(1).mul(127).round(), labels


class UnitHalves(Halves):
    """Lies in [0, 1]."""

    def batch(self, indices):
        samples, labels = super().batch(indices)
        return samples.add(1).div(2), labels


class DoubleHalves(Halves):
    """Comes in float64."""

    def batch(self, indices):
        samples, labels = super().batch(indices)
        return samples.double(), labels


class BadLabels(Halves):
    """Counts classes from 1."""

    def batch(self, indices):
        samples, labels = super().batch(indices)
        return samples, labels + 1


class FloatlessLabels(Halves):
    """Gives labels as int32."""

    def batch(self, indices):
        samples, labels = super().batch(indices)
        return samples, labels.int()


class NoLabels(Halves):
    """Says two classes and gives none."""

    def batch(self, indices):
        return super().batch(indices)[0], None


class SamplesOnly(Halves):
    """Returns samples and nothing else."""

    def batch(self, indices):
        return super().batch(indices)[0]


class EmptyHalves(Halves):
    """Holds nothing."""

    def __len__(self):
        return 0


class ListHalves(Halves):
    """Says its shape as a list."""

    sample_shape = [1, 4, 4]  # noqa: RUF012


class RandomLabels(Halves):
    """Draws labels anew for each batch."""

    def batch(self, indices):
        samples, labels = super().batch(indices)
        return samples, torch.randint(0, 2, labels.shape)


class ColumnLabels(Halves):
    """Gives labels as a column."""

    def batch(self, indices):
        samples, labels = super().batch(indices)
        return samples, labels[:, None]


class ListedLabels(Halves):
    """Gives labels as a list."""

    def batch(self, indices):
        samples, labels = super().batch(indices)
        return samples, labels.tolist()


class WordyHalves(Halves):
    """Counts classes in words."""

    num_classes = "2"


class TurnedRange(Halves):
    """Says its range the wrong way round."""

    value_range = (1.0, -1.0)


class WordlessHalves(Halves):
    """Says nothing where a line is told."""

    summary = None


class KindlessHalves(Halves):
    """Says no kind."""

    kind = None


class HollowHalves(Halves):
    """Divides by 0."""

    def batch(self, indices):
        samples, labels = super().batch(indices)
        return samples / (samples - samples), labels


# --- Extractors, writers, trackers ---------------------------------------------------------------


class Features(Extractor):
    """Images [N, 1, 4, 4] -> features [N, 8]."""

    name, feature_dim, sample_shape = "features", 8, SHAPE

    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Flatten(), nn.Linear(16, 8), nn.BatchNorm1d(8))
        self.eval()

    def forward(self, samples):
        return self.body(samples)


class WideFeatures(Features):
    """Says more features than it gives."""

    feature_dim = 16


class OneByOne(Features):
    """Takes one image at a time."""

    def forward(self, samples):
        return self.body(samples.view(1, *SHAPE))


class DroppedFeatures(Features):
    """Draws."""

    def forward(self, samples):
        return self.body(samples) + torch.tensor(np.random.normal(size=(1, 8))).float()


class CentredFeatures(Features):
    """Takes the mean of the batch away."""

    def forward(self, samples):
        features = self.body(samples)
        return features - features.mean(0)


def export_text(model, path):
    """Writes the parameters' sums."""
    sums = [f"{name} {value.sum():.6f}" for name, value in model.generator.named_parameters()]
    path.with_name(f"{path.name}.txt").write_text("\n".join(sums))
    return f"{len(sums)} sums"


def export_nothing(model, path):
    """Only says that it wrote."""
    return "written"


def export_silently(model, path):
    """Says nothing."""
    path.write_text("model")


def export_time(model, path):
    """Writes the time."""
    path.with_name(f"{path.name}.txt").write_text(str(time.perf_counter()))
    return "the time"


def export_and_round(model, path):
    """Rounds the model's own weights."""
    for value in model.generator.parameters():
        value.round_()
    path.write_text("model")
    return "rounded"


class Dimming(Augmentation):
    """Dims each image by a draw."""

    def forward(self, samples, uniform, normal):
        return samples * uniform(len(samples), *[1] * (samples.dim() - 1))


class GlobalDimming(Augmentation):
    """Dims by torch.rand."""

    def forward(self, samples, uniform, normal):
        return samples * torch.rand(len(samples), 1, 1, 1)


class CutDimming(Dimming):
    """Cuts the graph."""

    def forward(self, samples, uniform, normal):
        return super().forward(samples.detach(), uniform, normal)


class Halving(Schedule):
    """Halves a number every 1,000 images."""

    def value(self, start, images, total):
        return start * 0.5 ** (images // 1000)


class CountingSchedule(Halving):
    """Halves it every time that it is asked."""

    def __init__(self):
        self.asked = 0

    def value(self, start, images, total):
        self.asked += 1
        return start * 0.5**self.asked


class SilentTotal(Halving):
    """Reads the total and does not say so."""

    def value(self, start, images, total):
        return start * (1 - images / total)


class NoValue(Halving):
    """Forgets to return."""

    def value(self, start, images, total):
        super().value(start, images, total)


class LostExtractor(Halves):
    """Names an extractor that nobody offers."""

    extractor = "feature"


class StrangeExtractor(Halves):
    """Names an extractor of other images."""

    extractor = "cnn-mnist"


class LonelyControl(Halves):
    """Names a control of nothing."""

    control = "features"


class UntitledSide(RightSide):
    """Has no title."""

    title = ""


class NeedySide(RightSide):
    """Needs what there is not."""

    needs = frozenset({"labels", "captions"})


class SilentSide(RightSide):
    """Forgets to return."""

    def measure(self, drawn):
        super().measure(drawn)


class EachSide(RightSide):
    """Returns a number for each sample."""

    def measure(self, drawn):
        return drawn.samples.flatten(1).mean(1)


class EditedSide(RightSide):
    """Edits the samples that the next figure is to see."""

    def measure(self, drawn):
        drawn.samples.clamp_(0, 1)
        return super().measure(drawn)


class UnnamedSide(RightSide):
    """Reads labels and does not say so."""

    needs = frozenset()


class DrawnSide(RightSide):
    """Draws which samples it looks at."""

    def measure(self, drawn):
        return super().measure(drawn) * float(torch.rand(1))


class TurnedSide(RightSide):
    """Says that less is better."""

    direction, best = "lower", 0.0


def write_nothing(samples, path):
    """Return nothing."""
    write_halves(samples, path)


def write_elsewhere(samples, path):
    """Say another name than it wrote."""
    write_halves(samples, path)
    return [path]


class ShortLines(Writer):
    """One line for all samples."""

    def write(self, samples, path, legend):
        return write_halves(samples, path)

    def lines(self, samples, legend):
        return [f"{len(samples)} samples"]


class NamedView(Writer):
    """Its view is a name."""

    def write(self, samples, path, legend):
        return write_halves(samples, path)

    def view(self, sample_shape, legend):
        return "halves"


class FloatPictures(Writer):
    """Pictures in the samples' own range."""

    def write(self, samples, path, legend):
        return write_halves(samples, path)

    def pictures(self, samples, legend):
        return samples


def write_and_leave(samples, path):
    """Leave a file behind."""
    (path.parent / "notes.tmp").write_text("for the moment")
    return write_halves(samples, path)


def write_and_raise(samples, path):
    """Cannot write here."""
    raise NotImplementedError("only on Tuesdays")


def write_clamped(samples, path):
    """Change the samples."""
    return write_halves(samples.clamp_(-0.5, 0.5), path)


class HalfTracker(Tracker):
    """Lacks half of its methods."""

    def start(self, run):
        pass

    def log(self, images_seen, values):
        pass


# --- Augmentations -------------------------------------------------------------------------------


class CroppedBrighter(Brighter):
    """Gives back less than it got."""

    def forward(self, samples, uniform, normal):
        return super().forward(samples, uniform, normal)[..., 1:]


class InfiniteBrighter(Brighter):
    """Divides by what may be 0."""

    def forward(self, samples, uniform, normal):
        return samples / (uniform(len(samples), 1, 1, 1) < 0.5)


class InPlaceBrighter(Brighter):
    """Changes what it is given."""

    def forward(self, samples, uniform, normal):
        return samples.add_(uniform(len(samples), 1, 1, 1))


class ColourOnly(Brighter):
    """Takes three channels, and does not say so."""

    def forward(self, samples, uniform, normal):
        weights = torch.tensor([0.3, 0.6, 0.1]).view(3, 1, 1)
        return samples + (samples.reshape(len(samples), 3, 5, 5) * weights).sum(1, keepdim=True)


class UnseededBrighter(Brighter):
    """Draws from a source of its own."""

    def forward(self, samples, uniform, normal):
        return samples + float(np.random.default_rng().normal())


class OneForAll(Brighter):
    """Draws once for the whole batch."""

    def forward(self, samples, uniform, normal):
        return samples + uniform(1, 1, 1, 1)


class CentredBrighter(Brighter):
    """Takes the batch's mean away."""

    def forward(self, samples, uniform, normal):
        return super().forward(samples - samples.mean(0), uniform, normal)


class OnceBrighter(Brighter):
    """Has a gradient without one of its own."""

    def forward(self, samples, uniform, normal):
        return Once.apply(super().forward(samples, uniform, normal))


class SteepBrighter(Brighter):
    """Takes a root at 0."""

    def forward(self, samples, uniform, normal):
        return (
            samples + (samples - samples).norm(dim=1, keepdim=True) + uniform(len(samples), 1, 1, 1)
        )


class RoundedBrighter(Brighter):
    """Makes images black and white."""

    def forward(self, samples, uniform, normal):
        return super().forward(samples.sign() + 0 * samples, uniform, normal)


class AddingBrighter(Brighter):
    """Edits its buffer."""

    def observe(self, scores):
        self.size += 0.01


class CountingBrighter(Brighter):
    """Counts turns where no checkpoint sees it."""

    def __init__(self):
        super().__init__()
        self.turns = 0

    def adapt(self, images):
        self.turns = self.turns + 1


class DeafBrighter(Augmentation):
    """Is adaptive, and does not listen."""

    adaptive = True

    def forward(self, samples, uniform, normal):
        return samples + uniform(len(samples), 1, 1, 1)


class UnheardBrighter(Brighter):
    """Listens, and is told nothing."""

    adaptive = False

    def observe(self, scores):
        super().observe(scores)


class FailingBrighter(Brighter):
    """Takes one score."""

    def observe(self, scores):
        self.size = torch.tensor(scores.item())


class LockedBrighter(Brighter):
    """Keeps what cannot be copied."""

    def __init__(self):
        super().__init__()
        self.lock = threading.Lock()


# --- Schedules -----------------------------------------------------------------------------------


class Bursting(Falling):
    """Divides by the images that are left."""

    def value(self, start, images, total):
        return start / (total - images)


class Infinite(Falling):
    """Is no number at the start."""

    def value(self, start, images, total):
        return start * (math.inf if images == 0 else 1.0)


class Rolling(Falling):
    """Throws dice."""

    def value(self, start, images, total):
        return start * random.random()


class Clocked(Falling):
    """Falls with the days."""

    def value(self, start, images, total):
        return start / round(1 + time.time() / 86_400)


#: The plugin that is right, by kind.
SOUND = {
    "generator": {"image": "broken:Image"},
    "discriminator": {"judge": "broken:Judge"},
    "loss": {"game": "broken:Game"},
    "dataset": {"halves": "broken:Halves"},
    "augmentation": {"dimming": "broken:Dimming"},
    "schedule": {"halving": "broken:Halving"},
    "extractor": {"features": "broken:Features"},
    "metric": {"right-side": "broken:RightSide"},
    "writer": {"halves": "broken:write_halves"},
    "exporter": {"text": "broken:export_text"},
}


def broken_plugin(kind: str = "", target: str = "", /, **others: str) -> PluginSource:
    """The sound plugin, in which parts of some kinds are others, as "Class" or "module:Class"."""
    parts = {of: dict(offered) for of, offered in SOUND.items()}
    for of, wanted in ({kind: target} | others if kind else others).items():
        name = next(iter(parts[of])) if of in parts else "culprit"
        parts[of] = {name: wanted if ":" in wanted else f"broken:{wanted}"}
    return offering("broken", "1.0", parts)
