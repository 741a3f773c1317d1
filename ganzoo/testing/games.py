"""Games: a generator, a discriminator, a loss and data that play together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from ganzoo.cards import Catalogue
from ganzoo.engine.config import resolve
from ganzoo.engine.passes import make_fakes, make_round, unfrozen
from ganzoo.engine.prepare import prepare
from ganzoo.engine.randomness import TurnDraws
from ganzoo.engine.ranks import Ranks
from ganzoo.engine.setup import Setup
from ganzoo.engine.state import TrainingState
from ganzoo.engine.turns import sample_minibatch
from ganzoo.errors import GanzooError
from ganzoo.interfaces import Dataset, Discriminator, Loss, Round, Terms
from ganzoo.plugins import CORE
from ganzoo.specs import CONFIG_VERSION, ModelConfig, Part, merge, write_record
from ganzoo.testing.building import built
from ganzoo.testing.failures import Blocked, short
from ganzoo.testing.game_data import opened
from ganzoo.testing.numerics import pack_size, seeded

CPU = torch.device("cpu")
#: Rows of a turn, as far as packs allow: two processes share them.
BATCH = 16
MOVERS = ("discriminator", "generator")
#: Turns that checks of a loss and of a game play: a lazy penalty is due at some and not at others.
TURNS = 4
#: The loss of players that bring none.
COMMON_LOSS = Part(f"{CORE}/non-saturating")
LOSS_ARGUMENTS = "loss.arguments."


def silent(name: str, values: Tensor) -> None:
    """Log nothing."""


@dataclass(frozen=True, eq=False)
class Game:
    """Four parts that play together; `recipe` holds what their model's recipe says about play."""

    name: str
    generator: Part
    discriminator: Part
    loss: Part
    data: Part
    world: Catalogue = field(repr=False)
    recipe: Mapping[str, Any] = field(default_factory=dict)

    @property
    def parts(self) -> dict[str, Part]:
        """The parts by kind."""
        return {
            "generator": self.generator,
            "discriminator": self.discriminator,
            "loss": self.loss,
            "dataset": self.data,
        }

    def config(self, steps: int = 1, **recipe: Any) -> ModelConfig:
        """A resolved config of so many steps; `recipe` overrides the game's."""
        base = {"ema": {"half_life": 0.0}, "precision": "float32", "batch": self.batch}
        parts = {"loss": write_record(self.loss), "data": write_record(self.data)}
        raw = {
            "ganzoo_config": CONFIG_VERSION,
            "generator": write_record(self.generator),
            "discriminator": write_record(self.discriminator),
            "recipe": merge(merge(merge({**base, **parts}, self.recipe), recipe), parts),
        }
        config = resolve(raw, f"the game {self.name}", fill=True)
        images = config.recipe.images_per_step * steps
        return replace(config, recipe=replace(config.recipe, images=images))

    def prepared(
        self, config: ModelConfig | None = None, ranks: Ranks | None = None
    ) -> tuple[TrainingState, Setup]:
        """A training that is about to start, on the CPU."""
        config = config or self.config()
        data = opened(self.world, config.recipe.data, outside=True)
        return prepare(config, CPU, ranks, data=data)

    def ready(self) -> tuple[TrainingState, Setup]:
        """The same; blocks the check if the game cannot start."""
        try:
            return self.prepared()
        except Exception as error:  # whatever a part raises
            raise self.blocked(f"its game cannot start ({short(error)})") from error

    @cached_property
    def fault(self) -> Blocked | None:
        """Why the game cannot start."""
        try:
            self.ready()
        except Blocked as reason:
            return reason
        return None

    def must_start(self) -> None:
        """Block the check if the game cannot start."""
        if self.fault is not None:
            raise self.fault

    def ready_with(self, loss: Loss) -> tuple[TrainingState, Setup]:
        """The same with a loss that was never called: its own checks find what is wrong with it."""
        schedules = {
            path: part
            for path, part in self.recipe.get("schedules", {}).items()
            if not f"{path}.".startswith("loss.")
        }
        recipe = {**self.recipe, "schedules": schedules}
        state, setup = replace(self, loss=COMMON_LOSS, recipe=recipe).ready()
        state.loss = loss.requires_grad_(False)
        return state, setup

    def ready_untried(self) -> tuple[TrainingState, Setup]:
        """The same with its own loss, of which no turn was tried."""
        offer = self.world.registry.find("loss", self.loss.name)
        try:
            with seeded(0):
                loss = offer.build(**self.loss.arguments)
        except GanzooError as error:
            raise self.blocked(f"its loss cannot be built: {short(error)}") from error
        return self.ready_with(loss)

    def blocked(self, reason: str) -> Blocked:
        """What a check raises if this game cannot start."""
        return Blocked("check_starts", reason, f"game/{self.name}")

    def open_data(self) -> Dataset | None:
        """Its data set, if it can be opened."""
        return opened(self.world, self.data)

    @cached_property
    def batch(self) -> int:
        """Rows of a turn: two equal shares of whole packs."""
        offer = self.world.registry.find("discriminator", self.discriminator.name)
        network = built(offer, self.discriminator.arguments)
        unit = 2 * (pack_size(network) if isinstance(network, Discriminator) else 1)
        return max(unit, min(-(-BATCH // unit), self.samples // unit) * unit)

    @cached_property
    def samples(self) -> int:
        """The number of samples in its data; a batch's if it cannot be opened."""
        data = self.open_data()
        return BATCH if data is None else len(data)


@dataclass(frozen=True, eq=False)
class Turn:
    """A turn that is about to be played: the moving player, and the loss's round."""

    mover: str
    state: TrainingState
    setup: Setup
    round: Round

    def terms(self) -> Terms:
        """The loss's terms."""
        made: Terms = getattr(self.state.loss, self.mover)(self.round)
        return made


def turn_numbers(state: TrainingState) -> Iterator[tuple[int, str]]:
    """The number and the mover of each turn that a check plays; sets the state's counters."""
    for number in range(TURNS):
        state.turn = state.step = number
        for mover in MOVERS:
            yield number, mover


@contextmanager
def turn_of(state: TrainingState, setup: Setup, mover: str) -> Iterator[Turn]:
    """A turn as the engine sets it up: only the discriminator's own turn frees its weights."""
    keep = mover == "generator"
    draws = TurnDraws(setup.counters, state.turn, mover)
    batch = sample_minibatch(state, setup, setup.shares[0], draws)
    draws.seed_layers(batch.share)
    fakes = make_fakes(state, setup, batch, keep_graph=keep)
    round = make_round(state, setup, batch, fakes, draws, silent)
    with unfrozen(() if keep else setup.trainable):
        yield Turn(mover, state, setup, round)
