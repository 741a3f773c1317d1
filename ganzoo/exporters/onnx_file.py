"""A model as an ONNX file, which runs in browsers, on telephones and without Python."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from ganzoo._version import __version__
from ganzoo.arguments import whole
from ganzoo.errors import GanzooError, UsageError, one_line
from ganzoo.exporters.about import about
from ganzoo.exporters.tracing import Traced, quiet, trace
from ganzoo.exporters.writing import with_ending

if TYPE_CHECKING:
    from ganzoo.zoo import Model

#: What torch translates to without a conversion, and every runtime reads.
OPSET = 18
#: Protocol buffers, and so ONNX files, end here.
MOST_BYTES = 2**31 - 1
#: What `--to onnx` needs and ganzoo alone does not.
LIBRARIES = ("onnx", "onnxscript", "onnxruntime")
_OPERATOR = re.compile(r"OpOverload\(op='([\w.]+)'")


def export(
    model: Model, path: Path, *, part: str = "whole", noise: str = "fixed", opset: int = OPSET
) -> str:
    """Write an ONNX file with a batch of any size, compared with the model in onnxruntime.

    Inputs are `latents` [N, D], then `labels` int64 [N] or `conditions` [N, ...]; the output is
    `samples` [N, ...]. With `part` a style generator is split: `mapping` answers with `styles`
    [N, L, W], from which `synthesis` draws `samples`. `noise` is `fixed`, the same for all samples,
    or the last `input` [N, size], standard normal, if the network draws any.
    """
    _require_libraries()
    opset = whole("opset", opset, least=1)
    traced = trace(model, part, noise)
    proto = _translated(traced, opset)
    _finish(proto, traced)
    if proto.ByteSize() > MOST_BYTES:
        raise UsageError(f"{model.card.name} is larger than 2 GB, the most that an ONNX file holds")
    data: bytes = proto.SerializeToString(deterministic=True)
    worst = traced.compare(_runner(data))
    with_ending(path, ".onnx").write_bytes(data)
    return (
        f"opset {opset}, {', '.join(i.name for i in proto.graph.input)} to {traced.output}, any "
        f"batch, {len(data):,} bytes; within {worst:.1g} of the model"
    )


def _require_libraries() -> None:
    """Refuse in one line if a library is missing."""
    for library in LIBRARIES:
        try:
            __import__(library)
        except ImportError:
            raise GanzooError(
                f"--to onnx needs {library}; pip install {' '.join(LIBRARIES)}"
            ) from None


def _translated(traced: Traced, opset: int) -> Any:
    """A traced program as a ModelProto."""
    name, inputs = traced.model.card.name, traced.inputs(2)
    try:
        with quiet():
            made = torch.onnx.export(
                traced.program,
                tuple(inputs.values()),
                dynamo=True,
                opset_version=opset,
                input_names=[*inputs],
                output_names=[traced.output],
                verbose=False,
            )
    except Exception as error:
        if found := _OPERATOR.search(str(error)):
            raise GanzooError(
                f"{name} cannot be exported to ONNX: {found[1]} has no counterpart in opset "
                f"{opset}; write the layer with other operators, or export --to torch"
            ) from error
        raise GanzooError(f"{name} cannot be exported to ONNX: {one_line(error)}") from error
    assert made is not None
    proto = made.model_proto
    given = {entry.domain: entry.version for entry in proto.opset_import}.get("")
    if given != opset:
        raise UsageError(
            f"{name} cannot be written in opset {opset}: torch {torch.__version__} gives {given}; "
            f"leave opset at {OPSET}"
        )
    return proto


def _finish(proto: Any, traced: Traced) -> None:
    """Name the batch, drop inputs that are not read, and state what the file is and nothing else.

    torch adds the places in source code, which differ from machine to machine.
    """
    graph = proto.graph
    read = {name for node in graph.node for name in node.input}
    for value in [*graph.input]:
        value.type.tensor_type.shape.dim[0].dim_param = "batch"
        if value.name not in read and len(graph.input) > 1:
            graph.input.remove(value)
    for value in graph.output:
        value.type.tensor_type.shape.dim[0].dim_param = "batch"
    del graph.value_info[:]
    shown = (*graph.node, *graph.input, *graph.output, *graph.initializer, *proto.functions)
    for part in (proto, graph, *shown, *(node for f in proto.functions for node in f.node)):
        part.ClearField("doc_string")
        part.ClearField("metadata_props")
    graph.name, proto.producer_name, proto.producer_version = "ganzoo", "ganzoo", __version__
    for key, value in sorted(about(traced).items()):
        proto.metadata_props.add(key=key, value=value)


def _runner(data: bytes) -> Callable[[dict[str, Tensor]], Tensor]:
    """Runs an ONNX file on the CPU: inputs by name to the output."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.log_severity_level = torch.get_num_threads(), 3
    session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    read = {value.name for value in session.get_inputs()}

    def run(inputs: dict[str, Tensor]) -> Tensor:
        given = {name: value.numpy() for name, value in inputs.items() if name in read}
        return torch.from_numpy(session.run(None, given)[0])

    return run
