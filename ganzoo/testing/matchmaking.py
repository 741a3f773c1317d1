"""Which games a plugin's parts play: those its author names, those of models, and guesses."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from ganzoo.cards import Catalogue
from ganzoo.errors import GanzooError
from ganzoo.specs import ModelConfig, Part, write_record
from ganzoo.specs.reading import read_record
from ganzoo.testing.cases import Case, Examples, entry_of, parts_of
from ganzoo.testing.game_data import (
    comes_from_elsewhere,
    fitting_part,
    gives_conditions,
    is_here,
    opened,
)
from ganzoo.testing.games import Game
from ganzoo.testing.guessing import COMMON_SHAPE, Seats, Table

#: Keys of a model's recipe that belong to the game; the others say how long and how fast.
KEPT = ("discriminator_steps", "generator_steps", "reuse_fakes", "augmentation")
#: What `ganzoo_examples` calls the parts of a game, by kind.
ROLES = {"generator": "generator", "discriminator": "discriminator", "loss": "loss"} | {
    "dataset": "data"
}


def games_of(
    world: Catalogue,
    cases: Mapping[str, list[Case]],
    examples: Examples,
    configs: Iterable[tuple[str, ModelConfig]],
) -> list[Game]:
    """The games of a plugin's parts, each part in one at least if it can be built.

    `cases` are by kind, the first of a part before its others.
    """
    table = Table(world, cases)
    found = [*_of_author(table, examples), *_of_models(table, configs)]
    for kind in ("loss", "generator", "discriminator", "dataset"):
        for case in table.firsts(kind):
            if not any(plays(game, case) for game in found):
                found += table.guess(case)
    return list(_distinct(found))


def _distinct(games: list[Game]) -> Iterator[Game]:
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
    """Whether a part is in a game, whatever it is built with there."""
    return game.parts[case.entry.kind].name == case.entry.qualified


def _of_author(table: Table, examples: Examples) -> Iterator[Game]:
    """The games of `ganzoo_examples`; whom a game does not name is found for it."""
    for name, given in examples.games.items():
        seats: Seats = {
            kind: _named(table, kind, given[role])
            for kind, role in ROLES.items()
            if given.get(role) is not None
        }
        if "dataset" in seats:
            seats["dataset"] = _data_here(table, seats)
        yield table.filled(name, seats, given.get("recipe", {}))


def _named(table: Table, kind: str, value: Any) -> Part:
    """A part by its name (built as in its first case), or with its arguments."""
    if not isinstance(value, str):
        return read_record(Part, value, f"ganzoo_examples: {ROLES[kind]}")
    entry = table.world.registry.find(kind, value)
    own = [case for case in table.firsts(kind) if case.entry.qualified == entry.qualified]
    return own[0].part if own else Part(entry.qualified)


def _of_models(table: Table, configs: Iterable[tuple[str, ModelConfig]]) -> Iterator[Game]:
    """The games of models whose parts are all here; one that two models play, once."""
    seen: list[Seats] = []
    for name, config in configs:
        seats = _seats(table.world, config)
        if seats is None:
            continue
        seats["dataset"] = _data_here(table, seats)
        if seats not in seen:
            seen.append(seats)
            kept = {key: write_record(getattr(config.recipe, key)) for key in KEPT}
            yield table.filled(name, seats, kept)


def _seats(world: Catalogue, config: ModelConfig) -> Seats | None:
    """A model's parts under their qualified names; None where one is not installed."""
    seats: Seats = {}
    for kind, part in parts_of(config).items():
        entry = entry_of(world, kind, part)
        if entry is None:
            return None
        seats[kind] = Part(entry.qualified, part.arguments)
    return seats


def _data_here(table: Table, seats: Seats) -> Part:
    """The data, or what fits in its place where its files may not be on this machine.

    Where they are, and its labels are conditions of another kind, nothing else will do.
    """
    part = seats["dataset"]
    try:
        entry = table.world.registry.find("dataset", part.name)
        if not comes_from_elsewhere(entry):
            return part  # if it cannot be opened, its own check says what is wrong
        if is_here(entry) and gives_conditions(opened(table.world, part, elsewhere=True)):
            return part
    except GanzooError:
        return part
    generator = seats.get("generator")
    found = table.data_for(generator) if generator else None
    return found or fitting_part(table.world, table.own_data, COMMON_SHAPE, None)
