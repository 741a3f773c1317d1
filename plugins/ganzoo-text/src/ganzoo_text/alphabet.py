"""Characters as numbers: an alphabet, the text that samples stand for, and the errors of both."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from torch import Tensor

from ganzoo import GanzooError

#: Ends a line that is shorter than its sample, and fills the rest of it.
END = "\n"
#: Foreign characters that an error lists.
LISTED = 8


class TextError(GanzooError):
    """Text cannot be provided, or written, as requested."""


def alphabet_of(text: str) -> str:
    """The characters of a text, sorted; `END` comes first where there is one."""
    return "".join(sorted(set(text)))


def encoded(text: str, alphabet: str, name: str) -> npt.NDArray[np.int64]:
    """The number of each character in the alphabet, which is sorted: int64 [len(text)].

    `TextError` lists the characters that the alphabet lacks.
    """
    if foreign := sorted(set(text) - set(alphabet)):
        shown = " ".join(map(repr, foreign[:LISTED])) + " ..." * (len(foreign) > LISTED)
        several = "s" * (len(foreign) > 1)
        raise TextError(
            f"{name} has {len(foreign)} character{several} that the alphabet of {len(alphabet)} "
            f"lacks: {shown}; take them out of the text, or train on this text"
        )
    known, points = (np.frombuffer(t.encode("utf-32-le"), np.uint32) for t in (alphabet, text))
    return np.searchsorted(known, points)


def checked(alphabet: str, name: str) -> str:
    """An alphabet that was given, sorted; `TextError` where a character stands in it twice."""
    if not isinstance(alphabet, str) or len(set(alphabet)) != len(alphabet) or len(alphabet) < 2:
        raise TextError(
            f"{name}: an alphabet is two characters or more, each once, found {alphabet!r}"
        )
    return "".join(sorted(alphabet))


def texts(samples: Tensor, legend: Mapping[str, Any]) -> list[str]:
    """The text of each sample [N, characters, length]: the likeliest character at each place.

    A text ends before the first `END`. `legend` is the data set's: its `alphabet` names the rows.
    """
    alphabet = legend.get("alphabet")
    if not isinstance(alphabet, str) or samples.dim() != 3 or samples.shape[1] != len(alphabet):
        rows = list(samples.shape[1:])
        raise TextError(
            f"samples of {rows} stand for text only beside an alphabet of {rows[0]} characters, "
            f"found {alphabet!r}"
        )
    letters = np.array([*alphabet])[samples.argmax(1).cpu().numpy()]
    return ["".join(row).partition(END)[0] for row in letters]
