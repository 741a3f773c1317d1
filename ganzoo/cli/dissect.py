"""`ganzoo dissect`: which units of a generator cause what."""

from __future__ import annotations

from pathlib import Path

import click

from ganzoo.cli.parameters import (
    class_option,
    compute_option,
    out_option,
    truncation_option,
    what_argument,
)
from ganzoo.files import writing


@click.command("dissect")
@what_argument
@click.option(
    "--layer",
    help="The layer whose channels are the units, by its name in the network; a wrong name lists "
    "them.  [default: the last one with maps of a quarter of the pictures' height]",
)
@click.option(
    "--of",
    "properties",
    metavar="NAME",
    multiple=True,
    help="Look into this property, such as glasses, hair-long04 or a class; can be repeated.  "
    "[default: those that can be turned off best]",
)
@click.option(
    "-k",
    "count",
    type=click.IntRange(1),
    default=8,
    show_default=True,
    help="Number of properties to show, without --of.",
)
@click.option(
    "--removal",
    type=click.Choice(["zero", "mean"]),
    default="zero",
    show_default=True,
    help="The value of a unit that is removed: 0, or its mean.",
)
@click.option(
    "-n",
    "samples",
    type=click.IntRange(8),
    default=64,
    show_default=True,
    help="Samples with which units are chosen; as many others measure what they do.",
)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Random seed.")
@class_option
@truncation_option
@out_option("dissection", "The folder of the page, which index.html in it shows.", folder=True)
@compute_option
def command(
    what: str,
    layer: str | None,
    properties: tuple[str, ...],
    count: int,
    removal: str,
    samples: int,
    seed: int,
    label: int | str | None,
    truncation: float,
    out: Path,
    device: str,
) -> None:
    """Find the units of WHAT that cause a class or attribute, and show samples without them.

    The extractor of the model's data set judges samples. Beside the page are the sets of units
    (dissection.json) and the effect of every single unit (effects.csv).
    """
    from ganzoo.errors import UsageError
    from ganzoo.latent import dissect
    from ganzoo.latent.dissection_page import write_page
    from ganzoo.latent.effects import percent
    from ganzoo.terminal import table
    from ganzoo.zoo import load

    model = load(what, device=device)
    if (kind := model.card.require_config().kind) != "image":
        raise UsageError(f"dissect shows images, and {model.card.name} draws {kind}")
    found = dissect(
        model,
        layer,
        of=properties,
        k=count,
        removal=removal,  # type: ignore[arg-type]
        n=samples,
        seed=seed,
        labels=label,
        truncation=truncation,
    )
    with writing(out):
        page = write_page(found, model, out)
    rows = [
        [
            cause.name,
            f"{found.count(cause)} of {found.samples}",
            percent(cause.effect.lost),
            percent(cause.effect.others),
            ",".join(map(str, cause.units[: cause.best])),
        ]
        for cause in found.causes
    ]
    click.echo(table(["PROPERTY", "HAVE IT", "LOSE IT", "OTHERS CHANGE", "UNITS REMOVED"], rows))
    click.echo(f"{model.card.name}, {found.layer.units} units of {found.layer.name}: {page}")
