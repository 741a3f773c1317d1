"""From a config to a training that can start: parts built, checked and tried once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any, TypeVar

import torch

from ganzoo.build import build
from ganzoo.ema import Ema
from ganzoo.engine.cpu_memory import check_cpu_memory, with_rows
from ganzoo.engine.dry_call import dry_call
from ganzoo.engine.inferred import open_data_part
from ganzoo.engine.initial_weights import load_initial_weights
from ganzoo.engine.labels import check_conditions, check_labels
from ganzoo.engine.micro_batches import shares_of
from ganzoo.engine.mismatches import check_classes_known_to_both, check_shapes
from ganzoo.engine.optimizers import make_optimizer
from ganzoo.engine.out_of_memory import explaining_full_memory
from ganzoo.engine.randomness import BalancedOrder, Counters, DataOrder
from ganzoo.engine.ranks import Ranks
from ganzoo.engine.schedule_targets import bind, build_schedules, loss_at_highest
from ganzoo.engine.setup import Setup
from ganzoo.engine.state import TrainingState
from ganzoo.errors import ConfigError, TrainingError
from ganzoo.interfaces import Augmentation, Dataset, Discriminator, Generator, Loss, Schedule
from ganzoo.sampling import Labeller
from ganzoo.seeds import derive
from ganzoo.specs import ModelConfig, Part, Recipe

N = TypeVar("N", Generator, Discriminator)
#: Samples that are read at once where only their labels are needed.
CHUNK = 4096
#: Rows of the first try of both turns on a CPU: several, for statistics over groups of them.
FEW_ROWS = 8


def prepare(
    config: ModelConfig,
    device: torch.device,
    ranks: Ranks | None = None,
    micro_batch: int | None = None,
    *,
    fresh: bool = True,
    data: Dataset | None = None,
) -> tuple[TrainingState, Setup]:
    """Build, check and try everything; `GanzooError` names what does not fit.

    `data` is the recipe's data set, if it is open already. A training that is not `fresh` gets its
    weights from a checkpoint, not from a model.
    """
    recipe, ranks = config.recipe, ranks or Ranks()
    shares = shares_of(recipe.batch, ranks.rank, ranks.size, micro_batch)
    data = open_data(recipe, ranks, data)
    generator, discriminator = build_players(config)
    schedules = build_schedules(recipe)
    loss = build_loss(recipe, schedules).to(device).requires_grad_(False)
    check_shapes(config, generator, discriminator, data)
    check_classes_known_to_both(config, generator, discriminator, data)
    conditional = check_conditions(generator, discriminator, data) or check_labels(
        generator, discriminator, data
    )
    augmentations = build_augmentations(recipe).to(device)
    check_augmentations(recipe, augmentations, data)
    if recipe.start is not None and fresh:
        load_initial_weights(recipe.start, generator, discriminator)
    data.to(device)
    generator, discriminator = placed(generator, device), placed(discriminator, device)
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
        schedules=bind(schedules, recipe, state, device),
        labeller=Labeller(generator.num_classes),
    )
    setup.schedules.move(recipe.batch)
    check_cpu_memory(state, setup)
    with explaining_full_memory(state, setup):
        try_layout(state, setup)
    return state, setup


def try_layout(state: TrainingState, setup: Setup) -> None:
    """Try both turns; networks that need contiguous tensors are laid out so and tried again.

    `view` refuses channels-last outputs of convolutions, where `flatten` and `reshape` copy.
    """
    try:
        try_turns(state, setup)
    except TrainingError as error:
        if "view size is not compatible" not in str(error):
            raise
        for network in (state.generator, state.discriminator, state.average.module):
            network.to(memory_format=torch.contiguous_format)
        try_turns(state, setup)


def try_turns(state: TrainingState, setup: Setup) -> None:
    """Try both turns on a CPU with a few rows, which is quicker; elsewhere with all of them.

    Rows that a loss or a network refuses, such as half a pack, are no error: all rows decide. A
    GPU tries all rows at once to find out whether its memory holds them.
    """
    rows = setup.recipe.batch // setup.shares[0].count
    if setup.device.type == "cpu" and (few := few_rows(rows)) < rows:
        with suppress(TrainingError):
            dry_call(state, with_rows(setup, few))
            return
    dry_call(state, setup)


def few_rows(rows: int) -> int:
    """The smallest divisor of a number of rows that is at least `FEW_ROWS`."""
    return next(few for few in range(min(FEW_ROWS, rows), rows + 1) if rows % few == 0)


def open_data(recipe: Recipe, ranks: Ranks, data: Dataset | None = None) -> Dataset:
    """Open the data set; `ConfigError` where it holds too little for a training."""
    data = open_data_part(recipe.data, ranks) if data is None else data
    if len(data) < 2:
        count = ("no samples", "a single sample")[len(data)]
        raise ConfigError(f"the data set {recipe.data.name} holds {count}; a training needs two")
    if recipe.batch > len(data):
        raise ConfigError(
            f"batch is {recipe.batch}, and the data set {recipe.data.name} has {len(data)} "
            f"samples; --batch {len(data)} or less fits"
        )
    return data


def placed(network: N, device: torch.device) -> N:
    """Move a network to its device, with channels last in memory.

    On two CPU cores this makes the zoo's convolutional recipes 6 to 16% faster (docs/log.md).
    """
    return network.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload,no-any-return]


def build_loss(recipe: Recipe, schedules: Mapping[str, Schedule]) -> Loss:
    """Build the loss from the recipe's seed, since its frozen networks may be drawn."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(derive(recipe.seed, "loss"))
        return build(Loss, loss_at_highest(recipe, schedules))


def build_augmentations(recipe: Recipe) -> torch.nn.ModuleList:
    """Build the augmentations, in the order of their names."""
    parts = [Part(name, how) for name, how in recipe.augmentation.items()]
    return torch.nn.ModuleList(build(Augmentation, part) for part in parts)


def order_of(recipe: Recipe, data: Dataset) -> DataOrder | BalancedOrder:
    """The order in which a run shows real samples."""
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
    for start in range(0, len(data), CHUNK):
        _, labels = data.batch(torch.arange(start, min(start + CHUNK, len(data))))
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
    """Refuse samples that an augmentation does not take, such as points to be flipped."""
    for name, augmentation in zip(recipe.augmentation, augmentations, strict=True):
        dims = augmentation.sample_dims
        if dims not in (None, len(data.sample_shape)):
            takes = "images [C, H, W]" if dims == 3 else f"samples of {dims} dimensions"
            raise ConfigError(
                f"the augmentation {name} is for {takes}, and {recipe.data.name} has samples of "
                f"shape {list(data.sample_shape)}; leave it out"
            )
