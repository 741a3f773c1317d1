"""Errors of the Hub's client in one line: the request, the finding, and what to do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ganzoo.errors import GanzooError, HubError, one_line
from ganzoo.hub.address import Address

#: Enough of a foreign message to know it by.
LONGEST = 200
LOG_IN = "log in with `hf auth login`, or set HF_TOKEN"


@contextmanager
def hub_errors(address: Address, file: str = "") -> Iterator[None]:
    """Turn any error that the client raises inside into a `HubError` that names the address."""
    try:
        yield
    except GanzooError:
        raise
    except Exception as error:  # the client's own, its HTTP library's and the system's
        raise HubError(f"{address}: {_explained(error, address, file)}") from error


def is_absent(error: HubError) -> bool:
    """Whether the Hub answered that the repository, the revision or the file is absent."""
    from huggingface_hub.errors import (
        EntryNotFoundError,
        GatedRepoError,
        LocalEntryNotFoundError,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    cause = error.__cause__
    absent = (EntryNotFoundError, RepositoryNotFoundError, RevisionNotFoundError)
    return isinstance(cause, absent) and not isinstance(
        cause, GatedRepoError | LocalEntryNotFoundError
    )


def _explained(error: Exception, address: Address, file: str) -> str:
    """What happened, and what to do about it."""
    from huggingface_hub.errors import (
        EntryNotFoundError,
        GatedRepoError,
        LocalEntryNotFoundError,
        LocalTokenNotFoundError,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    if isinstance(error, LocalTokenNotFoundError):
        return f"writing it requires a login; {LOG_IN}"
    if isinstance(error, GatedRepoError):
        return f"access requires permission; request it on the repository's page and {LOG_IN}"
    if isinstance(error, RepositoryNotFoundError):
        return f"there is no such repository, or it is private; check the name, or {LOG_IN}"
    if isinstance(error, RevisionNotFoundError):
        return f"the repository has no revision {address.revision!r}; leave it out for the newest"
    if isinstance(error, EntryNotFoundError) and not isinstance(error, LocalEntryNotFoundError):
        return f"the repository has no {file}"
    if status := _status(error):
        return _answered(status, error)
    return _unreachable(error, file)


def _status(error: BaseException | None) -> int:
    """The HTTP status behind an error; 0 where there is none."""
    from huggingface_hub.errors import HfHubHTTPError

    while error is not None:
        response = error.response if isinstance(error, HfHubHTTPError) else None
        if response is not None:
            return int(response.status_code)
        error = error.__cause__
    return 0


def _answered(status: int, error: Exception) -> str:
    if status in (401, 403):
        return f"the Hub refuses this ({status}); {LOG_IN} with a token that permits it"
    if status == 429:
        return f"the Hub received too many requests (429); wait a while, or {LOG_IN}"
    if status >= 500:
        return f"the Hub is failing ({status}); try again later"
    return f"the Hub answered {status}: {one_line(error)[:LONGEST]}"


def _unreachable(error: Exception, file: str) -> str:
    """No usable answer: the network, a full disk, or a server that is not a Hub."""
    from huggingface_hub.constants import ENDPOINT

    cause = error
    while isinstance(cause.__cause__, Exception):
        cause = cause.__cause__
    reason = one_line(cause)[:LONGEST]
    what = f"{file} could not be fetched" if file else "there was no usable answer"
    advice = "check the connection, the disk and HF_ENDPOINT"
    if "xet" in reason:  # the client's newer storage, which it uses without asking
        advice = "if this Hub has no Xet, set HF_HUB_DISABLE_XET=1"
    return f"{what} from {ENDPOINT} ({reason}); {advice}"
