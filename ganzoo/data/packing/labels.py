"""Classes of images: from a dataset.json, as StyleGAN's tools write it, or from sub-folders."""

from __future__ import annotations

import json
import os
from typing import Any

from ganzoo.data.packing.archive import ZippedFile, file_below, size_of
from ganzoo.data.packing.pack import PackRequest
from ganzoo.data.packing.walk import FoundFile
from ganzoo.errors import DataError, brief

FILE = b"dataset.json"


def labels_file(request: PackRequest) -> FoundFile | None:
    """The dataset.json from which classes are read; None where there is none, or no classes."""
    if not request.labels:
        return None
    file = file_below(request.root, FILE)
    try:
        if isinstance(file, ZippedFile):
            return FoundFile(FILE, size_of(file), file.archive.getinfo(file.name).CRC)
        status = file.stat()
    except (OSError, KeyError):
        return None
    return FoundFile(FILE, status.st_size, status.st_mtime_ns)


def read_labels(request: PackRequest) -> dict[bytes, int]:
    """The class of each file that dataset.json names."""
    where = request.root / os.fsdecode(FILE)
    try:
        with file_below(request.root, FILE).open("rb") as file:
            record = json.load(file)
        pairs = record["labels"]
    except (OSError, ValueError, KeyError, TypeError):
        pairs = None
    if not isinstance(pairs, list):
        raise DataError(
            f"{where} holds no labels; leave out labels=true, or remove the file to make the "
            "sub-folders classes"
        )
    return {os.fsencode(_name(pair, where)): _class(pair, where) for pair in pairs}


def _name(pair: Any, where: object) -> str:
    if not isinstance(pair, list) or len(pair) != 2 or not isinstance(pair[0], str):
        raise DataError(
            f'{where}: labels are pairs such as ["00000/a.png", 3], found {brief(pair)}'
        )
    return pair[0].replace("\\", "/")


def _class(pair: list[Any], where: object) -> int:
    name, label = pair
    if isinstance(label, list):
        raise DataError(
            f"{where} gives {name} a vector of {len(label)} numbers; folder: takes classes, which "
            "are whole numbers; write those, or leave out labels=true"
        )
    if type(label) is not int or label < 0:
        raise DataError(f"{where}: the class of {name} is a number from 0, found {brief(label)}")
    return label
