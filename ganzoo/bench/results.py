"""The result of a job: a file beside its training, and whether it still holds."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ganzoo.bench.jobs import Job, rows_of
from ganzoo.cards import catalogue
from ganzoo.engine.config import hash_of
from ganzoo.engine.health import all_finite
from ganzoo.engine.run.checkpoint import last_good
from ganzoo.errors import ConfigError, GanzooError
from ganzoo.files import write_text
from ganzoo.specs import (
    GENERATOR_FILE,
    ModelConfig,
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
    """A job's figures (`values`), or the fact that its training diverged, and their basis.

    `images` is the number of images shown: all of `budget`, or those until the first value that was
    not finite. A value is None where a figure does not exist. `model` and `measure` are hashes of
    what the protocol asked for, `recipe` is the training's own (empty where there was none),
    `weights` the sha256 of the measured generator. `made` tells how, when and on what the training
    was done; without one, the measuring.
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
        """Whether it is what the protocol asks for now, the budget aside."""
        return self.model == job.model and self.measure == job.measure_hash


def read_result(job: Job) -> Result | None:
    """The job's result, if there is one that the protocol still asks for."""
    path = job.folder / FILE
    if not path.is_file():
        return None
    try:
        result = read_record(Result, read_json(path), str(path))
    except ConfigError:
        return None  # another version's: it is measured again
    return result if result.ganzoo_result == RESULT_VERSION and result.answers(job) else None


def write_result(job: Job, result: Result) -> None:
    """Write a result into the job's folder."""
    write_text(job.folder / FILE, to_json(write_record(result)))


def is_done(job: Job, result: Result | None) -> bool:
    """Whether the result covers the full budget and belongs to the weights in the folder."""
    if result is None or result.budget != job.budget:
        return False
    if job.weights:
        return result.weights == finished_weights(job.weights) != ""
    exported = weights_in(job.folder)
    return not exported or exported == result.weights


def weights_in(folder: Path) -> str:
    """The sha256 of the generator that a finished run exported; empty without one."""
    path = folder / "export" / "config.json"
    if not path.is_file():
        return ""
    try:
        record = read_config(path)[0].files.get(GENERATOR_FILE)
    except ConfigError:
        return ""  # a damaged export is reported when its job is done
    return record.sha256 if record else ""


def finished_weights(what: str) -> str:
    """The sha256 of a finished model's generator; empty where there is none, or none yet."""
    try:
        record = catalogue().locate(what, weights=False).require_config().files.get(GENERATOR_FILE)
    except GanzooError:
        return ""  # reported when its job is done
    return record.sha256 if record else ""


def gathered(protocol: Protocol, folder: Path) -> list[tuple[Job, Result | None]]:
    """Every job of the protocol with its result, and further seeds that have results."""
    jobs = []
    for row in rows_of(protocol):
        present = seeds_in(folder / row.name) if row.runs else set()
        for seed in sorted({*row.seeds(protocol.seeds), *present}):
            job = Job(protocol, row, seed, folder / row.name / f"seed-{seed}")
            jobs.append((job, read_result(job)))
    return jobs


def seeds_in(folder: Path) -> set[int]:
    """The seeds whose results a row's folder holds."""
    names = (path.parent.name.removeprefix("seed-") for path in folder.glob(f"seed-*/{FILE}"))
    return {int(name) for name in names if name.isdecimal()}


def diverged_at(config: ModelConfig, folder: Path) -> int | None:
    """The images at the first logged value that was not finite; None if nothing diverged.

    The engine refuses to export weights that are not finite. This tells that from every other
    reason for which a training cannot continue.
    """
    written = folder / "config.json"
    if not written.is_file() or hash_of(read_config(written)[0]) != hash_of(config):
        return None  # another recipe's run
    checkpoint = last_good(folder / "checkpoints")
    if checkpoint is None or int(checkpoint.folder.name) < config.recipe.images:
        return None
    if all_finite(checkpoint.owned_by("average").values()):
        return None
    return min([*ruined_rows(folder / "metrics.jsonl"), int(checkpoint.folder.name)])


def ruined_rows(metrics: Path) -> list[int]:
    """The images of the rows that hold a null, which the engine writes for what is not finite."""
    if not metrics.is_file():
        return []
    rows = map(json.loads, metrics.read_text(encoding="utf-8").splitlines())
    return [int(row["images"]) for row in rows if None in row.values()]
