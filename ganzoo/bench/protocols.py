"""Protocols by name, which plugins offer, or from a file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ganzoo.errors import ConfigError
from ganzoo.plugins import PluginManager
from ganzoo.plugins.names import Names
from ganzoo.specs import Protocol, read_protocol


@dataclass(frozen=True)
class OfferedProtocol:
    """A plugin's protocol file; `problem` tells why `protocol` is None."""

    name: str
    path: Path
    distribution: str
    protocol: Protocol | None
    problem: str = ""

    @property
    def qualified(self) -> str:
        """The unambiguous name: `distribution/name`."""
        return f"{self.distribution}/{self.name}"


def protocols(manager: PluginManager) -> Names[OfferedProtocol]:
    """All protocols of all plugins; those that cannot be read are reported."""
    offers = [
        _read(path, plugin.distribution)
        for plugin in manager.plugins.values()
        for folder in plugin.protocols
        for path in sorted(folder.glob("*.json"))
    ]
    for offer in offers:
        if offer.problem:
            manager.report(offer.distribution, f"ganzoo_protocols: {offer.problem}")
    return Names("protocol", sorted(offers, key=lambda offer: offer.distribution))


def find(manager: PluginManager, what: str) -> Protocol:
    """A protocol by bare or qualified name, or from a PATH.json; the error names the nearest."""
    if what.endswith(".json"):
        return read_protocol(Path(what).expanduser())
    offer = protocols(manager).find(what, otherwise="there are: {}")
    if offer.protocol is None:
        raise ConfigError(offer.problem)
    return offer.protocol


def _read(path: Path, distribution: str) -> OfferedProtocol:
    """Read one file; an error becomes its problem."""
    try:
        protocol = read_protocol(path)
        if protocol.name != path.stem:
            raise ConfigError(f"{path}: name is {protocol.name!r}, its file {path.name!r}")
    except ConfigError as error:
        return OfferedProtocol(path.stem, path, distribution, None, str(error))
    return OfferedProtocol(path.stem, path, distribution, protocol)
