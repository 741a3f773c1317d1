"""Where a published model goes: a folder, the checkout of its plugin, or the Hub."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ganzoo.cards import Catalogue
from ganzoo.errors import HubError, UsageError, did_you_mean
from ganzoo.files import holds_working_folder
from ganzoo.hub import Address, is_address
from ganzoo.hub.client import require_login, require_online
from ganzoo.hub.snapshot import find
from ganzoo.hub.trouble import is_absent
from ganzoo.plugins import CORE
from ganzoo.specs import ModelConfig

PLUGIN = "plugin"
#: Where installers put packages: what is written there is gone with the next update.
INSTALLED = {"site-packages", "dist-packages"}


@dataclass(frozen=True)
class Target:
    """The model folder to write, or the address to send it to.

    `cards` is the folder of a plugin's models that it joins, with their index.
    """

    folder: Path | None = None
    address: Address | None = None
    cards: Path | None = None

    def what(self, name: str) -> str:
        """How the model is named in a command, once it is there."""
        if self.address is not None:
            return str(self.address)
        return name if self.cards else f"{name}/"


def target_of(zoo: Catalogue, to: str, name: str, config: ModelConfig) -> Target:
    """Read `PATH`, `plugin`, `plugin:DISTRIBUTION` or `hf-hub:owner/repo`; `UsageError` if none."""
    if is_address(to):
        address = Address.parse(to)
        if address.is_pinned:
            raise UsageError(
                f"{address} is a commit, which never changes; name a branch, or leave it out"
            )
        require_online(address, "it must be uploaded to")
        return Target(address=address)
    kind, _, wish = to.partition(":")
    if kind == PLUGIN:  # a folder of that name is ./plugin
        cards = _cards_folder(zoo, name, config, wish)
        return Target(folder=cards / name, cards=cards)
    return Target(folder=replaceable(named_folder(Path(to).expanduser(), name)))


def model_at(address: Address) -> ModelConfig | None:
    """The config of the model that lies at an address, where this machine may write; None of none.

    Raises `HubError` where nobody is logged in, `CardError` where something else lies there.
    """
    require_login(address)
    try:
        return find(address).config
    except HubError as error:
        if is_absent(error):
            return None
        raise


def named_folder(path: Path, name: str) -> Path:
    """The model folder that a path stands for: itself, or NAME in a folder that is no model.

    As `cp` has it: `models/mine` is made, and into a `models/` that is there comes `models/NAME`.
    """
    if path.exists() and not path.is_dir():
        raise UsageError(f"{path} is a file; name the folder that the model is to be")
    inside = path.is_dir() and not (path / "config.json").is_file()
    return path / name if inside else path


def replaceable(folder: Path) -> Path:
    """The folder; `UsageError` where another may not take its place: it is a run's, or stood in."""
    place = folder.resolve()  # a link stays, and what it points to is written
    if holds_working_folder(place):
        raise UsageError(f"{folder} is or holds the folder you are in; name it from outside of it")
    if any((place / name).is_dir() for name in ("checkpoints", "export")):
        raise UsageError(f"{folder} is a run, which a model would replace; give another --to")
    if place.name == "export" and (place.parent / "config.json").is_file():
        raise UsageError(f"{folder} is a run's own export; give another --to")
    return folder


def _cards_folder(zoo: Catalogue, name: str, config: ModelConfig, wish: str) -> Path:
    """The folder of models of the plugin that a model belongs to, in its checkout.

    That is the one which offers a model of that name already, else the first of its parts' which
    offers any; parts that the official models are made of belong to those.
    """
    plugins = zoo.manager.plugins
    if wish and wish not in plugins:
        raise UsageError(f"no plugin {wish!r} is installed; {did_you_mean(wish, plugins)}")
    owners = dict.fromkeys([wish] if wish else _owners(zoo, name, config))
    for owner in owners:
        for place in plugins[owner].cards:
            if not (place / "config.json").is_file():
                return _in_checkout(place, owner)
            if place.name == name:
                return _in_checkout(place.parent, owner)
    raise UsageError(
        f"{' and '.join(owners) or 'no plugin'} offers no folder of models; give its plugin the "
        "hook ganzoo_cards, or publish to a PATH"
    )


def _owners(zoo: Catalogue, name: str, config: ModelConfig) -> Iterator[str]:
    """The distributions that a model may belong to, the likeliest first."""
    for card in zoo.cards:
        if card.name == name and card.distribution:
            yield card.distribution
    parts = (config.generator, config.discriminator, config.recipe.loss, config.recipe.data)
    makers = dict.fromkeys(part.name.rpartition("/")[0] for part in parts)
    official = {d for card in zoo.cards if card.distribution == CORE for d in _needed(card.config)}
    for maker in makers:
        if maker in zoo.manager.plugins and maker != CORE:
            yield maker
    if set(makers) - {CORE} <= official:
        yield CORE


def _needed(config: ModelConfig | None) -> set[str]:
    return set() if config is None else set(config.requires)


def _in_checkout(place: Path, owner: str) -> Path:
    """The folder, unless it belongs to an installer."""
    if INSTALLED & set(place.resolve().parts):
        raise UsageError(
            f"{owner} is installed in {place}, where a model would be lost with its next update; "
            f"install its checkout (pip install -e), or publish to a PATH"
        )
    return place
