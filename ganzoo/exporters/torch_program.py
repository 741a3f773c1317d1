"""A model as a program of torch.export, which runs without the plugin's code."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.export import ExportedProgram
from torch.fx import GraphModule

from ganzoo.exporters.about import about
from ganzoo.exporters.tracing import quiet, trace
from ganzoo.exporters.writing import with_ending

if TYPE_CHECKING:
    from ganzoo.zoo import Model


def export(model: Model, path: Path, *, part: str = "whole", noise: str = "fixed") -> str:
    """Write a program of torch.export with a batch of any size, compared with the model.

    Inputs, output, `part` and `noise` are those of `--to onnx`. The program is compared before it
    is written and not read again, because `torch.export.load` unpickles.
    """
    traced = trace(model, part, noise)
    program, inputs = traced.program, traced.inputs(1)
    _forget_places(program)
    run = program.module()

    def answer(given: dict[str, Tensor]) -> Tensor:
        with torch.no_grad():
            made: Tensor = run(*given.values())
        return made

    worst = traced.compare(answer)
    buffer = io.BytesIO()
    with quiet():
        program._example_inputs = None  # torch 2.6 refuses None in the property
        torch.export.save(program, buffer, extra_files=about(traced))
    data = buffer.getvalue()
    with_ending(path, ".pt2").write_bytes(data)
    return (
        f"{', '.join(inputs)} to {traced.output}, any batch, {len(data):,} bytes; within "
        f"{worst:.1g} of the model"
    )


def _forget_places(program: ExportedProgram) -> None:
    """Remove the places in source code and in memory that torch notes at each operation."""
    for module in program.graph_module.modules():
        if isinstance(module, GraphModule):
            for node in module.graph.nodes:
                node.meta = {key: value for key, value in node.meta.items() if key == "val"}
