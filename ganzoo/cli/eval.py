"""`ganzoo eval`: the figures of a model or a folder of images, with protocol, spread and floor."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ganzoo.cli.parameters import device_option, json_option, threads_option, what_argument
from ganzoo.specs.reading import to_json
from ganzoo.terminal import telling


@click.command("eval")
@what_argument
@click.option("--data", help="Real samples to compare with; by default the model's own data set.")
@click.option("-n", "n", type=click.IntRange(2), help="Number of samples.  [default: 10000]")
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
@click.option("--balanced", is_flag=True, help="Draw all classes equally often.")
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
    from ganzoo.evaluation import EvaluationRequest, evaluated
    from ganzoo.hardware import own_device, usable_device

    if threads := options.pop("threads"):
        torch.set_num_threads(threads)
    tune_cuda()
    options["device"] = str(usable_device(own_device(options["device"])))
    as_json = options.pop("as_json")
    with telling(quiet=as_json) as tell:
        measured = evaluated(what, EvaluationRequest(**options), tell)
    if not as_json:
        click.echo(str(measured))
    elif measured.several or not measured.first.extractor:
        click.echo(to_json(measured.record()), nl=False)
    else:
        click.echo(to_json(measured.first.record()), nl=False)
