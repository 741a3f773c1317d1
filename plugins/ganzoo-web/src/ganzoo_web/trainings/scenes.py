"""Scenes of games in the plane, as a page reads them."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import numpy
from numpy.typing import NDArray

#: Points are kept within this many sides of the region around its centre, which a page shows.
REACH = 3.0
#: The tensors that hold places of the plane.
PLACES = ("real", "fake", "mesh")
#: Numbers are whole steps of a scale, and this one is none.
STEPS, NOT_A_NUMBER = 32767, -32768


def scene_data(path: Path) -> dict[str, Any]:
    """A scene as JSON data: its `region`, and each tensor as `packed`."""
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        tensors = load_file(path)
    except SafetensorError as error:  # cut short by a disk that is full
        raise OSError(f"{path} is damaged: {error}") from None
    low, high = tensors.pop("region").astype(float)
    middle, reach = (low + high) / 2, (high - low) * REACH / 2
    for name in PLACES:
        if name in tensors:
            tensors[name] = tensors[name].clip(middle - reach, middle + reach)
    return {
        "region": [low.tolist(), high.tolist()],
        **{name: packed(values) for name, values in sorted(tensors.items())},
    }


def packed(values: NDArray[Any]) -> dict[str, Any]:
    """Numbers as int16, little-endian, in base64, with the scale of a step."""
    flat = values.astype(numpy.float64).ravel()
    finite = numpy.isfinite(flat)
    most = float(numpy.abs(flat[finite]).max(initial=0.0)) or 1.0
    steps = numpy.full(flat.shape, NOT_A_NUMBER, "<i2")
    steps[finite] = numpy.round(flat[finite] / most * STEPS)
    return {"scale": most / STEPS, "data": base64.b64encode(steps.tobytes()).decode("ascii")}
