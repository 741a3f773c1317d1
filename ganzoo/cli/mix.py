"""`ganzoo mix`: the styles of some samples in others, or a grid between samples."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ganzoo.cli.parameters import (
    Seeds,
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


class Layers(click.ParamType[tuple[int, ...]]):
    """Layers such as 0-3 or 0,2,5-7."""

    name = "layers"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, ...]:
        """The numbers of the layers, each once; click reports other texts."""
        numbers: set[int] = set()
        for word in str(value).split(","):
            first, dash, last = word.strip().partition("-")
            ends = (first, last if dash else first)
            whole = all(end.isdecimal() and len(end) < 5 for end in ends)
            if not whole or int(ends[1]) < int(ends[0]):
                self.fail(f"{value!r}: give layers such as 0-3 or 0,2,5-7", param, ctx)
            numbers.update(range(int(ends[0]), int(ends[1]) + 1))
        return tuple(sorted(numbers))


@click.command("mix")
@what_argument
@click.option(
    "--seeds",
    type=Seeds(),
    metavar="A,B,...",
    default="1,2,3,4",
    show_default=True,
    help="Seeds whose first samples are mixed; 2 to 4 for a model without styles.",
)
@click.option(
    "--layers",
    type=Layers(),
    metavar="A-B",
    help="Layers that come from the row's sample, for a model with styles.  [default: the first "
    "half]",
)
@click.option(
    "--steps",
    type=click.IntRange(2, 64),
    default=7,
    show_default=True,
    help="Samples along a side of the grid, for a model without styles.",
)
@class_option
@truncation_option
@scale_option
@out_option("mix.png", "An image: .png, .jpg, .webp or .bmp.")
@compute_option
def command(
    what: str,
    seeds: tuple[int, ...],
    layers: tuple[int, ...] | None,
    steps: int,
    label: int | str | None,
    truncation: float,
    scale: int,
    out: Path,
    device: str,
) -> None:
    """Mix the samples of several seeds of WHAT into a grid.

    If the model has styles, the sample of each column takes some layers' styles from the sample of
    each row; the seeds' own samples are above and to the left. Otherwise the grid leads from
    corner to corner between the samples of 2 to 4 seeds.
    """
    from ganzoo.interfaces import StyleGenerator
    from ganzoo.latent import mix
    from ganzoo.writers.by_kind import pictures_side_by_side
    from ganzoo.writers.frames import check_ending, write_sheet
    from ganzoo.zoo import load

    check_ending(out, films=False)
    model = load(what, device=device)
    config = model.card.require_config()
    samples = mix(model, seeds, layers, steps=steps, labels=label, truncation=truncation)
    if isinstance(model.generator, StyleGenerator):
        samples = with_headers(samples)
    pictures = pictures_side_by_side(
        config.kind, samples.flatten(0, 1), config.legend, "a grid of mixtures"
    )
    with writing(out):
        write_sheet(pictures, samples.shape[1], out, scale=scale)
    click.echo(f"{model.card.name}, seeds {', '.join(map(str, seeds))}: {out}")


def with_headers(samples: Tensor) -> Tensor:
    """Mixtures [K, K, *S] -> [K + 1, K + 1, *S], below and beside their diagonal; first black."""
    import torch

    originals = samples.diagonal().movedim(-1, 0)
    below = torch.cat([originals[:, None], samples], 1)
    above = torch.cat([torch.full_like(originals[:1], -1), originals])
    return torch.cat([above[None], below])
