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
from ganzoo.engine.prepare import prepare, resolve
from ganzoo.engine.ranks import Ranks
from ganzoo.engine.state import TrainingState
from ganzoo.engine.turns import Minibatch, Setup, draw_latents, make_fakes, make_round, unfrozen
from ganzoo.errors import GanzooError, one_line
from ganzoo.interfaces import Dataset, Discriminator, Loss, Round, Terms
from ganzoo.plugins import CORE
from ganzoo.specs import CONFIG_VERSION, ModelConfig, Part, merge, write_record
from ganzoo.testing.building import built
from ganzoo.testing.failures import Blocked
from ganzoo.testing.game_data import opened
from ganzoo.testing.numerics import pack_of, seeded

CPU = torch.device("cpu")
#: Rows of a turn, where packs leave the choice: two processes share them.
BATCH = 16
MOVERS = ("discriminator", "generator")
#: Characters of another error's text that are repeated.
TOLD = 160
#: The loss of players that bring none.
COMMON_LOSS = Part(f"{CORE}/non-saturating")


def silent(name: str, values: Tensor) -> None:
    """Show nothing."""


@dataclass(frozen=True, eq=False)
class Game:
    """Four parts that play together; `recipe` holds what a model says beside them."""

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
        """A resolved config of so many steps; `recipe` is laid over the game's."""
        base = {"ema": {"half_life": 0.0}, "precision": "float32", "batch": self.batch}
        given = merge(merge(base, self.recipe), recipe)
        given |= {"loss": write_record(self.loss), "data": write_record(self.data)}
        raw = {
            "ganzoo_config": CONFIG_VERSION,
            "generator": write_record(self.generator),
            "discriminator": write_record(self.discriminator),
            "recipe": given,
        }
        where = f"the game {self.name}"
        config = resolve(raw, where, fill=True)
        images = config.recipe.images_per_step * steps
        return replace(config, recipe=replace(config.recipe, images=images))

    def prepared(
        self, config: ModelConfig | None = None, ranks: Ranks | None = None
    ) -> tuple[TrainingState, Setup]:
        """State and setup of a training that is about to start, on the CPU."""
        return prepare(config or self.config(), CPU, ranks)

    def setup(self) -> tuple[TrainingState, Setup]:
        """The same; a check of something else is not made where it cannot start."""
        try:
            return self.prepared()
        except Exception as error:  # whatever a part raises
            said = one_line(error)[:TOLD]
            raise self.blocked(f"its game cannot start ({said})") from error

    def setup_of(self, loss: Loss) -> tuple[TrainingState, Setup]:
        """The same with a loss that nobody has called yet: its own checks say what is wrong."""
        state, setup = replace(self, loss=COMMON_LOSS).setup()
        state.loss = loss.requires_grad_(False)
        return state, setup

    def untried(self) -> tuple[TrainingState, Setup]:
        """The same with its own loss, of which no turn was tried."""
        entry = self.world.registry.find("loss", self.loss.name)
        try:
            with seeded(0):
                loss = entry.build(**self.loss.arguments)
        except GanzooError as error:
            raise self.blocked(f"its loss cannot be built: {one_line(error)[:TOLD]}") from error
        return self.setup_of(loss)

    def blocked(self, reason: str) -> Blocked:
        """What a check raises that cannot be made since this game cannot start."""
        return Blocked("check_starts", reason, f"game/{self.name}")

    def data_here(self) -> Dataset | None:
        """Its data set, if it can be opened."""
        return opened(self.world, self.data)

    @cached_property
    def batch(self) -> int:
        """Rows of a turn: two equal shares of whole packs."""
        found = self.world.registry.find("discriminator", self.discriminator.name)
        network = built(found, self.discriminator.arguments)
        pack = pack_of(network) if isinstance(network, Discriminator) else 1
        unit = 2 * pack
        return max(unit, min(-(-BATCH // unit), self.samples // unit) * unit)

    @cached_property
    def samples(self) -> int:
        """How many samples its data has; a batch's worth where it cannot be opened."""
        data = self.data_here()
        return BATCH if data is None else len(data)


@dataclass(frozen=True, eq=False)
class Turn:
    """A turn that is about to be played: who moves, and what the loss will be shown."""

    mover: str
    state: TrainingState
    setup: Setup
    round: Round

    def terms(self) -> Terms:
        """What the loss makes of it."""
        made: Terms = getattr(self.state.loss, self.mover)(self.round)
        return made

    def shown(self, round: Round) -> Turn:
        """The same turn, of which the loss sees another round."""
        return replace(self, round=round)


@contextmanager
def turn_of(state: TrainingState, setup: Setup, mover: str) -> Iterator[Turn]:
    """A turn as the engine sets it up: the discriminator's weights are free in its own only."""
    share = setup.shares[0]
    real, labels = setup.real_batch(state.images, share)
    latents = draw_latents(state, setup, share, mover)
    keep = mover == "generator"
    setup.counters.seed_layers(state.turn, f"{mover}-layers")
    fakes = make_fakes(state, setup, latents, labels, keep_graph=keep)
    round = make_round(state, setup, Minibatch(share, real, labels, latents), fakes, silent, mover)
    if keep:
        yield Turn(mover, state, setup, round)
        return
    with unfrozen(setup.trainable):
        yield Turn(mover, state, setup, round)
