"""One job of a protocol: it is trained, or found, and measured."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import torch

from ganzoo.bench import controls
from ganzoo.bench.jobs import Job
from ganzoo.bench.measuring import measured
from ganzoo.bench.results import RESULT_VERSION, Result, diverged_at, finished_weights
from ganzoo.cards import Catalogue
from ganzoo.engine.config import hash_of, resolve, resolve_precision
from ganzoo.engine.run.options import RunOptions
from ganzoo.engine.train import train
from ganzoo.errors import TrainingError
from ganzoo.hardware import hardware, versions
from ganzoo.specs import GENERATOR_FILE, ModelConfig, Part, Provenance, read_config
from ganzoo.zoo import load

#: Samples drawn from a generator at once.
BATCH = 500
#: Grids of samples that a training draws on its way.
GRIDS = 4


@dataclass(frozen=True)
class BenchOptions:
    """Which of a protocol's jobs to run, where and how.

    `only` holds shell patterns of entries; `seeds` and `images` None mean the protocol's.
    `command` is written into the results.
    """

    folder: Path
    zoo: Catalogue
    only: tuple[str, ...] = ()
    seeds: int | None = None
    images: int | None = None
    device: str = "cpu"
    quiet: bool = False
    command: str = ""


class Interrupted(Exception):  # noqa: N818 - nothing is wrong
    """A training was asked to stop, and has saved."""

    def __init__(self, exit_code: int) -> None:
        super().__init__(exit_code)
        self.exit_code = exit_code


def perform(job: Job, options: BenchOptions) -> Result:
    """Train, or resume a training, and measure; a control or a finished model is only measured."""
    if job.row.control:
        return control(job, options)
    if job.weights:
        return finished(job, options)
    config = resolve_precision(_resolved(job), torch.device(options.device))
    measure, data = job.row.measure, config.recipe.data
    started = time.monotonic()
    try:
        trained(job, config, options)
    except TrainingError:
        if (images := diverged_at(config, job.folder)) is None:
            raise
        made = here(options, images, time.monotonic() - started)
        return result_of(job, config, made, diverged=True)
    done, _ = read_config(job.folder / "export" / "config.json")
    model = load(job.folder, device=options.device)
    samples = model.sample(measure.n, seed=job.protocol.sampling_seed, batch=BATCH)
    return result_of(
        job,
        config,
        done.provenance or here(options, job.budget),
        values=measured(
            measure,
            samples,
            data,
            options.device,
            model=model,
            seed=job.protocol.sampling_seed,
        ),
        weights=done.files[GENERATOR_FILE].sha256,
    )


def control(job: Job, options: BenchOptions) -> Result:
    """Measure samples that no training made."""
    started, data, measure = time.monotonic(), data_to_measure(job), job.row.measure
    samples = controls.drawn(job.row.control, data, measure.n, job.seed)
    values = measured(measure, samples, data, options.device, seed=job.seed)
    made = here(options, seconds=time.monotonic() - started)
    recipe = resolve_precision(_resolved(job), torch.device(options.device)) if job.trains else None
    return result_of(job, recipe, made, values=values)


def finished(job: Job, options: BenchOptions) -> Result:
    """Measure a finished model under the job's seed."""
    started, measure = time.monotonic(), job.row.measure
    model = load(job.weights, device=options.device)
    seed = job.protocol.sampling_seed + job.seed
    samples = model.sample(measure.n, seed=seed, batch=BATCH)
    values = measured(measure, samples, job.data, options.device, model=model, seed=seed)
    return result_of(
        job,
        None,
        here(options, seconds=time.monotonic() - started),
        values=values,
        weights=finished_weights(job.weights),
    )


def trained(job: Job, config: ModelConfig, options: BenchOptions) -> None:
    """Train the job to its end, from where it stopped."""
    run = RunOptions(
        job.folder,
        device=options.device,
        grid_every=max(1, job.budget // GRIDS),
        keep=1,
        quiet=True,
        command=options.command,
    )
    outcome = train(config, run)
    if outcome.kind == "interrupted":
        raise Interrupted(outcome.exit_code)


def result_of(
    job: Job,
    config: ModelConfig | None,
    made: Provenance,
    *,
    values: Mapping[str, float | None] | None = None,
    weights: str = "",
    diverged: bool = False,
) -> Result:
    """The record of a finished job."""
    return Result(
        ganzoo_result=RESULT_VERSION,
        protocol=job.protocol.name,
        row=job.row.name,
        seed=job.seed,
        diverged=diverged,
        images=made.images,
        budget=job.budget,
        values=values or {},
        n=job.row.measure.n,
        sampling_seed=job.protocol.sampling_seed,
        model=job.model,
        measure=job.measure_hash,
        recipe="" if config is None else hash_of(config),
        weights=weights,
        made=made,
    )


def here(options: BenchOptions, images: int = 0, seconds: float = 0.0) -> Provenance:
    """The provenance of work done now on this machine."""
    return Provenance(
        command=options.command,
        date=datetime.now(UTC).date().isoformat(),
        duration_s=round(seconds, 1),
        images=images,
        data_hash="",
        hardware=hardware(torch.device(options.device)),
        versions=versions(),
        threads=torch.get_num_threads(),
    )


def data_to_measure(job: Job) -> Part:
    """The data set of a job, with its full name where a recipe is resolved."""
    return _resolved(job).recipe.data if job.trains else job.data


def _resolved(job: Job) -> ModelConfig:
    """The job's config, with all parts resolved."""
    return resolve(job.raw, f"protocol {job.protocol.name}: {job}")
