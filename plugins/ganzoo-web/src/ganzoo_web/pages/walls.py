"""A model's wall as words or a picture, which is there before anything is drawn."""

from __future__ import annotations

import math
from html import escape
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageColor, ImageDraw
from torch import Tensor

from ganzoo import Model
from ganzoo.views import Notes, Pictures, Points, Text

COUNT, COLUMNS = 64, 8
#: Pixels of a plot's side, which walls reach too, of its margin and of a dot.
SIDE, MARGIN, DOT = 512, 24, 4
#: The colours of tracks, told apart in every kind of colour blindness (after Okabe and Ito 2008);
#: `browser/page/roll.js` has the same.
TRACKS = ("#d55e00", "#0072b2", "#009e73", "#784696", "#cc79a7", "#5a5a5a")
#: Those of plots.
PAPER, INK = "#ffffff", "#17645e"


def write_wall(model: Model, folder: Path) -> str:
    """The samples of seed 0 as HTML for a start page: words, or the picture `wall.png`, written."""
    if isinstance(model.view, Text):
        words = "".join(f"<li>{escape(line)}</li>" for line in model.lines(COUNT, seed=0))
        return f'<ul class="words">{words}</ul>'
    wall_of(model).save(folder / "wall.png", format="PNG", optimize=True)
    source, name = f"{escape(folder.name)}/wall.png", escape(model.card.name)
    return f'<img src="{source}" alt="{COUNT} samples of {name}" loading="lazy">'


def wall_of(model: Model) -> Image.Image:
    """The samples of seed 0: 8 x 8 of them edge to edge, or points in a plot."""
    samples = model.sample(COUNT, seed=0)
    if isinstance(model.view, Points):
        return plot_of(samples)
    if isinstance(model.view, Notes):
        return _tiled(roll_of(samples, model.view))
    if isinstance(model.view, Pictures) and model.view.columns:
        samples = laid_out(samples, model.view.columns)
    return _tiled(samples.add(1).mul(127.5).round().clamp(0, 255).byte())


def _tiled(pixels: Tensor) -> Image.Image:
    """Pictures uint8 [64, C, H, W] edge to edge, each pixel a square if they are small."""
    cells = pixels.reshape(-1, COLUMNS, *pixels.shape[1:])
    rows = cells.permute(0, 3, 1, 4, 2).flatten(2, 3).flatten(0, 1)
    array = rows[..., 0] if rows.shape[-1] == 1 else rows
    picture = Image.fromarray(array.contiguous().numpy())
    times = max(1, math.ceil(SIDE / picture.width))
    size = (times * picture.width, times * picture.height)
    return picture.resize(size, Image.Resampling.NEAREST)


def laid_out(samples: Tensor, columns: int) -> Tensor:
    """Samples whose channels are pictures [N, C, H, W] as grey ones [N, 1, rows H, columns W]."""
    n, channels, height, width = samples.shape
    filled = torch.nn.functional.pad(samples, (0, 0, 0, 0, 0, -channels % columns), value=-1.0)
    rows = filled.view(n, -1, columns, height, width).transpose(2, 3)
    return rows.flatten(3).flatten(1, 2)[:, None]


def roll_of(samples: Tensor, view: Notes) -> Tensor:
    """Piano rolls [N, tracks, steps, pitches] as pictures uint8 [N, 3, pitches, steps]."""
    sounding = samples >= view.threshold
    if view.voices:
        sounding &= samples == samples.amax(3, keepdim=True)
    pictures = torch.full((len(samples), 3, *samples.shape[:1:-1]), 255, dtype=torch.uint8)
    for track in range(samples.shape[1]):
        colour = torch.tensor(ImageColor.getrgb(TRACKS[track % len(TRACKS)]), dtype=torch.uint8)
        here = sounding[:, track].transpose(1, 2).flip(1)[:, None]
        pictures = torch.where(here, colour[:, None, None], pictures)
    return pictures


def plot_of(points: Tensor) -> Image.Image:
    """Points [N, 2] on equal and symmetrical axes, which end at the largest coordinate."""
    plane = points[points.isfinite().all(1)].double()
    end = float(plane.abs().max()) if len(plane) else 1.0
    picture = Image.new("RGB", (SIDE, SIDE), PAPER)
    draw = ImageDraw.Draw(picture)
    places = SIDE / 2 + (SIDE / 2 - MARGIN) * plane.numpy() / (end or 1.0) * np.array([1, -1])
    for x, y in places.tolist():
        draw.ellipse((x - DOT, y - DOT, x + DOT, y + DOT), fill=INK)
    return picture
