"""A way from a picture to a condition as an ONNX graph, so that a page goes it as Python does."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

#: What every runtime reads, as for networks.
OPSET = 18
#: How far a graph's condition may be from Python's.
TOLERANCE = 1e-4


def traced(read: Callable[[Tensor], Tensor], picture: Tensor, expected: Tensor) -> bytes | None:
    """The ONNX file of `read`, pictures [1, 4, H, W] -> conditions [1, *C].

    None if torch cannot follow it, or if the graph does not make `expected` of `picture`.
    """
    try:
        with _quiet(), torch.no_grad():
            program = torch.export.export(_Reader(read), (picture,))
            data = _translated(program, picture)
            made = _run(data, picture)
    except Exception:  # torch raises dozens of kinds; the page then offers no pictures of one's own
        return None
    same = made.shape == expected.shape and torch.allclose(made, expected, rtol=0, atol=TOLERANCE)
    return data if same else None


class _Reader(nn.Module):
    """A function as a module, as torch traces it."""

    def __init__(self, read: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.read = read

    def forward(self, pictures: Tensor) -> Tensor:
        """Pictures -> conditions."""
        return self.read(pictures)


def _translated(program: torch.export.ExportedProgram, picture: Tensor) -> bytes:
    """A traced program as an ONNX file, without places in source code, which differ by machine."""
    made = torch.onnx.export(
        program,
        (picture,),
        dynamo=True,
        opset_version=OPSET,
        input_names=["pictures"],
        output_names=["conditions"],
        verbose=False,
    )
    assert made is not None
    proto = made.model_proto
    graph = proto.graph
    shown = (*graph.node, *graph.input, *graph.output, *graph.initializer, *proto.functions)
    for part in (proto, graph, *shown, *(node for f in proto.functions for node in f.node)):
        part.ClearField("doc_string")
        part.ClearField("metadata_props")
    data: bytes = proto.SerializeToString(deterministic=True)
    return data


def _run(data: bytes, picture: Tensor) -> Tensor:
    """What the graph makes of a picture."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.log_severity_level = 1, 3
    session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return torch.from_numpy(session.run(None, {name: picture.numpy()})[0])


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep to themselves what torch and onnxscript say while they translate."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
