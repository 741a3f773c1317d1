"""Who plays with whom where nobody said it: a plugin's own parts that fit, then stand-ins."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias, TypeGuard

import torch

from ganzoo.cards import Catalogue
from ganzoo.errors import GanzooError
from ganzoo.interfaces import Dataset, Discriminator, Generator, Loss
from ganzoo.specs import Part
from ganzoo.testing.attributes import fault_of
from ganzoo.testing.building import built
from ganzoo.testing.cases import Case
from ganzoo.testing.game_data import conditions_for, fitting_part, opened
from ganzoo.testing.games import COMMON_LOSS, Game
from ganzoo.testing.numerics import pack_of, seeded
from ganzoo.testing.plugin_sources import STANDINS

#: Parts of a game by kind; a kind that is absent has nobody yet.
Seats: TypeAlias = dict[str, Part]
Network: TypeAlias = Generator | Discriminator

#: The shape of samples where nothing says it: points.
COMMON_SHAPE = (2,)
#: What weighs most against two players of a loss: they do not publish what it reads.
UNREAD = 100


class Table:
    """The parts of one plugin in the cases they are built in, by kind, and games of them."""

    def __init__(self, world: Catalogue, cases: Mapping[str, list[Case]]) -> None:
        self.world, self.cases = world, cases
        self.own_data = tuple(case.part for case in cases["dataset"])

    def firsts(self, kind: str) -> list[Case]:
        """The first case of each part of a kind."""
        found: dict[str, Case] = {}
        for case in self.cases[kind]:
            found.setdefault(case.entry.qualified, case)
        return list(found.values())

    def guess(self, case: Case) -> Iterator[Game]:
        """A game for a part, if the part can be built."""
        of_data = case.entry.kind == "dataset"  # which may not be here: it is not just built
        made = opened(self.world, case.part) if of_data else built(case.entry, case.arguments)
        seats: Seats = {case.entry.kind: case.part}
        if _is_network(made):
            seats |= self._rival(case, made)
        elif isinstance(made, Loss):
            seats |= self._players(case, made)
        elif isinstance(made, Dataset):
            seats |= self._generator_of(made)
        else:
            return
        yield self.filled(case.name, seats, {})

    def filled(self, name: str, seats: Seats, recipe: Mapping[str, Any]) -> Game:
        """A game in which stand-ins take the seats that are free."""
        known = self.network(seats, "generator") or self.network(seats, "discriminator")
        data = seats.get("dataset") or self._data(known)
        about = opened(self.world, data)
        shape = known.sample_shape if known else about.sample_shape if about else COMMON_SHAPE
        plain: dict[str, Any] = {
            "sample_shape": list(shape),
            "num_classes": known.num_classes if known else None,
        }
        if known is not None and known.condition_shape is not None:
            plain["condition_shape"] = list(known.condition_shape)
        span = about.value_range if about else None
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

    def data_for(self, generator: Part) -> Part | None:
        """Data that fits a generator; None where it cannot be built."""
        known = self.network({"generator": generator}, "generator")
        return None if known is None else self._data(known)

    def network(self, seats: Seats, kind: str) -> Network | None:
        """The network in a seat, if somebody sits there and can be built."""
        if kind not in seats:
            return None
        try:
            entry = self.world.registry.find(kind, seats[kind].name)
        except GanzooError:
            return None
        made = built(entry, seats[kind].arguments)
        return made if _is_network(made) else None

    def _data(self, known: Network | None) -> Part:
        """Data for a network; for nobody in particular the plugin's own, or points."""
        if known is not None:
            return fitting_part(
                self.world,
                self.own_data,
                tuple(known.sample_shape),
                known.num_classes,
                known.condition_shape,
            )
        for part in self.own_data:
            if opened(self.world, part) is not None:
                return part
        return fitting_part(self.world, (), COMMON_SHAPE, None)

    def _networks(self, kind: str) -> list[tuple[Case, Network]]:
        """The plugin's networks of a kind that can be built."""
        pairs = [(case, built(case.entry, case.arguments)) for case in self.firsts(kind)]
        return [(c, made) for c, made in pairs if _is_network(made)]

    def _rival(self, case: Case, made: Network) -> Seats:
        """The other player of a network: its namesake, or the only one that fits."""
        other = "discriminator" if isinstance(made, Generator) else "generator"
        fits = [found for found, network in self._networks(other) if _fit(network, made)]
        namesakes = [found for found in fits if found.entry.name == case.entry.name]
        chosen = namesakes or fits
        return {other: chosen[0].part} if len(chosen) == 1 else {}

    def _players(self, case: Case, loss: Loss) -> Seats:
        """Two players of a loss that fit each other: those that it suits best.

        Where no such two publish what it reads, one that does, for a stand-in to play with.
        """
        pairs = [
            ((unlike, g.entry.name, d.entry.name), g, d)
            for g, generator in self._networks("generator")
            for d, judge in self._networks("discriminator")
            if _fit(generator, judge)
            for unlike in [_unsuited(loss, case, (g, generator), (d, judge))]
        ]
        if all(unlike >= UNREAD for (unlike, *_), *_ in pairs) and (alone := self._publisher(loss)):
            return alone
        if not pairs:
            return {}
        _, first, second = min(pairs, key=lambda pair: pair[0])
        return {"generator": first.part, "discriminator": second.part}

    def _publisher(self, loss: Loss) -> Seats:
        """The plugin's first network that alone publishes what a loss reads, if it reads any."""
        for kind in ("generator", "discriminator") if loss.needs else ():
            for case, network in self._networks(kind):
                if loss.needs <= _published(network):
                    return {kind: case.part}
        return {}

    def _generator_of(self, data: Dataset) -> Seats:
        """The plugin's generator of such samples."""
        shape = tuple(data.sample_shape)
        for case, network in self._networks("generator"):
            if tuple(network.sample_shape) == shape:
                return {"generator": case.part, **self._rival(case, network)}
        return {}


def _is_network(made: object) -> TypeGuard[Network]:
    """Whether it is a player that says what it plays with; `check_attributes` tells of others."""
    return isinstance(made, Generator | Discriminator) and not fault_of(made)


def _fit(one: Network, other: Network) -> bool:
    """Whether two networks speak of the same samples."""
    same = tuple(one.sample_shape) == tuple(other.sample_shape)
    told = one.num_classes == other.num_classes and one.condition_shape == other.condition_shape
    return same and told


def _unsuited(
    loss: Loss, case: Case, one: tuple[Case, Network], other: tuple[Case, Network]
) -> int:
    """How ill a pair suits a loss: first what it reads, then its penalties, then names."""
    (g, generator), (d, judge) = one, other
    unread = not loss.needs <= _published(generator) | _published(judge)
    mixed = loss.double_backward and not (isinstance(judge, Discriminator) and judge.independent)
    names = (g.entry.name != case.entry.name) + (d.entry.name != case.entry.name)
    return UNREAD * unread + 10 * mixed + 2 * names + (g.entry.name != d.entry.name)


def _published(network: Network) -> set[str]:
    """What a pass of a network publishes; nothing where it cannot be made."""
    rows = 2 if isinstance(network, Generator) else 2 * pack_of(network)
    labels = conditions_for(network, None, rows)
    if network.num_classes is not None:
        labels = torch.zeros(rows, dtype=torch.long)
    try:
        with torch.no_grad(), seeded(0):
            if isinstance(network, Generator):
                rng = torch.Generator().manual_seed(0)
                return {*network.eval().outputs(network.sample_latents(rows, rng=rng), labels)}
            return {*network.eval().outputs(torch.zeros(rows, *network.sample_shape), labels)}
    except Exception:
        return set()  # its own checks say what is wrong
