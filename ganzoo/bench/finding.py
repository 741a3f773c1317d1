"""Protocols by name, as plugins offer them, or from a file of one's own."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ganzoo.cards import catalogue
from ganzoo.errors import ConfigError, UnknownNameError, did_you_mean
from ganzoo.specs import Protocol, read_protocol


@dataclass(frozen=True)
class OfferedProtocol:
    """A protocol file of a plugin; `protocol` is None where it cannot be read, for `problem`."""

    name: str
    path: Path
    distribution: str
    protocol: Protocol | None
    problem: str = ""

    @property
    def qualified(self) -> str:
        """The name that is never ambiguous: `distribution/name`."""
        return f"{self.distribution}/{self.name}"


def offers() -> list[OfferedProtocol]:
    """All protocols of all plugins, by name; each that cannot be read is reported."""
    manager = catalogue().manager
    found = [
        _read(path, plugin.distribution)
        for plugin in manager.plugins.values()
        for folder in plugin.protocols
        for path in sorted(folder.glob("*.json"))
    ]
    for offer in found:
        if offer.problem:
            manager.report(offer.distribution, f"ganzoo_protocols: {offer.problem}")
    return sorted(found, key=lambda offer: (offer.name, offer.distribution))


def names_of(found: list[OfferedProtocol]) -> list[str]:
    """Names that `find` takes, in the same order: bare where they are clear, else qualified."""
    bare = [offer.name for offer in found]
    return [offer.name if bare.count(offer.name) == 1 else offer.qualified for offer in found]


def find(what: str) -> Protocol:
    """A protocol by bare or qualified name, or of a PATH.json; the error names the nearest."""
    if what.endswith(".json"):
        return read_protocol(Path(what).expanduser())
    everything = offers()
    distribution, _, bare = what.rpartition("/")
    found = [offer for offer in everything if offer.name == bare]
    if distribution:
        found = [offer for offer in found if offer.distribution == distribution]
    if not found:
        near = did_you_mean(what, names_of(everything), otherwise="there are: {}")
        raise UnknownNameError(f"there is no protocol {what!r}; {near}")
    if len(found) > 1:
        options = " or ".join(repr(offer.qualified) for offer in found)
        raise UnknownNameError(f"protocol {what!r} is offered twice; say {options}")
    if found[0].protocol is None:
        raise ConfigError(found[0].problem)
    return found[0].protocol


def _read(path: Path, distribution: str) -> OfferedProtocol:
    """Read one file; whatever is wrong becomes its problem."""
    try:
        protocol = read_protocol(path)
        if protocol.name != path.stem:
            raise ConfigError(f"{path}: name is {protocol.name!r}, its file {path.name!r}")
    except ConfigError as error:
        return OfferedProtocol(path.stem, path, distribution, None, str(error))
    return OfferedProtocol(path.stem, path, distribution, protocol)
