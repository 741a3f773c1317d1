"""`ganzoo check`: whether models are what their cards say, and plugins what they promise."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count as numbers_from
from typing import Any

import click

from ganzoo.cards import Card, catalogue
from ganzoo.cli.parameters import models
from ganzoo.errors import GanzooError, one_line
from ganzoo.specs import CONDITIONS_FILE
from ganzoo.terminal import table

#: What can come of a check, as it is counted.
OUTCOMES = ("ok", "waived", "skipped", "not run", "WRONG")


@dataclass(frozen=True)
class Found:
    """One thing that was checked: what, whether it holds, and the figures behind it.

    `outcome` is `ok`, `WRONG`, `waived`, `skipped` or `not run`: because of what `because` names, a
    check that found something wrong.
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
@click.option("-n", "count", type=click.IntRange(2), help="Only figures of that many samples.")
@click.option("--fast", is_flag=True, help="Leave out checks that train or play as two processes.")
@click.option("--threads", type=click.IntRange(1), help="CPU threads; torch's choice by default.")
@click.option("--json", "as_json", is_flag=True, help="Print for programs.")
def command(
    what: str | None,
    metrics: bool,
    count: int | None,
    fast: bool,
    threads: int | None,
    as_json: bool,
) -> int:
    """Check WHAT: a plugin, by its distribution, or a model (a name, a folder or a run).

    Of a plugin, everything that `ganzoo.testing` checks: its parts, the games they play, its models
    (minutes; --fast leaves out what trains). Of a model, or of all where there is no WHAT: the
    weights' hashes, the fingerprint of their samples and what its card lacks; with --metrics also
    the figures, measured again from the package's statistics of real samples. Exits with 1 where
    something is wrong.
    """
    import torch

    if threads:
        torch.set_num_threads(threads)
    if what and _is_plugin(what):
        if metrics:
            raise click.UsageError(f"--metrics is for models, and {what} is a plugin")
        found = _plugin(what, fast=fast, quiet=as_json)
    else:
        found = list(_models(what, metrics, count))
    if as_json:
        _tell_json(found)
    else:
        _tell(found)
    return 0 if all(one.holds for one in found) else 1


def _is_plugin(what: str) -> bool:
    """Whether a plugin is meant; a model's name goes before a plugin's that is cut short."""
    from ganzoo.testing.collecting import find_plugin

    return find_plugin(catalogue(), what) is not None


def _plugin(what: str, *, fast: bool, quiet: bool) -> list[Found]:
    """All checks of a plugin, each told on stderr as it ends."""
    from ganzoo.testing import Result, checks_of
    from ganzoo.testing.runner import run_planned

    planned = checks_of(what, fast=fast)
    numbers = numbers_from(1)

    def tell(result: Result) -> None:
        number = next(numbers)
        if result.outcome == "not run" and not sys.stderr.isatty() and number < len(planned):
            return  # the table says so
        line = f"{number}/{len(planned)}  {result.subject}  {result.check}  {result.outcome}"
        if not quiet:
            _progress(f"{line}  {result.seconds:.1f} s", last=line.startswith(f"{len(planned)}/"))

    return [
        Found(
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
    """A line on stderr; on a terminal it takes the place of the one before, and goes at last."""
    if not sys.stderr.isatty():
        click.echo(line, err=True)
        return
    room = shutil.get_terminal_size().columns - 1  # a line that wraps could not be taken away
    click.echo(f"\r\x1b[2K{'' if last else line[:room]}", nl=False, err=True)


def _models(what: str | None, metrics: bool, count: int | None) -> Iterator[Found]:
    """All checks of one model, or of all."""
    from ganzoo.testing.collecting import model_named

    for card in [model_named(catalogue(), what)] if what else catalogue().cards:
        try:
            yield from _look(card, metrics, count)
        except GanzooError as error:
            if what:
                raise
            yield Found(card.name, "usable", False, one_line(error))


def _tell(found: list[Found]) -> None:
    """A table of everything; then in full what is wrong, which is too long for a cell.

    With it stands how many checks were not run because of it.
    """
    plugin = any(one.seconds is not None for one in found)
    rows = []
    for one in found:
        said = "see below" if plugin and not one.holds else one.said
        took = "" if one.seconds is None else f"{one.seconds:.2f} s"
        rows.append((one.model, one.check, one.result, *([took] if plugin else []), said))
    header = ["CHECKED" if plugin else "MODEL", "CHECK", "", *([""] if plugin else []), "FOUND"]
    click.echo(table(header, rows))
    if not plugin:
        return
    for one in found:
        if not one.holds:
            click.echo(f"\n{one.model} {one.check}\n  {one.said}")
            if stopped := sum(other.because == f"{one.model} {one.check}" for other in found):
                checks = "another check was" if stopped == 1 else f"{stopped} other checks were"
                click.echo(f"  {checks} not run because of it")
    counts = {word: sum(one.result == word for one in found) for word in OUTCOMES}
    click.echo("\n" + ", ".join(f"{n} {word}" for word, n in counts.items() if n))


def _look(card: Card, metrics: bool, count: int | None) -> Iterator[Found]:
    """All checks of one model."""
    from ganzoo.engine.run.export import fingerprint, off_by
    from ganzoo.measure.sources import ModelSource

    config = card.require_usable()
    yield from _completeness(card)
    if not config.files:
        yield Found(card.name, "recipe", True, "no weights to check")
        return
    source = ModelSource(card.folder)
    model = source.model  # the generator's hash was checked while it was read
    others = [] if model.discriminator is None else ["discriminator.safetensors"]
    if model.labeller.conditions is not None:
        others.append(CONDITIONS_FILE)
    files = ", ".join(["model.safetensors", *others])
    yield Found(card.name, "sha256", True, f"{files} as the card says")
    if claimed := config.fingerprint:
        off = off_by(fingerprint(model.generator, model.labeller), claimed)
        said = f"samples of seed {claimed.seed} within {off:.1g} of {claimed.tolerance:g}"
        yield Found(card.name, "fingerprint", off <= claimed.tolerance, said)
    if metrics:
        yield from _figures(card, source, count)


def _completeness(card: Card) -> Iterator[Found]:
    """What a published card must say and hold; a run that nobody published may lack some of it."""
    from ganzoo.testing.checks import model as checks
    from ganzoo.testing.collecting import checks_of_model
    from ganzoo.testing.runner import run_one

    names = {
        checks.check_card: "complete",
        checks.check_requires: "requires",
        checks.check_no_code: "no code",
        checks.check_parameters: "parameters",
    }
    for planned in checks_of_model(catalogue(), card):
        if planned.function in names:
            found = run_one(planned)
            excused = planned.function is checks.check_card and card.distribution is None
            if found.outcome not in ("skipped", "not run"):
                said = f"to publish it: {found.said}" if excused and not found.holds else found.said
                yield Found(card.name, names[planned.function], found.holds or excused, said)


def _figures(card: Card, source: Any, count: int | None) -> Iterator[Found]:
    """The figures that a card claims, measured again."""
    from ganzoo.measure.claims import contradictions, recheck, unchecked

    config = card.require_config()
    if config.metrics:
        wrong, left = list(contradictions(config)), unchecked(config)
        said = "as the checks below" + (f"; not checked: {', '.join(left)}" if left else "")
        yield Found(card.name, "figures", not wrong, "; ".join(wrong) or said)
    checks = [one for one in config.checks if count in (None, one.n)]
    if not checks:
        wanted = f" of {count:,} samples" if count else ""
        yield Found(card.name, "metrics", False, f"the card claims no figures{wanted}")
    for check in checks:
        for one in recheck(check, source):
            if one.away:
                yield Found(card.name, one.name, True, one.away, "skipped")
                continue
            said = (
                f"{one.found:.5g}, claimed {one.claimed:.5g} ± {one.tolerance:.2g} "
                f"(n = {one.n:,}, seed {check.seed})"
            )
            yield Found(card.name, one.name, one.holds, said)


def _tell_json(found: list[Found]) -> None:
    from ganzoo.specs import write_record
    from ganzoo.specs.reading import to_json

    told = [{**write_record(one), "outcome": one.result} for one in found]
    click.echo(to_json(told), nl=False)
