"""A protocol's jobs: each is a row of a table under one seed."""

from __future__ import annotations

import fnmatch
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from ganzoo.bench.columns import Measure
from ganzoo.bench.measuring import measure_of
from ganzoo.errors import UnknownNameError, did_you_mean
from ganzoo.specs import ModelConfig, Part, Protocol, merge, read_record, write_record
from ganzoo.specs.protocol import Entry, Table, data_of

#: The most draws of a control: they differ little, and teach nothing about training.
CONTROL_SEEDS = 3


@dataclass(frozen=True)
class Row:
    """A row of a table: an entry to train, a finished model, or a control."""

    name: str
    table: Table
    entry: Entry | None = None
    control: str = ""

    @property
    def runs(self) -> bool:
        """Whether it is run, and not only shown as a paper prints it."""
        return self.entry is None or not self.entry.published_only

    def seeds(self, count: int) -> range:
        """The seeds that it runs under, where `count` are asked for."""
        if not self.runs:
            return range(0)
        return range(min(count, CONTROL_SEEDS) if self.control else count)

    @cached_property
    def measure(self) -> Measure:
        """The table's measure, with its arguments."""
        return measure_of(self.table.measure)


@dataclass(frozen=True)
class Job:
    """A row under one seed, in its own folder; `images` None means the protocol's budget."""

    protocol: Protocol
    row: Row
    seed: int
    folder: Path
    images: int | None = None

    def __str__(self) -> str:
        return f"{self.row.name} seed {self.seed}"

    @cached_property
    def raw(self) -> dict[str, Any]:
        """The config to train, as JSON data for `ganzoo train`."""
        recipe: dict[str, Any] = {"seed": self.seed}
        if self.images is not None:
            recipe["images"] = self.images
        config = self.protocol.config_of(self.row.table, self.row.entry)
        entry = self.row.entry
        requires = {**self.protocol.requires, **(entry.requires if entry else {})}
        return merge(config, {"name": self.row.name, "requires": requires, "recipe": recipe})

    @property
    def trains(self) -> bool:
        """Whether the rows of its table are trainings; else they are finished models."""
        return self.protocol.trains(self.row.table)

    @property
    def weights(self) -> str:
        """The finished model that it measures; empty where it trains one, or is a control."""
        return self.row.entry.weights if self.row.entry else ""

    @cached_property
    def data(self) -> Part:
        """The data set that the protocol measures against."""
        if self.trains:
            return self.draft.recipe.data
        return data_of(self.raw, f"protocol {self.protocol.name}: {self}")

    @cached_property
    def draft(self) -> ModelConfig:
        """The protocol's config, with defaults for what it leaves open."""
        return read_record(ModelConfig, self.raw, f"protocol {self.protocol.name}: {self}")

    @property
    def budget(self) -> int:
        """The number of images to train on; 0 in a table of finished models."""
        return self.draft.recipe.images if self.trains else 0

    @cached_property
    def model(self) -> str:
        """Hash of the training that is asked for, without `images`, which may be raised."""
        recipe = {k: v for k, v in self.raw["recipe"].items() if k != "images"}
        if self.row.control:
            return digest([self.row.control, recipe["data"], self.seed])
        if self.weights:
            return digest([self.weights, recipe["data"], self.seed])
        return digest([self.raw["generator"], self.raw["discriminator"], recipe])

    @cached_property
    def measure_hash(self) -> str:
        """Hash of the measure's version, its arguments and the sampling seed."""
        table, measure = self.row.table, self.row.measure
        return digest([table.measure, measure.version, self.protocol.sampling_seed])


def rows_of(protocol: Protocol) -> list[Row]:
    """All rows, table by table, in the order of the file; a table's controls come last."""
    rows = []
    for table in protocol.tables:
        rows += [Row(e.name, table, entry=e) for e in protocol.entries if e.table == table.name]
        rows += [Row(f"{table.name}-{kind}", table, control=kind) for kind in table.controls]
    return rows


def jobs_of(
    protocol: Protocol,
    folder: Path,
    *,
    only: Sequence[str] = (),
    seeds: int | None = None,
    images: int | None = None,
) -> list[Job]:
    """The jobs of the rows that `only` (shell patterns) chooses: all rows under seed 0, then 1 ...

    This order fills every row of a table as early as possible.
    """
    rows, count = chosen(rows_of(protocol), only), seeds or protocol.seeds
    return [
        Job(protocol, row, seed, folder / row.name / f"seed-{seed}", images)
        for seed in range(count)
        for row in rows
        if seed in row.seeds(count)
    ]


def chosen(rows: list[Row], only: Sequence[str]) -> list[Row]:
    """The rows that a pattern matches; `UnknownNameError` for a pattern that matches none."""
    for pattern in only:
        if not any(fnmatch.fnmatchcase(row.name, pattern) for row in rows):
            near = did_you_mean(pattern, [row.name for row in rows])
            raise UnknownNameError(f"--only {pattern}: no entry has that name; {near}")
    return [
        row
        for row in rows
        if not only or any(fnmatch.fnmatchcase(row.name, pattern) for pattern in only)
    ]


def digest(data: Any) -> str:
    """Sha256 of JSON data or a record, independent of the order of its keys."""
    text = json.dumps(write_record(data), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
