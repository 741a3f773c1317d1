"""`ganzoo edit`: samples moved along directions."""

from __future__ import annotations

import math
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
from ganzoo.files import writing

if TYPE_CHECKING:
    from torch import Tensor

    from ganzoo.zoo import Model

#: The file that `ganzoo directions` writes by default.
DIRECTIONS = "directions.safetensors"


class Amount(click.ParamType[tuple[str, float]]):
    """A direction's name and the number of its standard deviations: NAME=2.5."""

    name = "amount"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, float]:
        """The name and the number; click reports other texts."""
        name, _, text = str(value).rpartition("=")
        try:
            amount = float(text)
        except ValueError:
            amount = math.nan
        if not name or not math.isfinite(amount):
            self.fail(f"{value!r}: give a name and a number, such as pca-1=2.5", param, ctx)
        return name, amount


@click.command("edit")
@what_argument
@click.option(
    "--seed",
    type=click.IntRange(0),
    help="Seed of the samples to edit.  [default: 0, unless --latents are given]",
)
@click.option(
    "-n",
    "count",
    type=click.IntRange(1),
    help="Number of the seed's samples.  [default: 1]",
)
@click.option(
    "--latents",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Edit the pictures that `ganzoo invert` found, from its file.",
)
@click.option(
    "--direction",
    "amounts",
    type=Amount(),
    metavar="NAME=2.5",
    multiple=True,
    required=True,
    help="Move along this direction by so many of its standard deviations; can be repeated.",
)
@click.option(
    "--directions",
    "file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help=f"The file of the directions.  [default: {DIRECTIONS}, here or in the model's folder]",
)
@class_option
@truncation_option
@scale_option
@out_option("edited.png", "An image: .png, .jpg, .webp or .bmp; a grid of several.")
@compute_option
def command(
    what: str,
    seed: int | None,
    count: int | None,
    latents: Path | None,
    amounts: tuple[tuple[str, float], ...],
    file: Path | None,
    label: int | str | None,
    truncation: float,
    scale: int,
    out: Path,
    device: str,
) -> None:
    """Move samples of WHAT along directions that `ganzoo directions` found."""
    from ganzoo.errors import UsageError
    from ganzoo.latent import Directions, edit
    from ganzoo.writers.by_kind import pictures_side_by_side
    from ganzoo.writers.frames import check_ending, write_sheet
    from ganzoo.writers.images import columns_for
    from ganzoo.zoo import load

    check_ending(out, films=False)
    if latents is not None and (seed is not None or count is not None):
        raise UsageError("--latents and a seed's samples were given; give one of them")
    model = load(what, device=device)
    config = model.card.require_config()
    directions = Directions.read(file or _beside(model), model)
    points = _points(model, latents, seed or 0, count or 1)
    samples = edit(
        model,
        points,
        directions,
        dict(amounts),
        seed=seed or 0,
        labels=label,
        truncation=truncation,
    )
    pictures = pictures_side_by_side(config.kind, samples, config.legend, "edit")
    with writing(out):
        columns = columns_for(len(pictures), *pictures.shape[2:])
        write_sheet(pictures, columns, out, scale=scale)
    moved = ", ".join(f"{name} {amount:+g}" for name, amount in amounts)
    click.echo(f"{model.card.name}, {moved}: {out}")


def _beside(model: Model) -> Path:
    """The file of directions here or in the model's folder."""
    from ganzoo.errors import UsageError

    for path in (Path(DIRECTIONS), model.card.folder / DIRECTIONS):
        if path.is_file():
            return path
    raise UsageError(
        f"no {DIRECTIONS} here or in {model.card.folder}; run ganzoo directions, or give "
        "--directions"
    )


def _points(model: Model, file: Path | None, seed: int, count: int) -> Tensor:
    """Latents of a seed, or the latents or styles of a file."""
    if file is None:
        return model.latents(count, seed=seed)
    from ganzoo.latent import read_latents

    return read_latents(file, model)
