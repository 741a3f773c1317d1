"""The target of a publication: a folder, the checkout of its plugin, or the Hub."""

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
#: Folders of installers: files written there are lost with the next update.
INSTALLED = {"site-packages", "dist-packages"}


@dataclass(frozen=True)
class Target:
    """The model folder to write, or the address on the Hub.

    `cards` is a plugin's folder of models, to whose index the model is added.
    """

    folder: Path | None = None
    address: Address | None = None
    cards: Path | None = None

    def what(self, name: str) -> str:
        """The model's name in a command, once it is published."""
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
    kind, _, distribution = to.partition(":")
    if kind == PLUGIN:  # a folder of that name is written ./plugin
        cards = _cards_folder(zoo, name, config, distribution)
        return Target(folder=cards / name, cards=cards)
    return Target(folder=replaceable(named_folder(Path(to).expanduser(), name)))


def model_at(address: Address) -> ModelConfig | None:
    """The config of the model at an address; None where there is none.

    Raises `HubError` without a login, `CardError` where something else exists there.
    """
    require_login(address)
    try:
        return find(address).config
    except HubError as error:
        if is_absent(error):
            return None
        raise


def named_folder(path: Path, name: str) -> Path:
    """The model folder that a path means: itself, or NAME inside an existing folder.

    As with `cp`: `models/mine` is created, and an existing `models/` receives `models/NAME`.
    """
    if path.exists() and not path.is_dir():
        raise UsageError(f"{path} is a file; name the folder that the model is to be")
    inside = path.is_dir() and not (path / "config.json").is_file()
    return path / name if inside else path


def replaceable(folder: Path) -> Path:
    """The folder; `UsageError` if it must not be replaced: a run, or the current folder."""
    place = folder.resolve()  # a link is kept, and its target is written
    if holds_working_folder(place):
        raise UsageError(f"{folder} is or contains the current folder; change to another first")
    if any((place / name).is_dir() for name in ("checkpoints", "export")):
        raise UsageError(f"{folder} is a run, which the model would replace; give another --to")
    if place.name == "export" and (place.parent / "config.json").is_file():
        raise UsageError(f"{folder} is a run's own export; give another --to")
    return folder


def _cards_folder(zoo: Catalogue, name: str, config: ModelConfig, distribution: str) -> Path:
    """The folder of models in the checkout of the plugin that a model belongs to.

    It belongs to the plugin that offers a model of that name already, else to the first plugin of
    its parts that offers any models; the official models' plugins count as the core's.
    """
    plugins = zoo.manager.plugins
    if distribution and distribution not in plugins:
        near = did_you_mean(distribution, plugins)
        raise UsageError(f"no plugin {distribution!r} is installed; {near}")
    owners = dict.fromkeys([distribution] if distribution else _owners(zoo, name, config))
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
    """The distributions that a model may belong to, the most likely first."""
    for card in zoo.cards:
        if card.name == name and card.distribution:
            yield card.distribution
    parts = (config.generator, config.discriminator, config.recipe.loss, config.recipe.data)
    makers = dict.fromkeys(part.name.rpartition("/")[0] for part in parts)
    configs = (card.config for card in zoo.cards if card.distribution == CORE)
    official = {name for config in configs if config for name in config.requires}
    for maker in makers:
        if maker in zoo.manager.plugins and maker != CORE:
            yield maker
    if set(makers) - {CORE} <= official:
        yield CORE


def _in_checkout(place: Path, owner: str) -> Path:
    """The folder; `UsageError` where it belongs to an installer."""
    if INSTALLED & set(place.resolve().parts):
        raise UsageError(
            f"{owner} is installed in {place}, where the model would be lost with the next update; "
            f"install its checkout (pip install -e), or publish to a PATH"
        )
    return place
