"""Reading a safetensors file from one buffer, which is hashed, checked, and viewed without a copy.

The safetensors package reads bytes by copying each tensor, which for a file of 100 MB costs as
much as hashing it; its memory-mapped reader would load other bytes than were hashed if the file
changed in between. The format is a header's length (8 bytes, little-endian), a JSON header, and
the data (https://github.com/huggingface/safetensors). Nothing is allocated that the file does not
hold, and every byte of the data belongs to exactly one tensor.
"""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ganzoo.errors import ConfigError, WeightsError, brief
from ganzoo.specs import parse_json

DTYPES = {
    "F64": torch.float64,
    "F32": torch.float32,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "I64": torch.int64,
    "I32": torch.int32,
    "I16": torch.int16,
    "I8": torch.int8,
    "U8": torch.uint8,
    "BOOL": torch.bool,
}
#: Smaller tensors get their own memory, so that copying one does not copy the whole file.
OWN_MEMORY_BELOW = 1024 * 1024
MAX_DIMENSIONS = 16


def read_buffer(path: Path, expected: int | None = None) -> Tensor:
    """The whole file as uint8 [bytes]; `WeightsError` if it is missing or unreadable.

    A file whose size is not the `expected` one is refused before memory is allocated for it.
    """
    try:
        if path.exists() and not path.is_file() and not path.is_dir():
            raise WeightsError(f"{path} is not a regular file; get the model folder again")
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            if expected is not None and size != expected:
                raise WeightsError(wrong_size(path, expected, size))
            buffer = torch.empty(size, dtype=torch.uint8)
            read = file.readinto(buffer.numpy().data) if size else 0
    except FileNotFoundError:
        raise WeightsError(f"{path} is missing; get the model folder again") from None
    except OSError as error:
        raise WeightsError(f"{path} cannot be read: {error.strerror}") from None
    except (RuntimeError, MemoryError):  # which torch raises if memory is short
        raise WeightsError(f"{path} has {size:,} bytes, more than the free memory") from None
    return buffer[:read]


def wrong_size(path: Path, expected: int, actual: int) -> str:
    """The message about a file whose size is not the recorded one."""
    return (
        f"{path}: {expected:,} bytes expected, {actual:,} found; the file is truncated or a "
        "different one, get the model folder again"
    )


def parse(buffer: Tensor, where: Path) -> dict[str, Tensor]:
    """The tensors of a file's bytes, as views where they are large."""
    start, header = _header(buffer, where)
    data, tensors, end = buffer[start:], {}, 0
    entries = [(name, *_entry(name, about, where)) for name, about in header.items()]
    for name, dtype, shape, first, last in sorted(entries, key=lambda entry: entry[3:]):
        if first != end or last > len(data):
            raise _damaged(
                where, f"the data of {brief(name)} lies at {first} to {last}, out of place"
            )
        tensors[name] = _tensor(data[first:last], dtype, shape)
        end = last
    if end != len(data):
        raise _damaged(where, f"{len(data) - end:,} bytes belong to no tensor")
    return {name: tensors[name] for name in header}


def metadata(buffer: Tensor, where: Path) -> Any:
    """The JSON in the one metadata key of a file that ganzoo wrote, or None."""
    _, header = _raw_header(buffer, where)
    about = header.get("__metadata__")
    text = about.get("ganzoo") if isinstance(about, dict) else None
    return parse_json(text.encode(), str(where)) if isinstance(text, str) else None


def _header(buffer: Tensor, where: Path) -> tuple[int, dict[str, Any]]:
    """The position where the data begins, and the header without its metadata."""
    start, header = _raw_header(buffer, where)
    header.pop("__metadata__", None)
    return start, header


def _raw_header(buffer: Tensor, where: Path) -> tuple[int, dict[str, Any]]:
    """The position where the data begins, and the header."""
    if len(buffer) < 8:
        raise _damaged(where, f"it has {len(buffer)} bytes")
    length = int.from_bytes(buffer[:8].numpy().tobytes(), "little")
    if length > len(buffer) - 8:
        raise _damaged(where, f"its header claims a length of {length:,} bytes")
    try:
        header = parse_json(buffer[8 : 8 + length].numpy().tobytes(), str(where))
    except ConfigError as error:
        raise WeightsError(f"{where} is not a complete safetensors file: {error}") from None
    if not isinstance(header, dict):
        raise _damaged(where, "its header is not an object")
    return 8 + length, header


def _entry(name: str, about: Any, where: Path) -> tuple[torch.dtype, list[int], int, int]:
    """A tensor's dtype, shape and position, which must agree with each other."""
    if not isinstance(about, dict) or set(about) != {"dtype", "shape", "data_offsets"}:
        raise _damaged(where, f"the entry {brief(name)} must have dtype, shape and data_offsets")
    dtype = DTYPES.get(about["dtype"]) if isinstance(about["dtype"], str) else None
    if dtype is None:
        raise _damaged(where, f"{brief(name)} has the dtype {brief(about['dtype'], 40)}")
    shape, place = about["shape"], about["data_offsets"]
    if not _naturals(shape) or len(shape) > MAX_DIMENSIONS:
        raise _damaged(where, f"{brief(name)} has no proper shape")
    if not _naturals(place) or len(place) != 2:
        raise _damaged(where, f"{brief(name)} has no proper data_offsets")
    if math.prod(shape) * dtype.itemsize != place[1] - place[0]:
        raise _damaged(where, f"{brief(name)} of shape {shape} does not fill its bytes")
    if math.prod(filter(None, shape)) >= 2**48:  # an empty tensor with endless strides
        raise _damaged(where, f"{brief(name)} has no proper shape")
    return dtype, shape, place[0], place[1]


def _tensor(piece: Tensor, dtype: torch.dtype, shape: list[int]) -> Tensor:
    """Bytes as a tensor: a view if they are many and aligned, else a copy."""
    if piece.numel() < OWN_MEMORY_BELOW or piece.storage_offset() % dtype.itemsize:
        piece = piece.clone()
    if dtype is torch.bool:
        return piece.ne(0).reshape(shape)
    return piece.view(dtype).reshape(shape)


def _naturals(value: Any) -> bool:
    """Whether this is a list of whole numbers from 0 that fit a file."""
    return isinstance(value, list) and all(
        isinstance(n, int) and not isinstance(n, bool) and 0 <= n < 2**48 for n in value
    )


def _damaged(where: Path, what: str) -> WeightsError:
    return WeightsError(f"{where} is not a complete safetensors file: {what}")
