"""What there is to check: every check of every part, game and model of a plugin, or of a model."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from ganzoo.arguments import told
from ganzoo.cards import Card, Catalogue, catalogue, using
from ganzoo.errors import CheckError, UnknownNameError, UsageError, did_you_mean
from ganzoo.plugins import CORE, PART_HOOKS, Plugin, PluginManager, PluginSource, canonical
from ganzoo.plugins.registry import Offer
from ganzoo.specs import ModelConfig
from ganzoo.testing.cases import Case, cases_of, parts_of, read_examples
from ganzoo.testing.checks import CHECKS, SLOW
from ganzoo.testing.failures import Skipped
from ganzoo.testing.games import Game
from ganzoo.testing.matchmaking import games_of, plays
from ganzoo.testing.network_subjects import DiscriminatorSubject, GeneratorSubject, LossSubject
from ganzoo.testing.numerics import seeded
from ganzoo.testing.plugin_sources import mirrored, module_of, source_of
from ganzoo.testing.subjects import (
    AugmentationSubject,
    DatasetSubject,
    ExtractorSubject,
    FigureSubject,
    GameSubject,
    ModelSubject,
    PluginSubject,
    ScheduleSubject,
    Subject,
    TrackerSubject,
    WriterSubject,
)
from ganzoo.testing.waivers import Waivers, waiver_key


@dataclass(frozen=True, eq=False)
class Planned:
    """A check of a subject. Call it: it returns what it has to tell, or raises.

    `CheckError` says what is wrong, `Skipped` why it cannot be made here. Where it is waived, it
    must fail.
    """

    subject: Subject
    function: Callable[[Any], str | None]
    waiver: str | None = None

    @property
    def name(self) -> str:
        """The function's, such as `check_range`."""
        return self.function.__name__

    @property
    def id(self) -> str:
        """Readable in a test's name: `generator/dcgan-range`."""
        return f"{self.subject.id}-{self.name.removeprefix('check_')}"

    @property
    def slow(self) -> bool:
        """Whether it trains, or starts processes."""
        return self.function in SLOW

    def __call__(self, subject: Subject | None = None) -> str | None:
        """Make the check."""
        __tracebackhide__ = True
        subject = subject or self.subject
        with using(subject.world), seeded(0):
            try:
                said = self.function(subject)
            except CheckError as error:
                if self.waiver is None:
                    raise CheckError(f"{subject.id}: {error}") from error
                return None
            except Skipped:
                raise
            except Exception:
                if self.waiver is None:
                    raise
                return None
        if self.waiver is not None:
            raise CheckError(
                f"{subject.id}: {self.name} passes, and is waived because {self.waiver!r}; take "
                f"{waiver_key(self.name, subject.id)!r} out of ganzoo_waivers (a waiver that names "
                "a part holds for each case it is built in)"
            )
        return said


def checks_of(
    what: str | Path | ModuleType | PluginSource | Card,
    *,
    examples: Mapping[str, Any] | None = None,
    waivers: Mapping[str, str] | None = None,
    fast: bool = False,
) -> list[Planned]:
    """All checks of a plugin (its distribution, its module, a `PluginSource`) or of a model.

    `examples` and `waivers` are laid over what the plugin's module says; `fast` leaves out what
    trains or starts processes.
    """
    if isinstance(what, ModuleType | PluginSource):
        source = source_of(what)
        with using(Catalogue(PluginManager([source], strict=False))):
            return checks_of(source.distribution, examples=examples, waivers=waivers, fast=fast)
    if not isinstance(what, str | Path | Card):
        raise UsageError(
            "what is checked is a plugin (its distribution, its module, a PluginSource) or a model "
            f"(a name, a folder, a Card), found {told(what)}"
        )
    zoo = catalogue()
    plugin = None if isinstance(what, Path | Card) else find_plugin(zoo, what)
    if plugin is None:
        card = what if isinstance(what, Card) else model_named(zoo, what)
        return _planned([ModelSubject(card.name, zoo, card)], waivers or {}, fast=fast)
    module = module_of(zoo, plugin)
    said = {name: _said(module, f"ganzoo_{name}") for name in ("examples", "waivers")}
    subjects = subjects_of(zoo, plugin, {**said["examples"], **(examples or {})})
    return _planned(subjects, {**said["waivers"], **(waivers or {})}, fast=fast)


def _said(module: ModuleType | None, name: str) -> Mapping[str, Any]:
    """What a plugin's module says under a name, if it is a mapping."""
    found = getattr(module, name, {})
    if not isinstance(found, Mapping):
        raise UsageError(f"{name} is a {type(found).__name__}: it is a dict, by kind/name")
    return found


def find_plugin(zoo: Catalogue, what: str) -> Plugin | None:
    """A plugin by its distribution, or by that without the `ganzoo-` before it."""
    name = canonical(what)
    names = {CORE: CORE, "ganzoo-core": CORE}
    for known in zoo.manager.plugins:
        names.setdefault(known, known)
    if name not in names and f"ganzoo-{name}" in names and what not in zoo.names():
        name = f"ganzoo-{name}"
    found = zoo.manager.plugins.get(names.get(name, ""))
    return found if found is not None and (found.loaded or what not in zoo.names()) else None


def subjects_of(zoo: Catalogue, plugin: Plugin, examples: Mapping[str, Any]) -> list[Subject]:
    """The plugin itself, its parts, the games they play, and its models."""
    world = mirrored(zoo)
    with using(world):
        entries = [
            entry
            for kind in PART_HOOKS
            for entry in zoo.registry.offers(kind)
            if entry.distribution == plugin.distribution
        ]
        wishes = read_examples(examples, entries)
        theirs = [c for c in zoo.cards if c.distribution in (plugin.distribution, CORE)]
        used = [(c.name, c.config) for c in theirs if c.config and _uses(c.config, entries)]
        configs = [config for _, config in used]
        cases: dict[str, list[Case]] = {kind: [] for kind in ("dataset", *PART_HOOKS)}
        for entry in entries:
            cases[entry.kind] += cases_of(entry, wishes, configs)
        games = games_of(world, cases, wishes, used)
    module = module_of(zoo, plugin)
    models = [card for card in zoo.cards if card.distribution == plugin.distribution]
    return [
        PluginSubject(plugin.distribution, world, plugin, module),
        *_parts(world, cases, games),
        *(GameSubject(game.name, world, game, tuple(games)) for game in games),
        *(ModelSubject(card.name, world, card) for card in models),
    ]


def _parts(
    world: Catalogue, cases: Mapping[str, list[Case]], games: list[Game]
) -> Iterator[Subject]:
    """A subject for each case of each part."""
    own = tuple(case.part for case in cases["dataset"])
    for case in (case for found in cases.values() for case in found):
        given = (case.name, world, case.entry, case.arguments)
        game = _game_for(case, games) if case.entry.kind in ROLES else None
        match case.entry.kind:
            case "generator":
                yield GeneratorSubject(*given, game, own)
            case "discriminator":
                yield DiscriminatorSubject(*given, game, own)
            case "loss":
                yield LossSubject(*given, game)
            case "metric":
                yield FigureSubject(*given, own)
            case kind:
                yield OTHERS[kind](*given)


#: Kinds of parts that play games, and the subjects of those that do not.
ROLES = ("generator", "discriminator", "loss", "dataset")
OTHERS = {
    "augmentation": AugmentationSubject,
    "dataset": DatasetSubject,
    "extractor": ExtractorSubject,
    "schedule": ScheduleSubject,
    "tracker": TrackerSubject,
    "writer": WriterSubject,
}


def _game_for(case: Case, games: list[Game]) -> Game | None:
    """A game of a part: one in which it has these arguments, if there is one."""
    found = [game for game in games if plays(game, case)]
    found.sort(key=lambda game: game.parts[case.entry.kind].arguments != case.arguments)
    return found[0] if found else None


def _uses(config: ModelConfig, entries: list[Offer]) -> bool:
    """Whether a model is made of one of these parts."""
    names = {(entry.kind, entry.qualified) for entry in entries if entry.distribution != CORE}
    return any((kind, part.name) in names for kind, part in parts_of(config).items())


def model_named(zoo: Catalogue, what: str | Path) -> Card:
    """A model's card; where a name is nobody's, the plugins of nearly that name are said too."""
    try:
        return zoo.locate(what)
    except UnknownNameError as error:
        near = did_you_mean(str(what), zoo.manager.plugins, otherwise="")
        raise UnknownNameError(f"{error}{near and f' (a plugin: {near})'}") from None


def planned_model(zoo: Catalogue, card: Card) -> list[Planned]:
    """The checks of a model."""
    return _planned([ModelSubject(card.name, zoo, card)], {}, fast=False)


def _planned(
    subjects: Sequence[Subject], waivers: Mapping[str, str], *, fast: bool
) -> list[Planned]:
    """Every check of every subject, with its waiver."""
    known = Waivers(waivers)
    every = [(subject, check) for subject in subjects for check in CHECKS[subject.kind]]
    known.hold_against((check.__name__, subject.id) for subject, check in every)
    return [
        Planned(subject, check, known.reason(check.__name__, subject.id))
        for subject, check in every
        if not (fast and check in SLOW)
    ]
