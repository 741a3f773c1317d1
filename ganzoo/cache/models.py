"""Models from the Hub: the repositories in huggingface_hub's cache that hold ganzoo models."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ganzoo.cache.entry import CacheEntry, files_below, is_abandoned, leftover, times_kept
from ganzoo.errors import ConfigError, GanzooError
from ganzoo.hub.address import Address
from ganzoo.hub.contents import CONFIG
from ganzoo.hub.intact import is_damaged, mismatch
from ganzoo.specs import FileRecord, read_config, read_json

if TYPE_CHECKING:
    from huggingface_hub import CachedRepoInfo, HFCacheInfo


@dataclass(frozen=True)
class ModelEntry(CacheEntry):
    """A commit of a model's repository."""

    kind = "model"

    def _damage(self) -> str:
        records = _records(self.path)
        for file in sorted(self.files):
            record = records.get(file.name)
            if problem := mismatch(file, record) if record else _differs_from_hub(file):
                return problem
        return ""

    def _remove(self) -> None:
        address = Address.parse(self.name)
        for info, repo in _repositories():
            if repo.repo_id == address.repo and _commits(repo) >= {address.revision}:
                alone = replace(info, repos=frozenset({repo}))  # a fork may share the commit
                alone.delete_revisions(str(address.revision)).execute()
        if self.path.exists():
            raise GanzooError(f"{self.path} cannot be removed: huggingface_hub left it there")


@dataclass(frozen=True)
class BrokenEntry(CacheEntry):
    """A repository that huggingface_hub cannot read, such as one that is half removed."""

    kind = "leftover"

    def _damage(self) -> str:
        return "files are missing; loading the model fetches them again"


def models() -> Iterator[CacheEntry]:
    """The commits of ganzoo's models, unfinished downloads and broken repositories."""
    known = set()
    for _, repo in _repositories():
        known.add(repo.repo_path)
        for revision in repo.revisions:
            if is_model(revision.snapshot_path):
                yield ModelEntry(
                    f"hf-hub:{repo.repo_id}@{revision.commit_hash}",
                    revision.snapshot_path,
                    tuple(file.file_path for file in revision.files),
                    ", ".join(sorted(revision.refs)),
                )
    for folder in sorted(_cache().glob("models--*")):
        if not any(is_model(snapshot) for snapshot in folder.glob("snapshots/*")):
            continue
        if folder not in known:
            files = files_below(folder / "snapshots")
            yield BrokenEntry(folder.name, folder, files, "broken", useless=is_abandoned(files))
        for part in folder.glob("blobs/*.incomplete"):
            yield leftover(part, "an interrupted download")


def is_model(snapshot: Path) -> bool:
    """Whether a commit's folder holds a ganzoo config.json, of any version."""
    config = snapshot / CONFIG
    try:
        with times_kept((config,)):
            data = read_json(config)
    except ConfigError:
        return False
    return isinstance(data, dict) and "ganzoo_config" in data


def _repositories() -> Iterator[tuple[HFCacheInfo, CachedRepoInfo]]:
    """The model repositories in the client's cache, each with the scan that found it."""
    from huggingface_hub import CacheNotFound, scan_cache_dir

    try:
        info = scan_cache_dir(_cache())
    except (CacheNotFound, FileNotFoundError):
        return  # there is none, or it is being removed
    for repo in sorted(info.repos, key=lambda repo: repo.repo_id):
        if repo.repo_type == "model" and re.fullmatch("[^/]+/[^/]+", repo.repo_id):
            yield info, repo


def _cache() -> Path:
    from huggingface_hub.constants import HF_HUB_CACHE

    return Path(HF_HUB_CACHE).expanduser().resolve()


def _commits(repo: CachedRepoInfo) -> set[str | None]:
    return {revision.commit_hash for revision in repo.revisions}


def _records(snapshot: Path) -> dict[str, FileRecord]:
    """The records of the files in config.json; none where its version is newer."""
    try:
        return dict(read_config(snapshot / CONFIG)[0].files)
    except ConfigError:
        return {}


def _differs_from_hub(file: Path) -> str:
    return f"{file.name} is not what the Hub sent" if is_damaged(file) else ""
