"""`ganzoo sample`: draw samples from a model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ganzoo.cards import catalogue
from ganzoo.cli.parameters import what_argument

if TYPE_CHECKING:
    from torch import Tensor

    from ganzoo.zoo import Model


@click.command("sample")
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
@click.option("--label", type=int, help="Class of all samples, for a conditional model.")
@click.option(
    "--balanced",
    is_flag=True,
    help="Draw all classes equally often, whatever their shares in the data.",
)
@click.option(
    "--conditions",
    metavar="FOLDER|DATASET",
    help="Inputs of a translating model: a folder of images or a data set.  [default: its own]",
)
@click.option(
    "--truncation",
    type=click.FloatRange(0),
    default=1.0,
    show_default=True,
    help="Below 1: less variety, and more typical samples.",
)
@click.option(
    "-o",
    "--out",
    type=click.Path(path_type=Path),
    help="A grid (samples.png) or a folder (samples/).  [default: a grid, if the kind has one]",
)
@click.option("--device", default="cpu", show_default=True, help="cpu, cuda, cuda:1 ...")
def command(
    what: str,
    count: int | None,
    seed: int,
    label: int | None,
    balanced: bool,
    conditions: str | None,
    truncation: float,
    out: Path | None,
    device: str,
) -> None:
    """Draw samples from WHAT into a grid or a folder.

    WHAT is a name, a folder, a run or hf-hub:OWNER/REPO[@REVISION]. A grid shows images beside
    the conditions that they were made from.
    """
    from ganzoo.build import PICTURES, write_samples
    from ganzoo.engine.run.process import tune_cuda
    from ganzoo.errors import GanzooError
    from ganzoo.zoo import load

    tune_cuda()
    model = load(what, device=device)
    given = None if conditions is None else _read_conditions(model, conditions, count, seed)
    count = count or (64 if given is None else len(given))
    samples = model.sample(
        count,
        seed=seed,
        labels=label,
        conditions=given,
        balanced=balanced,
        truncation=truncation,
    )
    kind = model.card.require_config().kind
    if out is None:
        out = Path("samples.png" if kind in PICTURES else "samples")
    if kind == "image" and out.suffix:
        samples = _beside(samples, model.conditions if given is None else given)
    try:
        written = write_samples(kind, samples, out)
    except OSError as error:
        raise GanzooError(f"{out} cannot be written: {error.strerror or error}") from None
    where = written[0] if len(written) == 1 else f"{out}/ ({len(written)} files)"
    click.echo(f"{count} samples of {model.card.name}, seed {seed}: {where}")


def _read_conditions(model: Model, source: str, count: int | None, seed: int) -> Tensor:
    """A folder's images in order, or conditions drawn from a data set."""
    from ganzoo.conditions import conditioned, conditions_in, drawn_conditions
    from ganzoo.errors import UsageError
    from ganzoo.recipes import data_part
    from ganzoo.specs import Part, merge, write_record

    shape = model.generator.condition_shape
    if shape is None:
        raise UsageError(f"{model.card.name} takes no conditions; leave out --conditions")
    path = catalogue().as_path(source)
    if path is not None and path.is_dir():
        return conditions_in(path, tuple(shape))
    below = {"data": write_record(model.card.require_config().recipe.data)}
    named = merge(below, {"data": data_part(catalogue(), source, below)})["data"]
    part = Part(named["name"], named.get("arguments", {}))
    return drawn_conditions(conditioned(part, tuple(shape)), count or 64, seed=seed)[:]


def _beside(samples: Tensor, conditions: Tensor | None) -> Tensor:
    """Images as a grid shows them: beside their conditions."""
    from ganzoo.conditions import in_circle
    from ganzoo.writers.panels import panels

    if conditions is None:
        return samples
    return panels(in_circle(conditions, len(samples))[:], samples)
