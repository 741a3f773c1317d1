"""`ganzoo check`: whether models match their cards, and plugins keep their promises."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count as numbers_from
from typing import TYPE_CHECKING, cast

import click

from ganzoo.cards import Card, catalogue
from ganzoo.cli.parameters import json_option, models, threads_option
from ganzoo.errors import GanzooError, one_line
from ganzoo.terminal import table

if TYPE_CHECKING:
    from ganzoo.testing.subjects import ModelSubject

#: The outcomes of a check, in the order in which they are counted.
OUTCOMES = ("ok", "waived", "skipped", "not run", "WRONG")
#: The kit's checks of a model, as this command has always called them.
MODEL_CHECKS = {
    "check_card": "complete",
    "check_requires": "requires",
    "check_files": "sha256",
    "check_no_code": "no code",
    "check_parameters": "parameters",
    "check_fingerprint": "fingerprint",
}


@dataclass(frozen=True)
class Finding:
    """One check: its subject, whether it holds, and the facts behind it.

    `outcome` is `ok`, `WRONG`, `waived`, `skipped` or `not run`; `because` names the failed check
    that kept another from running.
    """

    model: str
    check: str
    holds: bool
    said: str
    outcome: str = ""
    seconds: float | None = None
    because: str = ""

    @property
    def result(self) -> str:
        """In one word."""
        return self.outcome or ("ok" if self.holds else "WRONG")


@click.command("check")
@click.argument("what", required=False, shell_complete=models)
@click.option("--metrics", is_flag=True, help="Measure the card's figures again.")
@click.option(
    "-n", "count", type=click.IntRange(2), help="Measure only figures of this many samples."
)
@click.option(
    "--fast", is_flag=True, help="Skip checks that train, export or play as two processes."
)
@threads_option
@json_option
def command(
    what: str | None,
    metrics: bool,
    count: int | None,
    fast: bool,
    threads: int | None,
    as_json: bool,
) -> int:
    """Check WHAT: a plugin, by its distribution, or a model (a name, a folder or a run).

    A plugin gets every check of `ganzoo.testing`: its parts, the games they play, its models. This
    takes minutes; --fast skips what trains. A model, or every model without WHAT, gets the checks
    of its card, its weights' hashes and the fingerprint of its samples; with --metrics its figures
    are measured again from the package's statistics of real samples. Exits with 1 if anything is
    wrong.
    """
    import torch

    if threads:
        torch.set_num_threads(threads)
    if what and _is_plugin(what):
        if metrics:
            raise click.UsageError(f"--metrics is for models, and {what} is a plugin")
        findings = _check_plugin(what, fast=fast, quiet=as_json)
    else:
        findings = list(_check_models(what, metrics, count))
    if as_json:
        _print_json(findings)
    else:
        _print(findings)
    return 0 if all(one.holds for one in findings) else 1


def _is_plugin(what: str) -> bool:
    """Whether WHAT is a plugin; a model's name takes precedence over a plugin's short name."""
    from ganzoo.testing.collecting import find_plugin

    return find_plugin(catalogue(), what) is not None


def _check_plugin(what: str, *, fast: bool, quiet: bool) -> list[Finding]:
    """All checks of a plugin, each reported on stderr as it ends."""
    from ganzoo.testing import Result, checks_of
    from ganzoo.testing.runner import run_planned

    planned = checks_of(what, fast=fast)
    numbers = numbers_from(1)

    def tell(result: Result) -> None:
        number = next(numbers)
        if result.outcome == "not run" and not sys.stderr.isatty() and number < len(planned):
            return  # the table shows it
        line = f"{number}/{len(planned)}  {result.subject}  {result.check}  {result.outcome}"
        if not quiet:
            _progress(f"{line}  {result.seconds:.1f} s", last=line.startswith(f"{len(planned)}/"))

    return [
        Finding(
            one.subject,
            one.check,
            one.holds,
            one.said,
            one.outcome,
            round(one.seconds, 3),
            one.because,
        )
        for one in run_planned(planned, tell=tell)
    ]


def _progress(line: str, *, last: bool) -> None:
    """A line on stderr; on a terminal it replaces the one before, and the last one disappears."""
    if not sys.stderr.isatty():
        click.echo(line, err=True)
        return
    room = shutil.get_terminal_size().columns - 1  # a line that wraps could not be cleared
    click.echo(f"\r\x1b[2K{'' if last else line[:room]}", nl=False, err=True)


def _check_models(what: str | None, metrics: bool, count: int | None) -> Iterator[Finding]:
    """All checks of one model, or of every model."""
    from ganzoo.testing.collecting import model_named

    for card in [model_named(catalogue(), what)] if what else catalogue().cards:
        try:
            yield from _check_model(card, metrics, count)
        except GanzooError as error:
            if what:
                raise
            yield Finding(card.name, "usable", False, one_line(error))


def _print(findings: list[Finding]) -> None:
    """A table of all findings; then the wrong ones in full, which are too long for a cell.

    Each comes with the number of checks that were not run because of it.
    """
    plugin = any(one.seconds is not None for one in findings)
    rows = []
    for one in findings:
        text = "see below" if plugin and not one.holds else one.said
        seconds = "" if one.seconds is None else f"{one.seconds:.2f} s"
        rows.append((one.model, one.check, one.result, *([seconds] if plugin else []), text))
    header = ["CHECKED" if plugin else "MODEL", "CHECK", "", *([""] if plugin else []), "FOUND"]
    click.echo(table(header, rows))
    if not plugin:
        return
    for one in findings:
        if not one.holds:
            click.echo(f"\n{one.model} {one.check}\n  {one.said}")
            if stopped := sum(other.because == f"{one.model} {one.check}" for other in findings):
                checks = "another check was" if stopped == 1 else f"{stopped} other checks were"
                click.echo(f"  {checks} not run because of it")
    counts = {word: sum(one.result == word for one in findings) for word in OUTCOMES}
    click.echo("\n" + ", ".join(f"{n} {word}" for word, n in counts.items() if n))


def _check_model(card: Card, metrics: bool, count: int | None) -> Iterator[Finding]:
    """The kit's checks of one model, and its figures; a run may lack what publishing requires."""
    from ganzoo.testing.checks.model import check_card, check_files
    from ganzoo.testing.collecting import checks_of_model
    from ganzoo.testing.runner import run_planned

    config = card.require_usable()
    planned, intact = checks_of_model(catalogue(), card), True
    for result in run_planned(planned):
        if result.outcome in ("skipped", "not run"):
            continue
        label, text = MODEL_CHECKS[result.check], result.said
        excused = result.check == check_card.__name__ and card.distribution is None
        if excused and not result.holds:
            text = f"to publish it: {text}"
        intact &= result.holds or result.check != check_files.__name__
        yield Finding(card.name, label, result.holds or excused, text)
    if not config.files:
        yield Finding(card.name, "recipe", True, "no weights to check")
    elif metrics and intact:  # altered weights cannot be loaded
        yield from _figures(cast("ModelSubject", planned[0].subject), count)


def _figures(subject: ModelSubject, count: int | None) -> Iterator[Finding]:
    """The figures that a card claims, measured again."""
    from ganzoo.measure.recheck import contradictions, recheck, unchecked
    from ganzoo.measure.sources import ModelSource

    card, config = subject.card, subject.card.require_config()
    if config.metrics:
        wrong, others = list(contradictions(config)), unchecked(config)
        text = "as the checks below" + (f"; not checked: {', '.join(others)}" if others else "")
        yield Finding(card.name, "figures", not wrong, "; ".join(wrong) or text)
    checks = [one for one in config.checks if count in (None, one.n)]
    if not checks:
        wanted = f" of {count:,} samples" if count else ""
        yield Finding(card.name, "metrics", False, f"the card claims no figures{wanted}")
    source = ModelSource(subject.model)
    for check in checks:
        for verdict in recheck(check, source):
            if verdict.unavailable:
                yield Finding(card.name, verdict.name, True, verdict.unavailable, "skipped")
                continue
            text = (
                f"{verdict.measured:.5g}, claimed {verdict.claimed:.5g} ± {verdict.tolerance:.2g} "
                f"(n = {verdict.n:,}, seed {check.seed})"
            )
            yield Finding(card.name, verdict.name, verdict.holds, text)


def _print_json(findings: list[Finding]) -> None:
    from ganzoo.specs import write_record
    from ganzoo.specs.reading import to_json

    records = [{**write_record(one), "outcome": one.result} for one in findings]
    click.echo(to_json(records), nl=False)
