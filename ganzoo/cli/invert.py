"""`ganzoo invert`: the latents that draw given pictures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ganzoo.cli.parameters import compute_option, number_or_name, out_option, what_argument
from ganzoo.files import writing

if TYPE_CHECKING:
    from torch import Tensor

    from ganzoo.zoo import Model


@click.command("invert")
@what_argument
@click.argument(
    "images",
    nargs=-1,
    required=True,
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
)
@click.option(
    "--label",
    callback=lambda ctx, param, text: None if text is None else number_or_name(text),
    help="Class of all images, by number or name; required for a conditional model.",
)
@click.option(
    "--starts",
    type=click.IntRange(1, 64),
    default=4,
    show_default=True,
    help="Samples from which the search begins.",
)
@click.option(
    "--steps",
    type=click.IntRange(1),
    default=200,
    show_default=True,
    help="Steps of the search.",
)
@click.option(
    "--seed",
    type=click.IntRange(0),
    default=0,
    show_default=True,
    help="Random seed of the samples from which the search begins.",
)
@out_option(
    "latents.safetensors",
    "The file of the latents; a picture of images above drawings is written beside it.",
)
@compute_option
def command(
    what: str,
    images: tuple[Path, ...],
    label: int | str | None,
    starts: int,
    steps: int,
    seed: int,
    out: Path,
    device: str,
) -> None:
    """Search for the latents or styles with which WHAT draws IMAGES.

    Images must have the size that the model draws. PSNR says how close each drawing comes: above
    25 dB it is hard to tell from the image. `ganzoo edit --latents` moves what was found.
    """
    import torch

    from ganzoo.data.devices import as_bytes
    from ganzoo.errors import UsageError
    from ganzoo.latent import invert
    from ganzoo.writers.frames import write_sheet
    from ganzoo.zoo import load

    if out.suffix != ".safetensors":
        raise UsageError(f"{out} must end in .safetensors")
    model = load(what, device=device)
    wanted = read_images(model, images)
    found = invert(model, wanted, labels=label, starts=starts, steps=steps, seed=seed)
    given = {"styles" if found.points.dim() == 3 else "latents": found.points}
    drawn = model.sample(labels=label, seed=seed, **given)  # type: ignore[call-overload]
    with writing(out):
        found.save(out)
        pairs = as_bytes(torch.cat([wanted, drawn]))
        write_sheet(pairs, len(images), out.with_suffix(".png"))
    for path, psnr in zip(images, found.psnr.tolist(), strict=True):
        click.echo(f"{path}  PSNR {psnr:.2f} dB")
    click.echo(f"{model.card.name}, {len(images)} images: {out} and {out.with_suffix('.png')}")


def read_images(model: Model, paths: Sequence[Path]) -> Tensor:
    """Images [n, C, H, W] in [-1, 1]; `UsageError` for files of another kind or size."""
    import torch

    from ganzoo.data.packing.decode import UnusableError, decode
    from ganzoo.data.picture_form import Form
    from ganzoo.errors import UsageError

    name, kind = model.card.name, model.card.require_config().kind
    if kind != "image":
        raise UsageError(f"invert reads images, and {name} draws {kind}")
    channels, height, width = model.generator.sample_shape
    form = Form.of([height, width], channels)
    rows = []
    for path in paths:
        try:
            picture = decode(path, form)
        except UnusableError as error:
            raise UsageError(f"{path}: {error}") from None
        if (picture.width, picture.height) != (width, height):
            raise UsageError(
                f"{path} has {picture.width}x{picture.height} pixels, and {name} draws "
                f"{width}x{height}; crop and resize it first"
            )
        rows.append(torch.frombuffer(bytearray(picture.pixels), dtype=torch.uint8))
    return torch.stack(rows).view(-1, channels, height, width).float().div_(127.5).sub_(1.0)
