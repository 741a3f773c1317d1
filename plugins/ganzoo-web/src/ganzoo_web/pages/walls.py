"""A model's wall as a picture, which is there before anything is drawn."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from ganzoo import Model

COUNT, COLUMNS = 64, 8
#: Pixels of a plot's side.
SIDE = 512


def write_wall(model: Model, path: Path) -> None:
    """Write the samples of seed 0 as a PNG: 8 x 8 pictures edge to edge, or points in a plot."""
    samples = model.sample(COUNT, seed=0)
    if samples.dim() == 2:
        model.grid(COUNT, seed=0).resize((SIDE, SIDE)).save(path, format="PNG")
        return
    pixels = samples.add(1).mul(127.5).round().clamp(0, 255).byte()
    cells = pixels.reshape(-1, COLUMNS, *pixels.shape[1:])
    rows = cells.permute(0, 3, 1, 4, 2).flatten(2, 3).flatten(0, 1)
    array = rows[..., 0] if rows.shape[-1] == 1 else rows
    Image.fromarray(array.contiguous().numpy()).save(path, format="PNG", optimize=True)
