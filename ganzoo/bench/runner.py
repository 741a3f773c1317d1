"""Running a protocol's jobs: each is done and written before the next."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from ganzoo.bench import controls
from ganzoo.bench.jobs import Job, digest, jobs_of
from ganzoo.bench.performing import BenchOptions, Interrupted, data_to_measure, perform
from ganzoo.bench.progress import BenchProgress
from ganzoo.bench.report import Report
from ganzoo.bench.results import Result, finished_weights, is_done, read_result, write_result
from ganzoo.build import offer_of
from ganzoo.cards import Catalogue
from ganzoo.errors import GanzooError, UsageError, one_line
from ganzoo.interfaces import Dataset
from ganzoo.specs import Protocol

log = logging.getLogger("ganzoo")


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
    if options.images and not any(job.trains for job in jobs):
        raise UsageError("--images is for trainings; this protocol measures finished models")
    able = [job for job in jobs if not gap_of(job, options.zoo)]
    for control in dict.fromkeys(job.row.control for job in able if job.row.control):
        controls.check_control(control)
    for job in {digest(job.row.table.measure): job for job in able}.values():
        job.row.measure.check()
    for job in {digest([job.row.table.measure, job.data]): job for job in able}.values():
        job.row.measure.try_out(data_to_measure(job), options.device)


def gap_of(job: Job, zoo: Catalogue) -> str:
    """Why a job cannot be run here: what it needs is not installed, or not there."""
    if job.trains:
        return "; ".join(reason for _, reason in zoo.missing(job.draft))
    try:
        offer_of(Dataset, job.data.name)
        if job.weights and not finished_weights(job.weights):
            card = zoo.locate(job.weights, weights=False)
            card.require_usable()
            return card.problem or f"{job.weights} is not finished: it has no weights yet"
    except GanzooError as error:
        return one_line(error)
    return ""


def do(job: Job, options: BenchOptions, report: Report) -> str:
    """Run one job, or note why it cannot be run; return its outcome in words."""
    if gap := gap_of(job, options.zoo):
        report.gaps[job.row.name] = gap
        return f"not run: {gap}"
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


def in_words(result: Result) -> str:
    """A result in one line."""
    if result.diverged:
        return f"diverged at {result.images:,} of {result.budget:,} images"
    figures = ", ".join(
        f"{name} {'none' if value is None else f'{value:.4g}'}"
        for name, value in result.values.items()
    )
    shown = f"{result.images:,} images, " if result.images else ""
    effort = f" ({shown}{result.made.duration_s:.0f} s)" if result.weights else ""
    return f"{figures}{effort}"
