"""Which games a plugin's parts play: its author's, its models', and guesses for the rest."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, TypeAlias

from ganzoo.cards import Catalogue
from ganzoo.errors import GanzooError
from ganzoo.interfaces import Dataset, Generator, Loss
from ganzoo.plugins.registry import Offer
from ganzoo.specs import ModelConfig, Part, write_record
from ganzoo.specs.reading import read_record
from ganzoo.testing.building import Network, built, fit, is_network, published_by, size_of
from ganzoo.testing.cases import Case, Examples, offer_of, parts_of
from ganzoo.testing.game_data import PATTERNS, fitting_part, is_here, lies_outside, opened
from ganzoo.testing.games import COMMON_LOSS, LOSS_ARGUMENTS, Game
from ganzoo.testing.plugin_sources import STANDINS

#: The parts of a game that are known so far, by kind.
Seats: TypeAlias = dict[str, Part]

#: Keys of a model's recipe that shape its game; the others say how long and how fast it trains.
KEPT = ("discriminator_steps", "generator_steps", "reuse_fakes", "augmentation")
#: The numbers whose schedules shape a game too.
KEPT_SCHEDULES = (LOSS_ARGUMENTS, "augmentation.")
#: The names of a game's parts in `ganzoo_examples`, by kind.
ROLES = {"generator": "generator", "discriminator": "discriminator", "loss": "loss"} | {
    "dataset": "data"
}
#: The shape of samples where nothing determines it: points.
COMMON_SHAPE = (2,)
#: Parameters of both players from which a model's game is left out: checks play it many times.
TOO_LARGE = 10_000_000
#: The greatest penalty on a pair of players: they do not publish what the loss reads.
UNREAD = 100


def games_of(
    world: Catalogue,
    cases: Mapping[str, list[Case]],
    examples: Examples,
    configs: Iterable[tuple[str, ModelConfig]],
) -> list[Game]:
    """The games of a plugin's parts, each part in at least one if it can be built.

    `cases` are by kind, the first of a part before its others.
    """
    maker = Matchmaker(world, cases)
    games = [*maker.of_author(examples)]
    games += [game for game in maker.of_models(configs) if not _is_replaced(game, games)]
    for kind in ("loss", "generator", "discriminator", "dataset"):
        for case in maker.firsts(kind):
            if not any(plays(game, case) for game in games):
                games += maker.guess(case)
    return list(_named_apart(games))


def _is_replaced(game: Game, authors: list[Game]) -> bool:
    """Whether a model's data are not here, and a game of the author's has the same other parts.

    Then the author's data say more about the parts than patterns do.
    """
    parts = {kind: part.name for kind, part in game.parts.items() if kind != "dataset"}
    same = (all(one.parts[kind].name == parts[kind] for kind in parts) for one in authors)
    return game.data.name == PATTERNS and any(same)


def _named_apart(games: list[Game]) -> Iterator[Game]:
    """Each game under a name of its own: the second `mine` is `mine-2`."""
    taken: set[str] = set()
    for game in games:
        number, name = 1, game.name
        while name in taken:
            number += 1
            name = f"{game.name}-{number}"
        taken.add(name)
        yield replace(game, name=name)


def plays(game: Game, case: Case) -> bool:
    """Whether a part is in a game, with whatever arguments."""
    return game.parts[case.offer.kind].name == case.offer.qualified


class Matchmaker:
    """Makes games of one plugin's parts; `cases` are what they are built with, by kind."""

    def __init__(self, world: Catalogue, cases: Mapping[str, list[Case]]) -> None:
        self.world, self.cases = world, cases
        self.own_data = tuple(case.part for case in cases["dataset"])
        self._published: dict[int, set[str]] = {}
        self._players: dict[str, list[tuple[Case, Network]]] = {}

    def firsts(self, kind: str) -> list[Case]:
        """The first case of each part of a kind."""
        cases: dict[str, Case] = {}
        for case in self.cases[kind]:
            cases.setdefault(case.offer.qualified, case)
        return list(cases.values())

    # --- Games that somebody names ---

    def of_author(self, examples: Examples) -> Iterator[Game]:
        """The games of `ganzoo_examples`; parts that a game does not name are filled in."""
        for name, given in examples.games.items():
            seats: Seats = {
                kind: self._named(kind, given[role])
                for kind, role in ROLES.items()
                if given.get(role) is not None
            }
            if "dataset" in seats:
                seats["dataset"] = self._data_here(seats)
            yield self._filled(name, seats, given.get("recipe", {}))

    def _named(self, kind: str, value: Any) -> Part:
        """A part by its name (built as in its first case), or with its arguments."""
        if not isinstance(value, str):
            return read_record(Part, value, f"ganzoo_examples: {ROLES[kind]}")
        offer = self.world.registry.find(kind, value)
        own = [case for case in self.firsts(kind) if case.offer.qualified == offer.qualified]
        return own[0].part if own else Part(offer.qualified)

    def of_models(self, configs: Iterable[tuple[str, ModelConfig]]) -> Iterator[Game]:
        """The games of models whose parts are all installed; equal ones once, huge ones never."""
        seen: list[Seats] = []
        for name, config in configs:
            seats: Seats = {}
            for kind, part in parts_of(config).items():
                if offer := offer_of(self.world, kind, part):
                    seats[kind] = Part(offer.qualified, part.arguments)
            if len(seats) < len(ROLES) or self._is_large(seats):
                continue
            seats["dataset"] = self._data_here(seats)
            if seats not in seen:
                seen.append(seats)
                yield self._filled(name, seats, self._kept(config, seats["dataset"]))

    def _is_large(self, seats: Seats) -> bool:
        """Whether the players are too large to be played again and again."""
        players = {kind: seats[kind] for kind in ("generator", "discriminator")}
        sizes = [
            size_of(self.world.registry.find(kind, part.name), part.arguments)
            for kind, part in players.items()
        ]
        return sum(sizes) >= TOO_LARGE

    def _kept(self, config: ModelConfig, data: Part) -> dict[str, Any]:
        """What a model's recipe says about its game."""
        recipe: dict[str, Any] = {k: write_record(getattr(config.recipe, k)) for k in KEPT}
        recipe["schedules"] = {
            path: write_record(part)
            for path, part in config.recipe.schedules.items()
            if path.startswith(KEPT_SCHEDULES)
        }
        if config.recipe.data.balance:  # opening data may take seconds
            there = opened(self.world, data, outside=True)
            if there is not None and there.num_classes is not None:
                recipe["data"] = {"balance": True}
        return recipe

    def _data_here(self, seats: Seats) -> Part:
        """The data, or a substitute if its files may not be on this machine.

        If they are, and its labels are conditions, nothing else will do.
        """
        part = seats["dataset"]
        try:
            offer = self.world.registry.find("dataset", part.name)
            if not lies_outside(offer):
                return part  # if it cannot be opened, its own check says what is wrong
            data = opened(self.world, part, outside=True) if is_here(offer) else None
            if data is not None and data.condition_shape is not None:
                return part
        except GanzooError:
            return part
        network = self._network(seats, "generator")
        if network is not None:
            return self._data_for(network)
        return fitting_part(self.world, self.own_data, COMMON_SHAPE, None)

    # --- Games that nobody names ---

    def guess(self, case: Case) -> Iterator[Game]:
        """A game for a part, if the part can be built."""
        is_data = case.offer.kind == "dataset"  # whose files may be missing
        part = opened(self.world, case.part) if is_data else built(case.offer, case.arguments)
        seats: Seats = {case.offer.kind: case.part}
        if is_network(part):
            seats |= self._rival(case.offer, part)
        elif isinstance(part, Loss):
            seats |= self._players_of(case, part)
        elif isinstance(part, Dataset):
            seats |= self._generator_of(part)
        else:
            return
        yield self._filled(case.name, seats, {})

    def _filled(self, name: str, seats: Seats, recipe: Mapping[str, Any]) -> Game:
        """A game in which stand-ins take the free seats."""
        network = self._network(seats, "generator") or self._network(seats, "discriminator")
        data = seats.get("dataset") or self._data_for(network)
        known = network is not None and "generator" in seats
        samples = None if known else opened(self.world, data)
        shape = network.sample_shape if network else samples.sample_shape if samples else (2,)
        plain: dict[str, Any] = {
            "sample_shape": list(shape),
            "num_classes": network.num_classes if network else None,
        }
        if network is not None and network.condition_shape is not None:
            plain["condition_shape"] = list(network.condition_shape)
        span = samples.value_range if samples else None
        return Game(
            name,
            generator=seats.get("generator")
            or Part(f"{STANDINS}/plain", {**plain, "value_range": span and list(span)}),
            discriminator=seats.get("discriminator") or Part(f"{STANDINS}/plain", plain),
            loss=seats.get("loss") or COMMON_LOSS,
            data=data,
            world=self.world,
            recipe=recipe,
        )

    def _network(self, seats: Seats, kind: str) -> Network | None:
        """The network in a seat, if it is taken and the network can be built."""
        offer = offer_of(self.world, kind, seats[kind]) if kind in seats else None
        network = None if offer is None else built(offer, seats[kind].arguments)
        return network if is_network(network) else None

    def _data_for(self, network: Network | None) -> Part:
        """Data for a network; without one the plugin's own, or points."""
        if network is not None:
            return fitting_part(
                self.world,
                self.own_data,
                tuple(network.sample_shape),
                network.num_classes,
                network.condition_shape,
            )
        for part in self.own_data:
            if opened(self.world, part) is not None:
                return part
        return fitting_part(self.world, (), COMMON_SHAPE, None)

    def _networks(self, kind: str) -> list[tuple[Case, Network]]:
        """The plugin's networks of a kind that can be built."""
        if kind not in self._players:
            pairs = [(case, built(case.offer, case.arguments)) for case in self.firsts(kind)]
            self._players[kind] = [(case, made) for case, made in pairs if is_network(made)]
        return self._players[kind]

    def _rival(self, offer: Offer, network: Network) -> Seats:
        """The other player of a network: the one of its name, or the only one that fits."""
        other = "discriminator" if isinstance(network, Generator) else "generator"
        fits = [case for case, rival in self._networks(other) if fit(rival, network)]
        chosen = [case for case in fits if case.offer.name == offer.name] or fits
        return {other: chosen[0].part} if len(chosen) == 1 else {}

    def _players_of(self, case: Case, loss: Loss) -> Seats:
        """The two players that suit a loss best.

        If no two that fit publish what it reads: one that does, with a stand-in to play against.
        """
        pairs = [
            (self._unsuited(loss, case.offer.name, g, d), g, d)
            for g in self._networks("generator")
            for d in self._networks("discriminator")
            if fit(g[1], d[1])
        ]
        if all(unsuited >= UNREAD for unsuited, *_ in pairs):
            for kind in ("generator", "discriminator") if loss.needs else ():
                for player, network in self._networks(kind):
                    if loss.needs <= self._outputs(network):
                        return {kind: player.part}
        if not pairs:
            return {}
        _, (g, _), (d, _) = min(pairs, key=lambda p: (p[0], p[1][0].offer.name, p[2][0].offer.name))
        return {"generator": g.part, "discriminator": d.part}

    def _unsuited(
        self, loss: Loss, name: str, one: tuple[Case, Network], other: tuple[Case, Network]
    ) -> int:
        """How badly a pair suits a loss: first by what it reads, then by penalties, then names."""
        (g, generator), (d, judge) = one, other
        unread = not loss.needs <= self._outputs(generator) | self._outputs(judge)
        mixed = loss.double_backward and not getattr(judge, "independent", False)
        names = (g.offer.name != name) + (d.offer.name != name)
        return UNREAD * unread + 10 * mixed + 2 * names + (g.offer.name != d.offer.name)

    def _outputs(self, network: Network) -> set[str]:
        """What a network publishes."""
        if id(network) not in self._published:  # they live as long as this does
            self._published[id(network)] = published_by(network)
        return self._published[id(network)]

    def _generator_of(self, data: Dataset) -> Seats:
        """The plugin's generator of such samples, and its rival."""
        for case, network in self._networks("generator"):
            if tuple(network.sample_shape) == tuple(data.sample_shape):
                return {"generator": case.part, **self._rival(case.offer, network)}
        return {}
