"""A model folder of others' weights: what is known of them, and no more."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import torch

from ganzoo.build import build, qualify, size_from, taken_arguments
from ganzoo.engine.run.export import GRID, count, fingerprint, requirements
from ganzoo.errors import ConfigError, UnknownNameError, UsageError
from ganzoo.files import folder_written_whole, holds_working_folder, writing
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
from ganzoo.writers.by_kind import write_grid

P = TypeVar("P", Generator, Discriminator)

#: The kind of samples by their number of dimensions.
KINDS = {3: "image", 1: "points"}


@dataclass(frozen=True)
class Import:
    """The files, parts and names of an import, as the user gave them.

    `data` and `loss` are for a training that continues; those of the past are unknown.
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
class Imported:
    """The new model folder, and what each network took."""

    folder: Path
    taken: Mapping[str, Taken]


def import_model(request: Import) -> Imported:
    """Read weights in the limited process, and write a complete model folder, or nothing."""
    _check(request)
    generator = _built(Generator, request.generator)
    discriminator = _built(Discriminator, beside(request, generator))
    if generator.sample_shape != discriminator.sample_shape:
        raise ConfigError(
            f"the generator makes samples of shape {list(generator.sample_shape)}, the "
            f"discriminator takes {list(discriminator.sample_shape)}; set its arguments with "
            "--set discriminator.arguments.KEY=VALUE"
        )
    networks: dict[str, torch.nn.Module] = {GENERATOR_FILE: generator}
    taken = {
        "generator": take(request.weights, generator, key=request.key, mapping=request.mapping)
    }
    if request.discriminator_weights is not None:
        taken["discriminator"] = take(
            request.discriminator_weights,
            discriminator,
            key=request.discriminator_key,
            option="--discriminator-key",
        )
        networks[DISCRIMINATOR_FILE] = discriminator
    config = replace(
        _config(request, generator),
        parameters={"generator": count(generator), "discriminator": count(discriminator)},
        fingerprint=None if generator.condition_shape else fingerprint(generator.eval()),
        extra={"imported": _origins(taken)},
    )
    with writing(request.out), folder_written_whole(request.out.resolve()) as folder:
        _write(folder, replace(config, requires=requirements(config)), networks, generator)
    return Imported(request.out, taken)


def _check(request: Import) -> None:
    """Refuse an invalid name, and a folder that is not empty."""
    if not MODEL_NAME.fullmatch(request.name):
        raise UsageError(
            f"--name {request.name}: a model's name is lower-case words joined by '-', such as "
            "dcgan-faces"
        )
    if request.out.exists() and (not request.out.is_dir() or any(request.out.iterdir())):
        raise UsageError(f"{request.out} exists already; give another --out, or remove it")
    if holds_working_folder(request.out):
        raise UsageError(f"{request.out} is or holds the folder you are in; give another --out")


def _built(interface: type[P], part: Part) -> P:
    """Build an untrained network as `load` will, with the buffers that no file holds."""
    player = "generator" if issubclass(interface, Generator) else "discriminator"
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(derive(Recipe.seed, player))
        return build(interface, part)


def beside(request: Import, generator: Generator) -> Part:
    """The given discriminator, else the generator's namesake, for samples of the same shape."""
    own = qualify(Generator, request.generator)
    try:
        part = qualify(Discriminator, request.discriminator or Part(own.name))
    except UnknownNameError as error:
        if request.discriminator is not None:
            raise
        raise UsageError(f"{error}; name one with --discriminator") from None
    shape, taken = generator.sample_shape, taken_arguments(Discriminator, part)
    known: dict[str, Any] = {"sample_shape": list(shape), "num_classes": generator.num_classes}
    if len(shape) == 3:
        known |= {"channels": shape[0], "size": size_from(*shape[1:])}
    known |= {k: v for k, v in own.arguments.items() if k == "width"}
    fitting = {k: v for k, v in known.items() if k in taken and v is not None}
    return Part(part.name, {**fitting, **part.arguments})


def _config(request: Import, generator: Generator) -> ModelConfig:
    """The model's config, without what depends on the weights."""
    data = request.data
    if data is None:
        if len(generator.sample_shape) != 3:
            raise UsageError("name the data set of these samples with --data, such as ring")
        data = Part("folder")  # of unknown images
    kind = KINDS.get(len(generator.sample_shape), "other")
    return ModelConfig(
        ganzoo_config=CONFIG_VERSION,
        generator=qualify(Generator, request.generator),
        discriminator=beside(request, generator),
        recipe=Recipe(
            loss=qualify(Loss, request.loss), data=qualify(Dataset, Data(data.name, data.arguments))
        ),
        name=request.name,
        description=f"Weights imported from {request.weights.name}",
        kind=kind,
        provenance=Provenance(
            command=request.command,
            date=datetime.now(UTC).date().isoformat(),
            duration_s=0.0,
            images=0,
            data_hash="",
            hardware=hardware(torch.device("cpu")),
            versions=versions(),
            threads=torch.get_num_threads(),
        ),
    )


def _origins(taken: Mapping[str, Taken]) -> dict[str, Any]:
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
    complete = replace(config, files=files)
    (folder / "config.json").write_text(to_json(write_record(complete)), encoding="utf-8")
    (folder / "README.md").write_text(readme_of(complete, str(config.name)), encoding="utf-8")
    classes = generator.num_classes
    labels = None if classes is None else torch.arange(GRID) % classes
    drawn = samples(generator, GRID, seed=0, labels=labels)
    write_grid(config.kind, drawn, folder / "samples", config.legend)
