"""Protocols by name, which plugins offer, or from a file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ganzoo.cards import Card, Catalogue
from ganzoo.errors import ConfigError, UsageError
from ganzoo.plugins import PluginManager
from ganzoo.plugins.names import Names
from ganzoo.specs import Protocol, read_protocol
from ganzoo.specs.protocol import Entry, Table, data_of


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


def with_models(protocol: Protocol, whats: Sequence[str], zoo: Catalogue) -> Protocol:
    """The protocol with finished models as further rows, each in the table of its data set."""
    entries = {entry.name: entry for entry in protocol.entries}
    tables = [table for table in protocol.tables if not protocol.trains(table)]
    if whats and not tables:
        raise UsageError(f"--model: {protocol.name} trains all that it measures; leave it out")
    for what in whats:
        card = zoo.locate(what, weights=False)
        entries[card.name] = Entry(card.name, _table_for(card, protocol, tables).name, weights=what)
    return replace(protocol, entries=tuple(entries.values()))


def _table_for(card: Card, protocol: Protocol, tables: Sequence[Table]) -> Table:
    """The table that measures against a model's data set."""
    named = {data_of(protocol.config_of(one), one.name).name: one for one in tables}
    if card.data not in named:
        raise UsageError(
            f"--model: {card.name} is trained on {card.data}; {protocol.name} has tables for "
            f"{', '.join(named)}"
        )
    return named[card.data]


def _read(path: Path, distribution: str) -> OfferedProtocol:
    """Read one file; an error becomes its problem."""
    try:
        protocol = read_protocol(path)
        if protocol.name != path.stem:
            raise ConfigError(f"{path}: name is {protocol.name!r}, its file {path.name!r}")
    except ConfigError as error:
        return OfferedProtocol(path.stem, path, distribution, None, str(error))
    return OfferedProtocol(path.stem, path, distribution, protocol)
