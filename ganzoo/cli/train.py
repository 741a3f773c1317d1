"""`ganzoo train`: train a model, or resume where a training stopped."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ganzoo.cards import catalogue
from ganzoo.cli.parameters import device_option, models, threads_option
from ganzoo.recipes import Asked, asked
from ganzoo.specs.reading import to_json

if TYPE_CHECKING:
    from ganzoo.engine.ranks import Ranks
    from ganzoo.engine.run.estimate import Estimate
    from ganzoo.engine.run.options import Outcome, RunOptions


@click.command("train")
@click.argument("what", shell_complete=models, required=False)
@click.option("--generator", help="Generator by name, replacing WHAT's.")
@click.option("--discriminator", help="Discriminator by name.")
@click.option("--loss", help="Loss by name.")
@click.option("--data", help="Data set by name, or folder:PATH for images of your own.")
@click.option("--strict", is_flag=True, help="Stop at an image that cannot be used.")
@click.option("--images", type=click.IntRange(1), help="Real images to show the discriminator.")
@click.option("--seed", type=click.IntRange(0), help="Random seed.")
@click.option(
    "--seeds",
    type=click.IntRange(1),
    metavar="K",
    help="Train K times, into OUT/seed-0 and so on; --seed sets the first seed.",
)
@click.option("--batch", type=click.IntRange(1), help="Images per turn.")
@click.option(
    "--init",
    metavar="WHAT",
    shell_complete=models,
    help="Start from the weights of a model or a run; without WHAT, use its recipe too. `none` "
    "starts untrained, as it is the default but for a few pictures.",
)
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="KEY.PATH=VALUE",
    help="Set a key of config.json, such as optimizers.generator.lr=0.001.",
)
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), help="The run's folder.")
@click.option("--dry-run", is_flag=True, help="Estimate memory and time without writing anything.")
@click.option("--json", "as_json", is_flag=True, help="With --dry-run: print JSON.")
@device_option
@threads_option
@click.option(
    "--micro-batch",
    type=click.IntRange(1),
    help="Images processed at once, if a full batch needs too much memory.",
)
@click.option("--compile", is_flag=True, help="Compile the networks with torch.")
@click.option(
    "--checkpoint-every",
    "checkpoint_seconds",
    type=click.FloatRange(0),
    default=120.0,
    show_default=True,
    help="Seconds between checkpoints.",
)
@click.option(
    "--keep",
    type=click.IntRange(1),
    default=2,
    show_default=True,
    help="Number of last checkpoints to keep.",
)
@click.option(
    "--keep-every",
    type=click.IntRange(1),
    help="Images between permanent checkpoints.",
)
@click.option(
    "--grid-every",
    type=click.IntRange(1),
    help="Images between grids of samples.  [default: a twentieth of the run, 1000 at least]",
)
@click.option(
    "--log-every",
    type=click.IntRange(1),
    default=5_000,
    show_default=True,
    help="Images between rows of metrics.jsonl.",
)
@click.option(
    "--eval-every",
    type=click.IntRange(1),
    metavar="IMAGES",
    help="Images between measurements of samples: FD where the data has an extractor.  [default: "
    "never]",
)
@click.option(
    "--eval-samples",
    type=click.IntRange(2),
    default=2_000,
    show_default=True,
    help="Samples of a measurement.",
)
@click.option("--eval-extractor", metavar="NAME", help="Extractor, if not the data's own.")
@click.option(
    "--track",
    "trackers",
    multiple=True,
    metavar="NAME",
    help="Send figures to tensorboard, mlflow, wandb ...",
)
@click.option(
    "--graph/--no-graph",
    default=True,
    show_default=True,
    help="On a GPU, run turns as CUDA graphs where possible.",
)
@click.option("--quiet", is_flag=True, help="Hide progress.")
def command(what: str | None, **options: Any) -> int:
    """Train WHAT (a model's name, a folder or RECIPE.json), or parts given by name.

    \b
    ganzoo train dcgan-mnist --out runs/dcgan
    ganzoo train --data folder:photos/ --out runs/photos
    ganzoo train --init dcgan-mnist --data mnist-mini
    ganzoo train dcgan-mnist --loss hinge --set optimizers.generator.lr=0.0005
    ganzoo train --generator dcgan --discriminator dcgan --loss hinge --data mnist-mini

    The same command again, or `ganzoo train` with the run's folder, resumes where the training
    stopped. Ctrl-C saves first.
    """  # noqa: D301
    if options["seeds"] and options["seed"] is None:
        options["seed"] = 0  # not the card's seed, which is the median run's
    return _train(asked(catalogue(), what, options), options)


def _train(asked: Asked, options: dict[str, Any]) -> int:
    from ganzoo.engine.run.process import tune_training

    tune_training(options["threads"])
    from ganzoo.engine.ranks import joined
    from ganzoo.engine.run.estimate import estimate
    from ganzoo.engine.run.seeds import refuse_seeds, train_seeds
    from ganzoo.engine.train import train
    from ganzoo.hardware import own_device, usable_device
    from ganzoo.training import config_for, measuring, notes_of

    device = usable_device(own_device(options["device"]))
    with joined(device) as ranks:
        out = options["out"] or asked.folder
        config, data = config_for(asked, out, ranks)
        if ranks.first:
            for note in notes_of(asked, config):
                click.echo(note, err=True)
        run = replace(_run_options(out, str(device), ranks, options), opened=data)
        if options["dry_run"]:
            report = estimate(config, run)
            if ranks.first:
                _print_estimate(report, out, as_json=options["as_json"])
            return 0
        run = measuring(config, run)
        tell = _tell_outcome if ranks.first else _tell_nothing
        if options["seeds"]:
            return train_seeds(config, run, options["seeds"], tell).exit_code
        refuse_seeds(out)
        outcome = train(config, run)
    tell(outcome, out)
    return outcome.exit_code


def _run_options(out: Path, device: str, ranks: Ranks, options: dict[str, Any]) -> RunOptions:
    from ganzoo.engine.run.options import RunOptions

    given = {f.name: options[f.name] for f in fields(RunOptions) if f.name in options}
    command = shlex.join(["ganzoo", *sys.argv[1:]])
    return RunOptions(out, **{**given, "device": device}, command=command, ranks=ranks)


def _tell_nothing(outcome: Outcome, out: Path) -> None:
    """What all ranks but the first print."""


def _tell_outcome(outcome: Outcome, out: Path) -> None:
    if outcome.kind == "already finished":
        click.echo(f"{out} is finished ({outcome.images:,} images): {outcome.export}")
    elif outcome.kind == "finished":
        click.echo(f"finished: {outcome.export}  (ganzoo sample {shlex.quote(f'{out}/')})")
    else:
        click.echo(
            f"stopped at {outcome.images:,} images and saved; the same command resumes from here",
            err=True,
        )


def _print_estimate(report: Estimate, out: Path, *, as_json: bool) -> None:
    """Print the full recipe, and the memory and time that it takes."""
    from ganzoo.specs import networks_and_recipe

    figures = {
        "parameters": report.parameters,
        "checkpoint_bytes": report.checkpoint_bytes,
        "peak_bytes": report.peak_bytes,
        "steps": report.steps,
        "images_per_second": round(report.images_per_second, 1),
        "seconds": round(report.seconds),
        "moving": report.moving,
    }
    parts = networks_and_recipe(report.config)
    if as_json:
        click.echo(to_json({**parts, "rehearsal": figures}), nl=False)
        return
    click.echo(to_json(parts))
    counts = " + ".join(f"{n:,} ({who})" for who, n in report.parameters.items())
    images = report.config.recipe.images
    for name, text in {
        "parameters": counts,
        "memory": f"{report.peak_bytes / 1e6:,.0f} MB at most",
        "checkpoint": f"{report.checkpoint_bytes / 1e6:,.1f} MB each",
        "pace": f"{report.images_per_second:,.0f} images/s, from {report.steps} steps just now",
        "time": f"about {duration(report.seconds)} for {images:,} images, grids and checkpoints "
        "not counted",
        "folder": f"{out} (nothing was written)",
    }.items():
        click.echo(f"{name:<12}{text}")
    for line in moving_numbers(report.moving):
        click.echo(line)


def moving_numbers(moving: Mapping[str, Sequence[float]]) -> Iterator[str]:
    """The numbers that schedules move, as lines of a table; no lines if nothing moves."""
    if not moving:
        return
    width = max(len("moving"), *map(len, moving)) + 2
    heads = ("start", "25%", "50%", "75%", "end")
    yield "moving".ljust(width) + "".join(f"{head:>11}" for head in heads)
    for path, numbers in moving.items():
        yield path.ljust(width) + "".join(f"{number:>11.4g}" for number in numbers)


def duration(seconds: float) -> str:
    """Seconds in two units: 95 -> `1 min 35 s`."""
    minutes, rest = divmod(round(seconds), 60)
    if minutes >= 60:
        return f"{minutes // 60} h {minutes % 60} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
