"""`ganzoo sample`: draw samples from a model."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ganzoo.cards import catalogue
from ganzoo.cli.parameters import (
    compute_option,
    number_or_name,
    scale_option,
    show_lines,
    truncation_option,
    what_argument,
)

if TYPE_CHECKING:
    from torch import Tensor

    from ganzoo.zoo import Model


#: Where the options that belong to a model's conditions are kept.
CHOICES = "ganzoo.cli.sample.choices"


class TakesChoices(click.Command):
    """A command that takes, beside --conditions, options that only the model's data set knows."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Set aside options with a value that the command does not have itself."""
        if not any(arg.partition("=")[0] == "--conditions" for arg in args):
            return super().parse_args(ctx, args)
        known = {name for parameter in self.get_params(ctx) for name in parameter.opts}
        kept, choices, left = [], {}, iter(args)
        for arg in left:
            name, equals, value = arg.partition("=")
            if arg.startswith("--") and len(arg) > 2 and name not in known:
                given = value if equals else next(left, None)
                if given is None:
                    raise click.BadOptionUsage(name, f"Option {name!r} requires a value.", ctx)
                choices[name.removeprefix("--")] = given
            else:
                kept.append(arg)
        ctx.meta[CHOICES] = choices
        return super().parse_args(ctx, kept)


@click.command("sample", cls=TakesChoices)
@what_argument
@click.option(
    "-n",
    "count",
    type=click.IntRange(1),
    help="Number of samples.  [default: 64, or one for each of a folder's conditions]",
)
@click.option(
    "--seed",
    type=click.IntRange(0),
    default=0,
    show_default=True,
    help="Random seed; the same seed draws the same samples.",
)
@click.option("--label", help="Class of all samples, by number or name, for a conditional model.")
@click.option(
    "--labels",
    metavar="A,B,...",
    help="Classes of the samples, one after the other and again from the first.",
)
@click.option(
    "--balanced",
    is_flag=True,
    help="Draw all classes equally often, regardless of their shares in the data.",
)
@click.option(
    "--conditions",
    metavar="FOLDER|DATASET|NAME=VALUE,...",
    help="What a model is told beside its latents: a folder of images, a data set, or values by "
    "name, such as hair=long03,glasses=none.  [default: its own]  With images, also the options of "
    "the model's data set, such as --mask eyes.",
)
@truncation_option
@click.option(
    "-o",
    "--out",
    type=click.Path(path_type=Path),
    help="A file or a folder: images become a grid (.png, .jpg, .webp) or a film (.gif, .mp4), "
    "any samples an array (.npy), others what their plugin writes.  [default: the terminal for "
    "text, samples.png for images, else samples with the kind's ending, or samples/]",
)
@scale_option
@click.option(
    "--overwrite", is_flag=True, help="Remove the samples that are already in the folder."
)
@compute_option
def command(
    what: str,
    count: int | None,
    seed: int,
    label: str | None,
    labels: str | None,
    balanced: bool,
    conditions: str | None,
    truncation: float,
    out: Path | None,
    scale: int,
    overwrite: bool,
    device: str,
) -> None:
    """Draw samples from WHAT into a file, a folder or the terminal.

    WHAT is a name, a folder, a run or hf-hub:OWNER/REPO[@REVISION]. A grid shows images beside
    the conditions that they were made from.
    """
    import torch

    from ganzoo.engine.run.process import tune_cuda
    from ganzoo.files import writing
    from ganzoo.writers.by_kind import default_path, write_samples, writer_of
    from ganzoo.writers.images import FORMATS as GRIDS
    from ganzoo.zoo import load

    tune_cuda()
    model = load(what, device=device)
    config = model.card.require_config()
    kind, legend, named = config.kind, config.legend, out is not None
    out = out or default_path(writer_of(kind), Path("samples"))
    earlier = _earlier_samples(out, overwrite=overwrite)
    choices = click.get_current_context().meta.get(CHOICES, {})
    given = None
    if conditions is not None:
        given = _read_conditions(model, conditions, choices, count, seed)
    classes = _classes(label, labels)
    many = len(classes) if isinstance(classes, list) else 64
    count = count or (len(given) if isinstance(given, torch.Tensor) else many)
    pieces = model.batches(
        count,
        seed=seed,
        labels=_repeated(classes, count),
        conditions=given,
        balanced=balanced,
        truncation=truncation,
    )
    samples = torch.cat([*_counted(pieces, count)])
    made = f"{count} sample{'' if count == 1 else 's'} of {model.card.name}, seed {seed}"
    if not named and (lines := writer_of(kind).lines(samples, legend)) is not None:
        show_lines(lines)
        click.echo(made, err=True)
        return
    if scale > 1:
        samples = _enlarged(samples, scale, kind)
    if kind == "image" and out.suffix in GRIDS:
        samples = _beside(samples, given if isinstance(given, torch.Tensor) else model.conditions)
    with writing(out):
        for path in earlier:
            path.unlink()
        written = write_samples(kind, samples, out, legend)
    where = written[0] if len(written) == 1 else f"{out}/ ({len(written)} files)"
    click.echo(f"{made}: {where}")


def _classes(label: str | None, labels: str | None) -> int | str | list[int | str] | None:
    """What --label or --labels asks for: numbers, or names."""
    from ganzoo.errors import UsageError

    if label is not None and labels is not None:
        raise UsageError("--label and --labels were both given; give one of them")
    if labels is not None:
        return [number_or_name(text) for text in labels.split(",")]
    return None if label is None else number_or_name(label)


def _repeated(
    classes: int | str | list[int | str] | None, count: int
) -> int | str | list[int | str] | None:
    """A list of classes, again and again until there is one for each sample."""
    if not isinstance(classes, list):
        return classes
    return [classes[number % len(classes)] for number in range(count)]


def _earlier_samples(out: Path, *, overwrite: bool) -> list[Path]:
    """The samples in a folder that --overwrite removes; `UsageError` without it."""
    from ganzoo.errors import UsageError

    if out.suffix or not out.is_dir():
        return []
    earlier = [path for path in out.iterdir() if path.is_file() and path.stem.isdecimal()]
    if earlier and not overwrite:
        samples, them = (
            ("1 sample", "it") if len(earlier) == 1 else (f"{len(earlier)} samples", "them")
        )
        raise UsageError(
            f"{out}/ holds {samples} already; give another -o, or --overwrite to replace {them}"
        )
    return earlier


def _counted(pieces: Iterable[Tensor], count: int) -> Iterator[Tensor]:
    """The pieces; a line on a terminal counts them if they take more than a second."""
    began, done, shown = time.monotonic(), 0, False
    for piece in pieces:
        yield piece
        done += len(piece)
        if sys.stderr.isatty() and time.monotonic() - began > 1:
            click.echo(f"\r{done:,} of {count:,} samples", nl=False, err=True)
            shown = True
    if shown:
        click.echo("\r\033[K", nl=False, err=True)


def _enlarged(samples: Tensor, scale: int, kind: str) -> Tensor:
    """Images [N, C, scale H, scale W]."""
    from ganzoo.errors import UsageError

    if kind != "image":
        raise UsageError(f"--scale is for images, not for {kind}")
    return samples.repeat_interleave(scale, 2).repeat_interleave(scale, 3)


def _read_conditions(
    model: Model, source: str, choices: dict[str, str], count: int | None, seed: int
) -> Tensor | dict[str, str]:
    """A folder's images in order, values by name, or conditions drawn from a data set."""
    from ganzoo.conditions import conditioned, drawn_conditions
    from ganzoo.errors import UsageError
    from ganzoo.recipes import data_named

    shape = model.generator.condition_shape
    if shape is None:
        raise UsageError(f"{model.card.name} takes no conditions; leave out --conditions")
    given = catalogue().as_path(source)
    path = given or Path(source)
    if path.is_file() or (given is not None and path.is_dir()):
        return model.conditions_from(path, **choices)
    if choices:
        raise UsageError(
            f"--{next(iter(choices))} is for images of your own, and {source} is no file or folder"
        )
    if model.condition_names and "=" in source:
        return _wishes(source)
    data = data_named(catalogue(), source, model.card.require_config().recipe.data)
    return drawn_conditions(conditioned(data, tuple(shape)), count or 64, seed=seed)[:]


def _wishes(text: str) -> dict[str, str]:
    """`hair=long03,glasses=none` as names with values."""
    from ganzoo.errors import UsageError, brief

    wishes: dict[str, str] = {}
    for one in text.split(","):
        name, equals, value = (part.strip() for part in one.partition("="))
        if not (name and equals and value):
            raise UsageError(f"--conditions takes NAME=VALUE,..., found {brief(one)}")
        if name in wishes:
            raise UsageError(f"--conditions names {name} twice; give one value")
        wishes[name] = value
    return wishes


def _beside(samples: Tensor, conditions: Tensor | None) -> Tensor:
    """Images as a grid shows them: beside their conditions."""
    from ganzoo.conditions import in_circle
    from ganzoo.writers.panels import panels

    if conditions is None:
        return samples
    return panels(in_circle(conditions, len(samples))[:], samples)
