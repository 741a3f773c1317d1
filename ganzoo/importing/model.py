"""A model folder of others' weights: what is known of them, and no more."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import torch

from ganzoo.build import build, qualify, size_from, taken_arguments, write_grid
from ganzoo.engine.run.export import GRID, count, fingerprint, requirements
from ganzoo.errors import ConfigError, GanzooError, UnknownNameError, UsageError
from ganzoo.files import folder_written_whole, holds_working_folder
from ganzoo.hardware import hardware, versions
from ganzoo.hub.intact import sha256_of
from ganzoo.importing.take import Taken, take
from ganzoo.interfaces import Dataset, Discriminator, Generator, Loss
from ganzoo.sampling import samples
from ganzoo.seeds import derive
from ganzoo.specs import (
    CONFIG_VERSION,
    DISCRIMINATOR_FILE,
    GENERATOR_FILE,
    MODEL_NAME,
    Data,
    ModelConfig,
    Part,
    Provenance,
    Recipe,
    write_record,
)
from ganzoo.specs.reading import to_json
from ganzoo.specs.readme import readme_of
from ganzoo.weights import save_weights

P = TypeVar("P", Generator, Discriminator)

#: By how many dimensions a sample has.
KINDS = {3: "image", 1: "points"}


@dataclass(frozen=True)
class Import:
    """What is taken over into what: files, parts and names as a person gave them.

    `data` and `loss` are what a training that goes on would take; nobody knows those of the past.
    """

    name: str
    out: Path
    generator: Part
    weights: Path
    discriminator: Part | None = None
    discriminator_weights: Path | None = None
    key: str | None = None
    discriminator_key: str | None = None
    mapping: Mapping[str, str | None] | None = None
    data: Part | None = None
    loss: Part = field(default_factory=lambda: Part("non-saturating"))
    command: str = ""


@dataclass(frozen=True)
class Done:
    """The folder, and what went into each network."""

    folder: Path
    taken: Mapping[str, Taken]


def import_model(wish: Import) -> Done:
    """Read weights through the one door, and write a model folder that is whole, or nothing."""
    _check(wish)
    generator = _built(Generator, wish.generator)
    discriminator = _built(Discriminator, beside(wish, generator))
    if generator.sample_shape != discriminator.sample_shape:
        raise ConfigError(
            f"the generator makes samples of shape {list(generator.sample_shape)}, the "
            f"discriminator takes {list(discriminator.sample_shape)}; set its arguments with "
            "--set discriminator.arguments.KEY=VALUE"
        )
    networks: dict[str, torch.nn.Module] = {GENERATOR_FILE: generator}
    taken = {"generator": take(wish.weights, generator, key=wish.key, mapping=wish.mapping)}
    if wish.discriminator_weights is not None:
        taken["discriminator"] = take(
            wish.discriminator_weights,
            discriminator,
            key=wish.discriminator_key,
            option="--discriminator-key",
        )
        networks[DISCRIMINATOR_FILE] = discriminator
    config = replace(
        _config(wish, generator),
        parameters={"generator": count(generator), "discriminator": count(discriminator)},
        fingerprint=None if generator.condition_shape else fingerprint(generator.eval()),
        extra={"imported": _told(taken)},
    )
    try:
        with folder_written_whole(wish.out.resolve()) as folder:
            _write(folder, replace(config, requires=requirements(config)), networks, generator)
    except OSError as error:
        raise GanzooError(f"{wish.out} cannot be written: {error.strerror or error}") from None
    return Done(wish.out, taken)


def _check(wish: Import) -> None:
    """Refuse a name that is none, and a folder that holds something."""
    if not MODEL_NAME.fullmatch(wish.name):
        raise UsageError(
            f"--name {wish.name}: a model's name is lower-case words joined by '-', such as "
            "dcgan-faces"
        )
    if wish.out.exists() and (not wish.out.is_dir() or any(wish.out.iterdir())):
        raise UsageError(f"{wish.out} is there already; give another --out, or remove it")
    if holds_working_folder(wish.out):
        raise UsageError(f"{wish.out} is or holds the folder you are in; give another --out")


def _built(interface: type[P], part: Part) -> P:
    """Build an untrained network as `load` will build it, which brings what no file holds."""
    player = "generator" if issubclass(interface, Generator) else "discriminator"
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(derive(Recipe.seed, player))
        return build(interface, part)


def beside(wish: Import, generator: Generator) -> Part:
    """The discriminator: the one asked for, else of the generator's name; for the same samples."""
    own = qualify(Generator, wish.generator)
    try:
        part = qualify(Discriminator, wish.discriminator or Part(own.name))
    except UnknownNameError as error:
        if wish.discriminator is not None:
            raise
        raise UsageError(f"{error}; name one with --discriminator") from None
    shape, taken = generator.sample_shape, taken_arguments(Discriminator, part)
    known: dict[str, Any] = {"sample_shape": list(shape), "num_classes": generator.num_classes}
    if len(shape) == 3:
        known |= {"channels": shape[0], "size": size_from(*shape[1:])}
    known |= {k: v for k, v in own.arguments.items() if k == "width"}
    fitting = {k: v for k, v in known.items() if k in taken and v is not None}
    return Part(part.name, {**fitting, **part.arguments})


def _config(wish: Import, generator: Generator) -> ModelConfig:
    """The model's config, without what is measured of it."""
    data = wish.data
    if data is None:
        if len(generator.sample_shape) != 3:
            raise UsageError("say with --data what kind of samples these are, such as ring")
        data = Part("folder")  # images of one's own, where nobody says of whose
    kind = KINDS.get(len(generator.sample_shape), "other")
    return ModelConfig(
        ganzoo_config=CONFIG_VERSION,
        generator=qualify(Generator, wish.generator),
        discriminator=beside(wish, generator),
        recipe=Recipe(
            loss=qualify(Loss, wish.loss), data=qualify(Dataset, Data(data.name, data.arguments))
        ),
        name=wish.name,
        description=f"Weights imported from {wish.weights.name}",
        kind=kind,
        provenance=Provenance(
            command=wish.command,
            date=datetime.now(UTC).date().isoformat(),
            duration_s=0.0,
            images=0,
            data_hash="",
            hardware=hardware(torch.device("cpu")),
            versions=versions(),
            threads=torch.get_num_threads(),
        ),
    )


def _told(taken: Mapping[str, Taken]) -> dict[str, Any]:
    """Where the weights came from, for config.json."""
    return {
        who: {"file": one.path.name, "sha256": sha256_of(one.path), "matched": one.how}
        for who, one in taken.items()
    }


def _write(
    folder: Path,
    config: ModelConfig,
    networks: Mapping[str, torch.nn.Module],
    generator: Generator,
) -> None:
    """Write weights, config.json, README.md and a grid of samples."""
    parts = {GENERATOR_FILE: config.generator, DISCRIMINATOR_FILE: config.discriminator}
    files = {
        file: save_weights(folder / file, network, parts[file])
        for file, network in networks.items()
    }
    whole = replace(config, files=files)
    (folder / "config.json").write_text(to_json(write_record(whole)), encoding="utf-8")
    (folder / "README.md").write_text(readme_of(whole, str(config.name)), encoding="utf-8")
    classes = generator.num_classes
    labels = None if classes is None else torch.arange(GRID) % classes
    write_grid(config.kind, samples(generator, GRID, seed=0, labels=labels), folder / "samples")
