"""Text as data: the lines of a file, or windows of it, one-hot."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import one_hot

from ganzoo import Dataset
from ganzoo_text.alphabet import END, TextError, alphabet_of, checked, encoded

DATA = Path(__file__).with_name("data")
#: The share of lines, or of stretches of running text, in the test split.
TEST_SHARE = 0.1
#: The characters of a window unless another length is asked for, and of the longest line at most.
LENGTH, LONGEST = 32, 64
#: Windows that fit one after the other into a stretch of text that is in one split as a whole.
WINDOWS = 16


def lot(name: str) -> float:
    """A number in [0, 1) that depends only on the hash of a name."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:6], "big") / 2**48


def read_text(path: Path) -> str:
    """A file's text; `TextError` where it is missing, empty or not UTF-8."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise TextError(
            f"{path} is not UTF-8 text (byte {error.start:,} is {error.object[error.start]:#x}); "
            f"convert it, such as with iconv -f latin1 -t utf-8"
        ) from None
    except OSError as error:
        raise TextError(f"{path} cannot be read: {error.strerror or error}") from None
    if not text.strip():
        raise TextError(f"{path} is empty; give a file with text in it")
    return text.replace("\r\n", "\n").replace("\r", "\n")


class Text(Dataset):
    r"""Lines or windows of a text: samples one-hot, float32 [characters, length], in [0, 1].

    Row c of a sample is 1 where character number c of the `alphabet` stands; the alphabet is sorted
    and is the text's own unless one is given. `legend` holds it and the length.

    By default each line is a sample, filled up with "\n"; `length` is by default that of the
    longest line, or 64 if that is longer, and longer lines are cut. Equal lines are in the same
    split. With `windows`, samples are `length` characters (32 by default) of running text, in which
    white space is one space, from every beginning of a word; the splits share no character.
    """

    kind = "text"
    value_range = (0.0, 1.0)

    def __init__(
        self,
        text: str,
        name: str,
        length: int | None = None,
        alphabet: str | None = None,
        windows: bool = False,
        split: str = "train",
    ) -> None:
        if split not in ("train", "test"):
            raise TextError(f"split is 'train' or 'test', found {split!r}")
        if length is not None and (isinstance(length, bool) or length < 2):
            raise TextError(f"length is 2 characters or more, found {length!r}")
        if len(characters := alphabet_of("".join(text.split()))) < 2:
            raise TextError(f"{name} has one character, {characters!r}; a text has two or more")
        self._name, self._split = name, split
        laid = self._windows if windows else self._lines
        stream, self._starts, self.length, said = laid(text, length)
        self.alphabet = alphabet_of(stream) if alphabet is None else checked(alphabet, name)
        self.legend = {"alphabet": self.alphabet, "length": self.length}
        self._stream = torch.from_numpy(encoded(stream, self.alphabet, name))
        self.sample_shape = (len(self.alphabet), self.length)
        self.summary = f"{name}: {said}, {len(self.alphabet)} characters in the alphabet"

    def __len__(self) -> int:
        return len(self._starts)

    def batch(self, indices: Tensor) -> tuple[Tensor, None]:
        """Indices [N] -> samples float32 [N, characters, length], each column one-hot."""
        starts = self._starts[indices.to(self._starts.device)]
        codes = self._stream[starts[:, None] + torch.arange(self.length, device=starts.device)]
        return one_hot(codes, len(self.alphabet)).transpose(1, 2).float(), None

    def to(self, device: torch.device) -> None:
        """Move the text to the device: it is small."""
        self._stream, self._starts = self._stream.to(device), self._starts.to(device)

    def content_hash(self) -> str:
        """Sha256 over the alphabet, the text and where its samples begin."""
        digest = hashlib.sha256(f"{self.alphabet} {self.length}".encode())
        for tensor in (self._stream, self._starts):
            digest.update(tensor.cpu().numpy().tobytes())
        return digest.hexdigest()

    def _lines(self, text: str, length: int | None) -> tuple[str, Tensor, int, str]:
        """Each line filled up, one after the other; where the split's begin; and what was done."""
        lines = [line for line in map(str.strip, text.split(END)) if line]
        if len(set(lines)) < 2:
            raise TextError(
                f"{self._name} has one line; pass --set data.arguments.windows=true to take "
                "windows of running text"
            )
        longest = max(map(len, lines))
        length = length or max(2, min(longest, LONGEST))
        cut = sum(len(line) > length for line in lines)
        starts = self._of_split(lines, lambda line: f"line {line}") * length
        said = f"{len(starts):,} of {len(lines):,} lines, {length} characters long" + (
            f" ({cut:,} longer ones are cut, the longest has {longest})" if cut else ""
        )
        return "".join(line[:length].ljust(length, END) for line in lines), starts, length, said

    def _windows(self, text: str, length: int | None) -> tuple[str, Tensor, int, str]:
        """The running text, where the split's windows begin, and what was done."""
        length, stream = length or LENGTH, " ".join(text.split())
        if len(stream) < 2 * length:
            raise TextError(
                f"{self._name} has {len(stream)} characters, and windows of {length} take twice "
                "as many or more; give a longer text, or a smaller length"
            )
        stretch = min(WINDOWS * length, len(stream) // 2)
        mine = self._of_split(range(len(stream) // stretch), lambda number: f"stretch {number}")
        words = np.array([0, *(word.end() for word in re.finditer(" ", stream))])
        place, number = words % stretch, words // stretch
        fits = (place + length <= stretch) & np.isin(number, mine.numpy())
        starts = torch.from_numpy(words[fits])
        if not len(starts):  # no word begins where a window fits, or there are no spaces
            starts = (mine[:, None] * stretch + torch.arange(stretch - length + 1)).flatten()
        return stream, starts, length, f"{len(starts):,} windows of {length} characters"

    def _of_split(self, things: object, name: Callable[[object], str]) -> Tensor:
        """The numbers of the split's things, by their names' hashes; at least one in each split."""
        lots = [lot(name(thing)) for thing in things]  # type: ignore[attr-defined]
        known = sorted({*lots})
        limit = min(max(TEST_SHARE, known[0]), known[-2])
        in_test = torch.tensor(lots, dtype=torch.float64) <= limit
        return (in_test if self._split == "test" else ~in_test).nonzero()[:, 0]


class TextFile(Text):
    """Any text file, UTF-8: `text:PATH` names it."""

    def __init__(
        self,
        path: str,
        length: int | None = None,
        alphabet: str | None = None,
        windows: bool = False,
        split: str = "train",
    ) -> None:
        file = Path(path).expanduser()
        super().__init__(read_text(file), file.name, length, alphabet, windows, split)


class Surnames(Text):
    """88,799 surnames of the United States' census of 1990, in small letters; public domain."""

    def __init__(self, split: str = "train") -> None:
        super().__init__(read_text(DATA / "surnames.txt"), "surnames", split=split)
