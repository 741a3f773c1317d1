"""A model folder as a card."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ganzoo.errors import CardError
from ganzoo.readme import read_readme
from ganzoo.specs import ModelConfig


@dataclass(frozen=True)
class Card:
    """A model folder: its name, who offers it, and its config (None where that is unreadable).

    `status` is `ready`, `recipe` (no weights yet), `running` (an unfinished run),
    `needs DISTRIBUTION` or `broken`; `problem` says why in one line. `origin` is the commit on the
    Hub that it was fetched from, empty for others.
    """

    name: str
    folder: Path
    config: ModelConfig | None
    distribution: str | None = None
    raw: dict[str, Any] = field(default_factory=dict, repr=False)
    status: str = "ready"
    problem: str = ""
    origin: str = ""

    @property
    def family(self) -> str:
        """The first word of the name."""
        return self.name.partition("-")[0]

    @property
    def data(self) -> str:
        """The bare name of the data set that the recipe trains on."""
        return self.config.recipe.data.name.rpartition("/")[2] if self.config else ""

    @property
    def licence(self) -> str:
        """The SPDX name of the weights' licence; empty where none is stated."""
        return self.config.licenses.weights if self.config and self.config.licenses else ""

    @property
    def qualified(self) -> str:
        """The name that is never ambiguous; where no plugin offers it, its origin or folder."""
        if self.distribution:
            return f"{self.distribution}/{self.name}"
        return self.origin or str(self.folder)

    @property
    def readme(self) -> str:
        """The text of README.md, front matter and prose; `CardError` where it is no text."""
        return read_readme(self.folder)

    def require_config(self) -> ModelConfig:
        """The config, or a `CardError` that says why there is none."""
        if self.config is None:
            raise CardError(f"{self.name}: {self.problem}")
        return self.config

    def require_usable(self) -> ModelConfig:
        """The config of a model whose plugins are installed, or a `CardError`."""
        config = self.require_config()
        if self.status.startswith("needs"):
            raise CardError(f"{self.name}: {self.problem}")
        return config
