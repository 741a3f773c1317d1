"""What packing did to a folder's pictures: who trains on them should know."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ganzoo.data.picture_form import FITS, Form, said_size


@dataclass(frozen=True)
class Treatment:
    """The smallest and the largest size (width, height), and how many pictures changed.

    `reshaped` were cropped, padded or stretched, as the form says; `enlarged` were smaller than
    it.
    """

    sizes: tuple[tuple[int, int], tuple[int, int]]
    reshaped: int
    enlarged: int

    def said(self, form: Form) -> str:
        """A few words, as in `from 200x150 to 640x480 pixels, 12 cropped, 3 enlarged`."""
        ends = [said_size(size) for size in dict.fromkeys(self.sizes)]
        found = f"from {ends[0]} to {ends[1]}" if len(ends) > 1 else f"all {ends[0]}"
        counts = {FITS[form.fit]: self.reshaped, "enlarged": self.enlarged}
        changed = [f"{count:,} {word}" for word, count in counts.items() if count]
        return ", ".join([f"{found} pixels", *(changed or ["none cropped or enlarged"])])


def treatment_of(sizes: Iterable[tuple[int, int, int]], form: Form) -> Treatment | None:
    """From (width, height, pictures) of every size; None where there is none."""
    smallest = largest = None
    reshaped = enlarged = 0
    for width, height, count in sizes:
        size = (width, height)
        smallest = min(smallest or size, size, key=_area)
        largest = max(largest or size, size, key=_area)
        reshaped += count * form.reshapes(*size)
        enlarged += count * form.enlarges(*size)
    if smallest is None or largest is None:
        return None
    return Treatment((smallest, largest), reshaped, enlarged)


def _area(size: tuple[int, int]) -> tuple[int, tuple[int, int]]:
    """Pixels; of sizes with as many, always the same one comes first."""
    return size[0] * size[1], size
