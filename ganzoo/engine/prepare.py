"""From a config to a training that can start: parts built, checked and tried once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import torch

from ganzoo.engine.counters import Counters, DataOrder
from ganzoo.engine.optimizers import make_optimizer
from ganzoo.engine.state import TrainingState
from ganzoo.engine.trial import dry_call
from ganzoo.engine.turns import Table
from ganzoo.errors import ConfigError
from ganzoo.interfaces import Dataset, Discriminator, Generator, Loss
from ganzoo.parts import build, qualify
from ganzoo.seeds import derive
from ganzoo.specs import (
    CONFIG_VERSION,
    ModelConfig,
    check_version,
    merge,
    read_record,
    write_record,
)
from ganzoo.wrappers import Ema


def resolve(raw: Mapping[str, Any], where: str) -> ModelConfig:
    """Fill what a recipe leaves open, from its loss and then from the defaults.

    `raw` is config.json as the user wrote it; parts come out under their qualified names.
    """
    check_version(raw, where)
    draft = read_record(ModelConfig, raw, where)
    recipe = merge(build_loss(draft).recipe, raw["recipe"])
    config = read_record(ModelConfig, {**raw, "recipe": recipe}, where)
    return replace(
        config,
        generator=qualify(Generator, config.generator),
        discriminator=qualify(Discriminator, config.discriminator),
        recipe=replace(
            config.recipe,
            loss=qualify(Loss, config.recipe.loss),
            data=qualify(Dataset, config.recipe.data),
        ),
    )


def config_of(
    generator: str, discriminator: str, loss: str, data: str, name: str | None = None
) -> dict[str, Any]:
    """The raw config of a training that is given by the names of its parts."""
    return {
        "ganzoo_config": CONFIG_VERSION,
        "name": name,
        "generator": {"name": generator},
        "discriminator": {"name": discriminator},
        "recipe": {"loss": {"name": loss}, "data": {"name": data}},
    }


def resolve_precision(config: ModelConfig, device: torch.device) -> ModelConfig:
    """Replace `auto` by what it means on this device: float32 on the CPU, else bf16."""
    if config.recipe.precision != "auto":
        return config
    precision = "float32" if device.type == "cpu" else "bf16"
    return replace(config, recipe=replace(config.recipe, precision=precision))


def prepare(config: ModelConfig, device: torch.device) -> tuple[TrainingState, Table]:
    """Build and check everything; `GanzooError` says what does not fit."""
    recipe = config.recipe
    data = build(Dataset, recipe.data)
    generator, discriminator = build_players(config)
    loss = build_loss(config).to(device).requires_grad_(False)
    if not len(data):
        raise ConfigError(f"the data set {recipe.data.name} holds no samples")
    check_shapes(generator, discriminator, data)
    conditional = check_labels(generator, discriminator, data)
    generator, discriminator = generator.to(device), discriminator.to(device)
    trainable = tuple(p for p in discriminator.parameters() if p.requires_grad)
    state = TrainingState(
        generator=generator,
        discriminator=discriminator,
        average=Ema(generator),
        loss=loss,
        generator_optimizer=make_optimizer(recipe.optimizers.generator, generator),
        discriminator_optimizer=make_optimizer(recipe.optimizers.discriminator, discriminator),
    )
    for parameter in trainable:
        parameter.requires_grad_(False)
    table = Table(
        recipe=recipe,
        data=data,
        order=DataOrder(len(data), recipe.seed),
        counters=Counters(recipe.seed),
        device=device,
        conditional=conditional,
        trainable=trainable,
        autocast=torch.bfloat16 if recipe.precision == "bf16" else None,
    )
    dry_call(state, table)
    return state, table


def build_loss(config: ModelConfig) -> Loss:
    """Build the loss from the recipe's seed, as its frozen networks may be drawn."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(derive(config.recipe.seed, "loss"))
        return build(Loss, config.recipe.loss)


def build_players(config: ModelConfig) -> tuple[Generator, Discriminator]:
    """Build both networks from the recipe's seed, leaving torch's own generator as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(derive(config.recipe.seed, "generator"))
        generator = build(Generator, config.generator)
        torch.default_generator.manual_seed(derive(config.recipe.seed, "discriminator"))
        discriminator = build(Discriminator, config.discriminator)
    return generator.train(), discriminator.train()


def check_shapes(generator: Generator, discriminator: Discriminator, data: Dataset) -> None:
    """Data set and players must speak of samples of one shape."""
    shapes = {
        "the data set": tuple(data.sample_shape),
        "the generator": tuple(generator.sample_shape),
        "the discriminator": tuple(discriminator.sample_shape),
    }
    if len(set(shapes.values())) > 1:
        said = ", ".join(f"{who} has {shape}" for who, shape in shapes.items())
        raise ConfigError(
            f"samples differ in shape: {said}; set them alike, such as "
            "--set generator.arguments.size=32 or --set data.arguments.size=32"
        )


def check_labels(generator: Generator, discriminator: Discriminator, data: Dataset) -> bool:
    """Whether labels are passed: both players must be conditional, on the data set's classes."""
    wishes = (generator.num_classes, discriminator.num_classes)
    if None in wishes:
        return False
    if wishes[0] != wishes[1] or data.num_classes is None or data.num_classes > int(wishes[0] or 0):
        raise ConfigError(
            f"classes differ: the data set has {data.num_classes}, the generator {wishes[0]}, "
            f"the discriminator {wishes[1]}; set num_classes alike, or leave it out"
        )
    return True


def plain(config: ModelConfig) -> dict[str, Any]:
    """What a run must keep to go on: the networks and the recipe, as JSON data."""
    data: dict[str, Any] = write_record(config)
    return {key: data[key] for key in ("generator", "discriminator", "recipe")}
