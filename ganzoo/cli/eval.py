"""`ganzoo eval`: the figures of a model or a folder of images, with protocol, spread and floor."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ganzoo.cards import catalogue
from ganzoo.cli.counting import measured, plan_of
from ganzoo.cli.display import telling
from ganzoo.cli.parameters import models
from ganzoo.errors import GanzooError, UsageError
from ganzoo.specs import read_seeds
from ganzoo.terminal import table

if TYPE_CHECKING:
    from ganzoo.measure.evaluate import Report
    from ganzoo.measure.over_seeds import Several
    from ganzoo.measure.references import Reference
    from ganzoo.specs import Part


@click.command("eval")
@click.argument("what", shell_complete=models)
@click.option("--data", help="Real samples to hold it against; the model's own by default.")
@click.option("-n", "count", type=click.IntRange(2), help="Samples.  [default: 10000]")
@click.option(
    "--repeats",
    type=click.IntRange(1),
    default=3,
    show_default=True,
    help="Sampling seeds, which give the spread.",
)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="The first.")
@click.option("--extractor", help="Features by name, or timm:MODEL; the data set's by default.")
@click.option(
    "--extractor-weights",
    type=click.Path(path_type=Path, dir_okay=False),
    help="A weights file for inception-v3 or timm:MODEL, where nothing can be fetched.",
)
@click.option(
    "--reference",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Statistics of real samples in a file, in place of a data set.",
)
@click.option(
    "--save-reference",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the statistics of the real samples that were used.",
)
@click.option("--device", help="cpu, cuda, cuda:1 ...; the first GPU where there is one.")
@click.option("--threads", type=click.IntRange(1), help="CPU threads; torch's choice by default.")
@click.option("--json", "as_json", is_flag=True, help="Everything, for programs.")
def command(what: str, **options: Any) -> None:
    """Measure WHAT: a name, a model folder, a run, a folder of seeds, or a folder of images.

    \b
    ganzoo eval dcgan-mnist
    ganzoo eval runs/mine/ --extractor ae-mnist
    ganzoo eval samples/ --data mnist

    Figures are of drawn samples against the test samples of a data set, in features of an
    extractor. Beside each stand its spread over sampling seeds, what as many real training samples
    get (the floor), and what is no sample at all gets. Of models of points the modes are counted.
    Plugins' figures stand in the same table.
    """  # noqa: D301
    import torch

    if options["threads"]:
        torch.set_num_threads(options["threads"])
    folder = catalogue().as_path(what)
    with telling(quiet=options["as_json"]) as tell:
        if folder is not None and read_seeds(folder) is not None:
            click.echo(_of_seeds(folder, options, tell), nl=False)
            return
        if plan := plan_of(what, _data(options, None), options):
            click.echo(measured(what, {None: what}, plan, options, tell), nl=False)
            return
        report = _evaluate(what, options, tell)
    if options["as_json"]:
        from ganzoo.measure.reports import as_json

        click.echo(as_json(report), nl=False)
    else:
        click.echo(text(report))


def _of_seeds(folder: Path, options: dict[str, Any], tell: Callable[[str], None]) -> str:
    """Every training seed of a folder, and their mean and spread."""
    from ganzoo.measure.over_seeds import finished_runs, several
    from ganzoo.specs.reading import to_json

    runs = finished_runs(folder)
    if plan := plan_of(next(iter(runs.values())), _data(options, None), options):
        models: dict[int | None, str] = {seed: f"{run}/" for seed, run in runs.items()}
        return measured(str(folder), models, plan, options, tell)
    found = several(list(runs), [_evaluate(f"{run}/", options, tell) for run in runs.values()])
    return to_json(found.data()) if options["as_json"] else f"{text_of_seeds(folder, found)}\n"


def _evaluate(what: str, options: dict[str, Any], tell: Callable[[str], None]) -> Report:
    """Measure one source as the command line asks."""
    from ganzoo.build import fitted
    from ganzoo.engine.run.process import tune_cuda
    from ganzoo.extractors import open_extractor
    from ganzoo.hardware import own_device, usable_device
    from ganzoo.measure.evaluate import (
        SAMPLES,
        check_count,
        evaluate,
        extractor_for,
        real_side,
    )
    from ganzoo.measure.references import read_reference
    from ganzoo.measure.sources import FolderSource, ModelSource, is_image_folder

    tune_cuda()
    device = usable_device(own_device(options["device"]))
    drawn = None if is_image_folder(catalogue().as_path(what)) else ModelSource(what, str(device))
    given = None if options["reference"] is None else read_reference(options["reference"])
    part = _data(options, None if drawn is None else drawn.data)
    if given is not None:
        if options["data"]:
            raise UsageError("--reference stands in place of --data; leave one of them out")
        part = given.about.data
    if part is None:
        raise UsageError(f"{what}: say with --data which real images these are to resemble")
    own = given.about.extractor.partition("@")[0] if given else None
    name = options["extractor"] or own or extractor_for(part)
    extractor = open_extractor(name, weights=options["extractor_weights"]).to(device)
    source = drawn or FolderSource(Path(what).expanduser(), extractor, part)
    n = options["count"] or min(SAMPLES, source.size or SAMPLES)
    check_count(source, extractor, n)  # before real samples are measured, which takes long
    if given is not None:
        real, floors = given.require(extractor, str(options["reference"])), given.anchors(n)
    else:
        real, floors = real_side(extractor, fitted(part, source.shape), n, tell=tell)
    if options["save_reference"]:
        _save(real, options["save_reference"])
    seeds = tuple(range(options["seed"], options["seed"] + options["repeats"]))
    return evaluate(source, extractor, real, n=n, seeds=seeds, floors=floors, tell=tell)


def _save(real: Reference, path: Path) -> None:
    """Write the statistics that --save-reference asks for."""
    try:
        real.save(path)
    except OSError as error:
        raise GanzooError(f"{path} cannot be written: {error.strerror or error}") from None


def _data(options: dict[str, Any], own: Part | None) -> Part | None:
    """The data set to measure against: the one asked for, else the model's own."""
    from ganzoo.recipes import data_part
    from ganzoo.specs import Part, merge, write_record

    if options["data"] is None:
        return own
    below = {} if own is None else {"data": write_record(own)}
    merged = merge(below, {"data": data_part(options["data"], below)})["data"]
    return Part(merged["name"], merged.get("arguments", {}))


def text(report: Report) -> str:
    """The report for a terminal."""
    from ganzoo.measure.figures import known

    columns = list(next(iter(report.figures.values())).anchors)
    header = ["FIGURE", "VALUE", "SPREAD", "BEST", *(name.upper() for name in columns)]
    rows = []
    for key, found in report.figures.items():
        figure = known(key)
        spread = "" if found.spread is None else f"± {figure.text(found.spread)}"
        anchors = [
            figure.text(found.anchors[name]) if name in found.anchors else "" for name in columns
        ]
        name = figure.name(report.extractor)
        rows.append([name, figure.text(found.value), spread, figure.best_in_words, *anchors])
    lines = [
        f"{report.source}: {report.protocol}",
        "",
        table(header, rows),
        "",
        *report.notes,
        f"{report.seconds:.0f} s on {report.hardware}",
    ]
    return "\n".join(lines)


def text_of_seeds(folder: Path, found: Several) -> str:
    """All training seeds for a terminal: a column for each, then their mean and spread."""
    from ganzoo.measure.figures import known

    first = found.reports[0]
    header = ["FIGURE", "MEAN", "SPREAD", *(f"SEED {seed}" for seed in found.seeds), "REAL"]
    rows = []
    for key in found.keys:
        figure, row, figures = known(key), found.row(key), first.figures[key]
        wide = "" if row.spread is None else f"± {figure.text(row.spread)}"
        floor = "" if figures.floor is None else figure.text(figures.floor)
        mean, *each = map(figure.text, (row.mean, *row.values))
        rows.append([figure.name(first.extractor), mean, wide, *each, floor])
    lines = [
        f"{folder}: {first.protocol}, of each of {len(found.seeds)} training seeds",
        "",
        table(header, rows),
        "",
        *dict.fromkeys(note for report in found.reports for note in report.notes),
        f"the median by {known(found.first).name(first.extractor)} is seed {found.median}",
    ]
    return "\n".join(lines)
