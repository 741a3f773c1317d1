"""A model folder as a card."""

from __future__ import annotations

import functools
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from ganzoo.errors import CardError

#: The file in a run's folder that represents its lock, held while it trains. It stands here, since
#: `ganzoo list` looks for it and has no other use for `ganzoo.files`.
RUN_LOCK = ".lock"

if TYPE_CHECKING:
    from ganzoo.cards.index import Summary
    from ganzoo.specs import Metric, ModelConfig

    #: A config.json: the checked record, and the JSON as it is in the file.
    Parsed: TypeAlias = tuple[ModelConfig, dict[str, Any]]


@dataclass(frozen=True)
class Card:
    """A model folder: its name, who offers it, and its config (None where that is unreadable).

    The summary is always there; `config` and `raw` are read when they are first used. `status` is
    `ready`, `recipe` (no weights yet), `running` (an unfinished run), `needs DISTRIBUTION` or
    `broken`; `problem` is the reason in one line. `origin` is the Hub commit that it was fetched
    from, empty for others.
    """

    name: str
    folder: Path
    summary: Summary | None
    distribution: str | None = None
    status: str = "ready"
    problem: str = ""
    origin: str = ""
    parsed: Parsed | None = field(default=None, repr=False, compare=False)

    def __str__(self) -> str:
        from ganzoo.cards.page import page

        return page(self) if self.summary else f"{self.name}: {self.problem}"

    @property
    def figures(self) -> dict[str, Metric]:
        """The measured figures by name, such as `FD (cnn-mnist)`, with protocol and floor."""
        return {metric.name: metric for metric in self.config.metrics} if self.config else {}

    @property
    def config(self) -> ModelConfig | None:
        """The complete config.json; `ConfigError` where it has become unreadable."""
        return self._read[0] if self.summary else None

    @property
    def raw(self) -> dict[str, Any]:
        """config.json as it is in the file; empty where it is unreadable."""
        return self._read[1] if self.summary else {}

    @functools.cached_property
    def _read(self) -> Parsed:
        from ganzoo.specs import read_config

        return self.parsed or read_config(self.folder / "config.json")

    @property
    def family(self) -> str:
        """The name without its data set's; the first word where the name ends in something else."""
        stem = self.name.removesuffix(f"-{self.data}")
        return stem if stem != self.name else self.name.partition("-")[0]

    @property
    def data(self) -> str:
        """The bare name of the data set that the recipe trains on."""
        return self.summary.data if self.summary else ""

    @property
    def licence(self) -> str:
        """The SPDX name of the weights' licence; empty where none is stated."""
        return self.summary.licence if self.summary else ""

    @property
    def qualified(self) -> str:
        """The name that is never ambiguous; where no plugin offers it, its origin or folder."""
        if self.distribution:
            return f"{self.distribution}/{self.name}"
        return self.origin or str(self.folder)

    @property
    def readme(self) -> str:
        """The text of README.md, front matter and prose; `CardError` where it is not text."""
        from ganzoo.specs.readme import read_readme

        return read_readme(self.folder)

    @property
    def description(self) -> str:
        """One line about the model, or about what is wrong with it."""
        return self.summary.description if self.summary else self.problem

    def require_config(self) -> ModelConfig:
        """The config, or a `CardError` with the reason why there is none."""
        config = self.config
        if config is None:
            raise CardError(f"{self.name}: {self.problem}")
        return config

    def require_usable(self) -> ModelConfig:
        """The config of a model whose plugins are installed, or a `CardError`."""
        config = self.require_config()
        if self.status.startswith("needs"):
            raise CardError(f"{self.name}: {self.problem}")
        return config
