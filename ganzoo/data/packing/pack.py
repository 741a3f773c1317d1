"""A pack: a folder's images in one form, decoded once, in files that are read row by row.

<key>-<fingerprint>/        whole: the name is given last; the fingerprint is of the folder's files
    pack.json               what `Pack` says
    pixels.u8               uint8 [rows, channels, height, width]
    labels.i32              int32 [rows], where classes were asked for
    manifest.sqlite         every file, and its row or why it has none
    unusable.txt            the latter, for people
<key>-<fingerprint>.part/   the same, being made
<key>.lock                  held by whoever makes it
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ganzoo.data.packing import decode as decoding
from ganzoo.data.packing.treatment import Treatment
from ganzoo.data.picture_form import Form
from ganzoo.files import write_text

RECORD, PIXELS, LABELS = "pack.json", "pixels.u8", "labels.i32"
MANIFEST, UNUSABLE = "manifest.sqlite", "unusable.txt"

#: Unusable files that a message names.
NAMED = 3


@dataclass(frozen=True)
class Wanted:
    """What is asked for: the images below `root` in a form, with classes or not."""

    root: Path
    form: Form
    labels: bool

    @property
    def row_bytes(self) -> int:
        """Bytes of one image."""
        return self.form.bytes

    @property
    def key(self) -> str:
        """Names what is asked for, and how this version decodes it."""
        form = f"{decoding.VERSION} {self.form.key} {self.labels}\0".encode()
        return hashlib.blake2b(form + os.fsencode(self.root), digest_size=12).hexdigest()


@dataclass(frozen=True)
class Pack:
    """What a pack holds: `rows` images of `files` files.

    `content_hash` is the sha256 of pixels and labels; `unusable` (path, reason) begins the list
    of files without a row; `treatment` is None in packs of versions that did not count.
    """

    files: int
    rows: int
    content_hash: str
    class_names: tuple[str, ...] | None
    unusable: tuple[tuple[str, str], ...]
    treatment: Treatment | None = None

    def summary(self, place: Path) -> str:
        """One line on the unusable files."""
        named = ", ".join(f"{path} ({reason})" for path, reason in self.unusable)
        missing = self.files - self.rows
        more = missing - len(self.unusable)
        rest = f", and {more:,} more in {place / UNUSABLE}" if more else ""
        return (
            f"{missing:,} of {self.files:,} images could not be used: {named}{rest}; "
            "--strict stops at them"
        )


def write_record(place: Path, pack: Pack, wanted: Wanted) -> None:
    """Write a pack's record, with the folder and the form, which a person may want to know."""
    told = {"root": str(wanted.root), "form": str(wanted.form)}
    write_text(place / RECORD, json.dumps({**told, **asdict(pack)}, indent=1) + "\n")


def read_pack(place: Path, wanted: Wanted) -> Pack | None:
    """The pack in this folder; None where there is none, or its files are not what it says."""
    try:
        found = json.loads((place / RECORD).read_text(encoding="utf-8"))
        names = found["class_names"]
        pack = Pack(
            files=found["files"],
            rows=found["rows"],
            content_hash=found["content_hash"],
            class_names=None if names is None else tuple(names),
            unusable=tuple((path, reason) for path, reason in found["unusable"]),
            treatment=_treatment(found.get("treatment")),
        )
        sizes = {PIXELS: pack.rows * wanted.row_bytes}
        if wanted.labels:
            sizes[LABELS] = pack.rows * 4
        whole = all((place / name).stat().st_size == size for name, size in sizes.items())
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return pack if whole else None


def _treatment(found: dict[str, Any] | None) -> Treatment | None:
    if found is None:
        return None
    smallest, largest = ((int(wide), int(high)) for wide, high in found["sizes"])
    return Treatment((smallest, largest), int(found["reshaped"]), int(found["enlarged"]))
