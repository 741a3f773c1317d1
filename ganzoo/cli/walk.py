"""`ganzoo walk`: a way through a model's latents, as a film or as its kind is written."""

from __future__ import annotations

from pathlib import Path

import click

from ganzoo.cli.parameters import (
    Seeds,
    class_option,
    compute_option,
    show_lines,
    truncation_option,
    what_argument,
)
from ganzoo.files import writing

#: What is written where nobody names a file, and samples are no text.
FILM = "walk.webp"


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
    help="Frames of the film, or samples on the way.  [default: 90, or 8 of a strip or of lines]",
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
@click.option(
    "-o",
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    help="A film (.webp, .gif, or .mp4 with ffmpeg), a strip (.png), or a file of the samples' "
    "kind (.txt, .csv ...).  [default: the terminal for text, else walk.webp]",
)
@compute_option
def command(
    what: str,
    seeds: tuple[int, ...],
    frames: int | None,
    fps: float,
    label: int | str | None,
    truncation: float,
    scale: int | None,
    out: Path | None,
    device: str,
) -> None:
    """Lead through the latents of WHAT: a film that ends where it began, a strip, or lines of text.

    The way is spherical in latents, and straight in the styles of a model that has them. A strip,
    lines and files of the samples' kind lead from the first seed to the last one.
    """
    from ganzoo.latent import walk
    from ganzoo.writers.animation import MOVING
    from ganzoo.writers.by_kind import pictures_of, write_samples, writer_of
    from ganzoo.writers.frames import check_ending, is_picture, write_pictures
    from ganzoo.zoo import load

    model = load(what, device=device)
    config = model.card.require_config()
    writer = writer_of(config.kind)
    check_ending(out or Path(FILM), films=True, also=writer.endings)
    first = writer.lines(model.sample(1, seed=seeds[0]), config.legend) if out is None else None
    film = first is None and (out or Path(FILM)).suffix.lower() in MOVING
    count = frames or (90 if film else 8)
    samples = walk(model, seeds, count, closed=film, labels=label, truncation=truncation)
    ways = f"{model.card.name}, seeds {', '.join(map(str, seeds))}"
    if first is not None:
        show_lines(writer.lines(samples, config.legend) or ())
        click.echo(f"{ways}, {count} steps", err=True)
        return
    out = out or Path(FILM)
    with writing(out):
        if is_picture(out):
            pictures = pictures_of(config.kind, samples, config.legend)
            write_pictures(pictures, out, fps=fps, scale=scale)
        else:
            write_samples(config.kind, samples, out, config.legend)
    what_it_is = (
        f"{count / fps:.3g} s"
        if film
        else f"{count} {'pictures' if is_picture(out) else 'samples'}"
    )
    click.echo(f"{ways}, {what_it_is}: {out}")
