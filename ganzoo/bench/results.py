"""What came of a job, as a file beside its training."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ganzoo.bench.jobs import Job, digest, rows_of
from ganzoo.bench.measures import measure_named
from ganzoo.errors import ConfigError
from ganzoo.files import write_text
from ganzoo.specs import (
    GENERATOR_FILE,
    Protocol,
    Provenance,
    read_config,
    read_json,
    read_record,
    write_record,
)
from ganzoo.specs.reading import to_json

FILE = "result.json"
RESULT_VERSION = 1


@dataclass(frozen=True)
class Result:
    """A job's figures (`values`), or that its training diverged, and what both rest on.

    `images` counts what was shown: all of `budget`, or as many as there were when a value was
    first not finite. A value is None where a figure does not exist. `model` and `measure` are
    hashes of what the protocol asked for, `recipe` the training's own, `weights` the sha256 of
    the generator that was measured. `made` says how, when and on what; of the training, if there
    was one.
    """

    ganzoo_result: int
    protocol: str
    row: str
    seed: int
    diverged: bool
    images: int
    budget: int
    values: Mapping[str, float | None]
    n: int
    sampling_seed: int
    model: str
    measure: str
    recipe: str
    weights: str
    made: Provenance

    def answers(self, job: Job) -> bool:
        """Whether it is of what the protocol asks for now, whatever its budget."""
        return self.model == job.model and self.measure == measure_hash(job)


def measure_hash(job: Job) -> str:
    """Hash of what is measured: the measure as it is now, its arguments and the sampling seed."""
    version = measure_named(job.measure).version
    return digest([job.measure, version, job.protocol.sampling_seed])


def read_result(job: Job) -> Result | None:
    """The job's result, if there is one that answers it."""
    path = job.folder / FILE
    if not path.is_file():
        return None
    try:
        found = read_record(Result, read_json(path), str(path))
    except ConfigError:
        return None  # of another version: it is measured again
    return found if found.ganzoo_result == RESULT_VERSION and found.answers(job) else None


def write_result(job: Job, result: Result) -> None:
    """Write a result whole into the job's folder."""
    write_text(job.folder / FILE, to_json(write_record(result)))


def is_done(job: Job, result: Result | None) -> bool:
    """Whether nothing is left to do: the whole budget, and of the weights that lie there."""
    if result is None or result.budget != job.budget:
        return False
    exported = weights_in(job.folder)
    return not exported or exported == result.weights


def weights_in(folder: Path) -> str:
    """The sha256 of the generator that a finished run exported; empty where there is none."""
    path = folder / "export" / "config.json"
    if not path.is_file():
        return ""
    try:
        record = read_config(path)[0].files.get(GENERATOR_FILE)
    except ConfigError:
        return ""  # a damaged export is told when its job is done
    return record.sha256 if record else ""


def gathered(protocol: Protocol, folder: Path) -> list[tuple[Job, Result | None]]:
    """Every job of the protocol with its result, and those of later seeds that lie there too."""
    found = []
    for row in rows_of(protocol):
        there = seeds_in(folder / row.name) if row.runs else set()
        for seed in sorted({*row.seeds(protocol.seeds), *there}):
            job = Job(protocol, row, seed, folder / row.name / f"seed-{seed}")
            found.append((job, read_result(job)))
    return found


def seeds_in(folder: Path) -> set[int]:
    """The seeds of which a row's folder holds results."""
    names = (path.parent.name.removeprefix("seed-") for path in folder.glob(f"seed-*/{FILE}"))
    return {int(name) for name in names if name.isdecimal()}
