"""One commit of a model's repository in the client's cache: a partly fetched model folder."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from ganzoo.errors import CardError, ConfigError, HubError, WeightsError
from ganzoo.hub.address import Address
from ganzoo.hub.client import cached, download, offline, stated_size
from ganzoo.hub.contents import CONFIG
from ganzoo.hub.intact import is_damaged, mismatch, wrong_size
from ganzoo.specs import (
    CONDITIONS_FILE,
    DISCRIMINATOR_FILE,
    GENERATOR_FILE,
    FileRecord,
    ModelConfig,
    read_config,
)
from ganzoo.specs.reading import MAX_JSON_BYTES


@dataclass(frozen=True)
class Snapshot:
    """A commit's config.json, and the folder for its other files.

    `address` is pinned to the commit, so that all files belong to it even if a branch moves.
    """

    address: Address
    folder: Path
    config: ModelConfig

    def fetch_weights(self) -> None:
        """Fetch both players' files and the conditions, as far as config.json lists them."""
        for file in (GENERATOR_FILE, DISCRIMINATOR_FILE, CONDITIONS_FILE):
            if record := self.config.files.get(file):
                self.weights(file, record)

    def weights(self, file: str, record: FileRecord) -> Path:
        """A file that config.json lists, of the right size and, if fetched now, the right sha256.

        A cached file is hashed by its reader, from the bytes that are read. A damaged one is
        fetched again; nothing is fetched whose size on the Hub is wrong. `WeightsError` where the
        repository itself holds another file.
        """
        with _undisturbed(self.address, file):
            there = cached(self.address, file)
            if there and there.stat().st_size == record.bytes:
                return there
            size = None if there or offline() else stated_size(self.address, file)
            if size is None or size == record.bytes:
                path = self.file(file)
                problem = mismatch(path, record)
            else:
                problem = wrong_size(file, size, record)
        if problem:
            raise WeightsError(
                f"{self.address}: {problem}; use another revision, or ask the owner to upload both "
                "again"
            )
        return path

    def file(self, file: str) -> Path:
        """Any file of the commit; `HubError` where it cannot be fetched."""
        return _whole(self.address, file)


def find(address: Address) -> Snapshot:
    """The commit that an address refers to, with its config.json.

    A pinned commit that is cached needs no request. Raises `HubError`, and `CardError` where the
    repository has no ganzoo model.
    """
    size = None if cached(address, CONFIG) or offline() else stated_size(address, CONFIG)
    if size is not None and size > MAX_JSON_BYTES:
        raise CardError(
            f"{address} has no model that ganzoo can read: {CONFIG} has {size:,} bytes, more "
            f"than {MAX_JSON_BYTES:,}"
        )
    path = _whole(address, CONFIG)
    pinned = replace(address, revision=path.parent.name)
    if address.is_pinned and pinned != address:
        raise HubError(
            f"{address}: the Hub returns {path.parent.name}, which is another commit; name that "
            "one if you want it"
        )
    try:
        config, _ = read_config(path)
    except ConfigError as error:
        reason = str(error).replace(str(path), CONFIG)
        raise CardError(f"{pinned} has no model that ganzoo can read: {reason}") from None
    return Snapshot(pinned, path.parent, config)


def _whole(address: Address, file: str) -> Path:
    """A file of the cache, fetched again where it is damaged."""
    with _undisturbed(address, file):
        path = download(address, file)
        if is_damaged(path):
            path = download(address, file, again=True)
    return path


@contextmanager
def _undisturbed(address: Address, file: str) -> Iterator[None]:
    """Report a file that another process removed from the cache meanwhile."""
    try:
        yield
    except FileNotFoundError:
        raise HubError(
            f"{address}: {file} was removed from the cache meanwhile; try again"
        ) from None
