"""Data that fits a network: the plugin's own, the core's smallest, or patterns of its shape."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any
from weakref import WeakKeyDictionary

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

#: Points of the core's ring: enough to learn from, few enough to hash quickly.
POINTS = 4096
#: The largest side to which digits are scaled up.
LARGEST_SIDE = 256
#: The data set that stands in where no other has a network's shape.
PATTERNS = f"{STANDINS}/patterns"

Shape = tuple[int, ...]

#: Data sets that were opened, by name and arguments: opening one may take seconds.
_OPENED: WeakKeyDictionary[Catalogue, dict[str, Dataset | None]] = WeakKeyDictionary()


def fitting_part(
    world: Catalogue,
    own: Sequence[Part],
    shape: Shape,
    num_classes: int | None,
    condition_shape: Shape | None = None,
) -> Part:
    """The data set for a network of this shape, these classes or conditions; `own` come first."""
    for part in _candidates(own, shape, num_classes):
        data = opened(world, part)
        if data is not None and _fits(data, shape, num_classes, condition_shape):
            return part
    return _patterns(shape, num_classes, condition_shape)


def fitting_data(
    world: Catalogue,
    own: Sequence[Part],
    shape: Shape,
    num_classes: int | None,
    condition_shape: Shape | None = None,
) -> Dataset | None:
    """The data set of `fitting_part`, opened; None if only patterns have this shape."""
    part = fitting_part(world, own, shape, num_classes, condition_shape)
    return None if part.name.startswith(f"{STANDINS}/") else opened(world, part)


def opened(world: Catalogue, part: Part, *, outside: bool = False) -> Dataset | None:
    """A data set that can be opened without fetching anything and gives sound batches.

    `outside` allows files that are on this machine but not in the data set's package.
    """
    try:
        offer = world.registry.find("dataset", part.name)
        if lies_outside(offer) and not (outside and is_here(offer)):
            return None
        known = _OPENED.setdefault(world, {})
        key = repr((offer.qualified, dict(part.arguments)))
        if key not in known:
            data = offer.build(**part.arguments)
            known[key] = data if isinstance(data, Dataset) and _is_sound(data) else None
        return known[key]
    except GanzooError:
        return None


def _is_sound(data: Dataset) -> bool:
    """Whether other parts can be checked with it; if not, its own checks say why."""
    try:
        samples, labels = data.batch(torch.zeros(1, dtype=torch.long))
        low, high = data.value_range or (0, 1)
        return (
            low < high
            and samples.dtype == torch.float32
            and bool(samples.isfinite().all())
            and isinstance(data.sample_shape, tuple)
            and samples.shape == (1, *data.sample_shape)
            and _are_sound(labels, data)
            and (data.num_classes is None or data.num_classes > 0)
            and len(data) > 0
        )
    except Exception:
        return False


def _are_sound(labels: Any, data: Dataset) -> bool:
    """Whether the labels of one sample are int64 [1]; conditions need only be a tensor."""
    if labels is None or data.condition_shape is not None:
        return labels is None or isinstance(labels, Tensor)
    return isinstance(labels, Tensor) and labels.shape == (1,) and labels.dtype == torch.int64


def lies_outside(offer: Offer) -> bool:
    """Whether a data set's files are not in its package, so that they may be missing here."""
    factory = offer.resolve()
    is_a_class = isinstance(factory, type) and issubclass(factory, Dataset)
    return is_a_class and _function(factory.is_here) is not _function(Dataset.is_here)


def is_here(offer: Offer) -> bool:
    """Whether building the data set fetches nothing."""
    factory = offer.resolve()
    if not isinstance(factory, type) or not issubclass(factory, Dataset):
        return True
    try:
        return bool(factory.is_here())
    except TypeError:  # not a class method: check_facts reports it
        return False


def conditions_for(
    network: Generator | Discriminator, data: Dataset | None, rows: int
) -> Tensor | None:
    """Conditions for a network that takes them: the data's, repeated, or random numbers."""
    if (shape := network.condition_shape) is None:
        return None
    if data is not None and data.condition_shape is not None and len(data):
        _, conditions = data.batch(torch.arange(rows) % len(data))
        if not fault_of(conditions, tuple(shape), rows):
            return conditions  # what is wrong with others, their data set's own checks report
    rng = torch.Generator().manual_seed(derive("conditions", rows))
    return torch.rand(rows, *shape, generator=rng) * 2 - 1


def _function(method: Any) -> Any:
    return getattr(method, "__func__", method)


def _patterns(shape: Shape, num_classes: int | None, condition_shape: Shape | None = None) -> Part:
    """The stand-in for data of this shape."""
    images = len(shape) == 3 and shape[0] in (1, 3)
    arguments: dict[str, Any] = {
        "sample_shape": list(shape),
        "num_classes": min(num_classes or 4, 4),
        "value_range": [-1.0, 1.0] if images else None,
    }
    if condition_shape is not None:
        arguments["condition_shape"] = list(condition_shape)
    return Part(PATTERNS, arguments)


def patterns_for(network: Generator) -> Part:
    """Patterns of a generator's shape and classes."""
    return _patterns(tuple(network.sample_shape), network.num_classes)


def _candidates(own: Sequence[Part], shape: Shape, num_classes: int | None) -> Iterator[Part]:
    """The plugin's own data sets, then the core's that are in its package."""
    for part in own:
        try:
            yield fitted(part, shape)  # with the `size` and `channels` that it lacks
        except GanzooError:
            yield part
    if shape == (2,):
        modes = {"modes": num_classes} if num_classes else {}
        yield Part(f"{CORE}/ring", {"length": POINTS, **modes})
    if len(shape) == 3 and max(shape[1:]) <= LARGEST_SIDE and shape[0] in (1, 3):
        size = size_from(*shape[1:])
        yield Part(f"{CORE}/mnist-mini", {"size": size, "channels": shape[0]})


def _fits(
    data: Dataset, shape: Shape, num_classes: int | None, condition_shape: Shape | None
) -> bool:
    if tuple(data.sample_shape) != shape or len(data) < 2:
        return False
    if condition_shape is not None:
        given = data.condition_shape
        return given is not None and tuple(given) == tuple(condition_shape)
    return num_classes is None or (data.num_classes is not None and data.num_classes <= num_classes)
