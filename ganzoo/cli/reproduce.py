"""`ganzoo reproduce`: train a published model again from its card, and compare."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ganzoo.cards import catalogue
from ganzoo.cli.parameters import models
from ganzoo.terminal import table

if TYPE_CHECKING:
    from ganzoo.publish.reproduce import Verdict


#: More threads than a machine has give the same bits as where there were so many, only later; this
#: bounds what a stranger's card may ask for.
MOST_THREADS = 256


@click.command("reproduce")
@click.argument("what", shell_complete=models)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="The new run's folder.  [default: runs/NAME-again]",
)
@click.option("--exact", is_flag=True, help="Nothing but equal bytes will do.")
@click.option("--tolerance", type=click.FloatRange(0), help="How far the first figure may be off.")
@click.option("--device", help="cpu, cuda, cuda:1 ...; the first GPU where there is one.")
@click.option("--threads", type=click.IntRange(1), help="CPU threads; the card's by default.")
@click.option("--json", "as_json", is_flag=True, help="The verdict for programs.")
@click.option("--quiet", is_flag=True, help="No progress.")
def command(
    what: str,
    out: Path | None,
    exact: bool,
    tolerance: float | None,
    device: str | None,
    threads: int | None,
    as_json: bool,
    quiet: bool,
) -> int:
    """Train WHAT (a name, a folder or hf-hub:...) again from its card, and compare.

    Weights are compared bit for bit, else the samples of fixed latents by the card's fingerprint,
    else the card's first figure, measured again: it may lie as far from the card's as another
    training seed's. Exits with 0 where one of them holds, else with 1. The same command goes on
    where it stopped.
    """
    from ganzoo.engine.run.process import tune_allocator, tune_cuda

    tune_allocator()
    tune_cuda()
    import torch

    from ganzoo.engine.run.options import RunOptions
    from ganzoo.hardware import own_device, usable_device
    from ganzoo.publish.reproduce import reproduce

    card = catalogue().locate(what, weights=False)  # its hashes and figures are enough
    made = card.require_config().provenance
    if used := threads or (made.threads if made else None):
        torch.set_num_threads(used if threads else min(max(used, 1), MOST_THREADS))
    verdict = reproduce(
        card,
        RunOptions(
            out or Path("runs") / f"{card.name}-again",
            device=str(usable_device(own_device(device))),
            quiet=quiet or as_json,
            command=shlex.join(["ganzoo", *sys.argv[1:]]),
        ),
        tolerance=tolerance,
    )
    if verdict.outcome.exit_code:
        said = f"stopped at {verdict.outcome.images:,} images and saved"
        click.echo(f"{said}; the same command goes on from here", err=True)
        return verdict.outcome.exit_code
    holds = verdict.exact if exact else verdict.holds
    click.echo(_data(card.name, verdict, holds) if as_json else _text(card.name, verdict, holds))
    return 0 if holds else 1


def _text(name: str, verdict: Verdict, holds: bool) -> str:
    """What was compared, and the verdict."""
    rows = [(one.what, "same" if one.holds else "OTHER", one.said) for one in verdict.comparisons]
    last = verdict.comparisons[-1].what if verdict.comparisons else "nothing"
    how = "bit for bit" if verdict.exact else f"by its {last}"
    said = f"reproduced, {how}" if holds else "NOT reproduced"
    said += "" if verdict.same_data else ", from OTHER data than the card's"
    lines = [table(("COMPARED", "", "FOUND"), [("data", "", verdict.data), *rows]), ""]
    return "\n".join([*lines, f"{name} {said}: {verdict.outcome.export}"])


def _data(name: str, verdict: Verdict, holds: bool) -> str:
    """The same as JSON."""
    compared = [
        {"what": one.what, "holds": one.holds, "found": one.said} for one in verdict.comparisons
    ]
    return json.dumps(
        {
            "model": name,
            "reproduced": holds,
            "exact": verdict.exact,
            "data": verdict.data,
            "compared": compared,
            "export": str(verdict.outcome.export),
        },
        indent=2,
    )
