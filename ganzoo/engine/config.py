"""From the config that a user writes to one that can be trained: names qualified, nothing open."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import torch

from ganzoo.build import build, factory_of, qualify, taken_arguments
from ganzoo.engine.inferred import fit, fit_data
from ganzoo.engine.ranks import Ranks
from ganzoo.engine.schedule_targets import build_schedules
from ganzoo.errors import ConfigError
from ganzoo.interfaces import Augmentation, Dataset, Discriminator, Generator, Loss, Schedule
from ganzoo.specs import (
    CONFIG_VERSION,
    ModelConfig,
    Part,
    Recipe,
    check_version,
    merge,
    read_record,
    recipe_hash,
    write_record,
)


def resolve(
    raw: Mapping[str, Any],
    where: str,
    *,
    fill: bool = False,
    ranks: Ranks | None = None,
    known: ModelConfig | None = None,
) -> ModelConfig:
    """Read a config and fill what its recipe leaves open: from its loss, then from the defaults.

    `raw` is config.json as the user wrote it; parts come out under their qualified names. With
    `fill`, the data set is opened to fill what the parts leave open (see `fit`); `known` is the
    config in the run's folder, if there is one.
    """
    return resolve_and_open(raw, where, fill=fill, ranks=ranks, known=known)[0]


def resolve_and_open(
    raw: Mapping[str, Any],
    where: str,
    *,
    fill: bool = False,
    ranks: Ranks | None = None,
    known: ModelConfig | None = None,
) -> tuple[ModelConfig, Dataset | None]:
    """The same, and the data set if it was opened to fill what the parts leave open."""
    raw = write_record(raw)
    check_version(raw, where)
    config = qualified(read_record(ModelConfig, raw, where))
    config, data = fit(config, ranks, known) if fill else (fit_data(config), None)
    if defaults := recipe_of_loss(config.recipe.loss):
        filled = {
            "loss": write_record(config.recipe.loss),
            "data": write_record(config.recipe.data),
        }
        recipe = merge(defaults, {**raw["recipe"], **filled})
        again = qualified(read_record(ModelConfig, {**raw, "recipe": recipe}, where))
        config = replace(again, generator=config.generator, discriminator=config.discriminator)
    return config, data


def recipe_of_loss(part: Part) -> Mapping[str, object]:
    """The settings that a loss's paper trains with."""
    factory = factory_of(Loss, part)
    loss: type[Loss] | Loss = factory if isinstance(factory, type) else build(Loss, part)
    return loss.recipe


def qualified(config: ModelConfig) -> ModelConfig:
    """The same config, with every part under its qualified name."""
    return replace(
        config,
        generator=qualify(Generator, config.generator),
        discriminator=qualify(Discriminator, config.discriminator),
        recipe=replace(
            config.recipe,
            loss=qualify(Loss, config.recipe.loss),
            data=qualify(Dataset, config.recipe.data),
            augmentation=qualified_augmentations(config.recipe.augmentation),
            schedules={k: qualify(Schedule, p) for k, p in config.recipe.schedules.items()},
        ),
    )


def qualified_augmentations(asked: Mapping[str, Any]) -> dict[str, Any]:
    """Augmentations under their qualified names, each with its arguments.

    `true` means no arguments, a list is the first one, and `false` leaves one out. Where two names
    mean one augmentation, the later one wins: the user's over a card's.
    """
    arguments: dict[str, Any] = {}
    for name, how in asked.items():
        qualified = qualify(Augmentation, Part(name)).name
        if how is False:
            arguments.pop(qualified, None)
        else:
            arguments[qualified] = arguments.get(qualified, {}) | _arguments(name, how)
    return {name: arguments[name] for name in sorted(arguments)}


def _arguments(name: str, how: Any) -> dict[str, Any]:
    """An augmentation's arguments, however they were given."""
    if how is True:
        return {}
    if isinstance(how, Mapping):
        return dict(how)
    first = next(iter(taken_arguments(Augmentation, Part(name))), None)
    if first is None or not isinstance(how, list | tuple):
        raise ConfigError(f"augmentation.{name}: expected its arguments, or true; found {how!r}")
    return {first: list(how)}


def config_of(
    generator: str, discriminator: str, loss: str, data: str, name: str | None = None
) -> dict[str, Any]:
    """The raw config of a training whose parts are given by name."""
    return {
        "ganzoo_config": CONFIG_VERSION,
        "name": name,
        "generator": {"name": generator},
        "discriminator": {"name": discriminator},
        "recipe": {"loss": {"name": loss}, "data": {"name": data}},
    }


def resolve_precision(config: ModelConfig, device: torch.device) -> ModelConfig:
    """Replace precision `auto` by float32 on the CPU and bf16 elsewhere.

    Returns the config as config.json will hold it, so that what is trained is what is loaded
    again; `ConfigError` names an argument that JSON cannot hold.
    """
    config = read_record(ModelConfig, write_record(config), "the recipe")
    if config.recipe.precision != "auto":
        return config
    precision = "float32" if device.type == "cpu" else "bf16"
    return replace(config, recipe=replace(config.recipe, precision=precision))


def hash_of(config: ModelConfig) -> str:
    """The hash of what a resumed run must match."""
    total = needs_total(config.recipe)
    return recipe_hash(config.generator, config.discriminator, config.recipe, needs_total=total)


def needs_total(recipe: Recipe) -> bool:
    """Whether a schedule depends on `images`, which then cannot be raised."""
    rates = (recipe.optimizers.generator.schedule, recipe.optimizers.discriminator.schedule)
    return any(rate is not None and rate.needs_total for rate in rates) or any(
        schedule.needs_total for schedule in build_schedules(recipe).values()
    )
