"""The parts of a generator as ONNX graphs, each compared with the model by its exporter."""

from __future__ import annotations

import tempfile
from pathlib import Path

from ganzoo import Model, StyleGenerator


def graphs(model: Model) -> dict[str, bytes]:
    """`whole`, or `mapping` and `synthesis` of a model with styles."""
    styled = isinstance(model.generator, StyleGenerator)
    parts = ("mapping", "synthesis") if styled else ("whole",)
    with tempfile.TemporaryDirectory() as folder:
        return {
            part: model.export("onnx", Path(folder) / f"{part}.onnx", part=part).read_bytes()
            for part in parts
        }
