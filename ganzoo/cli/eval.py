"""`ganzoo eval`: the figures of a model or a folder of images, with protocol, spread and floor."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ganzoo.cards import catalogue
from ganzoo.cli.display import telling
from ganzoo.cli.parameters import device_option, json_option, threads_option, what_argument
from ganzoo.errors import GanzooError, UsageError
from ganzoo.specs import Part, merge, read_seeds, write_record
from ganzoo.specs.reading import to_json
from ganzoo.terminal import table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ganzoo.measure.measurement import FigureSpec
    from ganzoo.measure.methods import AsTheyAre, Method
    from ganzoo.measure.references import Reference
    from ganzoo.measure.sources import ModelSource, SampleSource
    from ganzoo.measure.training_seeds import SeedEvaluations
    from ganzoo.terminal import Tell

#: Options that ask for an extractor's features, whatever the data.
FEATURE_OPTIONS = ("extractor", "extractor_weights", "reference", "save_reference")


@click.command("eval")
@what_argument
@click.option("--data", help="Real samples to compare with; by default the model's own data set.")
@click.option("-n", "count", type=click.IntRange(2), help="Number of samples.  [default: 10000]")
@click.option(
    "--repeats",
    type=click.IntRange(1),
    default=3,
    show_default=True,
    help="Number of sampling seeds, which give the spread.",
)
@click.option(
    "--seed", type=click.IntRange(0), default=0, show_default=True, help="First sampling seed."
)
@click.option("--balanced", is_flag=True, help="Draw labels evenly, whatever shares the data has.")
@click.option("--extractor", help="Features by name, or timm:MODEL; by default the data set's.")
@click.option(
    "--extractor-weights",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Weights file for inception-v3 or timm:MODEL, for use without a network.",
)
@click.option(
    "--reference",
    type=click.Path(path_type=Path, dir_okay=False),
    help="File with statistics of real samples, instead of a data set.",
)
@click.option(
    "--save-reference",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the statistics of the real samples to a file.",
)
@device_option
@threads_option
@json_option
def command(what: str, **options: Any) -> None:
    """Measure WHAT: a name, a model folder, a run, a folder of seeds, or a folder of images.

    \b
    ganzoo eval dcgan-mnist
    ganzoo eval runs/mine/ --extractor ae-mnist
    ganzoo eval samples/ --data mnist

    Drawn samples are compared with the test samples of a data set, in features of an extractor.
    Each figure comes with its spread over sampling seeds, the figure of as many real training
    samples (the floor), and the figures of noise and other bad samples. For models of points, modes
    are counted. The table includes plugins' figures.
    """  # noqa: D301
    import torch

    from ganzoo.engine.run.process import tune_cuda
    from ganzoo.hardware import own_device, usable_device

    if options["threads"]:
        torch.set_num_threads(options["threads"])
    tune_cuda()
    options["device"] = str(usable_device(own_device(options["device"])))
    with telling(quiet=options["as_json"]) as tell:
        measured = _evaluated(what, options, tell)
    if not options["as_json"]:
        click.echo(_text(measured))
    elif measured.several or not measured.first.extractor:
        click.echo(to_json(measured.record()), nl=False)
    else:
        click.echo(to_json(measured.first.record()), nl=False)


def _evaluated(what: str, options: Mapping[str, Any], tell: Tell) -> SeedEvaluations:
    """Evaluate WHAT, or each training seed of it, all by one method."""
    from ganzoo.measure.evaluate import evaluate
    from ganzoo.measure.training_seeds import SeedEvaluations

    name, targets = _targets(what, options)
    first, *_ = targets
    source, method, n = _prepared(targets[first], options, tell)
    sources = {**targets, first: source}
    seeds = tuple(range(options["seed"], options["seed"] + options["repeats"]))
    evaluations = {
        seed: evaluate(one, method, n=n, seeds=seeds, tell=tell)
        for seed, one in sources.items()
        if not isinstance(one, Path)
    }
    return SeedEvaluations(name, evaluations)


def _targets(
    what: str, options: Mapping[str, Any]
) -> tuple[str, dict[int | None, ModelSource | Path]]:
    """The name of WHAT, and a folder of images, a model, or a model for each training seed."""
    from ganzoo.measure.image_folder import is_image_folder
    from ganzoo.measure.sources import ModelSource
    from ganzoo.measure.training_seeds import finished_runs

    folder = catalogue().as_path(what)
    if folder is not None and is_image_folder(folder):
        if options["balanced"]:
            raise UsageError(f"{what} is a folder of images, which has no labels to balance")
        return what, {None: folder}
    models: dict[int | None, str] = {None: what}
    if folder is not None and read_seeds(folder) is not None:
        models = {seed: f"{run}/" for seed, run in finished_runs(folder).items()}
        what = str(folder)
    device, balanced = options["device"], options["balanced"]
    return what, {
        seed: ModelSource(model, device, balanced=balanced) for seed, model in models.items()
    }


def _prepared(
    target: ModelSource | Path, options: Mapping[str, Any], tell: Tell
) -> tuple[SampleSource, Method, int]:
    """The samples, the method and the number of samples that the command line asks for."""
    from ganzoo.build import fitted
    from ganzoo.extractors import open_extractor
    from ganzoo.measure.evaluate import SAMPLES
    from ganzoo.measure.image_folder import FolderSource
    from ganzoo.measure.methods import InFeatures, check_count, extractor_for, in_features
    from ganzoo.measure.references import read_reference

    own = None if isinstance(target, Path) else target.data
    data = _data(options["data"], own)
    if not isinstance(target, Path) and (
        as_it_is := _as_it_is(target.data, data or target.data, options)
    ):
        return target, as_it_is, options["count"] or SAMPLES
    path = options["reference"]
    reference = None if path is None else read_reference(path)
    if reference is not None:
        if options["data"]:
            raise UsageError("--reference replaces --data; leave one of them out")
        data = reference.about.data
    if data is None:
        raise UsageError(f"{target}/: pass --data to name the real images to compare with")
    measured_by = reference.about.extractor.partition("@")[0] if reference else None
    name = options["extractor"] or measured_by or extractor_for(data)
    extractor = open_extractor(name, weights=options["extractor_weights"]).to(options["device"])
    source = FolderSource(target, extractor, data) if isinstance(target, Path) else target
    n = options["count"] or min(SAMPLES, source.size or SAMPLES)
    check_count(source, extractor, n)  # before real samples are measured, which takes long
    if reference is None:
        method = in_features(extractor, fitted(data, source.shape), n, tell=tell)
    else:
        method = InFeatures(extractor, reference.require(extractor, str(path)))
    if options["save_reference"]:
        _save(method.real, options["save_reference"])
    return source, method, n


def _as_it_is(own: Part, asked: Part, options: Mapping[str, Any]) -> AsTheyAre | None:
    """The method for a model whose data has no extractor; None where features are measured.

    A model of a mixture can only be compared with another mixture, and no other model can.
    """
    from ganzoo.extractors import extractors_of
    from ganzoo.measure.methods import AsTheyAre, mixture_of

    if any(options[name] for name in FEATURE_OPTIONS):
        return None
    if any(extractors_of(data)[0] is not None for data in (own, asked)):
        return None
    if (mixture_of(own) is None) != (mixture_of(asked) is None):
        return None
    return AsTheyAre(asked) or None


def _data(asked: str | None, own: Part | None) -> Part | None:
    """The data set to compare with: the one asked for, else the model's own."""
    from ganzoo.recipes import data_part

    if asked is None:
        return own
    below = {} if own is None else {"data": write_record(own)}
    merged = merge(below, {"data": data_part(catalogue(), asked, below)})["data"]
    return Part(merged["name"], merged.get("arguments", {}))


def _save(real: Reference, path: Path) -> None:
    """Write the statistics that --save-reference asks for."""
    try:
        real.save(path)
    except OSError as error:
        raise GanzooError(f"{path} cannot be written: {error.strerror or error}") from None


def _text(measured: SeedEvaluations) -> str:
    """A table for a terminal: a column for each training seed, or for each anchor."""
    from ganzoo.measure.measurement import REAL

    first, several, in_features = measured.first, measured.several, bool(measured.first.extractor)
    seeds = [*measured.by_seed] if several else []
    all_anchors = in_features and not several
    anchors = [*next(iter(first.figures.values())).anchors] if all_anchors else [REAL]
    header = [
        *("FIGURE", "MEAN" if several else "VALUE", "SPREAD"),
        *(f"SEED {seed}" for seed in seeds),
        *(["BEST"] if all_anchors else []),
        *(name.upper() for name in anchors),
    ]
    rows = []
    for figure, row in measured.rows.items():
        measurement = first.figures.get(figure.key)
        floors = {**(measurement.anchors if measurement else {}), REAL: row.floor}
        rows.append(
            [
                figure.name(first.extractor),
                _cell(figure, row.value, "none"),
                "" if row.spread is None else f"± {figure.text(row.spread)}",
                *(_cell(figure, value, "none") for value in (row.each if several else ())),
                *([figure.best_in_words] if all_anchors else []),
                *(_cell(figure, floors.get(name)) for name in anchors),
            ]
        )
    each = f", of each of {len(seeds)} training seeds" if several and in_features else ""
    name = first.source if all_anchors else measured.source
    return "\n".join(
        [f"{name}: {first.protocol}{each}", "", table(header, rows), "", *_footer(measured)]
    )


def _cell(figure: FigureSpec, value: float | None, otherwise: str = "") -> str:
    return otherwise if value is None else figure.text(value)


def _footer(measured: SeedEvaluations) -> Iterator[str]:
    """What stands below the table."""
    from ganzoo.measure.figures import MODES

    yield from measured.notes
    lacking = [figure.title for figure, row in measured.rows.items() if None in row.each]
    if lacking and any(figure in MODES for figure in measured.rows):
        yield f"no sample lies near a mode where there is no {' and no '.join(lacking)}"
    if measured.several:
        name = measured.deciding.name(measured.first.extractor)
        yield f"the median by {name} is seed {measured.median}"
    else:
        yield f"{measured.first.seconds:.0f} s on {measured.first.hardware}"
