"""Writing text: a line for each sample, and pictures of them for films."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from ganzoo import Writer, written_whole
from ganzoo.views import Text
from ganzoo_text.alphabet import END, TextError, texts

#: The letters' height and the margin of a picture, in pixels, and its colours, which are greys.
SIZE, MARGIN, PAPER, INK = 32, 16, 255, 20
#: What stands for a character that no line or terminal shows.
INSTEAD = "\N{REPLACEMENT CHARACTER}"


class TextWriter(Writer):
    """Text: lines of UTF-8 in a .txt file, or in `samples.txt` in a folder."""

    endings = (".txt",)
    side_by_side = True

    def write(self, samples: Tensor, path: Path, legend: Mapping[str, Any]) -> list[Path]:
        """Write a line for each sample [N, characters, length]; returns the file."""
        file = path if path.suffix else path / "samples.txt"
        if file.suffix.lower() not in self.endings:
            raise TextError(f"{path}: text is written as .txt, .npy, or into a folder")
        lines = "".join(f"{line}\n" for line in self.lines(samples, legend))
        with written_whole(file) as beside:
            beside.write_bytes(lines.encode())
        return [file]

    def lines(self, samples: Tensor, legend: Mapping[str, Any]) -> list[str]:
        """The text of each sample on one line."""
        return ["".join(map(shown, text)) for text in texts(samples, legend)]

    def pictures(self, samples: Tensor, legend: Mapping[str, Any]) -> Tensor:
        """Each sample's text in the middle of a picture, uint8 [N, 1, H, W], all of one size."""
        lines, font = self.lines(samples, legend), ImageFont.load_default(SIZE)
        widest = max(font.getlength(line) for line in lines)
        size = (round(widest) + 2 * MARGIN, SIZE + 2 * MARGIN)
        return torch.stack([_picture(line, font, size) for line in lines])

    def view(self, sample_shape: tuple[int, ...], legend: Mapping[str, Any]) -> Text | None:
        """Text in the legend's alphabet."""
        alphabet = legend.get("alphabet")
        if not isinstance(alphabet, str) or sample_shape[:1] != (len(alphabet),):
            return None
        return Text(tuple(map(shown, alphabet)), alphabet.index(END) if END in alphabet else None)


def shown(letter: str) -> str:
    """A character as a line or a terminal shows it."""
    return letter if letter.isprintable() else INSTEAD


def _picture(line: str, font: Any, size: tuple[int, int]) -> Tensor:
    """One line of text in the middle of a grey picture, uint8 [1, H, W]."""
    canvas = Image.new("L", size, PAPER)
    middle = (size[0] / 2, size[1] / 2)
    ImageDraw.Draw(canvas).text(middle, line, INK, font, anchor="mm")
    return torch.from_numpy(np.array(canvas))[None]
