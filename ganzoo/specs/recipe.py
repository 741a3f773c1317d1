"""The recipe: all that changes the result of a training, and nothing that does not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ganzoo.errors import ConfigError
from ganzoo.specs.reading import write_record

PRECISIONS = ("auto", "float32", "bf16")


@dataclass(frozen=True)
class Part:
    """A named part and the arguments it is built with: `{"name": ..., "arguments": {...}}`."""

    name: str
    arguments: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Optimizer:
    """An optimizer by the name timm's factory gives it, its rate and its other arguments."""

    name: str = "adam"
    lr: float = 2e-4  # Radford et al. 2016, section 4
    arguments: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.lr > 0:
            raise ConfigError(f"lr must be above 0, found {self.lr}")


@dataclass(frozen=True)
class Optimizers:
    """One optimizer for each player."""

    generator: Optimizer = field(default_factory=Optimizer)
    discriminator: Optimizer = field(default_factory=Optimizer)


@dataclass(frozen=True)
class Averaging:
    """The generator's exponential moving average, in images.

    The half-life grows with the run, as `ramp_up` times the images seen, until it reaches
    `half_life` (Karras et al. 2020, whose ramp-up is 0.05); `ramp_up` None starts in full.
    """

    half_life: float = 10_000.0
    ramp_up: float | None = 0.05

    def __post_init__(self) -> None:
        if not self.half_life >= 0:
            raise ConfigError(f"half_life must be 0 or more images, found {self.half_life}")
        if self.ramp_up is not None and not self.ramp_up > 0:
            raise ConfigError(f"ramp_up must be above 0 or null, found {self.ramp_up}")


@dataclass(frozen=True)
class Recipe:
    """What a training does; counted in images (real samples shown in a discriminator turn).

    `batch` is the global batch of one turn; `reuse_fakes` lets the generator's turn take the
    latents and fakes of the last discriminator turn; `precision` is float32, bf16 or auto.
    """

    loss: Part
    data: Part
    optimizers: Optimizers = field(default_factory=Optimizers)
    discriminator_steps: int = 1
    batch: int = 64
    images: int = 1_000_000  # 15,625 turns of 64, the budget of Lucic et al. 2018
    ema: Averaging = field(default_factory=Averaging)
    reuse_fakes: bool = True
    precision: str = "auto"
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("discriminator_steps", "batch", "images"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name} must be 1 or more, found {getattr(self, name)}")
        if self.precision not in PRECISIONS:
            raise ConfigError(f"precision is one of {PRECISIONS}, found {self.precision!r}")
        if not 0 <= self.seed < 2**63:
            raise ConfigError(f"seed must be between 0 and 2**63 - 1, found {self.seed}")

    @property
    def images_per_step(self) -> int:
        """Images of one step: n discriminator turns of a batch."""
        return self.batch * self.discriminator_steps


def recipe_hash(parts: Mapping[str, Any]) -> str:
    """Hash what a run must keep to go on: everything but `images`, which may be raised.

    `parts` holds the generator, the discriminator and the recipe, as records or JSON data.
    """
    import hashlib  # here, since `ganzoo list` has no use for it
    import json

    data = write_record(parts)
    data["recipe"] = {k: v for k, v in data["recipe"].items() if k != "images"}
    canonical = json.dumps(data, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def merge(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Lay `over` on `base`, key by key; a part of another name replaces the whole part."""
    merged = dict(base)
    for key, value in over.items():
        below = merged.get(key)
        if (
            isinstance(value, Mapping)
            and isinstance(below, Mapping)
            and value.get("name", below.get("name")) == below.get("name")
        ):
            merged[key] = merge(below, value)
        else:
            merged[key] = value
    return merged


def set_path(data: Mapping[str, Any], path: str, value: Any) -> dict[str, Any]:
    """Return `data` with the value at a dotted path such as `optimizers.generator.lr` set."""
    keys = path.split(".")
    if not all(keys):
        raise ConfigError(f"--set {path}: a path is keys joined by dots, such as recipe.batch")

    def put(data: Mapping[str, Any], head: str, *rest: str) -> dict[str, Any]:
        if not rest:
            return {**data, head: value}
        below = data.get(head, {})
        if not isinstance(below, Mapping):
            raise ConfigError(f"--set {path}: {head!r} holds {below!r}, which has no keys below it")
        return {**data, head: put(below, *rest)}

    return put(data, *keys)
