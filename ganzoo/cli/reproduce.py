"""`ganzoo reproduce`: train a published model again from its card, and compare."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ganzoo.cards import catalogue
from ganzoo.cli.parameters import device_option, json_option, what_argument
from ganzoo.terminal import table

if TYPE_CHECKING:
    from ganzoo.publish.reproduce import Reproduction


#: The most threads that a card may ask for. More threads than the machine has are slower and give
#: the same bits.
MOST_THREADS = 256


@click.command("reproduce")
@what_argument
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder of the new run.  [default: runs/NAME-again]",
)
@click.option("--exact", is_flag=True, help="Accept only equal bytes.")
@click.option("--tolerance", type=click.FloatRange(0), help="How much the first figure may differ.")
@device_option
@click.option("--threads", type=click.IntRange(1), help="CPU threads; by default the card's.")
@json_option
@click.option("--quiet", is_flag=True, help="Show no progress.")
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

    First the weights are compared bit for bit; if they differ, the samples of fixed latents with
    the card's fingerprint; if those differ, the card's first figure is measured again, and may
    differ as much as another training seed's. Exits with 0 if a comparison holds, else with 1. Run
    the same command again to continue where it stopped.
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
    new = reproduce(
        card,
        RunOptions(
            out or Path("runs") / f"{card.name}-again",
            device=str(usable_device(own_device(device))),
            quiet=quiet or as_json,
            command=shlex.join(["ganzoo", *sys.argv[1:]]),
        ),
        tolerance=tolerance,
    )
    if new.outcome.exit_code:
        stopped = f"stopped at {new.outcome.images:,} images and saved"
        click.echo(f"{stopped}; run the same command again to continue", err=True)
        return new.outcome.exit_code
    holds = new.exact if exact else new.holds
    click.echo(_data(card.name, new, holds) if as_json else _text(card.name, new, holds))
    return 0 if holds else 1


def _text(name: str, new: Reproduction, holds: bool) -> str:
    """The comparisons and the verdict."""
    rows = [(one.what, "same" if one.holds else "OTHER", one.result) for one in new.comparisons]
    last = new.comparisons[-1].what if new.comparisons else "nothing"
    how = "bit for bit" if new.exact else f"by its {last}"
    result = f"reproduced, {how}" if holds else "NOT reproduced"
    result += "" if new.same_data else ", from OTHER data than the card's"
    lines = [table(("COMPARED", "", "FOUND"), [("data", "", new.data), *rows]), ""]
    return "\n".join([*lines, f"{name} {result}: {new.outcome.export}"])


def _data(name: str, new: Reproduction, holds: bool) -> str:
    """The same as JSON."""
    compared = [
        {"what": one.what, "holds": one.holds, "found": one.result} for one in new.comparisons
    ]
    return json.dumps(
        {
            "model": name,
            "reproduced": holds,
            "exact": new.exact,
            "data": new.data,
            "compared": compared,
            "export": str(new.outcome.export),
        },
        indent=2,
    )
