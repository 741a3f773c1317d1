"""The size and channels that pictures are converted to, and how other shapes are fitted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from ganzoo.errors import DataError, brief, did_you_mean

#: The side of a square, or [height, width]; in pixels.
Size: TypeAlias = int | Sequence[int]

#: The ways to fit a picture of another shape, with the word for the result.
FITS = {"crop": "cropped", "pad": "padded", "stretch": "stretched"}
#: The background that keeps alpha as a fourth channel.
KEEP = "keep"
WHITE = "#ffffff"
#: The shares of red, green and blue in brightness (ITU-R BT.601).
BRIGHTNESS = (0.299, 0.587, 0.114)


@dataclass(frozen=True)
class Form:
    """The form of every picture: uint8 [channels, height, width].

    `fit` is a key of `FITS`; `background` is #rrggbb or `keep`. Make forms with `Form.of`, which
    checks.
    """

    height: int
    width: int
    channels: int
    fit: str = "crop"
    background: str = WHITE

    @classmethod
    def of(cls, size: Size, channels: int, fit: str = "crop", background: str = "white") -> Form:
        """A form from a data set's arguments; `DataError` names what is wrong."""
        height, width = sides_of(size)
        form = cls(height, width, channels, _fit_of(fit), _background_of(background))
        if form.background == KEEP and channels != 4:
            raise DataError(
                f"background=keep makes 4 channels, the last one alpha; found channels {channels}; "
                "give networks and data 4 channels, or name a colour"
            )
        if form.background != KEEP and channels not in (1, 3):
            raise DataError(f"channels is 1 or 3, or 4 with background=keep, found {channels}")
        return form

    def __str__(self) -> str:
        """For people, as in `64x48, padded, on #000000`; width first, as in image tools."""
        words = [self.size]
        if self.fit != "crop":
            words.append(FITS[self.fit])
        if self.background == KEEP:
            words.append("alpha kept")
        elif self.background != WHITE:
            words.append(f"on {self.background}")
        return ", ".join(words)

    @property
    def size(self) -> str:
        """The size for people, as in `64x48 grey`."""
        return said_size((self.width, self.height)) + (" grey" if self.channels == 1 else "")

    @property
    def bytes(self) -> int:
        """Bytes of one picture."""
        return self.channels * self.height * self.width

    @property
    def key(self) -> str:
        """Identifies the form in the name of a pack.

        A plain square keeps the key of the first versions, so that their packs remain valid.
        """
        if self == Form(self.height, self.height, self.channels):
            return f"{self.height} {self.channels}"
        return f"{self.height}x{self.width} {self.channels} {self.fit} {self.background}"

    def reshapes(self, width: int, height: int) -> bool:
        """Whether a picture of this size has another shape, so that `fit` applies."""
        return width * self.height != height * self.width

    def enlarges(self, width: int, height: int) -> bool:
        """Whether a picture of this size has too few pixels and is enlarged."""
        narrower, lower = width < self.width, height < self.height
        return (narrower and lower) if self.fit == "pad" else (narrower or lower)


def sides_of(size: Size) -> tuple[int, int]:
    """A side or [height, width] -> (height, width); `DataError` for anything else."""
    sides = size if isinstance(size, list | tuple) else (size, size)
    if len(sides) != 2 or any(type(side) is not int for side in sides):
        raise DataError(f"size is a side in pixels, or [height, width], found {brief(size)}")
    if min(sides) < 1:
        raise DataError(f"size must be 1 or more, found {size}")
    return sides[0], sides[1]


def said_size(size: Sequence[int]) -> str:
    """(width, height) for people: `640x480`."""
    return "x".join(str(side) for side in size)


def _fit_of(name: str) -> str:
    if name not in tuple(FITS):
        raise DataError(
            f"fit is crop, pad or stretch, found {brief(name)}"
            + (f"; {did_you_mean(name, FITS)}" if isinstance(name, str) else "")
        )
    return name


def _background_of(name: str) -> str:
    """A colour by name or number -> #rrggbb; `keep` stays."""
    if name == KEEP:
        return KEEP
    from PIL import ImageColor

    text = name if isinstance(name, str) else ""
    try:
        colour: tuple[int, ...] = ImageColor.getrgb(text)
    except ValueError:
        colour = ()
    if len(colour) != 3:  # no colour, or one with alpha
        near = did_you_mean(text, [*ImageColor.colormap, KEEP], otherwise="such as black")
        raise DataError(
            f"background is a colour, by name or as #rrggbb, or keep, found {brief(name)}; {near}"
        )
    return "#" + "".join(f"{value:02x}" for value in colour)
