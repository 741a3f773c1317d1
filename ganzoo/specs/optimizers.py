"""The optimizers of both players and the generator's average, as records of a recipe."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ganzoo.errors import ConfigError, brief, did_you_mean

SCHEDULES = ("constant", "linear", "cosine")


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
