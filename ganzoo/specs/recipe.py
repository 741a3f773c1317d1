"""The recipe: everything that changes the result of a training, and nothing else."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ganzoo.errors import ConfigError, brief
from ganzoo.specs.keys import Record
from ganzoo.specs.optimizers import Averaging, Optimizers
from ganzoo.specs.reading import read_record, write_record

PRECISIONS = ("auto", "float32", "bf16")
#: What a run does about a collapse.
COLLAPSE_ACTIONS = ("warn", "stop", "rollback")


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

    #: Whether every class is drawn equally often, regardless of its share of the data.
    balance: bool = False


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
class Recipe(Record):
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
