"""`ganzoo sample`: draw samples from a model."""

from __future__ import annotations

from pathlib import Path

import click

from ganzoo.cli.completion import models


@click.command("sample")
@click.argument("what", shell_complete=models)
@click.option(
    "-n", "count", type=click.IntRange(1), default=64, show_default=True, help="How many samples."
)
@click.option(
    "--seed",
    type=click.IntRange(0),
    default=0,
    show_default=True,
    help="The same seed draws the same samples.",
)
@click.option("--label", type=int, help="Class of all samples, for a conditional model.")
@click.option(
    "--truncation",
    type=click.FloatRange(0),
    default=1.0,
    show_default=True,
    help="Below 1, less variety and more typical samples.",
)
@click.option(
    "-o",
    "--out",
    type=click.Path(path_type=Path),
    help="A grid (samples.png), or a folder (samples/).  [default: a grid, where the kind has one]",
)
@click.option("--device", default="cpu", show_default=True, help="cpu, cuda, cuda:1 ...")
def command(
    what: str,
    count: int,
    seed: int,
    label: int | None,
    truncation: float,
    out: Path | None,
    device: str,
) -> None:
    """Draw samples from WHAT into a grid or a folder.

    WHAT is a name, a folder, a run or hf-hub:OWNER/REPO[@REVISION].
    """
    from ganzoo.errors import GanzooError
    from ganzoo.parts import PICTURES, write_samples
    from ganzoo.zoo import load

    model = load(what, device=device)
    drawn = model.sample(count, seed=seed, labels=label, truncation=truncation)
    kind = model.card.require_config().kind
    if out is None:
        out = Path("samples.png" if kind in PICTURES else "samples")
    try:
        written = write_samples(kind, drawn, out)
    except OSError as error:
        raise GanzooError(f"{out} cannot be written: {error.strerror or error}") from None
    where = written[0] if len(written) == 1 else f"{out}/ ({len(written)} files)"
    click.echo(f"{count} samples of {model.card.name}, seed {seed}: {where}")
