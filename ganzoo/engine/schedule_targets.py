"""A recipe's schedules, each bound to the place from which training reads its number."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import nn

from ganzoo.build import build, needed_arguments, taken_arguments
from ganzoo.engine.optimizers import RATE_FACTOR, rate_factor
from ganzoo.engine.schedules import Dial, MovingNumbers, Put, ShareOfRate
from ganzoo.engine.state import TrainingState
from ganzoo.errors import ConfigError, did_you_mean
from ganzoo.interfaces import Loss, Schedule
from ganzoo.specs import Part, Recipe, write_record
from ganzoo.specs.reading import flatten

#: Numbers that training reads from `MovingNumbers` itself.
READ_FROM_NUMBERS = (
    "ema.half_life",
    "ema.ramp_up",
    "optimizers.discriminator.max_grad_norm",
    "optimizers.generator.max_grad_norm",
)
PLAYERS = ("generator", "discriminator")


def build_schedules(recipe: Recipe) -> dict[str, Schedule]:
    """Build the recipe's schedules, by the path of the number that each moves."""
    return {path: _built(path, part) for path, part in recipe.schedules.items()}


def _built(path: str, part: Part) -> Schedule:
    """Build a schedule, or name the arguments that it lacks."""
    if lacking := sorted(needed_arguments(Schedule, part)):
        name = part.name.rpartition("/")[2]
        raise ConfigError(
            f"schedules: {path}: the schedule {name} needs {', '.join(map(repr, lacking))}; add "
            f'"arguments": {{"{lacking[0]}": ...}}'
        )
    return build(Schedule, part)


def bind(
    schedules: Mapping[str, Schedule], recipe: Recipe, state: TrainingState, device: torch.device
) -> MovingNumbers:
    """Bind every schedule to its target; `ConfigError` names one that moves no number."""
    moving = MovingNumbers(recipe.images)
    for player in PLAYERS:
        schedule = getattr(recipe.optimizers, player).schedule
        if schedule is not None:
            path = f"optimizers.{player}.lr"
            if path in schedules:
                raise ConfigError(
                    f"schedules: {path} has a schedule in optimizers.{player}.schedule too; "
                    "keep one"
                )
            moving.dials.append(_dial(path, ShareOfRate(schedule), recipe, state, device, moving))
    for path, schedule in schedules.items():
        moving.dials.append(_dial(path, schedule, recipe, state, device, moving))
    return moving


def loss_at_highest(recipe: Recipe, schedules: Mapping[str, Schedule]) -> Part:
    """The loss with each scheduled argument at its highest number.

    So a term whose weight begins or ends at 0 is there.
    """
    prefix = "loss.arguments."
    highest = {
        path.removeprefix(prefix): _highest(recipe, path, schedule)
        for path, schedule in schedules.items()
        if path.startswith(prefix)
    }
    return Part(recipe.loss.name, {**recipe.loss.arguments, **highest})


def _highest(recipe: Recipe, path: str, schedule: Schedule) -> float:
    """The highest of a number's values at the start, in the middle and at the end of a run."""
    start, total = _start(path, recipe), recipe.images
    return max(schedule.value(start, images, total) for images in (0, total // 2, total))


def _dial(
    path: str,
    schedule: Schedule,
    recipe: Recipe,
    state: TrainingState,
    device: torch.device,
    moving: MovingNumbers,
) -> Dial:
    """A schedule with the start of its number and the way to set it."""
    head, _, rest = path.partition(".")
    if path in READ_FROM_NUMBERS:
        start = _start(path, recipe)
        return Dial(path, start, schedule, lambda number: moving.numbers.update({path: number}))
    if head == "loss":
        start = _start(path, recipe)
        return Dial(path, start, schedule, _attribute(state.loss, path, device))
    if head == "augmentation":
        module = _augmentation(rest, state)
        start = _number_of(module, path)
        return Dial(path, start, schedule, _attribute(module, path, device))
    if head in PLAYERS and rest.startswith("arguments."):
        network = getattr(state, head)
        return Dial(path, _number_of(network, path), schedule, _attribute(network, path, device))
    player, _, key = rest.partition(".")
    if head == "optimizers" and player in PLAYERS and key == "lr":
        rate = getattr(recipe.optimizers, player).lr
        return Dial(path, rate, schedule, _put_rate(getattr(state, f"{player}_optimizer")))
    if head == "optimizers" and player in PLAYERS and key:
        optimizer = getattr(state, f"{player}_optimizer")
        start, put = _of_optimizer(optimizer, key, path)
        return Dial(path, start, schedule, put)
    raise _unknown(path, recipe)


def _start(path: str, recipe: Recipe) -> float:
    """The recipe's own number at a path; the loss's default where the recipe leaves it open."""
    numbers = flatten(_lists_as_objects(write_record(recipe)))
    if path.startswith("loss.arguments."):
        taken = taken_arguments(Loss, recipe.loss)
        numbers = {f"loss.arguments.{k}": p.default for k, p in taken.items()} | numbers
    number = numbers.get(path)
    if isinstance(number, bool) or not isinstance(number, int | float):
        raise _unknown(path, recipe)
    return float(number)


def _unknown(path: str, recipe: Recipe) -> ConfigError:
    """The error for a path that names no number that can move."""
    numbers = flatten(_lists_as_objects(write_record(recipe)))
    heads = ("loss.arguments.", "optimizers.", "ema.", "augmentation.")
    known = [
        name
        for name, value in numbers.items()
        if name.startswith(heads) and isinstance(value, int | float) and not isinstance(value, bool)
    ]
    return ConfigError(
        f"schedules: the recipe has no number {path!r} that can move; {did_you_mean(path, known)}"
    )


def _lists_as_objects(data: Any) -> Any:
    """Lists as objects keyed by position, so that `betas.1` is a path."""
    if isinstance(data, list):
        data = {str(place): value for place, value in enumerate(data)}
    if isinstance(data, dict):
        return {key: _lists_as_objects(value) for key, value in data.items()}
    return data


def _augmentation(rest: str, state: TrainingState) -> nn.Module:
    """The augmentation that a path such as `ada.strength` names, bare or qualified."""
    name = rest.rpartition(".")[0]
    for known, module in zip(state.augmentation_names, state.augmentations, strict=True):
        if name in (known, known.rpartition("/")[2]):
            return module
    raise ConfigError(
        f"schedules: augmentation.{rest}: there is no augmentation {name!r} in the recipe; "
        f"{did_you_mean(name, [known.rpartition('/')[2] for known in state.augmentation_names])}"
    )


def _attribute(module: nn.Module, path: str, device: torch.device) -> Put:
    """Set a module's attribute, as a tensor without dimensions on the device.

    A CUDA graph would keep a plain number as it was when it was recorded.
    """
    number = torch.tensor(_number_of(module, path), device=device)
    setattr(module, path.rpartition(".")[2], number)

    def put(value: float) -> None:
        number.fill_(value)

    return put


def _number_of(module: nn.Module, path: str) -> float:
    """The number in a module's attribute; raises where a schedule cannot move it."""
    name = path.rpartition(".")[2]
    if name in dict(module.named_buffers(recurse=False)):
        raise ConfigError(
            f"schedules: {type(module).__name__} moves {path} itself; leave the schedule out, or "
            "switch that off (ada does not adapt where its target is null)"
        )
    number = getattr(module, name, None)
    if isinstance(number, bool) or not isinstance(number, int | float):
        raise ConfigError(
            f"schedules: {path} moves the attribute {name!r} of {type(module).__name__}, which "
            f"holds {'no number' if number is not None else 'nothing'}; store the argument "
            "under its own name"
        )
    return float(number)


def _put_rate(optimizer: torch.optim.Optimizer) -> Put:
    """Set a learning rate; each group of parameters gets its share."""

    def put(value: float) -> None:
        for group in optimizer.param_groups:  # a restored checkpoint replaces the list
            group["lr"] = value * rate_factor(group)

    return put


def _of_optimizer(optimizer: torch.optim.Optimizer, key: str, path: str) -> tuple[float, Put]:
    """The start of an optimizer's argument such as `arguments.betas.1`, and the way to set it."""
    group = optimizer.param_groups[0]
    lists = {k: list(v) if isinstance(v, tuple) else v for k, v in group.items()}
    numbers = _lists_as_objects(lists)
    name, _, place = key.removeprefix("arguments.").partition(".")
    number = flatten(numbers).get(f"{name}.{place}" if place else name)
    is_argument = key.startswith("arguments.") and name not in ("lr", "params")
    if not is_argument or isinstance(number, bool) or not isinstance(number, int | float):
        known = [k for k, v in flatten(numbers).items() if isinstance(v, float)]
        options = ["lr", *(f"arguments.{k}" for k in known if k not in ("lr", RATE_FACTOR))]
        raise ConfigError(
            f"schedules: {path}: {type(optimizer).__name__} has no number {key!r}; "
            f"{did_you_mean(key, options)}"
        )

    def put(value: float) -> None:
        for group in optimizer.param_groups:
            group[name] = _with(group[name], int(place), value) if place else value

    return float(number), put


def _with(values: tuple[float, ...], place: int, value: float) -> tuple[float, ...]:
    """The values with one of them replaced."""
    return (*values[:place], value, *values[place + 1 :])


def numbers_on_the_way(moving: MovingNumbers) -> Iterator[tuple[str, list[float]]]:
    """Each moving number at the start, three quarters in between, and the end of a run."""
    for dial in moving.dials:
        yield dial.path, [dial.at(moving.total * part // 4, moving.total) for part in range(5)]
