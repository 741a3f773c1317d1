"""Weights: safetensors with the same bytes each time, and the bytes that are hashed are loaded."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from ganzoo.errors import WeightsError
from ganzoo.files import read_plain, written_whole
from ganzoo.specs import FileRecord, Part, write_record
from ganzoo.weights.tensorfile import OWN_MEMORY_BELOW, parse, read_buffer, wrong_size

#: A safetensors file begins with its header's length, which may look like a pickle's start, and
#: then the header.
_PICKLE_STARTS = (b"PK\x03\x04", b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")
_HEADER_START = b"{"


def tensor_bytes(tensors: Mapping[str, Tensor], about: Mapping[str, Any]) -> bytes:
    """Serialise tensors; `about` becomes one metadata key of sorted JSON, so bytes are stable."""
    plain: dict[str, Tensor] = {}
    written: set[int] = set()
    for name, tensor in tensors.items():
        here = tensor.detach().cpu().contiguous()
        place = here.untyped_storage().data_ptr()
        plain[name] = here.clone() if place in written else here  # a layer under two names
        written.add(place)
    text = json.dumps(about, sort_keys=True, separators=(",", ":"))
    return safetensors.torch.save(plain, metadata={"ganzoo": text})


def save_weights(path: Path, module: nn.Module, part: Part) -> FileRecord:
    """Write a network's parameters and buffers, and say what was written."""
    about = {"format": 1, "part": part.name, "arguments": write_record(part.arguments)}
    data = tensor_bytes(module.state_dict(), about)
    with written_whole(path) as beside:
        beside.write_bytes(data)
    return FileRecord(hashlib.sha256(data).hexdigest(), len(data))


def read_tensors(path: Path, record: FileRecord | None = None) -> dict[str, Tensor]:
    """Read a safetensors file, holding it to its record; `WeightsError` says what is wrong."""
    _refuse_pickle(path)
    buffer = read_buffer(path, None if record is None else record.bytes)
    if record is not None:
        check_bytes(path, buffer, record)
    return parse(buffer, path)


def _refuse_pickle(path: Path) -> None:
    """Say what the file is, where it begins as a pickle does and not as a safetensors file."""
    start = b""
    with suppress(OSError):  # which is told when the file is read
        start = read_plain(path, 9)
    if start.startswith(_PICKLE_STARTS) and start[8:] != _HEADER_START:
        raise WeightsError(
            f"{path} is a pickle (a PyTorch checkpoint), which can run code and is never read; "
            "weights here are safetensors"
        )


def check_bytes(path: Path, buffer: Tensor, record: FileRecord) -> None:
    """Refuse bytes (uint8 [N]) that are not those of the record."""
    if len(buffer) != record.bytes:
        raise WeightsError(wrong_size(path, record.bytes, len(buffer)))
    found = hashlib.sha256(buffer.numpy().data).hexdigest()
    if found != record.sha256:
        raise WeightsError(
            f"{path}: sha256 {record.sha256} expected, {found} found; the file was altered or "
            "damaged, get the model folder again"
        )


def load_weights(
    path: Path, module: nn.Module, record: FileRecord | None = None, *, part: str = ""
) -> None:
    """Load a file into a network, all of it or nothing, as `load_state_dict` does.

    Of a tensor that the network has under several names, the file may hold one or all.
    """
    tensors = read_tensors(path, record)
    expected: dict[str, Tensor] = module.state_dict(keep_vars=True)
    what = part or type(module).__name__
    tensors = with_ties(tensors, expected, path)
    for name, tensor in expected.items():
        if name not in tensors:
            raise WeightsError(f"{path} is of another network than {what}: {name!r} is missing")
        found = tensors[name]
        if not is_lazy(tensor) and found.shape != tensor.shape:
            raise WeightsError(
                f"{path} is of another network than {what}: {name!r} is {list(tensor.shape)} "
                f"there, {list(found.shape)} in the file"
            )
        if found.dtype != tensor.dtype:
            raise WeightsError(
                f"{path}: {name!r} is {found.dtype} in the file, {tensor.dtype} in {what}"
            )
    if extra := sorted(tensors.keys() - expected.keys()):
        raise WeightsError(f"{path} is of another network than {what}: {extra[0]!r} is not in it")
    if _loads_as_it_is(module):
        tensors = {name: _handed_over(found, expected[name]) for name, found in tensors.items()}
    module.load_state_dict(tensors)


def with_ties(
    tensors: Mapping[str, Tensor], expected: Mapping[str, Tensor], where: Path | str
) -> dict[str, Tensor]:
    """Tensors under all names that a network's state has for them.

    Tied weights are one tensor under several names, and some files hold them under the first alone.
    `WeightsError` where a file holds two that differ.
    """
    whole = dict(tensors)
    for names in ties(expected):
        present = [name for name in names if name in tensors]
        for name in present[1:]:
            if not _same_bytes(tensors[present[0]], tensors[name]):
                raise WeightsError(
                    f"{where}: {present[0]!r} and {name!r} are one tensor in the network, and they "
                    "differ in the file; it is of another network"
                )
        whole |= {name: tensors[present[0]] for name in names if present}
    return whole


def ties(expected: Mapping[str, Tensor]) -> list[list[str]]:
    """The names of each tensor that a network's state has under more than one, in their order."""
    groups: dict[Any, list[str]] = {}
    for name, tensor in expected.items():
        if is_lazy(tensor) or tensor.layout is not torch.strided or not tensor.data_ptr():
            continue
        place = (tensor.device, tensor.dtype, tensor.data_ptr(), tensor.shape, tensor.stride())
        groups.setdefault(place, []).append(name)
    return [names for names in groups.values() if len(names) > 1]


def _same_bytes(one: Tensor, other: Tensor) -> bool:
    """Whether two tensors hold the same, NaN included."""
    if (one.shape, one.dtype) != (other.shape, other.dtype):
        return False
    return torch.equal(*(t.contiguous().reshape(-1).view(torch.uint8) for t in (one, other)))


def _loads_as_it_is(module: nn.Module) -> bool:
    """Whether no part of the network changes a state while it takes it over."""
    return not any(
        part._load_state_dict_pre_hooks
        or (
            type(part)._load_from_state_dict is not nn.Module._load_from_state_dict
            and not type(part).__module__.startswith("torch.nn.")
        )
        for part in module.modules()
    )


def _handed_over(found: Tensor, own: Tensor) -> Tensor:
    """The network's own tensor, its memory exchanged for the file's; else the file's, to be copied.

    Only a large tensor is worth that, and only one whose memory nobody else has a share in.
    """
    if (
        found.numel() * found.itemsize >= OWN_MEMORY_BELOW
        and type(own) in (Tensor, nn.Parameter)
        and own.device == found.device
        and own.is_contiguous()
        and own.untyped_storage().resizable()  # torch's own memory, not numpy's
        and _shares(own) == _ALONE
    ):
        own.data = found
        return own  # which `copy_` leaves as it is
    return found


def _shares(tensor: Tensor) -> int:
    """How many tensors and other owners the memory of a tensor has."""
    memory = tensor.untyped_storage()
    count: int = torch._C._storage_Use_Count(memory._cdata)
    return count


#: What `_shares` says of memory that belongs to one tensor.
_ALONE = _shares(torch.empty(1))
