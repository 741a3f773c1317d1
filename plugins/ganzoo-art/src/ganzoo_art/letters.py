"""Letters: A to Z of 1,759 free fonts, and whole alphabets of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from string import ascii_uppercase
from typing import Any

import torch
from PIL import Image
from torch import Tensor

from ganzoo import Writer, written_whole
from ganzoo.views import Pictures
from ganzoo_art.sheets import DATA, ArtError, Drawings, check_size, is_test, read_sheets

FOLDER = DATA / "letters"
LETTERS = tuple(ascii_uppercase)
SIDE = 32
PICTURES = (".png", ".webp")
#: Letters in a row where an alphabet is shown on a page.
COLUMNS = 7


def read(name: str) -> Any:
    """One of the JSON files beside the sheets."""
    return json.loads((FOLDER / name).read_text(encoding="utf-8"))


def fonts_of(split: str) -> tuple[str, ...]:
    """The files of a split's fonts, in the sheets' order."""
    known, of_test = read("families.json"), is_test(split)
    kept = set(known["test"])
    return tuple(f for f, family in known["families"].items() if (family in kept) == of_test)


class Letters(Drawings):
    """Capital letters of free fonts, grey, white on black; the label is the letter, A is 0.

    `split` separates families of fonts: no font has a sibling or a twin in the other split. `size`
    is 32, or 16 by averaging. `view` is "letter", samples [1, size, size], where number i is letter
    i % 26 of font i // 26; or "alphabet", samples [26, size, size], one font each, without labels.
    `fonts` are the fonts' files in order.
    """

    def __init__(self, split: str = "train", size: int = 32, view: str = "letter") -> None:
        if view not in ("letter", "alphabet"):
            raise ArtError(f"view is 'letter' or 'alphabet', found {view!r}")
        check_size("letters", size, (32, 16))
        self.fonts = fonts_of(split)
        here = set(self.fonts)
        rows = torch.tensor([font in here for font in read("fonts.json")["fonts"]])
        drawings = read_sheets(FOLDER, SIDE, 1, rows.repeat_interleave(len(LETTERS)), size)
        if view == "alphabet":
            super().__init__(drawings.view(-1, len(LETTERS), size, size))
            self.kind = "alphabet"
        else:
            super().__init__(drawings, torch.arange(len(drawings)) % len(LETTERS))
            self.num_classes, self.class_names = len(LETTERS), LETTERS

    @property
    def extractor(self) -> str | None:  # type: ignore[override]
        """The extractor for letters of 32 pixels; other sizes have none."""
        return "cnn-letters" if self.sample_shape == (1, SIDE, SIDE) else None

    @property
    def control(self) -> str | None:  # type: ignore[override]
        """Its control, which was trained without labels."""
        return "ae-letters" if self.extractor else None


class AlphabetWriter(Writer):
    """Whole alphabets [N, 26, H, W] in [-1, 1]: one picture, a line for each."""

    endings = PICTURES

    def write(self, samples: Tensor, path: Path, legend: Mapping[str, Any]) -> list[Path]:
        """Write the lines below each other; in a folder the file is `alphabets.png`."""
        file = path if path.suffix else path / "alphabets.png"
        if file.suffix.lower() not in PICTURES:
            raise ArtError(
                f"{path}: alphabets are written as {', '.join(PICTURES)}, or into a folder"
            )
        pixels = self.pictures(samples, legend).flatten(0, 2)  # [N * H, 26 * W]
        with written_whole(file) as beside:
            Image.fromarray(pixels.numpy()).save(beside, format=file.suffix[1:], lossless=True)
        return [file]

    def pictures(self, samples: Tensor, legend: Mapping[str, Any]) -> Tensor:
        """Each alphabet as a line of letters, uint8 [N, 1, H, 26 W]."""
        pixels = samples.add(1).mul(127.5).round().clamp(0, 255).byte().cpu()
        return pixels.transpose(1, 2).flatten(2)[:, None]

    def view(self, sample_shape: tuple[int, ...], legend: Mapping[str, Any]) -> Pictures | None:
        """Letters in rows, as pages show them."""
        return Pictures(COLUMNS) if len(sample_shape) == 3 else None
