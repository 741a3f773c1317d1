"""Writing points: as a scatter plot, or as numbers."""

from __future__ import annotations

import math
from pathlib import Path

import numpy
import torch
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor
from torch.nn.functional import pad

from ganzoo.errors import UsageError
from ganzoo.files import write_text, written_whole
from ganzoo.interfaces import Legend, Writer
from ganzoo.views import Points, View

#: Pixels along a side, pixels of the margin, a dot's radius in pixels.
SIDE, MARGIN, DOT = 480, 24, 1.75
#: The picture is drawn this many times larger and reduced, which smooths its dots.
OVERSAMPLING = 4
#: Where an axis may end, times a power of ten; few, so that pictures of one run are comparable.
ENDS = (1.0, 1.5, 2.0, 3.0, 5.0, 7.5, 10.0)
#: Points that stay visible behind the newest one.
TRAIL = 12
PAPER, AXES, TEXT, DOTS = "#ffffff", "#dddddd", "#888888", "#1f5fbf"


class PointsWriter(Writer):
    """Points [N, *S]: a scatter plot, or numbers."""

    endings = (".png", ".csv")

    def write(self, samples: Tensor, path: Path, legend: Legend) -> list[Path]:
        """One file; see `write_points`."""
        return write_points(samples, path)

    def pictures(self, samples: Tensor, legend: Legend) -> Tensor:
        """Points one after the other, each with a trail of those before it, which is closed."""
        points = samples.flatten(1)
        end, trail = axis_end(points[points.isfinite().all(1)]), torch.arange(1 - TRAIL, 1)
        drawn = [scatter(points[(trail + i) % len(points)], end) for i in range(len(points))]
        return torch.stack([torch.from_numpy(numpy.array(one)).permute(2, 0, 1) for one in drawn])

    def view(self, sample_shape: tuple[int, ...], legend: Legend) -> View | None:
        """Points of the plane."""
        return Points() if sample_shape == (2,) else None


def write_points(samples: Tensor, path: Path) -> list[Path]:
    """Write points [N, *S]: a scatter plot as .png, numbers as .csv, or a folder with the latter.

    The scatter plot shows the first two coordinates, on equal and symmetrical axes; points that are
    not finite are left out. Returns the files written.
    """
    points = samples.flatten(1).cpu()
    suffix = path.suffix.lower()
    if suffix not in ("", ".csv", ".png"):
        raise UsageError(f"{path}: points are written as .png, .csv, or into a folder")
    file = path if suffix else path / "points.csv"
    if suffix == ".png":
        with written_whole(file) as beside:
            scatter(points).save(beside, format="png")
    else:
        rows = (",".join(f"{value:.6g}" for value in row) for row in points.tolist())
        write_text(file, "".join(f"{row}\n" for row in rows))
    return [file]


def scatter(points: Tensor, end: float | None = None) -> Image.Image:
    """Draw points [N, D] as dots on a square; with D = 1 on the horizontal axis.

    Both axes reach to `end`, by default as far as the points do.
    """
    plane = pad(points, (0, 1))[:, :2]
    plane = plane[plane.isfinite().all(1)].double()
    end = axis_end(plane) if end is None else end
    canvas = Image.new("RGB", (SIDE * OVERSAMPLING, SIDE * OVERSAMPLING), PAPER)
    draw = ImageDraw.Draw(canvas)
    _draw_axes(draw)
    flipped = plane / end * torch.tensor([1.0, -1.0])  # y grows downwards in a picture
    half, radius = SIDE / 2, DOT * OVERSAMPLING
    for x, y in ((half + (half - MARGIN) * flipped) * OVERSAMPLING).tolist():
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=DOTS)
    picture = canvas.reduce(OVERSAMPLING)
    _write_ends(ImageDraw.Draw(picture), end)
    return picture


def axis_end(points: Tensor) -> float:
    """The end of both axes: the largest coordinate, rounded up to one of a few numbers."""
    largest = float(points.abs().max()) if len(points) else 0.0
    if largest == 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(largest))
    return next((end * power for end in ENDS if largest <= end * power), 10 * power)


def _draw_axes(draw: ImageDraw.ImageDraw) -> None:
    """A frame and two lines through the origin."""
    low, middle, high = (OVERSAMPLING * place for place in (MARGIN, SIDE / 2, SIDE - MARGIN))
    draw.rectangle((low, low, high, high), outline=AXES, width=OVERSAMPLING)
    draw.line((low, middle, high, middle), fill=AXES, width=OVERSAMPLING)
    draw.line((middle, low, middle, high), fill=AXES, width=OVERSAMPLING)


def _write_ends(draw: ImageDraw.ImageDraw, end: float) -> None:
    """Write the ends of the axes below the frame."""
    font = ImageFont.load_default()
    for place in (0.0, 0.5, 1.0):  # left, middle, right
        text = f"{(2 * place - 1) * end:g}"
        left = MARGIN + place * (SIDE - 2 * MARGIN - draw.textlength(text, font))
        draw.text((left, SIDE - MARGIN + 4), text, fill=TEXT, font=font)
