"""What makes samples visible: writers, one for each kind of sample."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias

from torch import Tensor

from ganzoo.views import View

#: What the numbers of samples mean, as JSON data: a data set's `legend`.
Legend: TypeAlias = Mapping[str, Any]


class Writer(ABC):
    """Writes samples of one kind as files, and shows them as lines of text or as pictures.

    `endings` are the file name endings that hold many samples, such as ".wav"; the first is the
    one that is written where nobody names a file, and a training's grids are ".png" if that is one.
    Without any, samples go into a folder. `legend`
    is that of the data set, which a model keeps: what the numbers mean, such as an alphabet.
    `side_by_side` says that each picture stands for its sample alone, so that grids can hold it.
    """

    endings: tuple[str, ...] = ()
    side_by_side: bool = False

    @abstractmethod
    def write(self, samples: Tensor, path: Path, legend: Legend) -> list[Path]:
        """Write samples [N, *S], in order, to a path that ends in one of `endings`.

        A path without an ending is a folder, which may be absent. Returns the files written, each
        whole; raises a `ganzoo.GanzooError` for another ending.
        """

    def lines(self, samples: Tensor, legend: Legend) -> list[str] | None:
        """One line of text for each sample, as a terminal shows it; None if it shows none."""
        return None

    def pictures(self, samples: Tensor, legend: Legend) -> Tensor | None:
        """One picture for each sample, uint8 [N, C, H, W], for films; None if there are none.

        With `side_by_side`, grids of mixtures, edits and directions show them too.
        """
        return None

    def view(self, sample_shape: tuple[int, ...], legend: Legend) -> View | None:
        """What samples of this shape are, for pages that show them; None if pages cannot.

        `ganzoo.views` lists the views that there are.
        """
        return None
