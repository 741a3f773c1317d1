"""From a config to a training that can start: parts built, checked and tried once."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from ganzoo.engine.counters import Counters, DataOrder
from ganzoo.engine.state import TrainingState
from ganzoo.engine.turns import Fakes, Table, make_round, means_of, total_of, unfrozen
from ganzoo.errors import ConfigError, GanzooError, TrainingError, did_you_mean, one_line
from ganzoo.interfaces import Dataset, Discriminator, Generator, Loss
from ganzoo.parts import build, qualify
from ganzoo.seeds import derive
from ganzoo.specs import (
    CONFIG_VERSION,
    ModelConfig,
    Optimizer,
    check_version,
    merge,
    read_record,
    write_record,
)
from ganzoo.wrappers import Ema

#: What a recipe means that does not say: torch's values. The factory's own (momentum 0.9, and
#: Nesterov's) are for classifiers, and momentum is what a clipped critic must not have.
OWN_DEFAULTS: dict[Any, dict[str, Any]] = {
    torch.optim.RMSprop: {"momentum": 0.0, "alpha": 0.99},
    torch.optim.SGD: {"momentum": 0.0, "nesterov": False},
}
#: Optimizers whose step torch does in one kernel.
FUSED = (torch.optim.Adam, torch.optim.AdamW, torch.optim.SGD)


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


def make_optimizer(spec: Optimizer, module: torch.nn.Module) -> torch.optim.Optimizer:
    """An optimizer from timm's factory, fused where torch has it so."""
    import timm.optim as factory

    known = [str(name) for name in factory.list_optimizers()]
    if spec.name not in known:
        raise ConfigError(f"there is no optimizer {spec.name!r}; {did_you_mean(spec.name, known)}")
    kind = factory.get_optimizer_info(spec.name).opt_class
    arguments = {**OWN_DEFAULTS.get(kind, {}), **spec.arguments}
    if kind in FUSED and not arguments.get("foreach"):
        arguments.setdefault("fused", True)
    parameters = [p for p in module.parameters() if p.requires_grad]
    try:
        if "betas" in arguments:
            arguments["betas"] = tuple(float(beta) for beta in arguments["betas"])
        made: torch.optim.Optimizer = factory.create_optimizer_v2(
            parameters, opt=spec.name, lr=spec.lr, **arguments
        )
    except (TypeError, ValueError, AssertionError, IndexError, RuntimeError) as error:
        raise ConfigError(f"optimizer {spec.name!r}: {one_line(error)}") from error
    return made


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


def dry_call(state: TrainingState, table: Table) -> None:
    """Play both turns once on copies, to say in one line what does not fit together."""
    generator, discriminator, loss = copy.deepcopy(
        (state.generator, state.discriminator, state.loss)
    )
    trial = replace(state, generator=generator, discriminator=discriminator, loss=loss)
    pairs = zip(state.discriminator.parameters(), discriminator.parameters(), strict=True)
    chosen = {id(parameter) for parameter in table.trainable}
    trainable = tuple(copied for own, copied in pairs if id(own) in chosen)
    with torch.random.fork_rng(devices=[]):
        table.counters.seed_layers(0, "dry-call")
        real, labels = table.real_batch(0)
        rng = table.counters.rng(0, "dry-call")
        latents = generator.sample_latents(len(real), rng=rng).to(table.device)
        published = _outputs(trial, real, latents, labels)
        if missing := sorted(state.loss.needs - published.keys()):
            raise TrainingError(
                f"the loss {table.recipe.loss.name} needs the output {missing[0]!r}, and the "
                f"networks publish {', '.join(sorted(published))}; override `outputs` to add it"
            )
        fakes = Fakes(published["samples"], latents)
        with unfrozen(trainable):
            _try_turn(trial, table, real, labels, fakes, "discriminator")
        _try_turn(trial, table, real, labels, fakes, "generator")
    for name, buffer in loss.named_buffers():
        if buffer.requires_grad:
            raise TrainingError(
                f"the loss {table.recipe.loss.name} keeps a graph in its buffer {name!r}, which "
                "would grow for ever; detach the value before it is kept"
            )


def _outputs(
    trial: TrainingState, real: Tensor, latents: Tensor, labels: Tensor | None
) -> dict[str, Tensor]:
    """What both networks publish, with the shapes of samples and scores checked."""
    try:
        made = trial.generator.outputs(latents, labels)
        judged = trial.discriminator.outputs(real, labels)
    except GanzooError:
        raise
    except Exception as error:
        raise TrainingError(
            f"a network fails on a batch of {len(real)}: {one_line(error)}{_hint(trial)}"
        ) from error
    if "samples" not in made or "scores" not in judged:
        raise TrainingError("`outputs` of a generator holds 'samples', of a discriminator 'scores'")
    if made["samples"].shape != real.shape:
        raise TrainingError(
            f"the generator makes {list(made['samples'].shape)}, real samples are "
            f"{list(real.shape)}; its sample_shape says {list(trial.generator.sample_shape)}"
        )
    return {**made, **judged}


def _hint(trial: TrainingState) -> str:
    """The likely cause where only one player knows classes."""
    classes = (trial.generator.num_classes, trial.discriminator.num_classes)
    if classes.count(None) != 1:
        return ""
    return (
        f"; num_classes is {classes[0]} for the generator and {classes[1]} for the "
        "discriminator, and labels are passed where both have it"
    )


def _try_turn(
    trial: TrainingState,
    table: Table,
    real: Tensor,
    labels: Tensor | None,
    fakes: Fakes,
    mover: str,
) -> None:
    """One player's turn, as far as its gradients."""
    round = make_round(trial, table, real, labels, fakes, lambda name, values: None, mover)
    try:
        with table.precision():
            terms = getattr(trial.loss, mover)(round)
        if means := means_of(terms, mover):
            total_of(means, mover).backward()  # type: ignore[no-untyped-call]
    except GanzooError as error:
        raise TrainingError(f"{table.recipe.loss.name}: {error}") from error
    except Exception as error:
        raise TrainingError(
            f"the loss {table.recipe.loss.name} fails in the {mover}'s turn: {one_line(error)}"
        ) from error


def plain(config: ModelConfig) -> dict[str, Any]:
    """What a run must keep to go on: the networks and the recipe, as JSON data."""
    data: dict[str, Any] = write_record(config)
    return {key: data[key] for key in ("generator", "discriminator", "recipe")}
