"""Draw the zoo on one wall: alphabets, faces, clothes and digits, model below model.

    python tools/wall.py [-o zoo.png] [--seed 1]

A published model of an art set (letters, faces, pixel-faces) hangs here by itself; of MNIST and
Fashion-MNIST the model with the least distance does. A model that is told one of 26 letters shows
a latent in each row, letter by letter. Grey pictures have cells of 34 pixels, coloured ones of 68,
and small pictures are enlarged by whole pixels.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor

import ganzoo
from ganzoo.cards import Card, catalogue
from ganzoo.files import written_whole
from ganzoo.zoo import Model

#: Data sets in the order in which they hang, with the height of their rows together, in cells.
ART = {"letters": 6, "faces": 4, "pixel-faces": 2}
OTHERS = {"fashion-mnist": 2, "mnist": 3}
COLUMNS, CELL, BETWEEN = 26, 34, 2
WIDTH, BAND = COLUMNS * CELL, 6


def hanging(cards: Sequence[Card]) -> Iterator[tuple[Card, int]]:
    """The models that are shown, each with the height of its rows in cells."""
    ready = [card for card in cards if card.status == "ready" and card.config.kind == "image"]
    for data, height in ART.items():
        for card in ready:
            if card.data == data:
                yield card, height
    for data, height in OTHERS.items():
        if these := [card for card in ready if card.data == data and card.config.metrics]:
            yield min(these, key=lambda card: card.config.metrics[0].value), height


def rows_of(model: Model, height: int, seed: int) -> Tensor:
    """A model's rows as one picture, uint8 [3, height * CELL, WIDTH], on black."""
    channels, *sides = model.generator.sample_shape
    span = 1 if channels == 1 else 2
    columns, rows, pitch = COLUMNS // span, height // span, span * CELL
    if is_told_letters(model):
        pictures = letter_by_letter(model, rows, seed)
    else:
        pictures = model.sample(columns * rows, seed=seed)
    factor = max(1, (pitch - BETWEEN) // max(sides))
    pictures = pictures.repeat_interleave(factor, 2).repeat_interleave(factor, 3)
    pixels = pictures.add(1).mul(127.5).round().clamp(0, 255).byte().expand(-1, 3, -1, -1)
    wall = torch.zeros(3, rows * pitch, WIDTH, dtype=torch.uint8)
    for number, picture in enumerate(pixels):
        high, wide = picture.shape[1:]
        top = number // columns * pitch + (pitch - high) // 2
        left = number % columns * pitch + (pitch - wide) // 2
        wall[:, top : top + high, left : left + wide] = picture
    return wall


def is_told_letters(model: Model) -> bool:
    """Whether it is told which of as many letters as there are columns it draws."""
    return model.generator.num_classes == COLUMNS


def letter_by_letter(model: Model, rows: int, seed: int) -> Tensor:
    """Each letter of as many latents as there are rows: [rows * COLUMNS, 1, H, W]."""
    latents = model.latents(rows, seed=seed).repeat_interleave(COLUMNS, 0)
    return model.sample(latents=latents, labels=torch.arange(COLUMNS).repeat(rows))


def wall(cards: Sequence[Card], seed: int) -> Image.Image:
    """All rows below each other."""
    bands = []
    for card, height in hanging(cards):
        bands += [rows_of(ganzoo.load(card.name), height, seed), band()]
        print(f"{card.name}: {card.summary.quality}")
    return Image.fromarray(torch.cat(bands[:-1], 1).permute(1, 2, 0).numpy())


def band() -> Tensor:
    """What separates two models."""
    return torch.zeros(3, BAND, WIDTH, dtype=torch.uint8)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-o", "--out", type=Path, default=Path("zoo.png"))
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    picture = wall(catalogue().cards, given.seed)
    with written_whole(given.out) as beside:
        picture.save(beside, format="PNG", optimize=True)
    print(given.out)


if __name__ == "__main__":
    main()
