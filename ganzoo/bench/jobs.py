"""What a protocol asks for, job by job: a row of a table under one training seed."""

from __future__ import annotations

import fnmatch
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from ganzoo.errors import UnknownNameError, did_you_mean
from ganzoo.specs import ModelConfig, Part, Protocol, merge, read_record, write_record
from ganzoo.specs.protocol import Entry, Table

#: Draws of a control at the most: they differ little, and teach nothing about training.
CONTROL_SEEDS = 3


@dataclass(frozen=True)
class Row:
    """A row of a table: an entry, or a control, whose samples no training made."""

    name: str
    table: Table
    entry: Entry | None = None
    control: str = ""

    @property
    def runs(self) -> bool:
        """Whether it is run at all, and not only shown as a paper prints it."""
        return self.entry is None or not self.entry.published_only

    def seeds(self, wished: int) -> range:
        """The seeds that it is run under, where so many are wished for."""
        if not self.runs:
            return range(0)
        return range(min(wished, CONTROL_SEEDS) if self.control else wished)


@dataclass(frozen=True)
class Job:
    """A row under one seed, done in a folder of its own; `images` None is the protocol's budget."""

    protocol: Protocol
    row: Row
    seed: int
    folder: Path
    images: int | None = None

    def __str__(self) -> str:
        return f"{self.row.name} seed {self.seed}"

    @cached_property
    def raw(self) -> dict[str, Any]:
        """The raw config to train, as `ganzoo train` would read it."""
        recipe: dict[str, Any] = {"seed": self.seed}
        if self.images is not None:
            recipe["images"] = self.images
        asked = self.protocol.config_of(self.row.table, self.row.entry)
        entry = self.row.entry
        requires = {**self.protocol.requires, **(entry.requires if entry else {})}
        return merge(asked, {"name": self.row.name, "requires": requires, "recipe": recipe})

    @cached_property
    def draft(self) -> ModelConfig:
        """The config as the protocol has it, with what it leaves open at its defaults."""
        return read_record(ModelConfig, self.raw, f"protocol {self.protocol.name}: {self}")

    @property
    def budget(self) -> int:
        """Images to show."""
        return self.draft.recipe.images

    @cached_property
    def model(self) -> str:
        """Hash of what is asked to be trained, but for `images`, which may be raised."""
        recipe = {k: v for k, v in self.raw["recipe"].items() if k != "images"}
        if self.row.control:
            return digest([self.row.control, recipe["data"], self.seed])
        return digest([self.raw["generator"], self.raw["discriminator"], recipe])

    @property
    def measure(self) -> Part:
        """The measure, with its arguments."""
        return self.row.table.measure


def rows_of(protocol: Protocol) -> list[Row]:
    """All rows, table by table, in the order of the file; a table's controls stand last."""
    found = []
    for table in protocol.tables:
        found += [Row(e.name, table, entry=e) for e in protocol.entries if e.table == table.name]
        found += [Row(f"{table.name}-{kind}", table, control=kind) for kind in table.controls]
    return found


def jobs_of(
    protocol: Protocol,
    folder: Path,
    *,
    only: Sequence[str] = (),
    seeds: int | None = None,
    images: int | None = None,
) -> list[Job]:
    """The jobs of the rows that `only` (shell patterns) chooses: all rows under seed 0, then 1 ...

    So a table says something of every row as early as it can.
    """
    rows, wished = chosen(rows_of(protocol), only), seeds or protocol.seeds
    return [
        Job(protocol, row, seed, folder / row.name / f"seed-{seed}", images)
        for seed in range(wished)
        for row in rows
        if seed in row.seeds(wished)
    ]


def chosen(rows: list[Row], only: Sequence[str]) -> list[Row]:
    """The rows that a pattern fits; a pattern that fits none is an `UnknownNameError`."""
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
    """Sha256 of JSON data or of a record, whatever the order of its keys."""
    text = json.dumps(write_record(data), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
