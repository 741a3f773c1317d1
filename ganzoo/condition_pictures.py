"""A user's pictures as conditions of a model, made as its data set makes its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

import torch
from torch import Tensor

from ganzoo.build import dataset_class
from ganzoo.conditions import fault_of
from ganzoo.data.picture_form import BRIGHTNESS, KEEP, Form
from ganzoo.errors import PartError, UsageError, brief, did_you_mean
from ganzoo.interfaces import Generator, OwnPictures
from ganzoo.specs import Part

CHANNELS = (1, 3, 4)


def conditions_of_pictures(
    part: Part, generator: Generator, pictures: Path | Tensor, choices: Mapping[str, str]
) -> Tensor:
    """A user's pictures as conditions [M, *C], made as the model's data set `part` makes its own.

    `pictures` are a file, a folder of files, ordered by path, or a tensor [M, C, H, W] in [-1, 1].
    `choices` are options that the data set offers; without any, `UsageError` says which there are.
    """
    shape, kind = tuple(generator.condition_shape or ()), dataset_class(part)
    for name in choices:
        if name not in kind.condition_options:
            near = did_you_mean(name, kind.condition_options, otherwise="it takes: {}")
            raise UsageError(f"conditions of {part.name} take no option {brief(name)}; {near}")
    path = pictures if isinstance(pictures, Path) else None
    given = OwnPictures(tuple(generator.sample_shape), shape, _reader(pictures), choices, path)
    made = kind.conditions_of(given, **part.arguments)
    if problem := fault_of(made, shape, len(made)):
        raise PartError(f"{part.name}: conditions_of: {problem}")
    return made


def _reader(pictures: Path | Tensor) -> Callable[[tuple[int, ...]], Tensor]:
    """What reads the pictures in a shape [C, H, W]."""
    if isinstance(pictures, Path):
        return partial(pictures_at, pictures)
    return partial(pictures_given, pictures)


def condition_choices(part: Part) -> dict[str, tuple[str, ...]]:
    """What a user may choose where pictures become conditions: each option with known values."""
    choices = dataset_class(part).condition_choices(**part.arguments)
    return {name: tuple(values) for name, values in choices.items()}


def pictures_given(pictures: Tensor, shape: tuple[int, ...]) -> Tensor:
    """Pictures [M, C, H, W] in [-1, 1] in another number of channels, transparency on white."""
    if pictures.dim() != 4 or pictures.shape[1] not in CHANNELS:
        raise UsageError(
            f"pictures are a tensor [N, C, H, W] with 1, 3 or 4 channels, found "
            f"{list(pictures.shape)}"
        )
    if len(shape) != 3 or pictures.shape[2:] != shape[1:] or shape[0] not in CHANNELS:
        raise UsageError(
            f"the model reads pictures of {list(shape)}, found {list(pictures.shape[1:])}"
        )
    colours, alpha = pictures[:, :3], pictures[:, 3:]
    if shape[0] < 4 and alpha.shape[1]:
        colours = 1 - (1 - colours) * (alpha + 1) / 2
    if shape[0] == 1 and colours.shape[1] == 3:
        shares = colours.new_tensor(BRIGHTNESS)[:, None, None]
        return (colours * shares).sum(1, keepdim=True)
    colours = colours.expand(-1, min(shape[0], 3), -1, -1)
    if shape[0] < 4:
        return colours
    return torch.cat([colours, alpha if alpha.shape[1] else torch.ones_like(colours[:, :1])], 1)


def pictures_at(path: Path, shape: tuple[int, ...]) -> Tensor:
    """A picture, or those below a folder by path, as float32 [M, C, H, W] in [-1, 1].

    They are cropped and resized like the images of a training folder, but for those that would be
    enlarged by a whole number: their pixels are repeated, so that pixel art and coarse pictures
    stay what they are. Of 4 channels the last is alpha.
    """
    from ganzoo.data.packing.decode import UnusableError, suffixes

    if len(shape) != 3 or shape[0] not in CHANNELS:
        raise UsageError(
            f"conditions of shape {list(shape)} are not images; give a data set's name, or "
            "conditions= in Python"
        )
    files = [path] if path.is_file() else sorted(path.rglob("*"))
    files = [file for file in files if file == path or file.suffix.lower() in suffixes()]
    if not files:
        raise UsageError(f"{path} contains no images")
    images = []
    for file in files:
        try:
            images.append(_picture_at(file, shape))
        except UnusableError as error:
            raise UsageError(f"{file}: {error}; remove it, or replace it") from None
    return torch.stack(images).float().div_(127.5).sub_(1.0)


def _picture_at(file: Path, shape: tuple[int, ...]) -> Tensor:
    """One picture, uint8 [C, H, W]."""
    from ganzoo.data.packing.decode import decode

    channels, height, width = shape
    form = Form.of((height, width), channels, background=KEEP if channels == 4 else "white")
    picture = decode(file, form)
    times, rest = divmod(height, picture.height)
    if times < 2 or rest or times * picture.width != width:
        return _tensor_of(picture.pixels, shape)
    own = replace(form, height=picture.height, width=picture.width)
    small = _tensor_of(decode(file, own).pixels, (channels, own.height, own.width))
    return small.repeat_interleave(times, 1).repeat_interleave(times, 2)


def _tensor_of(pixels: bytes, shape: tuple[int, ...]) -> Tensor:
    return torch.frombuffer(bytearray(pixels), dtype=torch.uint8).view(shape)
