"""Data that fits a network: the plugin's own, the core's smallest, or patterns of its shape."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch import Tensor

from ganzoo.build import fitted, size_from
from ganzoo.cards import Catalogue
from ganzoo.conditions import fault_of
from ganzoo.errors import GanzooError
from ganzoo.interfaces import Dataset, Discriminator, Generator
from ganzoo.plugins import CORE
from ganzoo.plugins.registry import Offer
from ganzoo.seeds import derive
from ganzoo.specs import Part
from ganzoo.testing.plugin_sources import STANDINS

#: Points of the core's ring: enough to learn from, few enough to be hashed at once.
POINTS = 4096
#: The largest side to which digits are blown up.
LARGEST_SIDE = 256


def fitting_part(
    world: Catalogue,
    own: Sequence[Part],
    shape: tuple[int, ...],
    num_classes: int | None,
    condition_shape: tuple[int, ...] | None = None,
) -> Part:
    """The part of a data set of this shape, whose labels are such classes or conditions.

    `own` come first.
    """
    for part in _candidates(own, shape, num_classes):
        data = opened(world, part)
        if data is not None and _fits(data, shape, num_classes, condition_shape):
            return part
    return stand_in_for(shape, num_classes, condition_shape)


def fitting_data(
    world: Catalogue,
    own: Sequence[Part],
    shape: tuple[int, ...],
    num_classes: int | None,
    condition_shape: tuple[int, ...] | None = None,
) -> Dataset | None:
    """The data set of `fitting_part`; None where nothing says what lies in samples of the shape."""
    part = fitting_part(world, own, shape, num_classes, condition_shape)
    return None if part.name.startswith(f"{STANDINS}/") else opened(world, part)


def opened(world: Catalogue, part: Part, *, elsewhere: bool = False) -> Dataset | None:
    """A data set that can be opened here without fetching anything, and gives sound batches.

    With `elsewhere`, one whose files are not in its package but are on this machine, too.
    """
    try:
        entry = world.registry.find("dataset", part.name)
        if comes_from_elsewhere(entry) and not (elsewhere and is_here(entry)):
            return None
        made = entry.build(**part.arguments)
    except GanzooError:
        return None
    return made if isinstance(made, Dataset) and _is_sound(made) else None


def _is_sound(data: Dataset) -> bool:
    """Whether others can be checked with it; where not, its own checks say why."""
    try:
        samples, labels = data.batch(torch.zeros(1, dtype=torch.long))
        low, high = data.value_range or (0, 1)
        whole = samples.dtype == torch.float32 and bool(samples.isfinite().all())
        shaped = samples.shape == (1, *data.sample_shape) and isinstance(data.sample_shape, tuple)
        told = labels is None or isinstance(labels, Tensor)
        numbered = data.num_classes is None or data.num_classes > 0
        return low < high and whole and shaped and told and numbered and len(data) > 0
    except Exception:
        return False


def comes_from_elsewhere(entry: Offer) -> bool:
    """Whether a data set is not in its package: then what it holds may be missing here."""
    factory = entry.resolve()
    is_a_class = isinstance(factory, type) and issubclass(factory, Dataset)
    return is_a_class and _function(factory.is_here) is not _function(Dataset.is_here)


def is_here(entry: Offer) -> bool:
    """Whether building the data set fetches nothing."""
    factory = entry.resolve()
    if not isinstance(factory, type) or not issubclass(factory, Dataset):
        return True
    try:
        return bool(factory.is_here())
    except TypeError:  # no classmethod: check_facts says so
        return False


def gives_conditions(data: Dataset | None) -> bool:
    """Whether the labels of a data set are conditions."""
    return data is not None and data.condition_shape is not None


def conditions_for(
    network: Generator | Discriminator, data: Dataset | None, rows: int
) -> Tensor | None:
    """Conditions for rows of a network that takes them: the data's in a circle, else numbers."""
    if (shape := network.condition_shape) is None:
        return None
    if data is not None and data.condition_shape is not None and len(data):
        _, found = data.batch(torch.arange(rows) % len(data))
        if not fault_of(found, tuple(shape), rows):
            return found  # what is wrong with others, their data set's own checks say
    rng = torch.Generator().manual_seed(derive("conditions", rows))
    return torch.rand(rows, *shape, generator=rng) * 2 - 1


def _function(method: Any) -> Any:
    return getattr(method, "__func__", method)


def stand_in_for(
    shape: tuple[int, ...],
    num_classes: int | None,
    condition_shape: tuple[int, ...] | None = None,
) -> Part:
    """The patterns that stand in where no data has this shape."""
    pictures = len(shape) == 3 and shape[0] in (1, 3)
    arguments: dict[str, Any] = {
        "sample_shape": list(shape),
        "num_classes": min(num_classes or 4, 4),
        "value_range": [-1.0, 1.0] if pictures else None,
    }
    if condition_shape is not None:
        arguments["condition_shape"] = list(condition_shape)
    return Part(f"{STANDINS}/patterns", arguments)


def _candidates(
    own: Sequence[Part], shape: tuple[int, ...], num_classes: int | None
) -> Iterator[Part]:
    """The plugin's own data sets, then the core's that are in its package."""
    for part in own:
        yield fitted_quietly(part, shape)
    if shape == (2,):
        modes = {"modes": num_classes} if num_classes else {}
        yield Part(f"{CORE}/ring", {"length": POINTS, **modes})
    if len(shape) == 3 and max(shape[1:]) <= LARGEST_SIDE and shape[0] in (1, 3):
        size = size_from(*shape[1:])
        yield Part(f"{CORE}/mnist-mini", {"size": size, "channels": shape[0]})


def fitted_quietly(part: Part, shape: tuple[int, ...]) -> Part:
    """The part with the `size` and `channels` that it lacks, if it can be looked at."""
    try:
        return fitted(part, shape)
    except GanzooError:
        return part


def _fits(
    data: Dataset,
    shape: tuple[int, ...],
    num_classes: int | None,
    condition_shape: tuple[int, ...] | None,
) -> bool:
    if tuple(data.sample_shape) != shape or len(data) < 2:
        return False
    if condition_shape is not None:
        return data.condition_shape is not None and (
            tuple(data.condition_shape) == tuple(condition_shape)
        )
    return num_classes is None or (data.num_classes is not None and data.num_classes <= num_classes)
