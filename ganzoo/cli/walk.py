"""`ganzoo walk`: a film of a way through a model's latents."""

from __future__ import annotations

from pathlib import Path

import click

from ganzoo.cli.parameters import (
    Seeds,
    class_option,
    compute_option,
    out_option,
    truncation_option,
    what_argument,
)
from ganzoo.files import writing


@click.command("walk")
@what_argument
@click.option(
    "--seeds",
    type=Seeds(),
    metavar="A,B,...",
    default="1,2,3",
    show_default=True,
    help="Seeds whose first samples the way passes.",
)
@click.option(
    "--frames",
    type=click.IntRange(2),
    help="Frames of the film, or pictures of the strip.  [default: 90, or 8 of a strip]",
)
@click.option(
    "--fps",
    type=click.FloatRange(1, 120),
    default=30,
    show_default=True,
    help="Frames in a second.",
)
@class_option
@truncation_option
@click.option(
    "--scale",
    type=click.IntRange(1, 64),
    help="Enlarge pictures: each pixel becomes a square with this side.  [default: 1; films "
    "of small pictures get a side of 256 or more]",
)
@out_option("walk.webp", "A film (.webp, .gif, or .mp4 with ffmpeg), or a strip (.png).")
@compute_option
def command(
    what: str,
    seeds: tuple[int, ...],
    frames: int | None,
    fps: float,
    label: int | str | None,
    truncation: float,
    scale: int | None,
    out: Path,
    device: str,
) -> None:
    """Make a film of a way through the latents of WHAT, which ends where it began.

    The way is spherical in latents, and straight in the styles of a model that has them. A strip
    shows pictures from the first seed to the last one in a row.
    """
    from ganzoo.latent import walk
    from ganzoo.writers.animation import MOVING
    from ganzoo.writers.frames import check_ending, pictures_of, write_pictures
    from ganzoo.zoo import load

    check_ending(out, films=True)
    film = out.suffix.lower() in MOVING
    model = load(what, device=device)
    count = frames or (90 if film else 8)
    samples = walk(model, seeds, count, closed=film, labels=label, truncation=truncation)
    pictures = pictures_of(model.card.require_config().kind, samples)
    with writing(out):
        write_pictures(pictures, out, fps=fps, scale=scale)
    what_it_is = f"{count / fps:.3g} s" if film else f"{count} pictures"
    click.echo(f"{model.card.name}, seeds {', '.join(map(str, seeds))}, {what_it_is}: {out}")
