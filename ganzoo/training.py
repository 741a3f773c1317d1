"""`train`: everything that `ganzoo train` does, as one call."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from functools import partial
from pathlib import Path
from typing import Any

import torch

from ganzoo.arguments import seed_of, whole
from ganzoo.cards import catalogue
from ganzoo.data.picture_form import Form
from ganzoo.engine.config import resolve_and_open
from ganzoo.engine.initial_weights import start_from
from ganzoo.engine.ranks import Ranks, joined
from ganzoo.engine.run.folder import known_run
from ganzoo.engine.run.options import Callback, RunOptions
from ganzoo.engine.run.seeds import refuse_seeds, train_seeds
from ganzoo.engine.train import train as train_run
from ganzoo.errors import UsageError, brief, did_you_mean
from ganzoo.hardware import own_device, usable_device
from ganzoo.interfaces import Dataset, Discriminator, Generator, Loss
from ganzoo.own_pictures import decisions, model_like
from ganzoo.plugins import local
from ganzoo.recipes import Asked, asked
from ganzoo.run_folders import Run, Runs
from ganzoo.specs import ModelConfig, read_seeds, seed_folder

log = logging.getLogger("ganzoo")

#: A player, loss or data set: by name, as a class, or as an object.
GivenPart = str | type | Any
#: Fields of `RunOptions` that `train` fills itself.
HANDLED = ("folder", "device", "command", "ranks", "callbacks", "opened", "measure")
#: Values that a call shows literally.
PLAIN = (str, int, float, Path, dict)
INTERFACES = {
    "generator": Generator,
    "discriminator": Discriminator,
    "loss": Loss,
    "data": Dataset,
}


def train(
    what: str | Path | ModelConfig | None = None,
    *,
    generator: GivenPart | None = None,
    discriminator: GivenPart | None = None,
    loss: GivenPart | None = None,
    data: GivenPart | None = None,
    images: int | None = None,
    seed: int | None = None,
    seeds: int | None = None,
    batch: int | None = None,
    init: str | Path | None = None,
    set: Mapping[str, Any] | None = None,  # noqa: A002 - the command's word
    out: str | Path | None = None,
    device: str | torch.device | None = None,
    strict: bool = False,
    callbacks: Sequence[Callback] = (),
    **options: Any,
) -> Run | Runs:
    """Train a model, or your own parts, and return the run; with `seeds`, the runs.

    `what` is a model's name, a folder, a RECIPE.json, or a config such as
    `ganzoo.card("dcgan-mnist").config.replace({"recipe.batch": 32})`. A generator, discriminator,
    loss or data set is a name, a class (or `functools.partial` of one, whose keywords are its
    arguments), or an object; a class is built under the run's seed, an object keeps its
    weights. `set` maps keys of config.json to values, such as
    `{"optimizers.generator.lr": 5e-4}`. Each of `callbacks` is called with a record of the run and
    its newest figures whenever a row of them is logged; what it raises ends the training.
    `options` are fields of `RunOptions`: `log_every`, `grid_every`, `checkpoint_seconds`, `keep`,
    `keep_every`, `eval_every`, `eval_samples`, `eval_extractor`, `micro_batch`, `compile`, `graph`,
    `trackers`, `quiet`.

    The same call again, or the run's folder as `what`, resumes where the training stopped. Raises a
    `GanzooError` where the folder holds another recipe, or a part does not fit.
    """
    run_options = checked_options(options)
    if images is not None:
        images = whole("images", images, least=1)
    if batch is not None:
        batch = whole("batch", batch, least=1)
    if seeds is not None:
        seeds = whole("seeds", seeds, least=1)
    seed = None if seed is None else seed_of(seed)
    given = {"generator": generator, "discriminator": discriminator, "loss": loss, "data": data}
    names, arguments = named(given)
    request = asked(
        catalogue(),
        str(what) if isinstance(what, Path) else what,
        {
            **names,
            "images": images,
            "seed": 0 if seeds and seed is None else seed,
            "batch": batch,
            "init": None if init is None else str(init),
            "strict": strict,
            "settings": (),
            "values": {**arguments, **(set or {})},
        },
    )
    folder = request.folder if out is None else Path(out).expanduser()
    target = usable_device(own_device(None if device is None else str(device)))
    devices = [target] if target.type == "cuda" else []
    with joined(target) as ranks, torch.random.fork_rng(devices=devices):
        config, opened = config_for(request, folder, ranks)
        for note in notes_of(request, config):
            log.info("%s", note)
        config = with_digests(config, folder)
        run = RunOptions(
            folder=folder,
            device=str(target),
            command=call_of(
                what,
                {**given, "images": images, "seed": seed, "seeds": seeds, "batch": batch}
                | {"init": init, "set": set, "out": out},
            ),
            callbacks=tuple(callbacks),
            ranks=ranks,
            opened=opened,
            **run_options,
        )
        run = measuring(config, run)
        if seeds:
            outcome = train_seeds(config, run, seeds)
        else:
            refuse_seeds(folder)
            outcome = train_run(config, run)
    if outcome.exit_code:
        log.warning(
            "%s: stopped at %s images and saved; the same call continues from there",
            folder,
            f"{outcome.images:,}",
        )
        raise KeyboardInterrupt
    return several(folder) if seeds else Run(folder)


def measuring(config: ModelConfig, run: RunOptions) -> RunOptions:
    """The run with what it measures on the way, if it asks for that; it is checked now."""
    if run.eval_every is None:
        if run.eval_extractor is not None:
            raise UsageError("an extractor measures samples on the way; give eval_every too")
        return run
    from ganzoo.measure.on_the_way import on_the_way

    every = whole("eval_every", run.eval_every, least=1)
    n = whole("eval_samples", run.eval_samples, least=2)
    if not run.ranks.first:
        return replace(run, eval_every=every)
    measure = on_the_way(config.recipe.data, n, run.eval_extractor, run.device)
    return replace(run, eval_every=every, eval_samples=n, measure=measure)


def with_digests(config: ModelConfig, folder: Path) -> ModelConfig:
    """Note what parts of one's own are like; `UsageError` where a run began with others."""
    parts = {"generator": config.generator, "discriminator": config.discriminator}
    parts |= {"loss": config.recipe.loss, "dataset": config.recipe.data}
    digests = {k: local.digest(k, p.name) for k, p in parts.items() if local.is_local(p.name)}
    if not digests:
        return config
    known = known_run(folder)
    before = {} if known is None else dict(known.extra.get("local", {}))
    for kind, digest in digests.items():
        if before.get(kind, digest) != digest:
            raise UsageError(
                f"{folder} was trained with another {parts[kind].name}: its code or its settings "
                "have changed; give another out"
            )
    return replace(config, extra={**config.extra, "local": digests})


def several(folder: Path) -> Runs:
    """The runs of a folder of training seeds."""
    record = read_seeds(folder)
    return Runs([Run(seed_folder(folder, seed)) for seed in record.seeds] if record else [])


def call_of(what: str | Path | ModelConfig | None, keywords: Mapping[str, Any]) -> str:
    """The call that repeats the training, for config.json."""
    arguments = []
    if isinstance(what, ModelConfig):
        arguments = [f"the config of {what.name}"]
    elif what is not None:
        arguments = [repr(str(what))]
    for name, value in keywords.items():
        if value is not None:
            shown = repr(value) if isinstance(value, PLAIN) else local.name_of(value)
            arguments.append(f"{name}={shown}")
    return f"ganzoo.train({', '.join(arguments)})"


def named(given: Mapping[str, GivenPart | None]) -> tuple[dict[str, str | None], dict[str, Any]]:
    """Each part's name, and settings for the arguments of those that no plugin offers."""
    names: dict[str, str | None] = {}
    settings: dict[str, Any] = {}
    for kind, thing in given.items():
        if thing is None or isinstance(thing, str):
            names[kind] = thing
            continue
        place = {"loss": "recipe.loss", "data": "recipe.data"}.get(kind, kind)
        check_interface(kind, thing)
        part = local.give("dataset" if kind == "data" else kind, thing)
        names[kind] = part["name"]
        settings |= {f"{place}.arguments.{key}": value for key, value in part["arguments"].items()}
    return names, settings


def check_interface(kind: str, thing: Any) -> None:
    """Refuse an object or a class that does not implement the interface."""
    interface = INTERFACES[kind]
    cls = thing if isinstance(thing, type) else type(thing)
    is_function = local.is_factory(thing) and not isinstance(thing, type)
    if not (is_function or cls is partial or issubclass(cls, interface)):
        raise UsageError(
            f"{kind} must be a name, or a class or an object of ganzoo.{interface.__name__}, found "
            f"{'the class ' if isinstance(thing, type) else 'an object of '}{cls.__name__}"
        )


def checked_options(options: Mapping[str, Any]) -> dict[str, Any]:
    """Fields of `RunOptions` that a caller may set; `UsageError` with the nearest for others."""
    known = [f.name for f in fields(RunOptions) if f.name not in HANDLED]
    if unknown := next((name for name in options if name not in known), None):
        keywords = [*known, *inspect.signature(train).parameters]
        raise UsageError(
            f"train takes no {brief(unknown)}; {did_you_mean(unknown, keywords)} (keys "
            'of the recipe are given as set={"KEY.PATH": VALUE})'
        )
    return dict(options)


def notes_of(request: Asked, config: ModelConfig) -> list[str]:
    """What to say before a training: what was decided, and that pictures become grey."""
    start = config.recipe.start
    begun = "" if start is None else start.model
    notes = [*(decisions(request.raw, begun) if request.own_pictures else ()), *request.notes]
    given = (request.raw["recipe"].get("data") or {}).get("arguments") or {}
    arguments = config.recipe.data.arguments
    if arguments.get("labels") is True and "num_classes" not in config.generator.arguments:
        notes.append(
            "classes are read from the folder, and no network is told them; for samples of a class "
            "give both --set generator.arguments.num_classes=K and "
            "--set discriminator.arguments.num_classes=K"
        )
    if arguments.get("channels") != 1 or "channels" in given or not arguments.get("path"):
        return notes
    form = Form.of(arguments["size"], 1)
    return [
        *notes,
        f"pictures are made {form.size}, as {config.generator.name} takes them here; for colour at "
        "64 pixels give --data and nothing else",
    ]


def config_for(request: Asked, folder: Path, ranks: Ranks) -> tuple[ModelConfig, Dataset | None]:
    """The config that is trained in a folder, all filled in, and its data set if that opened it."""
    known = known_run(folder)
    config, data = resolve_and_open(
        request.raw, request.where, fill=request.fill, ranks=ranks, known=known
    )
    start, what = None, request.init
    if request.likes_trained and known is not None:
        start = known.recipe.start  # as it began, whatever the zoo has now
    elif request.likes_trained:
        what = model_like(catalogue(), config)
    if what is not None:
        start = start_from(what, config, folder)
    return replace(config, recipe=replace(config.recipe, start=start)) if start else config, data
