"""Weights in safetensors files: equal bytes each time; the bytes that are hashed are loaded."""

from ganzoo.weights.loading import (
    check_bytes,
    load_weights,
    read_tensors,
    save_weights,
    tensor_bytes,
    ties,
    with_ties,
)

__all__ = [
    "check_bytes",
    "load_weights",
    "read_tensors",
    "save_weights",
    "tensor_bytes",
    "ties",
    "with_ties",
]
