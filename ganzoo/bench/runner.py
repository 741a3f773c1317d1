"""Running a protocol's jobs: each is trained, measured and written before the next."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import torch

from ganzoo.bench import controls
from ganzoo.bench.jobs import Job, digest, jobs_of
from ganzoo.bench.measuring import measured
from ganzoo.bench.progress import BenchProgress
from ganzoo.bench.report import Report
from ganzoo.bench.results import (
    RESULT_VERSION,
    Result,
    diverged_at,
    is_done,
    read_result,
    write_result,
)
from ganzoo.cards import Catalogue
from ganzoo.engine.config import hash_of, resolve, resolve_precision
from ganzoo.engine.run.options import RunOptions
from ganzoo.engine.train import train
from ganzoo.errors import TrainingError, one_line
from ganzoo.hardware import hardware, versions
from ganzoo.specs import (
    GENERATOR_FILE,
    ModelConfig,
    Protocol,
    Provenance,
    read_config,
)
from ganzoo.zoo import load

#: Samples drawn from a generator at once.
BATCH = 500
#: Grids of samples that a training draws on its way.
GRIDS = 4

log = logging.getLogger("ganzoo")


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


def run(protocol: Protocol, options: BenchOptions) -> tuple[Report, int]:
    """Run the jobs that are not done; return the report and the exit code.

    A job that fails becomes a line of the report, and the next begins. Divergence is a result.
    """
    report = Report(protocol, options.folder)
    jobs = jobs_of(
        protocol,
        options.folder,
        only=options.only,
        seeds=options.seeds,
        images=options.images,
    )
    check(jobs, options)
    report.write()  # fails before anything is trained, if it fails
    todo = [job for job in jobs if not is_done(job, read_result(job))]
    with BenchProgress(todo, options.zoo.manager, quiet=options.quiet) as progress:
        if len(todo) < len(jobs):
            progress.say(f"{len(jobs) - len(todo)} of {len(jobs)} were done before")
        for job in todo:
            progress.begin(job)
            try:
                done = is_done(job, read_result(job))
                progress.end(job, "done meanwhile" if done else do(job, options, report))
            except Interrupted as interrupted:
                return report, interrupted.exit_code
            finally:
                report.write()
    for job in todo:
        if str(job) in report.broken and is_done(job, read_result(job)):
            del report.broken[str(job)]  # another process was training it, and has finished
    report.write()
    return report, 1 if report.broken else 0


def check(jobs: Sequence[Job], options: BenchOptions) -> None:
    """Refuse what could not be measured or drawn, among the jobs that can be run here."""
    able = [job for job in jobs if not options.zoo.missing(job.draft)]
    for control in dict.fromkeys(job.row.control for job in able if job.row.control):
        controls.check_control(control)
    for job in {digest(job.row.table.measure): job for job in able}.values():
        job.row.measure.check()
    for job in {
        digest([job.row.table.measure, job.draft.recipe.data]): job for job in able
    }.values():
        job.row.measure.try_out(_resolved(job).recipe.data, options.device)


def _resolved(job: Job) -> ModelConfig:
    """The job's config, with all parts resolved."""
    return resolve(job.raw, f"protocol {job.protocol.name}: {job}")


def do(job: Job, options: BenchOptions, report: Report) -> str:
    """Run one job, or note why it cannot be run; return its outcome in words."""
    if gaps := options.zoo.missing(job.draft):
        report.gaps[job.row.name] = "; ".join(reason for _, reason in gaps)
        return f"not run: {report.gaps[job.row.name]}"
    try:
        result = perform(job, options)
        write_result(job, result)
    except Interrupted:
        raise
    except Exception as error:  # the other jobs continue
        log.debug("%s", job, exc_info=True)
        report.broken[str(job)] = one_line(error)
        return f"broke: {report.broken[str(job)]}"
    return in_words(result)


def perform(job: Job, options: BenchOptions) -> Result:
    """Train, or resume a training, and measure; a control is only measured."""
    config = resolve_precision(_resolved(job), torch.device(options.device))
    measure, data = job.row.measure, config.recipe.data
    if job.row.control:
        samples = controls.drawn(job.row.control, data, measure.n, job.seed)
        values = measured(measure, samples, data, options.device)
        return result_of(job, config, here(options), values=values)
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
    config: ModelConfig,
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
        recipe=hash_of(config),
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


def in_words(result: Result) -> str:
    """A result in one line."""
    if result.diverged:
        return f"diverged at {result.images:,} of {result.budget:,} images"
    figures = ", ".join(
        f"{name} {'none' if value is None else f'{value:.4g}'}"
        for name, value in result.values.items()
    )
    effort = (
        f" ({result.images:,} images, {result.made.duration_s:.0f} s)" if result.weights else ""
    )
    return f"{figures}{effort}"
