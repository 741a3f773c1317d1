"""Files of directions and of latents: each belongs to one model, by the sha256 of its weights."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from torch import Tensor

from ganzoo.errors import WeightsError
from ganzoo.files import written_whole
from ganzoo.specs import GENERATOR_FILE
from ganzoo.weights import tensor_bytes
from ganzoo.weights.tensorfile import metadata, parse, read_buffer

if TYPE_CHECKING:
    from ganzoo.zoo import Model


def fingerprint(model: Model) -> str:
    """The sha256 of a model's weights: of its file, or of what an unfinished run holds."""
    record = model.card.require_config().files.get(GENERATOR_FILE)
    if record is not None:
        return record.sha256
    return hashlib.sha256(tensor_bytes(model.generator.state_dict(), {})).hexdigest()


def write_file(path: Path, kind: str, tensors: Mapping[str, Tensor], about: dict[str, Any]) -> None:
    """Write a safetensors file whole; equal contents give equal bytes."""
    data = tensor_bytes(tensors, {"format": 1, "kind": kind, **about})
    with written_whole(path) as beside:
        beside.write_bytes(data)


def read_file(path: Path, kind: str, model: Model) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """The tensors and the metadata of a file; `WeightsError` if it belongs to another model."""
    buffer = read_buffer(path)
    tensors, about = parse(buffer, path), metadata(buffer, path)
    if not isinstance(about, dict) or about.get("kind") != kind:
        raise WeightsError(f"{path} holds no {kind} that ganzoo wrote")
    if (mine := fingerprint(model)) != (theirs := str(about.get("model"))):
        raise WeightsError(
            f"{path}: these {kind} belong to a model with sha256 {theirs[:12]}, and "
            f"{model.card.name} has {mine[:12]}; make them again for this model"
        )
    return tensors, about
