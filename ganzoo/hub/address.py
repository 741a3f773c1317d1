"""Addresses of models on the Hub: `hf-hub:owner/repo` or `hf-hub:owner/repo@revision`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from ganzoo.errors import UsageError

PREFIX = "hf-hub:"

#: The Hub's names of owners and repositories; its client uses `--` and `..` itself. The patterns
#: are compiled when they are used, since every command imports this file and few use an address.
_NAME = r"(?![.-])[A-Za-z0-9_.-]{1,96}(?<![.-])"
_REPOSITORY = rf"(?!.*(?:--|\.\.)){_NAME}/{_NAME}(?<!\.git)"
#: A branch, a tag, a commit or `refs/pr/1`; none escapes the folder in which it is recorded.
_REVISION = r"(?!.*\.\.)[A-Za-z0-9_][A-Za-z0-9_.+/-]{0,254}(?<![./])"
_COMMIT = "[0-9a-f]{40}"


@dataclass(frozen=True)
class Address:
    """A repository on the Hub, and a branch, tag or commit of it (None for the main branch)."""

    repo: str
    revision: str | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `hf-hub:owner/repo[@revision]`; `UsageError` says what is wrong with it."""
        repo, at, revision = text.removeprefix(PREFIX).partition("@")
        if not text.startswith(PREFIX) or not re.fullmatch(_REPOSITORY, repo):
            raise UsageError(
                f"{text!r} is not an address on the Hub; write {PREFIX}owner/repo[@revision]"
            )
        if at and not re.fullmatch(_REVISION, revision):
            raise UsageError(
                f"{text!r}: {revision!r} is not a revision; write a branch, a tag or a commit of "
                "40 hexadecimal digits"
            )
        return cls(repo, revision or None)

    def __str__(self) -> str:
        return f"{PREFIX}{self.repo}" + (f"@{self.revision}" if self.revision else "")

    @property
    def name(self) -> str:
        """The repository's name without its owner."""
        return self.repo.rpartition("/")[2]

    @property
    def is_pinned(self) -> bool:
        """Whether the revision is a commit, which never changes."""
        return self.revision is not None and re.fullmatch(_COMMIT, self.revision) is not None


def is_address(what: str | Path) -> bool:
    """Whether a WHAT is an address on the Hub."""
    return isinstance(what, str) and what.startswith(PREFIX)
