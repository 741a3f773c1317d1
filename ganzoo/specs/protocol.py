"""A protocol: what a paper trained and measured, as a record for `ganzoo bench`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ganzoo.errors import ConfigError, brief, did_you_mean
from ganzoo.specs.keys import merge
from ganzoo.specs.model import CONFIG_VERSION, MODEL_NAME, ModelConfig, check_version
from ganzoo.specs.reading import read_json, read_record
from ganzoo.specs.recipe import Part

#: The version of the schema below; a file of a higher one is refused, as for config.json.
PROTOCOL_VERSION = 1


@dataclass(frozen=True)
class Citation:
    """The paper that a protocol comes from, and where in it."""

    #: Authors, year and title.
    paper: str
    #: The section or table.
    section: str
    #: A link to it.
    url: str = ""


@dataclass(frozen=True)
class Table:
    """A table of the protocol: one data set, one measure."""

    #: Lower-case words joined by `-`.
    name: str
    #: Its heading.
    title: str
    #: A measure's name and its arguments.
    measure: Part
    #: Laid over the protocol's model, key by key.
    model: Mapping[str, Any] = field(default_factory=dict)
    #: Samples to measure that no training made, such as real ones.
    controls: tuple[str, ...] = ()
    #: Columns of figures that papers print and the measure does not compute: key to header.
    published_columns: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Entry:
    """A row of a table: one thing to train, over all seeds."""

    #: Lower-case words joined by `-`.
    name: str
    #: The name of its table.
    table: str
    #: The row's label; by default its name.
    title: str = ""
    #: Laid over the table's model, key by key.
    model: Mapping[str, Any] = field(default_factory=dict)
    #: A finished model to measure as it is, by name or path; nothing is trained, and a seed
    #: changes the samples. All entries of a table have one, or none has.
    weights: str = ""
    #: Figures as the paper prints them: column to text.
    published: Mapping[str, str] = field(default_factory=dict)
    #: Where the paper prints them.
    published_in: str = ""
    #: Whether it is only shown and never run.
    published_only: bool = False
    #: The paper's budget, where it differs from the protocol's.
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
    #: The name for `ganzoo bench`.
    name: str
    #: The heading above its tables.
    title: str
    #: The paper.
    source: Citation
    #: In words: how much is trained, compared with the paper.
    budget: str
    #: Number of training seeds, counted from 0.
    seeds: int
    #: The config that tables and entries override: generator, discriminator and recipe.
    model: Mapping[str, Any]
    #: At least one.
    tables: tuple[Table, ...]
    #: The rows.
    entries: tuple[Entry, ...]
    #: The seed of the samples that are measured.
    sampling_seed: int = 0
    #: The paper's own budget, in images.
    paper_images: int | None = None
    #: The plugins that all entries need, with versions.
    requires: Mapping[str, str] = field(default_factory=dict)
    #: Notes below the tables.
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.seeds < 1:
            raise ConfigError(f"seeds must be 1 or more, found {self.seeds}")
        if self.sampling_seed < 0:
            raise ConfigError(f"sampling_seed must be 0 or more, found {self.sampling_seed}")
        if not self.tables:
            raise ConfigError("tables: a protocol needs at least one")
        _check_names("name", [self.name])
        _check_names("tables", [table.name for table in self.tables])
        _check_names("entries and controls", [*(e.name for e in self.entries), *self.controls])
        for entry in self.entries:
            self.table_of(entry)
            if entry.published and not entry.published_in:
                raise ConfigError(f"entry {brief(entry.name)}: published figures need published_in")
        for table in self.tables:
            _check_weights(table, [one for one in self.entries if one.table == table.name])

    @property
    def controls(self) -> dict[str, tuple[Table, str]]:
        """The controls by the name of their row: `ring-real` is the ring's control `real`."""
        return {f"{t.name}-{control}": (t, control) for t in self.tables for control in t.controls}

    def table_of(self, entry: Entry) -> Table:
        """The table of an entry."""
        for table in self.tables:
            if table.name == entry.table:
                return table
        near = did_you_mean(entry.table, [table.name for table in self.tables])
        raise ConfigError(
            f"entry {brief(entry.name)}: there is no table {brief(entry.table)}; {near}"
        )

    def trains(self, table: Table) -> bool:
        """Whether the entries of a table are trained, and not finished models."""
        return not any(one.weights for one in self.entries if one.table == table.name)

    def config_of(self, table: Table, entry: Entry | None = None) -> dict[str, Any]:
        """The raw config of a table or an entry: all layers from the protocol down, merged."""
        base = {"ganzoo_config": CONFIG_VERSION, **self.model}
        over = merge(base, table.model)
        return over if entry is None else merge(over, entry.model)


def read_protocol(path: Path) -> Protocol:
    """Read a protocol file, and every config in it; `ConfigError` names what is wrong."""
    data = read_json(path)
    check_version(data, str(path), key="ganzoo_protocol", newest=PROTOCOL_VERSION)
    protocol = read_record(Protocol, data, str(path))
    for table in protocol.tables:
        raw = protocol.config_of(table)
        if protocol.trains(table):
            read_record(ModelConfig, raw, f"{path}: table {table.name}")
        else:
            data_of(raw, f"{path}: table {table.name}")
    for entry in (one for one in protocol.entries if not one.weights):
        raw = protocol.config_of(protocol.table_of(entry), entry)
        read_record(ModelConfig, raw, f"{path}: entry {entry.name}")
    return protocol


def data_of(raw: Mapping[str, Any], where: str) -> Part:
    """The data set of a config that names no networks."""
    recipe = raw.get("recipe")
    data = recipe.get("data") if isinstance(recipe, Mapping) else None
    if data is None:
        raise ConfigError(f"{where}: finished models are measured on data; give recipe.data")
    return read_record(Part, data, f"{where}: recipe.data")


def _check_weights(table: Table, entries: list[Entry]) -> None:
    """Refuse a table in which some entries are trained and some are finished models."""
    if any(entry.weights for entry in entries) and not all(entry.weights for entry in entries):
        trained = next(entry.name for entry in entries if not entry.weights)
        raise ConfigError(
            f"table {brief(table.name)}: all its entries name weights or none does; "
            f"{brief(trained)} does not"
        )
    for entry in entries:
        if entry.weights and (entry.model or entry.published_only):
            raise ConfigError(
                f"entry {brief(entry.name)}: what has weights is not trained; leave out model and "
                "published_only"
            )


def _check_names(where: str, names: Iterable[str]) -> None:
    """Check that names are lower-case words joined by '-', each used once."""
    seen: set[str] = set()
    for name in names:
        if not MODEL_NAME.fullmatch(name):
            raise ConfigError(
                f"{where}: {brief(name)} is not a name; use lower-case words joined by '-'"
            )
        if name in seen:
            raise ConfigError(f"{where}: {brief(name)} is used twice; keep one")
        seen.add(name)
