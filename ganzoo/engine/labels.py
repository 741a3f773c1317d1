"""Classes and conditions of samples: checked before training, and drawn for grids."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TypeAlias

import torch

from ganzoo.conditions import conditions_of, fault_of, save_conditions
from ganzoo.engine.setup import Setup
from ganzoo.errors import ConfigError
from ganzoo.interfaces import Dataset, Discriminator, Generator
from ganzoo.sampling import Labeller
from ganzoo.specs import CONDITIONS_FILE

#: Parts that must agree, under their names in errors.
Parts: TypeAlias = Mapping[str, Dataset | Generator | Discriminator]


def check_conditions(generator: Generator, discriminator: Discriminator, data: Dataset) -> bool:
    """Whether players are given conditions: both take them, in the shape that the data has."""
    parts: Parts = {
        "the data set": data,
        "the generator": generator,
        "the discriminator": discriminator,
    }
    _check_either(parts)
    shapes = {who: _shape(part) for who, part in parts.items()}
    if shapes["the generator"] is None and shapes["the discriminator"] is None:
        _check_undeclared(data)
        return False
    if len(set(shapes.values())) > 1:
        described = ", ".join(
            f"{who} has {'none' if shape is None else list(shape)}" for who, shape in shapes.items()
        )
        raise ConfigError(
            f"conditions differ in shape: {described}; take parts whose `condition_shape` agrees "
            "(a player that ignores `labels` declares it too)"
        )
    _, conditions = data.batch(torch.arange(2) % len(data))
    if problem := fault_of(conditions, shapes["the data set"], 2):
        raise ConfigError(f"the data set: {problem}; give each sample a condition of that shape")
    return True


def _check_either(parts: Parts) -> None:
    """Refuse a part with both classes and conditions: `labels` carries one of the two."""
    for who, part in parts.items():
        if part.num_classes is not None and part.condition_shape is not None:
            raise ConfigError(
                f"{who} has {part.num_classes} classes and conditions of shape "
                f"{list(part.condition_shape)}, and labels can carry only one; leave num_classes "
                "or condition_shape None"
            )


def _check_undeclared(data: Dataset) -> None:
    """Refuse conditions that no part declares: they would be dropped, or taken for classes."""
    if data.condition_shape is not None:
        return
    _, labels = data.batch(torch.arange(2) % len(data))
    if labels is not None and labels.is_floating_point():
        shape = tuple(labels.shape[1:])
        raise ConfigError(
            f"the data set gives floating labels {list(labels.shape)} and declares no conditions; "
            f"set condition_shape = {shape} on it and on both players, or give classes as int64"
        )


def _shape(part: Dataset | Generator | Discriminator) -> tuple[int, ...] | None:
    """A part's condition_shape as a tuple; JSON made it a list."""
    return None if part.condition_shape is None else tuple(part.condition_shape)


def class_names_of(data: Dataset, generator: Generator) -> tuple[str, ...]:
    """The names of the classes that the generator draws; empty if they have none."""
    names = tuple(data.class_names or ())
    return names if len(names) == generator.num_classes else ()


def condition_names_of(data: Dataset, generator: Generator) -> tuple[str, ...]:
    """The names of the numbers in a condition; empty if it is no vector, or they have none."""
    names = tuple(data.condition_names or ())
    if not names or generator.condition_shape is None:
        return ()
    if _shape(data) != (len(names),):
        raise ConfigError(
            f"the data set has {len(names)} condition_names and conditions of shape "
            f"{list(data.condition_shape or ())}; give one name for each of K numbers, or none"
        )
    return names


def check_labels(generator: Generator, discriminator: Discriminator, data: Dataset) -> bool:
    """Whether the players are given classes: both take them, as many as the data set has."""
    declared = (generator.num_classes, discriminator.num_classes)
    if None in declared:
        return False
    if data.num_classes is None:
        raise ConfigError(
            f"classes differ: the data set has no labels, the generator {declared[0]} classes, the "
            f"discriminator {declared[1]}; give labels (a folder of images takes "
            "--set data.arguments.labels=true), or leave num_classes out"
        )
    if declared != (data.num_classes, data.num_classes):
        raise ConfigError(
            f"classes differ: the data set has {data.num_classes}, the generator {declared[0]}, "
            f"the discriminator {declared[1]}; set one num_classes for both, or leave it out"
        )
    return True


def labeller_of(setup: Setup, generator: Generator) -> Labeller:
    """The labels of samples in grids and exports: the data's class shares, or its conditions.

    It may read the whole data set, and open its test samples.
    """
    if not setup.conditional:
        return Labeller(generator.num_classes)
    if generator.condition_shape is not None:
        return Labeller(conditions=conditions_of(setup.recipe.data, setup.data))
    return Labeller(generator.num_classes, shares_of(setup.data, generator.num_classes or 0))


def shares_of(data: Dataset, num_classes: int) -> tuple[float, ...]:
    """Each class's share of the data; 0 for classes that the data does not have."""
    counts = data.class_counts().tolist()
    total = sum(counts)
    return tuple(count / total for count in counts) + (0.0,) * (num_classes - len(counts))


def keep_conditions(setup: Setup, folder: Path) -> None:
    """Write the conditions that a run samples with beside its recipe."""
    if setup.labeller.conditions is not None:
        save_conditions(folder / CONDITIONS_FILE, setup.labeller.conditions, calibration=True)
