"""Transforms: how the input of a pair is made from its target."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, conv2d, interpolate, pad

from ganzoo import OwnPictures
from ganzoo_translate.counted import uniform
from ganzoo_translate.errors import TranslateError
from ganzoo_translate.holes import DRAWS, Box, shape_asked, shapes_of

#: The shares of red, green and blue in brightness (ITU-R BT.601).
LUMA = (0.299, 0.587, 0.114)
#: What a user's pictures can be.
GIVEN = ("inputs", "targets")
#: Alpha where a picture is known, and in its holes.
KNOWN, HOLE = 1.0, -1.0
#: Below this alpha a user's pixel is filled: resizing leaves ripples beside what was rubbed out.
OPAQUE = 0.5


class Transform(ABC):
    """Makes conditions of pictures.

    `numbers` int64 [N] are the rows' own: whatever is drawn for a row depends on its number alone.
    """

    @abstractmethod
    def shape(self, sample_shape: tuple[int, ...]) -> tuple[int, ...]:
        """The shape of the conditions of pictures [C, H, W]."""

    @abstractmethod
    def __call__(self, pictures: Tensor, numbers: Tensor) -> Tensor:
        """Pictures [N, C, H, W] in [-1, 1] -> conditions [N, *shape]."""

    def of_own(self, pictures: OwnPictures) -> Tensor:
        """Conditions of a user's pictures: as they are, or transformed if they are targets."""
        if "mask" in pictures.choices:
            raise TranslateError("mask is for models that fill holes; this one has no holes")
        given = pictures.choices.get("given", GIVEN[0])
        if given not in GIVEN:
            raise TranslateError(f"given is {' or '.join(GIVEN)}, found {given!r}")
        if given == GIVEN[0]:
            return pictures.read(pictures.condition_shape)
        targets = pictures.read(pictures.sample_shape)
        return self(targets, torch.arange(len(targets)))


class Grey(Transform):
    """Brightness: colours are to be found."""

    def shape(self, sample_shape: tuple[int, ...]) -> tuple[int, ...]:
        """One channel."""
        return 1, *sample_shape[1:]

    def __call__(self, pictures: Tensor, numbers: Tensor) -> Tensor:
        """Pictures -> grey ones [N, 1, H, W]."""
        return brightness(pictures)


class Edges(Transform):
    """Dark lines on white where brightness changes; `strength` makes them darker."""

    def __init__(self, strength: float = 1.5) -> None:
        if not isinstance(strength, int | float) or not strength > 0:
            raise TranslateError(f"strength must be a number above 0, found {strength!r}")
        self.strength = strength

    def shape(self, sample_shape: tuple[int, ...]) -> tuple[int, ...]:
        """One channel."""
        return 1, *sample_shape[1:]

    def __call__(self, pictures: Tensor, numbers: Tensor) -> Tensor:
        """Pictures -> drawings [N, 1, H, W] in [-1, 1] by Sobel's operator."""
        across = pictures.new_tensor([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]]) / 8
        kernels = torch.stack([across, across.T])[:, None]
        slopes = conv2d(pad(brightness(pictures), (1, 1, 1, 1), mode="replicate"), kernels)
        steepness = slopes.square().sum(1, keepdim=True).sqrt()
        return 1 - 2 * (self.strength * steepness).clamp(0, 1)


class LowResolution(Transform):
    """Squares of `factor` pixels take their mean: detail is to be found."""

    def __init__(self, factor: int = 4) -> None:
        if type(factor) is not int or factor < 2:
            raise TranslateError(f"factor is a whole number of 2 or more, found {factor!r}")
        self.factor = factor

    def shape(self, sample_shape: tuple[int, ...]) -> tuple[int, ...]:
        """The pictures' own shape; its sides must be multiples of the factor."""
        if any(side % self.factor for side in sample_shape[1:]):
            raise TranslateError(
                f"the sides {list(sample_shape[1:])} are no multiples of factor {self.factor}"
            )
        return sample_shape

    def __call__(self, pictures: Tensor, numbers: Tensor) -> Tensor:
        """Pictures -> coarse ones of the same shape."""
        small = avg_pool2d(pictures, self.factor)
        return interpolate(small, scale_factor=float(self.factor), mode="nearest")


class Channels(Transform):
    """Some channels of a picture: of an alphabet, whose channels are its letters, 0 is the A."""

    def __init__(self, given: Sequence[int] = (0,)) -> None:
        numbers = (given,) if isinstance(given, int) else tuple(given)
        whole = all(type(number) is int and number >= 0 for number in numbers)
        if not whole or not numbers or len(set(numbers)) < len(numbers):
            raise TranslateError(f"given is a list of channels, each once, found {given!r}")
        self.given = numbers

    def shape(self, sample_shape: tuple[int, ...]) -> tuple[int, ...]:
        """As many channels as are given; some others must be left to be made."""
        channels = sample_shape[0]
        if max(self.given) >= channels or len(self.given) >= channels:
            raise TranslateError(
                f"the channels {list(self.given)} are given; pictures have 0 to {channels - 1}, of "
                "which some must be left to be made"
            )
        return len(self.given), *sample_shape[1:]

    def __call__(self, pictures: Tensor, numbers: Tensor) -> Tensor:
        """Pictures -> the channels that are given."""
        return pictures[:, list(self.given)]


class Mask(Transform):
    """Pictures with a hole, and alpha as one more channel: 1 where they are known, -1 in the hole.

    `holes` names what may be missing, of which each row has one: half (the right one), left, right,
    top, bottom, centre, and, drawn for each row, box and strokes. `boxes` adds names of your own:
    top, left, bottom, right as shares of the sides. A hole's colour is 0, the middle of the range.
    """

    def __init__(
        self, holes: Sequence[str] = ("half",), boxes: Mapping[str, Box] | None = None
    ) -> None:
        if not isinstance(holes, Sequence):
            raise TranslateError(f"holes is a name, or a list of names, found {holes!r}")
        if not isinstance(boxes or {}, Mapping):
            raise TranslateError(f"boxes is a mapping from names to boxes, found {boxes!r}")
        self.holes = (holes,) if isinstance(holes, str) else tuple(holes)
        self.boxes = dict(boxes or {})
        self.shapes = shapes_of(self.holes, self.boxes)

    def shape(self, sample_shape: tuple[int, ...]) -> tuple[int, ...]:
        """The pictures' shape with one more channel; each hole must cover some pixels of it."""
        channels, height, width = sample_shape
        for name, shape in self.shapes.items():
            draws = torch.full((1, DRAWS), 0.5)
            check_hole(shape(draws, height, width)[0], name)
        return channels + 1, height, width

    def __call__(self, pictures: Tensor, numbers: Tensor) -> Tensor:
        """Pictures [N, C, H, W] -> conditions [N, C + 1, H, W]."""
        return with_holes(pictures, self.drawn(numbers, pictures.shape[2], pictures.shape[3]))

    def drawn(self, numbers: Tensor, height: int, width: int) -> Tensor:
        """The hole of each row: bool [N, H, W]."""
        draws = uniform(numbers, 1 + DRAWS)
        chosen = (draws[:, 0] * len(self.shapes)).long()
        each = [shape(draws[:, 1:], height, width) for shape in self.shapes.values()]
        return torch.stack(each)[chosen, torch.arange(len(numbers), device=numbers.device)]

    def of_own(self, pictures: OwnPictures) -> Tensor:
        """A user's pictures with the chosen hole, and with what is transparent in them."""
        channels, height, width = pictures.sample_shape
        read = pictures.read((4, height, width))
        colours = brightness(read[:, :3]) if channels == 1 else read[:, :channels]
        holes = read[:, 3] < OPAQUE
        if asked := pictures.choices.get("mask"):
            shape = shape_asked(asked, self.boxes)
            holes = holes | shape(uniform(torch.arange(len(read)), DRAWS), height, width)
        for number, hole in enumerate(holes, 1):
            which = f"picture {number} of {len(holes)}" if len(holes) > 1 else "the picture"
            if not asked and not hole.any():
                raise TranslateError(
                    f"{which} has nothing transparent to fill; choose a mask "
                    f"({', '.join(self.holes)}), a box top,left,bottom,right, or a picture of one"
                )
            check_hole(hole, asked or f"of the transparent pixels of {which}")
        return with_holes(colours, holes)


class Half(Mask):
    """The right half is missing."""

    def __init__(self) -> None:
        super().__init__(["half"])


def check_hole(hole: Tensor, name: str) -> None:
    """Refuse a hole bool [H, W] that covers nothing or all."""
    covered, pixels = int(hole.sum()), hole.numel()
    if covered in (0, pixels):
        much = "nothing" if covered == 0 else "everything"
        height, width = hole.shape
        raise TranslateError(
            f"the mask {name} covers {much} of {width}x{height} pixels; give one that leaves some "
            "pixels and hides others"
        )


def with_holes(pictures: Tensor, holes: Tensor) -> Tensor:
    """Pictures [N, C, H, W] and holes bool [N, H, W] -> conditions [N, C + 1, H, W]."""
    holes = holes[:, None]
    alpha = torch.where(holes, HOLE, KNOWN).to(pictures.dtype)
    return torch.cat([pictures.masked_fill(holes, 0.0), alpha], 1)


def brightness(pictures: Tensor) -> Tensor:
    """Pictures [N, C, H, W], grey or RGB -> grey [N, 1, H, W]."""
    if pictures.shape[1] == 1:
        return pictures
    shares = pictures.new_tensor(LUMA)[:, None, None]
    return (pictures[:, :3] * shares).sum(1, keepdim=True)


TRANSFORMS: Mapping[str, type[Transform]] = {
    "channels": Channels,
    "edges": Edges,
    "grey": Grey,
    "half": Half,
    "low-resolution": LowResolution,
    "mask": Mask,
}
