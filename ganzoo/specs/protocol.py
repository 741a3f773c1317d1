"""A protocol: what a paper trained and measured, as a record that `ganzoo bench` runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ganzoo.errors import ConfigError, brief, did_you_mean
from ganzoo.specs.model import CONFIG_VERSION, MODEL_NAME, ModelConfig, check_version
from ganzoo.specs.reading import read_json, read_record
from ganzoo.specs.recipe import Part, merge

#: The version of the schema below; as for config.json, a higher one asks to upgrade.
PROTOCOL_VERSION = 1


@dataclass(frozen=True)
class Citation:
    """The paper that a protocol comes from, and where in it."""

    #: Authors, year and title.
    paper: str
    #: Where in it.
    section: str
    #: Where it can be read.
    url: str = ""


@dataclass(frozen=True)
class Table:
    """A table of the protocol: one data set, one measure."""

    #: Lower-case words joined by `-`.
    name: str
    #: What stands above it.
    title: str
    #: A measure's name and its arguments.
    measure: Part
    #: Laid over the protocol's model, key by key.
    model: Mapping[str, Any] = field(default_factory=dict)
    #: Samples that no training made and that are measured too.
    controls: tuple[str, ...] = ()
    #: Figures that papers print and the measure does not give: key to header.
    published_columns: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Entry:
    """A row of a table: one thing to train, over all seeds."""

    #: Lower-case words joined by `-`.
    name: str
    #: The table that it stands in.
    table: str
    #: What the row is called; its name where nothing is said.
    title: str = ""
    #: Laid over the table's model, key by key.
    model: Mapping[str, Any] = field(default_factory=dict)
    #: Figures as the paper prints them: column to text.
    published: Mapping[str, str] = field(default_factory=dict)
    #: Where it prints them.
    published_in: str = ""
    #: It is shown and never run.
    published_only: bool = False
    #: The paper's budget, where it is not the protocol's.
    paper_images: int | None = None
    #: The plugins that it needs, with versions.
    requires: Mapping[str, str] = field(default_factory=dict)
    #: What a reader of the row must know.
    note: str = ""


@dataclass(frozen=True)
class Protocol:
    """The schema of a protocol file."""

    #: The schema's version, 1.
    ganzoo_protocol: int
    #: As `ganzoo bench` is asked for it.
    name: str
    #: What stands above its tables.
    title: str
    #: The paper.
    source: Citation
    #: In words: how much is trained, and how that compares with the paper.
    budget: str
    #: Training seeds that are run, from 0.
    seeds: int
    #: The config that tables and entries are laid over: generator, discriminator and recipe.
    model: Mapping[str, Any]
    #: One at least.
    tables: tuple[Table, ...]
    #: The rows.
    entries: tuple[Entry, ...]
    #: The seed of the samples that are measured.
    sampling_seed: int = 0
    #: The paper's own budget, in images.
    paper_images: int | None = None
    #: The plugins that all entries need, with versions.
    requires: Mapping[str, str] = field(default_factory=dict)
    #: What stands below the tables.
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.seeds < 1:
            raise ConfigError(f"seeds must be 1 or more, found {self.seeds}")
        if self.sampling_seed < 0:
            raise ConfigError(f"sampling_seed must be 0 or more, found {self.sampling_seed}")
        if not self.tables:
            raise ConfigError("tables: a protocol has one at least")
        _check_names("name", [self.name])
        _check_names("tables", [table.name for table in self.tables])
        _check_names("entries and controls", [*(e.name for e in self.entries), *self.controls])
        for entry in self.entries:
            self.table_of(entry)
            if entry.published and not entry.published_in:
                raise ConfigError(
                    f"entry {brief(entry.name)}: say where its figures are published_in"
                )

    @property
    def controls(self) -> dict[str, tuple[Table, str]]:
        """The controls by the name of their row: `ring-real` is the ring's control `real`."""
        return {f"{t.name}-{control}": (t, control) for t in self.tables for control in t.controls}

    def table_of(self, entry: Entry) -> Table:
        """The table in which an entry stands."""
        for table in self.tables:
            if table.name == entry.table:
                return table
        near = did_you_mean(entry.table, [table.name for table in self.tables])
        raise ConfigError(
            f"entry {brief(entry.name)}: there is no table {brief(entry.table)}; {near}"
        )

    def config_of(self, table: Table, entry: Entry | None = None) -> dict[str, Any]:
        """The raw config of an entry: the protocol's, the table's and its own, laid in layers.

        Without an entry it is the table's.
        """
        base = {"ganzoo_config": CONFIG_VERSION, **self.model}
        over = merge(base, table.model)
        return over if entry is None else merge(over, entry.model)


def read_protocol(path: Path) -> Protocol:
    """Read a protocol file, and every config in it; `ConfigError` names what is wrong."""
    data = read_json(path)
    check_version(data, str(path), key="ganzoo_protocol", newest=PROTOCOL_VERSION)
    protocol = read_record(Protocol, data, str(path))
    for table in protocol.tables:
        read_record(ModelConfig, protocol.config_of(table), f"{path}: table {table.name}")
    for entry in protocol.entries:
        raw = protocol.config_of(protocol.table_of(entry), entry)
        read_record(ModelConfig, raw, f"{path}: entry {entry.name}")
    return protocol


def _check_names(where: str, names: Iterable[str]) -> None:
    """Names are lower-case words joined by '-', and none stands twice."""
    seen: set[str] = set()
    for name in names:
        if not MODEL_NAME.fullmatch(name):
            raise ConfigError(
                f"{where}: {brief(name)} is no name; use lower-case words joined by '-'"
            )
        if name in seen:
            raise ConfigError(f"{where}: {brief(name)} stands twice; keep one")
        seen.add(name)
