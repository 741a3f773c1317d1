"""The interfaces: what a generator, a discriminator, a loss and a data set promise.

N counts rows, D is the size of a latent, S the shape of one sample (C, H, W for images).
Tensors are float32; images and sound lie in [-1, 1].
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol, TypeAlias, TypeVar

import torch
from torch import Tensor, nn

from ganzoo.errors import DataError, PartError

if TYPE_CHECKING:
    from ganzoo.measure.draws import Drawn
    from ganzoo.plugins import RunRecord

#: What a player minimises: name to values of at least one dimension, already weighted, per
#: sample, pack or patch. The engine takes each mean, sums, backpropagates and logs by name.
Terms: TypeAlias = dict[str, Tensor]

L = TypeVar("L", bound="Loss")
A = TypeVar("A", bound="Augmentation")


class Generator(nn.Module, ABC):
    """Turns latents into samples.

    It may be told more in `labels`: a class int64 [N] where `num_classes` is set, a condition
    float32 [N, *condition_shape] (pix2pix's source image, say) where `condition_shape` is.
    """

    latent_dim: int
    sample_shape: tuple[int, ...]
    num_classes: int | None = None
    condition_shape: tuple[int, ...] | None = None

    @abstractmethod
    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """Latents [N, D] and labels -> samples [N, *S]; D may be 0."""

    def outputs(self, latents: Tensor, labels: Tensor | None = None) -> dict[str, Tensor]:
        """Everything one pass publishes; `samples` is what `forward` returns."""
        return {"samples": self(latents, labels)}

    def sample_latents(self, n: int, *, rng: torch.Generator) -> Tensor:
        """Draw n latents [n, D] on the CPU; standard normal unless overridden."""
        return torch.randn(n, self.latent_dim, generator=rng)

    def calibration_latents(self, n: int, *, rng: torch.Generator) -> Tensor:
        """Latents [n, D] under which batch statistics are recomputed; those that are sampled.

        A composite of several networks overrides it where they see other data than that in use.
        """
        return self.sample_latents(n, rng=rng)


class StyleGenerator(Generator):
    """A generator that draws from styles: one vector for each of its layers (Karras et al. 2019).

    `style_layers` is L and `style_dim` is W. `average_style` [W] is the mean style of many latents,
    towards which truncation goes. It is no business of a network: whoever takes an average
    recomputes it from counted latents, like batch statistics, so training neither reads nor moves
    it.
    """

    average_style: Tensor

    def __init__(self, style_dim: int, style_layers: int) -> None:
        super().__init__()
        self.style_dim, self.style_layers = style_dim, style_layers
        self.register_buffer("average_style", torch.zeros(style_dim))

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Keep `forward` what it is: else samples would not be those of their styles."""
        super().__init_subclass__(**kwargs)
        if cls.forward is not StyleGenerator.forward:
            raise PartError(
                f"{cls.__name__} overrides forward, which a StyleGenerator keeps: it is synthesise "
                "of styles; write those two, and outputs to publish more"
            )

    @abstractmethod
    def styles(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """Latents [N, D] and labels -> styles [N, L, W]; draws nothing in eval mode."""

    @abstractmethod
    def synthesise(self, styles: Tensor, labels: Tensor | None = None) -> Tensor:
        """Styles [N, L, W] -> samples [N, *S]."""

    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """Latents [N, D] and labels -> samples [N, *S]; final."""
        return self.synthesise(self.styles(latents, labels), labels)

    def outputs(self, latents: Tensor, labels: Tensor | None = None) -> dict[str, Tensor]:
        """`samples` [N, *S], and the `styles` [N, L, W] that they were drawn from."""
        styles = self.styles(latents, labels)
        return {"samples": self.synthesise(styles, labels), "styles": styles}


class Discriminator(nn.Module, ABC):
    """Scores samples; higher is more real. Critics are discriminators too.

    `labels` are a generator's: classes where `num_classes` is set, conditions where
    `condition_shape` is. Both players declare what they take, and what they do not look at.
    `independent` promises that no sample's score depends on its batch-mates in train mode either
    (no batch norm, no packs); then a loss may score real and fake samples in one pass.
    """

    sample_shape: tuple[int, ...]
    num_classes: int | None = None
    condition_shape: tuple[int, ...] | None = None
    independent: bool = False

    @abstractmethod
    def forward(self, samples: Tensor, labels: Tensor | None = None) -> Tensor:
        """Samples [N, *S] -> raw scores, never through a sigmoid.

        [N], or [N, K] for patches and scales, or [N / m] for packs of m.
        """

    def outputs(self, samples: Tensor, labels: Tensor | None = None) -> dict[str, Tensor]:
        """Everything one pass publishes; `scores` is what `forward` returns."""
        return {"scores": self(samples, labels)}


class Draw(Protocol):
    """Draws float32 values [*shape] from the run's own randomness, on the training's device.

    The first dimension goes with the samples: a process or a micro-batch that plays half of the
    batch gets its half of the rows (and of rows that stand for packs, or for real and fake samples
    one after the other). `shared=True` gives everybody the same values instead.
    """

    def __call__(self, *shape: int, shared: bool = False) -> Tensor:
        """Draw values; each call of a turn has its own."""


@dataclass(frozen=True, eq=False)
class Player:
    """A network as a loss sees it: call it for scores or samples, `outputs` for everything.

    Labels are the round's unless the call names others. `module` is for its parameters.
    """

    module: Generator | Discriminator
    labels: Tensor | None = None

    def __call__(self, inputs: Tensor, labels: Tensor | None = None) -> Tensor:
        """Scores of samples, or samples of latents; float32 under autocast too."""
        result: Tensor = self.module(inputs, self.labels if labels is None else labels)
        return result.float()

    def outputs(self, inputs: Tensor, labels: Tensor | None = None) -> dict[str, Tensor]:
        """All that the network publishes in one pass, in float32."""
        published = self.module.outputs(inputs, self.labels if labels is None else labels)
        return {name: value.float() for name, value in published.items()}


@dataclass(frozen=True, eq=False)
class Round:
    """One player's turn: all that a loss may look at.

    `real` and `fake` are [N, *S], `latents` [N, D], `labels` the real batch's (and the fakes'
    too): classes int64 [N] where both players have `num_classes`, conditions float32
    [N, *condition_shape] where both have that, else None. In the discriminator's turn `fake`
    carries no gradient. `step` and `turn` count generator steps and discriminator turns done.
    `uniform(*shape)` (in [0, 1)) and `normal(*shape)` are the run's own randomness, the only
    one a loss may use; `shared=True` gives every row, process and micro-batch the same values.
    `log(name, values)` shows values that nobody minimises.
    """

    real: Tensor
    fake: Tensor
    latents: Tensor
    labels: Tensor | None
    discriminator: Player
    generator: Player
    images_seen: int
    step: int
    turn: int
    uniform: Draw
    normal: Draw
    log: Callable[[str, Tensor], None]

    def due(self, every: int) -> bool:
        """Whether this is a k-th turn, the first included: for penalties that are lazy.

        A loss that asks here, and reads neither `turn` nor `step` nor `images_seen`, can be played
        as a CUDA graph.
        """
        return self.turn % every == 0


class Loss(nn.Module, ABC):
    """The game: what each player minimises.

    `needs` names outputs that it reads beside scores and samples. Buffers are its state: replace
    them (`self.k = ...`), never edit them in place. Parameters are frozen networks. `recipe`
    holds the settings its paper trains with, in a recipe's keys; they fill what the user left
    open. `double_backward` says that a term holds a gradient of the discriminator.
    """

    double_backward: bool = False
    needs: frozenset[str] = frozenset()
    recipe: ClassVar[Mapping[str, object]] = {}

    def __new__(cls: type[L], *args: Any, **kwargs: Any) -> L:
        """Ready the module, so that a loss without state needs no `super().__init__()`."""
        loss = super().__new__(cls)
        nn.Module.__init__(loss)
        return loss

    @abstractmethod
    def discriminator(self, round: Round) -> Terms:
        """What the discriminator minimises."""

    @abstractmethod
    def generator(self, round: Round) -> Terms:
        """What the generator minimises."""

    def constrain(self, discriminator: Discriminator) -> None:
        """Hold the discriminator to a set after each of its steps, under `no_grad`."""


class Schedule(ABC):
    """Moves a number of the recipe during a training: a pure function of the images seen.

    `needs_total` says that it depends on how many images the whole run has.
    """

    needs_total: bool = False

    @abstractmethod
    def value(self, start: float, images: int, total: int) -> float:
        """The number after `images` of a run of `total`, where the recipe says `start`."""


class Augmentation(nn.Module, ABC):
    """Changes whatever the discriminator is shown, real and fake samples alike.

    Its changes are differentiable twice, and drawn anew for every sample. Buffers are its state,
    as a loss's are: replace them, never edit them in place. An augmentation that is `adaptive` is
    told of the scores of real samples. `sample_dims` is the number of dimensions of the samples
    that it takes (3 for images [C, H, W]), None for any. It works in float32 under autocast too.
    """

    adaptive: bool = False
    sample_dims: int | None = None

    def __new__(cls: type[A], *args: Any, **kwargs: Any) -> A:
        """Ready the module, so that one without state needs no `super().__init__()`."""
        augmentation = super().__new__(cls)
        nn.Module.__init__(augmentation)
        return augmentation

    @abstractmethod
    def forward(self, samples: Tensor, uniform: Draw, normal: Draw) -> Tensor:
        """Samples [N, *S] -> as many of the same shape, changed by the draws."""

    def observe(self, scores: Tensor) -> None:
        """Take in the raw scores of a share's real samples [N], under `no_grad`."""

    def adapt(self, images: int) -> None:
        """Change strength after a discriminator turn of so many images, under `no_grad`.

        Buffers that `observe` wrote hold their mean over shares and processes by then.
        """

    def figures(self) -> Mapping[str, float | Tensor]:
        """What is shown of it with each row of figures, by name; nothing unless overridden."""
        return {}


class Dataset(ABC):
    """Samples addressed by index, so that their order is the engine's.

    With a `condition_shape` each sample comes with a condition, and `paired` says whether the
    sample is the answer to it, which grids then show beside what is made.

    `extractor` names the extractor in whose features its models are measured, as `ganzoo plugins`
    lists it, and `control` another that is measured beside it. Both are said by the class.
    """

    sample_shape: tuple[int, ...]
    num_classes: int | None = None
    condition_shape: tuple[int, ...] | None = None
    paired: bool = True
    kind: str = "image"
    value_range: tuple[float, float] | None = (-1.0, 1.0)
    extractor: str | None = None
    control: str | None = None
    #: One line that is told when a training on it begins, such as what was done to its files.
    summary: str = ""

    @abstractmethod
    def __len__(self) -> int:
        """Number of samples."""

    @abstractmethod
    def batch(self, indices: Tensor) -> tuple[Tensor, Tensor | None]:
        """Indices int64 [N] -> samples float32 [N, *S] and labels int64 [N], or None.

        Where `condition_shape` is set, the second are conditions float32 [N, *condition_shape].
        """

    @classmethod
    def is_here(cls) -> bool:
        """Whether building it fetches nothing; where its files come from elsewhere, override."""
        return True

    def to(self, device: torch.device) -> None:  # noqa: B027 - not everybody has what to move
        """Move what it holds to the device where training happens, if it fits there.

        Does nothing unless overridden. Wherever they lie, `batch` takes indices of any device.
        """

    def class_counts(self) -> Tensor:
        """How many samples each class has, int64 [num_classes], where it has classes.

        By default all samples are gone through; what holds its labels counts those.
        """
        if self.num_classes is None:
            raise DataError(f"{type(self).__name__} has no classes to count")
        counts = torch.zeros(self.num_classes, dtype=torch.long)
        for start in range(0, len(self), 4096):
            _, labels = self.batch(torch.arange(start, min(start + 4096, len(self))))
            if labels is None:
                raise DataError(f"{type(self).__name__} gives no labels to count")
            if not 0 <= int(labels.min()) <= int(labels.max()) < self.num_classes:
                raise DataError(
                    f"{type(self).__name__} has labels from {int(labels.min())} to "
                    f"{int(labels.max())}, and num_classes is {self.num_classes}"
                )
            counts += labels.cpu().bincount(minlength=self.num_classes)
        return counts

    def content_hash(self) -> str:
        """Name the content: sha256 over all samples and labels, in order."""
        import hashlib

        digest = hashlib.sha256()
        for start in range(0, len(self), 4096):
            rows = torch.arange(start, min(start + 4096, len(self)))
            for tensor in self.batch(rows):
                if tensor is not None:
                    digest.update(tensor.contiguous().cpu().numpy().tobytes())
        return digest.hexdigest()


class Extractor(nn.Module, ABC):
    """Features in which samples are measured.

    `sample_shape` is the shape of the samples that it takes, None where any images will do;
    `value_range` the range of their values, None for unbounded.
    """

    name: str
    feature_dim: int
    num_classes: int | None = None
    sample_shape: tuple[int, ...] | None = None
    value_range: tuple[float, float] | None = (-1.0, 1.0)

    @abstractmethod
    def forward(self, samples: Tensor) -> Tensor:
        """Samples [N, *S] -> features [N, F]."""

    def logits(self, samples: Tensor) -> Tensor:
        """Samples [N, *S] -> class scores [N, num_classes], where `num_classes` is set."""
        raise NotImplementedError(f"{type(self).__name__} knows no classes")

    def outputs(self, samples: Tensor) -> dict[str, Tensor]:
        """`features` [N, F], and `logits` [N, K] where it knows classes; override for one pass."""
        found = {"features": self(samples)}
        if self.num_classes is not None:
            found["logits"] = self.logits(samples)
        return found


class Figure(ABC):
    """A number that says how good drawn samples are; real ones get it too, as its floor.

    `title` is its name in tables, `protocol` what exactly is computed and of how many samples.
    `direction` says which values are better: "lower", "higher", or "nearest" to `best`, which is
    what a perfect generator gets (None: what real samples get). `unit` follows the value where it
    has one; `digits` after the point mean something; the same weights may lie `tolerance` apart on
    another machine (2% are allowed in any case). `needs` names what it reads of a `Drawn` beside
    its samples: "labels", "targets", "features", "logits", "model", "real".
    """

    title: str
    protocol: str
    direction: Literal["lower", "higher", "nearest"]
    best: float | None = None
    unit: str = ""
    digits: int = 3
    tolerance: float = 0.01
    needs: frozenset[str] = frozenset()

    @abstractmethod
    def applies_to(self, data: Dataset) -> bool:
        """Whether models of this data set are measured by it."""

    @abstractmethod
    def measure(self, drawn: Drawn) -> float:
        """One finite number; a `ganzoo.GanzooError` says why there is none."""


class Tracker(ABC):
    """Sends a run's figures and samples elsewhere."""

    @abstractmethod
    def start(self, run: RunRecord) -> None:
        """A training begins or goes on."""

    @abstractmethod
    def log(self, images_seen: int, values: Mapping[str, float]) -> None:
        """A row of figures."""

    @abstractmethod
    def sample(self, images_seen: int, path: Path) -> None:
        """A file of samples was written."""

    @abstractmethod
    def end(self, outcome: str) -> None:
        """The training ended: `finished`, `interrupted` or `failed`."""
