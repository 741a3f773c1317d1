"""`ganzoo directions`: directions that change one thing about a model's samples."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ganzoo.cli.parameters import (
    class_option,
    compute_option,
    out_option,
    scale_option,
    truncation_option,
    what_argument,
)
from ganzoo.files import write_text, writing

if TYPE_CHECKING:
    from ganzoo.zoo.requests import Options


@click.command("directions")
@what_argument
@click.option(
    "-k",
    "count",
    type=click.IntRange(1),
    help="Number of directions.  [default: 8, or one for each class with --by label]",
)
@click.option(
    "--by",
    type=click.Choice(["pca", "sefa", "label", "attribute"]),
    default="pca",
    show_default=True,
    help="Principal components, eigenvectors of weights, or differences between the classes or "
    "attributes that the data set's extractor sees.",
)
@click.option(
    "--seed",
    type=click.IntRange(0),
    default=0,
    show_default=True,
    help="Random seed of the samples that are examined, and of the strips' sample.",
)
@class_option
@truncation_option
@scale_option
@click.option(
    "--measure",
    "measured",
    is_flag=True,
    help="Measure what each direction does to what the data set's extractor sees, on 256 samples "
    "of another seed; a table is written beside the file as .json.",
)
@click.option(
    "--reach",
    type=click.FloatRange(0, min_open=True),
    default=3.0,
    show_default=True,
    help="Standard deviations to both ends of strips and of what is measured.",
)
@out_option(
    "directions.safetensors",
    "The file of the directions; a picture of strips is written beside it.",
)
@compute_option
def command(
    what: str,
    count: int | None,
    by: str,
    seed: int,
    label: int | str | None,
    truncation: float,
    scale: int,
    measured: bool,
    reach: float,
    out: Path,
    device: str,
) -> None:
    """Find directions in the latents or styles of WHAT, each with a strip of pictures.

    A strip leads from -3 to 3 standard deviations (--reach) along its direction, with the sample
    of --seed in the middle. `ganzoo edit` moves samples along directions by their names.
    """
    from ganzoo.errors import UsageError
    from ganzoo.latent import directions, measure, strips
    from ganzoo.latent.effects import MEASURED, as_rows
    from ganzoo.terminal import table
    from ganzoo.writers.by_kind import writer_of
    from ganzoo.writers.frames import write_sheet
    from ganzoo.zoo import load

    if out.suffix != ".safetensors":
        raise UsageError(f"{out} must end in .safetensors")
    model = load(what, device=device)
    result = directions(model, count, by=by, seed=seed, label=label)  # type: ignore[arg-type]
    config = model.card.require_config()
    writer, picture = writer_of(config.kind), None
    if writer.side_by_side:
        rows = strips(model, result, reach=reach, seed=seed, labels=label, truncation=truncation)
        picture = writer.pictures(rows.flatten(0, 1), config.legend)
    effects = []
    if measured:
        options: Options = {"labels": label, "truncation": truncation, "seed": seed + 1}
        effects = measure(model, result, reach=reach, **options)
    with writing(out):
        result.save(out)
        if effects:
            about = {"n": MEASURED, "seed": seed + 1, "reach": reach}
            text = json.dumps({**about, "directions": [one.as_json() for one in effects]}, indent=2)
            write_text(out.with_suffix(".json"), f"{text}\n")
        if picture is not None:
            write_sheet(picture, rows.shape[1], out.with_suffix(".png"), scale=scale)
    for number, (name, sigma) in enumerate(
        zip(result.names, result.sigmas.tolist(), strict=True), 1
    ):
        click.echo(f"row {number}  {name}  sigma {sigma:.3g}")
    if effects:
        click.echo(table(*as_rows(effects)))
    beside = "" if picture is None else f" and {out.with_suffix('.png')}"
    click.echo(f"{model.card.name}, {len(result)} directions by {by}: {out}{beside}")
