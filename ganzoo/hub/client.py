"""All calls of huggingface_hub.

What the cache alone can answer is answered without its downloading functions, which may send a
request before they look into the cache.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ganzoo._version import __version__
from ganzoo.errors import HubError
from ganzoo.hub.address import Address
from ganzoo.hub.trouble import hub_errors

if TYPE_CHECKING:
    from huggingface_hub import HfApi

_WHO: dict[str, Any] = {"library_name": "ganzoo", "library_version": __version__}


def offline() -> str:
    """The variable that forbids requests, GANZOO_OFFLINE or HF_HUB_OFFLINE; empty without one."""
    from huggingface_hub.constants import HF_HUB_OFFLINE

    if os.environ.get("GANZOO_OFFLINE", "").lower() not in ("", "0", "false", "no", "off"):
        return "GANZOO_OFFLINE"
    return "HF_HUB_OFFLINE" if HF_HUB_OFFLINE else ""


def require_online(address: Address, purpose: str) -> None:
    """Refuse what needs a request where requests are forbidden."""
    if variable := offline():
        raise HubError(f"{address}: {purpose}, but {variable} forbids requests; unset it")


def require_login(address: Address) -> None:
    """Check the login before long work; `HubError` without one."""
    with hub_errors(address):
        api().whoami()


def cached(address: Address, file: str) -> Path | None:
    """A file from the cache without a request, as last fetched for a branch; None if absent."""
    from huggingface_hub import try_to_load_from_cache

    path = try_to_load_from_cache(address.repo, file, revision=address.revision)
    return Path(path) if isinstance(path, str) else None


def download(address: Address, file: str, *, again: bool = False) -> Path:
    """A file from the cache, fetched where it is absent; for a branch, the newest.

    `again` drops the cached file first. Without a connection, a branch is what it was when last
    fetched. Raises `HubError`.
    """
    from huggingface_hub import hf_hub_download

    known = cached(address, file)
    if known and not again and (address.is_pinned or offline()):
        return known
    require_online(address, f"{file} is {'damaged in' if known else 'not in'} the cache")
    if known and again:
        known.unlink(missing_ok=True)  # where the system has no links, the client would keep it
    with hub_errors(address, file):
        return Path(
            hf_hub_download(
                address.repo, file, revision=address.revision, force_download=again, **_WHO
            )
        )


def stated_size(address: Address, file: str) -> int | None:
    """The bytes of a file according to the Hub; None where it gives no answer."""
    from huggingface_hub import get_hf_file_metadata, hf_hub_url

    with suppress(HubError), hub_errors(address, file):
        url = hf_hub_url(address.repo, file, revision=address.revision)
        return get_hf_file_metadata(url, **_WHO).size
    return None


def listed(address: Address) -> list[str]:
    """The paths of all files in a repository. Raises `HubError`."""
    require_online(address, "its files must be listed")
    with hub_errors(address):
        return api().list_repo_files(address.repo, revision=address.revision)


def api() -> HfApi:
    """The client's interface."""
    from huggingface_hub import HfApi

    return HfApi(**_WHO)


def page(address: Address) -> str:
    """The repository's web page."""
    from huggingface_hub.constants import ENDPOINT

    return f"{ENDPOINT}/{address.repo}"
