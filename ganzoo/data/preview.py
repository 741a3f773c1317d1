"""What a network would see of a data set, looked at before a training."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice

import torch
from PIL import Image
from torch import Tensor

from ganzoo.data.devices import as_bytes
from ganzoo.data.duplicates import near_duplicates, same_files, without
from ganzoo.data.folder import FolderImages
from ganzoo.data.packing.archive import File, file_below
from ganzoo.data.packing.decode import UnusableError, kind_of
from ganzoo.data.packing.fill import WORKERS
from ganzoo.data.packing.manifest import Manifest
from ganzoo.data.packing.pack import MANIFEST, UNUSABLE
from ganzoo.data.packing.walk import shown
from ganzoo.interfaces import Dataset

#: Pictures on a contact sheet.
SHEET = 64
COLUMNS = 8
#: Files that are opened, and pictures that are compared with each other, at most.
EXAMINED = 20_000


@dataclass(frozen=True)
class FilePreview:
    """The files of a folder of pictures.

    `sizes` are the smallest, the median and the largest (width, height), by area. `formats` and
    `channels` count the `examined` files. `left_out` lists (first file, reason, count), and
    `left_out_list` is the file that names all of them. `same` files are equal byte for byte;
    `alike` pictures are nearly equal.
    """

    files: int
    examined: int
    sizes: tuple[tuple[int, int], ...]
    formats: Mapping[str, int]
    channels: Mapping[str, int]
    left_out: tuple[tuple[str, str, int], ...]
    left_out_list: str | None
    same: list[list[str]]
    alike: list[list[str]]


@dataclass(frozen=True)
class Preview:
    """What a network would see: how many samples, of which shape and classes, and from where."""

    samples: int
    kind: str
    shape: tuple[int, ...]
    classes: Mapping[str, int] | None
    summary: str
    files: FilePreview | None


def preview(data: Dataset) -> Preview:
    """Describe an open data set, and the files of a folder of pictures."""
    return Preview(
        samples=len(data),
        kind=data.kind,
        shape=tuple(data.sample_shape),
        classes=class_counts(data),
        summary=data.summary,
        files=_files(data) if isinstance(data, FolderImages) else None,
    )


def class_counts(data: Dataset) -> dict[str, int] | None:
    """How many samples each class has, by name or number; None where there are no classes."""
    if data.num_classes is None:
        return None
    names = data.class_names or [str(number) for number in range(data.num_classes)]
    return dict(zip(names, data.class_counts().tolist(), strict=True))


def contact_sheet(data: Dataset, count: int = SHEET) -> Tensor:
    """Samples [N, *S] from the whole data set, evenly spaced: what the network will see."""
    rows = torch.linspace(0, len(data) - 1, min(count, len(data))).round().long()
    return data.batch(rows)[0].cpu()


def sheet_png(data: Dataset) -> bytes:
    """The contact sheet as a PNG, eight images in a row, as notebooks show it."""
    images = as_bytes(contact_sheet(data))
    columns = min(COLUMNS, len(images))
    whole = range(0, len(images) - columns + 1, columns)  # full rows only
    rows = [torch.cat([*images[start : start + columns]], dim=-1) for start in whole]
    sheet = torch.cat(rows, dim=-2).movedim(0, -1)
    file = io.BytesIO()
    Image.fromarray(sheet.squeeze(-1).contiguous().numpy()).save(file, "PNG")
    return file.getvalue()


def _files(data: FolderImages) -> FilePreview:
    with Manifest(data.place / MANIFEST) as manifest:
        paths = list(islice(manifest.usable(), EXAMINED))
        left_out = tuple((shown(path), why, count) for path, why, count in manifest.reasons())
        sizes = list(manifest.sizes()) if manifest.is_measured else []
    names = [shown(path) for path in paths]
    root = data.request.root
    files = [file_below(root, path) for path in paths]
    same = [[names[number] for number in group] for group in same_files(files)]
    near = near_duplicates(data, len(paths))
    alike = [[names[number] for number in group] for group in near]
    kinds = _kinds(files)
    return FilePreview(
        files=data.pack.files,
        examined=len(paths),
        sizes=_ends(sizes),
        formats=dict(Counter(form for form, _ in kinds).most_common()),
        channels=dict(Counter(channels for _, channels in kinds).most_common()),
        left_out=left_out,
        left_out_list=str(data.place / UNUSABLE) if left_out else None,
        same=same,
        alike=without(alike, same),
    )


def _kinds(files: list[File]) -> list[tuple[str, str]]:
    """The format and channels of each file."""
    with ThreadPoolExecutor(WORKERS) as pool:
        return list(pool.map(_kind, files))


def _kind(file: File) -> tuple[str, str]:
    try:
        return kind_of(file)
    except UnusableError:  # changed since it was packed
        return "unreadable", "unreadable"


def _ends(sizes: list[tuple[int, int, int]]) -> tuple[tuple[int, int], ...]:
    """The smallest, the median and the largest of (width, height, count), by area."""
    ordered = sorted(sizes, key=lambda size: (size[0] * size[1], size))
    if not ordered:
        return ()
    half, seen = sum(count for *_, count in ordered) / 2, 0
    for width, height, count in ordered:
        seen += count
        if seen >= half:
            return ordered[0][:2], (width, height), ordered[-1][:2]
    return ()
