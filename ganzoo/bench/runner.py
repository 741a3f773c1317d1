"""Doing a protocol's jobs: each trained, measured and written down before the next."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import torch

from ganzoo.bench import controls
from ganzoo.bench.display import BenchDisplay
from ganzoo.bench.divergence import diverged_at
from ganzoo.bench.jobs import Job, digest, jobs_of
from ganzoo.bench.measures import (
    check_measure,
    measure_named,
    measured,
    sample_count,
    try_measure,
)
from ganzoo.bench.report import Report
from ganzoo.bench.results import (
    RESULT_VERSION,
    Result,
    is_done,
    measure_hash,
    read_result,
    write_result,
)
from ganzoo.cards import Catalogue
from ganzoo.engine.prepare import hash_of, resolve, resolve_precision
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
    """Which of a protocol's jobs are done, where and how.

    `only` holds shell patterns of entries, `seeds` None is the protocol's number, `images` None
    its budget. `command` is told in the results.
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
    """A training was asked to stop, and saved."""

    def __init__(self, exit_code: int) -> None:
        super().__init__(exit_code)
        self.exit_code = exit_code


def run(protocol: Protocol, options: BenchOptions) -> tuple[Report, int]:
    """Do the jobs that are not done, and say what is there then, with the exit code.

    A job that breaks becomes a line of the report and the next begins. What diverges is a result.
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
    report.write()  # what cannot be written, or laid out, is told before anything is trained
    todo = [job for job in jobs if not is_done(job, read_result(job))]
    with BenchDisplay(todo, options.zoo.manager, quiet=options.quiet) as display:
        if len(todo) < len(jobs):
            display.say(f"{len(jobs) - len(todo)} of {len(jobs)} were done before")
        for job in todo:
            display.begin(job)
            try:
                elsewhere = is_done(job, read_result(job))
                display.end(job, "done meanwhile" if elsewhere else do(job, options, report))
            except Interrupted as asked:
                return report, asked.exit_code
            finally:
                report.write()
    for job in todo:
        if str(job) in report.broken and is_done(job, read_result(job)):
            del report.broken[str(job)]  # another process was at it, and has done it
    report.write()
    return report, 1 if report.broken else 0


def check(jobs: Sequence[Job], options: BenchOptions) -> None:
    """Refuse what could not be measured, or drawn, of the jobs that can be done here."""
    able = [job for job in jobs if not options.zoo.missing(job.draft)]
    for control in dict.fromkeys(job.row.control for job in able if job.row.control):
        controls.check_control(control)
    for part in {digest(job.measure): job.measure for job in able}.values():
        check_measure(part)
    for job in {digest([job.measure, job.draft.recipe.data]): job for job in able}.values():
        if measure_named(job.measure).attempt is not None:
            data = resolve(job.raw, f"protocol {job.protocol.name}: {job}").recipe.data
            try_measure(job.measure, data, options.device)


def do(job: Job, options: BenchOptions, report: Report) -> str:
    """Do one job, or note why it cannot be done; returns what to say of it."""
    if gaps := options.zoo.missing(job.draft):
        report.gaps[job.row.name] = "; ".join(reason for _, reason in gaps)
        return f"not run: {report.gaps[job.row.name]}"
    try:
        result = perform(job, options)
        write_result(job, result)
    except Interrupted:
        raise
    except Exception as error:  # whatever it is, the other jobs go on
        log.debug("%s", job, exc_info=True)
        report.broken[str(job)] = one_line(error)
        return f"broke: {report.broken[str(job)]}"
    return said(result)


def perform(job: Job, options: BenchOptions) -> Result:
    """Train, or go on where a training stopped, and measure; of a control there is no training."""
    asked = resolve(job.raw, f"protocol {job.protocol.name}: {job}")
    config = resolve_precision(asked, torch.device(options.device))
    count, data = sample_count(job.measure), config.recipe.data
    if job.row.control:
        samples = controls.drawn(job.row.control, data, count, job.seed)
        values = measured(job.measure, samples, data, options.device)
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
    samples = model.sample(count, seed=job.protocol.sampling_seed, batch=BATCH)
    return result_of(
        job,
        config,
        done.provenance or here(options, job.budget),
        values=measured(
            job.measure,
            samples,
            data,
            options.device,
            model=model,
            seed=job.protocol.sampling_seed,
        ),
        weights=done.files[GENERATOR_FILE].sha256,
    )


def trained(job: Job, config: ModelConfig, options: BenchOptions) -> None:
    """Let the engine bring the job's training to its end, wherever it stands."""
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
    """The record of a job that was done."""
    return Result(
        ganzoo_result=RESULT_VERSION,
        protocol=job.protocol.name,
        row=job.row.name,
        seed=job.seed,
        diverged=diverged,
        images=made.images,
        budget=job.budget,
        values=values or {},
        n=sample_count(job.measure),
        sampling_seed=job.protocol.sampling_seed,
        model=job.model,
        measure=measure_hash(job),
        recipe=hash_of(config),
        weights=weights,
        made=made,
    )


def here(options: BenchOptions, images: int = 0, seconds: float = 0.0) -> Provenance:
    """What is done on this machine now."""
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


def said(result: Result) -> str:
    """A result in one line."""
    if result.diverged:
        return f"diverged at {result.images:,} of {result.budget:,} images"
    figures = ", ".join(
        f"{name} {'none' if value is None else f'{value:.4g}'}"
        for name, value in result.values.items()
    )
    spent = f" ({result.images:,} images, {result.made.duration_s:.0f} s)" if result.weights else ""
    return f"{figures}{spent}"
