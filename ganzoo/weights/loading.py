"""Writing and loading safetensors: equal bytes each time; the bytes that are hashed are loaded."""

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

#: A safetensors file begins with its header's length, which may look like the start of a pickle,
#: followed by the header.
_PICKLE_STARTS = (b"PK\x03\x04", b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")
_HEADER_START = b"{"


def tensor_bytes(tensors: Mapping[str, Tensor], about: Mapping[str, Any]) -> bytes:
    """Serialise tensors, with `about` as one metadata key of sorted JSON: bytes are stable."""
    plain: dict[str, Tensor] = {}
    written: set[int] = set()
    for name, tensor in tensors.items():
        dense = tensor.detach().cpu().contiguous()
        address = dense.untyped_storage().data_ptr()
        plain[name] = dense.clone() if address in written else dense  # a layer under two names
        written.add(address)
    text = json.dumps(about, sort_keys=True, separators=(",", ":"))
    return safetensors.torch.save(plain, metadata={"ganzoo": text})


def save_weights(path: Path, module: nn.Module, part: Part) -> FileRecord:
    """Write a network's parameters and buffers, and return the file's record."""
    about = {"format": 1, "part": part.name, "arguments": write_record(part.arguments)}
    data = tensor_bytes(module.state_dict(), about)
    with written_whole(path) as beside:
        beside.write_bytes(data)
    return FileRecord(hashlib.sha256(data).hexdigest(), len(data))


def read_tensors(path: Path, record: FileRecord | None = None) -> dict[str, Tensor]:
    """Read a safetensors file and check it against its record, if it has one."""
    _refuse_pickle(path)
    buffer = read_buffer(path, None if record is None else record.bytes)
    if record is not None:
        check_bytes(path, buffer, record)
    return parse(buffer, path)


def _refuse_pickle(path: Path) -> None:
    """Refuse a file that begins like a pickle and not like a safetensors file."""
    start = b""
    with suppress(OSError):  # reported when the file is read
        start = read_plain(path, 9)
    if start.startswith(_PICKLE_STARTS) and start[8:] != _HEADER_START:
        raise WeightsError(
            f"{path} is a pickle (a PyTorch checkpoint), which can run code and is never read; "
            "weights here are safetensors"
        )


def check_bytes(path: Path, buffer: Tensor, record: FileRecord) -> None:
    """Refuse bytes (uint8 [N]) that differ from the record's."""
    if len(buffer) != record.bytes:
        raise WeightsError(wrong_size(path, record.bytes, len(buffer)))
    sha256 = hashlib.sha256(buffer.numpy().data).hexdigest()
    if sha256 != record.sha256:
        raise WeightsError(
            f"{path}: sha256 {record.sha256} expected, {sha256} found; the file was altered or "
            "damaged, get the model folder again"
        )


def load_weights(
    path: Path, module: nn.Module, record: FileRecord | None = None, *, part: str = ""
) -> None:
    """Load a file into a network, all of it or nothing, as `load_state_dict` does.

    A tensor that the network has under several names may be in the file under one of them or all.
    """
    expected: dict[str, Tensor] = module.state_dict(keep_vars=True)
    what = part or type(module).__name__
    tensors = with_ties(read_tensors(path, record), expected, path)
    other = f"{path} belongs to another network than {what}"
    for name, tensor in expected.items():
        if name not in tensors:
            raise WeightsError(f"{other}: {name!r} is missing")
        loaded = tensors[name]
        if not is_lazy(tensor) and loaded.shape != tensor.shape:
            raise WeightsError(
                f"{other}: {name!r} is {list(tensor.shape)} there, {list(loaded.shape)} in the file"
            )
        if loaded.dtype != tensor.dtype:
            raise WeightsError(
                f"{path}: {name!r} is {loaded.dtype} in the file, {tensor.dtype} in {what}"
            )
    if extra := sorted(tensors.keys() - expected.keys()):
        raise WeightsError(f"{other}: {extra[0]!r} is not in it")
    if _loads_unchanged(module):
        tensors = {name: _adopted(tensor, expected[name]) for name, tensor in tensors.items()}
    module.load_state_dict(tensors)


def with_ties(
    tensors: Mapping[str, Tensor], expected: Mapping[str, Tensor], where: Path | str
) -> dict[str, Tensor]:
    """The tensors under all names that a network's state has for them.

    Tied weights are one tensor under several names, and some files hold it under the first name
    only. `WeightsError` if a file holds two that differ.
    """
    whole = dict(tensors)
    for names in ties(expected):
        present = [name for name in names if name in tensors]
        for name in present[1:]:
            if not _same_bytes(tensors[present[0]], tensors[name]):
                raise WeightsError(
                    f"{where}: {present[0]!r} and {name!r} are one tensor in the network, and they "
                    "differ in the file; it belongs to another network"
                )
        whole |= {name: tensors[present[0]] for name in names if present}
    return whole


def ties(expected: Mapping[str, Tensor]) -> list[list[str]]:
    """The names of each tensor that a network's state has under more than one name, in order."""
    groups: dict[Any, list[str]] = {}
    for name, tensor in expected.items():
        if is_lazy(tensor) or tensor.layout is not torch.strided or not tensor.data_ptr():
            continue
        memory = (tensor.device, tensor.dtype, tensor.data_ptr(), tensor.shape, tensor.stride())
        groups.setdefault(memory, []).append(name)
    return [names for names in groups.values() if len(names) > 1]


def _same_bytes(one: Tensor, other: Tensor) -> bool:
    """Whether two tensors hold the same values, NaN included."""
    if (one.shape, one.dtype) != (other.shape, other.dtype):
        return False
    return torch.equal(*(t.contiguous().reshape(-1).view(torch.uint8) for t in (one, other)))


def _loads_unchanged(module: nn.Module) -> bool:
    """Whether no part of the network changes a state while loading it."""
    return not any(
        part._load_state_dict_pre_hooks
        or (
            type(part)._load_from_state_dict is not nn.Module._load_from_state_dict
            and not type(part).__module__.startswith("torch.nn.")
        )
        for part in module.modules()
    )


def _adopted(loaded: Tensor, own: Tensor) -> Tensor:
    """The network's own tensor, its memory exchanged for the file's; else the file's, to be copied.

    Done only for large tensors whose memory nothing else shares.
    """
    if (
        loaded.numel() * loaded.itemsize >= OWN_MEMORY_BELOW
        and type(own) in (Tensor, nn.Parameter)
        and own.device == loaded.device
        and own.is_contiguous()
        and own.untyped_storage().resizable()  # torch's own memory, not numpy's
        and _is_sole_owner(own)
    ):
        own.data = loaded
        return own  # which `copy_` leaves unchanged
    return loaded


def _is_sole_owner(tensor: Tensor) -> bool:
    """Whether no other tensor and nothing else shares a tensor's memory, as far as torch tells."""
    return _ONE_OWNER is not None and _owners(tensor) == _ONE_OWNER


def _owners(tensor: Tensor) -> int | None:
    """How many tensors and other owners share the memory of a tensor; None in torch 2.6."""
    if _USE_COUNT is None:
        return None
    count: int = _USE_COUNT(tensor.untyped_storage()._cdata)
    return count


#: Counts a storage's owners; torch 2.6 has none, and there tensors are copied.
_USE_COUNT = getattr(torch._C, "_storage_Use_Count", None)
#: `_owners` of memory that belongs to one tensor.
_ONE_OWNER = _owners(torch.empty(1))
