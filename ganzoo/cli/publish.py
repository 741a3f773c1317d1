"""`ganzoo publish`: publish a finished training as a model."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ganzoo.cards import catalogue
from ganzoo.cli.parameters import device_option, models, threads_option
from ganzoo.errors import CardError, UsageError
from ganzoo.hub import is_address

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ganzoo.specs import Metric

LICENCES = ("code", "weights", "data")


@click.command("publish")
@click.argument("run", shell_complete=models)
@click.option("--name", help="Model name: family first, data last, such as dcgan-photos.")
@click.option(
    "--to",
    required=True,
    metavar="PATH|plugin|hf-hub:OWNER/REPO",
    help="A folder, the checkout of its plugin, or the Hub.",
)
@click.option("--description", default="", help="One line that describes it.")
@click.option(
    "--license",
    "licences",
    multiple=True,
    metavar="WHICH=SPDX",
    help="Licence of code, weights or data, such as weights=CC-BY-4.0.",
)
@click.option(
    "--prose",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="File with the prose of the card: what it is for, how it fails.",
)
@click.option("-n", "count", type=click.IntRange(2), help="Number of samples.  [default: 10000]")
@click.option("--repeats", type=click.IntRange(1), help="Number of sampling seeds.  [default: 3]")
@click.option("--extractor", help="Features by name, or timm:MODEL; by default the data set's.")
@click.option("--no-metrics", is_flag=True, help="Measure nothing.")
@click.option("--replace", is_flag=True, help="Replace other weights at the target.")
@click.option("--private", is_flag=True, help="Make the Hub repository private.")
@click.option("--message", default="", help="Commit message on the Hub.")
@device_option
@threads_option
def command(run: str, name: str | None, to: str, **options: Any) -> None:
    """Publish RUN: a finished run, a folder of training seeds, or a model folder.

    \b
    ganzoo publish runs/mine --name dcgan-photos --to models/dcgan-photos
    ganzoo publish runs/dcgan-mnist --to plugin
    ganzoo publish runs/mine --name dcgan-photos --to hf-hub:OWNER/REPO

    All training seeds are measured, and the median by the first figure is published. You provide a
    description, licences, and prose: what the model is for and how it fails. On a terminal you are
    asked for the prose; otherwise everything that is missing is reported before anything is
    measured.
    """  # noqa: D301
    from ganzoo.engine.run.process import tune_cuda

    tune_cuda()
    import torch

    from ganzoo.hardware import own_device, usable_device
    from ganzoo.measure.evaluate import REPEATS, SAMPLES
    from ganzoo.publish.measuring import Effort
    from ganzoo.publish.planning import PublishRequest, planned
    from ganzoo.publish.publish import publish
    from ganzoo.terminal import telling

    if (options["private"] or options["message"]) and not is_address(to):
        raise UsageError(f"--private and --message apply to the Hub, and {to} is not on it")
    if options["threads"]:
        torch.set_num_threads(options["threads"])
    request = PublishRequest(
        run,
        to,
        name,
        description=options["description"],
        licences=_licences(options["licences"]),
        prose=_prose(options["prose"]),
        ask=_ask if sys.stdin.isatty() else None,
        replaces=options["replace"],
        private=options["private"],
        message=options["message"],
    )
    effort = Effort(
        n=options["count"] or SAMPLES,
        repeats=options["repeats"] or REPEATS,
        extractor=options["extractor"],
        measure=not options["no_metrics"],
        device=str(usable_device(own_device(options["device"]))),
    )
    plan = planned(catalogue(), request)
    _check_figures(plan.config.metrics, run, options)
    with telling(quiet=False) as tell:
        done = publish(plan, effort, tell)
    for note in done.notes:
        click.echo(note)
    seed = f", training seed {done.seed}" + (f" of {done.seeds}" if done.seeds > 1 else "")
    click.echo(f"{done.name}{seed}: {done.place} ({len(done.files)} files)")
    if done.target.cards:
        click.echo(
            f"the index of {done.target.cards}: run `ganzoo cards build {done.target.cards}`"
        )


def _check_figures(metrics: Sequence[Metric], run: str, options: dict[str, Any]) -> None:
    """Refuse options for measuring where the model keeps the figures of its card."""
    asked = options["count"] or options["repeats"] or options["no_metrics"]
    if metrics and asked and not options["extractor"]:
        raise UsageError(
            f"{run} keeps the figures of its card, so leave out -n, --repeats and --no-metrics; "
            "--extractor measures it again"
        )


def _licences(given: tuple[str, ...]) -> dict[str, str]:
    """Read each WHICH=SPDX."""
    licences = {}
    for text in given:
        which, equals, name = text.partition("=")
        if which not in LICENCES or not equals or not name.strip():
            raise UsageError(
                f"--license {text}: write WHICH=SPDX, of {', '.join(LICENCES)}, such as "
                "weights=CC-BY-4.0"
            )
        licences[which] = name.strip()
    return licences


def _prose(file: Path | None) -> str | None:
    """The text of --prose, without front matter."""
    from ganzoo.specs.readme import prose_of

    if file is None:
        return None
    try:
        return prose_of(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise CardError(f"--prose {file} cannot be read: {error}") from None


def _ask(what: str) -> str:
    """Ask a person for a part of the prose."""
    return str(click.prompt(f"Write {what}\n", prompt_suffix="> "))
