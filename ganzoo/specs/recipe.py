"""The recipe: everything that changes the result of a training, and nothing else."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ganzoo.errors import ConfigError, brief, did_you_mean
from ganzoo.specs.reading import read_record, write_record

PRECISIONS = ("auto", "float32", "bf16")
#: What a run does about a collapse.
COLLAPSE_ACTIONS = ("warn", "stop", "rollback")
SCHEDULES = ("constant", "linear", "cosine")


@dataclass(frozen=True)
class Part:
    """A part by name with its arguments: `{"name": ..., "arguments": {...}}`."""

    #: A bare name, or `distribution/name`, which is the form that is stored.
    name: str
    #: The arguments of its constructor.
    arguments: Mapping[str, Any] = field(default_factory=dict)

    @property
    def bare_name(self) -> str:
        """The name without its distribution."""
        return self.name.rpartition("/")[2]


@dataclass(frozen=True)
class Data(Part):
    """The data set, and how samples are drawn from it."""

    #: Whether every class is drawn equally often, whatever its share of the data.
    balance: bool = False


@dataclass(frozen=True)
class Schedule:
    """How a learning rate changes over a run, as a share of the optimizer's `lr`.

    The rate rises from 0 over the first `warmup` images. Then `constant` keeps it, while `linear`
    and `cosine` bring it to the share `final` at image number `images`.
    """

    #: `constant`, `linear` or `cosine`.
    name: str = "cosine"
    #: The image at which `final` is reached; null: the last of the recipe.
    images: int | None = None
    #: Images of warm-up.
    warmup: int = 0
    #: The share of `lr` at the end.
    final: float = 0.0

    def __post_init__(self) -> None:
        if self.name not in SCHEDULES:
            raise ConfigError(
                f"there is no schedule {brief(self.name)}; {did_you_mean(self.name, SCHEDULES)}"
            )
        if self.images is not None and self.images < 1:
            raise ConfigError(f"images must be 1 or more, or null; found {self.images}")
        if self.warmup < 0 or self.final < 0:
            raise ConfigError(
                f"warmup and final must be 0 or more, found {self.warmup} and {self.final}"
            )
        if self.images is not None and self.images <= self.warmup and self.name != "constant":
            raise ConfigError(
                f"a schedule of {self.images:,} images has no room for {self.warmup:,} of warm-up"
            )

    @property
    def needs_total(self) -> bool:
        """Whether it depends on the total number of images."""
        return self.name != "constant" and self.images is None


@dataclass(frozen=True)
class Group:
    """Settings for some of a player's parameters."""

    #: Multiplies the learning rate.
    lr_factor: float = 1.0
    #: Other arguments for them, such as `weight_decay`.
    arguments: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.lr_factor >= 0:
            raise ConfigError(f"lr_factor must be 0 or more, found {self.lr_factor}")


@dataclass(frozen=True)
class Optimizer:
    """An optimizer by name, its learning rate and its other arguments."""

    #: Any name of timm's factory.
    name: str = "adam"
    #: The learning rate.
    lr: float = 2e-4  # Radford et al. 2016, section 4
    #: Other arguments, such as `betas`; by default torch's.
    arguments: Mapping[str, Any] = field(default_factory=dict)
    #: How the learning rate changes over the run; null: it is constant.
    schedule: Schedule | None = None
    #: Clip the norm of the player's whole gradient to this; null: do not clip.
    max_grad_norm: float | None = None
    #: Settings for some parameters, by a pattern of their names such as `mapping.*`.
    groups: Mapping[str, Group] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.lr > 0:
            raise ConfigError(f"lr must be above 0, found {self.lr}")
        if self.max_grad_norm is not None and not self.max_grad_norm > 0:
            raise ConfigError(f"max_grad_norm must be above 0 or null, found {self.max_grad_norm}")


@dataclass(frozen=True)
class Optimizers:
    """One optimizer for each player."""

    #: The generator's optimizer.
    generator: Optimizer = field(default_factory=Optimizer)
    #: The discriminator's optimizer.
    discriminator: Optimizer = field(default_factory=Optimizer)


@dataclass(frozen=True)
class Averaging:
    """The generator's exponential moving average, in images.

    The half-life grows as `ramp_up` times the images seen until it reaches `half_life` (Karras et
    al. 2020, whose ramp-up is 0.05).
    """

    #: Images after which a weight counts half; 0: no averaging.
    half_life: float = 10_000.0
    #: Limits the half-life to this share of the images seen; null: no limit.
    ramp_up: float | None = 0.05

    def __post_init__(self) -> None:
        if not self.half_life >= 0:
            raise ConfigError(f"half_life must be 0 or more images, found {self.half_life}")
        if self.ramp_up is not None and not self.ramp_up > 0:
            raise ConfigError(f"ramp_up must be above 0 or null, found {self.ramp_up}")


@dataclass(frozen=True)
class Start:
    """The model whose weights a training starts with, and their sha256."""

    #: The full name of the `--init` model.
    model: str
    #: sha256 of its generator's weights.
    generator: str
    #: sha256 of its discriminator's weights.
    discriminator: str


@dataclass(frozen=True)
class Recipe:
    """A training, counted in images: real samples shown in a discriminator turn."""

    #: The loss of both players.
    loss: Part
    #: The data set.
    data: Data
    #: The optimizer of each player.
    optimizers: Optimizers = field(default_factory=Optimizers)
    #: Discriminator turns in each step.
    discriminator_steps: int = 1
    #: Generator turns in each step, after those of the discriminator.
    generator_steps: int = 1
    #: Images in one turn, over all processes.
    batch: int = 64
    #: The total of real images shown to the discriminator.
    images: int = 1_000_000  # 15,625 turns of 64, the budget of Lucic et al. 2018
    #: The generator's average, which is sampled, measured and exported.
    ema: Averaging = field(default_factory=Averaging)
    #: Whether the generator's turn reuses the latents and fakes of the last discriminator turn.
    reuse_fakes: bool = True
    #: `float32`, `bf16` (autocast, penalties in float32), or `auto`: float32 on a CPU, else bf16.
    precision: str = "auto"
    #: What is done to samples before the discriminator sees them: augmentations by name, with
    #: their arguments, applied in the order of their names.
    augmentation: Mapping[str, Any] = field(default_factory=dict)
    #: Schedules for numbers of this recipe, by path, such as `loss.arguments.r1_gamma`.
    schedules: Mapping[str, Any] = field(default_factory=dict)
    #: What to do when the training collapses: `warn`, `stop` or `rollback`.
    on_collapse: str = "warn"
    #: The model to start from, set by `--init`; null: untrained networks.
    start: Start | None = None
    #: The random seed.
    seed: int = 0

    def __post_init__(self) -> None:
        if not isinstance(self.data, Data):
            object.__setattr__(self, "data", Data(self.data.name, self.data.arguments))
        object.__setattr__(self, "augmentation", _switched_on(self.augmentation))
        object.__setattr__(self, "schedules", _by_path(self.schedules))
        for name in ("discriminator_steps", "generator_steps", "batch", "images"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name} must be 1 or more, found {getattr(self, name)}")
        if self.precision not in PRECISIONS:
            raise ConfigError(f"precision is one of {PRECISIONS}, found {brief(self.precision)}")
        if self.on_collapse not in COLLAPSE_ACTIONS:
            raise ConfigError(
                f"on_collapse is one of {COLLAPSE_ACTIONS}, found {brief(self.on_collapse)}"
            )
        if not 0 <= self.seed < 2**63:
            raise ConfigError(f"seed must be between 0 and 2**63 - 1, found {self.seed}")

    @property
    def images_per_step(self) -> int:
        """Images in one step: a batch for each discriminator turn."""
        return self.batch * self.discriminator_steps

    @property
    def needs_total(self) -> bool:
        """Whether a schedule depends on `images`, so that these cannot be raised later."""
        players = (self.optimizers.generator, self.optimizers.discriminator)
        return any(player.schedule and player.schedule.needs_total for player in players) or any(
            part.arguments.get("images") is None for part in self.schedules.values()
        )


def _switched_on(augmentations: Mapping[str, Any]) -> dict[str, Any]:
    """The augmentations without those that are `false`, `null` or an empty list."""
    return {name: how for name, how in augmentations.items() if how not in (False, None, [], ())}


def _by_path(schedules: Mapping[str, Any], above: str = "") -> dict[str, Part]:
    """Schedules by the dotted path of their number; `null` removes one.

    They may be nested, as `--set schedules.optimizers.generator.lr=...` leaves them.
    """
    parts: dict[str, Part] = {}
    for key, value in schedules.items():
        path = f"{above}.{key}" if above else key
        if isinstance(value, Part):
            parts[path] = value
        elif value is None:
            parts.pop(path, None)
        elif isinstance(value, Mapping) and "name" not in value:
            parts |= _by_path(value, path)
        else:
            parts[path] = read_record(Part, value, f"schedules: {path}")
    return parts


def recipe_hash(
    generator: Part, discriminator: Part, recipe: Recipe, *, needs_total: bool | None = None
) -> str:
    """Hash what a run must keep to be resumed: everything but `images`, which may be raised.

    Where a schedule depends on `images` (`needs_total`, by default judged from the schedules'
    arguments), they are hashed too. Defaults are left out, so that a run can be resumed after a
    later version adds keys.
    """
    import hashlib  # here, since `ganzoo list` has no use for it
    import json

    settings = _beyond_defaults(recipe)
    if not (recipe.needs_total if needs_total is None else needs_total):
        settings.pop("images", None)
    parts = {
        "generator": _beyond_defaults(generator),
        "discriminator": _beyond_defaults(discriminator),
        "recipe": settings,
    }
    canonical = json.dumps(parts, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def _beyond_defaults(record: Any) -> dict[str, Any]:
    """What differs from a record's defaults, as JSON data."""
    data = {}
    for key in dataclasses.fields(record):
        value, factory = getattr(record, key.name), key.default_factory
        default = key.default if factory is dataclasses.MISSING else factory()
        if value != default:
            deep = dataclasses.is_dataclass(value)
            data[key.name] = _beyond_defaults(value) if deep else write_record(value)
    return data
