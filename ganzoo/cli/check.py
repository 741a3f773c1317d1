"""`ganzoo check`: whether models are what their cards say."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import click

from ganzoo.cards import Card, catalogue
from ganzoo.cli.completion import models
from ganzoo.cli.tables import table
from ganzoo.errors import GanzooError, one_line


@dataclass(frozen=True)
class Found:
    """One thing that was checked: what, whether it holds, and the figures behind it."""

    model: str
    check: str
    holds: bool
    said: str


@click.command("check")
@click.argument("what", required=False, shell_complete=models)
@click.option("--metrics", is_flag=True, help="Measure the card's figures again.")
@click.option("-n", "count", type=click.IntRange(2), help="Only figures of that many samples.")
@click.option("--threads", type=click.IntRange(1), help="CPU threads; torch's choice by default.")
@click.option("--json", "as_json", is_flag=True, help="Print for programs.")
def command(
    what: str | None, metrics: bool, count: int | None, threads: int | None, as_json: bool
) -> int:
    """Check that WHAT (a name, a folder or a run; else all models) is what its card says.

    The weights' hashes and the fingerprint of their samples; with --metrics also the figures,
    measured again from the package's statistics of real samples. Exits with 1 where one is off.
    """
    import torch

    if threads:
        torch.set_num_threads(threads)
    cards = [catalogue().locate(what)] if what else catalogue().cards
    found = []
    for card in cards:
        try:
            found += list(_look(card, metrics, count))
        except GanzooError as error:
            if what:
                raise
            found.append(Found(card.name, "usable", False, one_line(error)))
    if as_json:
        _tell_json(found)
    else:
        rows = [(one.model, one.check, "ok" if one.holds else "WRONG", one.said) for one in found]
        click.echo(table(["MODEL", "CHECK", "", "FOUND"], rows))
    return 0 if all(one.holds for one in found) else 1


def _look(card: Card, metrics: bool, count: int | None) -> Iterator[Found]:
    """All checks of one model."""
    from ganzoo.engine.export import fingerprint
    from ganzoo.evaluation.sources import ModelSource

    config = card.require_usable()
    if not config.files:
        yield Found(card.name, "recipe", True, "no weights to check")
        return
    source = ModelSource(card.folder)
    model = source.model  # the generator's hash was checked while it was read
    others = [] if model.discriminator is None else ["discriminator.safetensors"]
    files = ", ".join(["model.safetensors", *others])
    yield Found(card.name, "sha256", True, f"{files} as the card says")
    if claimed := config.fingerprint:
        found = fingerprint(model.generator)
        off = max(abs(a - b) for a, b in zip(_numbers(found), _numbers(claimed), strict=True))
        said = f"samples of seed {claimed.seed} within {off:.1g} of {claimed.tolerance:g}"
        yield Found(card.name, "fingerprint", off <= claimed.tolerance, said)
    if metrics:
        yield from _figures(card, source, count)


def _figures(card: Card, source: Any, count: int | None) -> Iterator[Found]:
    """The figures that a card claims, measured again."""
    from ganzoo.evaluation.claims import recheck
    from ganzoo.evaluation.figures import BY_KEY

    checks = [one for one in card.require_config().checks if count in (None, one.n)]
    if not checks:
        wanted = f" of {count:,} samples" if count else ""
        yield Found(card.name, "metrics", False, f"the card claims no figures{wanted}")
    for check in checks:
        for one in recheck(check, source):
            figure = BY_KEY[one.key]
            said = (
                f"{one.found:.5g}, claimed {one.claimed:.5g} ± {one.tolerance:.2g} "
                f"(n = {one.n:,}, seed {check.seed})"
            )
            yield Found(card.name, figure.name(one.extractor), one.holds, said)


def _numbers(fingerprint: Any) -> tuple[float, ...]:
    return (fingerprint.mean, fingerprint.std, *fingerprint.means)


def _tell_json(found: list[Found]) -> None:
    from ganzoo.specs import write_record
    from ganzoo.specs.reading import to_json

    click.echo(to_json([write_record(one) for one in found]), nl=False)
