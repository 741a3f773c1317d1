"""Which checks a plugin or a model gets: every check of each part, game and model."""

from __future__ import annotations

import shlex
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from ganzoo.arguments import described
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
from ganzoo.testing.plugin_sources import module_of, source_of, with_standins
from ganzoo.testing.subjects import (
    DatasetSubject,
    FigureSubject,
    GameSubject,
    ModelSubject,
    PartSubject,
    PluginSubject,
    Subject,
    WriterSubject,
)
from ganzoo.testing.waivers import Waivers, waiver_key


@dataclass(frozen=True, eq=False)
class Planned:
    """A check of a subject. Call it: it returns what it has to report, or raises.

    `CheckError` says what is wrong, `Skipped` why the check cannot run here. A waived check must
    fail.
    """

    subject: Subject
    function: Callable[[Any], str | None]
    waiver: str | None = None

    @property
    def name(self) -> str:
        """The function's name, such as `check_range`."""
        return self.function.__name__

    @property
    def id(self) -> str:
        """Readable in a test's name: `generator/dcgan-range`."""
        return f"{self.subject.id}-{self.name.removeprefix('check_')}"

    @property
    def slow(self) -> bool:
        """Whether it trains, exports, or plays as two processes."""
        return self.function in SLOW

    def __call__(self, subject: Subject | None = None) -> str | None:
        """Run the check."""
        __tracebackhide__ = True
        subject = subject or self.subject
        with using(subject.world), seeded(0):
            try:
                report = self.function(subject)
            except Skipped:
                raise
            except Exception as error:
                if self.waiver is not None:
                    return None
                if isinstance(error, CheckError):
                    raise CheckError(f"{subject.id}: {error}") from error
                raise
        if self.waiver is not None:
            raise CheckError(
                f"{subject.id}: {self.name} passes, and is waived because {self.waiver!r}; remove "
                f"{waiver_key(self.name, subject.id)!r} from ganzoo_waivers (a waiver that names a "
                "part covers each case it is built in)"
            )
        return report


def checks_of(
    what: str | Path | ModuleType | PluginSource | Card,
    *,
    examples: Mapping[str, Any] | None = None,
    waivers: Mapping[str, str] | None = None,
    fast: bool = False,
) -> list[Planned]:
    """All checks of a plugin (its distribution, its module, a `PluginSource`) or of a model.

    `examples` and `waivers` are added to those of the plugin's module; `fast` leaves out checks
    that train, export or play as two processes.
    """
    if isinstance(what, ModuleType | PluginSource):
        source = source_of(what)
        with using(Catalogue(PluginManager([source], strict=False))):
            return checks_of(source.distribution, examples=examples, waivers=waivers, fast=fast)
    if not isinstance(what, str | Path | Card):
        raise UsageError(
            "what is checked is a plugin (its distribution, its module, a PluginSource) or a model "
            f"(a name, a folder, a Card), found {described(what)}"
        )
    zoo = catalogue()
    plugin = None if isinstance(what, Path | Card) else find_plugin(zoo, what)
    if plugin is None:
        card = what if isinstance(what, Card) else model_named(zoo, what)
        return checks_of_model(zoo, card, waivers or {})
    module = module_of(zoo, plugin)
    subjects = subjects_of(zoo, plugin, {**_setting(module, "examples"), **(examples or {})})
    return _planned(subjects, {**_setting(module, "waivers"), **(waivers or {})}, fast=fast)


def _setting(module: ModuleType | None, name: str) -> Mapping[str, Any]:
    """`ganzoo_examples` or `ganzoo_waivers` of a plugin's module."""
    value = getattr(module, f"ganzoo_{name}", {})
    if not isinstance(value, Mapping):
        raise UsageError(f"ganzoo_{name} is a {type(value).__name__}; make it a dict")
    return value


def find_plugin(zoo: Catalogue, what: str) -> Plugin | None:
    """A plugin by its distribution, with or without a leading `ganzoo-`; a model's name wins."""
    name = canonical(what)
    names = {CORE: CORE, "ganzoo-core": CORE}
    for known in zoo.manager.plugins:
        names.setdefault(known, known)
    is_model = what in zoo.names()
    if name not in names and f"ganzoo-{name}" in names and not is_model:
        name = f"ganzoo-{name}"
    plugin = zoo.manager.plugins.get(names.get(name, ""))
    return plugin if plugin is not None and (plugin.loaded or not is_model) else None


def model_named(zoo: Catalogue, what: str | Path) -> Card:
    """A model's card; an error about an unknown name suggests plugins too."""
    folder = zoo.as_path(what)
    if folder is not None and (folder / "pyproject.toml").is_file():
        raise UsageError(_about_package(zoo, folder))
    try:
        return zoo.locate(what)
    except UnknownNameError as error:
        near = did_you_mean(str(what), zoo.manager.plugins, otherwise="")
        raise UnknownNameError(f"{error}{near and f' (a plugin: {near})'}") from None


def _about_package(zoo: Catalogue, folder: Path) -> str:
    """How the plugin whose sources lie in a folder is checked: by its name, once installed."""
    try:
        project = tomllib.loads((folder / "pyproject.toml").read_text("utf-8"))["project"]
        name = canonical(str(project["name"]))
    except (OSError, ValueError, KeyError, TypeError):
        return f"{folder} is a package, not a model folder; check a plugin by its name"
    check = f"ganzoo check {name}"
    if name in zoo.manager.plugins:
        return f"{folder} holds the sources of {name}, which is installed: {check}"
    install = shlex.join(["pip", "install", "-e", str(folder)])
    return f"{folder} holds the sources of {name}, which is not installed: {install}, then {check}"


def checks_of_model(
    zoo: Catalogue, card: Card, waivers: Mapping[str, str] | None = None
) -> list[Planned]:
    """The checks of a model."""
    return _planned([ModelSubject("model", card.name, zoo, card)], waivers or {}, fast=False)


def subjects_of(zoo: Catalogue, plugin: Plugin, examples: Mapping[str, Any]) -> list[Subject]:
    """The plugin itself, its parts, the games they play, and its models."""
    world = with_standins(zoo)
    with using(world):
        offers = [
            offer
            for kind in PART_HOOKS
            for offer in zoo.registry.offers(kind)
            if offer.distribution == plugin.distribution
        ]
        given = read_examples(examples, offers)
        near = [c for c in zoo.cards if c.distribution in (plugin.distribution, CORE)]
        users = [(c.name, c.config) for c in near if c.config and _uses(c.config, offers)]
        configs = [config for _, config in users]
        cases: dict[str, list[Case]] = {kind: [] for kind in ("dataset", *PART_HOOKS)}
        for offer in offers:
            cases[offer.kind] += cases_of(offer, given, configs)
        games = games_of(world, cases, given, users)
    models = [card for card in zoo.cards if card.distribution == plugin.distribution]
    return [
        PluginSubject("plugin", plugin.distribution, world, plugin, module_of(zoo, plugin)),
        *_parts(world, cases, games),
        *(GameSubject("game", game.name, world, game) for game in games),
        *(ModelSubject("model", card.name, world, card) for card in models),
    ]


def _uses(config: ModelConfig, offers: list[Offer]) -> bool:
    """Whether a model is made of one of these parts."""
    names = {(offer.kind, offer.qualified) for offer in offers if offer.distribution != CORE}
    return any((kind, part.name) in names for kind, part in parts_of(config).items())


def _parts(
    world: Catalogue, cases: Mapping[str, list[Case]], games: list[Game]
) -> Iterator[Subject]:
    """A subject for each case of each part."""
    own = tuple(case.part for case in cases["dataset"])
    for case in (case for found in cases.values() for case in found):
        given = (case.offer.kind, case.name, world, case.offer, case.arguments)
        match case.offer.kind:
            case "generator":
                yield GeneratorSubject(*given, _game_for(case, games), own)
            case "discriminator":
                yield DiscriminatorSubject(*given, _game_for(case, games), own)
            case "loss":
                yield LossSubject(*given, _game_for(case, games))
            case "metric":
                yield FigureSubject(*given, own)
            case "writer":
                yield WriterSubject(*given, own)
            case "dataset":
                yield DatasetSubject(*given)
            case _:
                yield PartSubject(*given)


def _game_for(case: Case, games: list[Game]) -> Game | None:
    """A game of a part, preferably one in which it has these arguments."""
    own = [game for game in games if plays(game, case)]
    same = [game for game in own if game.parts[case.offer.kind].arguments == case.arguments]
    return next(iter([*same, *own]), None)


def _planned(
    subjects: Sequence[Subject], waivers: Mapping[str, str], *, fast: bool
) -> list[Planned]:
    """Every check of every subject, with its waiver."""
    reasons = Waivers(waivers)
    every = [(subject, check) for subject in subjects for check in CHECKS[subject.kind]]
    reasons.refuse_unknown((check.__name__, subject.id) for subject, check in every)
    return [
        Planned(subject, check, reasons.reason(check.__name__, subject.id))
        for subject, check in every
        if not (fast and check in SLOW)
    ]
