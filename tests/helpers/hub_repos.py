"""Model repositories as the Hub keeps them: commits, branches, and large files by their sha256."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Repository:
    """Commits by name, each with all its files' bytes by path, and which of them a branch is."""

    private: bool = False
    commits: dict[str, dict[str, bytes]] = field(default_factory=dict)
    branches: dict[str, str] = field(default_factory=dict)

    def commit(self, files: dict[str, bytes], branch: str = "main") -> str:
        """Lay files over a branch's; returns the commit's name."""
        whole = {**self.commits.get(self.branches.get(branch, ""), {}), **files}
        digest = hashlib.sha1(repr((len(self.commits), sorted(whole))).encode())
        for path in sorted(whole):
            digest.update(whole[path])
        name = digest.hexdigest()
        self.commits[name], self.branches[branch] = whole, name
        return name

    def publish(self, folder: Path, branch: str = "main") -> str:
        """Commit all files of a folder."""
        return self.commit({path.name: path.read_bytes() for path in folder.iterdir()}, branch)

    def resolve(self, revision: str) -> str | None:
        """The commit that a branch or a commit names."""
        name = self.branches.get(revision, revision)
        return name if name in self.commits else None


def is_large(path: str) -> bool:
    """Whether the Hub keeps such a file as LFS does."""
    return path.endswith((".safetensors", ".png"))


def etag(path: str, data: bytes) -> str:
    """What the Hub calls a file's content: its sha256 where it is large, else as git does."""
    if is_large(path):
        return hashlib.sha256(data).hexdigest()
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()
