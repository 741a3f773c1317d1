"""What a model draws from besides latents: its own conditions, and how a picture becomes one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from math import prod
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ganzoo import GanzooError, Model
from ganzoo.views import Notes
from ganzoo_web.pages.packing import packed
from ganzoo_web.pages.readings import traced

#: The most numbers of a model's own conditions that a page holds.
MOST_NUMBERS = 1_000_000
KNOWN, HOLE = 1.0, -1.0
#: The most channels of a condition that is shown as a picture.
CHANNELS = 4


@dataclass(frozen=True, eq=False)
class Reading:
    """A way in which a picture [4, h, w] with alpha becomes a condition: a graph of it."""

    title: str
    sides: tuple[int, int]
    graph: bytes


def conditions_of(model: Model) -> dict[str, Any] | None:
    """Everything that a page knows of a model's conditions; None for a model that takes none.

    `form` is what they are. Numbers have `names` by which a page lets one choose. Pictures of one
    channel more than the samples have alpha: a page paints their holes, whose colour is `fill`, or
    stays what it was where that is None.
    """
    shape, own = model.generator.condition_shape, model.conditions
    if shape is None or own is None:
        return None
    own, form = own[: max(1, MOST_NUMBERS // prod(shape))], _form_of(model)
    told = {"form": form, "shape": [*shape], "count": len(own), "own": _numbers(own)}
    if form == "numbers":
        return {**told, "names": [*model.condition_names], "paints": False}
    fills = _fills(model) if form == "pictures" else None
    targets = model.targets if fills is not None else None
    readings = _readings(model) if form == "pictures" and fills is None else []
    return {
        **told,
        "paints": fills is not None,
        "fill": None if fills is None else fills.get("fill"),
        "targets": None if targets is None else _numbers(targets[: len(own)]),
        "holes": [] if fills is None else _holes(model),
        "readings": [
            {"title": one.title, "sides": [*one.sides], "graph": packed(one.graph)}
            for one in readings
        ],
    }


def _form_of(model: Model) -> str:
    """What conditions are to a page: pictures, tracks of a piano roll, or numbers."""
    shape, sample = model.generator.condition_shape or (), model.generator.sample_shape
    if isinstance(model.view, Notes) and len(shape) == 3 and shape[1:] == sample[1:]:
        return "notes"
    return "pictures" if len(shape) == 3 and shape[0] <= CHANNELS else "numbers"


def _numbers(values: Tensor) -> str:
    """Many numbers as float32, compressed."""
    array = values.detach().to("cpu", torch.float32).contiguous().numpy()
    return packed(array.astype("<f4").tobytes())


def _fills(model: Model) -> dict[str, Any] | None:
    """What becomes of a hole's colour, if the model fills the transparent parts of pictures."""
    sample, condition = model.generator.sample_shape, model.generator.condition_shape
    assert condition is not None
    if condition != (sample[0] + 1, *sample[1:]) or sample[0] not in (1, 3):
        return None
    probe = _probe(sample[1], sample[2])
    probe[:, 3, : sample[1] // 2] = HOLE
    made = _made(model, probe, {})
    if made is None or not torch.equal(made[:, -1], probe[:, 3]):
        return None
    hole = (made[:, -1:] < 0).expand_as(made[:, :-1])
    colours = made[:, :-1][hole]
    if torch.equal(colours, colours[:1].expand_as(colours)):
        return {"fill": float(colours[0])}
    kept = sample[0] == 3 and torch.equal(colours, probe[:, :3][hole])
    return {"fill": None} if kept else None


def _holes(model: Model) -> list[dict[str, str]]:
    """The holes that the model's data set names, as bytes [H * W], 1 in the hole."""
    probe, holes = _probe(*model.generator.sample_shape[1:]), []
    for title, choice in _choices(model):
        made = _made(model, probe, choice)
        if made is not None and (hole := made[0, -1] < 0).any():
            holes.append({"name": title, "mask": packed(hole.numpy().astype(np.uint8).tobytes())})
    return holes


def _readings(model: Model) -> list[Reading]:
    """The ways in which a visitor's picture becomes a condition, each another one."""
    seen: list[Tensor] = []
    readings = []
    condition = model.generator.condition_shape
    assert condition is not None
    for title, choice in [("as they are", {}), *_choices(model)]:
        for sides in dict.fromkeys((condition[1:], tuple(model.generator.sample_shape[1:]))):
            probe = _probe(*sides)
            made = _made(model, probe, choice)
            if made is None or any(torch.equal(made, other) for other in seen):
                continue
            graph = traced(partial(model.conditions_from, **choice), probe, made)
            if graph is not None:
                seen.append(made)
                readings.append(Reading(title, (sides[0], sides[1]), graph))
            break
    return readings


def _choices(model: Model) -> Iterator[tuple[str, dict[str, str]]]:
    """What the model's data set lets one choose, value by value."""
    for option, values in model.condition_choices.items():
        for value in values:
            yield value, {option: value}


def _probe(height: int, width: int) -> Tensor:
    """A picture [1, 4, H, W] without transparency in which no two places are alike."""
    colours = torch.rand(1, 3, height, width, generator=torch.Generator().manual_seed(0)) * 2 - 1
    return torch.cat([colours, torch.full((1, 1, height, width), KNOWN)], 1)


def _made(model: Model, picture: Tensor, choice: Mapping[str, str]) -> Tensor | None:
    """The condition that the data set makes of a picture; None if it refuses."""
    try:
        return model.conditions_from(picture, **choice)
    except GanzooError:
        return None
