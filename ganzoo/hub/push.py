"""Uploading a model folder to the Hub: its own files in one commit, or nothing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from ganzoo.errors import CardError, HubError, UsageError
from ganzoo.hub.address import Address
from ganzoo.hub.client import api, page, require_online
from ganzoo.hub.contents import files_of, missing
from ganzoo.hub.trouble import hub_errors
from ganzoo.specs import ModelConfig


@dataclass(frozen=True)
class Pushed:
    """An uploaded model: the commit, its web page and the files' names."""

    address: Address
    url: str
    files: tuple[str, ...]


def push(
    folder: Path,
    config: ModelConfig,
    name: str,
    address: Address,
    *,
    private: bool = False,
    message: str = "",
) -> Pushed:
    """Commit the model in `folder` to the address's branch; create repository and branch if absent.

    Raises a `CardError` that names everything the model lacks, or a `HubError` where the Hub
    refuses; in both cases the branch is unchanged.
    """
    if address.is_pinned:
        raise UsageError(
            f"{address} is a commit, which never changes; name a branch, or leave it out"
        )
    if gaps := list(missing(folder, config, name)):
        raise CardError(f"{name} is not complete, nothing was uploaded: {'; '.join(gaps)}")
    require_online(address, "it must be uploaded to")
    files = files_of(folder, config)
    with hub_errors(address):
        _prepare(address, private)
        commit = _commit(folder, files, address, message or f"Push {name} with ganzoo")
    return Pushed(replace(address, revision=commit), page(address), tuple(files))


def _prepare(address: Address, private: bool) -> None:
    """Create the repository and the branch where they are absent."""
    hub = api()
    if private:
        hub.create_repo(address.repo, exist_ok=True, private=True)
        if not hub.model_info(address.repo).private:
            raise HubError(f"{address} is public; make it private on its web page first")
    else:
        hub.create_repo(address.repo, exist_ok=True)
    if address.revision:
        hub.create_branch(address.repo, branch=address.revision, exist_ok=True)


def _commit(folder: Path, files: list[str], address: Address, message: str) -> str:
    """Commit these files; returns the commit's hash."""
    from huggingface_hub import CommitOperationAdd

    additions = [
        CommitOperationAdd(path_in_repo=file, path_or_fileobj=str(folder / file)) for file in files
    ]
    made = api().create_commit(
        address.repo, additions, commit_message=message, revision=address.revision
    )
    return str(made.oid)
