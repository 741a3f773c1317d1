"""From a config to a training that can start: parts built, checked and tried once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, TypeVar

import torch

from ganzoo.build import build, qualify, taken_arguments
from ganzoo.ema import Ema
from ganzoo.engine.dry_call import dry_call
from ganzoo.engine.inferred import check_shapes, check_told, fit, fit_data, open_data_part
from ganzoo.engine.initial_weights import take_over
from ganzoo.engine.labels import check_conditions
from ganzoo.engine.micro_batches import shares_of
from ganzoo.engine.optimizers import make_optimizer
from ganzoo.engine.out_of_memory import told_of_full_memory
from ganzoo.engine.randomness import BalancedOrder, Counters, DataOrder
from ganzoo.engine.ranks import Ranks
from ganzoo.engine.schedule_targets import bound, loss_of
from ganzoo.engine.state import TrainingState
from ganzoo.engine.turns import Setup
from ganzoo.errors import ConfigError, TrainingError
from ganzoo.interfaces import Augmentation, Dataset, Discriminator, Generator, Loss, Schedule
from ganzoo.sampling import Labeller
from ganzoo.seeds import derive
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

N = TypeVar("N", Generator, Discriminator)
#: Samples that are read at once where only their labels are wanted.
PIECE = 4096


def resolve(
    raw: Mapping[str, Any],
    where: str,
    *,
    fill: bool = False,
    ranks: Ranks | None = None,
    known: ModelConfig | None = None,
) -> ModelConfig:
    """Fill what a recipe leaves open, from its loss and then from the defaults.

    `raw` is config.json as the user wrote it; parts come out under their qualified names. With
    `fill`, the data set is opened and says first what the parts leave open (see `fit`); `known` is
    what stands in the run's folder, if any.
    """
    raw = write_record(raw)
    check_version(raw, where)
    draft = qualified(read_record(ModelConfig, raw, where))
    draft = fit(draft, ranks, known) if fill else fit_data(draft)
    parts = {"loss": write_record(draft.recipe.loss), "data": write_record(draft.recipe.data)}
    recipe = merge(build_loss(draft).recipe, {**raw["recipe"], **parts})
    config = qualified(read_record(ModelConfig, {**raw, "recipe": recipe}, where))
    return replace(config, generator=draft.generator, discriminator=draft.discriminator)


def qualified(config: ModelConfig) -> ModelConfig:
    """The same config with every part under its qualified name."""
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

    `true` stands for no arguments, and a list for the first one; of two names of one augmentation
    the later counts, which is the user's where a card has the other.
    """
    arguments: dict[str, Any] = {}
    for name, how in asked.items():
        qualified = qualify(Augmentation, Part(name)).name
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
    """The raw config of a training that is given by the names of its parts."""
    return {
        "ganzoo_config": CONFIG_VERSION,
        "name": name,
        "generator": {"name": generator},
        "discriminator": {"name": discriminator},
        "recipe": {"loss": {"name": loss}, "data": {"name": data}},
    }


def resolve_precision(config: ModelConfig, device: torch.device) -> ModelConfig:
    """Replace `auto` by what it means on this device: float32 on the CPU, else bf16.

    The config comes out as config.json will hold it.
    """
    config = as_written(config)
    if config.recipe.precision != "auto":
        return config
    precision = "float32" if device.type == "cpu" else "bf16"
    return replace(config, recipe=replace(config.recipe, precision=precision))


def prepare(
    config: ModelConfig,
    device: torch.device,
    ranks: Ranks | None = None,
    micro_batch: int | None = None,
    *,
    fresh: bool = True,
    data: Dataset | None = None,
) -> tuple[TrainingState, Setup]:
    """Build and check everything; `GanzooError` says what does not fit.

    `data` is the recipe's data set, if it is open already.
    A training that is not `fresh` gets its weights from a checkpoint, and needs no model to start.
    """
    recipe, ranks = config.recipe, ranks or Ranks()
    shares = shares_of(recipe.batch, ranks.rank, ranks.size, micro_batch)
    data = open_data(recipe, ranks, data)
    generator, discriminator = build_players(config)
    loss = build_loss(config).to(device).requires_grad_(False)
    check_shapes(config, generator, discriminator, data)
    check_told(config, generator, discriminator, data)
    given = check_conditions(generator, discriminator, data)
    conditional = given or check_labels(generator, discriminator, data)
    augmentations = build_augmentations(recipe).to(device)
    check_augmentations(recipe, augmentations, data)
    if recipe.start is not None and fresh:
        take_over(recipe.start, generator, discriminator)
    data.to(device)
    generator, discriminator = at_home(generator, device), at_home(discriminator, device)
    trainable = tuple(p for p in discriminator.parameters() if p.requires_grad)
    state = TrainingState(
        generator=generator,
        discriminator=discriminator,
        average=Ema(generator),
        loss=loss,
        generator_optimizer=make_optimizer(recipe.optimizers.generator, generator),
        discriminator_optimizer=make_optimizer(recipe.optimizers.discriminator, discriminator),
        augmentations=augmentations,
        augmentation_names=tuple(recipe.augmentation),
    )
    for parameter in trainable:
        parameter.requires_grad_(False)
    setup = Setup(
        recipe=recipe,
        data=data,
        order=order_of(recipe, data),
        counters=Counters(recipe.seed),
        device=device,
        conditional=conditional,
        trainable=trainable,
        autocast=torch.bfloat16 if recipe.precision == "bf16" else None,
        ranks=ranks,
        shares=shares,
        schedules=bound(recipe, state, device),
        labeller=Labeller(generator.num_classes),
    )
    setup.schedules.move(recipe.batch)
    with told_of_full_memory(state, setup):
        try_layout(state, setup)
    return state, setup


def try_layout(state: TrainingState, setup: Setup) -> None:
    """Try the networks as they lie in memory; those that `view` what convolutions make need rows.

    `view` refuses images whose channels lie together, where `flatten` and `reshape` copy.
    """
    try:
        dry_call(state, setup)
    except TrainingError as error:
        if "view size is not compatible" not in str(error):
            raise
        for network in (state.generator, state.discriminator, state.average.module):
            network.to(memory_format=torch.contiguous_format)
        dry_call(state, setup)


def open_data(recipe: Recipe, ranks: Ranks, data: Dataset | None = None) -> Dataset:
    """Open the data set; `ConfigError` where it holds too little for a training."""
    data = open_data_part(recipe.data, ranks) if data is None else data
    if len(data) < 2:
        found = ("no samples", "a single sample")[len(data)]
        raise ConfigError(f"the data set {recipe.data.name} holds {found}; a training needs two")
    if recipe.batch > len(data):
        raise ConfigError(
            f"batch is {recipe.batch}, and the data set {recipe.data.name} has {len(data)} "
            f"samples; --batch {len(data)} or less fits"
        )
    return data


def at_home(network: N, device: torch.device) -> N:
    """Move a network to its device, in the layout that suits convolutions.

    On two CPU cores it makes the zoo's convolutional recipes 6 to 16% faster (docs/log.md).
    """
    return network.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload,no-any-return]


def build_loss(config: ModelConfig) -> Loss:
    """Build the loss from the recipe's seed, as its frozen networks may be drawn."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(derive(config.recipe.seed, "loss"))
        return build(Loss, loss_of(config.recipe))


def build_augmentations(recipe: Recipe) -> torch.nn.ModuleList:
    """Build the augmentations, in the order of their names."""
    parts = [Part(name, how) for name, how in recipe.augmentation.items()]
    return torch.nn.ModuleList(build(Augmentation, part) for part in parts)


def order_of(recipe: Recipe, data: Dataset) -> DataOrder | BalancedOrder:
    """In which order a run's real samples come."""
    if not recipe.data.balance:
        return DataOrder(len(data), recipe.seed)
    labels = all_labels(data)
    if labels is None:
        raise ConfigError(
            f"data.balance draws each class equally often, and {recipe.data.name} has no classes; "
            "leave it out, or give labels (a folder of images takes "
            "--set data.arguments.labels=true)"
        )
    return BalancedOrder(labels, recipe.seed)


def all_labels(data: Dataset) -> torch.Tensor | None:
    """The label of every sample, int64 [N] on the CPU; None where it has no classes."""
    if data.num_classes is None:
        return None
    pieces = []
    for start in range(0, len(data), PIECE):
        _, labels = data.batch(torch.arange(start, min(start + PIECE, len(data))))
        if labels is None:
            return None
        pieces.append(labels.cpu())
    return torch.cat(pieces)


def build_players(config: ModelConfig) -> tuple[Generator, Discriminator]:
    """Build both networks from the recipe's seed, leaving torch's own generator as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(derive(config.recipe.seed, "generator"))
        generator = build(Generator, config.generator)
        torch.default_generator.manual_seed(derive(config.recipe.seed, "discriminator"))
        discriminator = build(Discriminator, config.discriminator)
    return generator.train(), discriminator.train()


def check_augmentations(recipe: Recipe, augmentations: Iterable[Any], data: Dataset) -> None:
    """Refuse samples that an augmentation says it does not take, such as points to be flipped."""
    for name, augmentation in zip(recipe.augmentation, augmentations, strict=True):
        dims = augmentation.sample_dims
        if dims not in (None, len(data.sample_shape)):
            takes = "images [C, H, W]" if dims == 3 else f"samples of {dims} dimensions"
            raise ConfigError(
                f"the augmentation {name} is for {takes}; {recipe.data.name} has samples of shape "
                f"{list(data.sample_shape)}, leave it out"
            )


def check_labels(generator: Generator, discriminator: Discriminator, data: Dataset) -> bool:
    """Whether labels are passed: both players must be conditional, on the data set's classes."""
    wishes = (generator.num_classes, discriminator.num_classes)
    if None in wishes:
        return False
    if data.num_classes is None:
        raise ConfigError(
            f"classes differ: the data set has no labels, the generator {wishes[0]} classes, the "
            f"discriminator {wishes[1]}; give labels (a folder of images takes "
            "--set data.arguments.labels=true), or leave num_classes out"
        )
    if wishes[0] != wishes[1] or data.num_classes > int(wishes[0] or 0):
        raise ConfigError(
            f"classes differ: the data set has {data.num_classes}, the generator {wishes[0]}, "
            f"the discriminator {wishes[1]}; set num_classes alike, or leave it out"
        )
    return True


def as_written(config: ModelConfig) -> ModelConfig:
    """The config as config.json will hold it, so that what is trained is what is loaded again.

    `ConfigError` names what a part was given that JSON has nothing for.
    """
    return read_record(ModelConfig, write_record(config), "the recipe")


def plain(config: ModelConfig) -> dict[str, Any]:
    """What a run must keep to go on: the networks and the recipe, as JSON data."""
    data: dict[str, Any] = write_record(config)
    return {key: data[key] for key in ("generator", "discriminator", "recipe")}


def hash_of(config: ModelConfig) -> str:
    """The hash of what a run must keep to go on."""
    recipe = config.recipe
    total = needs_total(recipe)
    return recipe_hash(config.generator, config.discriminator, recipe, needs_total=total)


def needs_total(recipe: Recipe) -> bool:
    """Whether a schedule says that it depends on `images`, which then cannot be raised."""
    rates = (recipe.optimizers.generator.schedule, recipe.optimizers.discriminator.schedule)
    return any(rate is not None and rate.needs_total for rate in rates) or any(
        build(Schedule, part).needs_total for part in recipe.schedules.values()
    )
