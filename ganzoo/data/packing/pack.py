"""A pack: a folder's images in one form, decoded once, in files that are read row by row.

<key>-<fingerprint>/        a finished pack; the fingerprint identifies the folder's files
    pack.json               the fields of `Pack`
    pixels.u8               uint8 [rows, channels, height, width]
    labels.i32              int32 [rows], if classes were requested
    manifest.sqlite         every file, with its row or the reason why it has none
    unusable.txt            the files without a row, for people
<key>-<fingerprint>.part/   an unfinished pack
<key>.lock                  held by the process that makes it
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self, TypeAlias

from ganzoo.data.packing import decode as decoding
from ganzoo.data.picture_form import FITS, Form, said_size
from ganzoo.files import write_text

RECORD, PIXELS, LABELS = "pack.json", "pixels.u8", "labels.i32"
MANIFEST, UNUSABLE = "manifest.sqlite", "unusable.txt"

#: The first path, the reason and the number of files that are unusable for one reason.
Unusable: TypeAlias = tuple[str, str, int]
#: How many reasons for unusable files a message names.
NAMED = 3


@dataclass(frozen=True)
class PackRequest:
    """The images below `root` in a form, with or without classes."""

    root: Path
    form: Form
    labels: bool

    @property
    def row_bytes(self) -> int:
        """Bytes of one image."""
        return self.form.bytes

    @property
    def key(self) -> str:
        """A name for the request and for how this version decodes images."""
        form = f"{decoding.VERSION} {self.form.key} {self.labels}\0".encode()
        return hashlib.blake2b(form + os.fsencode(self.root), digest_size=12).hexdigest()


@dataclass(frozen=True)
class Treatment:
    """How packing changed a folder's images: people who train on them should know.

    `sizes` are the smallest and the largest (width, height). `reshaped` images were cropped, padded
    or stretched, as the form says; `enlarged` ones were smaller than it.
    """

    sizes: tuple[tuple[int, int], tuple[int, int]]
    reshaped: int
    enlarged: int

    @classmethod
    def of(cls, sizes: Iterable[tuple[int, int, int]], form: Form) -> Self | None:
        """From (width, height, count) of every size, which may be many; None if there is none."""
        ends: list[tuple[int, int]] = []
        reshaped = enlarged = 0
        for width, height, count in sizes:
            ordered = sorted([*ends, (width, height)], key=lambda size: (size[0] * size[1], size))
            ends = [ordered[0], ordered[-1]]
            reshaped += count * form.reshapes(width, height)
            enlarged += count * form.enlarges(width, height)
        return cls((ends[0], ends[1]), reshaped, enlarged) if ends else None

    def described(self, form: Form) -> str:
        """For people, as in `from 200x150 to 640x480 pixels, 12 cropped, 3 enlarged`."""
        ends = [said_size(size) for size in dict.fromkeys(self.sizes)]
        sizes = f"from {ends[0]} to {ends[1]}" if len(ends) > 1 else f"all {ends[0]}"
        counts = {FITS[form.fit]: self.reshaped, "enlarged": self.enlarged}
        changed = [f"{count:,} {word}" for word, count in counts.items() if count]
        return ", ".join([f"{sizes} pixels", *(changed or ["none cropped or enlarged"])])


@dataclass(frozen=True)
class Pack:
    """What a pack holds: `rows` images of `files` files.

    `content_hash` is the sha256 of pixels and labels; `unusable` lists the commonest reasons why
    files have no row; `treatment` is None in packs of versions that did not record it.
    """

    files: int
    rows: int
    content_hash: str
    class_names: tuple[str, ...] | None
    unusable: tuple[Unusable, ...]
    treatment: Treatment | None = None

    def summary(self, place: Path) -> str:
        """One line on the unusable files."""
        named = ", ".join(map(said_reason, self.unusable))
        missing = self.files - self.rows
        more = missing - sum(count for _, _, count in self.unusable)
        rest = f", and {more:,} more in {place / UNUSABLE}" if more else ""
        return (
            f"{missing:,} of {self.files:,} images could not be used: {named}{rest}; "
            "--strict stops at them"
        )


def said_reason(unusable: Unusable) -> str:
    """For people, as in `a.heic and 29 more (HEIC; pip install pillow-heif)`."""
    path, reason, count = unusable
    return f"{path}{f' and {count - 1:,} more' if count > 1 else ''} ({reason})"


def write_record(place: Path, pack: Pack, request: PackRequest) -> None:
    """Write pack.json, with the folder and the form for people who read it."""
    about = {"root": str(request.root), "form": str(request.form)}
    write_text(place / RECORD, json.dumps({**about, **asdict(pack)}, indent=1) + "\n")


def read_pack(place: Path, request: PackRequest) -> Pack | None:
    """The pack in a folder; None if there is none or its files do not match its record."""
    try:
        record = json.loads((place / RECORD).read_text(encoding="utf-8"))
        names = record["class_names"]
        pack = Pack(
            files=record["files"],
            rows=record["rows"],
            content_hash=record["content_hash"],
            class_names=None if names is None else tuple(names),
            unusable=tuple(
                (path, why, *(count or [1])) for path, why, *count in record["unusable"]
            ),
            treatment=_treatment(record.get("treatment")),
        )
        sizes = {PIXELS: pack.rows * request.row_bytes}
        if request.labels:
            sizes[LABELS] = pack.rows * 4
        whole = all((place / name).stat().st_size == size for name, size in sizes.items())
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return pack if whole else None


def _treatment(record: dict[str, Any] | None) -> Treatment | None:
    if record is None:
        return None
    smallest, largest = ((int(width), int(height)) for width, height in record["sizes"])
    return Treatment((smallest, largest), int(record["reshaped"]), int(record["enlarged"]))
