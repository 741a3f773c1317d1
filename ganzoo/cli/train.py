"""`ganzoo train`: train a model, or go on where a training stopped."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ganzoo.cli.parameters import models
from ganzoo.errors import GanzooError, UsageError
from ganzoo.files import write_text
from ganzoo.recipes import Asked, asked
from ganzoo.specs import (
    SEEDS_FILE,
    SEEDS_VERSION,
    Seeds,
    read_seeds,
    seed_folder,
    write_record,
)
from ganzoo.specs.reading import to_json

if TYPE_CHECKING:
    from ganzoo.engine.ranks import Ranks
    from ganzoo.engine.run.estimate import Rehearsal
    from ganzoo.engine.run.options import Outcome, RunOptions
    from ganzoo.specs import ModelConfig


@click.command("train")
@click.argument("what", shell_complete=models, required=False)
@click.option("--generator", help="Generator by name, in place of WHAT's.")
@click.option("--discriminator", help="Discriminator by name.")
@click.option("--loss", help="Loss by name.")
@click.option("--data", help="Data set by name, or folder:PATH for images of your own.")
@click.option("--strict", is_flag=True, help="Stop at an image that cannot be used.")
@click.option("--images", type=click.IntRange(1), help="Real images to show the discriminator.")
@click.option("--seed", type=click.IntRange(0), help="Seed of everything that is drawn.")
@click.option(
    "--seeds",
    type=click.IntRange(1),
    metavar="K",
    help="Train K times, into OUT/seed-0 and so on; --seed says another first.",
)
@click.option("--batch", type=click.IntRange(1), help="Images in a turn.")
@click.option(
    "--init",
    metavar="WHAT",
    shell_complete=models,
    help="Begin with the weights of a model or a run; alone, with its recipe too.",
)
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="KEY.PATH=VALUE",
    help="Set a key of config.json, such as optimizers.generator.lr=0.001.",
)
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), help="The run's folder.")
@click.option("--dry-run", is_flag=True, help="Say what it would take, and write nothing.")
@click.option("--json", "as_json", is_flag=True, help="The dry run's report for programs.")
@click.option("--device", help="cpu, cuda, cuda:1 ...; the first GPU where there is one.")
@click.option("--threads", type=click.IntRange(1), help="CPU threads; torch's choice by default.")
@click.option(
    "--micro-batch",
    type=click.IntRange(1),
    help="Images played at once, where a whole batch needs too much memory.",
)
@click.option("--compile", "compiled", is_flag=True, help="Compile the networks with torch.")
@click.option(
    "--checkpoint-every",
    type=click.FloatRange(0),
    default=120.0,
    show_default=True,
    help="Seconds between checkpoints.",
)
@click.option(
    "--keep", type=click.IntRange(1), default=2, show_default=True, help="Last checkpoints to keep."
)
@click.option(
    "--keep-every", type=click.IntRange(1), help="Images between checkpoints to keep for good."
)
@click.option(
    "--grid-every",
    type=click.IntRange(1),
    help="Images between grids of samples.  [default: a twentieth of the run]",
)
@click.option(
    "--log-every",
    type=click.IntRange(1),
    default=5_000,
    show_default=True,
    help="Images between rows of metrics.jsonl.",
)
@click.option(
    "--track", multiple=True, metavar="NAME", help="Send figures to tensorboard, mlflow, wandb ..."
)
@click.option(
    "--graph/--no-graph",
    default=True,
    show_default=True,
    help="On a GPU, play turns as CUDA graphs where nothing forbids it.",
)
@click.option("--quiet", is_flag=True, help="No progress.")
def command(what: str | None, **options: Any) -> int:
    """Train WHAT (a model's name, a folder or RECIPE.json), or parts given by name.

    \b
    ganzoo train dcgan-mnist --out runs/dcgan
    ganzoo train --init dcgan-mnist --data folder:photos/ --out runs/photos
    ganzoo train dcgan-mnist --loss hinge --set optimizers.generator.lr=0.0005
    ganzoo train --generator dcgan --discriminator dcgan --loss hinge --data mnist-mini

    The same command again goes on where the training stopped. Ctrl-C saves first.
    """  # noqa: D301
    if options["seeds"] and options["seed"] is None:
        options["seed"] = 0  # not the card's, which is that of the median
    return _train(asked(what, options), options)


def _train(asked: Asked, options: dict[str, Any]) -> int:
    from ganzoo.engine.run.process import tune_allocator, tune_cuda

    tune_allocator()
    tune_cuda()
    import torch

    from ganzoo.engine.prepare import resolve
    from ganzoo.engine.ranks import joined
    from ganzoo.engine.run.estimate import rehearse
    from ganzoo.engine.run.folder import known_run
    from ganzoo.engine.train import train
    from ganzoo.hardware import own_device, usable_device

    if options["threads"]:
        torch.set_num_threads(options["threads"])
    device = usable_device(own_device(options["device"]))
    with joined(device) as ranks:
        out = options["out"] or asked.folder
        known = known_run(out)
        config = resolve(asked.raw, asked.where, fill=asked.fill, ranks=ranks, known=known)
        if ranks.first:
            for note in asked.notes:
                click.echo(note, err=True)
        if options["init"]:
            config = _started(config, options["init"], out)
        run = _run_options(out, str(device), ranks, options)
        if options["dry_run"]:
            report = rehearse(config, run)
            if ranks.first:
                _tell_rehearsal(report, out, as_json=options["as_json"])
            return 0
        if options["seeds"]:
            return _train_seeds(config, run, options["seeds"])
        if (out / SEEDS_FILE).exists():
            raise UsageError(f"{out} holds several training seeds; say --seeds, or another --out")
        outcome = train(config, run)
    if ranks.first:
        _tell_outcome(outcome, out)
    return outcome.exit_code


def _train_seeds(config: ModelConfig, run: RunOptions, count: int) -> int:
    """Train one recipe under several seeds, one after the other; the first that stops is the last.

    seeds.json is there from the start, so that the folder is known for what it is.
    """
    from dataclasses import replace

    from ganzoo.engine.train import train

    out, first = run.folder, config.recipe.seed
    seeds = range(first, first + count)
    _check_seeds(config, run, seeds)
    run.ranks.wait()  # all have looked before the first writes
    with _listed(out, seeds, run.command) if run.ranks.first else nullcontext():
        for seed in seeds:
            folder = seed_folder(out, seed)
            outcome = train(_seeded(config, seed), replace(run, folder=folder))
            if run.ranks.first:
                _tell_outcome(outcome, folder)
            if outcome.exit_code:
                return outcome.exit_code
    return 0


def _seeded(config: ModelConfig, seed: int) -> ModelConfig:
    """The same recipe under another seed."""
    from dataclasses import replace

    return replace(config, recipe=replace(config.recipe, seed=seed))


def _check_seeds(config: ModelConfig, run: RunOptions, seeds: range) -> None:
    """Refuse a folder that holds something else, or a seed of another recipe."""
    import torch

    from ganzoo.engine.prepare import resolve_precision
    from ganzoo.engine.run.folder import check_folder

    out, known = run.folder, read_seeds(run.folder)
    if (out / "config.json").exists():
        raise UsageError(f"{out} holds a run of one seed; give several another --out")
    config = resolve_precision(config, torch.device(run.device))
    if known is None:
        check_folder(config, out)
    for seed in sorted({*seeds, *(known.seeds if known else ())}):
        check_folder(_seeded(config, seed), seed_folder(out, seed))


@contextmanager
def _listed(out: Path, seeds: range, command: str) -> Iterator[None]:
    """Write seeds.json, and leave all as it was where the first new run is refused."""
    file, known = out / SEEDS_FILE, read_seeds(out)
    old = set(known.seeds if known else ())
    made = [folder for folder in (out, *out.parents) if not folder.exists()]
    record = Seeds(SEEDS_VERSION, tuple(sorted({*seeds, *old})), command)
    write_text(file, to_json(write_record(record)))
    try:
        yield
    except GanzooError:
        if not any(seed_folder(out, seed).exists() for seed in {*seeds} - old):
            if known:
                write_text(file, to_json(write_record(known)))
            else:
                file.unlink()
            for folder in made:
                folder.rmdir()
        raise


def _started(config: ModelConfig, init: str, out: Path) -> ModelConfig:
    """The config with the model that it begins with."""
    from dataclasses import replace

    from ganzoo.engine.initial_weights import start_from

    return replace(config, recipe=replace(config.recipe, start=start_from(init, config, out)))


def _run_options(out: Path, device: str, ranks: Ranks, options: dict[str, Any]) -> RunOptions:
    from ganzoo.engine.run.options import RunOptions

    return RunOptions(
        folder=out,
        device=device,
        log_every=options["log_every"],
        grid_every=options["grid_every"],
        checkpoint_seconds=options["checkpoint_every"],
        keep=options["keep"],
        keep_every=options["keep_every"],
        micro_batch=options["micro_batch"],
        compile=options["compiled"],
        graph=options["graph"],
        trackers=options["track"],
        quiet=options["quiet"],
        command=shlex.join(["ganzoo", *sys.argv[1:]]),
        ranks=ranks,
    )


def _tell_outcome(outcome: Outcome, out: Path) -> None:
    if outcome.kind == "already finished":
        click.echo(f"{out} is finished ({outcome.images:,} images): {outcome.export}")
    elif outcome.kind == "finished":
        click.echo(f"finished: {outcome.export}  (ganzoo sample {shlex.quote(f'{out}/')})")
    else:
        click.echo(
            f"stopped at {outcome.images:,} images and saved; the same command goes on from here",
            err=True,
        )


def _tell_rehearsal(report: Rehearsal, out: Path, *, as_json: bool) -> None:
    """The recipe in full, and what it takes."""
    from ganzoo.engine.prepare import plain

    figures = {
        "parameters": report.parameters,
        "checkpoint_bytes": report.checkpoint_bytes,
        "peak_bytes": report.peak_bytes,
        "steps": report.steps,
        "images_per_second": round(report.images_per_second, 1),
        "seconds": round(report.seconds),
        "moving": report.moving,
    }
    parts = plain(report.config)
    if as_json:
        click.echo(to_json({**parts, "rehearsal": figures}), nl=False)
        return
    click.echo(to_json(parts))
    counts = " + ".join(f"{n:,} ({who})" for who, n in report.parameters.items())
    images = report.config.recipe.images
    for name, text in {
        "parameters": counts,
        "memory": f"{report.peak_bytes / 1e6:,.0f} MB at the most",
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
    """The numbers that schedules move, as lines of a table; none where nothing moves."""
    if not moving:
        return
    width = max(len("moving"), *map(len, moving)) + 2
    heads = ("start", "25%", "50%", "75%", "end")
    yield "moving".ljust(width) + "".join(f"{head:>11}" for head in heads)
    for path, numbers in moving.items():
        yield path.ljust(width) + "".join(f"{number:>11.4g}" for number in numbers)


def duration(seconds: float) -> str:
    """Seconds in the two units that matter: 95 -> `1 min 35 s`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
